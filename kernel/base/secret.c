#include "base/secret.h"

#include "base/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void lk_secret_setup(void)
{
    if (sodium_init() < 0) {
        fputs("livy-kernel: libsodium cannot start\n", stderr);
        abort();
    }
    lk_platform_no_dumps();
}

static char *guarded(size_t len)
{
    char *bytes = sodium_malloc(len + 1);

    if (!bytes) {
        fputs("livy-kernel: no guarded memory for a secret (see ulimit -l)\n", stderr);
        abort();
    }
    bytes[len] = '\0';
    return bytes;
}

void lk_secret_done(struct lk_secret *secret)
{
    sodium_free(secret->guarded); /* wipes */
    secret->guarded = NULL;
    secret->len = 0;
}

void lk_secret_set(struct lk_secret *secret, struct lk_str bytes)
{
    char *copy = bytes.len ? guarded(bytes.len) : NULL;

    if (copy)
        memcpy(copy, bytes.ptr, bytes.len);
    lk_secret_done(secret);
    secret->guarded = copy;
    secret->len = bytes.len;
}

void lk_secret_copy(struct lk_secret *to, const struct lk_secret *from)
{
    if (to != from)
        lk_secret_set(to, lk_secret_reveal(from));
}

void lk_secret_move(struct lk_secret *to, struct lk_secret *from)
{
    if (to == from)
        return;
    lk_secret_done(to);
    *to = *from;
    *from = (struct lk_secret)LK_SECRET_INIT;
}

bool lk_secret_is_empty(const struct lk_secret *secret)
{
    return secret->len == 0;
}

struct lk_str lk_secret_reveal(const struct lk_secret *secret)
{
    return secret->len ? (struct lk_str){secret->guarded, secret->len} : (struct lk_str){"", 0};
}

bool lk_secret_equals(const struct lk_secret *secret, struct lk_str bytes)
{
    return lk_bytes_equal_ct(lk_secret_reveal(secret), bytes);
}

void lk_secret_fingerprint(const struct lk_secret *secret, char ret[LK_FINGERPRINT_SIZE])
{
    struct lk_str bytes = lk_secret_reveal(secret);
    unsigned char hash[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(hash, (const unsigned char *)bytes.ptr, bytes.len);
    snprintf(ret, LK_FINGERPRINT_SIZE, "sha256:%02x%02x%02x%02x", hash[0], hash[1], hash[2],
             hash[3]);
}

/* Reads up to max + 1 bytes, so that a file over the ceiling shows. -1 with errno. */
static ssize_t read_all(int fd, char *into, size_t max)
{
    size_t len = 0;

    while (len < max + 1) {
        ssize_t n = read(fd, into + len, max + 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

enum lk_status lk_secret_read_file(struct lk_secret *secret, const char *path, size_t max,
                                   struct lk_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *bytes;
    ssize_t len;

    if (fd < 0 && errno == ENOENT)
        return lk_error_set(err, LK_NOT_FOUND, "FileNotFound", "%s does not exist", path);
    if (fd < 0)
        return lk_error_errno(err, errno, "FileNotRead", "%s cannot be opened", path);
    bytes = guarded(max + 1);
    len = read_all(fd, bytes, max);
    close(fd);
    if (len < 0 || (size_t)len > max) {
        int why = errno;
        sodium_free(bytes);
        if (len < 0)
            return lk_error_errno(err, why, "FileNotRead", "%s cannot be read", path);
        return lk_error_set(err, LK_LIMIT, "TooLarge", "%s is larger than %zu bytes", path, max);
    }
    while (len && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r'))
        len--;
    lk_secret_set(secret, (struct lk_str){bytes, (size_t)len});
    sodium_free(bytes);
    return LK_OK;
}

bool lk_bytes_equal_ct(struct lk_str a, struct lk_str b)
{
    return a.len == b.len && (!a.len || sodium_memcmp(a.ptr, b.ptr, a.len) == 0);
}

void lk_random_bytes(void *ret, size_t len)
{
    randombytes_buf(ret, len);
}

void lk_wipe(void *ptr, size_t len)
{
    if (len)
        sodium_memzero(ptr, len);
}
