#include "fabric/livy_batch.h"

#include "support/assert.h"
#include "support/golden.h"

#include <string.h>

static struct lk_livy_batch read_text(const char *kind, struct lk_str text)
{
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_json_parse(text, "the test", &json, &err), &err);
    assert_lk_ok(lk_livy_batch_read(lk_livy_profile_find(lk_str_from(kind)), json, &batch, &err),
                 &err);
    return batch;
}

/* ---- the terminal rule, as a table (livy.md §1.5, §7.5) -----------------------------------------
 */

static void the_end_is_judged_by_all_signals_together(void **state)
{
    static const struct {
        const char *members;
        enum lk_batch_end end;
        bool pending;
    } cases[] = {
        {"", LK_BATCH_GOING, false},
        {"\"state\":\"starting\"", LK_BATCH_GOING, false},
        {"\"state\":\"running\",\"result\":\"Uncertain\"", LK_BATCH_GOING, false},
        {"\"state\":\"recovering\"", LK_BATCH_GOING, false},
        {"\"state\":\"never heard of\"", LK_BATCH_GOING, false},
        {"\"state\":\"idle\"", LK_BATCH_GOING, false},
        {"\"state\":5,\"result\":[],\"livyInfo\":\"x\"", LK_BATCH_GOING, false},
        {"\"state\":null,\"livyInfo\":null", LK_BATCH_GOING, false},
        {"\"state\":\"success\"", LK_BATCH_SUCCEEDED, false},
        {"\"state\":\"Success\",\"result\":\"Succeeded\"", LK_BATCH_SUCCEEDED, false},
        {"\"state\":\"success\",\"result\":\"Uncertain\"", LK_BATCH_SUCCEEDED, true},
        {"\"state\":\"running\",\"result\":\"Succeeded\"", LK_BATCH_SUCCEEDED, false},
        {"\"livyInfo\":{\"currentState\":\"success\"}", LK_BATCH_SUCCEEDED, false},
        {"\"livyState\":\"dead\"", LK_BATCH_FAILED, false},
        {"\"state\":\"dead\"", LK_BATCH_FAILED, false},
        {"\"state\":\"Error\"", LK_BATCH_FAILED, false},
        {"\"state\":\"error\"", LK_BATCH_FAILED, false},
        {"\"state\":\"failed\"", LK_BATCH_FAILED, false},
        {"\"state\":\"dead\",\"result\":\"Uncertain\"", LK_BATCH_FAILED, true},
        {"\"result\":\"Failed\"", LK_BATCH_FAILED, false},
        {"\"state\":\"success\",\"result\":\"Failed\"", LK_BATCH_FAILED, false},
        {"\"fabricBatchStateInfo\":{\"state\":\"error\",\"errorMessage\":\"capacity\"}",
         LK_BATCH_FAILED, false},
        {"\"fabricBatchStateInfo\":{\"state\":\"expired\"}", LK_BATCH_FAILED, false},
        {"\"state\":\"success\",\"fabricBatchStateInfo\":{\"state\":\"Error\"}", LK_BATCH_FAILED,
         false},
        {"\"fabricBatchStateInfo\":{\"state\":\"unknown\",\"errorMessage\":\"\"}", LK_BATCH_GOING,
         false},
        {"\"fabricBatchStateInfo\":{\"state\":\"cancelling\"}", LK_BATCH_GOING, false},
        {"\"fabricBatchStateInfo\":{\"state\":\"cancelled\"}", LK_BATCH_CANCELLED, false},
        {"\"result\":\"Cancelled\"", LK_BATCH_CANCELLED, false},
        {"\"result\":\"canceled\"", LK_BATCH_CANCELLED, false},
        {"\"state\":\"cancelled\"", LK_BATCH_CANCELLED, false},
        {"\"state\":\"success\",\"result\":\"Cancelled\"", LK_BATCH_CANCELLED, false},
        {"\"state\":\"killed\"", LK_BATCH_FAILED, false},
        {"\"state\":\"killed\",\"cancellationReason\":\"User cancelled the Spark batch\"",
         LK_BATCH_CANCELLED, false},
        {"\"state\":\"killed\",\"schedulerInfo\":{\"cancellationRequestedAt\":"
         "\"2026-11-24T01:50:00Z\"}",
         LK_BATCH_CANCELLED, false},
        {"\"state\":\"killed\",\"cancellationReason\":\" \"", LK_BATCH_FAILED, false},
        {"\"state\":\"success\",\"cancellationReason\":\"late\"", LK_BATCH_SUCCEEDED, false},
        {"\"state\":\"Succeeded\"", LK_BATCH_SUCCEEDED, false},
        {"\"state\":\"InProgress\"", LK_BATCH_GOING, false},
        {"\"state\":\"Canceled\"", LK_BATCH_CANCELLED, false},
        {"\"state\":\"cancelling\"", LK_BATCH_GOING, false},
        {"\"state\":\"canceling\"", LK_BATCH_GOING, false},
        {"\"state\":\"shutting_down\"", LK_BATCH_GOING, false},
        {"\"state\":\"not_submitted\"", LK_BATCH_GOING, false},
        {"\"state\":\"\",\"result\":\"\"", LK_BATCH_GOING, false},
        /* Fabric's "unknown" is an error only when it says of what, and nothing else says more. */
        {"\"fabricBatchStateInfo\":{\"state\":\"unknown\",\"errorMessage\":\"It broke.\"}",
         LK_BATCH_FAILED, false},
        {"\"state\":\"running\",\"fabricBatchStateInfo\":{\"state\":\"unknown\","
         "\"errorMessage\":\"late\"}",
         LK_BATCH_GOING, false},
        /* 430 in words, inside an accepted batch (livy.md §1.6). */
        {"\"state\":\"not_started\",\"errorInfo\":[{\"message\":\"[TooManyRequestsForCapacity] "
         "busy. HTTP status code: 430\"}]",
         LK_BATCH_FAILED, false},
        {"\"failureReason\":\"HTTP status code: 430\"", LK_BATCH_FAILED, false},
        {"\"state\":\"starting\",\"fabricBatchStateInfo\":{\"state\":\"queued\","
         "\"errorMessage\":\"[TooManyRequestsForCapacity] wait\"}",
         LK_BATCH_FAILED, false},
        {"\"state\":\"running\",\"errorInfo\":[{\"errorCode\":\"TooManyRequestsForCapacity\"}]",
         LK_BATCH_GOING, false},
        {"\"state\":\"success\",\"result\":\"Succeeded\",\"errorInfo\":[{\"errorCode\":"
         "\"TooManyRequestsForCapacity\"}]",
         LK_BATCH_SUCCEEDED, false},
        {"\"state\":\"starting\",\"log\":[\"[TooManyRequestsForCapacity] printed by a payload\"]",
         LK_BATCH_GOING, false},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
        struct lk_livy_batch batch;
        lk_buf_printf(&text, "{\"id\":\"a-1\"%s%s}", cases[i].members[0] ? "," : "",
                      cases[i].members);
        batch = read_text("fabric", lk_buf_view(&text));
        if (batch.end != cases[i].end || batch.result_pending != cases[i].pending)
            fail_msg("%s is %s%s", cases[i].members, lk_batch_end_name(batch.end),
                     batch.result_pending ? ", pending" : "");
        lk_livy_batch_done(&batch);
    }
}

