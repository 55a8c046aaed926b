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

/* Only a broken or restricted OpenSSL (FIPS without MD5) gets here. */
static LK_NORETURN void no_digest(void)
{
    fputs("livy-kernel: OpenSSL refuses a digest that the protocol needs\n", stderr);
    abort();
}

struct lk_digest_stream *lk_digest_stream_new(enum lk_digest_kind kind)
{
    struct lk_digest_stream *stream = lk_alloc(sizeof *stream);

    stream->context = EVP_MD_CTX_new();
    if (!stream->context || !EVP_DigestInit_ex(stream->context, algorithm(kind), NULL))
        no_digest();
    return stream;
}

void lk_digest_stream_put(struct lk_digest_stream *stream, struct lk_str bytes)
{
    if (bytes.len && !EVP_DigestUpdate(stream->context, bytes.ptr, bytes.len))
        no_digest();
}

struct lk_digest lk_digest_stream_take(struct lk_digest_stream *stream)
{
    struct lk_digest digest = {.len = 0};
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (!EVP_DigestFinal_ex(stream->context, bytes, &len) || len > LK_DIGEST_MAX)
        no_digest();
    for (unsigned i = 0; i < len; i++)
        digest.bytes[i] = bytes[i];
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

struct lk_digest lk_digest_of(enum lk_digest_kind kind, struct lk_str bytes)
{
    struct lk_digest_stream *stream = lk_digest_stream_new(kind);

    lk_digest_stream_put(stream, bytes);
    return lk_digest_stream_take(stream);
}

struct lk_str lk_digest_view(const struct lk_digest *digest)
{
    return (struct lk_str){(const char *)digest->bytes, digest->len};
}
