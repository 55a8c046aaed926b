/* The Blob protocol: whole files at once, and what both protocols share in reading. */
#include "local/onelake_service.h"

#include "base/encoding.h"
#include "base/file.h"
#include "base/timefmt.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void set_etag(struct local_reply *reply, const struct local_onelake_info *info)
{
    char text[LOCAL_ETAG_SIZE + 2], when[LK_TIME_TEXT_MAX];

    snprintf(text, sizeof text, "\"%s\"", info->etag);
    local_reply_header(reply, "ETag", text);
    lk_time_http(info->modified_unix_s, when);
    local_reply_header(reply, "Last-Modified", when);
}

static void set_properties(struct local_reply *reply, const struct local_onelake_call *call,
                           const struct local_onelake_info *info)
{
    set_etag(reply, info);
    local_reply_header(reply, "Content-Type", "application/octet-stream");
    local_reply_header(reply, "Accept-Ranges", "bytes");
    local_reply_header(reply, "x-ms-resource-type", info->is_folder ? "directory" : "file");
    local_reply_header(reply, "x-ms-server-encrypted", "true");
    local_reply_header(reply, "x-ms-owner", "$superuser");
    local_reply_header(reply, "x-ms-group", "$superuser");
    local_reply_header(reply, "x-ms-permissions", "---------");
    if (!info->is_folder)
        local_reply_header(reply, "x-ms-blob-type", "BlockBlob");
    if (info->is_folder && !call->dfs)
        local_reply_header(reply, "x-ms-meta-hdi_isfolder", "true");
    if (call->target.level <= LOCAL_ONELAKE_WORKSPACE)
        local_reply_header(reply, "x-ms-namespace-enabled", "true");
    if (local_onelake_query_is(call, "action", "getAccessControl"))
        local_reply_header(reply, "x-ms-acl", "user::rwx,group::rwx,other::---");
}

/* Takes fd. HEAD gets the same headers; the server leaves the bytes out. */
static void reply_file(int fd, const struct local_onelake_call *call,
                       const struct local_onelake_info *info, struct local_reply *reply)
{
    struct lk_str range = call->headers[LOCAL_OH_MS_RANGE].len ? call->headers[LOCAL_OH_MS_RANGE]
                                                               : call->headers[LOCAL_OH_RANGE];
    int64_t from, len;
    bool whole;
    char text[96];

    if (call->request->method == LOCAL_HEAD)
        range = LK_STR_EMPTY;
    if (!local_onelake_range(range, info->size, &from, &len, &whole)) {
        lk_fd_close(&fd);
        local_onelake_error(call, reply, 416, "InvalidRange",
                            "The range specified is invalid for the current size of the resource.");
        snprintf(text, sizeof text, "bytes */%lld", (long long)info->size);
        local_reply_header(reply, "Content-Range", text);
        return;
    }
    reply->status = whole ? 200 : 206;
    reply->file_fd = fd;
    reply->file_offset = from;
    reply->file_len = len;
    set_properties(reply, call, info);
    if (info->md5[0])
        local_reply_header(reply, whole ? "Content-MD5" : "x-ms-blob-content-md5", info->md5);
    if (whole)
        return;
    snprintf(text, sizeof text, "bytes %lld-%lld/%lld", (long long)from,
             (long long)(from + len - 1), (long long)info->size);
    local_reply_header(reply, "Content-Range", text);
}

void local_onelake_get(struct local_onelake *onelake, struct local_onelake_call *call,
                       struct local_reply *reply)
{
    struct local_onelake_info info;
    struct lk_error err = LK_ERROR_INIT;
    LK_CLEANUP(lk_fd_close) int fd = -1;

    if (local_onelake_open(onelake, &call->target, &fd, &info, &err) ||
        local_onelake_check_conditions(call, &info, &err)) {
        local_onelake_failed(call, reply, &err);
        return;
    }
    if (!info.is_folder) {
        reply_file(fd, call, &info, reply);
        fd = -1;
        return;
    }
    reply->status = 200;
    set_properties(reply, call, &info);
}

/* The MD5 to store with the whole file: the given one must be the body's. */
static enum lk_status check_stored_md5(const struct local_onelake_call *call, const char *md5,
                                       struct lk_error *err)
{
    struct lk_str given = call->headers[LOCAL_OH_BLOB_MD5];

