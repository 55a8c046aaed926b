#include "magic/args.h"
#include "support/assert.h"

#include <string.h>

static const struct lk_option options[] = {
    {"name", "NAME", "a name", false},
    {"conf", "K=V", "a setting", true},
    {"wait", NULL, "a flag", false},
    {"each", "NAME=VALUES", "an axis", true, {LK_TAKES_AXIS}},
};

static enum lk_status read_line(const char *line, size_t max, struct lk_args **ret,
                                struct lk_error *err)
{
    LK_CLEANUP(lk_words_done) struct lk_words words = {.word = NULL};

    assert_lk_ok(lk_words_split(lk_str_from(line), &words, err), err);
    return lk_args_read("batch submit", options, LK_COUNT(options), max, words.word, words.count,
                        ret, err);
}

static void options_come_in_both_spellings_and_any_order(void **state)
{
    LK_CLEANUP(lk_args_unref) struct lk_args *args = NULL;
    struct lk_error err = LK_ERROR_INIT;
    struct lk_str value;

    (void)state;
    assert_lk_ok(
        read_line("--conf a=1 file.py --name='x y' --conf=b=2=3 --wait --as r", 1, &args, &err),
        &err);
    assert_str(lk_args_get(args, "name"), "x y");
    assert_str(lk_args_get(args, "conf"), "b=2=3");
    assert_true(lk_args_get_nth(args, "conf", 0, &value));
    assert_str(value, "a=1");
    assert_true(lk_args_get_nth(args, "conf", 1, &value));
    assert_false(lk_args_get_nth(args, "conf", 2, &value));
    assert_true(lk_args_has(args, "wait"));
    assert_false(lk_args_has(args, "json"));
    assert_str(lk_args_get(args, "as"), "r");
    assert_str(lk_args_get(args, "json"), "");
    assert_int_equal(lk_args_positional_count(args), 1);
    assert_str(lk_args_positional(args, 0), "file.py");
    assert_str(lk_args_positional(args, 1), "");
}

static void two_dashes_end_the_options(void **state)
{
    LK_CLEANUP(lk_args_unref) struct lk_args *args = NULL;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_ok(read_line("-- --wait -x --", 3, &args, &err), &err);
    assert_false(lk_args_has(args, "wait"));
    assert_int_equal(lk_args_positional_count(args), 3);
    assert_str(lk_args_positional(args, 0), "--wait");
    assert_str(lk_args_positional(args, 2), "--");
}

static void numbers_and_a_lone_dash_are_arguments(void **state)
{
    LK_CLEANUP(lk_args_unref) struct lk_args *args = NULL;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_ok(read_line("-5 - --name -x --conf=--y", 2, &args, &err), &err);
    assert_str(lk_args_positional(args, 0), "-5");
    assert_str(lk_args_get(args, "name"), "-x");
    assert_str(lk_args_get(args, "conf"), "--y");
}

static void what_is_wrong_is_said_with_the_next_step(void **state)
{
    static const struct {
        const char *line, *code, *message, *next;
    } cases[] = {
        {"--nmae x", "UnknownOption", "%batch submit has no option --nmae", "Did you mean --name?"},
        {"--jsn", "UnknownOption", "--jsn", "Did you mean --json?"},
        {"--entirely-other", "UnknownOption", "--entirely-other", "--help lists them"},
        {"--", "", "", ""},
        {"---wait", "UnknownOption", "---wait", "--help"},
        {"--=x", "UnknownOption", "--", "--help"},
        {"-n x", "UnknownOption", "-n", "Options are written --name"},
        {"--name", "MissingValue", "--name needs a value", "--name NAME"},
        {"--name --wait", "MissingValue", "--name needs a value", "--name=NAME"},
        {"--wait=yes", "NoValue", "--wait takes no value", "--wait"},
        {"--name a --name b", "RepeatedOption", "twice", "once"},
        {"--wait --wait", "RepeatedOption", "twice", "once"},
        {"a b", "TooManyArguments", "'b'", "Quote a value"},
        {"<b> c", "TooManyArguments", "'c'", "Quote a value"},
        {"a< b", "TooManyArguments", "'b'", "Quote a value"},
        {"<connection string>", "Placeholder", "<connection string> stands", "in its place"},
        {"--name <what you like> x", "Placeholder", "<what you like> stands", "in its place"},
        {"https://a/<workspace id>/b/<lakehouse id>", "Placeholder", "<workspace id> stands",
         "--help"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_args_unref) struct lk_args *args = NULL;
        struct lk_error err = LK_ERROR_INIT;
        enum lk_status st = read_line(cases[i].line, 1, &args, &err);
        assert_string_equal(err.code, cases[i].code);
        assert_int_equal(st, cases[i].code[0] ? LK_INVALID : LK_OK);
        assert_contains(err.message, cases[i].message);
        assert_contains(err.next, cases[i].next);
    }
}

