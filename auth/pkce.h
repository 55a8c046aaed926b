/* The one-time values of a browser sign-in (RFC 7636, OpenID Connect Core §15.5.2). */
#ifndef LK_AUTH_PKCE_H
#define LK_AUTH_PKCE_H

#include "base/buf.h"
#include "base/secret.h"

/* 32 random bytes as base64url: a verifier, a state, or a nonce. */
void lk_pkce_random(struct lk_secret *ret);
/* base64url(SHA-256(verifier)), method S256. */
void lk_pkce_challenge(const struct lk_secret *verifier, struct lk_buf *ret);
/* The nonce as it travels in the authorize request and comes back in the id token: hex SHA-256. */
void lk_pkce_nonce_sent(const struct lk_secret *nonce, struct lk_buf *ret);

#endif
