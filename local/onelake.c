/* The OneLake service: its life, the token's check, and which protocol a request speaks. */
#include "local/onelake_service.h"

#include "base/file.h"
#include "base/log.h"
#include "base/timefmt.h"
#include "base/uuid.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const local_onelake_header_names[LOCAL_OH_COUNT] = {
    [LOCAL_OH_ACCEPT] = "Accept",
    [LOCAL_OH_CONTENT_CRC64] = "x-ms-content-crc64",
    [LOCAL_OH_CONTENT_MD5] = "Content-MD5",
    [LOCAL_OH_BLOB_MD5] = "x-ms-blob-content-md5",
    [LOCAL_OH_BLOB_TYPE] = "x-ms-blob-type",
    [LOCAL_OH_HOST] = "Host",
    [LOCAL_OH_IF_MATCH] = "If-Match",
    [LOCAL_OH_IF_NONE_MATCH] = "If-None-Match",
    [LOCAL_OH_OVERRIDE] = "X-HTTP-Method-Override",
    [LOCAL_OH_RANGE] = "Range",
    [LOCAL_OH_MS_RANGE] = "x-ms-range",
    [LOCAL_OH_RENAME_SOURCE] = "x-ms-rename-source",
    [LOCAL_OH_SOURCE_IF_MATCH] = "x-ms-source-if-match",
    [LOCAL_OH_STORE_MD5] = "x-ms-content-md5",
    [LOCAL_OH_VERSION] = "x-ms-version",
};

/* --- errors ----------------------------------------------------------------- */

static void error_body(const struct local_onelake_call *call, const char *code, struct lk_str text,
                       struct local_reply *reply, int status)
{
    if (call->dfs) {
        json_t *json = json_object(), *error = json_object();

        json_object_set_new(error, "code", json_string(code));
        json_object_set_new(error, "message", json_stringn(text.ptr, text.len));
        json_object_set_new(json, "error", error);
        local_reply_json_take(reply, status, json);
    } else {
        LK_CLEANUP(lk_buf_done) struct lk_buf xml = LK_BUF_INIT(16384);

        lk_buf_printf(&xml,
                      "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>%s</Code><Message>",
                      code);
        local_xml_escape(text, &xml);
        lk_buf_put(&xml, LK_STR("</Message></Error>"));
        local_reply_text(reply, status, "application/xml", lk_buf_view(&xml));
    }
}

void local_onelake_error(const struct local_onelake_call *call, struct local_reply *reply,
                         int status, const char *code, const char *fmt, ...)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
    va_list args;

    va_start(args, fmt);
    lk_buf_vprintf(&text, fmt, args);
    va_end(args);
    if (call->request->method == LOCAL_HEAD)
        reply->status = status;
    else
        error_body(call, code, lk_buf_view(&text), reply, status);
    local_reply_header(reply, "x-ms-error-code", code);
}

static int http_status(const struct lk_error *err)
{
    static const struct {
        const char *code;
        int status;
    } special[] = {
        {"ConditionNotMet", 412},
        {"SourceConditionNotMet", 412},
        {"ServerBusy", 503},
        {"OperationTimedOut", 500},
    };

    for (size_t i = 0; i < LK_COUNT(special); i++) {
        if (strcmp(err->code, special[i].code) == 0)
            return special[i].status;
    }
    switch (err->status) {
    case LK_INVALID:
        return 400;
    case LK_UNAUTHORIZED:
        return 401;
    case LK_DENIED:
        return 403;
    case LK_NOT_FOUND:
        return 404;
    case LK_EXISTS:
        return 409;
    case LK_LIMIT:
        return 413;
    default:
        return 500;
    }
}

void local_onelake_failed(const struct local_onelake_call *call, struct local_reply *reply,
                          const struct lk_error *err)
{
    const char *code = err->code;

    /* The two protocols have a name of their own for what is not there. */
    if (!call->dfs && strcmp(code, "PathNotFound") == 0)
        code = "BlobNotFound";
    local_onelake_error(call, reply, http_status(err), code, "%s", err->message);
}

/* --- dispatch ----------------------------------------------------------------- */

bool local_onelake_query_is(const struct local_onelake_call *call, const char *name,
                            const char *value)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(256);

    return local_request_query(call->request, name, &text) &&
           lk_str_eq_nocase(lk_buf_view(&text), lk_str_from(value));
}

static bool has_query(const struct local_onelake_call *call, const char *name)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(16384);
    return local_request_query(call->request, name, &text);
}

