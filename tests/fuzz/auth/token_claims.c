#include "auth/token_claims.h"

#include "base/encoding.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_claims(const struct lk_secret *token)
{
    struct lk_token_claims claims;
    struct lk_error err = LK_ERROR_INIT;

    if (lk_token_claims_read(token, &claims, &err))
        return;
    if (!lk_str_is_utf8(lk_str_from(claims.who)) || !lk_str_is_utf8(lk_str_from(claims.scopes)) ||
        !lk_str_is_utf8(lk_str_from(claims.audience)))
        abort();
}

/* Once as the token itself, once as its claims. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    LK_CLEANUP(lk_secret_done) struct lk_secret token = LK_SECRET_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf jwt = LK_BUF_INIT(1 << 20);
    struct lk_str text = {(const char *)data, size};
    static bool set_up;

    if (!set_up)
        lk_secret_setup();
    set_up = true;
    lk_secret_set(&token, text);
    check_claims(&token);
    lk_buf_put(&jwt, LK_STR("e30."));
    lk_base64url_encode(text, &jwt);
    lk_buf_put(&jwt, LK_STR(".c2ln"));
    lk_secret_set(&token, lk_buf_view(&jwt));
    check_claims(&token);
    return 0;
}
