#include "auth/client.h"

#include "base/encoding.h"
#include "base/json.h"
#include "pki.h"
#include "support/assert.h"
#include "support/fake_clock.h"
#include "support/fake_http.h"
#include "support/golden.h"

#define TENANT    "01234567-89ab-cdef-fedc-ba8976543210"
#define CLIENT    "fedcba98-7654-3210-0123-456789abcdef"
#define SCOPE     "https://storage.azure.com/.default"
#define TOKEN     "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"AT-1\"}"
#define TOKEN_URL "https://login.example/" TENANT "/oauth2/v2.0/token"

struct world {
    struct pki *pki;
    struct fake_clock clock;
    struct fake_http *http;
    struct lk_app app;
    struct lk_credential *credential;
    struct lk_token token;
    struct lk_error err;
};

static struct pki *shared_pki;

static int start(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    world->pki = shared_pki;
    fake_clock_init(&world->clock);
    world->http = fake_http_new();
    world->app = (struct lk_app){.authority = LK_STR("https://login.example"),
                                 .tenant = LK_STR(TENANT),
                                 .client_id = LK_STR(CLIENT),
                                 .http = &world->http->http,
                                 .clock = &world->clock.clock};
    *state = world;
    return 0;
}

static int stop(void **state)
{
    struct world *world = *state;

    fake_http_assert_done(world->http);
    lk_credential_unref(&world->credential);
    lk_token_done(&world->token);
    fake_http_free(world->http);
    free(world);
    return 0;
}

static void use_secret(struct world *world, const char *text)
{
    LK_CLEANUP(lk_secret_done) struct lk_secret secret = LK_SECRET_INIT;

    lk_secret_set(&secret, lk_str_from(text));
    assert_lk_ok(lk_credential_secret_new(&world->app, &secret, &world->credential, &world->err),
                 &world->err);
}

static void use_certificate(struct world *world, bool compatible)
{
    struct lk_certificate *certificate = NULL;

    assert_lk_ok(lk_certificate_load(pki_path(world->pki, "cert.pem"),
                                     pki_path(world->pki, "key.pem"), NULL, FAKE_CLOCK_START_UNIX_S,
                                     NULL, &certificate, &world->err),
                 &world->err);
    assert_lk_ok(lk_credential_certificate_new(&world->app, certificate, compatible,
                                               &world->credential, &world->err),
                 &world->err);
}

static enum lk_status get(struct world *world, struct lk_cancel *cancel)
{
    lk_error_clear(&world->err);
    return world->credential->get_token(world->credential,
                                        &(struct lk_token_request){.scopes = LK_STR(SCOPE)}, cancel,
                                        &world->token, &world->err);
}

/* A field of the form of the request of that index, malloc'd. */
static char *field(const struct world *world, size_t index, const char *name)
{
    struct lk_buf value = LK_BUF_INIT(1 << 16);

    if (!lk_form_get(fake_http_request(world->http, index)->body, lk_str_from(name), &value))
        fail_msg("no %s in the form", name);
    return lk_buf_take(&value);
}

/* Header (0) or claims (1) of the assertion in the request of that index. */
static json_t *assertion_part(const struct world *world, size_t index, int part)
{
    LK_CLEANUP(lk_free_ptr) char *jwt = field(world, index, "client_assertion");
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 16);
    struct lk_str piece, rest = lk_str_from(jwt);
    struct lk_error err = LK_ERROR_INIT;
    json_t *ret = NULL;

    for (int i = 0; i <= part; i++)
        assert_true(lk_str_split(rest, '.', &piece, &rest));
    assert_true(lk_base64_decode(piece, &text));
    assert_lk_ok(lk_json_parse(lk_buf_view(&text), "assertion", &ret, &err), &err);
    return ret;
}

static int64_t claim(const struct world *world, size_t index, const char *name)
{
    LK_CLEANUP(lk_json_unref) json_t *claims = assertion_part(world, index, 1);

    return json_integer_value(json_object_get(claims, name));
}

