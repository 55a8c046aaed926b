#include "auth/browser.h"

#include "auth/aadsts.h"
#include "auth/loopback_listener.h"
#include "auth/pkce.h"
#include "auth/token_endpoint.h"
#include "auth/token_request.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 300000, URL_MAX = 16 << 10 };

/* ---- the credential that a sign-in leaves behind ------------------------------------------- */

struct user {
    struct lk_credential credential;
    struct lk_app_kept app;
    struct lk_secret refresh_token;
    char anchor[256];      /* X-AnchorMailbox: routes to where the account lives */
    struct lk_token first; /* of the sign-in itself */
    char first_scopes[2048];
};

/* base64url JSON {"uid", "utid"} → "Oid:uid@utid"; a hint, so nothing is fatal. */
static void read_client_info(struct lk_str client_info, char ret[256])
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1024);
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    struct lk_error ignored;
    struct lk_str uid, utid;

    if (!client_info.len || !lk_base64_decode(client_info, &text) ||
        lk_json_parse(lk_buf_view(&text), "client_info", &json, &ignored))
        return;
    uid = lk_json_get_str(json, "uid");
    utid = lk_json_get_str(json, "utid");
    if (uid.len && utid.len)
        snprintf(ret, 256, "Oid:%.*s@%.*s", LK_STR_ARGS(uid), LK_STR_ARGS(utid));
}

static enum lk_status refresh(struct user *self, struct lk_str scopes, struct lk_cancel *cancel,
                              struct lk_token *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf form = LK_BUF_INIT(LK_TOKEN_REQUEST_MAX);
    LK_CLEANUP(lk_token_reply_done) struct lk_token_reply reply = LK_TOKEN_REPLY_INIT;
    enum lk_status st;

    if (lk_secret_is_empty(&self->refresh_token)) {
        lk_error_set(err, LK_UNAUTHORIZED, "SignInTooOld", "the sign-in cannot be renewed");
        return lk_error_next(err, "%%entra login");
    }
    lk_token_request_refresh(lk_str_from(self->app.client_id), scopes, &self->refresh_token, &form);
    st = lk_buf_check(&form, "the token request", err);
    if (!st)
        st = lk_token_endpoint_post(&self->app, lk_buf_view(&form), lk_str_from(self->anchor),
                                    LK_HTTP_REPEAT_ALWAYS, cancel, &reply, err);
    if (st == LK_UNAUTHORIZED && err &&
        !lk_aadsts_advice(lk_aadsts_number(lk_str_from(err->service_code))))
        lk_error_next(err, "%%entra login");
    if (st)
        return st;
    /* The newest one is kept; an old one may be refused one day. */
    if (!lk_secret_is_empty(&reply.refresh_token))
        lk_secret_move(&self->refresh_token, &reply.refresh_token);
    snprintf(reply.token.source, sizeof reply.token.source, "browser");
    lk_token_copy(ret, &reply.token);
    return LK_OK;
}

static enum lk_status get_token(struct lk_credential *credential,
                                const struct lk_token_request *request, struct lk_cancel *cancel,
                                struct lk_token *ret, struct lk_error *err)
{
    struct user *self = (struct user *)credential;

    /* The sign-in brought one token along: it serves the first question for its scopes. */
    if (lk_str_eq(request->scopes, lk_str_from(self->first_scopes))) {
        bool good = !lk_secret_is_empty(&self->first.access_token) && !request->force_refresh &&
                    self->first.expires_unix_s > lk_clock_unix_s(self->app.clock);
        if (good)
            lk_token_copy(ret, &self->first);
        lk_token_done(&self->first);
        if (good)
            return LK_OK;
    }
    return refresh(self, request->scopes, cancel, ret, err);
}

static void free_user(struct lk_credential *credential)
{
    struct user *self = (struct user *)credential;

    lk_secret_done(&self->refresh_token);
    lk_token_done(&self->first);
    free(self);
}

static struct user *new_user(const struct lk_app *app)
{
    struct user *self = lk_alloc(sizeof *self);

