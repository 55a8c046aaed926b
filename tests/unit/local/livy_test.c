/* The Livy service with a spark-submit of our own: a shell script that does as it is told. */
#include "livy_fixture.h"

#define LH    "/v1/workspaces/" DEMO_WS "/lakehouses/" DEMO_LH
#define LIVY  LH "/livyApi/versions/2023-12-01"
#define FILES "abfss://demo@onelake.dfs.fabric.microsoft.com/Lake.Lakehouse/Files/"

static int ask(struct fixture *f, enum local_method method, const char *path, const char *query,
               const char *body, char **ret)
{
    struct local_request request = make_request(method, path, query, lk_str_from(body));
    struct local_livy_route route = local_livy_route(request.path);
    struct local_caller caller = {.oid = "oid", .name = "tester", .is_user = true};
    struct local_reply reply;
    int status;

    local_reply_init(&reply);
    local_livy_answer(f->livy, &route, &request, &caller, &reply);
    status = reply.status;
    *ret = body_of(&reply);
    local_reply_done(&reply);
    return status;
}

static json_t *ask_json(struct fixture *f, enum local_method method, const char *path,
                        const char *query, const char *body, int status)
{
    char *text;
    int got = ask(f, method, path, query, body, &text);
    json_t *json = json_loads(text, 0, NULL);

    if (got != status || !json)
        fail_msg("%s: %d %s", path, got, text);
    free(text);
    return json;
}

static void submit(struct fixture *f, const char *payload, char id[LK_UUID_SIZE])
{
    char body[512];
    json_t *json;

    snprintf(body, sizeof body, "{\"file\":\"" FILES "%s\",\"name\":\"%s\"}", payload, payload);
    json = ask_json(f, LOCAL_POST, LIVY "/batches", "", body, 202);
    snprintf(id, LK_UUID_SIZE, "%s", json_string_value(json_object_get(json, "id")));
    assert_string_equal(json_string_value(json_object_get(json, "state")), "not_started");
    json_decref(json);
}

static json_t *get_batch(struct fixture *f, const char *id)
{
    char path[256];

    snprintf(path, sizeof path, LIVY "/batches/%s", id);
    return ask_json(f, LOCAL_GET, path, "", "", 200);
}

/* Real processes end when they end; there is a deadline, and no wait longer than needed. */
static json_t *wait_for(struct fixture *f, const char *id, const char *wanted)
{
    for (int tries = 0; tries < 2000; tries++) {
        json_t *json = get_batch(f, id);
        const char *state = json_string_value(json_object_get(json, "state"));

        if (strcmp(state, wanted) == 0)
            return json;
        if (tries == 1999)
            fail_msg("the batch is %s, not %s", state, wanted);
        json_decref(json);
        (void)!lk_clock_system()->wait_ms(lk_clock_system(), 10, NULL, NULL);
    }
    return NULL;
}

static void wait_for_app(struct fixture *f, const char *id)
{
    for (int looks = 0; looks < LOOKS; looks++) {
        json_t *json = get_batch(f, id);
        bool there = *text_at(json, "appId") != '\0';

        json_decref(json);
        if (there)
            return;
        look_again_soon();
    }
    fail_msg("no application");
}

static void a_payload_runs_in_the_lakehouse_and_its_output_is_the_driver_log(void **state)
{
    struct fixture *f = *state;
    char id[LK_UUID_SIZE], path[256], *log;
    json_t *json;

    write_payload(f, "ok.py",
                  "echo '{\"event\":\"application\",\"id\":\"local-42\"}' >>$LIVY_LOCAL_STATUS\n"
                  "echo hello from $(ls); echo trouble >&2\n");
    submit(f, "ok.py", id);
    json = wait_for(f, id, "success");
    assert_string_equal(text_at(json, "result"), "Succeeded");
    assert_string_equal(text_at(json, "appId"), "local-42");
    assert_true(json_array_size(json_object_get(json, "log")) >= 3);
    json_decref(json);
    snprintf(path, sizeof path, LH "/livySessions/%s/applications/local-42/logs", id);
    assert_int_equal(ask(f, LOCAL_GET, path, "type=driver&fileName=stdout", "", &log), 200);
    assert_string_equal(log, "hello from Files\n");
    free(log);
    assert_int_equal(ask(f, LOCAL_GET, path, "type=driver&fileName=stderr", "", &log), 200);
    assert_string_equal(log, "trouble\n");
    free(log);
    assert_false(local_livy_is_busy(f->livy));
}

