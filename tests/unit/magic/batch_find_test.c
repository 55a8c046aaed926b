/* %batch list, times, compare, attach and open, against a service by script. */
#include "magic/context.h"
#include "magic/run.h"

#include "base/file.h"
#include "base/timefmt.h"
#include "fabric/livy_endpoint.h"
#include "support/fake_cell.h"
#include "support/fake_clock.h"
#include "support/fake_http.h"
#include "support/temp_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WS "11111111-1111-4111-8111-111111111111"
#define LH "22222222-2222-4222-8222-222222222222"
#define A  "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
#define B  "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
#define BASE                                                                                       \
    "https://api.fabric.microsoft.com/v1/workspaces/" WS "/lakehouses/" LH                         \
    "/livyApi/versions/2023-12-01"

struct fixture {
    struct lk_context context;
    struct fake_clock clock;
    struct fake_http *http;
    struct lk_cancel *cancel;
    struct fake_cell cell;
    struct lk_error err;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    fake_clock_init(&f->clock);
    f->http = fake_http_new();
    f->cancel = lk_cancel_new();
    fake_cell_init(&f->cell, f->cancel);
    f->context.options.clock = &f->clock.clock;
    f->context.vars = lk_vars_new();
    f->context.cloud = *lk_cloud_builtin(LK_STR("public"));
    f->context.connected = true;
    f->context.fabric_http = f->context.storage_http = &f->http->http;
    *state = f;
    return lk_livy_endpoint_parse(LK_STR(BASE), LK_STR_EMPTY, &f->context.cloud,
                                  &f->context.endpoint, &f->err);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    fake_http_assert_done(f->http);
    lk_livy_free(f->context.livy);
    lk_onelake_free(f->context.onelake);
    fake_http_free(f->http);
    fake_cell_done(&f->cell);
    lk_cancel_free(f->cancel);
    lk_vars_free(f->context.vars);
    lk_seen_done(&f->context.seen);
    free(f);
    return 0;
}

static enum lk_status try_run(struct fixture *f, const char *code)
{
    fake_cell_clear(&f->cell);
    f->err = (struct lk_error)LK_ERROR_INIT;
    return lk_magic_run_cell(&f->context, &f->cell.cell, lk_str_from(code), &f->err);
}

static void run(struct fixture *f, const char *code)
{
    assert_lk_ok(try_run(f, code), &f->err);
}

static const json_t *value(struct fixture *f)
{
    assert_true(f->cell.value_count > 0);
    return f->cell.values[f->cell.value_count - 1].value;
}

static struct lk_str shown(struct fixture *f, const char *mime)
{
    assert_true(f->cell.display_count > 0);
    return fake_cell_shown(&f->cell, 0, mime);
}

#define RUN_OF(id, conf, queued, started, running, ended)                                          \
    "{\"id\":\"" id "\",\"name\":\"trips\",\"state\":\"success\",\"result\":\"Succeeded\","        \
    "\"livyInfo\":{\"startingAt\":\"2026-11-24T01:" started "Z\",\"runningAt\":\"2026-11-24T01:"   \
    "" running "Z\",\"successAt\":\"2026-11-24T01:" ended "Z\",\"currentState\":\"success\","      \
    "\"jobCreationRequest\":{\"file\":\"abfss://x/Files/a.py\",\"conf\":{\"spark.a\":\"1\","       \
    "\"spark.targetTable\":\"" conf "\"}}},"                                                       \
    "\"schedulerInfo\":{\"submittedAt\":\"2026-11-24T01:" queued                                   \
    "Z\",\"queuedAt\":\"2026-11-24T01:" queued "Z\",\"endedAt\":\"2026-11-24T01:" ended            \
    "Z\",\"currentState\":\"Ended\"},\"appInfo\":{\"sparkUiUrl\":\"https://spark.example/ui\","    \
    "\"driverLogUrl\":\"javascript:alert(1)\"}}"
#define RUN_A RUN_OF(A, "t1", "00:00", "00:10", "00:20", "01:00")
#define RUN_B RUN_OF(B, "t2", "10:00", "10:30", "10:40", "12:00")

