/* The real table: its own order, and the magics that need no service. */
#include "magic/context.h"
#include "magic/magic.h"
#include "magic/run.h"

#include "support/assert.h"
#include "support/fake_cell.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
    struct lk_context context;
    struct fake_cell cell;
    struct lk_error err;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->context.vars = lk_vars_new();
    fake_cell_init(&f->cell, NULL);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    fake_cell_done(&f->cell);
    lk_vars_free(f->context.vars);
    free(f);
    return 0;
}

static enum lk_status run(struct fixture *f, const char *code)
{
    lk_error_clear(&f->err);
    fake_cell_clear(&f->cell);
    return lk_magic_run_cell(&f->context, &f->cell.cell, lk_str_from(code), &f->err);
}

static bool same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static void every_magic_explains_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < lk_magics.count; i++) {
        const struct lk_magic *magic = lk_magics.magics[i];
        bool has_body = magic->flags & LK_MAGIC_BODY;
        LK_CLEANUP(lk_buf_done) struct lk_buf start = LK_BUF_INIT(100);
        lk_buf_printf(&start, "%s%s%s%s", has_body ? "%%" : "%", magic->name,
                      magic->verb ? " " : "", magic->verb ? magic->verb : "");
        if (!lk_str_starts(lk_str_from(magic->usage), lk_buf_view(&start)))
            fail_msg("the usage '%s' does not begin with '%s'", magic->usage, lk_buf_cstr(&start));
        assert_true(magic->summary && magic->summary[0]);
        assert_non_null(magic->run);
        assert_true(magic->flags & (LK_MAGIC_LINE | LK_MAGIC_BODY));
    }
}

static void no_magic_and_no_option_is_there_twice(void **state)
{
    size_t common_count;
    const struct lk_option *common = lk_options_common(&common_count);

    (void)state;
    for (size_t i = 0; i < lk_magics.count; i++) {
        const struct lk_magic *magic = lk_magics.magics[i];
        for (size_t j = 0; j < i; j++)
            if (same(magic->name, lk_magics.magics[j]->name) &&
                same(magic->verb, lk_magics.magics[j]->verb))
                fail_msg("%s is there twice", magic->usage);
        for (size_t o = 0; o < magic->option_count; o++) {
            assert_true(magic->options[o].help && magic->options[o].help[0]);
            for (size_t p = 0; p < o; p++)
                if (same(magic->options[o].name, magic->options[p].name))
                    fail_msg("%s: --%s is there twice", magic->usage, magic->options[o].name);
            for (size_t p = 0; p < common_count; p++)
                if (same(magic->options[o].name, common[p].name))
                    fail_msg("%s: --%s hides the common one", magic->usage, common[p].name);
        }
    }
}

static void help_lists_every_magic(void **state)
{
    struct fixture *f = *state;

    assert_lk_ok(run(f, "%help"), &f->err);
    for (size_t i = 0; i < lk_magics.count; i++)
        assert_contains(fake_cell_shown(&f->cell, 0, "text/plain"), lk_magics.magics[i]->summary);
    assert_int_equal(json_array_size(json_object_get(f->cell.values[0].value, "magics")),
                     lk_magics.count);
    assert_null(f->cell.values[0].bundle);
    assert_lacks(fake_cell_shown(&f->cell, 0, "text/markdown"), "<details>");
}

static void help_tells_more_about_one(void **state)
{
    struct fixture *f = *state;

    assert_lk_ok(run(f, "%help batch submit"), &f->err);
    assert_contains(fake_cell_shown(&f->cell, 0, "text/markdown"), "| `--conf K=V` |");
    assert_lk_ok(run(f, "%help batch"), &f->err);
    assert_contains(fake_cell_shown(&f->cell, 0, "text/plain"), "%batch cancel");
    assert_lacks(fake_cell_shown(&f->cell, 0, "text/plain"), "%livy");
    assert_lk_ok(run(f, "%help %%payload"), &f->err);
    assert_contains(fake_cell_shown(&f->cell, 0, "text/plain"), "--no-upload");
    assert_lk_status(LK_INVALID, run(f, "%help bacth"), &f->err);
    assert_contains(f->err.next, "%batch");
    assert_lk_status(LK_INVALID, run(f, "%help batch sumbit"), &f->err);
    assert_contains(f->err.next, "%batch submit");
}