static void a_full_capacity_is_told_from_other_failures(void **state)
{
    struct lk_livy_batch batch =
        read_text("fabric", LK_STR("{\"id\":\"a\",\"state\":\"not_started\",\"errorInfo\":[{"
                                   "\"message\":\"[TooManyRequestsForCapacity] Full. HTTP status "
                                   "code: 430\"}]}"));

    (void)state;
    assert_true(batch.capacity_full);
    assert_contains(batch.message, "HTTP status code: 430");
    assert_string_equal(batch.phase, "failed");
    lk_livy_batch_done(&batch);
    batch = read_text("fabric", LK_STR("{\"id\":\"a\",\"state\":\"dead\"}"));
    assert_false(batch.capacity_full);
    lk_livy_batch_done(&batch);
}

static void killed_after_a_cancel_of_ours_is_cancelled(void **state)
{
    static const struct {
        const char *reply;
        enum lk_batch_end before, after;
    } cases[] = {
        {"{\"id\":1,\"state\":\"killed\"}", LK_BATCH_FAILED, LK_BATCH_CANCELLED},
        {"{\"id\":1,\"state\":\"dead\"}", LK_BATCH_FAILED, LK_BATCH_FAILED},
        {"{\"id\":1,\"state\":\"success\"}", LK_BATCH_SUCCEEDED, LK_BATCH_SUCCEEDED},
        {"{\"id\":1,\"state\":\"running\"}", LK_BATCH_GOING, LK_BATCH_GOING},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_livy_batch batch = read_text("apache", lk_str_from(cases[i].reply));
        assert_int_equal(batch.end, cases[i].before);
        lk_livy_batch_cancel_was_asked(&batch);
        assert_int_equal(batch.end, cases[i].after);
        assert_true(batch.cancel_requested);
        lk_livy_batch_done(&batch);
    }
}

