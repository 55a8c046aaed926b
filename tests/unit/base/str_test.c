#include "base/str.h"
#include "support/assert.h"

#include <stdlib.h>
#include <string.h>

static void an_empty_string_needs_no_pointer(void **state)
{
    (void)state;
    assert_true(lk_str_eq(LK_STR_EMPTY, LK_STR("")));
    assert_true(lk_str_eq(lk_str_from(NULL), LK_STR_EMPTY));
    assert_true(lk_str_starts(LK_STR_EMPTY, LK_STR_EMPTY));
    assert_true(lk_str_ends_nocase(LK_STR("x"), LK_STR_EMPTY));
    assert_int_equal(lk_str_find(LK_STR_EMPTY, LK_STR("x")), 0);
    assert_int_equal(lk_str_find_char(LK_STR_EMPTY, 'x'), 0);
    assert_int_equal(lk_str_trim(LK_STR_EMPTY).len, 0);
    assert_true(lk_str_is_utf8(LK_STR_EMPTY));
}

static void case_is_ignored_for_ascii_letters_only(void **state)
{
    (void)state;
    assert_true(lk_str_eq_nocase(LK_STR("Retry-AFTER"), LK_STR("retry-after")));
    assert_false(lk_str_eq_nocase(LK_STR("retry"), LK_STR("retry-after")));
    assert_true(lk_str_starts_nocase(LK_STR("HTTPS://x"), LK_STR("https:")));
    assert_true(lk_str_ends_nocase(LK_STR("x.LAKEHOUSE"), LK_STR(".Lakehouse")));
    assert_false(lk_str_eq_nocase(LK_STR("[{@`"), LK_STR("{[`@")));
    assert_false(lk_str_eq_nocase(LK_STR("\xC3\x84"), LK_STR("\xC3\xA4")));
    assert_false(lk_str_eq(LK_STR("A"), LK_STR("a")));
}

static void beginnings_and_ends_are_compared_whole(void **state)
{
    (void)state;
    assert_true(lk_str_starts(LK_STR("abfss://"), LK_STR("abfs")));
    assert_false(lk_str_starts(LK_STR("abf"), LK_STR("abfs")));
    assert_true(lk_str_ends(LK_STR("clean.py"), LK_STR(".py")));
    assert_false(lk_str_ends(LK_STR("py"), LK_STR(".py")));
    assert_true(lk_str_ends(LK_STR("a\0b"), LK_STR("\0b")));
}

static void find_gives_the_first_place_or_the_length(void **state)
{
    static const struct {
        const char *text, *needle;
        size_t at;
    } cases[] = {
        {"hello", "l", 2},      {"hello", "lo", 3},   {"hello", "hello!", 5},
        {"aaab", "aab", 1},     {"hello", "", 0},     {"", "", 0},
        {"", "x", 0},           {"abcabd", "abd", 3}, {"ababab", "bab", 1},
        {"needl", "needle", 5}, {"x", "x", 0},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++)
        assert_int_equal(lk_str_find(lk_str_from(cases[i].text), lk_str_from(cases[i].needle)),
                         cases[i].at);
    assert_int_equal(lk_str_find(LK_STR("a\0b"), LK_STR("\0b")), 1);
}

static void a_slice_is_clamped(void **state)
{
    struct lk_str s = LK_STR("hello");

    (void)state;
    assert_str(lk_str_slice(s, 1, 3), "el");
    assert_str(lk_str_slice(s, 3, 99), "lo");
    assert_str(lk_str_slice(s, 4, 2), "");
    assert_str(lk_str_slice(s, 9, 12), "");
    assert_str(lk_str_slice(s, SIZE_MAX, SIZE_MAX), "");
}

static void trim_takes_ascii_white_space_off_both_ends(void **state)
{
    (void)state;
    assert_str(lk_str_trim(LK_STR(" \t\r\n\v\f a b \n")), "a b");
    assert_str(lk_str_trim(LK_STR(" \n ")), "");
    assert_str(lk_str_trim(LK_STR("\xC2\xA0x")), "\xC2\xA0x");
}