static void a_payload_without_a_session_has_its_driver_log_all_the_same(void **state)
{
    struct fixture *f = *state;
    char id[LK_UUID_SIZE], path[256], *log;
    json_t *json;

    write_payload(f, "early.py", "echo 'ValueError: early' >&2; exit 1\n");
    submit(f, "early.py", id);
    json = wait_for(f, id, "dead");
    assert_int_equal(strncmp(text_at(json, "appId"), "local-", 6), 0);
    snprintf(path, sizeof path, LH "/livySessions/%s/applications/%s/logs", id,
             text_at(json, "appId"));
    json_decref(json);
    assert_int_equal(ask(f, LOCAL_GET, path, "type=driver&fileName=stderr", "", &log), 200);
    assert_string_equal(log, "ValueError: early\n");
    free(log);
}

static void a_log_is_read_in_parts(void **state)
{
    static const struct {
        const char *query;
        int status;
        const char *text;
    } parts[] = {
        {"&isDownload=true&isPartial=true&offset=2&size=3", 200, "234"},
        {"&isDownload=true&isPartial=true&offset=8&size=100", 200, "89"},
        {"&isDownload=true&isPartial=true&offset=10&size=5", 200, ""},
        {"&isDownload=true&isPartial=true&offset=999", 200, ""},
        {"&isDownload=true&isPartial=true", 200, "0123456789"},
        {"&isPartial=true&offset=2&size=3", 200, "0123456789"},
        {"&isDownload=true&isPartial=true&offset=-1", 400, NULL},
        {"&isDownload=true&isPartial=true&offset=x", 400, NULL},
        {"&isDownload=true&isPartial=true&size=99999999999", 400, NULL},
    };
    struct fixture *f = *state;
    char id[LK_UUID_SIZE], path[256], query[256], *log;

    write_payload(f, "ok.py",
                  "printf 0123456789\n"
                  "echo '{\"event\":\"application\",\"id\":\"local-42\"}' >>$LIVY_LOCAL_STATUS\n"
                  "while [ ! -e Files/go ]; do sleep 0.01; done\n");
    submit(f, "ok.py", id);
    wait_for_app(f, id);
    snprintf(path, sizeof path, LH "/livySessions/%s/applications/local-42/1/logs", id);
    for (size_t i = 0; i < LK_COUNT(parts); i++) {
        snprintf(query, sizeof query, "type=driver&fileName=stdout%s", parts[i].query);
        assert_int_equal(ask(f, LOCAL_GET, path, query, "", &log), parts[i].status);
        if (parts[i].text)
            assert_string_equal(log, parts[i].text);
        free(log);
    }
    assert_int_equal(ask(f, LOCAL_GET, path, "type=driver&fileName=stdout&meta=true", "", &log),
                     200);
    assert_non_null(strstr(log, "\"length\":10"));
    free(log);
    write_payload(f, "go", "");
    json_decref(wait_for(f, id, "success"));
    /* "Offset is only valid while the application is running." */
    assert_int_equal(
        ask(f, LOCAL_GET, path,
            "type=driver&fileName=stdout&isDownload=true&isPartial=true&offset=2&size=3", "", &log),
        200);
    assert_string_equal(log, "012");
    free(log);
    assert_int_equal(ask(f, LOCAL_GET, path, "type=rollingdriver&meta=true", "", &log), 200);
    assert_non_null(strstr(log, "\"containerLogMeta\":[{"));
    free(log);
    assert_int_equal(
        ask(f, LOCAL_GET, path, "type=rollingdriver&meta=true&offset=1&maxResults=1", "", &log),
        200);
    assert_null(strstr(log, "\"fileName\":\"stderr\""));
    assert_non_null(strstr(log, "\"fileName\":\"stdout\""));
    free(log);
    assert_int_equal(
        ask(f, LOCAL_GET, path, "type=rollingdriver&meta=true&maxResults=3001", "", &log), 400);
    free(log);
    assert_int_equal(ask(f, LOCAL_GET, path, "type=driver&fileName=../batch.json", "", &log), 400);
    free(log);
}

