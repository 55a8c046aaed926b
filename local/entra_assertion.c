#include "local/entra_service.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "local/jwt.h"

#include <string.h>

enum { LEEWAY_S = 300, LIFE_MAX_S = 86400 };

static bool same_thumbprint(struct local_entra *entra, const EVP_MD *algorithm, struct lk_str given)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT(128);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    X509_digest(entra->certificate, algorithm, digest, &len);
    /* Both alphabets, padded or not: all of them are sent by clients that Entra takes. */
    return lk_base64_decode(given, &bytes) && bytes.len == len &&
           memcmp(bytes.data, digest, len) == 0;
}

/* As in the portal: upper-case hexadecimal digits, whatever spelling the client chose. */
static bool refuse_key(const char *why, struct lk_str thumbprint, struct local_entra_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT(64);
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(128);

    if (lk_base64_decode(thumbprint, &bytes))
        for (size_t i = 0; i < bytes.len; i++)
            lk_buf_printf(&text, "%02X", (unsigned char)bytes.data[i]);
    return local_entra_fail(err, 401, "invalid_client", 700027,
                            "The certificate with identifier used to sign the client assertion is "
                            "not registered on application. [Reason - %s, Thumbprint of key used "
                            "by client: '%s'.]",
                            why, lk_buf_cstr(&text));
}

static bool check_header(struct local_entra *entra, const struct local_jwt *jwt, int64_t now,
                         struct local_entra_error *err)
{
    struct lk_str alg = lk_json_get_str(jwt->header, "alg");
    struct lk_str sha1 = lk_json_get_str(jwt->header, "x5t");
    struct lk_str sha256 = lk_json_get_str(jwt->header, "x5t#S256");
    struct lk_str named = sha1.len ? sha1 : sha256;
    EVP_PKEY *key = X509_get0_pubkey(entra->certificate);

    if (!named.len || (sha1.len && !same_thumbprint(entra, EVP_sha1(), sha1)) ||
        (sha256.len && !same_thumbprint(entra, EVP_sha256(), sha256)))
        return refuse_key("The key was not found.", named, err);
    if (X509_cmp_time(X509_get0_notAfter(entra->certificate), &(time_t){(time_t)now}) < 0)
        return refuse_key("The key used is expired.", named, err);
    if (!local_jwt_verify(jwt, alg, key))
        return refuse_key("The signature is wrong.", named, err);
    return true;
}

static bool check_times(const struct local_jwt *jwt, int64_t now, struct local_entra_error *err)
{
    int64_t expires, begins = now;

    if (!local_jwt_time(jwt->claims, "exp", &expires))
        return local_entra_fail(err, 401, "invalid_client", 700024,
                                "Client assertion has no expiry.");
    if (!local_jwt_time(jwt->claims, "nbf", &begins) && json_object_get(jwt->claims, "nbf"))
        return local_entra_fail(err, 401, "invalid_client", 700024,
                                "Client assertion has an unreadable nbf.");
    if (now >= expires || begins > now + LEEWAY_S || expires > now + LIFE_MAX_S)
        return local_entra_fail(err, 401, "invalid_client", 700024,
                                "Client assertion is not within its valid time range.");
    return true;
}

static bool check_claims(struct local_entra *entra, const struct local_jwt *jwt,
                         const char *audience, struct local_entra_error *err)
{
    struct lk_str iss = lk_json_get_str(jwt->claims, "iss");
    struct lk_str sub = lk_json_get_str(jwt->claims, "sub");

    if (!lk_str_eq(iss, lk_str_from(entra->client_id)) || !lk_str_eq(sub, iss))
        return local_entra_fail(err, 401, "invalid_client", 700021,
                                "Client assertion application identifier doesn't match "
                                "'client_id' parameter.");
    if (!lk_str_eq(lk_json_get_str(jwt->claims, "aud"), lk_str_from(audience)))
        return local_entra_fail(err, 401, "invalid_client", 700023,
                                "Client assertion audience claim does not match Realm issuer.");
    if (!lk_json_get_str(jwt->claims, "jti").len)
        return local_entra_fail(err, 401, "invalid_client", 50027, "Client assertion has no jti.");
    return true;
}

/* The same jti in other bytes is a replay; the same bytes are MSAL's re-use. */
static bool remember(struct local_entra *entra, const struct local_jwt *jwt, struct lk_str text,
                     int64_t now)
{
    struct lk_digest jti = lk_digest_of(LK_DIGEST_SHA256, lk_json_get_str(jwt->claims, "jti"));
    struct lk_digest bytes = lk_digest_of(LK_DIGEST_SHA256, text);
    struct local_jti *kept = NULL;
    int64_t expires = now;
    bool fresh = true;

    if (!local_jwt_time(jwt->claims, "exp", &expires))
        return false;
    pthread_mutex_lock(&entra->lock);
    for (size_t i = 0; i < JTIS_MAX && !kept; i++)
        if (entra->jtis[i].expires_unix_s > now &&
            memcmp(entra->jtis[i].jti, jti.bytes, sizeof jti.bytes) == 0)
            kept = &entra->jtis[i];
    if (kept) {
        fresh = memcmp(kept->assertion, bytes.bytes, sizeof bytes.bytes) == 0;
    } else {
        kept = &entra->jtis[entra->next_jti++ % JTIS_MAX];
        memcpy(kept->jti, jti.bytes, sizeof jti.bytes);
        memcpy(kept->assertion, bytes.bytes, sizeof bytes.bytes);
        kept->expires_unix_s = expires;
    }
    pthread_mutex_unlock(&entra->lock);
    return fresh;
}

bool local_entra_check_assertion(struct local_entra *entra, struct lk_str text,
                                 const char *audience, int64_t now_unix_s,
                                 struct local_entra_error *err)
{
    LK_CLEANUP(local_jwt_done) struct local_jwt jwt = {.header = NULL};

    if (!local_jwt_read(text, &jwt))
        return local_entra_fail(err, 401, "invalid_client", 50027,
                                "Client assertion is malformed.");
    if (!check_header(entra, &jwt, now_unix_s, err) || !check_claims(entra, &jwt, audience, err) ||
        !check_times(&jwt, now_unix_s, err))
        return false;
    if (!remember(entra, &jwt, text, now_unix_s))
        return local_entra_fail(err, 401, "invalid_client", 700028,
                                "Client assertion was used before (jti).");
    return true;
}
