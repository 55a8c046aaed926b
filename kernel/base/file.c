#include "base/file.h"

#include "base/uuid.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void lk_fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

bool lk_file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

char *lk_path_join(const char *folder, struct lk_str name)
{
    struct lk_str head = lk_str_from(folder);
    struct lk_buf path = LK_BUF_INIT(head.len + name.len + 1);

    lk_buf_put(&path, head);
    if (!lk_str_ends(head, LK_STR("/")))
        lk_buf_put_char(&path, '/');
    lk_buf_put(&path, name);
    return lk_buf_take(&path);
}

struct lk_str lk_path_base(struct lk_str path)
{
    size_t from = path.len;

    while (from && path.ptr[from - 1] != '/')
        from--;
    return lk_str_slice(path, from, path.len);
}

static enum lk_status read_all(int fd, const char *path, struct lk_buf *ret, struct lk_error *err)
{
    char piece[65536];

    for (;;) {
        ssize_t n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return lk_error_errno(err, errno, "FileNotRead", "%s cannot be read", path);
        if (n == 0)
            return LK_OK;
        lk_buf_put(ret, (struct lk_str){piece, (size_t)n});
        if (ret->full)
            return lk_buf_check(ret, path, err);
    }
}

enum lk_status lk_file_read(const char *path, struct lk_buf *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_fd_close)
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return lk_error_set(err, LK_NOT_FOUND, "FileNotFound", "%s does not exist", path);
    if (fd < 0)
        return lk_error_errno(err, errno, "FileNotRead", "%s cannot be opened", path);
    if (fstat(fd, &about) == 0 && S_ISDIR(about.st_mode))
        return lk_error_set(err, LK_INVALID, "IsFolder", "%s is a folder", path);
    return read_all(fd, path, ret, err);
}

static bool write_all(int fd, struct lk_str bytes)
{
    while (bytes.len) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes = lk_str_slice(bytes, (size_t)n, bytes.len);
    }
    return true;
}

/* The rename is on disk only when its folder is. */
static void sync_folder_of(const char *path)
{
    LK_CLEANUP(lk_free_ptr)
    char *copy = lk_str_dup(lk_str_from(path));
    LK_CLEANUP(lk_fd_close)
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    /* Some file systems refuse to sync a folder; the bytes are safe without. */
    if (fd >= 0 && fsync(fd) != 0)
        errno = 0;
}

enum lk_status lk_file_write(const char *path, mode_t mode, struct lk_str bytes,
                             struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done)
    struct lk_buf temporary = LK_BUF_INIT(8192);
    char unique[LK_UUID_SIZE];
    int fd, why = 0;

    lk_uuid_v4(unique);
    lk_buf_printf(&temporary, "%s.%.8s.tmp", path, unique);
    fd = open(lk_buf_cstr(&temporary), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return lk_error_errno(err, errno, "FileNotWritten", "%s cannot be written", path);
    if (!write_all(fd, bytes) || fsync(fd) != 0)
        why = errno;
    if (close(fd) != 0 && !why)
        why = errno;
    if (!why && rename(lk_buf_cstr(&temporary), path) != 0)
        why = errno;
    if (why) {
        unlink(lk_buf_cstr(&temporary));
        return lk_error_errno(err, why, "FileNotWritten", "%s cannot be written", path);
    }
    sync_folder_of(path);
    return LK_OK;
}

enum lk_status lk_file_append_sync(const char *path, mode_t mode, struct lk_str bytes,
                                   struct lk_error *err)
{
    bool is_new = !lk_file_exists(path);
    LK_CLEANUP(lk_fd_close)
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, mode);

    if (fd < 0)
        return lk_error_errno(err, errno, "FileNotWritten", "%s cannot be opened", path);
    if (!write_all(fd, bytes) || fsync(fd) != 0)
        return lk_error_errno(err, errno, "FileNotWritten", "%s cannot be written", path);
    if (is_new)
        sync_folder_of(path);
    return LK_OK;
}

enum lk_status lk_file_make_folders(const char *path, mode_t mode, struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr)
    char *copy = lk_str_dup(lk_str_from(path));
    struct stat about;

    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, mode) != 0 && errno != EEXIST)
            return lk_error_errno(err, errno, "FolderNotMade", "%s cannot be made", copy);
        *slash = '/';
    }
    if (mkdir(copy, mode) != 0 && errno != EEXIST)
        return lk_error_errno(err, errno, "FolderNotMade", "%s cannot be made", copy);
    if (stat(copy, &about) != 0 || !S_ISDIR(about.st_mode))
        return lk_error_set(err, LK_IO, "FolderNotMade", "%s is not a folder", copy);
    return LK_OK;
}
