/* livy-local's other faces over the wire, as a client finds them: addresses and credentials out of
 * the state file, real sockets, real processes. */
#include "base/clock.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/json.h"
#include "base/secret.h"
#include "support/assert.h"
#include "support/local_service.h"
#include "support/temp_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOKS = 1000 };

struct asked {
    enum lk_http_method method;
    const char *endpoint; /* its name in the state file */
    const char *more;     /* after it */
    const char *body;
    const char *authorization; /* NULL: none */
    bool marked;               /* with X-Requested-By */
};

/* The status; the body is a new JSON value, or NULL when it is none. */
static int ask(struct local_service *service, const struct asked *asked, json_t **ret)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(1024);
    struct lk_secret authorization = LK_SECRET_INIT;
    struct lk_http_request request = {.method = asked->method, .body = lk_str_from(asked->body)};
    struct lk_error err = LK_ERROR_INIT;

    lk_buf_put(&url, lk_json_get_str(service->state, asked->endpoint));
    lk_buf_printf(&url, "%s", asked->more);
    request.url = lk_buf_view(&url);
    request.headers[request.header_count++] =
        (struct lk_http_header){LK_STR("Content-Type"), LK_STR("application/json")};
    if (asked->marked)
        request.headers[request.header_count++] =
            (struct lk_http_header){LK_STR("X-Requested-By"), LK_STR("me")};
    if (asked->authorization) {
        lk_secret_set(&authorization, lk_str_from(asked->authorization));
        request.authorization = &authorization;
    }
    assert_lk_ok(lk_http_send(service->http, &request, NULL, &reply, &err), &err);
    lk_secret_done(&authorization);
    *ret = json_loadb(lk_buf_cstr(&reply.body), reply.body.len, JSON_DECODE_ANY, NULL);
    return reply.status;
}

static void wait_for(struct local_service *service, const struct asked *asked, const char *state)
{
    for (int looks = 0; looks < LOOKS; looks++) {
        json_t *json;
        bool there = ask(service, asked, &json) == 200 &&
                     lk_str_eq(lk_json_get_str(json, "state"), lk_str_from(state));

        json_decref(json);
        if (there)
            return;
        (void)!lk_clock_system()->wait_ms(lk_clock_system(), 10, NULL, NULL);
    }
    fail_msg("%s%s is not %s", asked->endpoint, asked->more, state);
}

static char *payload_folder(void)
{
    char *folder = temp_folder_new();
    LK_CLEANUP(lk_free_ptr) char *path = temp_folder_path(folder, "ok.py");
    LK_CLEANUP(lk_free_ptr) char *sleeper = temp_folder_path(folder, "sleep.py");
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_file_write(path, 0600, LK_STR("\n"), &err), &err);
    assert_lk_ok(lk_file_write(sleeper, 0600, LK_STR("\n"), &err), &err);
    return folder;
}

static void apache_needs_no_password_and_removes_what_runs(void **state)
{
    char *folder = payload_folder(), body[512];
    const char *const options[] = {"--local-dir", folder, "--apache-version=0.7.1",
                                   "--batches",   "1",    NULL};
    struct local_service *service = local_service_new_with(options);
    json_t *json;

    (void)state;
    /* livy-kernel tells people of them. */
    json = json_object_get(json_object_get(service->state, "demo"), "folders");
    assert_str(lk_json_str(json_array_get(json, 0)), folder);
    assert_int_equal(json_array_size(json), 1);
    snprintf(body, sizeof body, "{\"name\":\"job\",\"file\":\"file://%s/sleep.py\"}", folder);
    assert_int_equal(
        ask(service, &(struct asked){LK_HTTP_POST, "apache_endpoint", "", body}, &json), 201);
    assert_int_equal(json_integer_value(json_object_get(json, "id")), 0);
    assert_null(json_object_get(json_object_get(json, "appInfo"), "executorLogUrls"));
    json_decref(json);
    wait_for(service, &(struct asked){LK_HTTP_GET, "apache_endpoint", "/job/state", ""}, "running");
    assert_int_equal(
        ask(service, &(struct asked){LK_HTTP_DELETE, "apache_endpoint", "/job", ""}, &json), 200);
    json_decref(json);
    assert_int_equal(
        ask(service, &(struct asked){LK_HTTP_GET, "apache_endpoint", "/job", ""}, &json), 404);
    json_decref(json);
    local_service_free(service);
    temp_folder_free(folder);
}

/* "Basic …" of the user in the state file; malloc'd. */
static char *basic(const struct local_service *service)
{
    const json_t *demo = json_object_get(service->state, "demo");
    LK_CLEANUP(lk_free_ptr)
    char *path = lk_str_dup(lk_json_get_str(demo, "basic_password_file"));
    LK_CLEANUP(lk_buf_done) struct lk_buf password = LK_BUF_INIT(1024);
    LK_CLEANUP(lk_buf_done) struct lk_buf pair = LK_BUF_INIT(1024);
    struct lk_buf ret = LK_BUF_INIT(2048);
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_file_read(path, &password, &err), &err);
    lk_buf_printf(&pair, "%.*s:%s", LK_STR_ARGS(lk_json_get_str(demo, "basic_user")),
                  lk_buf_cstr(&password));
    lk_buf_put(&ret, LK_STR("Basic "));
    lk_base64_encode(lk_buf_view(&pair), &ret);
    return lk_buf_take(&ret);
}

