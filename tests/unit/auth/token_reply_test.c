#include "auth/token_reply.h"

#include "base/json.h"
#include "support/assert.h"
#include "support/golden.h"

#define NOW INT64_C(1795485000)

static enum lk_status read_reply(int http_status, struct lk_str body, struct lk_token_reply *ret,
                                 struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response response = LK_HTTP_RESPONSE_INIT;

    *err = (struct lk_error)LK_ERROR_INIT;
    *ret = (struct lk_token_reply)LK_TOKEN_REPLY_INIT;
    response.status = http_status;
    lk_buf_init(&response.body, 1 << 20);
    lk_buf_put(&response.body, body);
    return lk_token_reply_read(&response, NOW, ret, err);
}

static void a_token_is_read_as_it_was_captured(void **state)
{
    struct golden_http exchange = golden_http("msal/capture-secret.http", 0);
    struct lk_token_reply reply;
    struct lk_error err;

    (void)state;
    assert_lk_ok(read_reply(exchange.status, exchange.body, &reply, &err), &err);
    assert_str(lk_secret_reveal(&reply.token.access_token), "AT-client_crede");
    assert_int_equal(reply.token.expires_unix_s, NOW + 3599);
    assert_int_equal(reply.token.refresh_unix_s, 0);
    assert_true(lk_secret_is_empty(&reply.refresh_token));
    lk_token_reply_done(&reply);
}

static void a_users_reply_brings_more(void **state)
{
    struct lk_token_reply reply;
    struct lk_error err;

    (void)state;
    assert_lk_ok(read_reply(200,
                            LK_STR("{\"token_type\":\"bearer\",\"expires_in\":\"4000\","
                                   "\"refresh_in\":2000,\"access_token\":\"A\","
                                   "\"refresh_token\":\"R\",\"id_token\":\"I\","
                                   "\"client_info\":\"eyJ9\",\"unknown\":[1]}"),
                            &reply, &err),
                 &err);
    assert_str(lk_secret_reveal(&reply.refresh_token), "R");
    assert_str(lk_secret_reveal(&reply.id_token), "I");
    assert_string_equal(reply.client_info, "eyJ9");
    assert_int_equal(reply.token.expires_unix_s, NOW + 4000);
    assert_int_equal(reply.token.refresh_unix_s, NOW + 2000);
    lk_token_reply_done(&reply);
}

/* Azure sends numbers as text at times; what is no sensible time is refused. */
static void lifetimes_are_read_in_every_spelling(void **state)
{
    LK_CLEANUP(lk_json_unref) json_t *vectors = NULL;
    struct lk_error err = LK_ERROR_INIT;
    const json_t *cases;
    json_t *one;
    size_t i;

    (void)state;
    assert_lk_ok(lk_json_parse(golden("msal/capture-vectors.json"), "vectors", &vectors, &err),
                 &err);
    cases = json_object_get(json_object_get(vectors, "token_reply_numbers"), "cases");
    assert_true(json_array_size(cases) > 0);
    json_array_foreach((json_t *)cases, i, one)
    {
        LK_CLEANUP(lk_buf_done) struct lk_buf body = LK_BUF_INIT(4096);
        LK_CLEANUP(lk_json_unref)
        json_t *reply_json = json_pack("{s:s, s:O}", "access_token", "A", "expires_in",
                                       json_object_get(one, "expires_in"));
        const json_t *seconds = json_object_get(one, "seconds");
        struct lk_token_reply reply;
        enum lk_status st;
        lk_json_write(reply_json, false, &body);
        st = read_reply(200, lk_buf_view(&body), &reply, &err);
        if (json_is_null(seconds)) {
            assert_lk_status(LK_PROTOCOL, st, &err);
            assert_true(lk_secret_is_empty(&reply.token.access_token));
        } else {
            assert_lk_ok(st, &err);
            assert_int_equal(reply.token.expires_unix_s, NOW + json_integer_value(seconds));
        }
        lk_token_reply_done(&reply);
    }
}

static void a_reply_without_a_lifetime_is_good_for_ten_minutes(void **state)
{
    struct lk_token_reply reply;
    struct lk_error err;

    (void)state;
    assert_lk_ok(read_reply(200, LK_STR("{\"access_token\":\"A\"}"), &reply, &err), &err);
    assert_int_equal(reply.token.expires_unix_s, NOW + 600);
    lk_token_reply_done(&reply);
}

