#include "fabric/onelake_path.h"

#include "base/encoding.h"
#include "net/url.h"

#include <string.h>

enum { FILE_NAME_MAX = 200, SHOWN_MAX = 200 };

static const struct lk_str suffix = LK_STR_INIT(".Lakehouse");

static struct lk_str shown(struct lk_str text)
{
    return lk_str_cut(text, SHOWN_MAX);
}

static bool has_control_character(struct lk_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            return true;
    }
    return false;
}

/* ---- lakehouses ---------------------------------------------------------------------------- */

static enum lk_status refuse_mix(const char *what, struct lk_error *err)
{
    lk_error_set(err, LK_INVALID, "MixedNames", "GUIDs and names are mixed: %s", what);
    return lk_error_next(err, "Use both GUIDs without .Lakehouse (they are in the Livy connection "
                              "string), or the workspace's name with Name.Lakehouse.");
}

enum lk_status lk_lakehouse_check(const struct lk_lakehouse *lakehouse, struct lk_error *err)
{
    struct lk_str workspace = lk_str_from(lakehouse->workspace);
    struct lk_str item = lk_str_from(lakehouse->item);
    bool has_suffix = lk_str_ends_nocase(item, suffix);
    struct lk_str name = has_suffix ? lk_str_slice(item, 0, item.len - suffix.len) : item;

    if (!workspace.len || !name.len)
        return lk_error_set(err, LK_INVALID, "NoLakehouse",
                            "the address names no workspace or no lakehouse");
    if (has_suffix && lk_str_is_guid(name))
        return refuse_mix("the lakehouse is a GUID with .Lakehouse", err);
    if (lk_str_is_guid(workspace) && has_suffix)
        return refuse_mix("the workspace is a GUID, the lakehouse a name", err);
    if (!lk_str_is_guid(workspace) && lk_str_is_guid(item))
        return refuse_mix("the workspace is a name, the lakehouse a GUID", err);
    if (!has_suffix && !lk_str_is_guid(item)) {
        lk_error_set(err, LK_INVALID, "NoItemType", "'%.*s' is neither a GUID nor Name.Lakehouse",
                     LK_STR_ARGS(shown(item)));
        return lk_error_next(err, "A lakehouse called by its name ends with .Lakehouse.");
    }
    return LK_OK;
}

/* ---- paths --------------------------------------------------------------------------------- */

/* Takes a decoded path without its leading '/'; a trailing '/' goes. */
static enum lk_status set_path(struct lk_str path, struct lk_onelake_path *ret,
                               struct lk_error *err)
{
    struct lk_str rest, segment;

    if (lk_str_ends(path, LK_STR("/")))
        path.len--;
    if (!lk_str_is_utf8(path))
        return lk_error_set(err, LK_INVALID, "BadPath", "the path is not UTF-8");
    if (has_control_character(path) || lk_str_find_char(path, '\\') < path.len)
        return lk_error_set(err, LK_INVALID, "BadPath",
                            "the path holds a control character or a back-slash");
    if (path.len >= sizeof(ret->path))
        return lk_error_set(err, LK_INVALID, "BadPath", "the path is longer than %zu bytes",
                            sizeof(ret->path) - 1);
    for (rest = path; rest.len;) {
        bool more = lk_str_split(rest, '/', &segment, &rest);
        if (!segment.len || (more && !rest.len))
            return lk_error_set(err, LK_INVALID, "BadPath", "the path has an empty part");
        if (lk_str_eq(segment, LK_STR(".")) || lk_str_eq(segment, LK_STR("..")))
            return lk_error_set(err, LK_INVALID, "BadPath", "the path has a part '%.*s'",
                                LK_STR_ARGS(segment));
    }
    memcpy(ret->path, path.len ? path.ptr : "", path.len);
    ret->path[path.len] = '\0';
    return LK_OK;
}

