/* The DFS protocol: create, append, flush, rename, delete, list (onelake.md §3). */
#include "local/onelake_stage.h"

#include "base/encoding.h"
#include "base/file.h"
#include "base/timefmt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void reply_done(struct local_reply *reply, int status, const struct local_onelake_info *info)
{
    char etag[LOCAL_ETAG_SIZE + 2], when[LK_TIME_TEXT_MAX];

    reply->status = status;
    snprintf(etag, sizeof etag, "\"%s\"", info->etag);
    lk_time_http(info->modified_unix_s, when);
    local_reply_header(reply, "ETag", etag);
    local_reply_header(reply, "Last-Modified", when);
    local_reply_header(reply, "x-ms-request-server-encrypted", "true");
}

static enum lk_status create_file(struct local_onelake *onelake,
                                  const struct local_onelake_call *call,
                                  struct local_onelake_info *ret, struct lk_error *err)
{
    char tmp_name[LOCAL_ONELAKE_NAME_MAX + 1];
    LK_CLEANUP(lk_fd_close) int fd = -1;
    enum lk_status st = local_onelake_make_tmp(onelake, tmp_name, &fd, err);

    if (!st)
        st = local_onelake_commit(onelake, call, tmp_name, "", ret, err);
    if (!st)
        local_onelake_drop_stage(onelake, &call->target);
    return st;
}

static enum lk_status create_folder_locked(struct local_onelake *onelake,
                                           const struct local_onelake_call *call,
                                           struct local_onelake_info *ret, struct lk_error *err)
{
    char leaf[LOCAL_ONELAKE_NAME_MAX + 1];
    LK_CLEANUP(lk_fd_close) int parent = -1;
    struct stat info;
    bool exists;
    enum lk_status st = local_onelake_open_parent(onelake, &call->target, true, &parent, leaf, err);