static void a_failing_payload_leaves_its_error_and_its_log(void **state)
{
    struct fixture *f = *state;
    char id[LK_UUID_SIZE];
    json_t *json, *error;

    write_payload(f, "bad.py",
                  "echo '{\"event\":\"error\",\"type\":\"AnalysisException\","
                  "\"message\":\"no table\"}' >>$LIVY_LOCAL_STATUS\nexit 1\n");
    submit(f, "bad.py", id);
    json = wait_for(f, id, "dead");
    assert_string_equal(text_at(json, "result"), "Failed");
    error = json_array_get(json_object_get(json, "errorInfo"), 0);
    assert_string_equal(text_at(error, "errorCode"), "AnalysisException");
    assert_string_equal(text_at(error, "message"), "no table");
    assert_string_equal(text_at(error, "source"), "User");
    json_decref(json);
}

static void a_missing_payload_is_accepted_and_dies_with_the_reason(void **state)
{
    struct fixture *f = *state;
    char id[LK_UUID_SIZE];
    json_t *json;

    submit(f, "missing.py", id);
    json = wait_for(f, id, "dead");
    assert_string_equal(text_at(json_array_get(json_object_get(json, "errorInfo"), 0), "errorCode"),
                        "PathNotFound");
    json_decref(json);
}

static void cancelling_ends_the_process_and_its_children(void **state)
{
    struct fixture *f = *state;
    char id[LK_UUID_SIZE], path[256], *text;
    json_t *json;

    write_payload(f, "long.py", "sleep 1000 & sleep 1000\n");
    submit(f, "long.py", id);
    json_decref(wait_for(f, id, "running"));
    assert_true(local_livy_is_busy(f->livy));
    snprintf(path, sizeof path, LIVY "/batches/%s", id);
    assert_int_equal(ask(f, LOCAL_DELETE, path, "", "", &text), 200);
    free(text);
    json = wait_for(f, id, "killed");
    assert_string_equal(text_at(json, "result"), "Cancelled");
    assert_string_equal(text_at(json, "cancellationReason"), "User cancelled the Spark batch");
    json_decref(json);
    assert_int_equal(ask(f, LOCAL_DELETE, path, "", "", &text), 200);
    free(text);
}

static void a_third_batch_waits_and_can_be_cancelled_while_it_waits(void **state)
{
    struct fixture *f = *state;
    char first[LK_UUID_SIZE], second[LK_UUID_SIZE], third[LK_UUID_SIZE], path[256], *text;
    json_t *json, *fabric;

    write_payload(f, "long.py", "sleep 1000\n");
    submit(f, "long.py", first);
    submit(f, "long.py", second);
    submit(f, "long.py", third);
    json_decref(wait_for(f, first, "running"));
    json_decref(wait_for(f, second, "running"));
    json = get_batch(f, third);
    fabric = json_object_get(json, "fabricBatchStateInfo");
    assert_string_equal(text_at(fabric, "state"), "queued");
    assert_non_null(strstr(text_at(fabric, "errorMessage"), "waiting for one of the 2"));
    json_decref(json);
    snprintf(path, sizeof path, LIVY "/batches/%s", third);
    assert_int_equal(ask(f, LOCAL_DELETE, path, "", "", &text), 200);
    free(text);
    json_decref(wait_for(f, third, "killed"));
    snprintf(path, sizeof path, LIVY "/batches/%s", first);
    assert_int_equal(ask(f, LOCAL_DELETE, path, "", "", &text), 200);
    free(text);
    json_decref(wait_for(f, first, "killed"));
}

