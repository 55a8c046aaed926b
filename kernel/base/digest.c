#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The key in a block of its own, each byte changed by pad (RFC 2104). */
enum { HMAC_BLOCK = 64 };

static void pad_key(const unsigned char key[HMAC_BLOCK], unsigned char pad,
                    unsigned char ret[HMAC_BLOCK])
{
    for (int i = 0; i < HMAC_BLOCK; i++)
        ret[i] = key[i] ^ pad;
}

static void block_of_key(struct lk_str key, unsigned char ret[HMAC_BLOCK])
{
    struct lk_digest digest;

    memset(ret, 0, HMAC_BLOCK);
    if (key.len > HMAC_BLOCK) {
        digest = lk_digest_of(LK_DIGEST_SHA256, key);
        memcpy(ret, digest.bytes, digest.len);
    } else if (key.len) {
        memcpy(ret, key.ptr, key.len);
    }
}

static EVP_MD *sha256;

static void fetch_sha256(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    must(sha256 != NULL);
}

/* Written out with an algorithm that was looked up once: EVP_MAC and EVP_sha256() do so at every
 * use, which takes longer than to sign a message. OpenSSL's SHA-256 uses what the processor has for
 * it. */
void lk_hmac_sha256(struct lk_str key, const struct lk_str *pieces, size_t count,
                    unsigned char ret[LK_HMAC_SHA256_SIZE])
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char block[HMAC_BLOCK], padded[HMAC_BLOCK];
    unsigned len;

    pthread_once(&once, fetch_sha256);
    block_of_key(key, block);
    pad_key(block, 0x36, padded);
    must(context && EVP_DigestInit_ex(context, sha256, NULL) &&
         EVP_DigestUpdate(context, padded, HMAC_BLOCK));
    for (size_t i = 0; i < count; i++)
        must(EVP_DigestUpdate(context, pieces[i].ptr, pieces[i].len));
    must(EVP_DigestFinal_ex(context, ret, &len));
    pad_key(block, 0x5C, padded);
    must(EVP_DigestInit_ex(context, NULL, NULL) && EVP_DigestUpdate(context, padded, HMAC_BLOCK) &&
         EVP_DigestUpdate(context, ret, LK_HMAC_SHA256_SIZE) &&
         EVP_DigestFinal_ex(context, ret, &len));
    EVP_MD_CTX_free(context);
    OPENSSL_cleanse(block, sizeof block);
    OPENSSL_cleanse(padded, sizeof padded);
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
