/* What the token endpoint answers: a token or an error (entra.md §1.0, §5). Pure. */
#ifndef LK_AUTH_TOKEN_REPLY_H
#define LK_AUTH_TOKEN_REPLY_H

#include "auth/credential.h"
#include "net/http.h"

struct lk_token_reply {
    struct lk_token token;
    struct lk_secret refresh_token; /* empty for applications */
    struct lk_secret id_token;      /* likewise */
    char client_info[1024];         /* base64url JSON {uid, utid}; may be empty */
    /* Of any answer, a refusal included. */
    char error[64];         /* OAuth's error code; empty for none */
    int64_t service_unix_s; /* its Date; 0 for none */
    int64_t retry_after_ms; /* 0 for none */
};

#define LK_TOKEN_REPLY_INIT                                                                        \
    {                                                                                              \
        .token = LK_TOKEN_INIT, .refresh_token = LK_SECRET_INIT, .id_token = LK_SECRET_INIT        \
    }
void lk_token_reply_done(struct lk_token_reply *reply);
/* Reads any answer. LK_UNAUTHORIZED, LK_DENIED, LK_INVALID, LK_THROTTLED, LK_SERVICE or
 * LK_PROTOCOL with Entra's words, code and ids, and the advice of aadsts.h. */
LK_MUST_USE enum lk_status lk_token_reply_read(const struct lk_http_response *response,
                                               int64_t now_unix_s, struct lk_token_reply *ret,
                                               struct lk_error *err);

#endif
