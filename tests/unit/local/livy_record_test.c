#include "lake_requests.h"

#include "local/livy_record.h"

static struct local_batch new_batch(void)
{
    struct local_batch batch;

    local_batch_init(&batch,
                     json_pack("{s:s,s:s,s:{s:s},s:{s:s}}", "file", "f", "name", "n", "conf",
                               "spark.a", "1", "tags", "submitId", "x"),
                     1000);
    return batch;
}

static const char *text_at(const json_t *json, const char *outer, const char *inner)
{
    const json_t *at = outer ? json_object_get(json, outer) : json;
    const char *text = json_string_value(json_object_get(at, inner));

    return text ? text : "";
}

static void check_reply(const struct local_batch *batch, const char *state, const char *result,
                        const char *fabric)
{
    json_t *json = local_batch_reply(batch, &demo_place, LK_STR("one\ntwo\n"));

    assert_string_equal(text_at(json, NULL, "state"), state);
    assert_string_equal(text_at(json, "livyInfo", "currentState"), state);
    assert_string_equal(text_at(json, NULL, "result"), result);
    assert_string_equal(text_at(json, "fabricBatchStateInfo", "state"), fabric);
    assert_string_equal(text_at(json, "tags", "submitId"), "x");
    assert_int_equal(json_array_size(json_object_get(json, "log")), 2);
    json_decref(json);
}

static void a_batch_goes_forward_and_its_reply_with_it(void **state)
{
    struct local_batch batch = new_batch();

    (void)state;
    check_reply(&batch, "not_started", "Uncertain", "queued");
    local_batch_enter(&batch, LOCAL_BATCH_PACKAGING, 2000);
    check_reply(&batch, "not_started", "Uncertain", "libraryPackaging");
    local_batch_enter(&batch, LOCAL_BATCH_STARTING, 3000);
    check_reply(&batch, "starting", "Uncertain", "submitting");
    local_batch_enter(&batch, LOCAL_BATCH_RUNNING, 4000);
    check_reply(&batch, "running", "Uncertain", "");
    local_batch_enter(&batch, LOCAL_BATCH_STARTING, 4500);
    check_reply(&batch, "running", "Uncertain", "");
    local_batch_finish(&batch, 0, 5000);
    check_reply(&batch, "success", "Succeeded", "");
    local_batch_finish(&batch, 1, 6000);
    check_reply(&batch, "success", "Succeeded", "");
    assert_int_equal(batch.at_ms[LOCAL_BATCH_DEAD], 0);
    local_batch_done(&batch);
}

static void the_request_is_echoed_without_tags(void **state)
{
    struct local_batch batch = new_batch();
    json_t *json = local_batch_reply(&batch, &demo_place, LK_STR_EMPTY);
    json_t *echo = json_object_get(json_object_get(json, "livyInfo"), "jobCreationRequest");

    (void)state;
    assert_string_equal(text_at(echo, NULL, "file"), "f");
    assert_null(json_object_get(echo, "tags"));
    assert_non_null(json_object_get(batch.request, "tags"));
    json_decref(json);
    local_batch_done(&batch);
}

static void a_failed_batch_names_the_first_cause(void **state)
{
    struct local_batch batch = new_batch();
    json_t *json, *error;

    (void)state;
    local_batch_enter(&batch, LOCAL_BATCH_RUNNING, 2000);
    local_batch_blame(&batch, "AnalysisException", "User", LK_STR("no such table"));
    local_batch_finish(&batch, 1, 3000);
    check_reply(&batch, "dead", "Failed", "error");
    json = local_batch_reply(&batch, &demo_place, LK_STR_EMPTY);
    error = json_array_get(json_object_get(json, "errorInfo"), 0);
    assert_string_equal(text_at(error, NULL, "errorCode"), "AnalysisException");
    assert_string_equal(text_at(error, NULL, "message"), "no such table");
    json_decref(json);
    local_batch_done(&batch);
}