    memset(self, 0, sizeof *self);
    self->credential = (struct lk_credential){.get_token = get_token, .free = free_user};
    lk_app_keep(app, &self->app);
    return self;
}

/* ---- one sign-in --------------------------------------------------------------------------- */

struct sign_in {
    struct user *user;
    const struct lk_browser_options *options;
    struct lk_secret verifier, state, nonce;
    char redirect_uri[64];
};

static void sign_in_done(struct sign_in *sign_in)
{
    lk_secret_done(&sign_in->verifier);
    lk_secret_done(&sign_in->state);
    lk_secret_done(&sign_in->nonce);
}

static void put_query(struct lk_buf *query, const char *name, struct lk_str value)
{
    lk_form_put(query, lk_str_from(name), value);
}

/* Who is meant, with the hint that routes to where the account lives; else the page asks. */
static void put_account(struct lk_str login_hint, struct lk_buf *query)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf anchor = LK_BUF_INIT(1024);

    if (!login_hint.len) {
        put_query(query, "prompt", LK_STR("select_account"));
        return;
    }
    put_query(query, "login_hint", login_hint);
    lk_buf_put(&anchor, LK_STR("UPN:"));
    lk_buf_put(&anchor, login_hint);
    put_query(query, "X-AnchorMailbox", lk_buf_view(&anchor));
}

