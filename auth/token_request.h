/* Token requests as form bodies (entra.md §1). Pure; bodies hold secrets, so their
 * buffers are wiped by whoever made them. */
#ifndef LK_AUTH_TOKEN_REQUEST_H
#define LK_AUTH_TOKEN_REQUEST_H

#include "base/buf.h"
#include "base/secret.h"

enum { LK_TOKEN_REQUEST_MAX = 64 << 10 };

void lk_token_request_assertion(struct lk_str client_id, struct lk_str scopes,
                                const struct lk_secret *assertion, struct lk_buf *ret);
void lk_token_request_secret(struct lk_str client_id, struct lk_str scopes,
                             const struct lk_secret *secret, struct lk_buf *ret);
/* scopes of one resource; openid, profile and offline_access are added. */
void lk_token_request_code(struct lk_str client_id, struct lk_str scopes,
                           struct lk_str redirect_uri, const struct lk_secret *code,
                           const struct lk_secret *verifier, struct lk_buf *ret);
void lk_token_request_refresh(struct lk_str client_id, struct lk_str scopes,
                              const struct lk_secret *refresh_token, struct lk_buf *ret);
/* Scopes sorted, with the three of OpenID Connect, without repeats, space-separated. */
void lk_scopes_for_user(struct lk_str scopes, struct lk_buf *ret);

#endif
