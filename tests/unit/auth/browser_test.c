/* A whole sign-in in one thread: the host's "browser" reads the address, posts the form to the
 * listener's socket and puts the token endpoint's answer in place, all before the listener looks.
 */
#include "auth/browser.h"

#include "auth/pkce.h"
#include "base/encoding.h"
#include "support/fake_clock.h"
#include "support/fake_http.h"
#include "support/golden.h"
#include "visitor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TENANT "01234567-89ab-cdef-fedc-ba8976543210"
#define CLIENT "fedcba98-7654-3210-0123-456789abcdef"
#define FABRIC                                                                                     \
    "https://api.fabric.microsoft.com/Item.ReadWrite.All "                                         \
    "https://api.fabric.microsoft.com/Lakehouse.Execute.All "                                      \
    "https://api.fabric.microsoft.com/Lakehouse.Read.All"
#define CONSENT "https://storage.azure.com/user_impersonation"
#define STORAGE "https://storage.azure.com/.default"
#define CLIENT_INFO                                                                                \
    "eyJ1aWQiOiAidWlkLTEiLCAidXRpZCI6ICIwMTIzNDU2Ny04OWFiLWNkZWYtZmVkYy1iYTg5NzY1NDMyMTAifQ"

struct fixture {
    struct lk_browser_host host; /* first: the host is the fixture */
    struct fake_http *http;
    struct fake_clock clock;
    struct lk_cancel *cancel;
    struct lk_app app;
    struct lk_browser_options options;
    struct lk_credential *credential;
    struct lk_buf address;
    struct lk_error err;
    /* What the browser does and Entra answers. */
    const char *form;     /* posted after "state=STATE&"; NULL: nobody comes */
    const char *state;    /* posted instead of the right one */
    const char *audience; /* of the id token; NULL: ours */
    const char *nonce;    /* of the id token; NULL: ours */
    bool no_id_token;
    bool interrupt;
    int visitor;
    bool opened;
};

static void parameter(const struct fixture *f, const char *name, struct lk_buf *ret)
{
    struct lk_str address = lk_buf_view(&f->address), before, query;

    assert_true(lk_str_split(address, '?', &before, &query));
    lk_buf_clear(ret);
    if (!lk_form_get(query, lk_str_from(name), ret))
        lk_buf_clear(ret);
}

static void put_id_token(const struct fixture *f, struct lk_buf *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf nonce = LK_BUF_INIT(256);
    LK_CLEANUP(lk_buf_done) struct lk_buf claims = LK_BUF_INIT(1024);

    parameter(f, "nonce", &nonce);
    lk_buf_printf(&claims, "{\"aud\":\"%s\",\"nonce\":\"%s\"}", f->audience ? f->audience : CLIENT,
                  f->nonce ? f->nonce : lk_buf_cstr(&nonce));
    lk_buf_put(ret, LK_STR("eyJhbGciOiJub25lIn0."));
    lk_base64url_encode(lk_buf_view(&claims), ret);
    lk_buf_put(ret, LK_STR(".sig"));
}

static void answer_token(struct fixture *f, const char *access, const char *refresh,
                         bool with_id_token)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf body = LK_BUF_INIT(8192);

    lk_buf_printf(&body,
                  "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"%s\","
                  "\"client_info\":\"" CLIENT_INFO "\"",
                  access);
    if (refresh)
        lk_buf_printf(&body, ",\"refresh_token\":\"%s\"", refresh);
    if (with_id_token) {
        lk_buf_put(&body, LK_STR(",\"id_token\":\""));
        put_id_token(f, &body);
        lk_buf_put_char(&body, '"');
    }
    lk_buf_put_char(&body, '}');
    fake_http_reply(f->http, 200, NULL, lk_buf_view(&body));
}

static void show_address(struct lk_browser_host *host, struct lk_str url)
{
    struct fixture *f = (struct fixture *)host;

    lk_buf_clear(&f->address);
    lk_buf_put(&f->address, url);
}

