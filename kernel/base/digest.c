#include "base/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

struct lk_digest_stream {
    EVP_MD_CTX *context;
};

static const EVP_MD *algorithm(enum lk_digest_kind kind)
{
    switch (kind) {
    case LK_DIGEST_MD5:
        return EVP_md5();
    case LK_DIGEST_SHA1:
        return EVP_sha1();
    case LK_DIGEST_SHA256:
        break;
    }
    return EVP_sha256();
}

/* A digest of bytes in memory fails only when this build of OpenSSL lacks the algorithm. */
static void must(int ok)
{
    if (ok)
        return;
    (void)fprintf(stderr, "livy-kernel: OpenSSL refuses a digest\n");
    abort();
}

struct lk_digest lk_digest_of(enum lk_digest_kind kind, struct lk_str bytes)
{
    struct lk_digest digest = {.len = 0};
    unsigned len = 0;

    must(EVP_Digest(bytes.len ? bytes.ptr : "", bytes.len, digest.bytes, &len, algorithm(kind),
                    NULL));
    digest.len = len;
    return digest;
}

struct lk_str lk_digest_view(const struct lk_digest *digest)
{
    return (struct lk_str){(const char *)digest->bytes, digest->len};
}

struct lk_digest_stream *lk_digest_stream_new(enum lk_digest_kind kind)
{
    struct lk_digest_stream *stream = lk_alloc(sizeof(*stream));

    stream->context = EVP_MD_CTX_new();
    must(stream->context && EVP_DigestInit_ex(stream->context, algorithm(kind), NULL));
    return stream;
}

void lk_digest_stream_put(struct lk_digest_stream *stream, struct lk_str bytes)
{
    if (bytes.len)
        must(EVP_DigestUpdate(stream->context, bytes.ptr, bytes.len));
}

struct lk_digest lk_digest_stream_take(struct lk_digest_stream *stream)
{
    struct lk_digest digest = {.len = 0};
    unsigned len = 0;

    must(EVP_DigestFinal_ex(stream->context, digest.bytes, &len));
    digest.len = len;
    lk_digest_stream_free(stream);
    return digest;
}

void lk_digest_stream_free(struct lk_digest_stream *stream)
{
    if (!stream)
        return;
    EVP_MD_CTX_free(stream->context);
    free(stream);
}
