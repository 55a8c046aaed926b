/* The bearer tokens of livy-local: RS256 access tokens as Entra v1 issues them to
 * Fabric and Storage. Made by the Entra service, checked by the other two. Pure but
 * for the key; any thread. */
#ifndef LK_LOCAL_TOKEN_H
#define LK_LOCAL_TOKEN_H

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

struct local_signing_key; /* RSA private key with its kid; made at first start */

struct local_token_claims {
    const char *tenant;     /* tid */
    const char *audience;   /* aud: the resource, e.g. https://storage.azure.com */
    const char *app_id;     /* appid */
    const char *user_oid;   /* oid; NULL for an application token */
    const char *user_name;  /* upn; NULL for an application token */
    const char *scopes;     /* scp, space-separated; NULL for an application token */
    int64_t issued_unix_s;  /* iat, nbf */
    int64_t expires_unix_s; /* exp */
};

void local_token_sign(const struct local_signing_key *key, const char *issuer,
                      const struct local_token_claims *claims, struct lk_buf *ret);

struct local_token_rules {
    const char *issuer;
    const char *const *audiences; /* NULL-terminated; one must match, trailing '/' aside */
    const char *scope;            /* a user token must hold it in scp; NULL: not checked */
    int64_t now_unix_s;
};

/* What a service learns from a token it accepts. */
struct local_caller {
    char tenant[64];
    char app_id[64];
    char oid[64];  /* of the user, or of the application */
    char name[96]; /* user name, or the application id */
    char scopes[1024];
    bool is_user;
};

/* Checks "Bearer …": signature, issuer, audience, nbf, exp (no leeway past 0 s), scope.
 * LK_UNAUTHORIZED with the reason, LK_DENIED when only the scope is missing. */
LK_MUST_USE enum lk_status local_token_check(const struct local_signing_key *key,
                                             struct lk_str authorization,
                                             const struct local_token_rules *rules,
                                             struct local_caller *ret, struct lk_error *err);

#endif