static void set_takes_literals_and_plain_words(void **state)
{
    struct fixture *f = *state;

    assert_lk_ok(run(f, "%set n=5 city=Paris 'two=a b' list=[1,2] empty= url=http://x/?a=b"),
                 &f->err);
    assert_true(json_is_integer(lk_vars_get(f->context.vars, LK_STR("n"))));
    assert_str(lk_json_get_str(lk_vars_all(f->context.vars), "city"), "Paris");
    assert_str(lk_json_get_str(lk_vars_all(f->context.vars), "two"), "a b");
    assert_str(lk_json_get_str(lk_vars_all(f->context.vars), "url"), "http://x/?a=b");
    assert_true(json_is_array(lk_vars_get(f->context.vars, LK_STR("list"))));
    assert_non_null(lk_vars_get(f->context.vars, LK_STR("empty")));
    /* The table says it all. */
    assert_null(f->cell.values[0].bundle);
    assert_lacks(fake_cell_shown(&f->cell, 0, "text/markdown"), "<details>");
}

static void set_sets_all_or_nothing(void **state)
{
    static const char *const lines[] = {"%set", "%set a=1 b", "%set a=1 1b=2", "%set a=1 =2"};
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(lines); i++) {
        assert_lk_status(LK_INVALID, run(f, lines[i]), &f->err);
        assert_contains(f->err.next, "%set table=trips");
        assert_int_equal(json_object_size(lk_vars_all(f->context.vars)), 0);
    }
}

static void vars_shows_all_or_one(void **state)
{
    struct fixture *f = *state;

    assert_lk_ok(run(f, "%vars"), &f->err);
    assert_contains(fake_cell_shown(&f->cell, 0, "text/plain"), "No variables yet");
    assert_lk_ok(run(f, "%set a=1 b='x|y'\n%vars"), &f->err);
    assert_contains(fake_cell_shown(&f->cell, 1, "text/plain"), "b     \"x|y\"");
    assert_contains(fake_cell_shown(&f->cell, 1, "text/markdown"), "x\\|y");
    assert_lk_ok(run(f, "%vars b"), &f->err);
    assert_str(lk_json_get_str(f->cell.values[0].value, "value"), "x|y");
    assert_lk_status(LK_NOT_FOUND, run(f, "%vars c"), &f->err);
}

static void what_vars_shows_can_be_kept_without_holding_itself(void **state)
{
    struct fixture *f = *state;

    assert_lk_ok(run(f, "%set a=1\n%vars --as all\n%vars --as all\n%vars all --as all\n%vars"),
                 &f->err);
    assert_lk_ok(run(f, "%set b={all.variables.all.variables.a}"), &f->err);
    assert_int_equal(json_integer_value(lk_vars_get(f->context.vars, LK_STR("b"))), 1);
}

static void a_long_variable_is_cut_in_the_table(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf big = LK_BUF_INIT(1000);
    LK_CLEANUP(lk_json_unref) json_t *text = NULL;

    while (!big.full)
        lk_buf_put(&big, LK_STR("\xE2\x82\xAC"));
    text = lk_json_text(lk_buf_view(&big));
    assert_lk_ok(lk_vars_set(f->context.vars, LK_STR("big"), text, &f->err), &f->err);
    assert_lk_ok(run(f, "%vars"), &f->err);
    assert_contains(fake_cell_shown(&f->cell, 0, "text/plain"), "…");
    assert_true(lk_str_code_points(fake_cell_shown(&f->cell, 0, "text/plain")) < 110);
    assert_lacks(fake_cell_shown(&f->cell, 0, "text/plain"), "\xEF\xBF\xBD");
}

static void code_is_refused_with_the_way_that_works(void **state)
{
    struct fixture *f = *state;

    assert_lk_status(LK_INVALID, run(f, "df = spark.read.table('x')"), &f->err);
    assert_string_equal(f->err.code, "NoSession");
    assert_contains(f->err.next, "%%payload");
    assert_contains(f->err.next, "%session start");
}

static void completion_and_inspection_know_the_real_magics(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_json_unref)
    json_t *reply = lk_magic_complete(&f->context, LK_STR("%entra lo"), 9);
    LK_CLEANUP(lk_json_unref)
    json_t *found = lk_magic_inspect(&f->context, LK_STR("%livy connect"), 3, 0);

    assert_int_equal(json_array_size(json_object_get(reply, "matches")), 2);
    assert_true(json_is_true(json_object_get(found, "found")));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_magic_explains_itself),
        cmocka_unit_test(no_magic_and_no_option_is_there_twice),
        TEST(help_lists_every_magic),
        TEST(help_tells_more_about_one),
        TEST(set_takes_literals_and_plain_words),
        TEST(set_sets_all_or_nothing),
        TEST(vars_shows_all_or_one),
        TEST(what_vars_shows_can_be_kept_without_holding_itself),
        TEST(a_long_variable_is_cut_in_the_table),
        TEST(code_is_refused_with_the_way_that_works),
        TEST(completion_and_inspection_know_the_real_magics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