static void batches_survive_a_restart_and_running_ones_are_ended(void **state)
{
    struct fixture *f = *state;
    char done[LK_UUID_SIZE], running[LK_UUID_SIZE];
    json_t *json;

    write_payload(f, "ok.py", "true\n");
    write_payload(f, "long.py", "sleep 1000\n");
    submit(f, "ok.py", done);
    json_decref(wait_for(f, done, "success"));
    submit(f, "long.py", running);
    json_decref(wait_for(f, running, "running"));
    local_livy_free(f->livy);
    start(f);
    json_decref(wait_for(f, done, "success"));
    json = wait_for(f, running, "killed");
    assert_string_equal(text_at(json, "cancellationReason"), "livy-local was stopped");
    json_decref(json);
    json = ask_json(f, LOCAL_GET, LIVY "/batches", "$top=1&$skip=0", "", 200);
    assert_int_equal(json_integer_value(json_object_get(json, "totalCountOfMatchedItems")), 2);
    assert_string_equal(text_at(json_array_get(json_object_get(json, "items"), 0), "id"), running);
    json_decref(json);
    json = ask_json(f, LOCAL_GET, LH "/livySessions", "", "", 200);
    assert_int_equal(json_array_size(json_object_get(json, "value")), 2);
    json_decref(json);
}

static void restart(struct fixture *f, const struct local_livy_limits *limits)
{
    local_livy_free(f->livy);
    f->options.limits = *limits;
    start(f);
}

static void past_the_limit_the_capacity_is_full(void **state)
{
    struct fixture *f = *state;
    char first[LK_UUID_SIZE], second[LK_UUID_SIZE];
    json_t *json;

    restart(f, &(struct local_livy_limits){.at_once = 1, .waiting = 1});
    write_payload(f, "long.py", "exec sleep 1000\n");
    submit(f, "long.py", first);
    json_decref(wait_for(f, first, "running"));
    submit(f, "long.py", second);
    json = ask_json(f, LOCAL_POST, LIVY "/batches", "", "{\"file\":\"" FILES "long.py\"}", 430);
    assert_string_equal(text_at(json, "errorCode"), "TooManyRequestsForCapacity");
    assert_non_null(strstr(text_at(json, "message"), "HTTP status code: 430"));
    assert_true(json_is_true(json_object_get(json, "isRetriable")));
    json_decref(json);
    json = ask_json(f, LOCAL_GET, LIVY "/batches", "", "", 200);
    assert_int_equal(json_integer_value(json_object_get(json, "totalCountOfMatchedItems")), 2);
    json_decref(json);
}

static void the_oldest_ended_batches_are_forgotten(void **state)
{
    struct fixture *f = *state;
    char ids[3][LK_UUID_SIZE], path[256];

    restart(f, &(struct local_livy_limits){.kept = 2});
    write_payload(f, "ok.py", "true\n");
    for (size_t i = 0; i < LK_COUNT(ids); i++) {
        submit(f, "ok.py", ids[i]);
        if (i < 2)
            json_decref(wait_for(f, ids[i], "success"));
    }
    for (int looks = 0; looks < LOOKS && count_jobs(f) == 3; looks++)
        look_again_soon();
    snprintf(path, sizeof path, LIVY "/batches/%s", ids[0]);
    json_decref(ask_json(f, LOCAL_GET, path, "", "", 404));
    json_decref(wait_for(f, ids[1], "success"));
    json_decref(wait_for(f, ids[2], "success"));
}

static void a_lost_record_is_in_no_answer(void **state)
{
    struct fixture *f = *state;
    char id[LK_UUID_SIZE], path[256];
    json_t *json;

    write_payload(f, "ok.py", "true\n");
    submit(f, "ok.py", id);
    local_livy_lose(f->livy);
    snprintf(path, sizeof path, LIVY "/batches/%s", id);
    json_decref(ask_json(f, LOCAL_GET, path, "", "", 404));
    json = ask_json(f, LOCAL_GET, LIVY "/batches", "$count=true", "", 200);
    assert_int_equal(json_integer_value(json_object_get(json, "totalCountOfMatchedItems")), 0);
    json_decref(json);
}