static bool open_address(struct lk_browser_host *host, struct lk_str url)
{
    struct fixture *f = (struct fixture *)host;
    LK_CLEANUP(lk_buf_done) struct lk_buf value = LK_BUF_INIT(1024);
    LK_CLEANUP(lk_buf_done) struct lk_buf form = LK_BUF_INIT(4096);
    struct lk_str before, port;
    int64_t number = 0;

    f->opened = true;
    assert_bytes(url, lk_buf_view(&f->address));
    parameter(f, "redirect_uri", &value);
    assert_true(lk_str_starts(lk_buf_view(&value), LK_STR("http://localhost:")));
    lk_str_split(lk_str_slice(lk_buf_view(&value), 7, value.len), ':', &before, &port);
    assert_true(lk_str_to_i64(port, &number));
    if (f->interrupt)
        lk_cancel_set(f->cancel);
    if (!f->form)
        return false;
    parameter(f, "state", &value);
    lk_buf_printf(&form, "state=%s&%s", f->state ? f->state : lk_buf_cstr(&value), f->form);
    f->visitor = visitor_connect_v4((uint16_t)number);
    visitor_post(f->visitor, (uint16_t)number, lk_buf_cstr(&form));
    return true;
}

static int setup(void **state)
{
    struct fixture *f = lk_alloc(sizeof *f);

    f->host = (struct lk_browser_host){.show_address = show_address, .open_address = open_address};
    f->http = fake_http_new();
    fake_clock_init(&f->clock);
    f->cancel = lk_cancel_new();
    f->app = (struct lk_app){.authority = LK_STR("https://login.example"),
                             .tenant = LK_STR(TENANT),
                             .client_id = LK_STR(CLIENT),
                             .http = &f->http->http,
                             .clock = &f->clock.clock};
    f->options = (struct lk_browser_options){.fabric_scopes = LK_STR(FABRIC),
                                             .storage_scope = LK_STR(CONSENT)};
    lk_buf_init(&f->address, 1 << 16);
    f->form = "code=CODE1&client_info=" CLIENT_INFO "&session_state=ss";
    f->visitor = -1;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    lk_fd_close(&f->visitor);
    lk_credential_unref(&f->credential);
    fake_http_free(f->http);
    lk_cancel_free(f->cancel);
    lk_buf_done(&f->address);
    free(f);
    return 0;
}

/* The token endpoint's first answer needs the nonce of an address that is not there yet. */
static bool open_and_answer(struct lk_browser_host *host, struct lk_str url)
{
    struct fixture *f = (struct fixture *)host;
    bool opened = open_address(host, url);

    answer_token(f, "AT-fabric", "RT1", !f->no_id_token);
    return opened;
}

static enum lk_status sign_in(struct fixture *f)
{
    return lk_credential_browser_new(&f->app, &f->options, &f->host, f->cancel, &f->credential,
                                     &f->err);
}

static void sign_in_well(struct fixture *f)
{
    f->host.open_address = open_and_answer;
    assert_lk_ok(sign_in(f), &f->err);
}

static enum lk_status ask(struct fixture *f, const char *scopes, bool force, struct lk_token *ret)
{
    struct lk_token_request request = {.scopes = lk_str_from(scopes), .force_refresh = force};

    return f->credential->get_token(f->credential, &request, f->cancel, ret, &f->err);
}

static void assert_token(struct fixture *f, const char *scopes, bool force, const char *want)
{
    LK_CLEANUP(lk_token_done) struct lk_token token = LK_TOKEN_INIT;

    assert_lk_ok(ask(f, scopes, force, &token), &f->err);
    assert_str(lk_secret_reveal(&token.access_token), want);
    assert_string_equal(token.source, "browser");
}

static void assert_parameter(struct lk_str form, const char *name, const char *want)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf value = LK_BUF_INIT(8192);

    if (!lk_form_get(form, lk_str_from(name), &value))
        fail_msg("there is no %s", name);
    assert_str(lk_buf_view(&value), want);
}

/* ---- the address --------------------------------------------------------------------------- */

static bool is_of_one_sign_in(struct lk_str name)
{
    static const char *const names[] = {"state", "nonce",      "code_challenge", "redirect_uri",
                                        "scope", "login_hint", "X-AnchorMailbox"};

    for (size_t i = 0; i < LK_COUNT(names); i++)
        if (lk_str_eq(name, lk_str_from(names[i])))
            return true;
    return false;
}