/* The replies of real servers (livy.md §3, §5), by what each service tells an end with. */
static void each_service_ends_a_batch_in_its_own_words(void **state)
{
    static const struct {
        const char *kind, *reply;
        enum lk_batch_end end;
        bool pending;
    } cases[] = {
        {"apache", "{\"id\":0,\"state\":\"starting\",\"log\":[]}", LK_BATCH_GOING, false},
        {"apache", "{\"id\":0,\"state\":\"recovering\"}", LK_BATCH_GOING, false},
        {"apache", "{\"id\":0,\"state\":\"success\",\"appId\":null}", LK_BATCH_SUCCEEDED, false},
        {"apache", "{\"id\":0,\"state\":\"dead\"}", LK_BATCH_FAILED, false},
        {"hdinsight", "{\"id\":7,\"state\":\"killed\"}", LK_BATCH_FAILED, false},
        {"synapse", "{\"id\":3,\"state\":\"success\",\"result\":\"Uncertain\"}", LK_BATCH_SUCCEEDED,
         true},
        {"synapse", "{\"id\":3,\"state\":\"not_started\",\"result\":\"Uncertain\"}", LK_BATCH_GOING,
         false},
        {"synapse", "{\"id\":3,\"state\":\"error\",\"result\":\"Failed\"}", LK_BATCH_FAILED, false},
        {"synapse", "{\"id\":3,\"state\":\"killed\",\"result\":\"Cancelled\"}", LK_BATCH_CANCELLED,
         false},
        {"fabric", "{\"id\":\"a\",\"fabricBatchStateInfo\":{\"state\":\"expired\"}}",
         LK_BATCH_FAILED, false},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_livy_batch batch = read_text(cases[i].kind, lk_str_from(cases[i].reply));
        if (batch.end != cases[i].end || batch.result_pending != cases[i].pending)
            fail_msg("%s: %s", cases[i].kind, cases[i].reply);
        lk_livy_batch_done(&batch);
    }
}

/* ---- one whole reply ----------------------------------------------------------------------------
 */

#define WHOLE                                                                                      \
    "{\"id\":\"33333333-3333-4333-8333-333333333333\",\"name\":\"nightly\",\"appId\":"             \
    "\"application_1\",\"state\":\"dead\",\"result\":\"Failed\",\"submitterName\":\"ada\","        \
    "\"tags\":{\"submitId\":\"s-1\"},\"errorInfo\":[{\"message\":\"It broke.\",\"errorCode\":"     \
    "\"X\"},{\"message\":\"Badly.\"}],\"schedulerInfo\":{\"submittedAt\":"                         \
    "\"2026-11-24T01:50:00Z\",\"queuedAt\":\"2026-11-24T01:50:01Z\",\"endedAt\":"                  \
    "\"2026-11-24T01:55:00Z\",\"currentState\":\"Ended\"},\"pluginInfo\":"                         \
    "{\"preparationStartedAt\":\"2026-11-24T01:50:10Z\",\"currentState\":\"Ended\"},\"livyInfo\":" \
    "{\"startingAt\":\"2026-11-24T01:50:30Z\",\"runningAt\":\"2026-11-24T01:51:00Z\",\"deadAt\":"  \
    "\"2026-11-24T01:54:00Z\"},\"appInfo\":{\"sparkUiUrl\":\"https://ui.example/1\"}}"

static void a_whole_reply_is_read(void **state)
{
    struct lk_livy_batch batch = read_text("fabric", LK_STR(WHOLE));
    const int64_t start = 1795485000000;

    (void)state;
    assert_string_equal(batch.id, "33333333-3333-4333-8333-333333333333");
    assert_string_equal(batch.name, "nightly");
    assert_string_equal(batch.app_id, "application_1");
    assert_string_equal(batch.submit_id, "s-1");
    assert_string_equal(batch.submitter, "ada");
    assert_string_equal(batch.message, "It broke.; Badly.");
    assert_string_equal(batch.phase, "failed");
    assert_string_equal(batch.spark_ui_url, "https://ui.example/1");
    assert_int_equal(batch.submitted_ms, start);
    assert_int_equal(batch.queued_ms, start + 1000);
    assert_int_equal(batch.preparing_ms, start + 10000);
    assert_int_equal(batch.starting_ms, start + 30000);
    assert_int_equal(batch.running_ms, start + 60000);
    assert_int_equal(batch.ended_ms, start + 300000);
    lk_livy_batch_done(&batch);
}

