/* Synapse's face (livy.md §5). */
#include "livy_fixture.h"

#include "support/assert.h"

#define FILES "abfss://demo@onelake.dfs.fabric.microsoft.com/Lake.Lakehouse/Files/"

static int ask(struct fixture *f, enum local_method method, const char *path, const char *query,
               const char *body, char **ret)
{
    struct local_request request = make_request(method, path, query, lk_str_from(body));
    struct local_caller caller = {.oid = "oid", .name = "tester", .is_user = true};
    struct local_reply reply;
    int status;

    local_reply_init(&reply);
    local_livy_answer_synapse(f->livy, request.path, &request, &caller, &reply);
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

static json_t *wait_for(struct fixture *f, const char *path, const char *query, const char *state)
{
    for (int looks = 0; looks < LOOKS; looks++) {
        json_t *json = ask_json(f, LOCAL_GET, path, query, "", 200);

        if (strcmp(text_at(json, "state"), state) == 0)
            return json;
        json_decref(json);
        look_again_soon();
    }
    fail_msg("%s is not %s", path, state);
    return NULL;
}

static void a_batch_is_submitted_with_200_a_number_and_its_tags(void **state)
{
    struct fixture *f = *state;
    json_t *json;

    write_payload(f, "ok.py", "echo hello\n");
    json = ask_json(f, LOCAL_POST, "/demo/batches", "",
                    "{\"name\":\"job\",\"file\":\"" FILES "ok.py\",\"tags\":{\"a\":\"b\"},"
                    "\"artifactId\":\"x\"}",
                    200);
    assert_true(json_is_integer(json_object_get(json, "id")));
    assert_string_equal(text_at(json, "state"), "not_started");
    assert_string_equal(text_at(json_object_get(json, "tags"), "a"), "b");
    assert_true(json_is_null(json_object_get(json, "log")));
    assert_null(json_object_get(json, "livyInfo"));
    json_decref(json);
    json = wait_for(f, "/demo/batches/0", "", "success");
    assert_null(json_object_get(json, "result"));
    assert_string_equal(json_string_value(json_array_get(json_object_get(json, "log"), 1)),
                        "hello");
    json_decref(json);
}

static void the_details_come_when_they_are_asked_for(void **state)
{
    struct fixture *f = *state;
    json_t *json;

    write_payload(f, "bad.py",
                  "echo '{\"event\":\"error\",\"type\":\"ValueError\",\"message\":\"no\"}' "
                  ">>$LIVY_LOCAL_STATUS\nexit 1\n");
    json_decref(ask_json(f, LOCAL_POST, "/demo/batches", "detailed=true",
                         "{\"name\":\"job\",\"file\":\"" FILES "bad.py\",\"tags\":{\"a\":\"b\"}}",
                         200));
    json = wait_for(f, "/demo/batches/0", "detailed=true", "dead");
    assert_string_equal(text_at(json, "result"), "Failed");
    assert_string_equal(text_at(json, "sparkPoolName"), "demo");
    assert_string_equal(text_at(json_array_get(json_object_get(json, "errorInfo"), 0), "errorCode"),
                        "ValueError");
    assert_non_null(json_object_get(json_object_get(json, "schedulerInfo"), "endedAt"));
    assert_null(json_object_get(json_object_get(json, "schedulerInfo"), "queuedAt"));
    assert_string_equal(text_at(json_object_get(json, "livyInfo"), "currentState"), "dead");
    assert_null(json_object_get(
        json_object_get(json_object_get(json, "livyInfo"), "jobCreationRequest"), "tags"));
    json_decref(json);
}

static void cancelling_answers_with_nothing_and_keeps_the_record(void **state)
{
    struct fixture *f = *state;
    json_t *json;
    char *text;

    write_payload(f, "slow.py", "exec sleep 1000\n");
    json_decref(ask_json(f, LOCAL_POST, "/demo/batches", "",
                         "{\"name\":\"job\",\"file\":\"" FILES "slow.py\"}", 200));
    json_decref(wait_for(f, "/demo/batches/0", "", "running"));
    assert_int_equal(ask(f, LOCAL_DELETE, "/demo/batches/0", "", "", &text), 200);
    assert_string_equal(text, "");
    free(text);
    json = wait_for(f, "/demo/batches/0", "detailed=true", "killed");
    assert_string_equal(text_at(json, "result"), "Cancelled");
    json_decref(json);
}

static void a_page_holds_at_most_twenty(void **state)
{
    struct fixture *f = *state;
    json_t *json;

    f->livy->limits.at_once = 1;
    write_payload(f, "slow.py", "exec sleep 1000\n");
    for (int i = 0; i < 22; i++)
        json_decref(ask_json(f, LOCAL_POST, "/demo/batches", "",
                             "{\"name\":\"job\",\"file\":\"" FILES "slow.py\"}", 200));
    json = ask_json(f, LOCAL_GET, "/demo/batches", "", "", 200);
    assert_int_equal(json_integer_value(json_object_get(json, "total")), 22);
    assert_int_equal(json_array_size(json_object_get(json, "sessions")), 20);
    json_decref(json);
    json = ask_json(f, LOCAL_GET, "/demo/batches/", "from=20&size=5&detailed=true", "", 200);
    assert_int_equal(json_integer_value(json_object_get(json, "from")), 20);
    assert_int_equal(json_array_size(json_object_get(json, "sessions")), 2);
    assert_non_null(
        json_object_get(json_array_get(json_object_get(json, "sessions"), 0), "schedulerInfo"));
    json_decref(json);
    json_decref(ask_json(f, LOCAL_GET, "/demo/batches", "size=21", "", 400));
}

static void what_is_wrong_is_told(void **state)
{
    static const struct {
        enum local_method method;
        const char *path, *body;
        int status;
        const char *part;
    } table[] = {
        {LOCAL_POST, "/demo/batches", "{\"file\":\"x\"}", 400, "'name' is required"},
        {LOCAL_POST, "/demo/batches", "{\"name\":\"x\"}", 400, "'file' is required"},
        {LOCAL_POST, "/demo/batches", "{\"queue\":\"x\"}", 400, "queue"},
        {LOCAL_POST, "/demo/batches", "{\"proxyUser\":\"x\"}", 400, "proxyUser"},
        {LOCAL_POST, "/demo/batches", "{\"tags\":[]}", 400, "tags"},
        {LOCAL_GET, "/other/batches", "", 404, "pool"},
        {LOCAL_GET, "/demo/batches/7", "", 404, "7"},
        {LOCAL_GET, "/demo/batches/job", "", 404, "job"},
        {LOCAL_DELETE, "/demo/batches/7", "", 404, "7"},
        {LOCAL_GET, "/demo/batches/0/log", "", 404, "nothing there"},
        {LOCAL_PUT, "/demo/batches/0", "", 405, "verb"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(table); i++) {
        json_t *json =
            ask_json(f, table[i].method, table[i].path, "", table[i].body, table[i].status);

        assert_contains(text_at(json_object_get(json, "error"), "message"), table[i].part);
        json_decref(json);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_batch_is_submitted_with_200_a_number_and_its_tags),
        TEST(the_details_come_when_they_are_asked_for),
        TEST(cancelling_answers_with_nothing_and_keeps_the_record),
        TEST(a_page_holds_at_most_twenty),
        TEST(what_is_wrong_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
