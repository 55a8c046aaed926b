/* Inside livy-local only: what the signing key is made of. */
#ifndef LK_LOCAL_KEYS_H
#define LK_LOCAL_KEYS_H

#include <openssl/evp.h>

struct local_signing_key {
    EVP_PKEY *key;
    char kid[44]; /* base64url(SHA-256 of the public key) */
};

#endif
