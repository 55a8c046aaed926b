/* The throw-away public key infrastructure of one livy-local home: a CA, a server
 * certificate for localhost, the demo application's certificate, the key that signs
 * tokens, the application's secret and HDInsight's password. Made at first start, kept, renewed
 * when they are about to expire. Files are 0600. */
#ifndef LK_LOCAL_PKI_H
#define LK_LOCAL_PKI_H

#include "base/error.h"
#include "base/secret.h"
#include "local/token.h"

struct local_pki {
    char *ca_file, *app_certificate_file, *app_key_file, *secret_file; /* paths, owned */
    char *basic_password_file;                                         /* a path, owned */
    char *server_certificate_pem, *server_key_pem;                     /* owned */
    char *app_certificate_pem;                                         /* owned */
    char app_thumbprint[41];                                           /* SHA-1, upper hex */
    struct lk_secret app_secret;
    struct lk_secret basic_password;
    struct local_signing_key *signing_key; /* owned */
};

LK_MUST_USE enum lk_status local_pki_open(const char *home, int64_t now_unix_s,
                                          struct local_pki *ret, struct lk_error *err);
void local_pki_done(struct local_pki *pki);

/* A key for tests: made on the spot, kept nowhere. */
LK_MUST_USE struct local_signing_key *local_signing_key_new(void);
void local_signing_key_free(struct local_signing_key *key);
/* Its public half as a JWK Set. New. */
struct json_t;
struct json_t *local_signing_key_jwks(const struct local_signing_key *key);

#endif