static void the_address_asks_what_msal_asks(void **state)
{
    struct fixture *f = *state;
    struct golden_http captured = golden_http("msal/capture-browser.http", 0);
    LK_CLEANUP(lk_buf_done) struct lk_buf ours = LK_BUF_INIT(8192);
    LK_CLEANUP(lk_buf_done) struct lk_buf theirs = LK_BUF_INIT(8192);
    struct lk_str path, query, pair, name, value;

    f->options.login_hint = LK_STR("a@contoso.com");
    sign_in_well(f);
    assert_true(lk_str_split(captured.target, '?', &path, &query));
    lk_buf_put(&ours, LK_STR("https://login.example"));
    lk_buf_put(&ours, path);
    assert_true(lk_str_starts(lk_buf_view(&f->address), lk_buf_view(&ours)));
    for (struct lk_str rest = query; rest.len;) {
        lk_str_split(rest, '&', &pair, &rest);
        lk_str_split(pair, '=', &name, &value);
        lk_buf_clear(&theirs);
        assert_true(lk_form_get(query, name, &theirs));
        {
            LK_CLEANUP(lk_free_ptr) char *key = lk_str_dup(name);

            print_message("%s\n", key);
            parameter(f, key, &ours);
        }
        if (is_of_one_sign_in(name))
            assert_true(ours.len > 0);
        else
            assert_bytes(lk_buf_view(&ours), lk_buf_view(&theirs));
    }
    parameter(f, "login_hint", &ours);
    assert_str(lk_buf_view(&ours), "a@contoso.com");
    parameter(f, "X-AnchorMailbox", &ours);
    assert_str(lk_buf_view(&ours), "UPN:a@contoso.com");
}

static void one_consent_covers_fabric_and_storage(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf scope = LK_BUF_INIT(8192);

    sign_in_well(f);
    parameter(f, "scope", &scope);
    assert_str(lk_buf_view(&scope), FABRIC " " CONSENT " offline_access openid profile");
    parameter(f, "prompt", &scope);
    assert_str(lk_buf_view(&scope), "select_account");
}

static void every_sign_in_has_its_own_state_nonce_and_challenge(void **state)
{
    static const char *const names[] = {"state", "nonce", "code_challenge"};
    struct fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf before = LK_BUF_INIT(1024);
    LK_CLEANUP(lk_buf_done) struct lk_buf after = LK_BUF_INIT(1024);
    struct lk_buf first;

    sign_in_well(f);
    lk_credential_unref(&f->credential);
    lk_fd_close(&f->visitor);
    first = f->address;
    lk_buf_init(&f->address, 1 << 16);
    sign_in_well(f);
    for (size_t i = 0; i < LK_COUNT(names); i++) {
        struct lk_str path, query;

        lk_str_split(lk_buf_view(&first), '?', &path, &query);
        lk_buf_clear(&before);
        assert_true(lk_form_get(query, lk_str_from(names[i]), &before));
        parameter(f, names[i], &after);
        assert_true(after.len >= 43);
        assert_false(lk_str_eq(lk_buf_view(&before), lk_buf_view(&after)));
    }
    lk_buf_done(&first);
}

static void the_tutorials_scopes_are_nine_with_their_prefix(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf scopes = LK_BUF_INIT(4096);
    struct lk_str rest, one;
    int count = 0;

    (void)state;
    lk_browser_tutorial_scopes(LK_STR("https://api.fabric.microsoft.com/"), &scopes);
    rest = lk_buf_view(&scopes);
    while (rest.len) {
        lk_str_split(rest, ' ', &one, &rest);
        assert_true(lk_str_starts(one, LK_STR("https://api.fabric.microsoft.com/")));
        count++;
    }
    assert_int_equal(count, 9);
    assert_contains(lk_buf_view(&scopes), "/Lakehouse.Execute.All ");
    assert_contains(lk_buf_view(&scopes), "/Code.AccessStorage.All ");
}

/* ---- the code ------------------------------------------------------------------------------ */

