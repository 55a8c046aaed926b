/* MD5, SHA-1, SHA-256 of bytes or of a file, and HMAC-SHA256. MD5 and SHA-1 only where a protocol
 * demands them (Content-MD5, x5t). Pure but for the file; any thread. */
#ifndef LK_BASE_DIGEST_H
#define LK_BASE_DIGEST_H

#include "base/error.h"
#include "base/str.h"

enum lk_digest_kind { LK_DIGEST_MD5, LK_DIGEST_SHA1, LK_DIGEST_SHA256 };
enum { LK_DIGEST_MAX = 32 };

struct lk_digest {
    unsigned char bytes[LK_DIGEST_MAX];
    size_t len;
};

struct lk_digest lk_digest_of(enum lk_digest_kind kind, struct lk_str bytes);
struct lk_str lk_digest_view(const struct lk_digest *digest);

enum { LK_HMAC_SHA256_SIZE = 32 };
/* HMAC-SHA256 (RFC 2104) of the pieces one after the other. */
void lk_hmac_sha256(struct lk_str key, const struct lk_str *pieces, size_t count,
                    unsigned char ret[LK_HMAC_SHA256_SIZE]);

/* Piecewise, for streams. */
struct lk_digest_stream;
LK_MUST_USE struct lk_digest_stream *lk_digest_stream_new(enum lk_digest_kind kind);
void lk_digest_stream_put(struct lk_digest_stream *stream, struct lk_str bytes);
/* Finishes and frees. */
struct lk_digest lk_digest_stream_take(struct lk_digest_stream *stream);
void lk_digest_stream_free(struct lk_digest_stream *stream);

#endif
