#include "wire/signature.h"

#include "base/digest.h"
#include "base/encoding.h"

void lk_signature_make(const struct lk_secret *key, const struct lk_str frames[4],
                       char ret[LK_SIGNATURE_HEX + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char mac[LK_HMAC_SHA256_SIZE];
    char *at = ret;

    if (!lk_secret_is_empty(key)) {
        lk_hmac_sha256(lk_secret_reveal(key), frames, 4, mac);
        for (size_t i = 0; i < sizeof mac; i++) {
            *at++ = digits[mac[i] >> 4];
            *at++ = digits[mac[i] & 0x0F];
        }
    }
    *at = '\0';
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