static void the_code_is_redeemed_with_the_verifier_of_the_challenge(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf value = LK_BUF_INIT(1024);
    LK_CLEANUP(lk_buf_done) struct lk_buf challenge = LK_BUF_INIT(1024);
    LK_CLEANUP(lk_secret_done) struct lk_secret verifier = LK_SECRET_INIT;
    const struct fake_http_request *sent;

    sign_in_well(f);
    assert_int_equal(fake_http_count(f->http), 1);
    sent = fake_http_request(f->http, 0);
    assert_str(sent->url, "https://login.example/" TENANT "/oauth2/v2.0/token");
    assert_true(sent->body_is_secret);
    assert_parameter(sent->body, "grant_type", "authorization_code");
    assert_parameter(sent->body, "code", "CODE1");
    assert_parameter(sent->body, "scope", FABRIC " offline_access openid profile");
    parameter(f, "redirect_uri", &value);
    assert_parameter(sent->body, "redirect_uri", lk_buf_cstr(&value));
    lk_buf_clear(&value);
    assert_true(lk_form_get(sent->body, LK_STR("code_verifier"), &value));
    lk_secret_set(&verifier, lk_buf_view(&value));
    lk_pkce_challenge(&verifier, &challenge);
    parameter(f, "code_challenge", &value);
    assert_bytes(lk_buf_view(&value), lk_buf_view(&challenge));
    assert_str(fake_http_request_header(f->http, 0, "X-AnchorMailbox"), "Oid:uid-1@" TENANT);
}

static void the_code_is_not_sent_twice_once_it_may_have_arrived(void **state)
{
    static const enum lk_status failures[] = {LK_UNKNOWN, LK_TIMEOUT};

    for (size_t i = 0; i < LK_COUNT(failures); i++) {
        struct fixture *f = *state;

        fake_http_fail(f->http, failures[i]);
        assert_lk_status(failures[i], sign_in(f), &f->err);
        assert_int_equal(fake_http_count(f->http), i + 1);
        assert_int_not_equal(fake_http_request(f->http, i)->repeat, LK_HTTP_REPEAT_ALWAYS);
        assert_contains((const char *)f->err.next, "%entra login");
        lk_fd_close(&f->visitor);
    }
}

static void the_code_is_not_sent_twice_after_an_answer(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 503, NULL, "{\"error\":\"server_error\"}");
    assert_lk_status(LK_SERVICE, sign_in(f), &f->err);
    assert_int_equal(fake_http_count(f->http), 1);
}

static void a_code_that_never_left_is_sent_again(void **state)
{
    struct fixture *f = *state;

    fake_http_fail(f->http, LK_NETWORK);
    sign_in_well(f);
    assert_int_equal(fake_http_count(f->http), 2);
    assert_in_range(fake_clock_waited_ms(&f->clock), 500, 2000);
    assert_bytes(fake_http_request(f->http, 0)->body, fake_http_request(f->http, 1)->body);
}

static void a_network_that_stays_away_ends_the_sign_in(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++)
        fake_http_fail(f->http, LK_NETWORK);
    assert_lk_status(LK_NETWORK, sign_in(f), &f->err);
    assert_null(f->credential);
    assert_int_equal(fake_http_count(f->http), 3);
}

/* ---- what goes wrong in the browser -------------------------------------------------------- */

static void nobody_comes(void **state)
{
    struct fixture *f = *state;

    f->form = NULL;
    f->options.timeout_ms = 20;
    assert_lk_status(LK_TIMEOUT, sign_in(f), &f->err);
    assert_string_equal(f->err.code, "SignInAbandoned");
    assert_contains((const char *)f->err.next, "%entra login");
    assert_true(f->opened);
    assert_null(f->credential);
}

static void the_answer_to_another_sign_in_is_no_answer(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf page = LK_BUF_INIT(1 << 16);

    f->state = "somebody-elses";
    f->options.timeout_ms = 50;
    assert_lk_status(LK_TIMEOUT, sign_in(f), &f->err);
    assert_int_equal(fake_http_count(f->http), 0);
    visitor_answer(f->visitor, &page);
    f->visitor = -1;
    assert_contains(lk_buf_view(&page), "HTTP/1.1 400 ");
}