static void the_list_and_the_history_have_shapes_of_their_own(void **state)
{
    struct lk_livy_batch batch =
        read_text("fabric", LK_STR("{\"id\":\"a\",\"livyState\":\"success\",\"submittedAt\":"
                                   "\"2026-11-24T01:50:00Z\",\"startedAt\":"
                                   "\"2026-11-24T01:50:05Z\",\"endedAt\":"
                                   "\"2026-11-24T01:50:09Z\"}"));

    (void)state;
    assert_int_equal(batch.end, LK_BATCH_SUCCEEDED);
    assert_int_equal(batch.ended_ms - batch.submitted_ms, 9000);
    assert_int_equal(batch.starting_ms - batch.submitted_ms, 5000);
    lk_livy_batch_done(&batch);

    batch = read_text("fabric", LK_STR("{\"livyId\":\"b\",\"livyName\":\"n\",\"state\":\"Failed\","
                                       "\"sparkApplicationId\":\"app\",\"cancellationReason\":"
                                       "null,\"endDateTime\":\"2026-11-24T01:50:09.5Z\"}"));
    assert_string_equal(batch.id, "b");
    assert_string_equal(batch.name, "n");
    assert_string_equal(batch.app_id, "app");
    assert_int_equal(batch.end, LK_BATCH_FAILED);
    assert_true(batch.ended_ms > 0);
    lk_livy_batch_done(&batch);
}

static void the_phase_is_one_readable_line(void **state)
{
    static const struct {
        const char *members, *phase;
    } cases[] = {
        {"\"fabricBatchStateInfo\":{\"state\":\"libraryPackaging\"}", "library packaging"},
        {"\"fabricBatchStateInfo\":{\"state\":\"queued\",\"errorMessage\":\"waits\"}",
         "queued: waits"},
        {"\"fabricBatchStateInfo\":{\"state\":\"unknown\"},\"state\":\"not_started\"",
         "not started"},
        {"\"state\":\"not_started\",\"schedulerInfo\":{\"currentState\":\"Queued\"}", "queued"},
        {"\"state\":\"starting\",\"schedulerInfo\":{\"currentState\":\"Scheduled\"},"
         "\"pluginInfo\":{\"currentState\":\"ResourceAcquisition\"}",
         "resource acquisition"},
        {"\"state\":\"running\",\"pluginInfo\":{\"currentState\":\"Monitoring\"}", "running"},
        {"\"state\":\"success\",\"fabricBatchStateInfo\":{\"state\":\"submitting\"}", "succeeded"},
        {"\"livyInfo\":{\"currentState\":\"shutting_down\"}", "shutting down"},
        {"\"x\":1", ""},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
        struct lk_livy_batch batch;
        lk_buf_printf(&text, "{\"id\":7,%s}", cases[i].members);
        batch = read_text("fabric", lk_buf_view(&text));
        assert_string_equal(batch.phase, cases[i].phase);
        assert_string_equal(batch.id, "7");
        lk_livy_batch_done(&batch);
    }
}

static void the_reason_is_taken_from_the_first_place_that_has_one(void **state)
{
    static const struct {
        const char *members, *message;
    } cases[] = {
        {"\"fabricBatchStateInfo\":{\"state\":\"error\",\"errorMessage\":\"A\"},\"message\":\"B\"",
         "A"},
        {"\"state\":\"dead\",\"message\":\"B\",\"cancellationReason\":\"C\"", "B"},
        {"\"state\":\"dead\",\"cancellationReason\":\"C\",\"errorInfo\":[{\"message\":\"D\"}]",
         "C"},
        {"\"state\":\"dead\",\"errorInfo\":[{\"message\":\"D\"},5,{}]", "D"},
        {"\"state\":\"dead\",\"log\":[\"x\",\"ValueError: E\",\"INFO done\"]", "ValueError: E"},
        {"\"state\":\"dead\",\"log\":[5,null]", ""},
        {"\"state\":\"running\",\"message\":\"B\"", ""},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
        struct lk_livy_batch batch;
        lk_buf_printf(&text, "{\"id\":7,%s}", cases[i].members);
        batch = read_text("fabric", lk_buf_view(&text));
        assert_string_equal(batch.message, cases[i].message);
        lk_livy_batch_done(&batch);
    }
}

