/* Safe access to the lakehouse's files: each segment of a path is opened by itself and no link
 * is followed, so nothing outside ROOT can be reached. */
#include "local/onelake_service.h"

#include "base/digest.h"
#include "base/uuid.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/* Changes whenever the content does: a new file has a new inode, a changed one a new time. It
 * stays when the file is renamed. */
static void make_etag(const struct stat *from, char ret[LOCAL_ETAG_SIZE])
{
    const int64_t facts[] = {(int64_t)from->st_ino, from->st_size, (int64_t)from->st_mtim.tv_sec,
                             (int64_t)from->st_mtim.tv_nsec};
    struct lk_digest digest =
        lk_digest_of(LK_DIGEST_SHA256, (struct lk_str){(const char *)facts, sizeof facts});
    int at = snprintf(ret, LOCAL_ETAG_SIZE, "0x8D");

    for (int i = 0; i < 7; i++)
        at += snprintf(ret + at, (size_t)(LOCAL_ETAG_SIZE - at), "%02X", digest.bytes[i]);
}

static void read_md5(struct local_onelake *onelake, const char *etag, char ret[LOCAL_MD5_TEXT_SIZE])
{
    LK_CLEANUP(lk_fd_close) int fd = openat(onelake->md5_fd, etag, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, ret, LOCAL_MD5_TEXT_SIZE - 1);

    ret[n > 0 ? n : 0] = '\0';
}