/* ---- list ---------------------------------------------------------------------------------- */

#define LISTED(id, name, state, at)                                                                \
    "{\"id\":\"" id "\",\"name\":\"" name "\",\"livyState\":\"" state "\",\"state\":\"" state      \
    "\",\"submittedAt\":\"2026-11-2" at "T00:00:00Z\"}"
#define THREE                                                                                      \
    "{\"items\":[" LISTED(                                                                         \
        "00000000-0000-4000-8000-000000000003", "trips", "running",                                \
        "4") "," LISTED("00000000-0000-4000-8000-000000000002", "TRIPS two", "dead",               \
                        "3") "," LISTED("00000000-0000-4000-8000-000000000001", "other", "dead",   \
                                        "1") "],\"totalCountOfMatchedItems\":3,\"pageSize\":100}"

static void assert_listed(struct fixture *f, const char *names)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(10000);
    size_t i;
    json_t *batch;

    json_array_foreach(json_object_get(value(f), "batches"), i, batch)
    {
        lk_buf_printf(&got, "%s|", json_string_value(json_object_get(batch, "name")));
    }
    assert_string_equal(lk_buf_cstr(&got), names);
}

static void a_list_is_filtered_by_name_state_and_time(void **state)
{
    static const struct {
        const char *code, *names;
    } cases[] = {
        {"%batch list", "trips|TRIPS two|other|"},
        {"%batch list --name trips", "trips|TRIPS two|"},
        {"%batch list --name 'trips ?*'", "TRIPS two|"},
        {"%batch list --state failed", "TRIPS two|other|"},
        {"%batch list --state active", "trips|"},
        {"%batch list --state failed --name trips", "TRIPS two|"},
        {"%batch list --since 2d", "trips|TRIPS two|"},
        {"%batch list --skip 1 --max 1", "TRIPS two|"},
        {"%batch list --state dead --skip 1", "other|"},
        {"%batch list --name nothing", ""},
    };
    struct fixture *f = *state;

    assert_true(lk_time_from_iso8601(LK_STR("2026-11-24T12:00:00Z"), &f->clock.now_unix_ms));
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        fake_http_reply(f->http, 200, NULL, THREE);
        run(f, cases[i].code);
        assert_listed(f, cases[i].names);
    }
}

static void a_list_says_where_its_next_page_begins(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 200, NULL, THREE);
    run(f, "%batch list --skip 1 --max 1");
    assert_contains(shown(f, "text/plain"), "There are more: the same line with --skip 2");
    fake_http_reply(f->http, 200, NULL, THREE);
    run(f, "%batch list --skip 1 --max 2");
    assert_lacks(shown(f, "text/plain"), "There are more");
}

#define PAST(id, name, state, type)                                                                \
    "{\"livyId\":\"" id "\",\"livyName\":\"" name "\",\"state\":\"" state "\",\"jobType\":\"" type \
    "\",\"submitter\":{\"id\":\"somebody\",\"type\":\"User\"},"                                    \
    "\"submittedDateTime\":\"2026-11-20T00:00:00Z\"}"

static void the_monitoring_is_asked_for_what_livy_has_forgotten(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(
        f->http, 200, NULL,
        "{\"value\":[" PAST(A, "old", "Succeeded", "SparkBatch") "," PAST(
            B, "a session", "Succeeded", "SparkSession") "],"
                                                         "\"continuationToken\":\"t k\"}");
    fake_http_reply(f->http, 200, NULL,
                    "{\"value\":[" PAST("cccccccc-cccc-4ccc-8ccc-cccccccccccc", "older", "Failed",
                                        "SparkBatch") "]}");
    run(f, "%batch list --past");
    assert_listed(f, "old|older|");
    assert_contains(fake_http_request(f->http, 0)->url, "/lakehouses/" LH "/livySessions");
    assert_contains(fake_http_request(f->http, 1)->url, "continuationToken=t%20k");
    assert_contains(shown(f, "text/plain"), "somebody");
    assert_contains(shown(f, "text/plain"), "✗ failed");
}