static enum lk_status set_name(struct lk_str encoded, char ret[LK_ONELAKE_NAME_MAX],
                               struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(LK_ONELAKE_NAME_MAX - 1);

    if (!lk_percent_decode(encoded, false, &name) || name.full ||
        !lk_str_is_utf8(lk_buf_view(&name)) || has_control_character(lk_buf_view(&name)) ||
        lk_str_find_char(lk_buf_view(&name), '/') < name.len ||
        lk_str_find_char(lk_buf_view(&name), '\\') < name.len)
        return lk_error_set(err, LK_INVALID, "BadAddress",
                            "the workspace's or lakehouse's name in the address is no name");
    memcpy(ret, lk_buf_cstr(&name), name.len + 1);
    return LK_OK;
}

/* item is the first part, the rest the path inside it; both still encoded. */
static enum lk_status set_inside(struct lk_str workspace, struct lk_str rest,
                                 struct lk_onelake_path *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf path = LK_BUF_INIT(LK_ONELAKE_PATH_MAX);
    struct lk_str item;
    enum lk_status st;

    lk_str_split(rest, '/', &item, &rest);
    st = set_name(workspace, ret->lakehouse.workspace, err);
    if (!st)
        st = set_name(item, ret->lakehouse.item, err);
    if (!st)
        st = lk_lakehouse_check(&ret->lakehouse, err);
    if (st)
        return st;
    /* A '/' that was encoded would split a name in two. */
    if (lk_str_find(rest, LK_STR("%2f")) < rest.len ||
        lk_str_find(rest, LK_STR("%2F")) < rest.len || !lk_percent_decode(rest, false, &path) ||
        path.full)
        return lk_error_set(err, LK_INVALID, "BadPath",
                            "the address's path is encoded wrongly or too long");
    return set_path(lk_buf_view(&path), ret, err);
}

/* The host itself or a regional name of it (westeurope-onelake…). */
static bool is_host(struct lk_str host, struct lk_str own)
{
    return lk_str_eq_nocase(host, own) || (host.len > own.len && lk_str_ends_nocase(host, own) &&
                                           host.ptr[host.len - own.len - 1] == '-');
}

static bool is_origin(const struct lk_url *url, const char *origin)
{
    struct lk_url own;

    return lk_url_parse(lk_str_from(origin), &own, NULL) == LK_OK && is_host(url->host, own.host) &&
           url->port == own.port;
}

static enum lk_status check_place(const struct lk_cloud *cloud, const struct lk_url *url,
                                  struct lk_error *err)
{
    bool is_abfss = lk_str_eq_nocase(url->scheme, LK_STR("abfss"));
    bool is_https = lk_str_eq_nocase(url->scheme, LK_STR("https"));

    if (!is_abfss && !is_https) {
        lk_error_set(err, LK_INVALID, "BadAddress", "OneLake is not reached by %.*s://",
                     LK_STR_ARGS(url->scheme));
        return lk_error_next(err, "Use Files/…, Tables/…, abfss://… or https://….");
    }
    if (url->query.len || url->fragment.len)
        return lk_error_set(err, LK_INVALID, "BadAddress",
                            "the address has a query or a fragment behind its path");
    if (is_abfss ? is_host(url->host, lk_str_from(cloud->abfss_host))
                 : is_origin(url, cloud->onelake_dfs) || is_origin(url, cloud->onelake_blob))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "ForeignHost", "%.*s is not OneLake of the cloud '%s'",
                 LK_STR_ARGS(shown(url->host)), cloud->name);
    return lk_error_next(err, "Its host is %s.", cloud->abfss_host);
}

static enum lk_status parse_address(const struct lk_cloud *cloud, struct lk_str text,
                                    struct lk_onelake_path *ret, struct lk_error *err)
{
    struct lk_str workspace, rest;
    struct lk_url url;
    enum lk_status st;

    if (lk_str_find_char(text, ' ') < text.len) {
        lk_error_set(err, LK_INVALID, "BadAddress", "the address holds a space");
        return lk_error_next(err, "Write %%20, or the path inside the lakehouse: Files/….");
    }
    st = lk_url_parse(text, &url, err);
    if (!st)
        st = check_place(cloud, &url, err);
    if (st)
        return st;
    rest = lk_str_slice(url.path, 1, url.path.len);
    workspace = url.user;
    if (lk_str_eq_nocase(url.scheme, LK_STR("https")))
        lk_str_split(rest, '/', &workspace, &rest);
    return set_inside(workspace, rest, ret, err);
}