static void write_md5(struct local_onelake *onelake, const char *etag, const char *md5)
{
    LK_CLEANUP(lk_fd_close)
    int fd = openat(onelake->md5_fd, etag, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    /* A lost MD5 is a HEAD without one, no more. */
    if (fd >= 0 && write(fd, md5, strlen(md5)) != (ssize_t)strlen(md5))
        unlinkat(onelake->md5_fd, etag, 0);
}

void local_onelake_info_of(struct local_onelake *onelake, const struct stat *from,
                           struct local_onelake_info *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->is_folder = S_ISDIR(from->st_mode);
    ret->size = ret->is_folder ? 0 : from->st_size;
    ret->modified_unix_s = from->st_mtim.tv_sec;
    make_etag(from, ret->etag);
    if (!ret->is_folder)
        read_md5(onelake, ret->etag, ret->md5);
}

static enum lk_status step_failed(int number, struct lk_error *err)
{
    if (number == ENOENT)
        return lk_error_set(err, LK_NOT_FOUND, "PathNotFound",
                            "The specified path does not exist.");
    if (number == ENOTDIR || number == ELOOP)
        return lk_error_set(err, LK_EXISTS, "PathConflict",
                            "A file or a link stands where the path needs a folder.");
    return lk_error_errno(err, number, "InternalError", "The path cannot be opened");
}

/* Opens name below *fd and closes what *fd was. */
static enum lk_status step(int *fd, struct lk_str name, bool make, struct lk_error *err)
{
    char text[LOCAL_ONELAKE_NAME_MAX + 1];
    int next;

    snprintf(text, sizeof text, "%.*s", LK_STR_ARGS(name));
    next = openat(*fd, text, FOLDER_FLAGS);
    if (next < 0 && errno == ENOENT && make) {
        if (mkdirat(*fd, text, 0755) != 0 && errno != EEXIST)
            return step_failed(errno, err);
        next = openat(*fd, text, FOLDER_FLAGS);
    }
    if (next < 0)
        return step_failed(errno, err);
    lk_fd_close(fd);
    *fd = next;
    return LK_OK;
}

/* As far as the lakehouse's folder, or the workspace's. */
static enum lk_status open_place(struct local_onelake *onelake,
                                 const struct local_onelake_target *target, int *ret_fd,
                                 struct lk_error *err)
{
    LK_CLEANUP(lk_fd_close) int fd = fcntl(onelake->root_fd, F_DUPFD_CLOEXEC, 0);

    if (target->level >= LOCAL_ONELAKE_WORKSPACE &&
        step(&fd, lk_str_from(target->workspace_id), false, NULL))
        return lk_error_set(err, LK_NOT_FOUND, "FilesystemNotFound",
                            "There is no workspace '%.*s' here.",
                            LK_STR_ARGS(target->workspace_spelt));
    if (target->level >= LOCAL_ONELAKE_ITEM &&
        step(&fd, lk_str_from(target->lakehouse_id), false, NULL))
        return lk_error_set(err, LK_NOT_FOUND, "ArtifactNotFound",
                            "Request Failed with Artifact '%.*s' is not found in workspace '%.*s'.",
                            LK_STR_ARGS(target->item_spelt), LK_STR_ARGS(target->workspace_spelt));
    *ret_fd = fd;
    fd = -1;
    return LK_OK;
}

enum lk_status local_onelake_open_parent(struct local_onelake *onelake,
                                         const struct local_onelake_target *target, bool make,
                                         int *ret_fd, char leaf[LOCAL_ONELAKE_NAME_MAX + 1],
                                         struct lk_error *err)
{
    LK_CLEANUP(lk_fd_close) int fd = -1;
    struct lk_str rest = target->inside, segment = LK_STR(".");
    enum lk_status st = open_place(onelake, target, &fd, err);

    if (st)
        return st;
    while (rest.len) {
        if (!lk_str_split(rest, '/', &segment, &rest))
            break;
        /* Files and Tables themselves are never made by a request. */
        st = step(&fd, segment, make && segment.ptr != target->inside.ptr, err);
        if (st)
            return st;
    }
    snprintf(leaf, LOCAL_ONELAKE_NAME_MAX + 1, "%.*s", LK_STR_ARGS(segment));
    *ret_fd = fd;
    fd = -1;
    return LK_OK;
}

enum lk_status local_onelake_open(struct local_onelake *onelake,
                                  const struct local_onelake_target *target, int *ret_fd,
                                  struct local_onelake_info *ret, struct lk_error *err)
{
    char leaf[LOCAL_ONELAKE_NAME_MAX + 1];
    LK_CLEANUP(lk_fd_close) int parent = -1;
    LK_CLEANUP(lk_fd_close) int fd = -1;
    struct stat info;
    enum lk_status st = local_onelake_open_parent(onelake, target, false, &parent, leaf, err);

    if (st)
        return err->status == LK_EXISTS ? step_failed(ENOENT, err) : st;
    /* Non-blocking: a FIFO put there by hand must not hold a thread. */
    fd = openat(parent, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return step_failed(errno == ELOOP ? ENOENT : errno, err);
    if (fstat(fd, &info) != 0 || (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)))
        return step_failed(ENOENT, err);
    local_onelake_info_of(onelake, &info, ret);
    *ret_fd = fd;
    fd = -1;
    return LK_OK;
}

enum lk_status local_onelake_check_writable(const struct local_onelake_target *target,
                                            struct lk_error *err)
{
    struct lk_str first;

    lk_str_split(target->inside, '/', &first, &(struct lk_str){0});
    if (target->level == LOCAL_ONELAKE_INSIDE &&
        (lk_str_eq(first, LK_STR("Files")) || lk_str_eq(first, LK_STR("Tables"))))
        return LK_OK;
    return lk_error_set(err, LK_DENIED, "OperationNotAllowedOnManagedFolder",
                        "OneLake manages workspaces, items and their first level: only what is "
                        "below Files and Tables can be created, renamed or deleted.");
}

static bool etag_matches(struct lk_str header, const struct local_onelake_info *info)
{
    if (lk_str_eq(header, LK_STR("*")))
        return info != NULL;
    if (header.len >= 2 && header.ptr[0] == '"')
        header = lk_str_slice(header, 1, header.len - 1);
    return info && lk_str_eq(header, lk_str_from(info->etag));
}

enum lk_status local_onelake_check_conditions(const struct local_onelake_call *call,
                                              const struct local_onelake_info *info,
                                              struct lk_error *err)
{
    struct lk_str match = call->headers[LOCAL_OH_IF_MATCH];
    struct lk_str none = call->headers[LOCAL_OH_IF_NONE_MATCH];

    if (match.len && !etag_matches(match, info))
        return lk_error_set(err, LK_EXISTS, "ConditionNotMet",
                            "The condition specified using HTTP conditional header(s) is not met.");
    if (none.len && etag_matches(none, info)) {
        if (!lk_str_eq(none, LK_STR("*")))
            return lk_error_set(err, LK_EXISTS, "ConditionNotMet",
                                "The condition specified using HTTP conditional header(s) is not "
                                "met.");
        return lk_error_set(err, LK_EXISTS, call->dfs ? "PathAlreadyExists" : "BlobAlreadyExists",
                            "The specified path already exists.");
    }
    return LK_OK;
}

enum lk_status local_onelake_make_tmp(struct local_onelake *onelake,
                                      char name[LOCAL_ONELAKE_NAME_MAX + 1], int *ret_fd,
                                      struct lk_error *err)
{
    int fd;

    lk_uuid_v4(name);
    fd = openat(onelake->tmp_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return lk_error_errno(err, errno, "InternalError", "A temporary file cannot be made");
    *ret_fd = fd;
    return LK_OK;
}

/* With If-None-Match: * link() makes "only if absent" true against writers that do not come
 * through here, such as Spark, as well. */
static int put_in_place(struct local_onelake *onelake, const char *tmp_name, int parent,
                        const char *leaf, bool exclusive)
{
    int failed;

    if (!exclusive)
        return renameat(onelake->tmp_fd, tmp_name, parent, leaf) ? errno : 0;
    failed = linkat(onelake->tmp_fd, tmp_name, parent, leaf, 0) ? errno : 0;
    unlinkat(onelake->tmp_fd, tmp_name, 0);
    return failed;
}

static enum lk_status commit_locked(struct local_onelake *onelake,
                                    const struct local_onelake_call *call, const char *tmp_name,
                                    struct local_onelake_info *ret, struct lk_error *err)
{
    char leaf[LOCAL_ONELAKE_NAME_MAX + 1];
    LK_CLEANUP(lk_fd_close) int parent = -1;
    struct local_onelake_info old;
    struct stat info;
    bool exists;
    int failed;
    enum lk_status st;

    st = local_onelake_open_parent(onelake, &call->target, true, &parent, leaf, err);
    if (st)
        return st;
    exists = fstatat(parent, leaf, &info, AT_SYMLINK_NOFOLLOW) == 0;
    if (exists && !S_ISREG(info.st_mode))
        return lk_error_set(err, LK_EXISTS, "ResourceTypeMismatch",
                            "The path is a folder, not a file.");
    if (exists)
        local_onelake_info_of(onelake, &info, &old);
    st = local_onelake_check_conditions(call, exists ? &old : NULL, err);
    if (st)
        return st;
    failed = put_in_place(onelake, tmp_name, parent, leaf,
                          lk_str_eq(call->headers[LOCAL_OH_IF_NONE_MATCH], LK_STR("*")));
    if (failed == EEXIST)
        return lk_error_set(err, LK_EXISTS, call->dfs ? "PathAlreadyExists" : "BlobAlreadyExists",
                            "The specified path already exists.");
    if (failed || fstatat(parent, leaf, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return lk_error_errno(err, failed, "InternalError", "The file cannot be put in place");
    if (exists)
        unlinkat(onelake->md5_fd, old.etag, 0);
    local_onelake_info_of(onelake, &info, ret);
    return LK_OK;
}

enum lk_status local_onelake_commit(struct local_onelake *onelake,
                                    const struct local_onelake_call *call, const char *tmp_name,
                                    const char *md5, struct local_onelake_info *ret,
                                    struct lk_error *err)
{
    enum lk_status st;

    pthread_mutex_lock(&onelake->lock);
    st = commit_locked(onelake, call, tmp_name, ret, err);
    if (st) {
        unlinkat(onelake->tmp_fd, tmp_name, 0);
    } else {
        snprintf(ret->md5, sizeof ret->md5, "%s", md5);
        if (md5[0])
            write_md5(onelake, ret->etag, md5);
    }
    pthread_mutex_unlock(&onelake->lock);
    return st;
}

int local_onelake_remove_tree(int folder_fd, const char *name)
{
    int fd = openat(folder_fd, name, FOLDER_FLAGS);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (!folder) {
        lk_fd_close(&fd);
        return -1;
    }
    while ((entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(fd, entry->d_name, 0) != 0)
            local_onelake_remove_tree(fd, entry->d_name);
    }
    closedir(folder);
    return unlinkat(folder_fd, name, AT_REMOVEDIR);
}

static enum lk_status remove_folder(int parent, const char *leaf, bool recursive,
                                    struct lk_error *err)
{
    int failed = unlinkat(parent, leaf, AT_REMOVEDIR) ? errno : 0;

    if (failed && recursive)
        failed = local_onelake_remove_tree(parent, leaf) ? errno : 0;
    if (failed == ENOTEMPTY || failed == EEXIST)
        return lk_error_set(err, LK_EXISTS, "DirectoryNotEmpty",
                            "The recursive query parameter value must be true to delete a "
                            "non-empty directory.");
    return failed ? step_failed(failed, err) : LK_OK;
}

static enum lk_status remove_locked(struct local_onelake *onelake,
                                    const struct local_onelake_call *call, bool recursive,
                                    struct lk_error *err)
{
    char leaf[LOCAL_ONELAKE_NAME_MAX + 1];
    LK_CLEANUP(lk_fd_close) int parent = -1;
    struct local_onelake_info old;
    struct stat info;
    enum lk_status st;

    st = local_onelake_open_parent(onelake, &call->target, false, &parent, leaf, err);
    if (st)
        return st;
    if (fstatat(parent, leaf, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return step_failed(errno, err);
    local_onelake_info_of(onelake, &info, &old);
    st = local_onelake_check_conditions(call, &old, err);
    if (st)
        return st;
    if (old.is_folder)
        return remove_folder(parent, leaf, recursive, err);
    unlinkat(onelake->md5_fd, old.etag, 0);
    return unlinkat(parent, leaf, 0) ? step_failed(errno, err) : LK_OK;
}

enum lk_status local_onelake_remove(struct local_onelake *onelake,
                                    const struct local_onelake_call *call, bool recursive,
                                    struct lk_error *err)
{
    enum lk_status st = local_onelake_check_writable(&call->target, err);

    if (st)
        return st;
    pthread_mutex_lock(&onelake->lock);
    st = remove_locked(onelake, call, recursive, err);
    pthread_mutex_unlock(&onelake->lock);
    return st;
}
