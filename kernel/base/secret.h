/* A secret: an access token, a client secret, a key. It lives in guarded memory
 * (sodium_malloc), is wiped on release and cannot be printed by accident: the only
 * way to the bytes is lk_secret_reveal(), called on the last line before libcurl or
 * libsodium. One owner; not for sharing between threads. */
#ifndef LK_BASE_SECRET_H
#define LK_BASE_SECRET_H

#include "base/error.h"
#include "base/str.h"

struct lk_secret {
    char *guarded; /* do not touch; NULL when empty */
    size_t len;
};

#define LK_SECRET_INIT                                                                             \
    {                                                                                              \
        .guarded = NULL, .len = 0                                                                  \
    }
enum { LK_FINGERPRINT_SIZE = 16 }; /* "sha256:" + 8 hex digits + NUL */

/* Once per process, before any thread: libsodium, core dumps off. Aborts on failure. */
void lk_secret_setup(void);
/* Copies the bytes in; an earlier content is wiped. The caller wipes its own copy. */
void lk_secret_set(struct lk_secret *secret, struct lk_str bytes);
void lk_secret_copy(struct lk_secret *to, const struct lk_secret *from);
/* Moves; *from is empty after it. */
void lk_secret_move(struct lk_secret *to, struct lk_secret *from);
void lk_secret_done(struct lk_secret *secret);
bool lk_secret_is_empty(const struct lk_secret *secret);
/* The bytes, NUL-terminated, valid until the secret changes. Look twice at every call. */
struct lk_str lk_secret_reveal(const struct lk_secret *secret);
/* Constant time. */
bool lk_secret_equals(const struct lk_secret *secret, struct lk_str bytes);
/* Tells two secrets apart without showing either: "sha256:1a2b3c4d". */
void lk_secret_fingerprint(const struct lk_secret *secret, char ret[LK_FINGERPRINT_SIZE]);
/* Reads a file of at most max bytes straight into guarded memory, trailing newline dropped. */
LK_MUST_USE enum lk_status lk_secret_read_file(struct lk_secret *secret, const char *path,
                                               size_t max, struct lk_error *err);

/* Constant-time comparison of two byte strings of the same length; false when lengths differ. */
bool lk_bytes_equal_ct(struct lk_str a, struct lk_str b);
/* Unpredictable bytes. */
void lk_random_bytes(void *ret, size_t len);
void lk_wipe(void *ptr, size_t len);

#endif