enum lk_status lk_onelake_path_parse(const struct lk_cloud *cloud, const struct lk_lakehouse *home,
                                     struct lk_str text, struct lk_onelake_path *ret,
                                     struct lk_error *err)
{
    struct lk_onelake_path path;
    struct lk_str first;
    enum lk_status st;

    memset(&path, 0, sizeof(path));
    if (lk_str_find(text, LK_STR("://")) < text.len) {
        st = parse_address(cloud, text, &path, err);
    } else {
        if (lk_str_starts(text, LK_STR("/")))
            text = lk_str_slice(text, 1, text.len);
        lk_str_split(text, '/', &first, &(struct lk_str){NULL, 0});
        if (first.len && !lk_str_eq(first, LK_STR("Files")) &&
            !lk_str_eq(first, LK_STR("Tables"))) {
            lk_error_set(err, LK_INVALID, "BadPath",
                         "'%.*s' begins with neither Files/ nor Tables/",
                         lk_str_is_utf8(shown(text)) ? (int)shown(text).len : 0, text.ptr);
            return lk_error_next(err, "Paths begin with Files/ or Tables/, or are whole "
                                      "abfss:// addresses.");
        }
        path.lakehouse = *home;
        st = set_path(text, &path, err);
    }
    if (!st)
        *ret = path;
    return st;
}

/* ---- writing ------------------------------------------------------------------------------- */

/* Spark takes a path's characters as they are, but for those that end or escape it in a URI. */
static void put_abfss(struct lk_str text, struct lk_buf *ret)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == ' ' || c == '%' || c == '?' || c == '#' || c == '"' || c == '@' || c == ':')
            lk_buf_printf(ret, "%%%02X", (unsigned)(unsigned char)c);
        else
            lk_buf_put_char(ret, c);
    }
}

void lk_onelake_path_abfss(const struct lk_cloud *cloud, const struct lk_onelake_path *path,
                           struct lk_buf *ret)
{
    lk_buf_put(ret, LK_STR("abfss://"));
    put_abfss(lk_str_from(path->lakehouse.workspace), ret);
    lk_buf_printf(ret, "@%s/", cloud->abfss_host);
    put_abfss(lk_str_from(path->lakehouse.item), ret);
    lk_buf_put_char(ret, '/');
    put_abfss(lk_str_from(path->path), ret);
}

void lk_onelake_path_blob_url(const struct lk_cloud *cloud, const struct lk_onelake_path *path,
                              struct lk_buf *ret)
{
    lk_buf_printf(ret, "%s/", cloud->onelake_blob);
    lk_percent_encode(lk_str_from(path->lakehouse.workspace), ret);
    lk_buf_put_char(ret, '/');
    lk_percent_encode(lk_str_from(path->lakehouse.item), ret);
    if (!path->path[0])
        return;
    lk_buf_put_char(ret, '/');
    lk_percent_encode_path(lk_str_from(path->path), ret);
}

enum lk_status lk_onelake_check_name(struct lk_str name, struct lk_error *err)
{
    const char *why = NULL;

    if (!name.len)
        why = "it is empty";
    else if (!lk_str_is_utf8(name))
        why = "it is not UTF-8";
    else if (name.len > FILE_NAME_MAX)
        why = "it is longer than 200 bytes";
    else if (lk_str_find_char(name, '/') < name.len || lk_str_find_char(name, '\\') < name.len)
        why = "it holds a slash";
    else if (has_control_character(name))
        why = "it holds a control character";
    else if (lk_str_eq(name, LK_STR(".")) || lk_str_eq(name, LK_STR("..")))
        why = "it means a folder";
    if (!why)
        return LK_OK;
    lk_error_set(err, LK_INVALID, "BadName", "this is no name for a file: %s", why);
    return lk_error_next(err, "A plain name such as clean_trips.py; a folder is given apart.");
}