static void a_refusal_is_told_with_its_number_and_what_to_do(void **state)
{
    static const struct {
        const char *form, *code, *says, *next;
    } cases[] = {
        {"error=access_denied&error_description=AADSTS65004%3A+User+declined+to+consent.",
         "AADSTS65004", "access_denied", "accept"},
        {"error=access_denied&error_description=AADSTS90094%3A+Admin+consent+is+required.",
         "AADSTS90094", "Admin consent",
         "https://login.example/" TENANT "/adminconsent?client_id=" CLIENT},
        {"error=invalid_request&error_description=AADSTS70007%3A+%27form_post%27+is+not+supported",
         "AADSTS70007", "form_post", "Mobile and desktop"},
        {"error=server_error", "", "server_error", "%entra login"},
        {"error=%1b%5B31mred%00%ff&error_description=%ff%fe", "", "", "%entra login"},
        {"error=x&error_description=code%3DSECRETCODE+eyJhbGciOiJub25lIn0.eyJhIjoxfQ.SECRETSIG", "",
         "x", "%entra login"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        f->form = cases[i].form;
        assert_lk_status(LK_DENIED, sign_in(f), &f->err);
        assert_string_equal(f->err.code, "SignInRefused");
        assert_string_equal(f->err.service_code, cases[i].code);
        assert_contains((const char *)f->err.message, cases[i].says);
        assert_contains((const char *)f->err.next, cases[i].next);
        assert_lacks((const char *)f->err.message, "SECRET");
        assert_true(lk_str_is_utf8(lk_str_from(f->err.message)));
        assert_int_equal(fake_http_count(f->http), 0);
        lk_fd_close(&f->visitor);
    }
}

static void an_interrupt_ends_the_sign_in(void **state)
{
    struct fixture *f = *state;

    f->form = NULL;
    f->interrupt = true;
    assert_lk_status(LK_CANCELLED, sign_in(f), &f->err);
    assert_null(f->credential);
}

static void an_id_token_for_somebody_else_or_of_another_sign_in_is_refused(void **state)
{
    static const struct {
        const char *audience, *nonce;
    } cases[] = {
        {"00000000-0000-0000-0000-000000000001", NULL},
        {NULL, "0823a09b54cb9381561068b00aaf4e539b3f54604631d3e6a820879b6b04cc19"},
        {NULL, ""},
    };
    struct fixture *f = *state;

    f->host.open_address = open_and_answer;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        f->audience = cases[i].audience;
        f->nonce = cases[i].nonce;
        assert_lk_status(LK_PROTOCOL, sign_in(f), &f->err);
        assert_string_equal(f->err.code, "SignInFailed");
        assert_null(f->credential);
        lk_fd_close(&f->visitor);
    }
}

static void a_broken_id_token_is_refused(void **state)
{
    static const char *const tokens[] = {"x",        "a.b", "..", "e30.%%%.x", "e30.bm90IGpzb24.x",
                                         "e30.W10.x"};
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(tokens); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf body = LK_BUF_INIT(1024);

        lk_buf_printf(&body, "{\"access_token\":\"A\",\"id_token\":\"%s\"}", tokens[i]);
        fake_http_reply(f->http, 200, NULL, lk_buf_view(&body));
        assert_lk_status(LK_PROTOCOL, sign_in(f), &f->err);
        assert_string_equal(f->err.code, "SignInFailed");
        lk_fd_close(&f->visitor);
    }
}

static void a_wrong_application_is_told_before_anything_opens(void **state)
{
    struct fixture *f = *state;

    f->app.client_id = LK_STR("my app");
    assert_lk_status(LK_INVALID, sign_in(f), &f->err);
    assert_false(f->opened);
}

/* ---- the credential ------------------------------------------------------------------------ */

static void the_sign_in_brings_the_first_token_along(void **state)
{
    struct fixture *f = *state;

    sign_in_well(f);
    assert_token(f, FABRIC, false, "AT-fabric");
    assert_int_equal(fake_http_count(f->http), 1);
}

static void storage_comes_by_the_same_refresh_token(void **state)
{
    struct fixture *f = *state;
    struct golden_http captured = golden_http("msal/capture-refresh-other-resource.http", 0);
    const struct fake_http_request *sent;
    LK_CLEANUP(lk_buf_done) struct lk_buf scope = LK_BUF_INIT(1024);

    sign_in_well(f);
    answer_token(f, "AT-storage", "RT2", false);
    assert_token(f, STORAGE, false, "AT-storage");
    sent = fake_http_request(f->http, 1);
    assert_parameter(sent->body, "grant_type", "refresh_token");
    assert_parameter(sent->body, "refresh_token", "RT1");
    assert_true(lk_form_get(captured.request_body, LK_STR("scope"), &scope));
    assert_parameter(sent->body, "scope", lk_buf_cstr(&scope));
    assert_bytes(fake_http_request_header(f->http, 1, "X-AnchorMailbox"),
                 golden_header(captured.request_headers, "X-AnchorMailbox"));
}