static void a_secret_gets_a_token(void **state)
{
    struct world *world = *state;
    const struct fake_http_request *request;
    LK_CLEANUP(lk_free_ptr) char *secret = NULL;
    LK_CLEANUP(lk_free_ptr) char *scope = NULL;

    fake_http_reply(world->http, 200, NULL, TOKEN);
    use_secret(world, "s3~/+ &secret");
    assert_lk_ok(get(world, NULL), &world->err);
    assert_str(lk_secret_reveal(&world->token.access_token), "AT-1");
    assert_int_equal(world->token.expires_unix_s, FAKE_CLOCK_START_UNIX_S + 3599);
    assert_string_equal(world->token.source, "secret");

    request = fake_http_request(world->http, 0);
    assert_str(request->url, TOKEN_URL);
    assert_int_equal(request->method, LK_HTTP_POST);
    assert_true(request->body_is_secret);
    /* Below us it would go out again with the same assertion. */
    assert_int_equal(request->repeat, LK_HTTP_REPEAT_NEVER);
    assert_str(request->authorization, "");
    secret = field(world, 0, "client_secret");
    assert_string_equal(secret, "s3~/+ &secret");
    scope = field(world, 0, "scope");
    assert_string_equal(scope, SCOPE);
    assert_str(fake_http_request_header(world->http, 0, "content-type"),
               "application/x-www-form-urlencoded");
    assert_lacks(request->headers, "secret");
}

/* entra.md §1.0: what an administrator finds a request by, and what we understand. */
static void every_request_says_who_asks_and_can_be_found_again(void **state)
{
    struct golden_http captured = golden_http("msal/capture-secret.http", 0);
    static const char *const same[] = {"Accept", "x-ms-lib-capability", "Content-Type"};
    struct world *world = *state;

    use_secret(world, "x");
    for (size_t i = 0; i < 2; i++) {
        fake_http_reply(world->http, 200, NULL, TOKEN);
        assert_lk_ok(get(world, NULL), &world->err);
        assert_true(lk_str_is_guid(fake_http_request_header(world->http, i, "client-request-id")));
        assert_str(fake_http_request_header(world->http, i, "return-client-request-id"), "true");
        assert_str(fake_http_request_header(world->http, i, "x-client-SKU"), "livy-kernel");
        for (size_t k = 0; k < LK_COUNT(same); k++)
            assert_bytes(fake_http_request_header(world->http, i, same[k]),
                         golden_header(captured.request_headers, same[k]));
    }
    assert_false(lk_str_eq(fake_http_request_header(world->http, 0, "client-request-id"),
                           fake_http_request_header(world->http, 1, "client-request-id")));
}

static void a_certificate_gets_a_token(void **state)
{
    struct world *world = *state;
    LK_CLEANUP(lk_json_unref) json_t *header = NULL;
    LK_CLEANUP(lk_json_unref) json_t *claims = NULL;

    fake_http_reply(world->http, 200, NULL, TOKEN);
    use_certificate(world, false);
    assert_lk_ok(get(world, NULL), &world->err);
    assert_string_equal(world->token.source, "certificate");
    header = assertion_part(world, 0, 0);
    claims = assertion_part(world, 0, 1);
    assert_str(lk_json_get_str(header, "alg"), "PS256");
    assert_int_equal(lk_json_get_str(header, "x5t#S256").len, 43);
    assert_str(lk_json_get_str(claims, "aud"), TOKEN_URL);
    assert_str(lk_json_get_str(claims, "iss"), CLIENT);
    assert_str(lk_json_get_str(claims, "sub"), CLIENT);
    assert_true(claim(world, 0, "exp") > FAKE_CLOCK_START_UNIX_S);
    assert_true(claim(world, 0, "exp") <= FAKE_CLOCK_START_UNIX_S + 600);
}

static void the_old_algorithm_can_be_asked_for(void **state)
{
    struct world *world = *state;
    LK_CLEANUP(lk_json_unref) json_t *header = NULL;

    fake_http_reply(world->http, 200, NULL, TOKEN);
    use_certificate(world, true);
    assert_lk_ok(get(world, NULL), &world->err);
    header = assertion_part(world, 0, 0);
    assert_str(lk_json_get_str(header, "alg"), "RS256");
    assert_int_equal(lk_json_get_str(header, "x5t").len, 27);
}

