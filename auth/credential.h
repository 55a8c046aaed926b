/* A credential turns a scope into an access token. Flows (certificate, secret,
 * browser), the cache and the chain are implementations of this one interface, so
 * they nest. Knows nothing of Jupyter. Executor thread only. */
#ifndef LK_AUTH_CREDENTIAL_H
#define LK_AUTH_CREDENTIAL_H

#include "base/cancel.h"
#include "base/error.h"
#include "base/secret.h"

#include <stdint.h>

struct lk_token_request {
    struct lk_str
        scopes;         /* of one resource, space-separated: "https://storage.azure.com/.default" */
    bool force_refresh; /* after an API answered 401 */
};

struct lk_token {
    struct lk_secret access_token;
    int64_t expires_unix_s;
    int64_t refresh_unix_s; /* refresh in the background of a request from here on; 0: none given */
    char source[48];        /* "certificate", "secret", "browser", for %entra status */
};

#define LK_TOKEN_INIT                                                                              \
    {                                                                                              \
        .access_token = LK_SECRET_INIT                                                             \
    }
void lk_token_done(struct lk_token *token);
void lk_token_copy(struct lk_token *to, const struct lk_token *from);

struct lk_credential {
    /* On LK_OK ret is filled. LK_UNAUTHORIZED: the identity was refused, err says what to do. */
    enum lk_status (*get_token)(struct lk_credential *credential,
                                const struct lk_token_request *request, struct lk_cancel *cancel,
                                struct lk_token *ret, struct lk_error *err);
    void (*free)(struct lk_credential *credential);
};

/* Cleanup for a struct lk_credential * variable; NULL is fine. */
void lk_credential_unref(struct lk_credential **credential);

#endif