static void what_is_no_token_reply_is_refused(void **state)
{
    static const char *const bodies[] = {
        "",
        "{",
        "[]",
        "\"SECRET\"",
        "{}",
        "{\"access_token\":\"\"}",
        "{\"access_token\":7}",
        "{\"access_token\":null}",
        "{\"access_token\":{\"x\":\"SECRET\"}}",
        "{\"access_token\":\"SECRET\",\"token_type\":\"pop\"}",
        "{\"access_token\":\"SECRET\",\"expires_in\":{}}",
        "{\"access_token\":\"SECRET\",\"access_token\":\"B\"}",
        "{\"access_token\":\"SECRET",
        "{\"access_token\":\"SECRET\\r\\nX-Injected: yes\"}",
        "{\"access_token\":\"SECRET\\u0000\"}",
        "{\"access_token\":\"SECRET \xc3\xa9\"}",
        "<html>SECRET</html>",
        "{\"access_token\":\"SECRET\xff\"}",
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(bodies); i++) {
        struct lk_token_reply reply;
        struct lk_error err;
        assert_lk_status(LK_PROTOCOL, read_reply(200, lk_str_from(bodies[i]), &reply, &err), &err);
        assert_lacks(err.message, "SECRET");
        assert_lacks(err.story, "SECRET");
        assert_true(lk_secret_is_empty(&reply.token.access_token));
        lk_token_reply_done(&reply);
    }
}

#define DESCRIPTION                                                                                \
    "AADSTS7000215: Invalid client secret provided.\\r\\nTrace ID: 1\\r\\nCorrelation ID: "        \
    "c\\r\\nTimestamp: 2026-11-24 01:50:00Z"

static void a_refusal_is_told_in_entras_words(void **state)
{
    struct lk_token_reply reply;
    struct lk_error err;

    (void)state;
    assert_lk_status(
        LK_UNAUTHORIZED,
        read_reply(401,
                   LK_STR("{\"error\":\"invalid_client\",\"error_description\":\"" DESCRIPTION "\","
                          "\"error_codes\":[7000215],\"correlation_id\":\"corr-1\","
                          "\"timestamp\":\"2026-11-24 01:50:00Z\"}"),
                   &reply, &err),
        &err);
    assert_string_equal(err.code, "SignInRefused");
    assert_contains(err.message, "Invalid client secret provided.");
    assert_lacks(err.message, "Trace ID");
    assert_string_equal(err.service_code, "AADSTS7000215");
    assert_string_equal(err.request_id, "corr-1");
    assert_int_equal(err.http_status, 401);
    assert_true(err.next[0]);
    lk_token_reply_done(&reply);
}

static void refusals_are_told_apart(void **state)
{
    static const struct {
        int http_status;
        const char *body;
        enum lk_status status;
        const char *service_code;
    } cases[] = {
        {400, "{\"error\":\"invalid_grant\",\"error_codes\":[70000]}", LK_UNAUTHORIZED,
         "AADSTS70000"},
        {400, "{\"error\":\"consent_required\",\"error_codes\":[65001]}", LK_DENIED, "AADSTS65001"},
        {400, "{\"error\":\"invalid_scope\",\"error_description\":\"AADSTS70011: x\"}", LK_INVALID,
         "AADSTS70011"},
        {400, "{\"error\":\"invalid_request\",\"error_codes\":[]}", LK_INVALID, ""},
        {400, "{\"error\":\"new_in_2027\"}", LK_UNAUTHORIZED, ""},
        {400, "{\"error\":\"temporarily_unavailable\"}", LK_THROTTLED, ""},
        {503, "{\"error\":\"new_in_2027\"}", LK_SERVICE, ""},
        {429, "{\"error\":\"invalid_client\"}", LK_THROTTLED, ""},
        {429, "slow down", LK_THROTTLED, ""},
        {500, "", LK_SERVICE, ""},
        {400, "<html>", LK_PROTOCOL, ""},
        {400, "{\"error\":7}", LK_PROTOCOL, ""},
        {302, "", LK_PROTOCOL, ""},
        {400, "{\"error\":\"e\",\"error_description\":\"AADSTS\"}", LK_UNAUTHORIZED, ""},
        {400, "{\"error\":\"e\",\"error_description\":\"AADSTS99999999999999999999\"}",
         LK_UNAUTHORIZED, ""},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_token_reply reply;
        struct lk_error err;
        assert_lk_status(cases[i].status,
                         read_reply(cases[i].http_status, lk_str_from(cases[i].body), &reply, &err),
                         &err);
        assert_string_equal(err.service_code, cases[i].service_code);
        assert_int_equal(err.http_status, cases[i].http_status);
        assert_true(err.next[0]);
        lk_token_reply_done(&reply);
    }
}