/* A jti is good for one use, also when its use failed half-way. */
static void each_try_brings_a_fresh_assertion(void **state)
{
    struct world *world = *state;
    json_t *one, *two, *three;

    fake_http_fail(world->http, LK_UNKNOWN);
    fake_http_reply(world->http, 503, NULL, "");
    fake_http_reply(world->http, 200, NULL, TOKEN);
    use_certificate(world, false);
    assert_lk_ok(get(world, NULL), &world->err);
    one = assertion_part(world, 0, 1);
    two = assertion_part(world, 1, 1);
    three = assertion_part(world, 2, 1);
    assert_false(json_equal(json_object_get(one, "jti"), json_object_get(two, "jti")));
    assert_false(json_equal(json_object_get(two, "jti"), json_object_get(three, "jti")));
    /* About 1 s and 3 s. */
    assert_in_range(fake_clock_waited_ms(&world->clock), 3000, 5000);
    json_decref(one);
    json_decref(two);
    json_decref(three);
}

static void the_third_failure_is_told(void **state)
{
    struct world *world = *state;

    for (int i = 0; i < 3; i++)
        fake_http_fail(world->http, LK_NETWORK);
    use_secret(world, "x");
    assert_lk_status(LK_NETWORK, get(world, NULL), &world->err);
    assert_contains(world->err.message, "sign-in");
}

/* What HTTP says of a lost answer is for requests that change something. */
static void a_lost_answer_is_no_reason_to_worry(void **state)
{
    struct world *world = *state;

    for (int i = 0; i < 3; i++)
        fake_http_fail(world->http, LK_UNKNOWN);
    use_secret(world, "x");
    assert_lk_status(LK_UNKNOWN, get(world, NULL), &world->err);
    assert_contains((const char *)world->err.next, "Try again");
}

static void a_refusal_is_not_tried_again(void **state)
{
    struct world *world = *state;

    fake_http_reply(world->http, 401, NULL,
                    "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: no\","
                    "\"error_codes\":[7000215]}");
    use_secret(world, "x");
    assert_lk_status(LK_UNAUTHORIZED, get(world, NULL), &world->err);
    assert_string_equal(world->err.service_code, "AADSTS7000215");
    assert_true(lk_secret_is_empty(&world->token.access_token));
}

static void the_certificate_is_named_when_it_is_refused(void **state)
{
    struct world *world = *state;

    fake_http_reply(world->http, 401, NULL, "{\"error\":\"invalid_client\"}");
    use_certificate(world, false);
    assert_lk_status(LK_UNAUTHORIZED, get(world, NULL), &world->err);
    assert_contains(world->err.message, "certificate ");
}

/* The fake clock says 01:50; the service's Date is an hour on. */
static void a_wrong_clock_is_mended_once_by_the_services_date(void **state)
{
    struct world *world = *state;

    fake_http_reply(world->http, 401, "Date: Tue, 24 Nov 2026 02:50:00 GMT",
                    "{\"error\":\"invalid_client\",\"error_codes\":[700024]}");
    fake_http_reply(world->http, 200, NULL, TOKEN);
    fake_http_reply(world->http, 200, NULL, TOKEN);
    use_certificate(world, false);
    assert_lk_ok(get(world, NULL), &world->err);
    assert_int_equal(claim(world, 1, "exp") - claim(world, 0, "exp"), 3600);
    assert_lk_ok(get(world, NULL), &world->err); /* remembered */
    assert_int_equal(claim(world, 2, "exp"), claim(world, 1, "exp"));
}

static void a_clock_that_stays_refused_is_not_mended_again(void **state)
{
    struct world *world = *state;

    for (int i = 0; i < 2; i++)
        fake_http_reply(world->http, 401, "Date: Tue, 24 Nov 2026 02:50:00 GMT",
                        "{\"error\":\"invalid_client\",\"error_codes\":[700024]}");
    use_certificate(world, false);
    assert_lk_status(LK_UNAUTHORIZED, get(world, NULL), &world->err);
}

static void a_good_clock_needs_no_second_try(void **state)
{
    struct world *world = *state;

    fake_http_reply(world->http, 401, "Date: Tue, 24 Nov 2026 01:50:30 GMT",
                    "{\"error\":\"invalid_client\"}");
    use_certificate(world, false);
    assert_lk_status(LK_UNAUTHORIZED, get(world, NULL), &world->err);
}