static void split_takes_the_first_separator(void **state)
{
    struct lk_str head, tail = LK_STR("a=b=c");

    (void)state;
    assert_true(lk_str_split(tail, '=', &head, &tail));
    assert_str(head, "a");
    assert_str(tail, "b=c");
    assert_false(lk_str_split(LK_STR("abc"), '=', &head, &tail));
    assert_str(head, "abc");
    assert_str(tail, "");
    assert_true(lk_str_split(LK_STR("a="), '=', &head, &tail));
    assert_str(tail, "");
}

static void lines_end_with_either_line_end(void **state)
{
    struct lk_str rest = LK_STR("one\r\ntwo\n\nfour\rstill\nlast"), line;
    static const char *const want[] = {"one", "two", "", "four\rstill", "last"};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(want); i++) {
        assert_true(lk_str_next_line(&rest, &line));
        assert_str(line, want[i]);
    }
    assert_false(lk_str_next_line(&rest, &line));

    rest = LK_STR("only\n");
    assert_true(lk_str_next_line(&rest, &line));
    assert_false(lk_str_next_line(&rest, &line));
}

static void numbers_are_taken_whole_and_in_range(void **state)
{
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"3599", true, 3599},
        {"007", true, 7},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999999999", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"0x10", false, 0},
        {"--1", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        int64_t value = 42;

        assert_int_equal(lk_str_to_i64(lk_str_from(cases[i].text), &value), cases[i].good);
        assert_true(value == (cases[i].good ? cases[i].value : 42));
    }
}

static void a_guid_has_its_dashes_in_place(void **state)
{
    (void)state;
    assert_true(lk_str_is_guid(LK_STR("01234567-89ab-cdef-FEDC-BA9876543210")));
    assert_false(lk_str_is_guid(LK_STR("01234567-89ab-cdef-fedc-ba987654321")));
    assert_false(lk_str_is_guid(LK_STR("01234567-89ab-cdef-fedc-ba98765432100")));
    assert_false(lk_str_is_guid(LK_STR("0123456789ab-cdef-fedc-ba987654321000")));
    assert_false(lk_str_is_guid(LK_STR("g1234567-89ab-cdef-fedc-ba9876543210")));
    assert_false(lk_str_is_guid(LK_STR("01234567-89ab-cdef-fedc-ba987654-210")));
    assert_false(lk_str_is_guid(LK_STR("{1234567-89ab-cdef-fedc-ba987654321}")));
}

static void utf8_is_what_rfc_3629_says(void **state)
{
    static const struct {
        const char *text;
        size_t valid; /* length of the valid prefix */
    } cases[] = {
        {"plain", 5},
        {"\xC3\xA9", 2},
        {"\xE2\x82\xAC", 3},
        {"\xF0\x9F\x98\x80", 4},
        {"\xED\x9F\xBF", 3},
        {"\xEE\x80\x80", 3},
        {"\xF4\x8F\xBF\xBF", 4},
        {"a\x80", 1},            /* continuation alone */
        {"a\xC3", 1},            /* cut */
        {"a\xE2\x82", 1},        /* cut */
        {"ab\xF0\x9F\x98", 2},   /* cut */
        {"\xC0\xAF", 0},         /* overlong '/' */
        {"\xC1\xBF", 0},         /* overlong */
        {"\xE0\x9F\xBF", 0},     /* overlong */
        {"\xF0\x8F\xBF\xBF", 0}, /* overlong */
        {"\xED\xA0\x80", 0},     /* surrogate */
        {"\xED\xBF\xBF", 0},     /* surrogate */
        {"\xF4\x90\x80\x80", 0}, /* past U+10FFFF */
        {"\xF5\x80\x80\x80", 0}, /* past U+10FFFF */
        {"\xFF", 0},             /* never */
        {"\xC3\xC3\xA9", 0},     /* lead after lead */
        {"ok\xE2\x28\xA1", 2},   /* second byte is no continuation */
        {"ok\xE2\x82\x28", 2},   /* third byte is none */
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_str text = lk_str_from(cases[i].text);

        assert_int_equal(lk_str_utf8_prefix(text), cases[i].valid);
        assert_int_equal(lk_str_is_utf8(text), cases[i].valid == text.len);
    }
}

