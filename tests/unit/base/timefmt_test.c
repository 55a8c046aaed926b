#include "base/timefmt.h"
#include "support/assert.h"

#include <time.h>

static void iso_times_are_written_with_milliseconds(void **state)
{
    static const struct {
        int64_t unix_ms;
        const char *want;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_C(1795485000123), "2026-11-24T01:50:00.123Z"},
        {INT64_C(951782400000), "2000-02-29T00:00:00.000Z"},
        {INT64_C(4107542399999), "2100-02-28T23:59:59.999Z"},
        {INT64_C(4107542400000), "2100-03-01T00:00:00.000Z"},
        {INT64_C(-62135596800000), "0001-01-01T00:00:00.000Z"},
        {INT64_C(253402300799000), "9999-12-31T23:59:59.000Z"},
    };
    char text[LK_TIME_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        int64_t back = 0;

        lk_time_iso8601(cases[i].unix_ms, text);
        assert_string_equal(text, cases[i].want);
        assert_true(lk_time_from_iso8601(lk_str_from(text), &back));
        assert_true(back == cases[i].unix_ms);
    }
    lk_time_iso8601(INT64_MAX, text);
    lk_time_iso8601(INT64_MIN, text);
    lk_time_http(INT64_MAX / 1000, text);
}

static void the_calendar_agrees_with_the_c_library(void **state)
{
    char ours[LK_TIME_TEXT_MAX], theirs[LK_TIME_TEXT_MAX];

    (void)state;
    for (int64_t t = -INT64_C(5000000000); t < INT64_C(10000000000); t += 7654321) {
        time_t unix_s = (time_t)t;
        int64_t back = 0;
        struct tm tm;

        assert_non_null(gmtime_r(&unix_s, &tm));
        strftime(theirs, sizeof(theirs), "%a, %d %b %Y %H:%M:%S GMT", &tm);
        lk_time_http(t, ours);
        assert_string_equal(ours, theirs);
        assert_true(lk_time_from_http(lk_str_from(ours), &back));
        assert_true(back == t);
    }
}

static void people_read_times_without_thousandths(void **state)
{
    char text[LK_TIME_TEXT_MAX];

    (void)state;
    lk_time_text(INT64_C(1795485000999), text);
    assert_string_equal(text, "2026-11-24 01:50:00 UTC");
    lk_time_text(-1, text);
    assert_string_equal(text, "1969-12-31 23:59:59 UTC");
    lk_time_text_short(INT64_C(1795485059999), text);
    assert_string_equal(text, "2026-11-24 01:50");
}

static void a_running_time_is_told_in_whole_seconds(void **state)
{
    static const struct {
        int64_t ms;
        const char *want;
    } cases[] = {{-5, "0 s"}, {0, "0 s"}, {9999, "9 s"}, {10000, "10 s"}, {65000, "1 min 05 s"}};
    char text[LK_DURATION_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        lk_duration_text_whole(cases[i].ms, text);
        assert_string_equal(text, cases[i].want);
    }
}

static void iso_times_are_read_with_any_fraction_and_zone(void **state)
{
    static const struct {
        const char *text;
        int64_t unix_ms;
    } cases[] = {
        {"2026-11-24T01:50:00Z", INT64_C(1795485000000)},
        {"2026-11-24T01:50:00", INT64_C(1795485000000)},
        {"2026-11-24 01:50:00z", INT64_C(1795485000000)},
        {"2026-11-24T01:50:00.1Z", INT64_C(1795485000100)},
        {"2026-11-24T01:50:00.1239999", INT64_C(1795485000123)},
        {"2026-11-24T01:50:00,5Z", INT64_C(1795485000500)},
        {"2026-11-24T02:50:00+01:00", INT64_C(1795485000000)},
        {"2026-11-23T20:20:00.000-0530", INT64_C(1795485000000)},
        {"2016-12-31T23:59:60Z", INT64_C(1483228800000)},
        {"2024-02-29T00:00:00Z", INT64_C(1709164800000)},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        int64_t unix_ms = 0;

        if (!lk_time_from_iso8601(lk_str_from(cases[i].text), &unix_ms))
            fail_msg("'%s' was not taken", cases[i].text);
        assert_true(unix_ms == cases[i].unix_ms);
    }
}

static void what_is_no_iso_time_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "2026-11-24",
        "2026-11-24T01:50Z",
        "2026-13-24T01:50:00Z",
        "2026-00-24T01:50:00Z",
        "2026-02-29T01:50:00Z",
        "2100-02-29T01:50:00Z",
        "2026-11-31T01:50:00Z",
        "2026-11-24T24:00:00Z",
        "2026-11-24T01:60:00Z",
        "2026-11-24T01:50:61Z",
        "2026-11-24T01:50:00.Z",
        "2026-11-24T01:50:00Zulu",
        "2026-11-24T01:50:00+1",
        "2026-11-24T01:50:00+24:00",
        "2026-11-24T01:50:00 Z",
        "+026-11-24T01:50:00Z",
        "26-11-24T01:50:00Z",
        "2026/11/24T01:50:00Z",
        "0x26-11-24T01:50:00Z",
        "11/24/2026 1:50:00 AM",
        " 2026-11-24T01:50:00Z",
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(bad); i++) {
        int64_t unix_ms = 42;

        if (lk_time_from_iso8601(lk_str_from(bad[i]), &unix_ms))
            fail_msg("'%s' was taken", bad[i]);
        assert_int_equal(unix_ms, 42);
    }
    assert_false(lk_time_from_iso8601(LK_STR("2026-11-24T01:50:00\0"), &(int64_t){0}));
}