static void a_service_without_a_past_says_so(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(lk_livy_endpoint_parse(LK_STR("http://127.0.0.1:8998"), LK_STR("apache"),
                                            &f->context.cloud, &f->context.endpoint, &f->err),
                     LK_OK);
    assert_int_equal(try_run(f, "%batch list --past"), LK_NOT_FOUND);
    assert_contains(f->err.next, "%batch list");
}

static void wrong_numbers_and_durations_are_refused_before_anything_is_sent(void **state)
{
    static const char *const codes[] = {
        "%batch list --max 0",   "%batch list --max 501",         "%batch list --max x",
        "%batch list --skip -1", "%batch list --since soon",      "%batch times --max 1.5",
        "%batch compare " A,     "%batch compare " A " " B " " A, "%batch attach",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(codes); i++) {
        assert_int_equal(try_run(f, codes[i]), LK_INVALID);
        assert_true(f->err.next[0] != '\0');
    }
    assert_int_equal(fake_http_count(f->http), 0);
}

/* ---- times --------------------------------------------------------------------------------- */

static int64_t ms_at(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void times_are_told_with_their_median_and_sum(void **state)
{
    struct fixture *f = *state;
    const json_t *of_a;

    fake_http_reply(f->http, 200, NULL, RUN_A);
    fake_http_reply(f->http, 200, NULL, RUN_B);
    run(f, "%batch times " A " " B);
    of_a = json_object_get(json_array_get(json_object_get(value(f), "batches"), 0), "ms");
    assert_int_equal(ms_at(of_a, "queued"), 10000);
    assert_int_equal(ms_at(of_a, "starting"), 10000);
    assert_int_equal(ms_at(of_a, "running"), 40000);
    assert_int_equal(ms_at(of_a, "total"), 60000);
    assert_null(json_object_get(of_a, "packaging"));
    assert_int_equal(ms_at(json_object_get(value(f), "median_ms"), "total"), 90000);
    assert_int_equal(ms_at(json_object_get(value(f), "sum_ms"), "total"), 180000);
    assert_contains(shown(f, "text/plain"), "Median");
    assert_contains(shown(f, "text/plain"), "2 min 00 s");
    /* The picture: both on one scale, the longer one as wide as there is room. */
    assert_int_equal(f->cell.display_count, 2);
    assert_contains(fake_cell_shown(&f->cell, 1, "image/svg+xml"), "running</text>");
}

static void a_service_without_times_says_so(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(lk_livy_endpoint_parse(LK_STR("http://127.0.0.1:8998"), LK_STR("apache"),
                                            &f->context.cloud, &f->context.endpoint, &f->err),
                     LK_OK);
    fake_http_reply(f->http, 200, NULL,
                    "{\"id\":7,\"name\":\"x\",\"state\":\"success\",\"log\":[]}");
    run(f, "%batch times 7");
    assert_str(shown(f, "text/plain"), "The service tells no times of these batches.\n");
    assert_int_equal(f->cell.display_count, 1);
}

/* ---- compare ------------------------------------------------------------------------------- */

static void two_runs_are_compared_phase_by_phase_and_setting_by_setting(void **state)
{
    struct fixture *f = *state;
    const json_t *differences;

    fake_http_reply(f->http, 200, NULL, RUN_A);
    fake_http_reply(f->http, 200, NULL, RUN_B);
    run(f, "%batch compare " A " " B);
    assert_contains(shown(f, "text/plain"), "+20 s (+200 %)");       /* queued: 10 s and 30 s */
    assert_contains(shown(f, "text/plain"), "+1 min 00 s (+100 %)"); /* in all: 1 and 2 minutes */
    assert_contains(shown(f, "text/plain"), "trips aaaaaaaa");
    assert_contains(shown(f, "text/plain"), "same"); /* starting: 10 s each */
    assert_contains(shown(f, "text/plain"), "conf spark.targetTable");
    assert_lacks(shown(f, "text/plain"), "conf spark.a");
    assert_contains(shown(f, "text/plain"), "2 fields of the requests are the same.");
    differences = json_object_get(value(f), "request_differences");
    assert_int_equal(json_object_size(differences), 1);
    assert_str(
        lk_json_str(json_array_get(json_object_get(differences, "conf spark.targetTable"), 1)),
        "t2");
}

/* ---- attach and open ----------------------------------------------------------------------- */

static void an_attached_batch_is_the_one_that_is_meant_afterwards(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 200, NULL, RUN_A);
    run(f, "%batch attach https://app.fabric.microsoft.com/workloads/de-ds/sparkmonitor/" LH "/" A);
    assert_string_equal(f->context.last_batch, A);
    fake_http_reply(f->http, 200, NULL, RUN_A);
    run(f, "%batch status");
    assert_contains(fake_http_request(f->http, 1)->url, A);
}