    if (st)
        return st;
    exists = fstatat(parent, leaf, &info, AT_SYMLINK_NOFOLLOW) == 0;
    if (exists) {
        local_onelake_info_of(onelake, &info, ret);
        st = local_onelake_check_conditions(call, ret, err);
    }
    if (!st && exists && !ret->is_folder)
        st = lk_error_set(err, LK_EXISTS, "PathAlreadyExists", "The path is a file.");
    if (st || exists)
        return st;
    if (mkdirat(parent, leaf, 0755) != 0 || fstatat(parent, leaf, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return lk_error_errno(err, errno, "InternalError", "The folder cannot be made");
    local_onelake_info_of(onelake, &info, ret);
    return LK_OK;
}

static enum lk_status create_folder(struct local_onelake *onelake,
                                    const struct local_onelake_call *call,
                                    struct local_onelake_info *ret, struct lk_error *err)
{
    enum lk_status st;

    pthread_mutex_lock(&onelake->lock);
    st = create_folder_locked(onelake, call, ret, err);
    pthread_mutex_unlock(&onelake->lock);
    return st;
}

/* "/fs/path?sas" as the header has it. */
static enum lk_status resolve_source(struct local_onelake *onelake, struct lk_str header,
                                     struct lk_buf *path, struct local_onelake_target *ret,
                                     struct lk_error *err)
{
    struct lk_str raw;

    lk_str_split(header, '?', &raw, &(struct lk_str){0});
    if (!lk_str_starts(raw, LK_STR("/")) || !lk_percent_decode(raw, false, path))
        return lk_error_set(err, LK_INVALID, "InvalidSourceUri",
                            "x-ms-rename-source cannot be read.");
    return local_onelake_resolve(&onelake->place, lk_buf_view(path), ret, err);
}

/* One of the two ends of a rename. */
struct rename_end {
    int parent;
    char leaf[LOCAL_ONELAKE_NAME_MAX + 1];
    struct stat info;
    bool exists;
};

static enum lk_status open_end(struct local_onelake *onelake,
                               const struct local_onelake_target *target, const char *missing,
                               struct rename_end *ret, struct lk_error *err)
{
    enum lk_status st = local_onelake_check_writable(target, err);

    if (st)
        return st;
    st = local_onelake_open_parent(onelake, target, false, &ret->parent, ret->leaf, err);
    if (st)
        return st == LK_NOT_FOUND
                   ? lk_error_set(err, LK_NOT_FOUND, missing, "The path's folder does not exist.")
                   : st;
    ret->exists = fstatat(ret->parent, ret->leaf, &ret->info, AT_SYMLINK_NOFOLLOW) == 0;
    return LK_OK;
}

static enum lk_status move(const struct local_onelake_call *call, const struct rename_end *from,
                           const struct rename_end *to, struct lk_error *err)
{
    bool exclusive = lk_str_eq(call->headers[LOCAL_OH_IF_NONE_MATCH], LK_STR("*"));
    int failed;

    /* link() does not overwrite, whoever else writes at this moment. */
    if (exclusive && S_ISREG(from->info.st_mode)) {
        failed = linkat(from->parent, from->leaf, to->parent, to->leaf, 0) ? errno : 0;
        if (!failed)
            unlinkat(from->parent, from->leaf, 0);
    } else {
        failed = renameat(from->parent, from->leaf, to->parent, to->leaf) ? errno : 0;
    }
    if (failed == EEXIST || failed == ENOTEMPTY || failed == EISDIR || failed == ENOTDIR)
        return lk_error_set(err, LK_EXISTS, "PathAlreadyExists",
                            "The destination of the rename already exists.");
    if (failed == EINVAL)
        return lk_error_set(err, LK_INVALID, "InvalidRenameSourcePath",
                            "A folder cannot be moved into itself.");
    return failed ? lk_error_errno(err, failed, "InternalError", "The path cannot be renamed")
                  : LK_OK;
}

static enum lk_status rename_between(struct local_onelake *onelake,
                                     const struct local_onelake_call *call, struct rename_end *from,
                                     struct rename_end *to, struct local_onelake_info *ret,
                                     struct lk_error *err)
{
    struct local_onelake_info source, old;
    struct lk_str match = call->headers[LOCAL_OH_SOURCE_IF_MATCH];
    enum lk_status st;

    if (!from->exists)
        return lk_error_set(err, LK_NOT_FOUND, "SourcePathNotFound",
                            "The source path for a rename operation does not exist.");
    local_onelake_info_of(onelake, &from->info, &source);
    if (match.len && lk_str_find(match, lk_str_from(source.etag)) == match.len &&
        !lk_str_eq(match, LK_STR("*")))
        return lk_error_set(err, LK_EXISTS, "SourceConditionNotMet",
                            "The source condition is not met.");
    if (to->exists)
        local_onelake_info_of(onelake, &to->info, &old);
    st = local_onelake_check_conditions(call, to->exists ? &old : NULL, err);
    if (!st)
        st = move(call, from, to, err);
    *ret = source;
    return st;
}

static enum lk_status rename_path(struct local_onelake *onelake,
                                  const struct local_onelake_call *call,
                                  struct local_onelake_info *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf path = LK_BUF_INIT(2 * LOCAL_ONELAKE_PATH_MAX);
    struct rename_end from = {.parent = -1}, to = {.parent = -1};
    struct local_onelake_target source;
    enum lk_status st;

    st = resolve_source(onelake, call->headers[LOCAL_OH_RENAME_SOURCE], &path, &source, err);
    if (st)
        return st;
    pthread_mutex_lock(&onelake->lock);
    st = open_end(onelake, &source, "SourcePathNotFound", &from, err);
    if (!st)
        st = open_end(onelake, &call->target, "RenameDestinationParentPathNotFound", &to, err);
    if (!st)
        st = rename_between(onelake, call, &from, &to, ret, err);
    pthread_mutex_unlock(&onelake->lock);
    lk_fd_close(&from.parent);
    lk_fd_close(&to.parent);
    if (!st) {
        local_onelake_drop_stage(onelake, &source);
        local_onelake_drop_stage(onelake, &call->target);
    }
    return st;
}

static void answer_put(struct local_onelake *onelake, struct local_onelake_call *call,
                       struct local_reply *reply)
{
    struct local_onelake_info info;
    struct lk_error err = LK_ERROR_INIT;
    enum lk_status st;

    if (!call->request->has_content_length || call->request->body_len != 0) {
        local_onelake_error(call, reply, 400, "ContentLengthMustBeZero",
                            "The Content-Length request header must be zero.");
        return;
    }
    st = local_onelake_check_writable(&call->target, &err);
    if (!st && call->headers[LOCAL_OH_RENAME_SOURCE].len)
        st = rename_path(onelake, call, &info, &err);
    else if (!st && local_onelake_query_is(call, "resource", "file"))
        st = create_file(onelake, call, &info, &err);
    else if (!st && local_onelake_query_is(call, "resource", "directory"))
        st = create_folder(onelake, call, &info, &err);
    else if (!st)
        st = lk_error_set(&err, LK_INVALID, "MissingRequiredQueryParameter",
                          "resource must be file or directory.");
    if (st)
        local_onelake_failed(call, reply, &err);
    else
        reply_done(reply, 201, &info);
}

static bool read_position(const struct local_onelake_call *call, int64_t *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(64);

    return local_request_query(call->request, "position", &text) &&
           lk_str_to_i64(lk_buf_view(&text), ret) && *ret >= 0 && *ret < INT64_MAX / 2;
}

static enum lk_status append(struct local_onelake *onelake, const struct local_onelake_call *call,
                             int64_t position, struct lk_error *err)
{
    if (call->request->body_len == 0)
        return lk_error_set(err, LK_INVALID, "InvalidHeaderValue",
                            "The value for Content-Length must be greater than 0.");
    return local_onelake_append(onelake, call, position, err);
}

static enum lk_status flush(struct local_onelake *onelake, const struct local_onelake_call *call,
                            int64_t position, struct local_onelake_info *ret, struct lk_error *err)
{
    if (!call->request->has_content_length || call->request->body_len != 0)
        return lk_error_set(err, LK_INVALID, "ContentLengthMustBeZero",
                            "The Content-Length request header must be zero.");
    return local_onelake_flush(onelake, call, position, ret, err);
}

static void answer_patch(struct local_onelake *onelake, struct local_onelake_call *call,
                         struct local_reply *reply)
{
    bool is_append = local_onelake_query_is(call, "action", "append");
    bool is_flush = local_onelake_query_is(call, "action", "flush");
    bool flushes = is_flush || (is_append && local_onelake_query_is(call, "flush", "true"));
    struct local_onelake_info info;
    struct lk_error err = LK_ERROR_INIT;
    int64_t position;
    enum lk_status st = local_onelake_check_writable(&call->target, &err);

    if (!st && !is_append && !is_flush)
        st = lk_error_set(&err, LK_INVALID, "UnsupportedQueryParameter",
                          "OneLake does not offer this action.");
    if (!st && !read_position(call, &position))
        st = lk_error_set(&err, LK_INVALID, "InvalidQueryParameterValue",
                          "position is missing or no number.");
    if (!st && is_append)
        st = append(onelake, call, position, &err);
    if (!st && is_append && flushes)
        st = local_onelake_flush(onelake, call, position + call->request->body_len, &info, &err);
    else if (!st && flushes)
        st = flush(onelake, call, position, &info, &err);
    if (st) {
        local_onelake_failed(call, reply, &err);
        return;
    }
    reply->status = 202;
    if (flushes)
        reply_done(reply, is_append ? 202 : 200, &info);
}

static void answer_delete(struct local_onelake *onelake, struct local_onelake_call *call,
                          struct local_reply *reply)
{
    struct lk_error err = LK_ERROR_INIT;

    if (local_onelake_remove(onelake, call, local_onelake_query_is(call, "recursive", "true"),
                             &err)) {
        local_onelake_failed(call, reply, &err);
        return;
    }
    local_onelake_drop_stage(onelake, &call->target);
    reply->status = 200;
}

void local_onelake_dfs(struct local_onelake *onelake, struct local_onelake_call *call,
                       struct local_reply *reply)
{
    enum local_method method = call->request->method;

    if (method == LOCAL_GET && call->target.level == LOCAL_ONELAKE_WORKSPACE &&
        local_onelake_query_is(call, "resource", "filesystem"))
        local_onelake_list_paths(onelake, call, reply);
    else if (method == LOCAL_GET || method == LOCAL_HEAD)
        local_onelake_get(onelake, call, reply);
    else if (method == LOCAL_PUT)
        answer_put(onelake, call, reply);
    else if (method == LOCAL_PATCH)
        answer_patch(onelake, call, reply);
    else if (method == LOCAL_DELETE)
        answer_delete(onelake, call, reply);
    else
        local_onelake_error(call, reply, 405, "UnsupportedHttpVerb",
                            "The resource does not take this verb.");
}