static void the_three_forms_of_an_http_date_are_read(void **state)
{
    static const char *const good[] = {
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    };
    static const char *const bad[] = {
        "",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Xyz, 06 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "120",
    };
    int64_t unix_s;

    (void)state;
    for (size_t i = 0; i < LK_COUNT(good); i++) {
        unix_s = 0;
        if (!lk_time_from_http(lk_str_from(good[i]), &unix_s))
            fail_msg("'%s' was not taken", good[i]);
        assert_int_equal(unix_s, 784111777); /* RFC 9110 §5.6.7 */
    }
    for (size_t i = 0; i < LK_COUNT(bad); i++)
        if (lk_time_from_http(lk_str_from(bad[i]), &unix_s))
            fail_msg("'%s' was taken", bad[i]);
}

static void durations_are_written_for_people(void **state)
{
    static const struct {
        int64_t ms;
        const char *want;
    } cases[] = {
        {0, "0.0 s"},
        {-5, "0.0 s"},
        {412, "0.4 s"},
        {9999, "9.9 s"},
        {12000, "12 s"},
        {59999, "59 s"},
        {60000, "1 min 00 s"},
        {185000, "3 min 05 s"},
        {3599999, "59 min 59 s"},
        {7620000, "2 h 07 min"},
        {86399999, "23 h 59 min"},
        {INT64_C(356400000), "4 d 3 h"},
        {INT64_MAX, "106751991167 d 7 h"},
    };
    char text[LK_DURATION_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        lk_duration_text(cases[i].ms, text);
        assert_string_equal(text, cases[i].want);
    }
}

static void durations_are_read_with_their_units(void **state)
{
    static const struct {
        const char *text;
        bool good;
        int64_t ms;
    } cases[] = {
        {"90", true, 90000},
        {"90s", true, 90000},
        {"5m", true, 300000},
        {"2h", true, 7200000},
        {"1h30m", true, 5400000},
        {"1d2h3m4s", true, 93784000},
        {"0", true, 0},
        {"366d", true, INT64_C(31622400000)},
        {"367d", false, 0},
        {"365d25h", false, 0},
        {"31622401", false, 0},
        {"", false, 0},
        {"-5", false, 0},
        {"5 m", false, 0},
        {"m", false, 0},
        {"1h30", false, 0},
        {"30m1h", false, 0},
        {"1m1m", false, 0},
        {"1.5h", false, 0},
        {"1w", false, 0},
        {"5ms", false, 0},
        {"99999999999999999999", false, 0},
        {"99999999999999999999d", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        int64_t ms = 42;

        if (lk_duration_parse(lk_str_from(cases[i].text), &ms) != cases[i].good)
            fail_msg("'%s' was %s", cases[i].text, cases[i].good ? "refused" : "taken");
        assert_true(ms == (cases[i].good ? cases[i].ms : 42));
    }
    assert_false(lk_duration_parse(LK_STR("1\0"), &(int64_t){0}));
}

static void sizes_are_written_in_powers_of_1024(void **state)
{
    static const struct {
        int64_t bytes;
        const char *want;
    } cases[] = {
        {0, "0 B"},        {512, "512 B"},         {1023, "1023 B"},     {1024, "1.0 KiB"},
        {1536, "1.5 KiB"}, {3355443, "3.2 MiB"},   {1048575, "1.0 MiB"}, {268435456, "256.0 MiB"},
        {-7, "0 B"},       {INT64_MAX, "8.0 EiB"},
    };
    char text[LK_SIZE_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        lk_size_text(cases[i].bytes, text);
        assert_string_equal(text, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iso_times_are_written_with_milliseconds),
        cmocka_unit_test(the_calendar_agrees_with_the_c_library),
        cmocka_unit_test(people_read_times_without_thousandths),
        cmocka_unit_test(a_running_time_is_told_in_whole_seconds),
        cmocka_unit_test(iso_times_are_read_with_any_fraction_and_zone),
        cmocka_unit_test(what_is_no_iso_time_is_refused),
        cmocka_unit_test(the_three_forms_of_an_http_date_are_read),
        cmocka_unit_test(durations_are_written_for_people),
        cmocka_unit_test(durations_are_read_with_their_units),
        cmocka_unit_test(sizes_are_written_in_powers_of_1024),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
