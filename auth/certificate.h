/* A certificate with its private key, from PEM files, and what is made with it: the
 * thumbprints and the signed client assertion (RFC 7523; entra.md §1.1). The one
 * place in auth/ that includes OpenSSL. No network; executor thread (and one aside, for files and
 * passwords). */
#ifndef LK_AUTH_CERTIFICATE_H
#define LK_AUTH_CERTIFICATE_H

#include "base/buf.h"
#include "base/cancel.h"
#include "base/error.h"
#include "base/secret.h"

#include <stdint.h>

struct lk_certificate;

enum { LK_THUMBPRINT_HEX_SIZE = 65, LK_CERTIFICATE_NAME_MAX = 256 };

struct lk_certificate_info {
    char subject[LK_CERTIFICATE_NAME_MAX];
    char sha1_hex[LK_THUMBPRINT_HEX_SIZE];   /* upper case: the portal's form */
    char sha256_hex[LK_THUMBPRINT_HEX_SIZE]; /* upper case */
    int64_t not_before_unix_s;
    int64_t not_after_unix_s;
    int key_bits;
};

/* Reads certificate_path (one or more certificates, maybe the key too) and key_path (may be
 * NULL when the first file holds the key). Told apart, each LK_INVALID or LK_NOT_FOUND with its own
 * code: file missing, no PEM inside, a key given as certificate and the reverse, key encrypted
 * (EncryptedKey; password may be given, NULL for none), key of another certificate, not RSA,
 * not yet valid, expired (against now_unix_s). An interrupt does not wait for a file that hangs,
 * nor for a password that takes long to become a key. */
LK_MUST_USE enum lk_status lk_certificate_load(const char *certificate_path, const char *key_path,
                                               const struct lk_secret *password, int64_t now_unix_s,
                                               struct lk_cancel *cancel,
                                               struct lk_certificate **ret, struct lk_error *err);

/* What the two files hold; the same one twice when key and certificate share it. Paths are for the
 * errors only. */
struct lk_certificate_files {
    const char *certificate_path, *key_path;
    struct lk_str certificate, key;
};

/* The pure half of lk_certificate_load(). */
LK_MUST_USE enum lk_status lk_certificate_from_pem(const struct lk_certificate_files *files,
                                                   const struct lk_secret *password,
                                                   int64_t now_unix_s, struct lk_certificate **ret,
                                                   struct lk_error *err);
void lk_certificate_free(struct lk_certificate *certificate);
void lk_certificate_unref(struct lk_certificate **certificate); /* cleanup */
const struct lk_certificate_info *lk_certificate_info(const struct lk_certificate *certificate);

/* The user's thumbprint is only a cross-check: hex in any case with ':' spaces or U+200E, or
 * base64(url); SHA-1 or SHA-256. LK_INVALID shows both sides. */
LK_MUST_USE enum lk_status lk_certificate_check_thumbprint(const struct lk_certificate *certificate,
                                                           struct lk_str given,
                                                           struct lk_error *err);

enum lk_assertion_alg { LK_ASSERTION_PS256, LK_ASSERTION_RS256 };

/* The signed JWT; claims: aud, iss = sub = client_id, jti, nbf = iat = now - 60, exp = now + 540.
 */
LK_MUST_USE enum lk_status lk_certificate_assert(const struct lk_certificate *certificate,
                                                 enum lk_assertion_alg alg, struct lk_str audience,
                                                 struct lk_str client_id, struct lk_str jti,
                                                 int64_t now_unix_s, struct lk_secret *ret,
                                                 struct lk_error *err);

#endif