/* By the host's name when it tells, else by what only one of the protocols has. */
static bool speaks_dfs(const struct local_onelake_call *call)
{
    struct lk_str host = call->headers[LOCAL_OH_HOST], accept = call->headers[LOCAL_OH_ACCEPT];

    if (lk_str_starts_nocase(host, LK_STR("dfs.")) || lk_str_find(host, LK_STR(".dfs.")) < host.len)
        return true;
    if (lk_str_starts_nocase(host, LK_STR("blob.")) ||
        lk_str_find(host, LK_STR(".blob.")) < host.len)
        return false;
    if (call->headers[LOCAL_OH_BLOB_TYPE].len || has_query(call, "comp") ||
        has_query(call, "restype"))
        return false;
    if (call->request->method == LOCAL_PATCH || call->headers[LOCAL_OH_RENAME_SOURCE].len ||
        call->headers[LOCAL_OH_OVERRIDE].len || has_query(call, "resource") ||
        has_query(call, "action") || has_query(call, "recursive"))
        return true;
    return lk_str_find(accept, LK_STR("application/json")) < accept.len;
}

static bool is_date(struct lk_str text)
{
    static const char shape[] = "dddd-dd-dd";

    if (text.len != sizeof shape - 1)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        bool digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';

        if (shape[i] == 'd' ? !digit : text.ptr[i] != '-')
            return false;
    }
    return true;
}

/* What every request needs, whatever it wants. */
static enum lk_status check_call(const struct local_onelake_call *call, struct lk_error *err)
{
    struct lk_str version = call->headers[LOCAL_OH_VERSION];
    enum local_method method = call->request->method;

    if (version.len == 0)
        return lk_error_set(err, LK_INVALID, "MissingRequiredHeader",
                            "An HTTP header that's mandatory for this request is not specified: "
                            "x-ms-version.");
    if (!is_date(version))
        return lk_error_set(err, LK_INVALID, "InvalidHeaderValue", "x-ms-version is no date.");
    if (!call->request->has_content_length && (method == LOCAL_PUT || method == LOCAL_PATCH))
        return lk_error_set(err, LK_INVALID,
                            call->dfs ? "ContentLengthMustBeZero" : "MissingContentLengthHeader",
                            "The Content-Length header is required.");
    return LK_OK;
}

static enum lk_status check_encoding(const struct local_request *request, struct lk_error *err)
{
    struct lk_str raw = request->raw_path;

    for (size_t i = 0; i + 2 < raw.len; i++) {
        if (raw.ptr[i] == '%' && raw.ptr[i + 1] == '2' && (raw.ptr[i + 2] | 0x20) == 'f')
            return lk_error_set(err, LK_INVALID, "InvalidUri",
                                "An encoded slash cannot be part of a name.");
    }
    return LK_OK;
}

void local_onelake_answer(struct local_onelake *onelake, struct local_onelake_call *call,
                          struct local_reply *reply)
{
    struct lk_error err = LK_ERROR_INIT;
    enum lk_status st;

    call->dfs = speaks_dfs(call);
    st = check_call(call, &err);
    if (!st)
        st = check_encoding(call->request, &err);
    if (!st)
        st = local_onelake_resolve(&onelake->place, call->request->path, &call->target, &err);
    if (st)
        local_onelake_failed(call, reply, &err);
    else if (call->dfs)
        local_onelake_dfs(onelake, call, reply);
    else
        local_onelake_blob(onelake, call, reply);
}

/* OneLake ignores these and says so. */
static void name_rejected(const struct local_request *request, struct local_reply *reply)
{
    static const char *const ignored[] = {
        "x-ms-owner",       "x-ms-group",          "x-ms-permissions",
        "x-ms-acls",        "x-ms-encryption-key", "x-ms-encryption-algorithm",
        "x-ms-access-tier",
    };
    LK_CLEANUP(lk_buf_done) struct lk_buf list = LK_BUF_INIT(512);

    for (size_t i = 0; i < LK_COUNT(ignored); i++) {
        if (local_request_header(request, ignored[i]).len)
            lk_buf_printf(&list, "%s%s", list.len ? "," : "", ignored[i]);
    }
    if (list.len)
        local_reply_header(reply, "x-ms-rejected-headers", lk_buf_cstr(&list));
}

static void sign_reply(const struct local_onelake *onelake, const struct local_request *request,
                       const struct local_onelake_call *call, struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf version = LK_BUF_INIT(64);
    struct lk_str client_id = local_request_header(request, "x-ms-client-request-id");
    char request_id[LK_UUID_SIZE], when[LK_TIME_TEXT_MAX];

    lk_uuid_v4(request_id);
    local_reply_header(reply, "x-ms-request-id", request_id);
    lk_buf_put(&version, call->headers[LOCAL_OH_VERSION]);
    local_reply_header(reply, "x-ms-version", version.len ? lk_buf_cstr(&version) : "2021-06-08");
    lk_time_http(lk_clock_unix_s(onelake->clock), when);
    local_reply_header(reply, "Date", when);
    if (client_id.len && client_id.len < 1024) {
        LK_CLEANUP(lk_buf_done) struct lk_buf id = LK_BUF_INIT(1024);

        lk_buf_put(&id, client_id);
        local_reply_header(reply, "x-ms-client-request-id", lk_buf_cstr(&id));
    }
    name_rejected(request, reply);
}

