/* Blob uploads in blocks: each is a file of its own until the list makes one file of them. */
#include "local/onelake_service.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK_ID_MAX = 64, LIST_BODY_MAX = 16 * 1024 * 1024, REPLY_MAX = 16 * 1024 * 1024 };

/* The folder of a path's uncommitted blocks is called by the path's hash. */
static void folder_name(const struct local_onelake_target *target, struct lk_buf *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf key = LK_BUF_INIT(2 * LOCAL_ONELAKE_PATH_MAX);
    struct lk_digest digest;

    lk_buf_printf(&key, "%s/%s/%.*s", target->workspace_id, target->lakehouse_id,
                  LK_STR_ARGS(target->inside));
    digest = lk_digest_of(LK_DIGEST_SHA256, lk_buf_view(&key));
    lk_hex_encode(lk_digest_view(&digest), ret);
}

static enum lk_status open_folder(struct local_onelake *onelake,
                                  const struct local_onelake_target *target, bool make, int *ret,
                                  struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(128);

    folder_name(target, &name);
    if (make && mkdirat(onelake->blocks_fd, lk_buf_cstr(&name), 0700) != 0 && errno != EEXIST)
        return lk_error_errno(err, errno, "InternalError", "Blocks cannot be kept");
    *ret = openat(onelake->blocks_fd, lk_buf_cstr(&name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*ret < 0)
        return lk_error_set(err, LK_INVALID, "InvalidBlockList",
                            "The specified block list is invalid: there are no blocks.");
    return LK_OK;
}

/* base64 → the block's file name; ids that differ in bytes differ in names. */
static enum lk_status block_name(struct lk_str id, struct lk_buf *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT(BLOCK_ID_MAX);

    lk_buf_clear(ret);
    if (id.len == 0 || !lk_base64_decode(id, &bytes) || bytes.len == 0 || bytes.full)
        return lk_error_set(err, LK_INVALID, "InvalidQueryParameterValue",
                            "blockid must be base64 of at most %d bytes.", BLOCK_ID_MAX);
    lk_hex_encode(lk_buf_view(&bytes), ret);
    return LK_OK;
}

static enum lk_status put_block_file(struct local_onelake *onelake, struct local_onelake_call *call,
                                     const char *name, struct lk_error *err)
{
    char tmp_name[LOCAL_ONELAKE_NAME_MAX + 1], md5[LOCAL_MD5_TEXT_SIZE];
    LK_CLEANUP(lk_fd_close) int folder = -1;
    LK_CLEANUP(lk_fd_close) int fd = -1;
    enum lk_status st = open_folder(onelake, &call->target, true, &folder, err);

    if (!st)
        st = local_onelake_make_tmp(onelake, tmp_name, &fd, err);
    if (st)
        return st;
    st = local_onelake_receive(call, fd, 0, md5, err);
    if (!st && renameat(onelake->tmp_fd, tmp_name, folder, name) != 0)
        st = lk_error_errno(err, errno, "InternalError", "The block cannot be kept");
    if (st)
        unlinkat(onelake->tmp_fd, tmp_name, 0);
    return st;
}

static void put_block(struct local_onelake *onelake, struct local_onelake_call *call,
                      struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf id = LK_BUF_INIT(256);
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(256);
    struct lk_error err = LK_ERROR_INIT;
    enum lk_status st;

    (void)!local_request_query(call->request, "blockid", &id);
    st = local_onelake_check_writable(&call->target, &err);
    if (!st)
        st = block_name(lk_buf_view(&id), &name, &err);
    if (!st && call->request->body_len == 0)
        st = lk_error_set(&err, LK_INVALID, "InvalidHeaderValue", "A block cannot be empty.");
    if (!st)
        st = put_block_file(onelake, call, lk_buf_cstr(&name), &err);
    if (st) {
        local_onelake_failed(call, reply, &err);
        return;
    }
    reply->status = 201;
    local_reply_header(reply, "x-ms-request-server-encrypted", "true");
}

/* Takes the next <Latest>id</Latest> (or <Uncommitted>) off *rest; false at the end. */
static bool next_id(struct lk_str *rest, struct lk_str *id)
{
    static const char *const names[] = {"Latest", "Uncommitted"};
    size_t best = rest->len, from = 0, to = 0;

    for (size_t i = 0; i < LK_COUNT(names); i++) {
        char open[32], close[32];
        size_t at, end;

        snprintf(open, sizeof open, "<%s>", names[i]);
        snprintf(close, sizeof close, "</%s>", names[i]);
        at = lk_str_find(*rest, lk_str_from(open));
        if (at >= best)
            continue;
        end = lk_str_find(lk_str_slice(*rest, at, rest->len), lk_str_from(close));
        best = at;
        from = at + strlen(open);
        to = at + end;
    }
    if (best == rest->len || to < from)
        return false;
    *id = lk_str_trim(lk_str_slice(*rest, from, to));
    *rest = lk_str_slice(*rest, to, rest->len);
    return true;
}

static enum lk_status add_block(int folder, struct lk_str id, int fd, int64_t *at,
                                struct lk_digest_stream *digest, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(256);
    LK_CLEANUP(lk_fd_close) int block = -1;
    int64_t len;
    enum lk_status st = block_name(id, &name, err);

    if (st)
        return st;
    block = openat(folder, lk_buf_cstr(&name), O_RDONLY | O_CLOEXEC);
    if (block < 0)
        return lk_error_set(err, LK_INVALID, "InvalidBlockList",
                            "The specified block list is invalid: block '%.*s' is not there.",
                            LK_STR_ARGS(id));
    st = local_onelake_copy(block, fd, *at, digest, &len, err);
    *at += len;
    return st;
}

static enum lk_status join_blocks(struct local_onelake *onelake, struct local_onelake_call *call,
                                  struct lk_str list, int fd, char md5[LOCAL_MD5_TEXT_SIZE],
                                  struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(LOCAL_MD5_TEXT_SIZE);
    LK_CLEANUP(lk_fd_close) int folder = -1;
    struct lk_digest_stream *stream;
    struct lk_str id, given = call->headers[LOCAL_OH_BLOB_MD5];
    struct lk_digest digest;
    int64_t at = 0;
    enum lk_status st = LK_OK;

    /* An empty list makes an empty file; that needs no blocks. */
    if (next_id(&(struct lk_str){list.ptr, list.len}, &id))
        st = open_folder(onelake, &call->target, false, &folder, err);
    stream = lk_digest_stream_new(LK_DIGEST_MD5);
    while (!st && next_id(&list, &id))
        st = add_block(folder, id, fd, &at, stream, err);
    digest = lk_digest_stream_take(stream);
    lk_base64_encode(lk_digest_view(&digest), &text);
    snprintf(md5, LOCAL_MD5_TEXT_SIZE, "%s", lk_buf_cstr(&text));
    if (!st && given.len && !lk_str_eq(given, lk_buf_view(&text)))
        st = lk_error_set(err, LK_INVALID, "Md5Mismatch",
                          "x-ms-blob-content-md5 is not the MD5 of the content.");
    return st;
}

static enum lk_status commit_blocks(struct local_onelake *onelake, struct local_onelake_call *call,
                                    struct local_onelake_info *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf list = LK_BUF_INIT(LIST_BODY_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(128);
    char tmp_name[LOCAL_ONELAKE_NAME_MAX + 1], md5[LOCAL_MD5_TEXT_SIZE] = "";
    LK_CLEANUP(lk_fd_close) int fd = -1;
    enum lk_status st = local_onelake_check_writable(&call->target, err);

    if (!st)
        st = local_onelake_body(call, &list, err);
    if (!st && lk_str_find(lk_buf_view(&list), LK_STR("<BlockList")) == list.len)
        st = lk_error_set(err, LK_INVALID, "InvalidXmlDocument", "The body is no BlockList.");
    if (!st)
        st = local_onelake_make_tmp(onelake, tmp_name, &fd, err);
    if (st)
        return st;
    st = join_blocks(onelake, call, lk_buf_view(&list), fd, md5, err);
    if (st) {
        unlinkat(onelake->tmp_fd, tmp_name, 0);
        return st;
    }
    st = local_onelake_commit(onelake, call, tmp_name,
                              call->headers[LOCAL_OH_BLOB_MD5].len ? md5 : "", ret, err);
    if (st)
        return st;
    folder_name(&call->target, &name);
    local_onelake_remove_tree(onelake->blocks_fd, lk_buf_cstr(&name));
    return LK_OK;
}

static void put_list(struct local_onelake *onelake, struct local_onelake_call *call,
                     struct local_reply *reply)
{
    struct local_onelake_info info;
    struct lk_error err = LK_ERROR_INIT;
    char etag[LOCAL_ETAG_SIZE + 2];

    if (commit_blocks(onelake, call, &info, &err)) {
        local_onelake_failed(call, reply, &err);
        return;
    }
    local_onelake_drop_stage(onelake, &call->target);
    reply->status = 201;
    snprintf(etag, sizeof etag, "\"%s\"", info.etag);
    local_reply_header(reply, "ETag", etag);
    local_reply_header(reply, "x-ms-request-server-encrypted", "true");
}

static void put_block_xml(int folder, const char *file, struct lk_buf *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf id = LK_BUF_INIT(BLOCK_ID_MAX);
    struct stat info;

    if (!lk_hex_decode(lk_str_from(file), &id) || id.len == 0 ||
        fstatat(folder, file, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    lk_buf_put(ret, LK_STR("<Block><Name>"));
    lk_base64_encode(lk_buf_view(&id), ret);
    lk_buf_printf(ret, "</Name><Size>%lld</Size></Block>", (long long)info.st_size);
}

/* What is there, so that an upload can go on. Committed blocks are not kept apart. */
static void get_list(struct local_onelake *onelake, struct local_onelake_call *call,
                     struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf xml = LK_BUF_INIT(REPLY_MAX);
    struct dirent *entry;
    DIR *folder = NULL;
    int fd = -1;

    lk_buf_put(&xml, LK_STR("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>"
                            "<CommittedBlocks/><UncommittedBlocks>"));
    if (open_folder(onelake, &call->target, false, &fd, NULL) == LK_OK)
        folder = fdopendir(fd);
    while (folder && (entry = readdir(folder)))
        put_block_xml(fd, entry->d_name, &xml);
    if (folder)
        closedir(folder);
    lk_buf_put(&xml, LK_STR("</UncommittedBlocks></BlockList>"));
    local_reply_text(reply, 200, "application/xml", lk_buf_view(&xml));
}

void local_onelake_blocks(struct local_onelake *onelake, struct local_onelake_call *call,
                          struct local_reply *reply)
{
    bool is_put = call->request->method == LOCAL_PUT;

    if (is_put && local_onelake_query_is(call, "comp", "block"))
        put_block(onelake, call, reply);
    else if (is_put && local_onelake_query_is(call, "comp", "blocklist"))
        put_list(onelake, call, reply);
    else if (call->request->method == LOCAL_GET &&
             local_onelake_query_is(call, "comp", "blocklist"))
        get_list(onelake, call, reply);
    else
        local_onelake_error(call, reply, 400, "InvalidQueryParameterValue",
                            "OneLake does not offer this value of comp.");
}
