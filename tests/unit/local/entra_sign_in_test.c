/* A person's sign-in: the page, the decision, the code, the tokens. */
#include "entra_fixture.h"

#include "base/digest.h"
#include "base/secret.h"
#include "local/jwt.h"

#define REDIRECT "http://localhost:45131"
/* RFC 7636, appendix B. */
#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define ONE_SCOPE "https://api.fabric.microsoft.com/Lakehouse.Read.All"
#define BOTH      ONE_SCOPE " https://storage.azure.com/user_impersonation offline_access openid"

struct asked {
    const char *client, *redirect, *mode, *scopes, *challenge, *method, *type;
};

static const struct asked usual = {.client = CLIENT,
                                   .redirect = REDIRECT,
                                   .mode = "query",
                                   .scopes = BOTH,
                                   .challenge = CHALLENGE,
                                   .method = "S256",
                                   .type = "code"};

static char *authorize_form(const struct asked *asked, const char *decision)
{
    struct lk_buf form = LK_BUF_INIT(65536);

    lk_form_put(&form, LK_STR("client_id"), lk_str_from(asked->client));
    lk_form_put(&form, LK_STR("redirect_uri"), lk_str_from(asked->redirect));
    lk_form_put(&form, LK_STR("response_type"), lk_str_from(asked->type));
    lk_form_put(&form, LK_STR("response_mode"), lk_str_from(asked->mode));
    lk_form_put(&form, LK_STR("scope"), lk_str_from(asked->scopes));
    lk_form_put(&form, LK_STR("state"), LK_STR("a \"state\" <&>"));
    lk_form_put(&form, LK_STR("nonce"), LK_STR("n-0S6"));
    lk_form_put(&form, LK_STR("code_challenge"), lk_str_from(asked->challenge));
    lk_form_put(&form, LK_STR("code_challenge_method"), lk_str_from(asked->method));
    if (decision)
        lk_form_put(&form, LK_STR("decision"), lk_str_from(decision));
    return lk_buf_take(&form);
}

/* decision NULL: only looks at the page. */
static void authorize(struct entra_fixture *f, const struct asked *asked, const char *decision,
                      struct local_reply *reply)
{
    LK_CLEANUP(lk_free_ptr) char *form = authorize_form(asked, decision);

    entra_send(f, decision ? LOCAL_POST : LOCAL_GET, AUTHORIZE_PATH, decision ? "" : form,
               decision ? form : "", NULL, reply);
}

static const char *location(const struct local_reply *reply)
{
    const char *value = json_string_value(json_object_get(reply->headers, "Location"));

    return value ? value : "";
}

/* A parameter of the address that the browser is sent to. */
static void sent_back(const struct local_reply *reply, const char *name, struct lk_buf *ret)
{
    struct lk_str address, query;

    lk_str_split(lk_str_from(location(reply)), '?', &address, &query);
    assert_str(address, REDIRECT);
    lk_buf_clear(ret);
    if (!lk_form_get(query, lk_str_from(name), ret))
        fail_msg("no %s in %s", name, location(reply));
}

static void sign_in(struct entra_fixture *f, const char *scopes, struct lk_buf *code)
{
    struct asked asked = usual;
    struct local_reply reply;

    asked.scopes = scopes;
    authorize(f, &asked, "accept", &reply);
    assert_int_equal(reply.status, 302);
    sent_back(&reply, "code", code);
    local_reply_done(&reply);
}

static char *code_form(const struct lk_buf *code, const char *scopes, const char *verifier,
                       const char *redirect)
{
    struct lk_buf form = LK_BUF_INIT(65536);

    lk_form_put(&form, LK_STR("grant_type"), LK_STR("authorization_code"));
    lk_form_put(&form, LK_STR("client_id"), LK_STR(CLIENT));
    lk_form_put(&form, LK_STR("code"), lk_buf_view(code));
    lk_form_put(&form, LK_STR("redirect_uri"), lk_str_from(redirect));
    lk_form_put(&form, LK_STR("scope"), lk_str_from(scopes));
    if (verifier)
        lk_form_put(&form, LK_STR("code_verifier"), lk_str_from(verifier));
    return lk_buf_take(&form);
}

static json_t *redeem(struct entra_fixture *f, const struct lk_buf *code, const char *scopes)
{
    LK_CLEANUP(lk_free_ptr) char *form = code_form(code, scopes, VERIFIER, REDIRECT);
    int status;
    json_t *answer = post_token(f, form, &status);

    if (status != 200)
        fail_msg("%d %s", status, json_dumps(answer, 0));
    return answer;
}