static void a_reply_without_a_usable_id_is_refused(void **state)
{
    static const char *const texts[] = {"{}",          "{\"id\":null}",      "{\"id\":\"\"}",
                                        "{\"id\":{}}", "{\"id\":\"../x\"}",  "{\"id\":-1}",
                                        "[]",          "{\"id\":\"a b\"}",   "\"text\"",
                                        "5",           "{\"id\":\"a?b=c\"}", "{\"id\":1.5}"};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(texts); i++) {
        LK_CLEANUP(lk_json_unref) json_t *json = NULL;
        struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
        struct lk_error err = LK_ERROR_INIT;
        assert_lk_ok(lk_json_parse(lk_str_from(texts[i]), "the test", &json, &err), &err);
        assert_lk_status(
            LK_PROTOCOL,
            lk_livy_batch_read(lk_livy_profile_find(LK_STR("fabric")), json, &batch, &err), &err);
        assert_null(batch.raw);
    }
}

static void addresses_of_no_web_page_are_not_shown(void **state)
{
    struct lk_livy_batch batch = read_text(
        "apache", LK_STR("{\"id\":1,\"appInfo\":{\"sparkUiUrl\":\"javascript:alert(1)\"}}"));

    (void)state;
    assert_string_equal(batch.spark_ui_url, "");
    lk_livy_batch_done(&batch);
}

/* ---- what real Apache Livy sends
 * ------------------------------------------------------------------ */

static void captured_batches_are_read(void **state)
{
    static const struct {
        const char *file, *id, *name, *status;
        enum lk_batch_end end;
    } cases[] = {
        {"livy/apache/batch-create-201.http", "0", "job-a", "running", LK_BATCH_GOING},
        {"livy/apache/batch-get-running-200.http", NULL, NULL, "running", LK_BATCH_GOING},
        {"livy/apache/batch-get-starting-200.http", NULL, NULL, "starting", LK_BATCH_GOING},
        {"livy/apache/batch-get-success-200.http", NULL, NULL, "success", LK_BATCH_SUCCEEDED},
        {"livy/apache/batch-get-dead-exit-1-200.http", "12", "job-dead", "dead", LK_BATCH_FAILED},
        {"livy/apache/batch-get-dead-exception-200.http", NULL, NULL, "dead", LK_BATCH_FAILED},
        {"livy/apache/batch-get-phantom-of-refused-200.http", NULL, NULL, "starting",
         LK_BATCH_GOING},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_livy_batch batch = read_text("apache", golden_http(cases[i].file, 0).body);
        if (cases[i].id)
            assert_string_equal(batch.id, cases[i].id);
        if (cases[i].name)
            assert_string_equal(batch.name, cases[i].name);
        assert_string_equal(batch.state, cases[i].status);
        assert_int_equal(batch.end, cases[i].end);
        lk_livy_batch_done(&batch);
    }
}

/* ---- phases
 * ------------------------------------------------------------------------------------------ */

static void phases_follow_each_other_without_gaps(void **state)
{
    struct lk_livy_batch batch = read_text("fabric", LK_STR(WHOLE));
    struct lk_batch_phase phases[LK_BATCH_PHASES_MAX];
    const int64_t start = 1795485000000;

    (void)state;
    assert_int_equal(lk_livy_batch_phases(&batch, 0, phases), 4);
    assert_string_equal(phases[0].name, "queued");
    assert_int_equal(phases[0].from_ms, start + 1000);
    assert_int_equal(phases[0].to_ms, start + 10000);
    assert_string_equal(phases[1].name, "packaging");
    assert_string_equal(phases[2].name, "starting");
    assert_string_equal(phases[3].name, "running");
    assert_int_equal(phases[3].from_ms, phases[2].to_ms);
    assert_int_equal(phases[3].to_ms, start + 300000);
    lk_livy_batch_done(&batch);
}

