/* Signing in as a user in the browser: authorization code with PKCE on a loopback
 * listener, form_post (entra.md §1.5). One consent covers Fabric and Storage; the
 * refresh token then serves both. */
#ifndef LK_AUTH_BROWSER_H
#define LK_AUTH_BROWSER_H

#include "auth/client.h"

/* What the flow needs of the person and the machine. Called from inside sign-in. */
struct lk_browser_host {
    /* Shows the address; the cell prints it. */
    void (*show_address)(struct lk_browser_host *host, struct lk_str url);
    /* Opens the address; false when there is no browser at hand (the person follows the link). */
    bool (*open_address)(struct lk_browser_host *host, struct lk_str url);
};

struct lk_browser_options {
    struct lk_str fabric_scopes; /* the nine, space-separated */
    struct lk_str storage_scope; /* consented in the same page; may be empty */
    struct lk_str login_hint;    /* may be empty */
    int64_t timeout_ms;          /* 0: 300 s */
    uint16_t port;               /* 0: chosen by the system */
};

/* Runs the sign-in to its end (blocks, can be interrupted). On LK_OK the credential holds the
 * refresh token and renews silently; when that is refused later: LK_UNAUTHORIZED, sign in again.
 * LK_TIMEOUT: abandoned. LK_DENIED: refused in the browser. */
LK_MUST_USE enum lk_status lk_credential_browser_new(const struct lk_app *app,
                                                     const struct lk_browser_options *options,
                                                     struct lk_browser_host *host,
                                                     struct lk_cancel *cancel,
                                                     struct lk_credential **ret,
                                                     struct lk_error *err);

/* The tutorial's nine delegated scopes, each with prefix before it, space-separated. */
void lk_browser_tutorial_scopes(struct lk_str prefix, struct lk_buf *ret);

#endif
