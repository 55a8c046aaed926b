#include "magic/vars.h"
#include "support/assert.h"

#include <string.h>

static int set_up(void **state)
{
    struct lk_vars *vars = lk_vars_new();
    json_t *object = json_pack("{s:s, s:[{s:s}, i], s:b, s:n, s:{s:s}}", "id", "b-1", "list", "a",
                               "first", 7, "ok", 1, "none", "the-map", "k_1", "deep");
    json_t *text = json_string("a b");
    json_t *braces = json_string("{table}");

    if (lk_vars_set(vars, LK_STR("batch"), object, NULL) ||
        lk_vars_set(vars, LK_STR("table"), text, NULL) ||
        lk_vars_set(vars, LK_STR("_b2"), braces, NULL))
        return -1;
    json_decref(object);
    json_decref(text);
    json_decref(braces);
    *state = vars;
    return 0;
}

static int tear_down(void **state)
{
    lk_vars_free(*state);
    return 0;
}

static void names_in_braces_become_their_values(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"{table}", "a b"},
        {"x{table}y{table}", "xa bya b"},
        {"{batch.id}", "b-1"},
        {"{batch.list[0].a}", "first"},
        {"{batch.list[1]}", "7"},
        {"{batch.ok} {batch.none}", "true null"},
        {"{batch.the-map.k_1}", "deep"},
        {"{batch.list}", "[{\"a\":\"first\"},7]"},
        /* A value is not looked at again. */
        {"{_b2}", "{table}"},
    };

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(1000);
        struct lk_error err = LK_ERROR_INIT;
        assert_lk_ok(lk_vars_interpolate(*state, lk_str_from(cases[i].text), &got, &err), &err);
        assert_string_equal(lk_buf_cstr(&got), cases[i].want);
    }
}

static void everything_else_in_braces_stays_as_it_is(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"{\"table\": 1}", NULL},
        {"{\"a\":{\"b\":[{}]}}", NULL},
        {"{}", NULL},
        {"{ table }", NULL},
        {"{1}", NULL},
        {"{table", NULL},
        {"table}", NULL},
        {"{a-b}", NULL},
        {"{table.}", NULL},
        {"{table..x}", NULL},
        {"{table[}", NULL},
        {"{table[]}", NULL},
        {"{table[-1]}", NULL},
        {"{table[0]x}", NULL},
        {"{table:>10}", NULL},
        {"{gr\xC3\xBC\xC3\x9F}", NULL},
        {"${HOME}x{", "!"},
        {"{{table}}", "{table}"},
        {"a{{batch.id}}b", "a{batch.id}b"},
        {"{{unknown}}", "{unknown}"},
        {"{{{table}}}", "{{table}}"},
        {"{\"a\":{\"b\":{table}}}", "{\"a\":{\"b\":a b}}"},
    };

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(1000);
        struct lk_error err = LK_ERROR_INIT;
        enum lk_status st = lk_vars_interpolate(*state, lk_str_from(cases[i].text), &got, &err);
        if (cases[i].want && strcmp(cases[i].want, "!") == 0) {
            assert_lk_status(LK_INVALID, st, &err);
            continue;
        }
        assert_lk_ok(st, &err);
        assert_string_equal(lk_buf_cstr(&got), cases[i].want ? cases[i].want : cases[i].text);
    }
}

static void an_unknown_name_is_an_error_that_lists_the_known_ones(void **state)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"{tabel}", "known are: batch, table, _b2"},
        {"{batch.di}", "known are: id, list, ok, none, the-map"},
        {"{batch.list[2]}", "in a list of 2"},
        {"{batch.list[99999999999999999999]}", "in a list of 2"},
        {"{batch.list.a}", "in a list of 2"},
        {"{table.x}", "there is no 'x'"},
        {"{table[0]}", "there is no '0'"},
    };

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(1000);
        struct lk_error err = LK_ERROR_INIT;
        assert_lk_status(LK_INVALID,
                         lk_vars_interpolate(*state, lk_str_from(cases[i].text), &got, &err), &err);
        assert_string_equal(err.code, "UnknownName");
        assert_contains(err.message, cases[i].part);
    }
}

static void a_line_that_grows_past_its_ceiling_is_refused(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(5);
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_status(LK_LIMIT, lk_vars_interpolate(*state, LK_STR("{table}{table}"), &got, &err),
                     &err);
}

static void braces_without_end_take_linear_time(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 20);
    LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(1 << 20);
    struct lk_error err = LK_ERROR_INIT;

    for (int i = 0; i < 1 << 20; i++)
        lk_buf_put_char(&text, '{');
    assert_lk_ok(lk_vars_interpolate(*state, lk_buf_view(&text), &got, &err), &err);
    assert_int_equal(got.len, text.len);
}