/* Each id of the pages, newest first, and how many pages there were. */
static int read_history(struct fixture *f, const char *query, json_t *ids)
{
    char next[512];
    int pages = 0;

    snprintf(next, sizeof next, "%s", query);
    for (bool more = true; more; pages++) {
        json_t *json =
            ask_json(f, LOCAL_GET, "/v1/workspaces/" DEMO_WS "/spark/livySessions", next, "", 200);
        json_t *item;
        size_t i;

        json_array_foreach(json_object_get(json, "value"), i, item)
            json_array_append(ids, json_object_get(item, "livyId"));
        more = json_is_string(json_object_get(json, "continuationToken"));
        assert_true(more == json_is_string(json_object_get(json, "continuationUri")));
        snprintf(next, sizeof next, "continuationToken=%s%s%s", text_at(json, "continuationToken"),
                 *query ? "&" : "", query);
        json_decref(json);
    }
    return pages;
}

static void the_history_comes_in_pages_that_new_batches_do_not_move(void **state)
{
    enum { BATCHES = LOCAL_LIVY_HISTORY_PAGE * 2 + 3 };
    struct fixture *f = *state;
    char ids[BATCHES][LK_UUID_SIZE];
    json_t *seen = json_array(), *json;

    write_payload(f, "long.py", "exec sleep 1000\n");
    for (int i = 0; i < BATCHES; i++)
        submit(f, "long.py", ids[i]);
    assert_int_equal(read_history(f, "", seen), 3);
    assert_int_equal(json_array_size(seen), BATCHES);
    for (int i = 0; i < BATCHES; i++)
        assert_string_equal(json_string_value(json_array_get(seen, (size_t)i)),
                            ids[BATCHES - 1 - i]);
    json_array_clear(seen);
    (void)read_history(f, "beta=true&state=cancelled", seen);
    assert_int_equal(json_array_size(seen), 0);
    (void)read_history(f, "beta=true&state=NotStarted&submitter.Id=oid", seen);
    assert_true(json_array_size(seen) >= BATCHES - 2);
    json_decref(seen);
    json = ask_json(f, LOCAL_GET, LH "/livySessions", "state=Failed", "", 400);
    json_decref(json);
    json = ask_json(f, LOCAL_GET, LH "/livySessions", "continuationToken=eHg=", "", 400);
    json_decref(json);
}

static void without_spark_a_submission_says_what_to_run(void **state)
{
    struct fixture *f = *state;
    json_t *json;

    local_livy_free(f->livy);
    f->options.spark_home = NULL;
    start(f);
    json = ask_json(f, LOCAL_POST, LIVY "/batches", "", "{\"file\":\"" FILES "x.py\"}", 400);
    assert_string_equal(text_at(json, "errorCode"), "SparkNotInstalled");
    assert_non_null(strstr(text_at(json, "message"), "./notebooks/install spark"));
    assert_true(lk_str_is_guid(lk_str_from(text_at(json, "requestId"))));
    json_decref(json);
}

/* The payload sees abfss:// set up, which needs what comes with Spark. */
static void spark_that_is_installed_meanwhile_is_used(void **state)
{
    struct fixture *f = *state;
    char id[LK_UUID_SIZE], path[512];
    json_t *json;

    local_livy_free(f->livy);
    snprintf(path, sizeof path, "%s/bin/spark-submit", f->spark);
    assert_int_equal(unlink(path), 0);
    write_text(f->java, "bin/keytool", "#!/bin/sh\n", 0755);
    write_payload(f, "x.py",
                  "grep -q azure.abfs.endpoint \"$SPARK_CONF_DIR/spark-defaults.conf\"\n");
    f->options.abfss = (struct local_livy_abfss){.endpoint = "localhost:1",
                                                 .token_url = "https://localhost:2",
                                                 .client_id = "id",
                                                 .client_secret = "secret",
                                                 .ca_file = "/ca.pem"};
    start(f);
    json = ask_json(f, LOCAL_POST, LIVY "/batches", "", "{\"file\":\"" FILES "x.py\"}", 400);
    json_decref(json);
    write_text(f->spark, "bin/spark-submit", fake_spark, 0755);
    submit(f, "x.py", id);
    json = wait_for(f, id, "success");
    json_decref(json);
}

