/* A stand-in for Microsoft Entra: sign-in of one application (certificate or secret)
 * and one user (browser page), real RS256 tokens, Entra's error shapes. As strict as
 * the service or stricter. Handlers run on any thread. */
#ifndef LK_LOCAL_ENTRA_H
#define LK_LOCAL_ENTRA_H

#include "base/clock.h"
#include "base/secret.h"
#include "local/server.h"
#include "local/token.h"

struct local_entra;

/* Texts are copied; key, secret and clock are borrowed for the life of the service. */
struct local_entra_options {
    const struct local_signing_key *key;
    const struct lk_secret *app_secret;
    const char *app_certificate_pem;
    const char *tenant;    /* GUID */
    const char *client_id; /* GUID */
    const char *user_name; /* "ada@livy-local.example" */
    const char *user_oid;  /* GUID */
    struct lk_clock *clock;
    int64_t token_life_s; /* 0: 3599 */
};

LK_MUST_USE enum lk_status local_entra_new(const struct local_entra_options *options,
                                           struct local_entra **ret, struct lk_error *err);
/* Once, when the port is known: "https://localhost:PORT", the authority. Until then every answer
 * is 503. */
void local_entra_set_authority(struct local_entra *entra, const char *authority);
/* The issuer of its tokens: fixed, since ports change and tokens outlive a restart. */
const char *local_entra_issuer(const struct local_entra *entra);
local_handler local_entra_handle;
void local_entra_free(struct local_entra *entra);

#endif
