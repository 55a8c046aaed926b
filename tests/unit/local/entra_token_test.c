/* The token endpoint for the application itself: form in, token or Entra's error out. */
#include "entra_fixture.h"

#include "local/token.h"

#define CREDENTIALS "grant_type=client_credentials&client_id=" CLIENT
#define GOOD_SECRET "&client_secret=s3~%2F%2B+%26%C3%A9"
#define FOR_POWER   "&scope=https%3A%2F%2Fanalysis.windows.net%2Fpowerbi%2Fapi%2F.default"

static void check_token(struct entra_fixture *f, const json_t *answer, const char *audience,
                        struct local_caller *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf bearer = LK_BUF_INIT(65536);
    const char *const audiences[] = {audience, NULL};
    struct local_token_rules rules = {.issuer = local_entra_issuer(f->entra),
                                      .audiences = audiences,
                                      .now_unix_s = lk_clock_unix_s(&f->clock.clock)};
    struct lk_error err = LK_ERROR_INIT;

    lk_buf_printf(&bearer, "Bearer %.*s", LK_STR_ARGS(lk_json_get_str(answer, "access_token")));
    assert_lk_ok(local_token_check(f->key, lk_buf_view(&bearer), &rules, ret, &err), &err);
}

static void the_right_secret_gets_a_token_for_the_resource_asked_for(void **state)
{
    static const struct {
        const char *scope, *audience;
    } table[] = {
        {"https%3A%2F%2Fanalysis.windows.net%2Fpowerbi%2Fapi%2F.default", POWER},
        {"https%3A%2F%2Fapi.fabric.microsoft.com%2F.default", FABRIC},
        {"https%3A%2F%2Fapi.fabric.microsoft.com%2F%2F.default", FABRIC},
        {"https%3A%2F%2Fstorage.azure.com%2F.default", STORE},
    };
    struct entra_fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(table); i++) {
        struct local_caller caller;
        char form[512];
        json_t *answer;
        int status;
        snprintf(form, sizeof form, "scope=%s&%s", table[i].scope, CREDENTIALS GOOD_SECRET);
        answer = post_token(f, form, &status);
        assert_int_equal(status, 200);
        assert_str(lk_json_get_str(answer, "token_type"), "Bearer");
        assert_int_equal(json_integer_value(json_object_get(answer, "expires_in")), 3599);
        assert_null(json_object_get(answer, "refresh_token"));
        assert_null(json_object_get(answer, "id_token"));
        check_token(f, answer, table[i].audience, &caller);
        assert_false(caller.is_user);
        assert_string_equal(caller.app_id, CLIENT);
        assert_string_equal(caller.tenant, TENANT);
        json_decref(answer);
    }
}

static void a_token_lives_for_its_3599_seconds_and_no_longer(void **state)
{
    struct entra_fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf bearer = LK_BUF_INIT(65536);
    const char *const audiences[] = {POWER, NULL};
    struct local_token_rules rules = {.issuer = local_entra_issuer(f->entra),
                                      .audiences = audiences};
    struct lk_error err = LK_ERROR_INIT;
    struct local_caller caller;
    int status;
    json_t *answer = post_token(f, CREDENTIALS GOOD_SECRET FOR_POWER, &status);

    lk_buf_printf(&bearer, "Bearer %.*s", LK_STR_ARGS(lk_json_get_str(answer, "access_token")));
    rules.now_unix_s = lk_clock_unix_s(&f->clock.clock) + 3598;
    assert_lk_ok(local_token_check(f->key, lk_buf_view(&bearer), &rules, &caller, &err), &err);
    rules.now_unix_s++;
    assert_lk_status(LK_UNAUTHORIZED,
                     local_token_check(f->key, lk_buf_view(&bearer), &rules, &caller, &err), NULL);
    json_decref(answer);
}