void local_onelake_handle(void *service, const struct local_request *request,
                          struct local_reply *reply)
{
    static const char *const audiences[] = {"https://storage.azure.com", NULL};
    struct local_onelake *onelake = service;
    struct local_onelake_call call = {.request = request};
    struct local_token_rules rules = {.issuer = onelake->issuer,
                                      .audiences = audiences,
                                      .now_unix_s = lk_clock_unix_s(onelake->clock)};
    struct local_caller caller;
    struct lk_error err = LK_ERROR_INIT;

    for (size_t i = 0; i < LOCAL_OH_COUNT; i++)
        call.headers[i] = local_request_header(request, local_onelake_header_names[i]);
    if (local_token_check(onelake->key, local_request_header(request, "Authorization"), &rules,
                          &caller, &err)) {
        call.dfs = speaks_dfs(&call);
        local_onelake_error(&call, reply, 401, "InvalidAuthenticationInfo", "%s", err.message);
        local_reply_header(reply, "WWW-Authenticate",
                           "Bearer resource_id=https://storage.azure.com");
    } else {
        local_onelake_answer(onelake, &call, reply);
    }
    sign_reply(onelake, request, &call, reply);
}

/* --- life --------------------------------------------------------------------- */

static int open_below(int parent, const char *name)
{
    if (mkdirat(parent, name, 0755) != 0 && errno != EEXIST)
        return -1;
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* What grew when an earlier server died is of no use to anybody. */
static int open_empty(int parent, const char *name)
{
    local_onelake_remove_tree(parent, name);
    return open_below(parent, name);
}

static enum lk_status open_folders(struct local_onelake *onelake, const char *root,
                                   struct lk_error *err)
{
    LK_CLEANUP(lk_fd_close) int workspace = -1;
    LK_CLEANUP(lk_fd_close) int lakehouse = -1;
    LK_CLEANUP(lk_fd_close) int files = -1;
    LK_CLEANUP(lk_fd_close) int tables = -1;
    enum lk_status st = lk_file_make_folders(root, 0755, err);

    if (st)
        return st;
    onelake->root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    onelake->side_fd = open_below(onelake->root_fd, ".onelake");
    onelake->tmp_fd = open_empty(onelake->side_fd, "tmp");
    onelake->md5_fd = open_below(onelake->side_fd, "md5");
    onelake->blocks_fd = open_below(onelake->side_fd, "blocks");
    workspace = open_below(onelake->root_fd, onelake->place.workspace_id);
    lakehouse = open_below(workspace, onelake->place.lakehouse_id);
    files = open_below(lakehouse, "Files");
    tables = open_below(lakehouse, "Tables");
    if (onelake->tmp_fd < 0 || onelake->md5_fd < 0 || onelake->blocks_fd < 0 || files < 0 ||
        tables < 0)
        return lk_error_set(err, LK_IO, "RootUnusable", "The folders below %s cannot be made.",
                            root);
    return LK_OK;
}

static void hold_place(struct local_onelake *onelake, const struct local_place *from)
{
    const char *const texts[] = {from->workspace_id, from->workspace_name, from->lakehouse_id,
                                 from->lakehouse_name};

    for (size_t i = 0; i < LK_COUNT(texts); i++)
        onelake->texts[i] = lk_str_dup(lk_str_from(texts[i]));
    onelake->place.workspace_id = onelake->texts[0];
    onelake->place.workspace_name = onelake->texts[1];
    onelake->place.lakehouse_id = onelake->texts[2];
    onelake->place.lakehouse_name = onelake->texts[3];
}

enum lk_status local_onelake_new(const struct local_onelake_options *options,
                                 struct local_onelake **ret, struct lk_error *err)
{
    struct local_onelake *onelake = lk_alloc(sizeof *onelake);
    enum lk_status st;

    *onelake = (struct local_onelake){.key = options->key,
                                      .clock = options->clock,
                                      .issuer = lk_str_dup(lk_str_from(options->issuer)),
                                      .root_fd = -1,
                                      .side_fd = -1,
                                      .tmp_fd = -1,
                                      .md5_fd = -1,
                                      .blocks_fd = -1};
    pthread_mutex_init(&onelake->lock, NULL);
    hold_place(onelake, &options->demo);
    st = open_folders(onelake, options->root, err);
    if (st) {
        local_onelake_free(onelake);
        return st;
    }
    *ret = onelake;
    return LK_OK;
}

void local_onelake_free(struct local_onelake *onelake)
{
    if (!onelake)
        return;
    local_onelake_free_stages(onelake);
    lk_fd_close(&onelake->blocks_fd);
    lk_fd_close(&onelake->md5_fd);
    lk_fd_close(&onelake->tmp_fd);
    lk_fd_close(&onelake->side_fd);
    lk_fd_close(&onelake->root_fd);
    for (size_t i = 0; i < LK_COUNT(onelake->texts); i++)
        free(onelake->texts[i]);
    free(onelake->issuer);
    pthread_mutex_destroy(&onelake->lock);
    free(onelake);
}
