#include "magic/sweep.h"

#include "support/assert.h"

#include <string.h>

static void add(struct lk_sweep *sweep, const char *text)
{
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_sweep_add(sweep, lk_str_from(text), &err), &err);
}

static void values_are_lists_and_ranges(void **state)
{
    static const struct {
        const char *text, *values;
    } cases[] = {
        {"a=x", "x|"},
        {"a=eu,us", "eu|us|"},
        {"a=2019..2022", "2019|2020|2021|2022|"},
        {"a=3..1", "3|2|1|"},
        {"a=-1..1", "-1|0|1|"},
        {"a=08..11", "08|09|10|11|"},
        {"a=2019..2020,2024,x y", "2019|2020|2024|x y|"},
        {"a=2024-02-27..2024-03-02", "2024-02-27|2024-02-28|2024-02-29|2024-03-01|2024-03-02|"},
        {"a=2023-02-27..2023-03-01", "2023-02-27|2023-02-28|2023-03-01|"},
        {"a=1999-12-31..2000-01-01", "1999-12-31|2000-01-01|"},
        {"a=2000-02-28..2000-03-01", "2000-02-28|2000-02-29|2000-03-01|"},
        {"a=1900-02-28..1900-03-01", "1900-02-28|1900-03-01|"},
        {"a=2024-01-01..2023-12-30", "2024-01-01|2023-12-31|2023-12-30|"},
        {"a=2023-11..2024-02", "2023-11|2023-12|2024-01|2024-02|"},
        {"a=k=v", "k=v|"},
        {"a=5..5", "5|"},
        {"a=2024-02-29,2024-12,2024-1,20240-01", "2024-02-29|2024-12|2024-1|20240-01|"},
        {"a=[2019, \"x,y\", \"1..3\"]", "2019|x,y|1..3|"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_sweep_done) struct lk_sweep sweep = LK_SWEEP_INIT;
        LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(10000);
        add(&sweep, cases[i].text);
        for (size_t member = 0; member < sweep.count; member++)
            lk_buf_printf(&got, "%s|", lk_sweep_value(&sweep, member, 0));
        assert_string_equal(lk_buf_cstr(&got), cases[i].values);
    }
}

/* Every day of 800 years, by way of the calendar's own rules. */
static void days_follow_the_calendar(void **state)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    (void)state;
    for (int year = 1600; year < 2400; year += 7) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        LK_CLEANUP(lk_sweep_done) struct lk_sweep sweep = LK_SWEEP_INIT;
        char text[64], want[32];
        size_t member = 0;
        snprintf(text, sizeof text, "d=%04d-01-01..%04d-12-31", year, year);
        add(&sweep, text);
        assert_int_equal(sweep.count, leap ? 366 : 365);
        for (int month = 1; month <= 12; month++)
            for (int day = 1; day <= days[month - 1] + (leap && month == 2); day++) {
                snprintf(want, sizeof want, "%04d-%02d-%02d", year, month, day);
                assert_string_equal(lk_sweep_value(&sweep, member++, 0), want);
            }
    }
}

static void wrong_axes_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "year",
        "=1",
        "1a=1",
        "a b=1",
        "a=",
        "a=1,",
        "a=,1",
        "a=1,1",
        "a=1..3,2",
        "a=x..y",
        "a=1..",
        "a=..3",
        "a=1..3..5",
        "a=1..2024-01",
        "a=2024-13..2024-14",
        "a=2023-02-28..2023-02-29",
        "a=2024-02-31",
        "a=2024-13",
        "a=2024-01-01,2023-02-29",
        "a=1..1001",
        "a=9999999999999999..1",
        "a=2024-1..2024-3",
        "a=[]",
        "a=[1",
        "a=[{}]",
        "a=[1,1]",
        "a=[1.5]",
        "a=[null]",
        "a=-9223372036854775808..9223372036854775807",
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(texts); i++) {
        LK_CLEANUP(lk_sweep_done) struct lk_sweep sweep = LK_SWEEP_INIT;
        struct lk_error err = LK_ERROR_INIT;
        if (lk_sweep_add(&sweep, lk_str_from(texts[i]), &err) == LK_OK)
            fail_msg("taken: '%s'", texts[i]);
        assert_true(err.next[0] != '\0');
    }
}

static void combinations_have_a_ceiling(void **state)
{
    LK_CLEANUP(lk_sweep_done) struct lk_sweep sweep = LK_SWEEP_INIT;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    add(&sweep, "a=1..100");
    add(&sweep, "b=1..10");
    assert_int_equal(sweep.count, 1000);
    assert_int_equal(lk_sweep_add(&sweep, LK_STR("c=1,2"), &err), LK_LIMIT);
    assert_int_equal(lk_sweep_add(&sweep, LK_STR("a=1"), &err), LK_INVALID);
}

