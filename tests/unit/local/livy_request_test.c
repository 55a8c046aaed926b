#include "lake_requests.h"

#include "local/livy_request.h"
#include "local/livy_route.h"

static const struct {
    const char *body;
    const char *complaint; /* part of the message; NULL: accepted */
} requests[] = {
    {"{\"file\":\"abfss://x\"}", NULL},
    {"{\"file\":\"f\",\"name\":\"n\",\"args\":[\"a\",\"b c\"],\"conf\":{\"spark.a\":\"1\"},"
     "\"tags\":{\"submitId\":\"x\"},\"numExecutors\":2,\"driverMemory\":\"28g\"}",
     NULL},
    {"{}", "'file' is required"},
    {"{\"file\":\"\"}", "'file' is required"},
    {"{\"file\":null}", "'file' must be a string"},
    {"{\"file\":1}", "'file' must be a string"},
    {"[]", "no JSON object"},
    {"", "no valid JSON"},
    {"{\"file\":\"f\"", "no valid JSON"},
    {"{\"file\":\"f\",\"file\":\"g\"}", "no valid JSON"},
    {"{\"file\":\"f\",\"conf\":{\"spark.a\":1}}", "'conf' must be an object whose values"},
    {"{\"file\":\"f\",\"conf\":{\"spark.a\":true}}", "'conf' must be"},
    {"{\"file\":\"f\",\"conf\":[]}", "'conf' must be"},
    {"{\"file\":\"f\",\"conf\":{\"\":\"x\"}}", "'conf' must be"},
    {"{\"file\":\"f\",\"conf\":{\"a=b\":\"x\"}}", "no Spark property"},
    {"{\"file\":\"f\",\"conf\":{\"a b\":\"x\"}}", "no Spark property"},
    {"{\"file\":\"f\",\"tags\":{\"a\":{}}}", "'tags' must be"},
    {"{\"file\":\"f\",\"args\":\"a\"}", "'args' must be a list"},
    {"{\"file\":\"f\",\"args\":[1]}", "'args' must be a list"},
    {"{\"file\":\"f\",\"numExecutors\":\"2\"}", "'numExecutors' must be an integer"},
    {"{\"file\":\"f\",\"driverCores\":0}", "'driverCores' must be"},
    {"{\"file\":\"f\",\"driverCores\":1.5}", "'driverCores' must be"},
    {"{\"file\":\"f\",\"conf\":{\"spark.fabric.environmentDetails\":"
     "\"{\\\"id\\\": \\\"11111111-2222-3333-4444-555555555555\\\"}\"}}",
     NULL},
    {"{\"file\":\"f\",\"conf\":{\"spark.fabric.environmentDetails\":\"{\\\"id\\\": \\\"my "
     "env\\\"}\"}}",
     "must be a string that holds"},
    {"{\"file\":\"f\",\"conf\":{\"spark.fabric.environmentDetails\":"
     "\"11111111-2222-3333-4444-555555555555\"}}",
     "must be a string that holds"},
    {"{\"file\":\"f\",\"queue\":\"q\"}", "Unknown field 'queue'"},
    {"{\"file\":\"f\",\"proxyUser\":\"q\"}", "Unknown field 'proxyUser'"},
    {"{\"file\":\"f\xff\"}", "no valid JSON"},
};

static void a_request_is_read_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < LK_COUNT(requests); i++) {
        struct lk_error err = LK_ERROR_INIT;
        json_t *json = NULL;
        enum lk_status st = local_livy_request_read(lk_str_from(requests[i].body), &json, &err);

        if (!requests[i].complaint) {
            assert_int_equal(st, LK_OK);
            assert_true(json_is_object(json));
        } else {
            assert_int_equal(st, LK_INVALID);
            assert_string_equal(err.code, "InvalidInput");
            if (!strstr(err.message, requests[i].complaint))
                fail_msg("%s: %s", requests[i].body, err.message);
        }
        json_decref(json);
    }
}

static void a_request_past_the_ceiling_is_refused(void **state)
{
    size_t len = LOCAL_LIVY_REQUEST_MAX + 1;
    char *body = malloc(len);
    json_t *json = NULL;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    memset(body, ' ', len);
    assert_int_equal(local_livy_request_read((struct lk_str){body, len}, &json, &err), LK_LIMIT);
    free(body);
}

#define LH "/v1/workspaces/W/lakehouses/L"

static const struct {
    const char *path;
    enum local_livy_resource resource;
    const char *id, *app;
} routes[] = {
    {LH "/livyapi/versions/2023-12-01/batches", LOCAL_LIVY_BATCHES, "", ""},
    {LH "/livyApi/versions/2023-12-01/batches/", LOCAL_LIVY_BATCHES, "", ""},
    {LH "/LIVYAPI/versions/2023-12-01/batches/b", LOCAL_LIVY_BATCH, "b", ""},
    {LH "/livyapi/versions/2023-12-01/batches/b/state", LOCAL_LIVY_NOWHERE, "", ""},
    {LH "/livyapi/versions/2024-12-01/batches", LOCAL_LIVY_NOWHERE, "", ""},
    {LH "/livyapi/versions/2023-12-01/sessions", LOCAL_LIVY_NOWHERE, "", ""},
    {LH "/livySessions", LOCAL_LIVY_HISTORY, "", ""},
    {LH "/livysessions/b", LOCAL_LIVY_HISTORY_ENTRY, "b", ""},
    {LH "/livySessions/b/applications/none/logs", LOCAL_LIVY_LOGS, "b", "none"},
    {LH "/livySessions/b/application/local-1/logs", LOCAL_LIVY_LOGS, "b", "local-1"},
    {LH "/livySessions/b/applications/local-1/1/logs", LOCAL_LIVY_LOGS, "b", "local-1"},
    {LH "/livySessions/b/applications/local-1", LOCAL_LIVY_NOWHERE, "b", ""},
    {"/v1/workspaces/W/spark/livySessions", LOCAL_LIVY_HISTORY, "", ""},
    {LH, LOCAL_LIVY_NOWHERE, "", ""},
    {"/", LOCAL_LIVY_NOWHERE, "", ""},
    {"", LOCAL_LIVY_NOWHERE, "", ""},
    {"/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o", LOCAL_LIVY_NOWHERE, "", ""},
};

static void a_path_names_its_resource(void **state)
{
    (void)state;
    for (size_t i = 0; i < LK_COUNT(routes); i++) {
        struct local_livy_route route = local_livy_route(lk_str_from(routes[i].path));

        if (route.resource != routes[i].resource)
            fail_msg("%s: %d", routes[i].path, route.resource);
        if (route.resource == LOCAL_LIVY_NOWHERE)
            continue;
        assert_true(lk_str_eq(route.workspace, LK_STR("W")));
        assert_true(lk_str_eq(route.id, lk_str_from(routes[i].id)));
        assert_true(lk_str_eq(route.app, lk_str_from(routes[i].app)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_read_strictly),
        cmocka_unit_test(a_request_past_the_ceiling_is_refused),
        cmocka_unit_test(a_path_names_its_resource),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
