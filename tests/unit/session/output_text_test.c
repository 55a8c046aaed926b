#include "session/output_text.h"

#include "support/assert.h"

#include <string.h>

static void a_text_is_whole_up_to_what_is_unfinished(void **state)
{
    static const struct {
        const char *text;
        size_t whole;
    } cases[] = {
        {"", 0},
        {"abc", 3},
        {"a\n", 2},
        {"\xC3\xA4", 2},
        {"a\xC3", 1},
        {"a\xE2\x82", 1},
        {"a\xE2", 1},
        {"a\xF0\x9F\x98", 1},
        {"\xF0\x9F\x98\x80", 4},
        {"a\xFF", 2},         /* never UTF-8: not waited for */
        {"a\x80\x80\x80", 4}, /* nor is this */
        {"a\r", 1},
        {"a\r\n", 3},
        {"a\rb", 3},
        {"a\033", 1},
        {"a\033[", 1},
        {"a\033[1;38;5", 1},
        {"a\033[31m", 6},
        {"a\033[31mred", 9},
        {"a\033(B", 4},
        {"\033[31m\033[", 5},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++)
        if (lk_output_whole(lk_str_from(cases[i].text)) != cases[i].whole)
            fail_msg("case %zu: %zu instead of %zu", i, lk_output_whole(lk_str_from(cases[i].text)),
                     cases[i].whole);
}

static void an_endless_sequence_is_not_waited_for(void **state)
{
    char text[LK_OUTPUT_TAIL_MAX + 10];

    (void)state;
    memset(text, '1', sizeof text);
    memcpy(text, "\033[", 2);
    assert_int_equal(lk_output_whole((struct lk_str){text, LK_OUTPUT_TAIL_MAX}), 0);
    assert_int_equal(lk_output_whole((struct lk_str){text, LK_OUTPUT_TAIL_MAX + 1}),
                     LK_OUTPUT_TAIL_MAX + 1);
}

static void a_text_is_parted_where_nothing_is_torn(void **state)
{
    static const struct {
        const char *text;
        size_t max, part;
    } cases[] = {
        {"one\ntwo\nthree", 9, 8}, {"one\ntwo\nthree", 8, 8}, {"one\ntwo\nthree", 7, 4},
        {"onetwothree", 7, 7},     {"10%\r20%\r30%", 10, 7},  {"done\n10%\r20%", 10, 5},
        {"\rabcdef", 4, 4},        {"abc\r\ndef", 4, 3},      {"ab\xC3\xA4", 3, 2},
        {"ab\033[31mc", 6, 2},     {"\xC3\xA4", 1, 1}, /* there is no better place */
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        size_t part = lk_output_part(lk_str_from(cases[i].text), cases[i].max);
        if (part != cases[i].part)
            fail_msg("case %zu: %zu instead of %zu", i, part, cases[i].part);
    }
}

static void a_text_weighs_what_it_takes_in_a_notebook(void **state)
{
    (void)state;
    assert_int_equal(lk_output_weight(LK_STR("abc")), 3);
    assert_int_equal(lk_output_weight(LK_STR("a\"\\")), 5);
    assert_int_equal(lk_output_weight(LK_STR("\033[m")), 8);
    assert_int_equal(lk_output_weight(LK_STR("a\nb\n")), 26);
    assert_str(lk_output_within(LK_STR("abcdef"), 4), "abcd");
    assert_str(lk_output_within(LK_STR("ab\ncd"), 13), "ab");
    assert_str(lk_output_within(LK_STR("ab\ncd"), 14), "ab\n");
    assert_str(lk_output_within(LK_STR("ab"), 100), "ab");
    assert_str(lk_output_within(LK_STR("ab"), 0), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_whole_up_to_what_is_unfinished),
        cmocka_unit_test(an_endless_sequence_is_not_waited_for),
        cmocka_unit_test(a_text_is_parted_where_nothing_is_torn),
        cmocka_unit_test(a_text_weighs_what_it_takes_in_a_notebook),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
