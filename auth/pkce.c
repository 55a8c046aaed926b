#include "auth/pkce.h"

#include "base/digest.h"
#include "base/encoding.h"

void lk_pkce_random(struct lk_secret *ret)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf text = LK_BUF_INIT(64);
    char bytes[32];

    lk_random_bytes(bytes, sizeof bytes);
    lk_base64url_encode((struct lk_str){bytes, sizeof bytes}, &text);
    lk_wipe(bytes, sizeof bytes);
    lk_secret_set(ret, lk_buf_view(&text));
}

void lk_pkce_challenge(const struct lk_secret *verifier, struct lk_buf *ret)
{
    struct lk_digest digest = lk_digest_of(LK_DIGEST_SHA256, lk_secret_reveal(verifier));

    lk_base64url_encode(lk_digest_view(&digest), ret);
}

void lk_pkce_nonce_sent(const struct lk_secret *nonce, struct lk_buf *ret)
{
    struct lk_digest digest = lk_digest_of(LK_DIGEST_SHA256, lk_secret_reveal(nonce));

    lk_hex_encode(lk_digest_view(&digest), ret);
}
