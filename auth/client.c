#include "auth/client.h"

#include "auth/token_endpoint.h"
#include "auth/token_request.h"
#include "base/log.h"
#include "base/uuid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SKEW_WORTH_MENDING_S = 60 };

static bool is_tenant(struct lk_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '.'))
            return false;
    }
    /* "." and ".." would name another path. */
    return text.len > 0 && text.len < 128 && text.ptr[0] != '.';
}

enum lk_status lk_app_check(const struct lk_app *app, struct lk_error *err)
{
    if (!app->tenant.len || !app->client_id.len) {
        lk_error_set(err, LK_INVALID, "NoApplication", "%s is missing",
                     app->tenant.len ? "the client id" : "the tenant");
        return lk_error_next(err, "%%entra login --tenant TENANT --client CLIENT: both are on the "
                                  "application's Overview page at entra.microsoft.com.");
    }
    if (!is_tenant(app->tenant)) {
        lk_error_set(err, LK_INVALID, "BadTenant", "'%.*s' is no tenant",
                     LK_STR_ARGS(lk_str_slice(app->tenant, 0, 64)));
        return lk_error_next(err,
                             "Give the Directory (tenant) ID, or a domain such as contoso.com.");
    }
    if (!lk_str_is_guid(app->client_id)) {
        lk_error_set(err, LK_INVALID, "BadClient", "'%.*s' is no client id",
                     LK_STR_ARGS(lk_str_slice(app->client_id, 0, 64)));
        return lk_error_next(err, "Give the Application (client) ID, a GUID.");
    }
    return LK_OK;
}

/* One of certificate and secret is set. */
struct client {
    struct lk_credential credential;
    struct lk_app_kept app;
    struct lk_certificate *certificate;
    enum lk_assertion_alg alg;
    struct lk_secret secret;
    int64_t skew_s; /* the service's clock minus ours, once it was worth mending */
};

static enum lk_status write_form(struct client *self, struct lk_str scopes, struct lk_buf *ret,
                                 struct lk_error *err)
{
    struct lk_str client_id = lk_str_from(self->app.client_id);
    LK_CLEANUP(lk_secret_done) struct lk_secret assertion = LK_SECRET_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf audience = LK_BUF_INIT(1024);
    char jti[LK_UUID_SIZE];
    enum lk_status st;

    if (!self->certificate) {
        lk_token_request_secret(client_id, scopes, &self->secret, ret);
        return lk_buf_check(ret, "the token request", err);
    }
    lk_uuid_v4(jti);
    lk_app_url(&self->app, "token", &audience);
    st = lk_certificate_assert(self->certificate, self->alg, lk_buf_view(&audience), client_id,
                               lk_str_from(jti), lk_clock_unix_s(self->app.clock) + self->skew_s,
                               &assertion, err);
    if (st)
        return st;
    lk_token_request_assertion(client_id, scopes, &assertion, ret);
    return lk_buf_check(ret, "the token request", err);
}

static enum lk_status ask_once(struct client *self, struct lk_str scopes, struct lk_cancel *cancel,
                               struct lk_token_reply *reply, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf form = LK_BUF_INIT(LK_TOKEN_REQUEST_MAX);
    enum lk_status st = write_form(self, scopes, &form, err);

    return st ? st
              : lk_token_endpoint_post(&self->app, lk_buf_view(&form), LK_STR_EMPTY,
                                       LK_HTTP_REPEAT_NEVER, cancel, reply, err);
}

/* Asking again for an application's token does no harm, but each time with a fresh assertion: its
 * jti is good for one use (entra.md §4). */
static enum lk_status ask(struct client *self, struct lk_str scopes, struct lk_cancel *cancel,
                          struct lk_token_reply *reply, struct lk_error *err)
{
    for (int tries = 1;; tries++) {
        enum lk_status st = ask_once(self, scopes, cancel, reply, err);
        if (!st)
            return LK_OK;
        st = lk_token_endpoint_pause(&self->app, st, reply, tries, cancel, err);
        if (st)
            return st;
    }
}

/* A wrong clock makes a good assertion invalid; the answer's Date tells, and one more try with the
 * service's time settles it (entra.md §4). A clock that was set right meanwhile is noticed the same
 * way. */
static bool mend_clock(struct client *self, const struct lk_token_reply *reply)
{
    int64_t skew_s = reply->service_unix_s - lk_clock_unix_s(self->app.clock);
    int64_t still_off_s = skew_s - self->skew_s;

    if (!self->certificate || strcmp(reply->error, "invalid_client") != 0 ||
        !reply->service_unix_s ||
        (still_off_s <= SKEW_WORTH_MENDING_S && still_off_s >= -SKEW_WORTH_MENDING_S))
        return false;
    self->skew_s = skew_s;
    lk_log(LK_LOG_WARN, "this machine's clock is %lld s off", (long long)-skew_s);
    return true;
}

static enum lk_status get_token(struct lk_credential *credential,
                                const struct lk_token_request *request, struct lk_cancel *cancel,
                                struct lk_token *ret, struct lk_error *err)
{
    struct client *self = (struct client *)credential;
    LK_CLEANUP(lk_token_reply_done) struct lk_token_reply reply = LK_TOKEN_REPLY_INIT;
    enum lk_status st = ask(self, request->scopes, cancel, &reply, err);

    if (st && mend_clock(self, &reply))
        st = ask(self, request->scopes, cancel, &reply, err);
    if (st && self->certificate && err && strcmp(err->code, "SignInRefused") == 0)
        lk_error_prefix(err, "certificate %s", lk_certificate_info(self->certificate)->sha1_hex);
    if (st)
        return st;
    snprintf(reply.token.source, sizeof reply.token.source, "%s",
             self->certificate ? "certificate" : "secret");
    lk_token_copy(ret, &reply.token);
    return LK_OK;
}

static void free_client(struct lk_credential *credential)
{
    struct client *self = (struct client *)credential;

    lk_certificate_free(self->certificate);
    lk_secret_done(&self->secret);
    free(self);
}

static struct client *new_client(const struct lk_app *app)
{
    struct client *self = lk_alloc(sizeof *self);

    memset(self, 0, sizeof *self);
    self->credential = (struct lk_credential){.get_token = get_token, .free = free_client};
    lk_app_keep(app, &self->app);
    return self;
}

enum lk_status lk_credential_certificate_new(const struct lk_app *app,
                                             struct lk_certificate *certificate_take,
                                             bool compatible, struct lk_credential **ret,
                                             struct lk_error *err)
{
    struct client *self;
    enum lk_status st = lk_app_check(app, err);

    if (st) {
        lk_certificate_free(certificate_take);
        return st;
    }
    self = new_client(app);
    self->certificate = certificate_take;
    self->alg = compatible ? LK_ASSERTION_RS256 : LK_ASSERTION_PS256;
    *ret = &self->credential;
    return LK_OK;
}

enum lk_status lk_credential_secret_new(const struct lk_app *app, const struct lk_secret *secret,
                                        struct lk_credential **ret, struct lk_error *err)
{
    struct client *self;
    enum lk_status st = lk_app_check(app, err);

    if (st)
        return st;
    if (lk_str_is_guid(lk_secret_reveal(secret))) {
        lk_error_set(err, LK_INVALID, "SecretIsId",
                     "the secret is a GUID, so it is the secret's ID");
        return lk_error_next(err, "Give the secret's value, which the portal shows only once; make "
                                  "a new one if it is lost.");
    }
    self = new_client(app);
    lk_secret_copy(&self->secret, secret);
    *ret = &self->credential;
    return LK_OK;
}