    if (given.len && !lk_str_eq(given, lk_str_from(md5)))
        return lk_error_set(err, LK_INVALID, "Md5Mismatch",
                            "x-ms-blob-content-md5 is not the MD5 of the content.");
    return LK_OK;
}

static enum lk_status receive_blob(struct local_onelake *onelake, struct local_onelake_call *call,
                                   char md5[LOCAL_MD5_TEXT_SIZE], struct local_onelake_info *ret,
                                   struct lk_error *err)
{
    char tmp_name[LOCAL_ONELAKE_NAME_MAX + 1];
    LK_CLEANUP(lk_fd_close) int fd = -1;
    enum lk_status st = local_onelake_check_writable(&call->target, err);

    if (!st)
        st = local_onelake_make_tmp(onelake, tmp_name, &fd, err);
    if (st)
        return st;
    st = local_onelake_receive(call, fd, 0, md5, err);
    if (!st)
        st = check_stored_md5(call, md5, err);
    if (st) {
        unlinkat(onelake->tmp_fd, tmp_name, 0);
        return st;
    }
    return local_onelake_commit(onelake, call, tmp_name, md5, ret, err);
}

static void put_blob(struct local_onelake *onelake, struct local_onelake_call *call,
                     struct local_reply *reply)
{
    char md5[LOCAL_MD5_TEXT_SIZE] = "";
    struct local_onelake_info info;
    struct lk_error err = LK_ERROR_INIT;

    if (!lk_str_eq_nocase(call->headers[LOCAL_OH_BLOB_TYPE], LK_STR("BlockBlob"))) {
        local_onelake_error(call, reply, 400,
                            call->headers[LOCAL_OH_BLOB_TYPE].len ? "InvalidHeaderValue"
                                                                  : "MissingRequiredHeader",
                            "x-ms-blob-type must be BlockBlob.");
        return;
    }
    if (receive_blob(onelake, call, md5, &info, &err)) {
        local_onelake_failed(call, reply, &err);
        return;
    }
    local_onelake_drop_stage(onelake, &call->target);
    reply->status = 201;
    set_etag(reply, &info);
    local_reply_header(reply, "Content-MD5", md5);
    local_reply_header(reply, "x-ms-request-server-encrypted", "true");
}

static void delete_blob(struct local_onelake *onelake, struct local_onelake_call *call,
                        struct local_reply *reply)
{
    struct lk_error err = LK_ERROR_INIT;

    if (local_onelake_remove(onelake, call, false, &err)) {
        local_onelake_failed(call, reply, &err);
        return;
    }
    local_onelake_drop_stage(onelake, &call->target);
    reply->status = 202;
    local_reply_header(reply, "x-ms-delete-type-permanent", "true");
}

/* What a container can be asked: its list, or whether it is there. */
static void answer_container(struct local_onelake *onelake, struct local_onelake_call *call,
                             struct local_reply *reply)
{
    enum local_method method = call->request->method;

    if (method == LOCAL_GET && local_onelake_query_is(call, "comp", "list"))
        local_onelake_list_blobs(onelake, call, reply);
    else if (method == LOCAL_GET || method == LOCAL_HEAD)
        local_onelake_get(onelake, call, reply);
    else
        local_onelake_error(call, reply, 405, "UnsupportedHttpVerb",
                            "Workspaces are managed in Fabric, not here.");
}

void local_onelake_blob(struct local_onelake *onelake, struct local_onelake_call *call,
                        struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf comp = LK_BUF_INIT(64);
    enum local_method method = call->request->method;

    if (call->target.level <= LOCAL_ONELAKE_WORKSPACE) {
        answer_container(onelake, call, reply);
        return;
    }
    if (local_request_query(call->request, "comp", &comp)) {
        local_onelake_blocks(onelake, call, reply);
        return;
    }
    if (method == LOCAL_PUT)
        put_blob(onelake, call, reply);
    else if (method == LOCAL_GET || method == LOCAL_HEAD)
        local_onelake_get(onelake, call, reply);
    else if (method == LOCAL_DELETE)
        delete_blob(onelake, call, reply);
    else
        local_onelake_error(call, reply, 405, "UnsupportedHttpVerb",
                            "The resource does not take this verb.");
}