static void hdinsight_lets_in_who_knows_the_password(void **state)
{
    char *folder = payload_folder(), body[512];
    const char *const options[] = {"--local-dir", folder, NULL};
    struct local_service *service = local_service_new_with(options);
    LK_CLEANUP(lk_free_ptr) char *password = basic(service);
    const char *endpoint = "hdinsight_endpoint";
    json_t *json;

    (void)state;
    snprintf(body, sizeof body, "{\"name\":\"job\",\"file\":\"file://%s/ok.py\"}", folder);
    assert_int_equal(ask(service, &(struct asked){LK_HTTP_GET, endpoint, "", ""}, &json), 401);
    assert_null(json);
    assert_int_equal(
        ask(service, &(struct asked){LK_HTTP_POST, endpoint, "", body, password}, &json), 400);
    assert_null(json);
    assert_int_equal(
        ask(service, &(struct asked){LK_HTTP_POST, endpoint, "", body, password, true}, &json),
        201);
    assert_string_equal(json_string_value(json_object_get(json, "owner")), "admin");
    json_decref(json);
    wait_for(service, &(struct asked){LK_HTTP_GET, endpoint, "/0", "", password}, "success");
    local_service_free(service);
    temp_folder_free(folder);
}

/* "Bearer …" for Synapse, from the service's own Entra; malloc'd. */
static char *bearer(struct local_service *service)
{
    const json_t *demo = json_object_get(service->state, "demo");
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(1024);
    LK_CLEANUP(lk_buf_done) struct lk_buf form = LK_BUF_INIT(4096);
    LK_CLEANUP(lk_free_ptr) char *secret = local_service_secret(service);
    struct lk_http_request request = {.method = LK_HTTP_POST, .header_count = 1};
    struct lk_buf ret = LK_BUF_INIT(1 << 16);
    struct lk_error err = LK_ERROR_INIT;
    json_t *json;

    lk_buf_printf(&url, "%.*s/%.*s/oauth2/v2.0/token",
                  LK_STR_ARGS(lk_json_get_str(service->state, "authority")),
                  LK_STR_ARGS(lk_json_get_str(demo, "tenant")));
    lk_form_put(&form, LK_STR("grant_type"), LK_STR("client_credentials"));
    lk_form_put(&form, LK_STR("client_id"), lk_json_get_str(demo, "client"));
    lk_form_put(&form, LK_STR("client_secret"), lk_str_from(secret));
    lk_form_put(&form, LK_STR("scope"), LK_STR("https://dev.azuresynapse.net/.default"));
    request.url = lk_buf_view(&url);
    request.body = lk_buf_view(&form);
    request.headers[0] = (struct lk_http_header){LK_STR("Content-Type"),
                                                 LK_STR("application/x-www-form-urlencoded")};
    assert_lk_ok(lk_http_send(service->http, &request, NULL, &reply, &err), &err);
    assert_int_equal(reply.status, 200);
    json = json_loads(lk_buf_cstr(&reply.body), 0, NULL);
    lk_buf_printf(&ret, "Bearer %s", json_string_value(json_object_get(json, "access_token")));
    json_decref(json);
    return lk_buf_take(&ret);
}

static void synapse_takes_a_token_of_its_own_audience(void **state)
{
    struct local_service *service = local_service_new();
    LK_CLEANUP(lk_free_ptr) char *token = bearer(service);
    const char *endpoint = "synapse_endpoint";
    json_t *json;

    (void)state;
    assert_int_equal(ask(service, &(struct asked){LK_HTTP_GET, endpoint, "", ""}, &json), 401);
    json_decref(json);
    assert_int_equal(ask(service,
                         &(struct asked){LK_HTTP_POST, endpoint, "?detailed=true",
                                         "{\"name\":\"job\",\"file\":\"wasbs://c@a/none.py\","
                                         "\"tags\":{\"submitId\":\"x\"}}",
                                         token},
                         &json),
                     200);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(json, "tags"), "submitId")), "x");
    json_decref(json);
    wait_for(service, &(struct asked){LK_HTTP_GET, endpoint, "/0", "", token}, "dead");
    /* The audience of one is not the audience of the other. */
    assert_int_equal(
        ask(service, &(struct asked){LK_HTTP_GET, "livy_endpoint", "", "", token}, &json), 401);
    json_decref(json);
    local_service_free(service);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(apache_needs_no_password_and_removes_what_runs),
        cmocka_unit_test(hdinsight_lets_in_who_knows_the_password),
        cmocka_unit_test(synapse_takes_a_token_of_its_own_audience),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