static void write_authorize_url(const struct sign_in *sign_in, struct lk_buf *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf both = LK_BUF_INIT(URL_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf scopes = LK_BUF_INIT(URL_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf value = LK_BUF_INIT(256);
    LK_CLEANUP(lk_buf_done) struct lk_buf query = LK_BUF_INIT(URL_MAX);

    lk_buf_put(&both, sign_in->options->fabric_scopes);
    lk_buf_put_char(&both, ' ');
    lk_buf_put(&both, sign_in->options->storage_scope);
    lk_scopes_for_user(lk_buf_view(&both), &scopes);
    put_query(&query, "client_id", lk_str_from(sign_in->user->app.client_id));
    put_query(&query, "response_type", LK_STR("code"));
    put_query(&query, "redirect_uri", lk_str_from(sign_in->redirect_uri));
    put_query(&query, "response_mode", LK_STR("form_post"));
    put_query(&query, "scope", lk_buf_view(&scopes));
    put_query(&query, "state", lk_secret_reveal(&sign_in->state));
    lk_pkce_challenge(&sign_in->verifier, &value);
    put_query(&query, "code_challenge", lk_buf_view(&value));
    put_query(&query, "code_challenge_method", LK_STR("S256"));
    lk_buf_clear(&value);
    lk_pkce_nonce_sent(&sign_in->nonce, &value);
    put_query(&query, "nonce", lk_buf_view(&value));
    put_query(&query, "client_info", LK_STR("1"));
    put_account(sign_in->options->login_hint, &query);
    lk_app_url(&sign_in->user->app, "authorize", ret);
    lk_buf_put_char(ret, '?');
    lk_buf_put(ret, lk_buf_view(&query));
}

/* It came over TLS from the token endpoint, so its signature need not be checked (OpenID Connect
 * Core §3.1.3.7); what it says must still be about us. */
static enum lk_status check_id_token(const struct sign_in *sign_in,
                                     const struct lk_secret *id_token, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf claims = LK_BUF_INIT(64 << 10);
    LK_CLEANUP(lk_buf_done) struct lk_buf nonce = LK_BUF_INIT(128);
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    struct lk_str head, payload, rest;
    enum lk_status st = LK_OK;

    if (lk_secret_is_empty(id_token))
        return LK_OK;
    lk_str_split(lk_secret_reveal(id_token), '.', &head, &rest);
    lk_str_split(rest, '.', &payload, &rest);
    if (!lk_base64_decode(payload, &claims))
        st = LK_PROTOCOL;
    if (!st)
        st = lk_json_parse(lk_buf_view(&claims), "the id token", &json, err);
    lk_pkce_nonce_sent(&sign_in->nonce, &nonce);
    if (!st && lk_str_eq(lk_json_get_str(json, "nonce"), lk_buf_view(&nonce)) &&
        lk_str_eq_nocase(lk_json_get_str(json, "aud"), lk_str_from(sign_in->user->app.client_id)))
        return LK_OK;
    lk_error_set(err, LK_PROTOCOL, "SignInFailed",
                 "the id token is not the answer to this sign-in");
    return lk_error_next(err,
                         "%%entra login again; if it stays, somebody is between you and Entra.");
}

/* A code is good for one use: never sent twice once it may have arrived. */
static enum lk_status post_code(struct user *user, struct lk_str form, struct lk_cancel *cancel,
                                struct lk_token_reply *reply, struct lk_error *err)
{
    for (int tries = 1;; tries++) {
        enum lk_status st = lk_token_endpoint_post(&user->app, form, lk_str_from(user->anchor),
                                                   LK_HTTP_REPEAT_REFUSED, cancel, reply, err);
        if (st == LK_UNKNOWN || st == LK_TIMEOUT)
            lk_error_next(err, "%%entra login again: the answer of this sign-in was lost.");
        if (st != LK_NETWORK)
            return st;
        st = lk_token_endpoint_pause(&user->app, st, reply, tries, cancel, err);
        if (st)
            return st;
    }
}

static enum lk_status redeem(struct sign_in *sign_in, const struct lk_redirect *redirect,
                             struct lk_cancel *cancel, struct lk_error *err)
{
    struct user *user = sign_in->user;
    LK_CLEANUP(lk_buf_wipe) struct lk_buf form = LK_BUF_INIT(LK_TOKEN_REQUEST_MAX);
    LK_CLEANUP(lk_token_reply_done) struct lk_token_reply reply = LK_TOKEN_REPLY_INIT;
    enum lk_status st;

    read_client_info(lk_str_from(redirect->client_info), user->anchor);
    lk_token_request_code(lk_str_from(user->app.client_id), sign_in->options->fabric_scopes,
                          lk_str_from(sign_in->redirect_uri), &redirect->code, &sign_in->verifier,
                          &form);
    st = lk_buf_check(&form, "the token request", err);
    if (!st)
        st = post_code(user, lk_buf_view(&form), cancel, &reply, err);
    if (!st)
        st = check_id_token(sign_in, &reply.id_token, err);
    if (st)
        return st;
    if (!user->anchor[0])
        read_client_info(lk_str_from(reply.client_info), user->anchor);
    snprintf(reply.token.source, sizeof reply.token.source, "browser");
    lk_token_copy(&user->first, &reply.token);
    snprintf(user->first_scopes, sizeof user->first_scopes, "%.*s",
             LK_STR_ARGS(sign_in->options->fabric_scopes));
    lk_secret_move(&user->refresh_token, &reply.refresh_token);
    return LK_OK;
}

static void put_foreign(const char *text, size_t max, struct lk_buf *ret)
{
    struct lk_str cut = lk_str_cut(lk_str_from(text), max);

    lk_redact(lk_str_slice(cut, 0, lk_str_utf8_prefix(cut)), ret);
}

static enum lk_status advise(const struct lk_app_kept *app, int64_t number, bool declined,
                             struct lk_error *err)
{
    enum { ADMIN_CONSENT = 90094, ADMIN_CONSENT_ASKED = 90095 };
    const char *advice = lk_aadsts_advice(number);

    if (number == ADMIN_CONSENT || number == ADMIN_CONSENT_ASKED)
        return lk_error_next(err,
                             "An administrator must consent first: %s/%s/adminconsent?client_id=%s",
                             app->authority, app->tenant, app->client_id);
    if (advice)
        return lk_error_next(err, "%s", advice);
    return lk_error_next(err, "%s",
                         declined ? "%entra login again and accept; some permissions need an "
                                    "administrator's consent first."
                                  : "%entra login again.");
}

static enum lk_status tell_refusal(const struct lk_app_kept *app,
                                   const struct lk_redirect *redirect, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf error = LK_BUF_INIT(128);
    LK_CLEANUP(lk_buf_done) struct lk_buf words = LK_BUF_INIT(1024);
    int64_t number = lk_aadsts_number(lk_str_from(redirect->description));
    char code[32] = "";

    if (number)
        snprintf(code, sizeof code, "AADSTS%lld", (long long)number);
    put_foreign(redirect->error, 64, &error);
    put_foreign(redirect->description, 500, &words);
    lk_error_set(err, LK_DENIED, "SignInRefused", "the sign-in was refused in the browser (%s): %s",
                 lk_buf_cstr(&error), words.len ? lk_buf_cstr(&words) : "no description");
    lk_error_answer(err, 0, lk_str_from(code), LK_STR_EMPTY);
    advise(app, number, strcmp(redirect->error, "access_denied") == 0, err);
    return LK_DENIED;
}

static enum lk_status wait_for_browser(struct sign_in *sign_in, struct lk_browser_host *host,
                                       struct lk_cancel *cancel, struct lk_redirect *ret,
                                       struct lk_error *err)
{
    LK_CLEANUP(lk_listener_unref) struct lk_listener *listener = NULL;
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(URL_MAX);
    int64_t timeout = sign_in->options->timeout_ms ? sign_in->options->timeout_ms : TIMEOUT_MS;
    enum lk_status st = lk_listener_open(sign_in->options->port, lk_clock_system(), &listener, err);

    if (st)
        return st;
    snprintf(sign_in->redirect_uri, sizeof sign_in->redirect_uri, "http://localhost:%u",
             lk_listener_port(listener));
    write_authorize_url(sign_in, &url);
    st = lk_buf_check(&url, "the sign-in address", err);
    if (st)
        return st;
    host->show_address(host, lk_buf_view(&url));
    if (!host->open_address(host, lk_buf_view(&url)))
        lk_log(LK_LOG_INFO, "no browser was opened");
    st = lk_listener_wait(listener, &sign_in->state, timeout, cancel, ret, err);
    if (st == LK_TIMEOUT)
        return lk_error_next(err, "%%entra login again, and finish the page that opens.");
    return st;
}

enum lk_status lk_credential_browser_new(const struct lk_app *app,
                                         const struct lk_browser_options *options,
                                         struct lk_browser_host *host, struct lk_cancel *cancel,
                                         struct lk_credential **ret, struct lk_error *err)
{
    LK_CLEANUP(sign_in_done) struct sign_in sign_in = {.options = options};
    LK_CLEANUP(lk_redirect_done) struct lk_redirect redirect = LK_REDIRECT_INIT;
    LK_CLEANUP(lk_credential_unref) struct lk_credential *credential = NULL;
    enum lk_status st = lk_app_check(app, err);

    if (st)
        return st;
    sign_in.user = new_user(app);
    credential = &sign_in.user->credential;
    lk_pkce_random(&sign_in.verifier);
    lk_pkce_random(&sign_in.state);
    lk_pkce_random(&sign_in.nonce);
    st = wait_for_browser(&sign_in, host, cancel, &redirect, err);
    if (!st && redirect.verdict == LK_REDIRECT_ERROR)
        st = tell_refusal(&sign_in.user->app, &redirect, err);
    if (!st)
        st = redeem(&sign_in, &redirect, cancel, err);
    if (st)
        return st;
    *ret = credential;
    credential = NULL;
    return LK_OK;
}

void lk_browser_tutorial_scopes(struct lk_str prefix, struct lk_buf *ret)
{
    static const char *const names[] = {
        "Lakehouse.Execute.All",
        "Lakehouse.Read.All",
        "Item.ReadWrite.All",
        "Workspace.ReadWrite.All",
        "Code.AccessStorage.All",
        "Code.AccessAzureKeyvault.All",
        "Code.AccessAzureDataExplorer.All",
        "Code.AccessAzureDataLake.All",
        "Code.AccessFabric.All",
    };

    for (size_t i = 0; i < LK_COUNT(names); i++)
        lk_buf_printf(ret, "%s%.*s%s", i ? " " : "", LK_STR_ARGS(prefix), names[i]);
}