/* The user has set it right since: what was learnt then is wrong now. */
static void a_clock_that_was_set_right_since_is_noticed(void **state)
{
    struct world *world = *state;

    fake_http_reply(world->http, 401, "Date: Tue, 24 Nov 2026 02:50:00 GMT",
                    "{\"error\":\"invalid_client\"}");
    fake_http_reply(world->http, 200, NULL, TOKEN);
    use_certificate(world, false);
    assert_lk_ok(get(world, NULL), &world->err);
    fake_clock_advance_ms(&world->clock, 3600 * 1000);
    fake_http_reply(world->http, 401, "Date: Tue, 24 Nov 2026 02:50:00 GMT",
                    "{\"error\":\"invalid_client\"}");
    fake_http_reply(world->http, 200, NULL, TOKEN);
    assert_lk_ok(get(world, NULL), &world->err);
    assert_int_equal(claim(world, 2, "exp"), FAKE_CLOCK_START_UNIX_S + 3600 + 3600 + 540);
    assert_int_equal(claim(world, 3, "exp"), FAKE_CLOCK_START_UNIX_S + 3600 + 540);
}

static void only_a_refused_assertion_has_to_do_with_the_clock(void **state)
{
    static const char *const errors[] = {"unauthorized_client", "invalid_grant", "invalid_scope",
                                         "something_new"};
    struct world *world = *state;

    use_certificate(world, false);
    for (size_t i = 0; i < LK_COUNT(errors); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf body = LK_BUF_INIT(256);

        lk_buf_printf(&body, "{\"error\":\"%s\"}", errors[i]);
        fake_http_reply(world->http, 400, "Date: Tue, 24 Nov 2026 02:50:00 GMT",
                        lk_buf_view(&body));
        assert_int_not_equal(get(world, NULL), LK_OK);
        assert_int_equal(fake_http_count(world->http), i + 1);
    }
}

/* ---- throttling and failures that pass ----------------------------------------------------- */

static void a_throttled_try_is_repeated_when_the_service_says_with_a_fresh_assertion(void **state)
{
    struct golden_http captured = golden_http("msal/capture-throttled.http", 0);
    struct world *world = *state;
    LK_CLEANUP(lk_json_unref) json_t *one = NULL, *two = NULL;

    fake_http_reply(world->http, captured.status, captured.headers, captured.body);
    fake_http_reply(world->http, 200, NULL, TOKEN);
    use_certificate(world, false);
    assert_lk_ok(get(world, NULL), &world->err);
    assert_int_equal(fake_clock_waited_ms(&world->clock), 7000);
    one = assertion_part(world, 0, 1);
    two = assertion_part(world, 1, 1);
    assert_false(json_equal(json_object_get(one, "jti"), json_object_get(two, "jti")));
}

static void a_long_throttling_is_told_and_not_waited_for(void **state)
{
    static const char *const headers[] = {"Retry-After: 31",
                                          "Retry-After: Tue, 24 Nov 2026 01:51:00 GMT"};
    struct world *world = *state;

    use_secret(world, "x");
    for (size_t i = 0; i < LK_COUNT(headers); i++) {
        fake_http_reply(world->http, 429, headers[i], "{\"error\":\"temporarily_unavailable\"}");
        assert_lk_status(LK_THROTTLED, get(world, NULL), &world->err);
        assert_string_equal(world->err.code, "SignInThrottled");
        assert_int_equal(fake_clock_waited_ms(&world->clock), 0);
    }
    assert_contains((const char *)world->err.next, "1 min 00 s");
}

static void a_failure_of_the_service_is_tried_three_times_whatever_it_says(void **state)
{
    static const struct {
        int status;
        const char *body;
    } cases[] = {
        {500, ""},       {503, "{\"error\":\"temporarily_unavailable\"}"},
        {502, "<html>"}, {504, "{\"error\":\"invalid_client\"}"},
        {408, ""},
    };
    struct world *world = *state;

    use_secret(world, "x");
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        for (int tries = 0; tries < 3; tries++)
            fake_http_reply(world->http, cases[i].status, NULL, cases[i].body);
        assert_lk_status(LK_SERVICE, get(world, NULL), &world->err);
        assert_string_equal(world->err.code, "SignInFailed");
        assert_int_equal(fake_http_count(world->http), 3 * (i + 1));
    }
}

static void an_interrupt_ends_the_tries(void **state)
{
    struct world *world = *state;
    struct lk_cancel *cancel = lk_cancel_new();

    fake_http_interrupt(world->http, cancel);
    use_secret(world, "x");
    assert_lk_status(LK_CANCELLED, get(world, cancel), &world->err);
    lk_cancel_free(cancel);
}

