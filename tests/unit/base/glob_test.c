#include "base/glob.h"

#include "base/buf.h"
#include "support/assert.h"

static void a_pattern_describes_the_whole_text(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "a\nb", true},
        {"a", "a", true},
        {"a", "ab", false},
        {"b", "ab", false},
        {"a*", "ab\nc", true},
        {"*c", "ab\nc", true},
        {"*b*", "ab\nc", true},
        {"*x*", "ab\nc", false},
        {"a*b*c", "a1b2b3c", true},
        {"a*b*c", "a1c2b", false},
        {"?", "\xC3\xA4", true},
        {"?", "\xF0\x9F\x98\x80", true},
        {"??", "\xC3\xA4", false},
        {"?", "", false},
        {"%set ?=*", "%set a=1", true},
        {"[a-c]x", "bx", true},
        {"[a-c]x", "dx", false},
        {"[^a-c]x", "dx", true},
        {"[!a-c]x", "bx", false},
        {"[]]", "]", true},
        {"[a-]", "-", true},
        {"[\xC3\xA4-\xC3\xBC]", "\xC3\xB6", true},
        {"[\xC3\xA4-\xC3\xBC]", "z", false},
        {"[", "[", true},
        {"[a", "[a", true},
        {"x[a", "xa", false},
        {"a\\*", "a\\b", true},
        {"a\\?", "a?", false},
        {"A", "a", false},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++)
        if (lk_glob_matches(lk_str_from(cases[i].pattern), lk_str_from(cases[i].text)) !=
            cases[i].matches)
            fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].text);
}

/* Each star once more doubled the time of a matcher that tries them all: this one would not end. */
static void many_stars_end(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf pattern = LK_BUF_INIT(1000);
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(100000);

    (void)state;
    for (int i = 0; i < 200; i++)
        lk_buf_put(&pattern, LK_STR("*a"));
    lk_buf_put_char(&pattern, 'b');
    for (int i = 0; i < 20000; i++)
        lk_buf_put_char(&text, 'a');
    assert_false(lk_glob_matches(lk_buf_view(&pattern), lk_buf_view(&text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_describes_the_whole_text),
        cmocka_unit_test(many_stars_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
