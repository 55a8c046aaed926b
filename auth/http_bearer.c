#include "auth/http_bearer.h"

#include <stdlib.h>
#include <string.h>

enum { HEADER_MAX = 64 << 10 };

struct bearer {
    struct lk_http http;
    struct lk_bearer_options options;
    char *scopes;
};

static enum lk_status set_header(struct lk_secret *ret, const struct lk_token *token,
                                 struct lk_error *err)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf text = LK_BUF_INIT(HEADER_MAX);

    lk_buf_put(&text, LK_STR("Bearer "));
    lk_buf_put(&text, lk_secret_reveal(&token->access_token));
    lk_secret_set(ret, lk_buf_view(&text));
    return lk_buf_check(&text, "the access token", err);
}

static enum lk_status send_with_token(struct bearer *self, const struct lk_http_request *request,
                                      bool force_refresh, struct lk_cancel *cancel,
                                      struct lk_http_response *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_token_done) struct lk_token token = LK_TOKEN_INIT;
    LK_CLEANUP(lk_secret_done) struct lk_secret header = LK_SECRET_INIT;
    struct lk_http_request with_token = *request;
    struct lk_credential *credential = self->options.credential;
    enum lk_status st;

    st = credential->get_token(credential,
                               &(struct lk_token_request){.scopes = lk_str_from(self->scopes),
                                                          .force_refresh = force_refresh},
                               cancel, &token, err);
    if (st == LK_UNKNOWN && err)
        err->status = LK_NETWORK;
    if (!st)
        st = set_header(&header, &token, err);
    /* Whatever became of the token request: of this one nothing has left. */
    ret->unsent = st != LK_OK;
    if (st)
        return st == LK_UNKNOWN ? LK_NETWORK : st;
    with_token.authorization = &header;
    return lk_http_send(self->options.inner, &with_token, cancel, ret, err);
}

static enum lk_status send(struct lk_http *http, const struct lk_http_request *request,
                           struct lk_cancel *cancel, struct lk_http_response *ret,
                           struct lk_error *err)
{
    struct bearer *self = (struct bearer *)http;
    enum lk_status st;

    lk_http_response_done(ret);
    if (!self->options.credential) {
        lk_error_set(err, LK_UNAUTHORIZED, "NotSignedIn", "nobody is signed in");
        return lk_error_next(err, "%%entra login --tenant … --client …");
    }
    st = lk_cloud_check_url(self->options.cloud, request->url, err);
    if (!st)
        st = send_with_token(self, request, false, cancel, ret, err);
    /* A 401 proves refusal, so the request may be repeated whatever it is. */
    if (st || ret->status != 401)
        return st;
    if (request->source && !request->source->rewind(request->source))
        return LK_OK;
    lk_http_response_done(ret);
    return send_with_token(self, request, true, cancel, ret, err);
}

static void free_bearer(struct lk_http *http)
{
    struct bearer *self = (struct bearer *)http;

    free(self->scopes);
    free(self);
}

struct lk_http *lk_http_bearer_new(const struct lk_bearer_options *options)
{
    struct bearer *self = lk_alloc(sizeof *self);

    *self = (struct bearer){.http = {.send = send, .free = free_bearer},
                            .options = *options,
                            .scopes = lk_str_dup(options->scopes)};
    return &self->http;
}
