#include "auth/token_reply.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte chooses the status, the rest is the body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 400, 401, 429, 500, 302};
    LK_CLEANUP(lk_http_response_done) struct lk_http_response response = LK_HTTP_RESPONSE_INIT;
    LK_CLEANUP(lk_token_reply_done) struct lk_token_reply reply = LK_TOKEN_REPLY_INIT;
    struct lk_error err = LK_ERROR_INIT;
    static bool set_up;
    enum lk_status st;

    if (!set_up)
        lk_secret_setup();
    set_up = true;
    if (!size)
        return 0;
    response.status = statuses[data[0] % LK_COUNT(statuses)];
    lk_buf_put(&response.body, (struct lk_str){(const char *)data + 1, size - 1});
    st = lk_token_reply_read(&response, INT64_C(1795485000), &reply, &err);
    if (st && (err.status != st || !err.message[0] || !lk_str_is_utf8(lk_str_from(err.message))))
        abort();
    if ((st == LK_OK) == lk_secret_is_empty(&reply.token.access_token) ||
        (st == LK_OK && response.status != 200))
        abort();
    if (!st && (reply.token.expires_unix_s < INT64_C(1795485000) ||
                reply.token.refresh_unix_s > reply.token.expires_unix_s))
        abort();
    return 0;
}
