/* JSON Web Tokens as livy-local makes and checks them (RFC 7519; RS256 and PS256). */
#ifndef LK_LOCAL_JWT_H
#define LK_LOCAL_JWT_H

#include "base/json.h"

#include <openssl/evp.h>

/* Three parts taken apart, nothing judged yet; header and claims are new. */
struct local_jwt {
    json_t *header, *claims;
    struct lk_str signed_part; /* borrows */
    struct lk_buf signature;
};
void local_jwt_done(struct local_jwt *jwt);
LK_MUST_USE bool local_jwt_read(struct lk_str text, struct local_jwt *ret);
/* alg "RS256" or "PS256"; a PS256 salt must have the digest's length (RFC 7518 §3.5). */
LK_MUST_USE bool local_jwt_verify(const struct local_jwt *jwt, struct lk_str alg, EVP_PKEY *key);
/* RS256; header gets alg, typ and kid. */
void local_jwt_sign(EVP_PKEY *key, const char *kid, const json_t *claims, struct lk_buf *ret);
/* A number of seconds, also with a fraction as MSAL for Python sends; false otherwise. */
LK_MUST_USE bool local_jwt_time(const json_t *claims, const char *name, int64_t *ret);

#endif
