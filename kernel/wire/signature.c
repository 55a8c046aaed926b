#include "wire/signature.h"

#include "base/encoding.h"

#include <sodium.h>
#include <string.h>

void lk_signature_make(const struct lk_secret *key, const struct lk_str frames[4],
                       char ret[LK_SIGNATURE_HEX + 1])
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    struct lk_str bytes;

    ret[0] = '\0';
    if (lk_secret_is_empty(key))
        return;
    bytes = lk_secret_reveal(key);
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)bytes.ptr, bytes.len);
    for (int i = 0; i < 4; i++)
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)frames[i].ptr, frames[i].len);
    crypto_auth_hmacsha256_final(&state, mac);
    sodium_bin2hex(ret, LK_SIGNATURE_HEX + 1, mac, sizeof mac);
}

bool lk_signature_check(const struct lk_secret *key, const struct lk_str frames[4],
                        struct lk_str signature)
{
    char right[LK_SIGNATURE_HEX + 1];

    if (lk_secret_is_empty(key))
        return signature.len == 0;
    if (signature.len != LK_SIGNATURE_HEX)
        return false;
    lk_signature_make(key, frames, right);
    return lk_bytes_equal_ct(signature, (struct lk_str){right, LK_SIGNATURE_HEX});
}
