/* Inside the Entra service: its state, its errors, and the pieces of its flows. */
#ifndef LK_LOCAL_ENTRA_SERVICE_H
#define LK_LOCAL_ENTRA_SERVICE_H

#include "base/uuid.h"
#include "local/entra.h"

#include <openssl/x509.h>
#include <pthread.h>

enum { GRANTS_MAX = 256, JTIS_MAX = 1024, FORM_FIELD_MAX = 32 << 10 };

/* Something handed out that can be redeemed: an authorization code or a refresh token. */
struct local_grant {
    char secret[64]; /* base64url; empty: free */
    uint64_t order;  /* counted up, so that the oldest can make room */
    bool is_code;
    bool used;
    char scopes[4096]; /* consented */
    char redirect_uri[256];
    char challenge[64];
    char nonce[128];
    int64_t expires_unix_s;
};

/* A jti seen, with the assertion it came in: the same bytes again are MSAL's habit (it re-uses an
 * assertion for 540 s), other bytes are a replay. */
struct local_jti {
    unsigned char jti[32], assertion[32]; /* SHA-256 */
    int64_t expires_unix_s;
};

struct local_entra {
    const struct local_signing_key *key;
    const struct lk_secret *app_secret;
    X509 *certificate;
    char tenant[64], client_id[64], user_name[128], user_oid[64], issuer[128], authority[128];
    struct lk_clock *clock;
    int64_t token_life_s;
    pthread_mutex_t lock; /* of what follows */
    struct local_grant grants[GRANTS_MAX];
    uint64_t next_grant;
    struct local_jti jtis[JTIS_MAX];
    size_t next_jti;
};

/* One failure in Entra's shape. */
struct local_entra_error {
    int status;
    const char *error;
    long number; /* AADSTS… */
    char text[512];
};
/* Fills and returns false, so that `return entra_fail(…)` reads well. */
bool local_entra_fail(struct local_entra_error *err, int status, const char *error, long number,
                      const char *fmt, ...) LK_PRINTF(5, 6);
/* "AADSTS…: text Trace ID: … Correlation ID: … Timestamp: …", and the same pieces as JSON. New. */
LK_MUST_USE json_t *local_entra_error_body(struct local_entra *entra,
                                           const struct local_request *request,
                                           const struct local_entra_error *err);
void local_entra_reply_error(struct local_entra *entra, const struct local_request *request,
                             const struct local_entra_error *err, struct local_reply *reply);

/* entra_assertion.c: judges a client assertion (RFC 7523; entra.md §1.1) at now. */
LK_MUST_USE bool local_entra_check_assertion(struct local_entra *entra, struct lk_str jwt,
                                             const char *audience, int64_t now_unix_s,
                                             struct local_entra_error *err);

/* entra_grants.c: hands out and takes back codes and refresh tokens. */
void local_entra_grant(struct local_entra *entra, const struct local_grant *grant,
                       char ret_secret[64]);
enum local_grant_state {
    LOCAL_GRANT_UNKNOWN,
    LOCAL_GRANT_USED,
    LOCAL_GRANT_EXPIRED,
    LOCAL_GRANT_GOOD
};
/* A code is good once; a refresh token again and again, as Entra's. */
enum local_grant_state local_entra_redeem(struct local_entra *entra, struct lk_str secret,
                                          bool is_code, struct local_grant *ret);

/* entra_authorize.c: GET and POST …/authorize. */
void local_entra_authorize(struct local_entra *entra, const struct local_request *request,
                           struct local_reply *reply);

/* entra_page.c: what a person sees. Values are escaped. */
struct local_page_field {
    const char *name, *value;
};
void local_entra_error_page(struct local_entra *entra, const struct local_request *request,
                            const struct local_entra_error *err, struct local_reply *reply);
/* Who signs in, to what, with Accept and Cancel. fields go along hidden. */
void local_entra_consent_page(const struct local_entra *entra, const char *scopes,
                              const struct local_page_field *fields, size_t count,
                              struct local_reply *reply);
/* Posts fields to action by itself; without JavaScript its button does. */
void local_entra_forward_page(const char *action, const struct local_page_field *fields,
                              size_t count, struct local_reply *reply);

/* entra_token.c: POST …/token. */
void local_entra_token(struct local_entra *entra, const struct local_request *request,
                       struct local_reply *reply);

/* {"uid":…,"utid":…} in base64url, as Entra's client_info. */
void local_entra_client_info(const struct local_entra *entra, struct lk_buf *ret);

/* ---- entra_scopes.c: pure ------------------------------------------------------------------ */

/* Scope text → the one resource it names ("https://storage.azure.com"), without the permissions. */
LK_MUST_USE bool local_scopes_resource(struct lk_str scopes, char resource[256],
                                       struct local_entra_error *err);
/* Each scope is known here; several resources are fine (one consent covers them all). */
LK_MUST_USE bool local_scopes_known(struct lk_str scopes, struct local_entra_error *err);
/* Everything asked for is ".default": all that an application may ask for. */
bool local_scopes_only_default(struct lk_str scopes);
/* The permissions for resource that consented grants, as in scp; ".default" grants all that the
 * demo application is set up with. */
void local_scopes_granted(struct lk_str consented, const char *resource, struct lk_buf *ret);
/* The answer's "scope": granted permissions by their full names, and ".default" when asked for. */
void local_scopes_full(struct lk_str granted, struct lk_str asked, const char *resource,
                       struct lk_buf *ret);
/* Every permission asked for is among those granted. */
bool local_scopes_cover(struct lk_str granted, struct lk_str asked);

#endif
