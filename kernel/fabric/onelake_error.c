#include "fabric/onelake_error.h"

#include "base/json.h"
#include "base/log.h"

#include <string.h>

static const struct {
    const char *code;
    enum lk_status status;
    const char *ename;
    const char *next;
} table[] = {
    {"BlobAlreadyExists", LK_EXISTS, "FileExists",
     "Choose another name, or leave --if-not-exists out to replace it."},
    {"PathAlreadyExists", LK_EXISTS, "FileExists",
     "Choose another name, or leave --if-not-exists out to replace it."},
    {"ConditionNotMet", LK_EXISTS, "FileChanged",
     "Somebody else wrote it meanwhile: look at it first."},
    {"BlobNotFound", LK_NOT_FOUND, "FileNotFound", "%lakehouse ls shows what there is."},
    {"PathNotFound", LK_NOT_FOUND, "FileNotFound", "%lakehouse ls shows what there is."},
    {"ResourceNotFound", LK_NOT_FOUND, "FileNotFound", "%lakehouse ls shows what there is."},
    {"FilesystemNotFound", LK_NOT_FOUND, "WorkspaceNotFound",
     "Check the workspace in the connection string: %livy info."},
    {"ContainerNotFound", LK_NOT_FOUND, "WorkspaceNotFound",
     "Check the workspace in the connection string: %livy info."},
    {"ArtifactNotFound", LK_NOT_FOUND, "LakehouseNotFound",
     "Check the lakehouse in the connection string: %livy info."},
    {"FriendlyNameSupportDisabled", LK_INVALID, "FriendlyName",
     "Use GUIDs for both workspace and lakehouse, without .Lakehouse."},
    {"AuthorizationFailure", LK_DENIED, "NotAllowed",
     "Ask for a role in the workspace that may write (Contributor)."},
    {"AuthorizationPermissionMismatch", LK_DENIED, "NotAllowed",
     "Ask for a role in the workspace that may write (Contributor)."},
    {"InsufficientAccountPermissions", LK_DENIED, "NotAllowed",
     "Ask for a role in the workspace that may write (Contributor)."},
    {"InvalidAuthenticationInfo", LK_UNAUTHORIZED, "NotSignedIn",
     "%entra token --for storage shows the token; %entra login signs in again."},
    {"Md5Mismatch", LK_SERVICE, "UploadDamaged",
     "The bytes were damaged on their way: run the cell again."},
    {"ServerBusy", LK_THROTTLED, "Throttled", "OneLake is busy: try again in a minute."},
    {"AuthenticationFailed", LK_UNAUTHORIZED, "NotSignedIn",
     "%entra token --for storage shows the token; %entra login signs in again."},
    {"NoAuthenticationInformation", LK_UNAUTHORIZED, "NotSignedIn", "%entra login signs in."},
    {"PathConflict", LK_EXISTS, "FileExists", "A folder has that name: choose another."},
    {"ResourceTypeMismatch", LK_EXISTS, "FileExists",
     "A folder and a file have the same name: choose another."},
    {"InvalidFlushOperation", LK_EXISTS, "FileChanged",
     "The file was written another way: upload it under a new name."},
    {"DestinationPathIsBeingDeleted", LK_EXISTS, "FileChanged",
     "It is being deleted: try again in a minute."},
    {"LeaseIdMissing", LK_EXISTS, "FileLocked",
     "Somebody holds a lease on the file: wait, or choose another name."},
    {"LeaseAlreadyPresent", LK_EXISTS, "FileLocked",
     "Somebody holds a lease on the file: wait, or choose another name."},
    {"RequestBodyTooLarge", LK_LIMIT, "FileTooLarge", "Split it, or use azcopy."},
    {"InternalError", LK_SERVICE, "OneLakeFailed", "Try again in a minute."},
    {"OperationTimedOut", LK_SERVICE, "OneLakeFailed", "Try again in a minute."},
    {"InvalidUri", LK_INVALID, "BadPath", "Check the path for characters that OneLake refuses."},
    {"InvalidResourceName", LK_INVALID, "BadPath",
     "Check the path for characters that OneLake refuses."},
    {"UnsupportedHttpVerb", LK_UNSUPPORTED, "NotPossible",
     "Files and Tables themselves cannot be made or removed."},
    {"DirectoryNotEmpty", LK_EXISTS, "FolderNotEmpty", "Remove what is in it first."},
};