static void a_variable_is_never_taken_for_more_than_a_value(void **state)
{
    struct lk_vars *vars = lk_vars_new();
    LK_CLEANUP(lk_json_unref) json_t *text = json_string("--wait 'x' \"y");
    LK_CLEANUP(lk_args_unref) struct lk_args *args = NULL;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_ok(lk_vars_set(vars, LK_STR("v"), text, &err), &err);
    assert_lk_ok(read_line("{v} --name {v} --conf k={v}", 1, &args, &err), &err);
    assert_lk_ok(lk_args_interpolate(args, vars, &err), &err);
    assert_str(lk_args_positional(args, 0), "--wait 'x' \"y");
    assert_int_equal(lk_args_positional_count(args), 1);
    assert_str(lk_args_get(args, "name"), "--wait 'x' \"y");
    assert_str(lk_args_get(args, "conf"), "k=--wait 'x' \"y");
    assert_false(lk_args_has(args, "wait"));
    lk_vars_free(vars);
}

static void an_axis_keeps_its_references(void **state)
{
    struct lk_vars *vars = lk_vars_new();
    LK_CLEANUP(lk_json_unref) json_t *text = json_string("{b}");
    LK_CLEANUP(lk_args_unref) struct lk_args *args = NULL;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_ok(lk_vars_set(vars, LK_STR("a"), text, &err), &err);
    assert_lk_ok(lk_vars_set(vars, LK_STR("v"), text, &err), &err);
    assert_lk_ok(read_line("--name {a}-{v}-{b} --each a=1 --each b={v}", 1, &args, &err), &err);
    assert_lk_ok(lk_args_interpolate(args, vars, &err), &err);
    assert_str(lk_args_get(args, "name"), "{a}-{b}-{b}");
    assert_str(lk_args_get(args, "each"), "b={b}");
    /* The variable of that name is what it was. */
    assert_str(lk_json_str(lk_vars_get(vars, LK_STR("a"))), "{b}");
    lk_vars_free(vars);
}

static void all_values_together_have_a_ceiling(void **state)
{
    struct lk_vars *vars = lk_vars_new();
    LK_CLEANUP(lk_buf_done) struct lk_buf big = LK_BUF_INIT(9 << 20);
    LK_CLEANUP(lk_json_unref) json_t *text = NULL;
    LK_CLEANUP(lk_args_unref) struct lk_args *args = NULL;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    while (!big.full)
        lk_buf_put(&big, LK_STR("0123456789"));
    text = lk_json_text(lk_buf_view(&big));
    assert_lk_ok(lk_vars_set(vars, LK_STR("v"), text, &err), &err);
    assert_lk_ok(read_line("--conf {v} --conf {v}", 1, &args, &err), &err);
    assert_lk_status(LK_LIMIT, lk_args_interpolate(args, vars, &err), &err);
    lk_vars_free(vars);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_come_in_both_spellings_and_any_order),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(numbers_and_a_lone_dash_are_arguments),
        cmocka_unit_test(what_is_wrong_is_said_with_the_next_step),
        cmocka_unit_test(a_variable_is_never_taken_for_more_than_a_value),
        cmocka_unit_test(an_axis_keeps_its_references),
        cmocka_unit_test(all_values_together_have_a_ceiling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
