/* What an access token says of itself, for people: read without checking the
 * signature (the token is the service's to judge). Never the token. Pure. */
#ifndef LK_AUTH_TOKEN_CLAIMS_H
#define LK_AUTH_TOKEN_CLAIMS_H

#include "base/error.h"
#include "base/secret.h"

#include <stdint.h>

struct lk_token_claims {
    char audience[256];
    char tenant[64];
    char app_id[64];
    char object_id[64]; /* oid: of the user or service principal, as services name him */
    char who[256];      /* upn, preferred_username, unique_name, or app_displayname, or appid */
    char scopes[4096];  /* scp, or roles joined by a space; empty when it has neither */
    bool is_user;
    int64_t issued_unix_s;
    int64_t expires_unix_s;
};

/* LK_PROTOCOL when it is no JWT (some tokens are opaque). */
LK_MUST_USE enum lk_status lk_token_claims_read(const struct lk_secret *access_token,
                                                struct lk_token_claims *ret, struct lk_error *err);

#endif