/* Blob's <Code>, DFS's {"error": {"code"}}, when the header is missing. */
static struct lk_str between(struct lk_str text, const char *open, const char *close)
{
    size_t from = lk_str_find(text, lk_str_from(open));
    struct lk_str rest = lk_str_slice(text, from + strlen(open), text.len);

    return from < text.len ? lk_str_slice(rest, 0, lk_str_find(rest, lk_str_from(close)))
                           : LK_STR_EMPTY;
}

static void read_words(const struct lk_http_response *response, struct lk_buf *code,
                       struct lk_buf *message)
{
    struct lk_str body = lk_buf_view(&response->body);
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    const json_t *inner;

    lk_buf_put(code, lk_http_response_header(response, LK_STR("x-ms-error-code")));
    if (body.len && body.ptr[0] == '{' && !lk_json_parse(body, "OneLake's error", &json, NULL)) {
        inner = json_object_get(json, "error");
        if (!code->len)
            lk_buf_put(code, lk_json_get_str(inner, "code"));
        lk_buf_put(message, lk_json_get_str(inner, "message"));
        return;
    }
    if (!code->len)
        lk_buf_put(code, between(body, "<Code>", "</Code>"));
    lk_buf_put(message, between(body, "<Message>", "</Message>"));
}

static enum lk_status status_of(int status)
{
    switch (status) {
    case 401:
        return LK_UNAUTHORIZED;
    case 403:
        return LK_DENIED;
    case 404:
        return LK_NOT_FOUND;
    case 409:
    case 412:
        return LK_EXISTS;
    case 429:
        return LK_THROTTLED;
    default:
        return status >= 500 ? LK_SERVICE : LK_INVALID;
    }
}

static const char *general_advice(enum lk_status st)
{
    switch (st) {
    case LK_UNAUTHORIZED:
        return "%entra login signs in again; %entra token --for storage shows the token.";
    case LK_DENIED:
        return "Ask for a role in the workspace that may write (Contributor).";
    case LK_NOT_FOUND:
        return "%lakehouse ls shows what there is.";
    case LK_THROTTLED:
    case LK_SERVICE:
        return "Try again in a minute.";
    default:
        return "Check the path; %livy info shows workspace and lakehouse. A lakehouse just made "
               "may need some seconds more.";
    }
}

enum lk_status lk_onelake_read_error(struct lk_str what, const struct lk_http_response *response,
                                     struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(128);
    LK_CLEANUP(lk_buf_done) struct lk_buf message = LK_BUF_INIT(512);
    LK_CLEANUP(lk_buf_done) struct lk_buf words = LK_BUF_INIT(1024);
    enum lk_status st = status_of(response->status);
    const char *ename = "OneLakeFailed", *next = general_advice(st);
    struct lk_str line = LK_STR_EMPTY, rest;

    read_words(response, &code, &message);
    rest = lk_str_trim(lk_buf_view(&message));
    (void)lk_str_next_line(&rest, &line);
    lk_redact(line, &words);
    for (size_t i = 0; i < LK_COUNT(table); i++)
        if (lk_str_eq_nocase(lk_buf_view(&code), lk_str_from(table[i].code))) {
            st = table[i].status;
            ename = table[i].ename;
            next = table[i].next;
        }
    lk_error_set(err, st, ename, "%.*s: OneLake answered %d%s%s%s%s", LK_STR_ARGS(what),
                 response->status, code.len ? " " : "", lk_buf_cstr(&code), words.len ? ": " : "",
                 lk_buf_cstr(&words));
    lk_error_answer(err, response->status, lk_buf_view(&code),
                    lk_http_response_header(response, LK_STR("x-ms-request-id")));
    return lk_error_next(err, "%s", next);
}
