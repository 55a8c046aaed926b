#include "fabric/log_filter.h"

#include "support/assert.h"

#include <string.h>

static bool matches(const char *pattern, bool ignore_case, struct lk_str line)
{
    struct lk_log_filter *filter = NULL;
    struct lk_error err = LK_ERROR_INIT;
    bool ret;

    assert_lk_ok(lk_log_filter_new(lk_str_from(pattern), ignore_case, &filter, &err), &err);
    ret = lk_log_filter_matches(filter, line, NULL);
    /* The same again: a matcher that began anew is the same matcher. */
    for (int i = 0; i < 5; i++)
        assert_int_equal(ret, lk_log_filter_matches(filter, line, NULL));
    lk_log_filter_free(filter);
    return ret;
}

static void lines_match_as_with_grep_e(void **state)
{
    static const struct {
        const char *pattern;
        bool ignore_case;
        const char *line;
        bool want;
    } cases[] = {
        {"ERROR|WARN", false, "26/11/24 WARN x", true},
        {"ERROR|WARN", false, "warn", false},
        {"ERROR|WARN", true, "warn", true},
        {"^Traceback", false, "Traceback (most", true},
        {"^Traceback", false, " Traceback", false},
        {"stage [0-9]+ failed$", false, "stage 12 failed", true},
        {"a{2,3}b", false, "xaab", true},
        {"\\{x\\}", false, "{x}", true},
        {"ü", false, "für", true},
        {"^$", false, "", true},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++)
        if (matches(cases[i].pattern, cases[i].ignore_case, lk_str_from(cases[i].line)) !=
            cases[i].want)
            fail_msg("'%s' on '%s'", cases[i].pattern, cases[i].line);
    assert_true(matches("end", false, LK_STR("a\0end")));
}

static void a_long_line_matches_wherever_the_match_lies(void **state)
{
    static char line[10 * LK_LOG_PIECE_MAX];

    (void)state;
    for (size_t at = 0; at + 6 <= sizeof(line); at += 997) {
        memset(line, 'x', sizeof(line));
        memcpy(line + at, "needle", 6);
        assert_true(matches("needle", false, (struct lk_str){line, sizeof(line)}));
    }
    /* No piece's edge counts as the line's. */
    memset(line, 'x', sizeof(line));
    line[0] = 'a';
    assert_false(matches("^x", false, (struct lk_str){line, sizeof(line)}));
    line[sizeof(line) - 1] = 'a';
    assert_false(matches("x$", false, (struct lk_str){line, sizeof(line)}));
    assert_true(matches("xa$", false, (struct lk_str){line, sizeof(line)}));
}

static void an_interrupt_ends_the_search_of_a_line(void **state)
{
    struct lk_log_filter *filter = NULL;
    struct lk_error err = LK_ERROR_INIT;
    struct lk_cancel *cancel = lk_cancel_new();

    (void)state;
    assert_lk_ok(lk_log_filter_new(LK_STR("a"), false, &filter, &err), &err);
    assert_true(lk_log_filter_matches(filter, LK_STR("a"), cancel));
    lk_cancel_set(cancel);
    assert_false(lk_log_filter_matches(filter, LK_STR("a"), cancel));
    lk_log_filter_free(filter);
    lk_cancel_free(cancel);
}

static void what_is_no_pattern_is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *pattern, *why;
    } cases[] = {
        {"", "empty"},
        {"a(b", "("},
        {"[a", "["},
        {"(a)\\1", "not supported"},
        {"a{1000}{1000}", "repeats too much"},
        {"((a{30}){30}){30}", "repeats too much"},
        {"a{99999999999999999999}", "repeats too much"},
        {"a\nb", "one line"},
    };
    char huge[LK_LOG_PATTERN_MAX + 2];

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_log_filter *filter = NULL;
        struct lk_error err = LK_ERROR_INIT;
        assert_lk_status(LK_INVALID,
                         lk_log_filter_new(lk_str_from(cases[i].pattern), false, &filter, &err),
                         &err);
        assert_contains(err.message, cases[i].why);
        assert_contains(err.next, "POSIX");
        assert_null(filter);
    }
    memset(huge, 'x', sizeof(huge));
    huge[sizeof(huge) - 1] = '\0';
    struct lk_log_filter *filter = NULL;
    struct lk_error err = LK_ERROR_INIT;
    assert_lk_status(LK_INVALID, lk_log_filter_new(lk_str_from(huge), false, &filter, &err), &err);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_match_as_with_grep_e),
        cmocka_unit_test(a_long_line_matches_wherever_the_match_lies),
        cmocka_unit_test(an_interrupt_ends_the_search_of_a_line),
        cmocka_unit_test(what_is_no_pattern_is_refused_with_the_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