static void a_cut_does_not_tear_a_character(void **state)
{
    struct lk_str text = LK_STR("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    static const size_t want[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};

    (void)state;
    for (size_t max = 0; max < LK_COUNT(want); max++)
        assert_int_equal(lk_str_cut(text, max).len, want[max]);
    /* Bytes that are no UTF-8 are cut where asked. */
    assert_int_equal(lk_str_cut(LK_STR("\x80\x80\x80\x80\x80\x80"), 5).len, 5);
    assert_int_equal(lk_str_cut(LK_STR("\x80\x80"), 1).len, 1);
}

static void code_points_are_counted_not_bytes(void **state)
{
    (void)state;
    assert_int_equal(lk_str_code_points(LK_STR("a\xC3\xA9\xF0\x9F\x98\x80")), 3);
    assert_int_equal(lk_str_code_points(LK_STR_EMPTY), 0);
}

static void distance_counts_edits(void **state)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {
        {"", "", 0},
        {"", "abc", 3},
        {"submit", "submit", 0},
        {"submit", "sumbit", 2},
        {"--conf", "--cnf", 1},
        {"kitten", "sitting", 3},
        {"abc", "", 3},
    };
    char longest[65];

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++)
        assert_int_equal(lk_str_distance(lk_str_from(cases[i].a), lk_str_from(cases[i].b)),
                         cases[i].distance);
    memset(longest, 'x', sizeof(longest));
    assert_int_equal(lk_str_distance((struct lk_str){longest, 64}, LK_STR("")), 64);
    assert_true(lk_str_distance((struct lk_str){longest, 65}, LK_STR("x")) == SIZE_MAX);
    assert_true(lk_str_distance(LK_STR("x"), (struct lk_str){longest, 65}) == SIZE_MAX);
}

static void a_copy_is_terminated(void **state)
{
    char *copy = lk_str_dup((struct lk_str){"abcdef", 3});

    (void)state;
    assert_string_equal(copy, "abc");
    lk_free_ptr(&copy);
    assert_null(copy);
    copy = lk_str_dup(LK_STR_EMPTY);
    assert_string_equal(copy, "");
    free(copy);
}

static void allocations_are_never_null_and_begin_as_zero(void **state)
{
    unsigned char *bytes = lk_alloc(64);
    void *none = lk_alloc(0);

    (void)state;
    for (int i = 0; i < 64; i++)
        assert_int_equal(bytes[i], 0);
    bytes[63] = 7;
    bytes = lk_realloc(bytes, 4096);
    assert_int_equal(bytes[63], 7);
    none = lk_realloc(none, 0);
    assert_non_null(none);
    free(bytes);
    free(none);
}

static void a_copy_into_a_place_is_cut_to_fit(void **state)
{
    char place[5] = "????";

    (void)state;
    lk_str_copy(LK_STR("abcdef"), place, sizeof place);
    assert_string_equal(place, "abcd");
    lk_str_copy(LK_STR("abc\xC3\xA9"), place, sizeof place); /* not half of the last one */
    assert_string_equal(place, "abc");
    lk_str_copy(LK_STR("\0b"), place, sizeof place);
    assert_memory_equal(place, "\0b\0", 3);
    lk_str_copy(LK_STR_EMPTY, place, sizeof place);
    assert_string_equal(place, "");
    place[0] = '?';
    lk_str_copy(LK_STR("a"), place, 1);
    assert_string_equal(place, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_string_needs_no_pointer),
        cmocka_unit_test(case_is_ignored_for_ascii_letters_only),
        cmocka_unit_test(beginnings_and_ends_are_compared_whole),
        cmocka_unit_test(find_gives_the_first_place_or_the_length),
        cmocka_unit_test(a_slice_is_clamped),
        cmocka_unit_test(trim_takes_ascii_white_space_off_both_ends),
        cmocka_unit_test(split_takes_the_first_separator),
        cmocka_unit_test(lines_end_with_either_line_end),
        cmocka_unit_test(numbers_are_taken_whole_and_in_range),
        cmocka_unit_test(a_guid_has_its_dashes_in_place),
        cmocka_unit_test(utf8_is_what_rfc_3629_says),
        cmocka_unit_test(a_cut_does_not_tear_a_character),
        cmocka_unit_test(a_copy_into_a_place_is_cut_to_fit),
        cmocka_unit_test(code_points_are_counted_not_bytes),
        cmocka_unit_test(distance_counts_edits),
        cmocka_unit_test(a_copy_is_terminated),
        cmocka_unit_test(allocations_are_never_null_and_begin_as_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