static void phases_with_gaps_and_clocks_that_disagree_stay_in_order(void **state)
{
    static const struct {
        int64_t queued, preparing, starting, running, ended;
        enum lk_batch_end end;
        size_t count;
        const char *last;
        int64_t last_to;
    } cases[] = {
        {0, 0, 0, 0, 0, LK_BATCH_GOING, 0, "", 0},
        {100, 0, 0, 0, 0, LK_BATCH_GOING, 1, "queued", 1000},
        {100, 0, 0, 300, 0, LK_BATCH_GOING, 2, "running", 1000},
        {100, 0, 0, 300, 500, LK_BATCH_SUCCEEDED, 2, "running", 500},
        {100, 90, 95, 300, 500, LK_BATCH_SUCCEEDED, 2, "running", 500},
        {100, 200, 200, 300, 500, LK_BATCH_SUCCEEDED, 3, "running", 500},
        {100, 0, 0, 300, 0, LK_BATCH_FAILED, 2, "running", 300},
        {100, 0, 0, 300, 200, LK_BATCH_FAILED, 2, "running", 300},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_livy_batch batch = {.tells_phases = true,
                                      .queued_ms = cases[i].queued,
                                      .preparing_ms = cases[i].preparing,
                                      .starting_ms = cases[i].starting,
                                      .running_ms = cases[i].running,
                                      .ended_ms = cases[i].ended,
                                      .end = cases[i].end};
        struct lk_batch_phase phases[LK_BATCH_PHASES_MAX];
        size_t count = lk_livy_batch_phases(&batch, 1000, phases);
        assert_int_equal(count, cases[i].count);
        for (size_t j = 0; j < count; j++) {
            assert_true(phases[j].from_ms <= phases[j].to_ms);
            if (j)
                assert_int_equal(phases[j].from_ms, phases[j - 1].to_ms);
        }
        if (count) {
            assert_string_equal(phases[count - 1].name, cases[i].last);
            assert_int_equal(phases[count - 1].to_ms, cases[i].last_to);
        }
    }
}

/* Between the times of a list item more than one phase may lie. */
static void a_list_tells_times_but_no_phases(void **state)
{
    struct lk_batch_phase phases[LK_BATCH_PHASES_MAX];
    struct lk_livy_batch batch = read_text(
        "fabric",
        LK_STR("{\"id\":\"a\",\"livyState\":\"success\",\"submittedAt\":\"2026-11-24T01:00:00Z\","
               "\"startedAt\":\"2026-11-24T01:00:01Z\",\"endedAt\":\"2026-11-24T01:02:00Z\"}"));

    (void)state;
    assert_true(batch.submitted_ms > 0);
    assert_true(batch.ended_ms > batch.submitted_ms);
    assert_int_equal(lk_livy_batch_phases(&batch, 0, phases), 0);
    lk_livy_batch_done(&batch);
}

static void times_that_say_nothing_are_none(void **state)
{
    struct lk_livy_batch batch =
        read_text("fabric", LK_STR("{\"id\":1,\"state\":\"dead\",\"schedulerInfo\":{"
                                   "\"submittedAt\":\"0001-01-01T00:00:00\",\"queuedAt\":\"soon\","
                                   "\"endedAt\":5}}"));

    (void)state;
    assert_int_equal(batch.submitted_ms, 0);
    assert_int_equal(batch.queued_ms, 0);
    assert_int_equal(batch.ended_ms, 0);
    lk_livy_batch_done(&batch);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_is_judged_by_all_signals_together),
        cmocka_unit_test(a_full_capacity_is_told_from_other_failures),
        cmocka_unit_test(killed_after_a_cancel_of_ours_is_cancelled),
        cmocka_unit_test(each_service_ends_a_batch_in_its_own_words),
        cmocka_unit_test(a_whole_reply_is_read),
        cmocka_unit_test(the_list_and_the_history_have_shapes_of_their_own),
        cmocka_unit_test(the_phase_is_one_readable_line),
        cmocka_unit_test(the_reason_is_taken_from_the_first_place_that_has_one),
        cmocka_unit_test(a_reply_without_a_usable_id_is_refused),
        cmocka_unit_test(addresses_of_no_web_page_are_not_shown),
        cmocka_unit_test(captured_batches_are_read),
        cmocka_unit_test(phases_follow_each_other_without_gaps),
        cmocka_unit_test(phases_with_gaps_and_clocks_that_disagree_stay_in_order),
        cmocka_unit_test(a_list_tells_times_but_no_phases),
        cmocka_unit_test(times_that_say_nothing_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
