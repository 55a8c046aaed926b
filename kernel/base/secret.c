#include "base/secret.h"

#include "base/digest.h"
#include "base/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

LK_NORETURN static void give_up(const char *why)
{
    (void)fprintf(stderr, "livy-kernel: %s\n", why);
    abort();
}

void lk_secret_setup(void)
{
    const struct rlimit none = {0, 0};

    if (sodium_init() < 0)
        give_up("libsodium cannot start");
    if (setrlimit(RLIMIT_CORE, &none))
        give_up("core files cannot be switched off");
    lk_platform_forbid_dumps();
}

static char *guarded_alloc(size_t size)
{
    char *bytes;

    if (sodium_init() < 0)
        give_up("libsodium cannot start");
    bytes = sodium_malloc(size);
    if (!bytes)
        give_up("out of guarded memory");
    return bytes;
}

void lk_secret_set(struct lk_secret *secret, struct lk_str bytes)
{
    char *guarded = NULL;

    if (bytes.len) {
        guarded = guarded_alloc(bytes.len + 1);
        memcpy(guarded, bytes.ptr, bytes.len);
        guarded[bytes.len] = '\0';
        (void)sodium_mprotect_readonly(guarded);
    }
    lk_secret_done(secret); /* only now: bytes may be its own */
    secret->guarded = guarded;
    secret->len = bytes.len;
}

void lk_secret_copy(struct lk_secret *to, const struct lk_secret *from)
{
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

void lk_secret_done(struct lk_secret *secret)
{
    sodium_free(secret->guarded); /* wipes */
    *secret = (struct lk_secret)LK_SECRET_INIT;
}

bool lk_secret_is_empty(const struct lk_secret *secret)
{
    return secret->len == 0;
}

struct lk_str lk_secret_reveal(const struct lk_secret *secret)
{
    if (!secret->guarded)
        return LK_STR("");
    return (struct lk_str){secret->guarded, secret->len};
}

bool lk_secret_equals(const struct lk_secret *secret, struct lk_str bytes)
{
    return lk_bytes_equal_ct(lk_secret_reveal(secret), bytes);
}

void lk_secret_fingerprint(const struct lk_secret *secret, char ret[LK_FINGERPRINT_SIZE])
{
    struct lk_digest digest = lk_digest_of(LK_DIGEST_SHA256, lk_secret_reveal(secret));

    (void)snprintf(ret, LK_FINGERPRINT_SIZE, "sha256:%02x%02x%02x%02x", digest.bytes[0],
                   digest.bytes[1], digest.bytes[2], digest.bytes[3]);
}

/* Reads at most max bytes into room; *ret is how many, max + 1 when there are more. */
static enum lk_status read_into(int fd, const char *path, char *room, size_t max, size_t *ret,
                                struct lk_error *err)
{
    size_t len = 0;

    while (len <= max) {
        ssize_t got = read(fd, room + len, max + 1 - len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return lk_error_errno(err, errno, "FileError", "cannot read %s", path);
        if (got == 0)
            break;
        len += (size_t)got;
    }
    *ret = len;
    return LK_OK;
}

static enum lk_status open_secret(const char *path, int *ret, struct lk_error *err)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return lk_error_set(err, LK_NOT_FOUND, "FileNotFound", "there is no file %s", path);
    if (fd < 0)
        return lk_error_errno(err, errno, "FileError", "cannot open %s", path);
    if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
        close(fd);
        return lk_error_set(err, LK_INVALID, "IsFolder", "%s is a folder, not a file", path);
    }
    *ret = fd;
    return LK_OK;
}

enum lk_status lk_secret_read_file(struct lk_secret *secret, const char *path, size_t max,
                                   struct lk_error *err)
{
    char *room;
    size_t len = 0;
    int fd = -1;
    enum lk_status st = open_secret(path, &fd, err);

    if (st)
        return st;
    room = guarded_alloc(max + 1);
    st = read_into(fd, path, room, max, &len, err);
    if (!st && len > max)
        st = lk_error_set(err, LK_LIMIT, "TooLarge", "%s is larger than the limit of %zu bytes",
                          path, max);
    if (!st) {
        struct lk_str bytes = {room, len};

        if (lk_str_ends(bytes, LK_STR("\n")))
            bytes.len--;
        if (bytes.len < len && lk_str_ends(bytes, LK_STR("\r")))
            bytes.len--;
        lk_secret_set(secret, bytes);
    }
    sodium_free(room);
    close(fd);
    return st;
}

bool lk_bytes_equal_ct(struct lk_str a, struct lk_str b)
{
    return a.len == b.len && (a.len == 0 || sodium_memcmp(a.ptr, b.ptr, a.len) == 0);
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