static void what_is_not_there_is_answered_with_fabrics_errors(void **state)
{
    static const struct {
        enum local_method method;
        const char *path, *query, *body;
        int status;
        const char *code;
    } asked[] = {
        {LOCAL_GET, "/v1/none", "", "", 404, "EndpointNotFound"},
        {LOCAL_GET, LIVY "/batches/" DEMO_WS, "", "", 404, "SparkCoreSessionNotFound"},
        {LOCAL_DELETE, LIVY "/batches/" DEMO_WS, "", "", 404, "SparkCoreSessionNotFound"},
        {LOCAL_GET, LH "/livySessions/" DEMO_WS, "", "", 404, "SparkCoreSessionNotFound"},
        {LOCAL_GET, LH "/livySessions/" DEMO_WS "/applications/none/logs", "type=livy", "", 404,
         "SparkCoreSessionNotFound"},
        {LOCAL_GET, "/v1/workspaces/" DEMO_LH "/lakehouses/" DEMO_LH "/livySessions", "", "", 404,
         "WorkspaceNotFound"},
        {LOCAL_GET, "/v1/workspaces/" DEMO_WS "/lakehouses/" DEMO_WS "/livySessions", "", "", 404,
         "LakehouseNotFound"},
        {LOCAL_GET, "/v1/workspaces/demo/lakehouses/" DEMO_WS "/livySessions", "", "", 400,
         "InvalidInput"},
        {LOCAL_PUT, LIVY "/batches", "", "{}", 405, "UnsupportedHttpVerb"},
        {LOCAL_POST, LH "/livySessions", "", "{}", 405, "UnsupportedHttpVerb"},
        {LOCAL_POST, LIVY "/batches", "", "{}", 400, "InvalidInput"},
        {LOCAL_GET, LIVY "/batches", "$top=0", "", 400, "InvalidInput"},
        {LOCAL_GET, LIVY "/batches", "$skip=x", "", 400, "InvalidInput"},
        {LOCAL_GET, LIVY "/batches", "$count=perhaps", "", 400, "InvalidInput"},
        {LOCAL_GET, LIVY "/batches", "$filter=x", "", 400, "InvalidInput"},
        {LOCAL_GET, LIVY "/batches", "$orderby=x", "", 400, "InvalidInput"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(asked); i++) {
        json_t *json = ask_json(f, asked[i].method, asked[i].path, asked[i].query, asked[i].body,
                                asked[i].status);

        assert_string_equal(text_at(json, "errorCode"), asked[i].code);
        json_decref(json);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_payload_runs_in_the_lakehouse_and_its_output_is_the_driver_log),
        TEST(a_payload_without_a_session_has_its_driver_log_all_the_same),
        TEST(a_log_is_read_in_parts),
        TEST(a_failing_payload_leaves_its_error_and_its_log),
        TEST(a_missing_payload_is_accepted_and_dies_with_the_reason),
        TEST(cancelling_ends_the_process_and_its_children),
        TEST(a_third_batch_waits_and_can_be_cancelled_while_it_waits),
        TEST(batches_survive_a_restart_and_running_ones_are_ended),
        TEST(past_the_limit_the_capacity_is_full),
        TEST(the_oldest_ended_batches_are_forgotten),
        TEST(a_lost_record_is_in_no_answer),
        TEST(the_history_comes_in_pages_that_new_batches_do_not_move),
        TEST(without_spark_a_submission_says_what_to_run),
        TEST(spark_that_is_installed_meanwhile_is_used),
        TEST(what_is_not_there_is_answered_with_fabrics_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