static void refresh_form(const json_t *answer, const char *scopes, char ret[4096])
{
    LK_CLEANUP(lk_buf_done) struct lk_buf form = LK_BUF_INIT(4096);

    lk_form_put(&form, LK_STR("grant_type"), LK_STR("refresh_token"));
    lk_form_put(&form, LK_STR("client_id"), LK_STR(CLIENT));
    lk_form_put(&form, LK_STR("refresh_token"), lk_json_get_str(answer, "refresh_token"));
    lk_form_put(&form, LK_STR("scope"), lk_str_from(scopes));
    snprintf(ret, 4096, "%s", lk_buf_cstr(&form));
}

static json_t *claims_of(const json_t *answer, const char *token)
{
    LK_CLEANUP(local_jwt_done) struct local_jwt jwt = {.header = NULL};

    assert_true(local_jwt_read(lk_json_get_str(answer, token), &jwt));
    return json_incref(jwt.claims);
}

static void the_page_lists_the_scopes_and_asks(void **state)
{
    struct local_reply reply;

    authorize(*state, &usual, NULL, &reply);
    assert_int_equal(reply.status, 200);
    assert_contains(lk_buf_view(&reply.body), "ada@livy-local.example");
    assert_contains(lk_buf_view(&reply.body), "<li>" ONE_SCOPE "</li>");
    assert_contains(lk_buf_view(&reply.body), "value=\"accept\"");
    assert_contains(lk_buf_view(&reply.body), "value=\"cancel\"");
    assert_contains(lk_buf_view(&reply.body), "value=\"a &quot;state&quot; &lt;&amp;&gt;\"");
    assert_lacks(lk_buf_view(&reply.body), "<script");
    assert_string_equal(json_string_value(json_object_get(reply.headers, "Cache-Control")),
                        "no-store");
    local_reply_done(&reply);
}

static void accepting_gives_tokens_for_one_resource(void **state)
{
    struct entra_fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(256);
    json_t *answer, *access, *identity;

    sign_in(f, BOTH, &code);
    answer = redeem(f, &code, ONE_SCOPE " offline_access openid profile");
    assert_str(lk_json_get_str(answer, "scope"), ONE_SCOPE);
    access = claims_of(answer, "access_token");
    assert_str(lk_json_get_str(access, "aud"), FABRIC);
    assert_str(lk_json_get_str(access, "scp"), "Lakehouse.Read.All");
    assert_str(lk_json_get_str(access, "upn"), "ada@livy-local.example");
    identity = claims_of(answer, "id_token");
    assert_str(lk_json_get_str(identity, "aud"), CLIENT);
    assert_str(lk_json_get_str(identity, "nonce"), "n-0S6");
    assert_str(lk_json_get_str(identity, "preferred_username"), "ada@livy-local.example");
    json_decref(access);
    json_decref(identity);
    json_decref(answer);
}

static void the_refresh_token_serves_what_was_consented_to_and_nothing_else(void **state)
{
    struct entra_fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(256);
    char form[4096];
    json_t *answer, *second, *access;
    int status;

    sign_in(f, BOTH, &code);
    answer = redeem(f, &code, ONE_SCOPE);
    refresh_form(answer, STORE "/.default offline_access openid profile", form);
    second = post_token(f, form, &status);
    assert_int_equal(status, 200);
    assert_str(lk_json_get_str(second, "scope"), STORE "/user_impersonation " STORE "/.default");
    access = claims_of(second, "access_token");
    assert_str(lk_json_get_str(access, "aud"), STORE);
    refresh_form(answer, FABRIC "/Item.ReadWrite.All", form);
    assert_refused(f, form, 400, "invalid_grant", 65001);
    refresh_form(answer, POWER "/.default", form); /* Fabric by its other name */
    json_decref(post_token(f, form, &status));
    assert_int_equal(status, 200);
    json_decref(access);
    json_decref(second);
    json_decref(answer);
}

static void consent_for_one_service_is_none_for_the_other(void **state)
{
    struct entra_fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(256);
    char form[4096];
    json_t *answer;

    sign_in(f, ONE_SCOPE, &code);
    answer = redeem(f, &code, ONE_SCOPE);
    refresh_form(answer, STORE "/.default", form);
    assert_refused(f, form, 400, "invalid_grant", 65001);
    json_decref(answer);
}

