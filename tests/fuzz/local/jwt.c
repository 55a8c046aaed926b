/* Assertions and bearer tokens come from anybody. */
#include "local/jwt.h"
#include "local/keys.h"
#include "local/pki.h"
#include "local/token.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const audiences[] = {"https://storage.azure.com", NULL};
    static struct local_signing_key *key;
    LK_CLEANUP(local_jwt_done) struct local_jwt jwt = {.header = NULL};
    struct local_token_rules rules = {
        .issuer = "https://issuer", .audiences = audiences, .now_unix_s = 1795485000};
    struct lk_str text = {(const char *)data, size};
    struct local_caller caller;
    int64_t when;

    if (!key)
        key = local_signing_key_new();
    /* Nobody guesses a signature. */
    if (local_token_check(key, text, &rules, &caller, NULL) == LK_OK)
        abort();
    if (!local_jwt_read(text, &jwt))
        return 0;
    if (!local_jwt_time(jwt.claims, "exp", &when))
        when = 0;
    if (local_jwt_verify(&jwt, lk_json_get_str(jwt.header, "alg"), key->key))
        abort();
    return 0;
}