static void an_interrupt_while_waiting_ends_the_tries(void **state)
{
    struct world *world = *state;
    struct lk_cancel *cancel = lk_cancel_new();

    fake_http_fail(world->http, LK_NETWORK);
    fake_clock_interrupt_after_ms(&world->clock, cancel, 500);
    use_secret(world, "x");
    assert_lk_status(LK_CANCELLED, get(world, cancel), &world->err);
    lk_cancel_free(cancel);
}

static void a_secrets_id_is_no_secret(void **state)
{
    struct world *world = *state;
    LK_CLEANUP(lk_secret_done) struct lk_secret secret = LK_SECRET_INIT;

    lk_secret_set(&secret, LK_STR("a1b2c3d4-0e1f-4a2b-8c3d-4e5f60718293"));
    assert_lk_status(
        LK_INVALID, lk_credential_secret_new(&world->app, &secret, &world->credential, &world->err),
        &world->err);
    assert_string_equal(world->err.code, "SecretIsId");
    assert_lacks(world->err.message, "a1b2c3d4");
}

static void what_is_no_application_is_refused_before_anything_is_sent(void **state)
{
    static const struct {
        const char *tenant, *client, *code;
    } cases[] = {
        {"", CLIENT, "NoApplication"},
        {TENANT, "", "NoApplication"},
        {"a/b", CLIENT, "BadTenant"},
        {"..", CLIENT, "BadTenant"},
        {".", CLIENT, "BadTenant"},
        {"tenant?x=1", CLIENT, "BadTenant"},
        {"te nant", CLIENT, "BadTenant"},
        {TENANT, "my-app", "BadClient"},
        {TENANT, CLIENT "0", "BadClient"},
        {"caf\xc3\xa9.com", CLIENT, "BadTenant"},
        {TENANT "\r\nX: y", CLIENT, "BadTenant"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        world->app.tenant = lk_str_from(cases[i].tenant);
        world->app.client_id = lk_str_from(cases[i].client);
        assert_lk_status(LK_INVALID, lk_app_check(&world->app, &world->err), &world->err);
        assert_string_equal(world->err.code, cases[i].code);
        assert_true(world->err.next[0]);
    }
    world->app.tenant = LK_STR("contoso.onmicrosoft.com");
    world->app.client_id = LK_STR(CLIENT);
    assert_lk_ok(lk_app_check(&world->app, &world->err), &world->err);
}

#define WITH_APP(test) cmocka_unit_test_setup_teardown(test, start, stop)

static int make_pki(void **state)
{
    (void)state;
    shared_pki = pki_new();
    return 0;
}

static int drop_pki(void **state)
{
    (void)state;
    pki_free(shared_pki);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_APP(a_secret_gets_a_token),
        WITH_APP(every_request_says_who_asks_and_can_be_found_again),
        WITH_APP(a_certificate_gets_a_token),
        WITH_APP(the_old_algorithm_can_be_asked_for),
        WITH_APP(each_try_brings_a_fresh_assertion),
        WITH_APP(the_third_failure_is_told),
        WITH_APP(a_lost_answer_is_no_reason_to_worry),
        WITH_APP(a_refusal_is_not_tried_again),
        WITH_APP(the_certificate_is_named_when_it_is_refused),
        WITH_APP(a_wrong_clock_is_mended_once_by_the_services_date),
        WITH_APP(a_clock_that_stays_refused_is_not_mended_again),
        WITH_APP(a_good_clock_needs_no_second_try),
        WITH_APP(a_clock_that_was_set_right_since_is_noticed),
        WITH_APP(only_a_refused_assertion_has_to_do_with_the_clock),
        WITH_APP(a_throttled_try_is_repeated_when_the_service_says_with_a_fresh_assertion),
        WITH_APP(a_long_throttling_is_told_and_not_waited_for),
        WITH_APP(a_failure_of_the_service_is_tried_three_times_whatever_it_says),
        WITH_APP(an_interrupt_ends_the_tries),
        WITH_APP(an_interrupt_while_waiting_ends_the_tries),
        WITH_APP(a_secrets_id_is_no_secret),
        WITH_APP(what_is_no_application_is_refused_before_anything_is_sent),
    };

    return cmocka_run_group_tests(tests, make_pki, drop_pki);
}