/* Entra quotes what it was sent; a token in it must not reach a notebook. */
static void a_token_in_a_description_is_blacked_out(void **state)
{
    static const char jwt[] =
        "eyJhbGciOiJQUzI1NiIsInR5cCI6IkpXVCJ9.eyJhdWQiOiJodHRwczovL3gifQ.c2lnbmF0dXJlc2lnbmF0dXJl";
    LK_CLEANUP(lk_buf_done) struct lk_buf body = LK_BUF_INIT(4096);
    struct lk_token_reply reply;
    struct lk_error err;

    (void)state;
    lk_buf_printf(&body,
                  "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS700027: bad "
                  "assertion %s\"}",
                  jwt);
    assert_lk_status(LK_UNAUTHORIZED, read_reply(401, lk_buf_view(&body), &reply, &err), &err);
    assert_contains(err.message, "bad assertion");
    assert_lacks(err.message, "c2lnbmF0dXJl");
    lk_token_reply_done(&reply);
}

static void the_error_itself_is_no_way_out_for_a_token_either(void **state)
{
    struct lk_token_reply reply;
    struct lk_error err;

    (void)state;
    assert_lk_status(LK_UNAUTHORIZED,
                     read_reply(400,
                                LK_STR("{\"error\":\"refresh_token=SECRETSECRETSECRETSECRET\"}"),
                                &reply, &err),
                     &err);
    assert_lacks(err.message, "SECRETSECRET");
    lk_token_reply_done(&reply);
}

static void a_refusal_is_told_with_its_time_for_the_administrator(void **state)
{
    struct golden_http captured = golden_http("msal/capture-refresh-400.http", 0);
    struct lk_token_reply reply;
    struct lk_error err;

    (void)state;
    assert_lk_status(LK_UNAUTHORIZED, read_reply(captured.status, captured.body, &reply, &err),
                     &err);
    assert_string_equal(err.request_id, "2b2c0d3c-0000-4000-8000-000000000001");
    assert_string_equal(err.story,
                        "at 2026-11-23 12:00:00Z, trace id 2b2c0d3c-0000-4000-8000-000000000002");
    assert_string_equal(reply.error, "invalid_grant");
    lk_token_reply_done(&reply);
    assert_lk_status(LK_UNAUTHORIZED, read_reply(400, LK_STR("{\"error\":\"x\"}"), &reply, &err),
                     &err);
    assert_string_equal(err.story, "at 2026-11-24T01:50:00.000Z");
    lk_token_reply_done(&reply);
}

static void a_renewal_that_makes_no_sense_is_not_suggested(void **state)
{
    static const char *const values[] = {"3600", "3599", "-1", "0", "\"soon\"", "[]", "1e300"};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(values); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf body = LK_BUF_INIT(1024);
        struct lk_token_reply reply;
        struct lk_error err;

        lk_buf_printf(&body, "{\"access_token\":\"A\",\"expires_in\":3599,\"refresh_in\":%s}",
                      values[i]);
        assert_lk_ok(read_reply(200, lk_buf_view(&body), &reply, &err), &err);
        assert_int_equal(reply.token.refresh_unix_s, 0);
        lk_token_reply_done(&reply);
    }
}

static void a_long_description_is_cut_between_characters(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf body = LK_BUF_INIT(1 << 16);
    struct lk_token_reply reply;
    struct lk_error err;

    (void)state;
    lk_buf_put(&body, LK_STR("{\"error\":\"invalid_client\",\"error_description\":\"x"));
    for (int i = 0; i < 5000; i++)
        lk_buf_put(&body, LK_STR("\xc3\xa9"));
    lk_buf_put(&body, LK_STR("\"}"));
    assert_lk_status(LK_UNAUTHORIZED, read_reply(401, lk_buf_view(&body), &reply, &err), &err);
    assert_true(lk_str_is_utf8(lk_str_from(err.message)));
    lk_token_reply_done(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_read_as_it_was_captured),
        cmocka_unit_test(a_users_reply_brings_more),
        cmocka_unit_test(lifetimes_are_read_in_every_spelling),
        cmocka_unit_test(a_reply_without_a_lifetime_is_good_for_ten_minutes),
        cmocka_unit_test(what_is_no_token_reply_is_refused),
        cmocka_unit_test(a_refusal_is_told_in_entras_words),
        cmocka_unit_test(refusals_are_told_apart),
        cmocka_unit_test(a_token_in_a_description_is_blacked_out),
        cmocka_unit_test(the_error_itself_is_no_way_out_for_a_token_either),
        cmocka_unit_test(a_refusal_is_told_with_its_time_for_the_administrator),
        cmocka_unit_test(a_renewal_that_makes_no_sense_is_not_suggested),
        cmocka_unit_test(a_long_description_is_cut_between_characters),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
