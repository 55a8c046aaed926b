#include "magic/vars.h"
#include "support/assert.h"

#include <string.h>

static void literals_of_python_and_json_are_read(void **state)
{
    static const struct {
        const char *text, *json;
    } cases[] = {
        {"5", "5"},
        {" -7 ", "-7"},
        {"1_000_000", "1000000"},
        {"1.5", "1.5"},
        {"-.5", "-0.5"},
        {"1e3", "1000.0"},
        {"True", "true"},
        {"false", "false"},
        {"None", "null"},
        {"null", "null"},
        {"'a'", "\"a\""},
        {"\"a'b\"", "\"a'b\""},
        {"'''a\nb'''", "\"a\\nb\""},
        {"\"\"\"a\"b\"\"\"", "\"a\\\"b\""},
        {"''", "\"\""},
        {"'\\n\\t\\\\\\''", "\"\\n\\t\\\\'\""},
        {"'\\u00e4\\x41'", "\"\xC3\xA4"
                           "A\""},
        {"'\\ud83d\\ude00'", "\"\xF0\x9F\x98\x80\""},
        {"'\\U0001F600'", "\"\xF0\x9F\x98\x80\""},
        {"[]", "[]"},
        {"[1, 'a', [2,],]", "[1,\"a\",[2]]"},
        {"()", "[]"},
        {"(1,)", "[1]"},
        {"(1, 2)", "[1,2]"},
        {"('a')", "\"a\""},
        {"((('a')))", "\"a\""},
        {"{}", "{}"},
        {"{'a': 1, \"b\": {\"c\": null},}", "{\"a\":1,\"b\":{\"c\":null}}"},
        {"[1, # one\n 2]", "[1,2]"},
        {"9223372036854775807", "9223372036854775807"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_json_unref) json_t *value = NULL;
        LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(1000);
        struct lk_error err = LK_ERROR_INIT;
        assert_lk_ok(lk_literal_read(lk_str_from(cases[i].text), &value, &err), &err);
        lk_json_write(value, false, &got);
        assert_string_equal(lk_buf_cstr(&got), cases[i].json);
    }
}

static void what_is_no_literal_is_refused_and_nothing_is_evaluated(void **state)
{
    static const char *const texts[] = {
        "",       "x",         "f(1)",    "1 + 2", "1 2",          "[1 2]",    "{1: 2}",
        "{1, 2}", "{'a' 1}",   "[,]",     "nan",   "float('nan')", "inf",      "0x10",
        "--5",    "1e999",     "e5",      ".",     "b'x'",         "'\\q'",    "'\\u12'",
        "'a\nb'", "'\\ud800'", "'\\x00'", "%livy", "a.b",          "\xC3\xA4", "{'a': }",
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(texts); i++) {
        json_t *value = NULL;
        struct lk_error err = LK_ERROR_INIT;
        if (lk_literal_read(lk_str_from(texts[i]), &value, &err) == LK_OK)
            fail_msg("'%s' was taken", texts[i]);
        assert_null(value);
        assert_int_equal(err.status, LK_INVALID);
        assert_true(lk_str_is_utf8(lk_str_from(err.message)));
    }
}

static void a_text_that_ends_early_is_told_from_one_that_is_wrong(void **state)
{
    static const char *const unfinished[] = {"",     "[",     "[1",   "[1,", "{",
                                             "{'a'", "{'a':", "'''x", "(1,", "[[1]"};
    static const char *const wrong[] = {"[1 2", "{1", "x", "{'a' 1"};
    json_t *value = NULL;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < LK_COUNT(unfinished); i++) {
        assert_lk_status(LK_INVALID, lk_literal_read(lk_str_from(unfinished[i]), &value, &err),
                         &err);
        assert_string_equal(err.code, LK_LITERAL_UNFINISHED);
    }
    for (size_t i = 0; i < LK_COUNT(wrong); i++) {
        assert_lk_status(LK_INVALID, lk_literal_read(lk_str_from(wrong[i]), &value, &err), &err);
        assert_string_equal(err.code, "BadLiteral");
    }
}

static void nesting_has_a_ceiling(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 20);
    json_t *value = NULL;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    for (int i = 0; i < 100000; i++)
        lk_buf_put_char(&text, '[');
    assert_lk_status(LK_INVALID, lk_literal_read(lk_buf_view(&text), &value, &err), &err);
    assert_contains(err.message, "deep");
}

static void taking_one_leaves_what_follows(void **state)
{
    struct lk_str rest = LK_STR("[1,\n2] # c\n%next");
    LK_CLEANUP(lk_json_unref) json_t *value = NULL;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_ok(lk_literal_take(&rest, &value, &err), &err);
    assert_str(rest, " # c\n%next");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_of_python_and_json_are_read),
        cmocka_unit_test(what_is_no_literal_is_refused_and_nothing_is_evaluated),
        cmocka_unit_test(a_text_that_ends_early_is_told_from_one_that_is_wrong),
        cmocka_unit_test(nesting_has_a_ceiling),
        cmocka_unit_test(taking_one_leaves_what_follows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