static void a_batch_that_is_not_there_is_not_attached(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 404, NULL, "{\"errorCode\":\"NotFound\",\"message\":\"no\"}");
    assert_int_equal(try_run(f, "%batch attach " A), LK_NOT_FOUND);
    assert_string_equal(f->context.last_batch, "");
}

static void a_payload_that_lies_in_this_folder_is_told_to_be_put(void **state)
{
    struct fixture *f = *state;
    struct lk_error err = LK_ERROR_INIT;
    char *folder = temp_folder_new(), *path = temp_folder_path(folder, "job.py");
    LK_CLEANUP(lk_free_ptr) char *here = getcwd(NULL, 0);

    assert_lk_ok(lk_file_write(path, 0600, LK_STR("\n"), &err), &err);
    assert_int_equal(chdir(folder), 0);
    for (int i = 0; i < 3; i++)
        fake_http_reply(f->http, 404, NULL, "");
    assert_lk_status(LK_NOT_FOUND, try_run(f, "%batch submit job.py"), &f->err);
    assert_contains(f->err.next, "`%lakehouse put job.py Files/` uploads the one in this folder.");
    assert_lk_status(LK_NOT_FOUND, try_run(f, "%batch submit Files/jobs/job.py"), &f->err);
    assert_contains(f->err.next, "`%lakehouse put job.py Files/jobs/`");
    assert_lk_status(LK_NOT_FOUND, try_run(f, "%batch submit other.py"), &f->err);
    assert_lacks(f->err.next, "in this folder");
    assert_contains(f->err.next, "%%payload other.py");
    assert_int_equal(chdir(here), 0);
    free(path);
    temp_folder_free(folder);
}

static void pages_are_linked_and_nothing_but_pages(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 200, NULL, RUN_A);
    run(f, "%batch open " A);
    assert_str(lk_json_get_str(value(f), "hub"),
               "https://app.fabric.microsoft.com/workloads/de-ds/sparkmonitor/" LH "/" A
               "?experience=fabric-developer");
    assert_str(lk_json_get_str(value(f), "spark_ui"), "https://spark.example/ui");
    assert_str(lk_json_get_str(value(f), "api"), BASE "/batches/" A);
    assert_null(json_object_get(value(f), "driver_log"));
    assert_lacks(shown(f, "text/markdown"), "javascript");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_list_is_filtered_by_name_state_and_time),
        TEST(a_list_says_where_its_next_page_begins),
        TEST(the_monitoring_is_asked_for_what_livy_has_forgotten),
        TEST(a_service_without_a_past_says_so),
        TEST(wrong_numbers_and_durations_are_refused_before_anything_is_sent),
        TEST(times_are_told_with_their_median_and_sum),
        TEST(a_service_without_times_says_so),
        TEST(two_runs_are_compared_phase_by_phase_and_setting_by_setting),
        TEST(an_attached_batch_is_the_one_that_is_meant_afterwards),
        TEST(a_batch_that_is_not_there_is_not_attached),
        TEST(a_payload_that_lies_in_this_folder_is_told_to_be_put),
        TEST(pages_are_linked_and_nothing_but_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