static void default_asks_for_all_that_the_application_is_set_up_with(void **state)
{
    struct entra_fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(256);
    json_t *answer, *access;

    sign_in(f, STORE "/.default", &code);
    answer = redeem(f, &code, FABRIC "/.default");
    access = claims_of(answer, "access_token");
    assert_contains(lk_json_get_str(access, "scp"), "Lakehouse.Execute.All");
    assert_contains(lk_json_get_str(access, "scp"), "Code.AccessStorage.All");
    json_decref(access);
    json_decref(answer);
}

static void a_code_is_good_once_and_for_ten_minutes(void **state)
{
    struct entra_fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(256);
    char *form;

    sign_in(f, BOTH, &code);
    json_decref(redeem(f, &code, ONE_SCOPE));
    form = code_form(&code, ONE_SCOPE, VERIFIER, REDIRECT);
    assert_refused(f, form, 400, "invalid_grant", 54005);
    free(form);
    sign_in(f, BOTH, &code);
    fake_clock_advance_ms(&f->clock, 600 * 1000);
    form = code_form(&code, ONE_SCOPE, VERIFIER, REDIRECT);
    assert_refused(f, form, 400, "invalid_grant", 70008);
    free(form);
}

static void a_code_is_bound_to_its_verifier_and_its_address(void **state)
{
    static const struct {
        const char *verifier, *redirect;
        const char *error;
        long number;
    } table[] = {
        {NULL, REDIRECT, "invalid_grant", 501481},
        {CHALLENGE, REDIRECT, "invalid_grant", 501481},
        {VERIFIER "x", REDIRECT, "invalid_grant", 501481},
        {VERIFIER, "http://localhost:45132", "invalid_client", 500112},
        {VERIFIER, "", "invalid_client", 500112},
    };
    struct entra_fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(table); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(256);
        LK_CLEANUP(lk_free_ptr) char *form = NULL;
        sign_in(f, BOTH, &code);
        form = code_form(&code, ONE_SCOPE, table[i].verifier, table[i].redirect);
        assert_refused(f, form, 400, table[i].error, table[i].number);
    }
}

static void a_made_up_code_or_refresh_token_is_worth_nothing(void **state)
{
    struct entra_fixture *f = *state;

    assert_refused(f,
                   "grant_type=authorization_code&client_id=" CLIENT "&code=guess&scope=" ONE_SCOPE,
                   400, "invalid_grant", 9002313);
    assert_refused(
        f, "grant_type=refresh_token&client_id=" CLIENT "&refresh_token=guess&scope=" ONE_SCOPE,
        400, "invalid_grant", 700082);
    assert_refused(f, "grant_type=refresh_token&client_id=" CLIENT "&scope=" ONE_SCOPE, 400,
                   "invalid_request", 900144);
}

static void declining_is_told_to_the_client(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
    struct local_reply reply;

    authorize(*state, &usual, "cancel", &reply);
    assert_int_equal(reply.status, 302);
    sent_back(&reply, "error", &text);
    assert_string_equal(lk_buf_cstr(&text), "access_denied");
    sent_back(&reply, "error_description", &text);
    assert_contains(lk_buf_view(&text), "AADSTS65004");
    sent_back(&reply, "state", &text);
    assert_string_equal(lk_buf_cstr(&text), "a \"state\" <&>");
    assert_lacks(location(&reply), "?code=");
    local_reply_done(&reply);
}

static void form_post_works_with_and_without_javascript(void **state)
{
    struct asked asked = usual;
    struct local_reply reply;

    asked.mode = "form_post";
    authorize(*state, &asked, "accept", &reply);
    assert_int_equal(reply.status, 200);
    assert_contains(lk_buf_view(&reply.body), "<form method=\"post\" action=\"" REDIRECT "\">");
    assert_contains(lk_buf_view(&reply.body), "name=\"code\" value=\"");
    assert_contains(lk_buf_view(&reply.body), "name=\"client_info\" value=\"");
    assert_contains(lk_buf_view(&reply.body), "value=\"a &quot;state&quot; &lt;&amp;&gt;\"");
    assert_contains(lk_buf_view(&reply.body), ">Continue</button>");
    assert_contains(lk_buf_view(&reply.body), "document.forms[0].submit()");
    local_reply_done(&reply);
}