static void an_assertion_gets_a_token(void **state)
{
    struct entra_fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf form = LK_BUF_INIT(65536);
    json_t *first = json_array_get(json_object_get(f->captured, "assertions"), 0), *answer;
    struct local_caller caller;
    int status;

    lk_form_put(&form, LK_STR("client_assertion"), lk_json_get_str(first, "jwt"));
    lk_buf_put(&form, LK_STR("&" CREDENTIALS FOR_POWER));
    assert_refused(f, lk_buf_cstr(&form), 400, "invalid_request", 900144);
    lk_form_put(&form, LK_STR("client_assertion_type"),
                LK_STR("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
    answer = post_token(f, lk_buf_cstr(&form), &status);
    assert_int_equal(status, 200);
    check_token(f, answer, POWER, &caller);
    json_decref(answer);
}

static void what_is_wrong_is_told_as_entra_tells_it(void **state)
{
    static const struct {
        const char *form;
        int status;
        const char *error;
        long number;
    } table[] = {
        {"", 400, "invalid_request", 900144},
        {"grant_type=", 400, "invalid_request", 900144},
        {"grant_type=password&client_id=" CLIENT, 400, "unsupported_grant_type", 70003},
        {"grant_type=client_credentials" GOOD_SECRET FOR_POWER, 400, "invalid_request", 900144},
        {"grant_type=client_credentials&client_id=nobody" GOOD_SECRET FOR_POWER, 400,
         "unauthorized_client", 700016},
        {CREDENTIALS FOR_POWER, 401, "invalid_client", 7000218},
        {CREDENTIALS FOR_POWER "&client_secret=", 401, "invalid_client", 7000218},
        {CREDENTIALS FOR_POWER "&client_secret=wrong", 401, "invalid_client", 7000215},
        {CREDENTIALS FOR_POWER "&client_secret=%zz", 401, "invalid_client", 7000218},
        {CREDENTIALS FOR_POWER "&client_assertion=x.y.z&client_assertion_type=urn%3Aietf%3Aparams"
                               "%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer",
         401, "invalid_client", 50027},
        {CREDENTIALS FOR_POWER "&client_assertion=x.y.z&client_assertion_type=saml", 401,
         "invalid_client", 90023},
        {CREDENTIALS GOOD_SECRET, 400, "invalid_request", 900144},
        {CREDENTIALS GOOD_SECRET "&scope=openid", 400, "invalid_request", 900144},
        {CREDENTIALS GOOD_SECRET "&scope=nonsense", 400, "invalid_scope", 70011},
        {CREDENTIALS GOOD_SECRET "&scope=https%3A%2F%2Fstorage.azure.com%2F", 400, "invalid_scope",
         70011},
        {CREDENTIALS GOOD_SECRET "&scope=https%3A%2F%2Fstorage.azure.com.evil%2F.default", 400,
         "invalid_scope", 70011},
        {CREDENTIALS GOOD_SECRET "&scope=https%3A%2F%2Fstorage.azure.com%2F.default+"
                                 "https%3A%2F%2Fapi.fabric.microsoft.com%2F.default",
         400, "invalid_scope", 700022},
        {CREDENTIALS GOOD_SECRET "&scope=https%3A%2F%2Fstorage.azure.com%2Fuser_impersonation", 400,
         "invalid_scope", 1002012},
    };

    for (size_t i = 0; i < LK_COUNT(table); i++)
        assert_refused(*state, table[i].form, table[i].status, table[i].error, table[i].number);
}

static void what_is_no_form_is_not_read(void **state)
{
    struct local_reply reply;
    json_t *answer;

    entra_send(*state, LOCAL_POST, TOKEN_PATH, "", CREDENTIALS GOOD_SECRET FOR_POWER,
               json_pack("{s:s}", "Content-Type", "application/json"), &reply);
    assert_int_equal(reply.status, 400);
    answer = reply_json(&reply);
    assert_contains(lk_json_get_str(answer, "error_description"), "AADSTS900144");
    json_decref(answer);
}

static void an_error_carries_the_callers_id_and_the_time(void **state)
{
    struct entra_fixture *f = *state;
    struct local_reply reply;
    json_t *answer;

    f->clock.now_unix_ms = FAKE_CLOCK_START_UNIX_S * 1000;
    entra_send(f, LOCAL_POST, TOKEN_PATH, "", CREDENTIALS FOR_POWER "&client_secret=wrong",
               json_pack("{s:s, s:s}", "Content-Type", "application/x-www-form-urlencoded",
                         "client-request-id", "0BB48DAF-121e-49a2-a1f8-6adaea2f4094"),
               &reply);
    assert_string_equal(json_string_value(json_object_get(reply.headers, "client-request-id")),
                        "0BB48DAF-121e-49a2-a1f8-6adaea2f4094");
    answer = reply_json(&reply);
    assert_str(lk_json_get_str(answer, "correlation_id"), "0BB48DAF-121e-49a2-a1f8-6adaea2f4094");
    assert_str(lk_json_get_str(answer, "timestamp"), "2026-11-24 01:50:00Z");
    assert_true(lk_str_is_guid(lk_json_get_str(answer, "trace_id")));
    assert_contains(lk_json_get_str(answer, "error_description"),
                    "Correlation ID: 0BB48DAF-121e-49a2-a1f8-6adaea2f4094 Timestamp: 2026-11-24 "
                    "01:50:00Z");
    assert_lacks(lk_json_get_str(answer, "error_description"), "wrong");
    json_decref(answer);
}

static void a_wrong_tenant_is_told_apart_from_a_wrong_path(void **state)
{
    static const struct {
        enum local_method method;
        const char *path;
        int status;
        const char *part;
    } table[] = {
        {LOCAL_POST, "/contoso.example/oauth2/v2.0/token", 400, "AADSTS90002"},
        {LOCAL_GET, "/contoso.example/v2.0/.well-known/openid-configuration", 400, "AADSTS90002"},
        {LOCAL_GET, "/<b>/oauth2/v2.0/authorize", 400, "AADSTS90002: Tenant &#39;&lt;b&gt;&#39;"},
        {LOCAL_POST, "/common/oauth2/v2.0/token", 400, "AADSTS50194"},
        {LOCAL_GET, "/organizations/oauth2/v2.0/authorize", 400, "AADSTS50194"},
        {LOCAL_GET, "/organizations/v2.0/.well-known/openid-configuration", 200,
         "https://login.example/organizations/oauth2/v2.0/token"},
        {LOCAL_GET, "/common/discovery/instance", 200, "login.example"},
        {LOCAL_GET, "/" TENANT "/v2.0/.well-known/openid-configuration", 200,
         "\"token_endpoint\":\"https://login.example/" TENANT "/oauth2/v2.0/token\""},
        {LOCAL_GET, "/" TENANT "/discovery/v2.0/keys", 200, "\"kty\":\"RSA\""},
        {LOCAL_GET, TOKEN_PATH, 404, ""},
        {LOCAL_PUT, AUTHORIZE_PATH, 404, ""},
        {LOCAL_GET, "/", 404, ""},
        {LOCAL_GET, "/" TENANT, 404, ""},
        {LOCAL_POST, TOKEN_PATH "/", 404, ""},
    };

    for (size_t i = 0; i < LK_COUNT(table); i++) {
        struct local_reply reply;
        entra_send(*state, table[i].method, table[i].path, "", "", NULL, &reply);
        if (reply.status != table[i].status)
            fail_msg("%s: %d %s", table[i].path, reply.status, lk_buf_cstr(&reply.body));
        assert_contains(lk_buf_view(&reply.body), table[i].part);
        local_reply_done(&reply);
    }
}

static void before_it_knows_its_address_it_answers_nothing(void **state)
{
    struct entra_fixture *f = *state;
    struct local_reply reply;

    local_entra_set_authority(f->entra, "");
    entra_send(f, LOCAL_GET, "/common/discovery/instance", "", "", NULL, &reply);
    assert_int_equal(reply.status, 503);
    local_reply_done(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_right_secret_gets_a_token_for_the_resource_asked_for,
                               entra_set_up),
        cmocka_unit_test_setup(a_token_lives_for_its_3599_seconds_and_no_longer, entra_set_up),
        cmocka_unit_test_setup(an_assertion_gets_a_token, entra_set_up),
        cmocka_unit_test_setup(what_is_wrong_is_told_as_entra_tells_it, entra_set_up),
        cmocka_unit_test_setup(what_is_no_form_is_not_read, entra_set_up),
        cmocka_unit_test_setup(an_error_carries_the_callers_id_and_the_time, entra_set_up),
        cmocka_unit_test_setup(a_wrong_tenant_is_told_apart_from_a_wrong_path, entra_set_up),
        cmocka_unit_test_setup(before_it_knows_its_address_it_answers_nothing, entra_set_up),
    };

    return cmocka_run_group_tests(tests, entra_group_set_up, entra_group_tear_down);
}
