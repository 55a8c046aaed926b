#include "local/onelake_path.h"

#include "base/encoding.h"

#include <ctype.h>
#include <string.h>

static void copy_guid(struct lk_str guid, char ret[LK_UUID_SIZE])
{
    for (size_t i = 0; i < guid.len && i < LK_UUID_SIZE - 1; i++)
        ret[i] = (char)tolower((unsigned char)guid.ptr[i]);
    ret[guid.len < LK_UUID_SIZE ? guid.len : LK_UUID_SIZE - 1] = '\0';
}

static bool is_account(struct lk_str segment)
{
    return lk_str_eq(segment, LK_STR("onelake")) || lk_str_eq(segment, LK_STR("null"));
}

/* The server has decoded the path once; what could still climb or confuse is refused here. */
static enum lk_status check_segments(struct lk_str path, struct lk_error *err)
{
    struct lk_str rest = path, segment;

    if (path.len > LOCAL_ONELAKE_PATH_MAX)
        return lk_error_set(err, LK_INVALID, "InvalidUri", "The path is longer than %d bytes.",
                            LOCAL_ONELAKE_PATH_MAX);
    if (!lk_str_is_utf8(path) || lk_str_find_char(path, '\0') < path.len ||
        lk_str_find_char(path, '\\') < path.len)
        return lk_error_set(err, LK_INVALID, "InvalidUri",
                            "The path holds a NUL, a backslash or invalid UTF-8.");
    while (rest.len) {
        bool more = lk_str_split(rest, '/', &segment, &rest);

        if (segment.len == 0 || (more && rest.len == 0) || lk_str_eq(segment, LK_STR(".")) ||
            lk_str_eq(segment, LK_STR("..")))
            return lk_error_set(err, LK_INVALID, "InvalidUri",
                                "The path has an empty or a dot segment.");
        if (segment.len > LOCAL_ONELAKE_NAME_MAX)
            return lk_error_set(err, LK_INVALID, "InvalidResourceName",
                                "A name in the path is longer than %d bytes.",
                                LOCAL_ONELAKE_NAME_MAX);
    }
    return LK_OK;
}

static enum lk_status find_workspace(const struct local_place *demo, struct lk_str name,
                                     struct local_onelake_target *ret, struct lk_error *err)
{
    ret->workspace_spelt = name;
    if (lk_str_is_guid(name)) {
        copy_guid(name, ret->workspace_id);
        return LK_OK;
    }
    if (!lk_str_eq_nocase(name, lk_str_from(demo->workspace_name)))
        return lk_error_set(err, LK_NOT_FOUND, "FilesystemNotFound",
                            "There is no workspace '%.*s' here.", LK_STR_ARGS(name));
    copy_guid(lk_str_from(demo->workspace_id), ret->workspace_id);
    ret->by_name = true;
    return LK_OK;
}

static enum lk_status find_item(const struct local_place *demo, struct lk_str name,
                                struct local_onelake_target *ret, struct lk_error *err)
{
    const struct lk_str suffix = LK_STR(".Lakehouse");
    bool is_guid = lk_str_is_guid(name);

    ret->item_spelt = name;
    if (is_guid == ret->by_name)
        return lk_error_set(err, LK_INVALID, "FriendlyNameSupportDisabled",
                            "Workspace and item must both be GUIDs or both be names "
                            "(name.Lakehouse).");
    if (is_guid) {
        copy_guid(name, ret->lakehouse_id);
        return LK_OK;
    }
    if (!lk_str_ends_nocase(name, suffix) ||
        !lk_str_eq_nocase(lk_str_slice(name, 0, name.len - suffix.len),
                          lk_str_from(demo->lakehouse_name)))
        return lk_error_set(err, LK_NOT_FOUND, "ArtifactNotFound",
                            "Request Failed with Artifact '%.*s' is not found in workspace "
                            "'%.*s'.",
                            LK_STR_ARGS(name), LK_STR_ARGS(ret->workspace_spelt));
    copy_guid(lk_str_from(demo->lakehouse_id), ret->lakehouse_id);
    return LK_OK;
}