static void a_cancelled_batch_is_killed_unless_it_was_done(void **state)
{
    struct local_batch batch = new_batch(), quick = new_batch();

    (void)state;
    local_batch_enter(&batch, LOCAL_BATCH_RUNNING, 2000);
    batch.cancel_ms = 2500;
    check_reply(&batch, "running", "Uncertain", "cancelling");
    local_batch_finish(&batch, 143, 3000);
    check_reply(&batch, "killed", "Cancelled", "cancelled");
    quick.cancel_ms = 2500;
    local_batch_finish(&quick, 0, 3000);
    check_reply(&quick, "success", "Succeeded", "");
    local_batch_done(&batch);
    local_batch_done(&quick);
}

static void a_batch_that_lost_its_server_has_ended_with_a_reason(void **state)
{
    struct local_batch running = new_batch(), queued = new_batch();

    (void)state;
    local_batch_enter(&running, LOCAL_BATCH_RUNNING, 2000);
    local_batch_orphaned(&running, 9000);
    check_reply(&running, "dead", "Failed", "error");
    assert_string_equal(running.error_code, "ServerRestarted");
    local_batch_orphaned(&queued, 9000);
    check_reply(&queued, "killed", "Cancelled", "cancelled");
    assert_true(queued.reason[0] != '\0');
    local_batch_done(&running);
    local_batch_done(&queued);
}

static void a_saved_batch_comes_back_the_same(void **state)
{
    struct local_batch batch = new_batch(), again;
    json_t *saved, *twice;

    (void)state;
    local_batch_enter(&batch, LOCAL_BATCH_RUNNING, 2000);
    snprintf(batch.app_id, sizeof batch.app_id, "local-1");
    local_batch_blame(&batch, "E", "User", LK_STR("m"));
    local_batch_finish(&batch, 1, 3000);
    saved = local_batch_save(&batch);
    assert_int_equal(local_batch_load(saved, &again, NULL), LK_OK);
    twice = local_batch_save(&again);
    assert_true(json_equal(saved, twice));
    json_decref(saved);
    json_decref(twice);
    local_batch_done(&batch);
    local_batch_done(&again);
}

static void a_record_that_makes_no_sense_is_refused(void **state)
{
    static const char *const records[] = {
        "{}",
        "{\"id\":\"x\",\"phase\":\"dead\",\"times\":{\"queued\":1},\"request\":{}}",
        "{\"id\":\"" DEMO_WS "\",\"phase\":\"odd\",\"times\":{\"queued\":1},\"request\":{}}",
        "{\"id\":\"" DEMO_WS "\",\"phase\":\"dead\",\"times\":{},\"request\":{}}",
        "{\"id\":\"" DEMO_WS "\",\"phase\":\"dead\",\"times\":{\"queued\":1},\"request\":[]}",
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(records); i++) {
        json_t *json = json_loads(records[i], 0, NULL);
        struct local_batch batch;

        assert_non_null(json);
        assert_int_equal(local_batch_load(json, &batch, NULL), LK_PROTOCOL);
        json_decref(json);
    }
}

static void the_history_item_has_fabrics_names(void **state)
{
    struct local_batch batch = new_batch();
    json_t *json;

    (void)state;
    local_batch_enter(&batch, LOCAL_BATCH_STARTING, 3000);
    local_batch_enter(&batch, LOCAL_BATCH_RUNNING, 4000);
    json = local_batch_session_item(&batch, &demo_place, 6000);
    assert_string_equal(text_at(json, NULL, "state"), "InProgress");
    assert_string_equal(text_at(json, NULL, "livyId"), batch.id);
    assert_string_equal(text_at(json, "item", "itemId"), DEMO_LH);
    assert_true(
        json_real_value(json_object_get(json_object_get(json, "queuedDuration"), "value")) == 2.0);
    assert_true(
        json_real_value(json_object_get(json_object_get(json, "runningDuration"), "value")) == 3.0);
    json_decref(json);
    local_batch_done(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_goes_forward_and_its_reply_with_it),
        cmocka_unit_test(the_request_is_echoed_without_tags),
        cmocka_unit_test(a_failed_batch_names_the_first_cause),
        cmocka_unit_test(a_cancelled_batch_is_killed_unless_it_was_done),
        cmocka_unit_test(a_batch_that_lost_its_server_has_ended_with_a_reason),
        cmocka_unit_test(a_saved_batch_comes_back_the_same),
        cmocka_unit_test(a_record_that_makes_no_sense_is_refused),
        cmocka_unit_test(the_history_item_has_fabrics_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
