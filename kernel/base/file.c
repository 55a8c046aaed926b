#include "base/file.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_CHUNK = 65536 };

void lk_fd_close(int *fd)
{
    int saved = errno;

    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = saved;
}

bool lk_file_exists(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0;
}

struct lk_str lk_path_base(struct lk_str path)
{
    size_t from = path.len;

    while (from > 0 && path.ptr[from - 1] != '/')
        from--;
    return lk_str_slice(path, from, path.len);
}

char *lk_path_join(const char *folder, struct lk_str name)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf path = LK_BUF_INIT(SIZE_MAX);
    struct lk_str head = lk_str_from(folder);

    lk_buf_put(&path, head);
    if (!lk_str_ends(head, LK_STR("/")))
        lk_buf_put_char(&path, '/');
    lk_buf_put(&path, name);
    return lk_buf_take(&path);
}

/* The folder that path is in, malloc'd. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return lk_str_dup(LK_STR("."));
    if (slash == path)
        return lk_str_dup(LK_STR("/"));
    return lk_str_dup((struct lk_str){path, (size_t)(slash - path)});
}

static enum lk_status read_all(int fd, const char *path, struct lk_buf *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *chunk = lk_alloc(READ_CHUNK);

    while (!ret->full) {
        ssize_t got = read(fd, chunk, READ_CHUNK);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return lk_error_errno(err, errno, "FileError", "cannot read %s", path);
        if (got == 0)
            break;
        lk_buf_put(ret, (struct lk_str){chunk, (size_t)got});
    }
    return lk_buf_check(ret, path, err);
}

enum lk_status lk_file_read(const char *path, struct lk_buf *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    enum lk_status st;

    lk_buf_clear(ret);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return lk_error_set(err, LK_NOT_FOUND, "FileNotFound", "there is no file %s", path);
    if (fd < 0 || fstat(fd, &info))
        return lk_error_errno(err, errno, "FileError", "cannot open %s", path);
    if (S_ISDIR(info.st_mode))
        return lk_error_set(err, LK_INVALID, "IsFolder", "%s is a folder, not a file", path);

    st = read_all(fd, path, ret, err);
    if (st)
        lk_buf_clear(ret);
    return st;
}

static bool write_all(int fd, struct lk_str bytes)
{
    while (bytes.len) {
        ssize_t put = write(fd, bytes.ptr, bytes.len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        bytes = lk_str_slice(bytes, (size_t)put, bytes.len);
    }
    return true;
}

/* Makes a new or renamed entry of the folder durable. Not every file system can; the data itself
 * is safe by then. */
static void sync_folder(const char *path)
{
    LK_CLEANUP(lk_free_ptr) char *folder = folder_of(path);
    LK_CLEANUP(lk_fd_close) int fd = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);

    if (fd >= 0)
        (void)fsync(fd);
}

/* A name beside path that nobody else uses, malloc'd. In the same folder, for rename() does not
 * cross file systems. */
static char *temporary_name(const char *path)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(SIZE_MAX);
    struct lk_str all = lk_str_from(path);
    struct lk_str base = lk_path_base(all);
    unsigned long long mark;

    lk_random_bytes(&mark, sizeof(mark));
    lk_buf_put(&name, lk_str_slice(all, 0, all.len - base.len));
    lk_buf_printf(&name, ".%.*s.%016llx", (int)(base.len > 200 ? 200 : base.len), base.ptr, mark);
    return lk_buf_take(&name);
}

enum lk_status lk_file_write(const char *path, mode_t mode, struct lk_str bytes,
                             struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *temporary = temporary_name(path);
    LK_CLEANUP(lk_fd_close) int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    enum lk_status st;

    if (fd < 0)
        return lk_error_errno(err, errno, "FileError", "cannot write %s", path);
    if (write_all(fd, bytes) && fsync(fd) == 0 && rename(temporary, path) == 0) {
        sync_folder(path);
        return LK_OK;
    }
    st = lk_error_errno(err, errno, "FileError", "cannot write %s", path);
    (void)unlink(temporary);
    return st;
}

enum lk_status lk_file_append_sync(const char *path, mode_t mode, struct lk_str bytes,
                                   struct lk_error *err)
{
    const int flags = O_WRONLY | O_APPEND | O_CLOEXEC;
    LK_CLEANUP(lk_fd_close) int fd = open(path, flags);
    bool created = false;
    ssize_t put;

    if (fd < 0 && errno == ENOENT) {
        fd = open(path, flags | O_CREAT, mode);
        created = true;
    }
    if (fd < 0)
        return lk_error_errno(err, errno, "FileError", "cannot open %s", path);

    do
        put = write(fd, bytes.len ? bytes.ptr : "", bytes.len);
    while (put < 0 && errno == EINTR);
    if (put < 0 || fsync(fd))
        return lk_error_errno(err, errno, "FileError", "cannot append to %s", path);
    if ((size_t)put < bytes.len)
        return lk_error_errno(err, ENOSPC, "FileError", "only part of a line went into %s", path);
    if (created)
        sync_folder(path);
    return LK_OK;
}

/* One mkdir; fine when the folder is there. */
static enum lk_status make_folder(const char *path, mode_t mode, struct lk_error *err)
{
    struct stat info;
    int why;

    if (mkdir(path, mode) == 0)
        return LK_OK;
    why = errno;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return LK_OK;
    return lk_error_errno(err, why, "FileError", "cannot make the folder %s", path);
}

enum lk_status lk_file_make_folders(const char *path, mode_t mode, struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *upto = lk_str_dup(lk_str_from(path));

    for (char *at = upto; *at; at++) {
        enum lk_status st;

        if (*at != '/' || at == upto)
            continue;
        *at = '\0';
        st = make_folder(upto, mode, err);
        *at = '/';
        if (st)
            return st;
    }
    return make_folder(path, mode, err);
}
