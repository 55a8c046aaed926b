/* Signing in as an application: client credentials with a certificate or a secret
 * (entra.md §1.1, §1.2). */
#ifndef LK_AUTH_CLIENT_H
#define LK_AUTH_CLIENT_H

#include "auth/certificate.h"
#include "auth/credential.h"
#include "base/clock.h"
#include "net/http.h"

struct lk_app {
    struct lk_str authority; /* https URL of the cloud's Entra, without tenant */
    struct lk_str tenant;    /* GUID or domain */
    struct lk_str client_id;
    struct lk_http *http;   /* borrowed: retry over curl, no bearer */
    struct lk_clock *clock; /* borrowed */
};

/* Checks tenant and client id before anything is sent. LK_INVALID says which and why. */
LK_MUST_USE enum lk_status lk_app_check(const struct lk_app *app, struct lk_error *err);

/* Takes certificate (also on failure). compatible: RS256 + x5t instead of PS256 + x5t#S256. */
LK_MUST_USE enum lk_status lk_credential_certificate_new(const struct lk_app *app,
                                                         struct lk_certificate *certificate_take,
                                                         bool compatible,
                                                         struct lk_credential **ret,
                                                         struct lk_error *err);
/* Copies secret. A GUID is refused with the hint that it is the secret's ID. */
LK_MUST_USE enum lk_status lk_credential_secret_new(const struct lk_app *app,
                                                    const struct lk_secret *secret,
                                                    struct lk_credential **ret,
                                                    struct lk_error *err);

#endif
