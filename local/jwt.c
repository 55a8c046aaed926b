#include "local/jwt.h"

#include "base/encoding.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

enum { JWT_MAX = 64 << 10 };

void local_jwt_done(struct local_jwt *jwt)
{
    lk_json_unref(&jwt->header);
    lk_json_unref(&jwt->claims);
    lk_buf_done(&jwt->signature);
}

static bool read_part(struct lk_str text, json_t **ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT(JWT_MAX);

    return lk_base64_decode(text, &bytes) && !bytes.full &&
           lk_json_parse(lk_buf_view(&bytes), "JWT", ret, NULL) == LK_OK && json_is_object(*ret);
}

bool local_jwt_read(struct lk_str text, struct local_jwt *ret)
{
    struct lk_str header, claims, signature, rest;

    *ret = (struct local_jwt){.signature = LK_BUF_INIT(4096)};
    if (text.len > JWT_MAX || !lk_str_split(text, '.', &header, &rest) ||
        !lk_str_split(rest, '.', &claims, &signature) ||
        lk_str_find_char(signature, '.') < signature.len)
        return false;
    ret->signed_part = lk_str_slice(text, 0, header.len + 1 + claims.len);
    return read_part(header, &ret->header) && read_part(claims, &ret->claims) &&
           lk_base64_decode(signature, &ret->signature) && !ret->signature.full;
}

bool local_jwt_verify(const struct local_jwt *jwt, struct lk_str alg, EVP_PKEY *key)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_context = NULL;
    bool ps256 = lk_str_eq(alg, LK_STR("PS256"));
    bool good = (ps256 || lk_str_eq(alg, LK_STR("RS256"))) &&
                EVP_DigestVerifyInit(context, &key_context, EVP_sha256(), NULL, key) == 1;

    if (good && ps256)
        good = EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST) == 1;
    good = good && jwt->signature.len > 0 &&
           EVP_DigestVerify(context, (const unsigned char *)jwt->signature.data, jwt->signature.len,
                            (const unsigned char *)jwt->signed_part.ptr, jwt->signed_part.len) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return good;
}

static void put_part(const json_t *json, struct lk_buf *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(JWT_MAX);

    lk_json_write(json, false, &text);
    lk_base64url_encode(lk_buf_view(&text), ret);
}

void local_jwt_sign(EVP_PKEY *key, const char *kid, const json_t *claims, struct lk_buf *ret)
{
    json_t *header = json_pack("{s:s, s:s, s:s}", "typ", "JWT", "alg", "RS256", "kid", kid);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char signature[1024];
    size_t len = sizeof signature, from = ret->len; /* something may stand before it */

    put_part(header, ret);
    json_decref(header);
    lk_buf_put_char(ret, '.');
    put_part(claims, ret);
    if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(context, signature, &len, (const unsigned char *)ret->data + from,
                       ret->len - from) != 1)
        len = 0;
    EVP_MD_CTX_free(context);
    lk_buf_put_char(ret, '.');
    lk_base64url_encode((struct lk_str){(char *)signature, len}, ret);
}

bool local_jwt_time(const json_t *claims, const char *name, int64_t *ret)
{
    const json_t *value = json_object_get(claims, name);

    if (json_is_integer(value)) {
        *ret = json_integer_value(value);
        return true;
    }
    if (!json_is_real(value) || json_real_value(value) < 0 || json_real_value(value) > 1e12)
        return false;
    *ret = (int64_t)json_real_value(value);
    return true;
}
