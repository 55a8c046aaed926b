/* Where an upload's bytes come from: memory, or a file that must not change meanwhile. */
#include "fabric/onelake.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static long read_bytes(struct lk_http_source *source, char *into, size_t max)
{
    struct lk_source_bytes *self = (struct lk_source_bytes *)source;
    struct lk_str piece = lk_str_slice(self->bytes, self->at, self->at + max);

    for (size_t i = 0; i < piece.len; i++)
        into[i] = piece.ptr[i];
    self->at += piece.len;
    return (long)piece.len;
}

static bool rewind_bytes(struct lk_http_source *source)
{
    ((struct lk_source_bytes *)source)->at = 0;
    return true;
}

void lk_source_bytes_init(struct lk_source_bytes *ret, struct lk_str bytes)
{
    *ret = (struct lk_source_bytes){
        .source = {.len = (int64_t)bytes.len, .read = read_bytes, .rewind = rewind_bytes},
        .bytes = bytes};
}

static bool look(int fd, int64_t *size, int64_t *modified_ns)
{
    struct stat about;

    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
        return false;
    *size = (int64_t)about.st_size;
    *modified_ns = (int64_t)about.st_mtim.tv_sec * 1000000000 + about.st_mtim.tv_nsec;
    return true;
}

static bool unchanged(const struct lk_source_file *self)
{
    int64_t size, modified_ns;

    return look(self->fd, &size, &modified_ns) && size == self->source.len &&
           modified_ns == self->modified_ns;
}

static long read_file(struct lk_http_source *source, char *into, size_t max)
{
    struct lk_source_file *self = (struct lk_source_file *)source;
    ssize_t n;

    do
        n = read(self->fd, into, max);
    while (n < 0 && errno == EINTR);
    return n < 0 || !unchanged(self) ? -1 : (long)n;
}

static bool rewind_file(struct lk_http_source *source)
{
    struct lk_source_file *self = (struct lk_source_file *)source;

    return unchanged(self) && lseek(self->fd, 0, SEEK_SET) == 0;
}

enum lk_status lk_source_file_init(struct lk_source_file *ret, int fd, struct lk_error *err)
{
    *ret = (struct lk_source_file){.source = {.read = read_file, .rewind = rewind_file}, .fd = fd};
    if (look(fd, &ret->source.len, &ret->modified_ns))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "NotAFile", "only plain files can be uploaded");
    return lk_error_next(err, "For a folder, upload its files one by one.");
}
