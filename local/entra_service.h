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

/* entra_page.c: GET and POST …/authorize. */
void local_entra_authorize(struct local_entra *entra, const struct local_request *request,
                           struct local_reply *reply);

/* Scope text → the one resource it names ("https://storage.azure.com"), without the permission.
 * scopes_ret takes the permissions asked for ("user_impersonation"), ".default" left out. */
LK_MUST_USE bool local_entra_resource(struct lk_str scopes, char resource[256],
                                      struct lk_buf *scopes_ret, struct local_entra_error *err);

#endif