static void the_newest_refresh_token_is_used_and_none_keeps_the_old_one(void **state)
{
    static const char *const answers[] = {"RT2", NULL, "RT3"};
    static const char *const sent[] = {"RT1", "RT2", "RT2", "RT3"};
    struct fixture *f = *state;

    sign_in_well(f);
    for (size_t i = 0; i < LK_COUNT(sent); i++) {
        answer_token(f, "AT", i < LK_COUNT(answers) ? answers[i] : NULL, false);
        assert_token(f, STORAGE, true, "AT");
        assert_parameter(fake_http_request(f->http, i + 1)->body, "refresh_token", sent[i]);
    }
}

static void a_first_token_that_has_grown_old_is_not_given(void **state)
{
    struct fixture *f = *state;

    sign_in_well(f);
    fake_clock_advance_ms(&f->clock, 3600 * 1000);
    answer_token(f, "AT-new", NULL, false);
    assert_token(f, FABRIC, false, "AT-new");
}

static void a_token_that_the_api_refused_is_not_given_again(void **state)
{
    struct fixture *f = *state;

    sign_in_well(f);
    answer_token(f, "AT-new", NULL, false);
    assert_token(f, FABRIC, true, "AT-new");
    answer_token(f, "AT-newer", NULL, false);
    assert_token(f, FABRIC, false, "AT-newer");
}

static void a_refused_refresh_token_asks_for_a_new_sign_in(void **state)
{
    static const char *const numbers[] = {"700082", "50173", "1234567"};
    struct fixture *f = *state;

    sign_in_well(f);
    for (size_t i = 0; i < LK_COUNT(numbers); i++) {
        LK_CLEANUP(lk_token_done) struct lk_token token = LK_TOKEN_INIT;
        LK_CLEANUP(lk_buf_done) struct lk_buf body = LK_BUF_INIT(1024);

        lk_buf_printf(&body,
                      "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS%s: no\","
                      "\"error_codes\":[%s]}",
                      numbers[i], numbers[i]);
        fake_http_reply(f->http, 400, NULL, lk_buf_view(&body));
        assert_lk_status(LK_UNAUTHORIZED, ask(f, STORAGE, false, &token), &f->err);
        assert_contains((const char *)f->err.next, "%entra login");
    }
    /* It may be that resource only: the refresh token is kept. */
    answer_token(f, "AT-fabric-2", NULL, false);
    assert_token(f, FABRIC, true, "AT-fabric-2");
}

static void a_sign_in_without_a_refresh_token_lasts_as_long_as_its_token(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_token_done) struct lk_token token = LK_TOKEN_INIT;

    fake_http_reply(f->http, 200, NULL, "{\"access_token\":\"AT-1\",\"expires_in\":3599}");
    assert_lk_ok(sign_in(f), &f->err);
    assert_token(f, FABRIC, false, "AT-1");
    assert_lk_status(LK_UNAUTHORIZED, ask(f, STORAGE, false, &token), &f->err);
    assert_contains((const char *)f->err.next, "%entra login");
    assert_int_equal(fake_http_count(f->http), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_address_asks_what_msal_asks),
        TEST(one_consent_covers_fabric_and_storage),
        TEST(every_sign_in_has_its_own_state_nonce_and_challenge),
        TEST(the_tutorials_scopes_are_nine_with_their_prefix),
        TEST(the_code_is_redeemed_with_the_verifier_of_the_challenge),
        TEST(the_code_is_not_sent_twice_once_it_may_have_arrived),
        TEST(the_code_is_not_sent_twice_after_an_answer),
        TEST(a_code_that_never_left_is_sent_again),
        TEST(a_network_that_stays_away_ends_the_sign_in),
        TEST(nobody_comes),
        TEST(the_answer_to_another_sign_in_is_no_answer),
        TEST(a_refusal_is_told_with_its_number_and_what_to_do),
        TEST(an_interrupt_ends_the_sign_in),
        TEST(an_id_token_for_somebody_else_or_of_another_sign_in_is_refused),
        TEST(a_broken_id_token_is_refused),
        TEST(a_wrong_application_is_told_before_anything_opens),
        TEST(the_sign_in_brings_the_first_token_along),
        TEST(storage_comes_by_the_same_refresh_token),
        TEST(the_newest_refresh_token_is_used_and_none_keeps_the_old_one),
        TEST(a_first_token_that_has_grown_old_is_not_given),
        TEST(a_token_that_the_api_refused_is_not_given_again),
        TEST(a_refused_refresh_token_asks_for_a_new_sign_in),
        TEST(a_sign_in_without_a_refresh_token_lasts_as_long_as_its_token),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
