#include "auth/token_endpoint.h"

#include "base/timefmt.h"
#include "base/uuid.h"

#include <stdio.h>

enum { REPLY_MAX = 256 << 10, TIMEOUT_MS = 30000 };

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
                                      struct lk_str anchor, bool once, struct lk_cancel *cancel,
                                      struct lk_token_reply *ret, int64_t *server_date_unix_s,
                                      struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(1024);
    struct lk_http_request request = {
        .method = LK_HTTP_POST,
        .body = form,
        .body_is_secret = true,
        .repeat = once ? LK_HTTP_REPEAT_REFUSED : LK_HTTP_REPEAT_ALWAYS,
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
    if (st)
        return st == LK_CANCELLED ? st : lk_error_prefix(err, "sign-in");
    if (!lk_time_from_http(lk_http_response_header(&reply, LK_STR("date")), server_date_unix_s))
        *server_date_unix_s = 0;
    st = lk_token_reply_read(&reply, lk_clock_unix_s(app->clock), ret, err);
    lk_buf_wipe(&reply.body);
    return st;
}