static void nobody_is_sent_to_an_address_that_is_not_loopback(void **state)
{
    static const char *const table[] = {
        "",
        "https://localhost:45131",
        "http://localhost.evil.example",
        "http://localhost@evil.example",
        "http://localhost:80@evil.example",
        "http://localhost:0",
        "http://localhost:65536",
        "http://localhost:80/path",
        "http://127.0.0.1:45131",
        "javascript:alert(1)",
    };

    for (size_t i = 0; i < LK_COUNT(table); i++) {
        struct asked asked = usual;
        struct local_reply reply;
        asked.redirect = table[i];
        authorize(*state, &asked, "accept", &reply);
        if (reply.status != 400 || location(&reply)[0])
            fail_msg("%s: %d %s", table[i], reply.status, location(&reply));
        assert_contains(lk_buf_view(&reply.body), "AADSTS50011");
        assert_lacks(lk_buf_view(&reply.body), "action=");
        local_reply_done(&reply);
    }
}

static void a_request_that_is_wrong_fails_where_entra_lets_it_fail(void **state)
{
    const struct {
        struct asked asked;
        int status; /* 400: a page; 302: told to the client */
        const char *part;
    } table[] = {
        {{"nobody", REDIRECT, "query", BOTH, CHALLENGE, "S256", "code"}, 400, "AADSTS700016"},
        {{CLIENT, REDIRECT, "fragment", BOTH, CHALLENGE, "S256", "code"}, 400, "AADSTS70007"},
        {{CLIENT, REDIRECT, "query", BOTH, CHALLENGE, "S256", "token"}, 302, "AADSTS70005"},
        {{CLIENT, REDIRECT, "query", BOTH, CHALLENGE, "plain", "code"}, 302, "AADSTS9002325"},
        {{CLIENT, REDIRECT, "query", BOTH, "short", "S256", "code"}, 302, "AADSTS9002325"},
        {{CLIENT, REDIRECT, "query", "", CHALLENGE, "S256", "code"}, 302, "AADSTS900144"},
        {{CLIENT, REDIRECT, "query", "Lakehouse.Read.All", CHALLENGE, "S256", "code"},
         302,
         "AADSTS70011"},
    };

    for (size_t i = 0; i < LK_COUNT(table); i++)
        for (int post = 0; post < 2; post++) {
            struct local_reply reply;
            authorize(*state, &table[i].asked, post ? "accept" : NULL, &reply);
            if (reply.status != table[i].status)
                fail_msg("row %zu: %d", i, reply.status);
            assert_contains(reply.status == 302 ? lk_str_from(location(&reply))
                                                : lk_buf_view(&reply.body),
                            table[i].part);
            assert_lacks(location(&reply), "?code=");
            local_reply_done(&reply);
        }
}

static void a_new_sign_in_makes_room_by_the_oldest_grant(void **state)
{
    struct entra_fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf first = LK_BUF_INIT(256);
    LK_CLEANUP(lk_buf_done) struct lk_buf last = LK_BUF_INIT(256);
    char *form;

    sign_in(f, BOTH, &first);
    for (int i = 0; i < GRANTS_MAX; i++)
        sign_in(f, BOTH, &last);
    json_decref(redeem(f, &last, ONE_SCOPE));
    form = code_form(&first, ONE_SCOPE, VERIFIER, REDIRECT);
    assert_refused(f, form, 400, "invalid_grant", 9002313);
    free(form);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_page_lists_the_scopes_and_asks, entra_set_up),
        cmocka_unit_test_setup(accepting_gives_tokens_for_one_resource, entra_set_up),
        cmocka_unit_test_setup(the_refresh_token_serves_what_was_consented_to_and_nothing_else,
                               entra_set_up),
        cmocka_unit_test_setup(consent_for_one_service_is_none_for_the_other, entra_set_up),
        cmocka_unit_test_setup(default_asks_for_all_that_the_application_is_set_up_with,
                               entra_set_up),
        cmocka_unit_test_setup(a_code_is_good_once_and_for_ten_minutes, entra_set_up),
        cmocka_unit_test_setup(a_code_is_bound_to_its_verifier_and_its_address, entra_set_up),
        cmocka_unit_test_setup(a_made_up_code_or_refresh_token_is_worth_nothing, entra_set_up),
        cmocka_unit_test_setup(declining_is_told_to_the_client, entra_set_up),
        cmocka_unit_test_setup(form_post_works_with_and_without_javascript, entra_set_up),
        cmocka_unit_test_setup(nobody_is_sent_to_an_address_that_is_not_loopback, entra_set_up),
        cmocka_unit_test_setup(a_request_that_is_wrong_fails_where_entra_lets_it_fail,
                               entra_set_up),
        cmocka_unit_test_setup(a_new_sign_in_makes_room_by_the_oldest_grant, entra_set_up),
    };

    return cmocka_run_group_tests(tests, entra_group_set_up, entra_group_tear_down);
}