enum lk_status local_onelake_resolve(const struct local_place *demo, struct lk_str path,
                                     struct local_onelake_target *ret, struct lk_error *err)
{
    struct lk_str rest = path, segment;
    enum lk_status st;

    memset(ret, 0, sizeof *ret);
    if (lk_str_starts(rest, LK_STR("/")))
        rest = lk_str_slice(rest, 1, rest.len);
    if (lk_str_ends(rest, LK_STR("/")))
        rest = lk_str_slice(rest, 0, rest.len - 1);
    st = check_segments(rest, err);
    if (st)
        return st;
    lk_str_split(rest, '/', &segment, &rest);
    if (is_account(segment))
        lk_str_split(rest, '/', &segment, &rest);
    if (segment.len == 0)
        return LK_OK;

    ret->level = LOCAL_ONELAKE_WORKSPACE;
    st = find_workspace(demo, segment, ret, err);
    if (st || rest.len == 0)
        return st;
    ret->level = LOCAL_ONELAKE_ITEM;
    lk_str_split(rest, '/', &segment, &rest);
    st = find_item(demo, segment, ret, err);
    if (st || rest.len == 0)
        return st;
    ret->inside = rest;
    ret->level =
        lk_str_find_char(rest, '/') < rest.len ? LOCAL_ONELAKE_INSIDE : LOCAL_ONELAKE_MANAGED;
    return LK_OK;
}

static bool is_onelake_host(struct lk_str host)
{
    struct lk_str name;

    lk_str_split(host, ':', &name, &host);
    return lk_str_ends_nocase(name, LK_STR("onelake.dfs.fabric.microsoft.com")) ||
           lk_str_ends_nocase(name, LK_STR("onelake.blob.fabric.microsoft.com")) ||
           lk_str_eq_nocase(name, LK_STR("localhost")) || lk_str_eq(name, LK_STR("127.0.0.1"));
}

enum lk_status local_onelake_resolve_uri(const struct local_place *demo, struct lk_str uri,
                                         struct lk_buf *path_buf, struct local_onelake_target *ret,
                                         struct lk_error *err)
{
    struct lk_str rest = uri, authority, workspace = LK_STR_EMPTY;
    bool abfss = lk_str_starts_nocase(uri, LK_STR("abfss://"));

    if (!abfss && !lk_str_starts_nocase(uri, LK_STR("https://")))
        return lk_error_set(err, LK_INVALID, "InvalidInput",
                            "'%.*s' is no abfss:// or https:// path in OneLake.", LK_STR_ARGS(uri));
    rest = lk_str_slice(rest, 8, rest.len);
    lk_str_split(rest, '/', &authority, &rest);
    if (abfss && !lk_str_split(authority, '@', &workspace, &authority))
        return lk_error_set(err, LK_INVALID, "InvalidInput",
                            "'%.*s' names no workspace before '@'.", LK_STR_ARGS(uri));
    if (!is_onelake_host(authority) || lk_str_find_char(rest, '?') < rest.len ||
        lk_str_find_char(rest, '#') < rest.len)
        return lk_error_set(err, LK_INVALID, "InvalidInput", "'%.*s' does not point into OneLake.",
                            LK_STR_ARGS(uri));
    lk_buf_clear(path_buf);
    if (abfss) {
        lk_buf_put_char(path_buf, '/');
        lk_buf_put(path_buf, workspace);
    }
    lk_buf_put_char(path_buf, '/');
    if (!lk_percent_decode(rest, false, path_buf))
        return lk_error_set(err, LK_INVALID, "InvalidInput", "'%.*s' has a broken %%XX.",
                            LK_STR_ARGS(uri));
    return local_onelake_resolve(demo, lk_buf_view(path_buf), ret, err);
}