static void members_are_all_combinations_the_last_axis_fastest(void **state)
{
    static const char *const keys[] = {
        "year=2019,region=eu", "year=2019,region=us", "year=2020,region=eu",
        "year=2020,region=us", "year=2021,region=eu", "year=2021,region=us",
    };
    LK_CLEANUP(lk_sweep_done) struct lk_sweep sweep = LK_SWEEP_INIT;

    (void)state;
    add(&sweep, "year=2019..2021");
    add(&sweep, "region=eu,us");
    assert_int_equal(sweep.count, LK_COUNT(keys));
    for (size_t i = 0; i < LK_COUNT(keys); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf key = LK_BUF_INIT(1000);
        lk_sweep_key(&sweep, i, &key);
        assert_string_equal(lk_buf_cstr(&key), keys[i]);
    }
}

static void assert_request(const char *const *axes, size_t member, const char *body,
                           const char *want)
{
    LK_CLEANUP(lk_sweep_done) struct lk_sweep sweep = LK_SWEEP_INIT;
    LK_CLEANUP(lk_json_unref) json_t *template = json_loads(body, 0, NULL);
    LK_CLEANUP(lk_json_unref) json_t *wanted = json_loads(want, 0, NULL);
    LK_CLEANUP(lk_json_unref) json_t *before = json_deep_copy(template);
    LK_CLEANUP(lk_json_unref) json_t *got = NULL;
    LK_CLEANUP(lk_free_ptr) char *text = NULL;

    for (; *axes; axes++)
        add(&sweep, *axes);
    got = lk_sweep_request(&sweep, member, template);
    text = json_dumps(got, JSON_SORT_KEYS);
    if (!json_equal(got, wanted))
        fail_msg("got %s", text);
    assert_true(json_equal(template, before));
}

static void references_are_replaced_wherever_they_stand(void **state)
{
    (void)state;
    assert_request((const char *const[]){"year=2019,2020", "region=eu,us", NULL}, 3,
                   "{\"name\":\"t\",\"file\":\"abfss://x/{year}.py\",\"numExecutors\":2,"
                   "\"conf\":{\"spark.r\":\"{region}-{region}\",\"spark.o\":\"{other} {\"}}",
                   "{\"name\":\"t-2020-us\",\"file\":\"abfss://x/2020.py\",\"numExecutors\":2,"
                   "\"conf\":{\"spark.r\":\"us-us\",\"spark.o\":\"{other} {\"}}");
}

static void axes_nobody_refers_to_become_arguments(void **state)
{
    (void)state;
    assert_request((const char *const[]){"year=2019,2020", "region=e/u,us", NULL}, 0,
                   "{\"name\":\"t\",\"file\":\"f\",\"args\":[\"--fast\"],"
                   "\"conf\":{\"spark.y\":\"{year}\"}}",
                   "{\"name\":\"t-2019-e_u\",\"file\":\"f\",\"args\":[\"--fast\",\"--region\","
                   "\"e/u\"],\"conf\":{\"spark.y\":\"2019\"}}");
    /* A reference in the name alone tells the payload nothing. */
    assert_request((const char *const[]){"year=2019,2020", NULL}, 1,
                   "{\"name\":\"y{year}\",\"file\":\"f\"}",
                   "{\"name\":\"y2020\",\"file\":\"f\",\"args\":[\"--year\",\"2020\"]}");
}

static void a_value_that_looks_like_a_reference_is_not_replaced_again(void **state)
{
    (void)state;
    assert_request((const char *const[]){"a={b}", "b=1", NULL}, 0,
                   "{\"name\":\"t\",\"args\":[\"{a}\",\"{b}\"]}",
                   "{\"name\":\"t\",\"args\":[\"{b}\",\"1\"]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_lists_and_ranges),
        cmocka_unit_test(days_follow_the_calendar),
        cmocka_unit_test(wrong_axes_are_refused),
        cmocka_unit_test(combinations_have_a_ceiling),
        cmocka_unit_test(members_are_all_combinations_the_last_axis_fastest),
        cmocka_unit_test(references_are_replaced_wherever_they_stand),
        cmocka_unit_test(axes_nobody_refers_to_become_arguments),
        cmocka_unit_test(a_value_that_looks_like_a_reference_is_not_replaced_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