static void names_are_python_identifiers(void **state)
{
    static const char *const bad[] = {"", "1a", "a-b", "a.b", "a b", "\xC3\xA4", "a=", "{a}"};
    LK_CLEANUP(lk_json_unref) json_t *value = json_true();
    char longest[130];
    struct lk_error err = LK_ERROR_INIT;

    for (size_t i = 0; i < LK_COUNT(bad); i++)
        assert_lk_status(LK_INVALID, lk_vars_set(*state, lk_str_from(bad[i]), value, &err), &err);
    memset(longest, 'a', sizeof longest);
    assert_lk_status(LK_INVALID, lk_vars_set(*state, (struct lk_str){longest, 129}, value, &err),
                     &err);
    assert_lk_ok(lk_vars_set(*state, (struct lk_str){longest, 128}, value, &err), &err);
}

static void the_number_and_the_size_of_variables_have_ceilings(void **state)
{
    LK_CLEANUP(lk_json_unref) json_t *value = json_true();
    LK_CLEANUP(lk_buf_done) struct lk_buf big = LK_BUF_INIT(17 << 20);
    LK_CLEANUP(lk_json_unref) json_t *text = NULL;
    struct lk_error err = LK_ERROR_INIT;
    enum lk_status st = LK_OK;
    int count = 0;

    while (big.len < big.max)
        lk_buf_put(&big, LK_STR("0123456789abcdef"));
    text = lk_json_text(lk_buf_view(&big));
    assert_lk_status(LK_LIMIT, lk_vars_set(*state, LK_STR("big"), text, &err), &err);
    assert_null(lk_vars_get(*state, LK_STR("big")));

    for (; !st && count < 2000; count++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(20);
        lk_buf_printf(&name, "v%d", count);
        st = lk_vars_set(*state, lk_buf_view(&name), value, &err);
    }
    assert_lk_status(LK_LIMIT, st, &err);
    /* Those there are can still be changed. */
    assert_lk_ok(lk_vars_set(*state, LK_STR("table"), value, &err), &err);
}

static void a_reference_leads_to_its_value_or_nowhere(void **state)
{
    static const struct {
        const char *reference, *want; /* NULL: nowhere */
    } cases[] = {
        {"table", "\"a b\""},
        {"batch.id", "\"b-1\""},
        {"batch.list[0].a", "\"first\""},
        {"batch.list[1]", "7"},
        {"batch.the-map.k_1", "\"deep\""},
        {"batch.none", "null"},
        {"", NULL},
        {"other", NULL},
        {"batch.", NULL},
        {"batch[", NULL},
        {"batch.list[1", NULL},
        {"batch.list[9]", NULL},
        {"batch.list[x]", NULL},
        {"batch..id", NULL},
        {"table.x", NULL},
        {"{table}", NULL},
        {"batch.list[0]x", NULL},
    };

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(1000);
        const json_t *value = lk_vars_find(*state, lk_str_from(cases[i].reference));
        if ((value != NULL) != (cases[i].want != NULL))
            fail_msg("'%s'", cases[i].reference);
        if (!value)
            continue;
        lk_json_write(value, false, &got);
        assert_string_equal(lk_buf_cstr(&got), cases[i].want);
    }
}

static void the_last_step_of_a_reference_being_typed_is_found(void **state)
{
    static const struct {
        const char *text;
        size_t last;
    } cases[] = {
        {"", 0},           {"na", 0},           {"name.", 5},
        {"name.pa", 5},    {"name[", 5},        {"name[12", 5},
        {"name[1]", 7},    {"name[1].", 8},     {"name[1].a-b", 8},
        {"name.a.b", 7},   {"a b", SIZE_MAX},   {"9a", SIZE_MAX},
        {".a", SIZE_MAX},  {"[0]", SIZE_MAX},   {"a..b", SIZE_MAX},
        {"a[x", SIZE_MAX}, {"a[0]b", SIZE_MAX}, {"a.b c", SIZE_MAX},
        {"\"a", SIZE_MAX},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++)
        if (lk_vars_last_step(lk_str_from(cases[i].text)) != cases[i].last)
            fail_msg("'%s': %zu", cases[i].text, lk_vars_last_step(lk_str_from(cases[i].text)));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_in_braces_become_their_values),
        TEST(everything_else_in_braces_stays_as_it_is),
        TEST(an_unknown_name_is_an_error_that_lists_the_known_ones),
        TEST(a_line_that_grows_past_its_ceiling_is_refused),
        TEST(braces_without_end_take_linear_time),
        TEST(names_are_python_identifiers),
        TEST(the_number_and_the_size_of_variables_have_ceilings),
        TEST(a_reference_leads_to_its_value_or_nowhere),
        TEST(the_last_step_of_a_reference_being_typed_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
