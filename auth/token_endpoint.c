#include "auth/token_endpoint.h"

#include "base/log.h"
#include "base/uuid.h"

#include <stdio.h>

enum { REPLY_MAX = 256 << 10, TIMEOUT_MS = 30000, PATIENCE_MS = 30000 };

void lk_app_keep(const struct lk_app *app, struct lk_app_kept *ret)
{
    snprintf(ret->authority, sizeof ret->authority, "%.*s", LK_STR_ARGS(app->authority));
    snprintf(ret->tenant, sizeof ret->tenant, "%.*s", LK_STR_ARGS(app->tenant));
    snprintf(ret->client_id, sizeof ret->client_id, "%.*s", LK_STR_ARGS(app->client_id));
    ret->http = app->http;
    ret->clock = app->clock;
}

void lk_app_url(const struct lk_app_kept *app, const char *name, struct lk_buf *ret)
{
    lk_buf_printf(ret, "%s/%s/oauth2/v2.0/%s", app->authority, app->tenant, name);
}

static void add_headers(struct lk_http_request *request, struct lk_str request_id,
                        struct lk_str anchor)
{
    lk_http_request_header(request, LK_STR("Accept"), LK_STR("application/json"));
    lk_http_request_header(request, LK_STR("Content-Type"),
                           LK_STR("application/x-www-form-urlencoded"));
    lk_http_request_header(request, LK_STR("client-request-id"), request_id);
    lk_http_request_header(request, LK_STR("return-client-request-id"), LK_STR("true"));
    lk_http_request_header(request, LK_STR("x-client-SKU"), LK_STR("livy-kernel"));
    lk_http_request_header(request, LK_STR("x-client-Ver"), LK_STR(LK_VERSION));
    lk_http_request_header(request, LK_STR("x-ms-lib-capability"), LK_STR("retry-after, h429"));
    if (anchor.len)
        lk_http_request_header(request, LK_STR("X-AnchorMailbox"), anchor);
}

enum lk_status lk_token_endpoint_post(const struct lk_app_kept *app, struct lk_str form,
                                      struct lk_str anchor, enum lk_http_repeat repeat,
                                      struct lk_cancel *cancel, struct lk_token_reply *ret,
                                      struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(1024);
    struct lk_http_request request = {
        .method = LK_HTTP_POST,
        .body = form,
        .body_is_secret = true,
        .repeat = repeat,
        .timeout_ms = TIMEOUT_MS,
        .response_max = REPLY_MAX,
    };
    char request_id[LK_UUID_SIZE];
    enum lk_status st;

    lk_uuid_v4(request_id);
    lk_app_url(app, "token", &url);
    request.url = lk_buf_view(&url);
    add_headers(&request, lk_str_from(request_id), anchor);
    st = lk_http_send(app->http, &request, cancel, &reply, err);
    if (st) {
        if (st != LK_CANCELLED)
            lk_error_prefix(err, "sign-in");
        if (st == LK_UNKNOWN)
            lk_error_next(err, "Try again: asking for a token changes nothing.");
        return st;
    }
    st = lk_token_reply_read(&reply, lk_clock_unix_s(app->clock), ret, err);
    lk_buf_wipe(&reply.body);
    return st;
}

int64_t lk_token_pause_ms(enum lk_status st, const struct lk_token_reply *reply, int tries,
                          unsigned jitter)
{
    static const int64_t pauses_ms[LK_TOKEN_TRIES_MAX - 1] = {1000, 3000};
    bool answered = st == LK_SERVICE || st == LK_THROTTLED;

    if (tries >= LK_TOKEN_TRIES_MAX || !(answered || st == LK_NETWORK || st == LK_UNKNOWN))
        return -1;
    if (answered && reply->retry_after_ms)
        return reply->retry_after_ms > PATIENCE_MS ? -1 : reply->retry_after_ms;
    /* From three quarters to five quarters, so that a crowd spreads out. */
    return pauses_ms[tries - 1] * (1500 + (jitter > 1000 ? 1000 : jitter)) / 2000;
}

enum lk_status lk_token_endpoint_pause(const struct lk_app_kept *app, enum lk_status st,
                                       const struct lk_token_reply *reply, int tries,
                                       struct lk_cancel *cancel, struct lk_error *err)
{
    uint16_t bytes;
    int64_t pause_ms;

    lk_random_bytes(&bytes, sizeof bytes);
    pause_ms = lk_token_pause_ms(st, reply, tries, bytes % 1001U);
    if (pause_ms < 0)
        return st;
    lk_log(LK_LOG_INFO, "the token endpoint %s; again in %lld ms",
           st == LK_THROTTLED ? "throttles" : "did not answer", (long long)pause_ms);
    return app->clock->wait_ms(app->clock, pause_ms, cancel, err);
}
