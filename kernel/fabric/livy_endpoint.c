#include "fabric/livy_endpoint.h"

#include "net/url.h"

#include <string.h>

enum { PARTS_MAX = 16, SHOWN_MAX = 120 };

/* An address's path in parts; empty ones are left out. */
struct parts {
    struct lk_str at[PARTS_MAX];
    size_t count;
};

static struct lk_str shown(struct lk_str text)
{
    return lk_str_cut(text, SHOWN_MAX);
}

static enum lk_status next_for_fabric(struct lk_error *err)
{
    return lk_error_next(err,
                         "Copy the Batch job connection string from Lakehouse settings > Livy "
                         "endpoint. It looks like https://api.fabric.microsoft.com/v1/workspaces/"
                         "<GUID>/lakehouses/<GUID>/livyapi/versions/2023-12-01/batches");
}

static enum lk_status split_path(struct lk_str path, struct parts *ret, struct lk_error *err)
{
    struct lk_str part;

    ret->count = 0;
    while (path.len) {
        lk_str_split(path, '/', &part, &path);
        if (!part.len)
            continue;
        if (ret->count == PARTS_MAX)
            return lk_error_set(err, LK_INVALID, "BadAddress",
                                "the address's path has too many parts");
        ret->at[ret->count++] = part;
    }
    return LK_OK;
}

/* "batches" or "sessions" at the end is not part of the base. */
static void drop_collection(struct parts *parts)
{
    static const struct lk_str names[] = {LK_STR_INIT("batches"), LK_STR_INIT("sessions"),
                                          LK_STR_INIT("highConcurrencySessions")};

    for (size_t i = 0; i < LK_COUNT(names) && parts->count; i++) {
        if (lk_str_eq_nocase(parts->at[parts->count - 1], names[i])) {
            parts->count--;
            return;
        }
    }
}

static void put_lower(struct lk_str text, struct lk_buf *ret)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        lk_buf_put_char(ret, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
    }
}

static void put_origin(const struct lk_url *url, struct lk_buf *ret)
{
    bool is_http = lk_str_eq_nocase(url->scheme, LK_STR("http"));
    bool is_v6 = lk_str_find_char(url->host, ':') < url->host.len;

    lk_buf_printf(ret, "%s://%s", is_http ? "http" : "https", is_v6 ? "[" : "");
    put_lower(url->host, ret);
    if (is_v6)
        lk_buf_put_char(ret, ']');
    if (url->port != (is_http ? 80 : 443))
        lk_buf_printf(ret, ":%u", (unsigned)url->port);
}

static enum lk_status keep_base(const struct lk_buf *text, struct lk_livy_endpoint *ret,
                                struct lk_error *err)
{
    if (text->full || text->len >= sizeof(ret->base))
        return lk_error_set(err, LK_INVALID, "BadAddress", "the address is longer than %zu bytes",
                            sizeof(ret->base) - 1);
    memcpy(ret->base, lk_buf_cstr(text), text->len + 1);
    return LK_OK;
}

/* ---- Fabric -------------------------------------------------------------------------------- */

enum part_kind { PART_WORD, PART_GUID, PART_VERSION };

static const struct {
    enum part_kind kind;
    const char *name; /* the word itself, or what the part means; as it is written in the base */
} fabric_parts[] = {
    {PART_WORD, "v1"},         {PART_WORD, "workspaces"}, {PART_GUID, "workspace"},
    {PART_WORD, "lakehouses"}, {PART_GUID, "lakehouse"},  {PART_WORD, "livyApi"},
    {PART_WORD, "versions"},   {PART_VERSION, "version"},
};

enum { PART_WORKSPACE = 2, PART_LAKEHOUSE = 4 };

static bool is_version(struct lk_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if ((c < '0' || c > '9') && c != '-' && c != '.')
            return false;
    }
    return text.len > 0 && text.len <= 32;
}

static enum lk_status check_guid(struct lk_str text, const char *what, struct lk_error *err)
{
    size_t dot = lk_str_find_char(text, '.');

    if (lk_str_is_guid(text))
        return LK_OK;
    if (dot < text.len && lk_str_is_guid(lk_str_slice(text, 0, dot)))
        lk_error_set(err, LK_INVALID, "MixedNames",
                     "the %s is a GUID with '%.*s' behind it: GUIDs and names do not mix", what,
                     LK_STR_ARGS(shown(lk_str_slice(text, dot, text.len))));
    else
        lk_error_set(err, LK_INVALID, "NoGuid", "the %s in the address, '%.*s', is no GUID", what,
                     LK_STR_ARGS(shown(text)));
    return next_for_fabric(err);
}

static enum lk_status check_fabric_part(size_t i, struct lk_str text, struct lk_error *err)
{
    const char *name = fabric_parts[i].name;

    if (fabric_parts[i].kind == PART_GUID)
        return check_guid(text, name, err);
    if (fabric_parts[i].kind == PART_VERSION ? is_version(text)
                                             : lk_str_eq_nocase(text, lk_str_from(name)))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "BadAddress", "the address has '%.*s' where %s '%s' belongs",
                 LK_STR_ARGS(shown(text)), fabric_parts[i].kind == PART_WORD ? "the word" : "a",
                 name);
    return next_for_fabric(err);
}

static enum lk_status check_fabric_parts(const struct parts *parts, struct lk_error *err)
{
    for (size_t i = 0; i < LK_COUNT(fabric_parts); i++) {
        enum lk_status st;
        if (i == parts->count) {
            lk_error_set(err, LK_INVALID, "TruncatedAddress",
                         "the address ends before the %s '%s': it was not copied whole",
                         fabric_parts[i].kind == PART_WORD ? "word" : "part", fabric_parts[i].name);
            return next_for_fabric(err);
        }
        st = check_fabric_part(i, parts->at[i], err);
        if (st)
            return st;
    }
    if (parts->count == LK_COUNT(fabric_parts))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "BadAddress", "the address goes on with '%.*s'",
                 LK_STR_ARGS(shown(parts->at[LK_COUNT(fabric_parts)])));
    return next_for_fabric(err);
}

static void put_fabric_part(size_t i, struct lk_str text, struct lk_buf *ret)
{
    if (fabric_parts[i].kind == PART_WORD)
        lk_buf_put(ret, lk_str_from(fabric_parts[i].name));
    else
        put_lower(text, ret);
}

static void copy_guid(struct lk_str guid, char ret[LK_ONELAKE_NAME_MAX])
{
    LK_CLEANUP(lk_buf_done) struct lk_buf lower = LK_BUF_INIT(64);

    put_lower(guid, &lower);
    memcpy(ret, lk_buf_cstr(&lower), lower.len + 1);
}

static enum lk_status read_fabric(const struct lk_url *url, struct parts *parts,
                                  struct lk_livy_endpoint *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf base = LK_BUF_INIT(4096);
    enum lk_status st;

    drop_collection(parts);
    st = check_fabric_parts(parts, err);
    if (st)
        return st;
    put_origin(url, &base);
    for (size_t i = 0; i < LK_COUNT(fabric_parts); i++) {
        lk_buf_put_char(&base, '/');
        put_fabric_part(i, parts->at[i], &base);
    }
    copy_guid(parts->at[PART_WORKSPACE], ret->lakehouse.workspace);
    copy_guid(parts->at[PART_LAKEHOUSE], ret->lakehouse.item);
    return keep_base(&base, ret, err);
}

/* ---- the others ---------------------------------------------------------------------------- */

static enum lk_status read_plain(const struct lk_url *url, struct parts *parts,
                                 struct lk_livy_endpoint *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf base = LK_BUF_INIT(4096);

    drop_collection(parts);
    put_origin(url, &base);
    for (size_t i = 0; i < parts->count; i++)
        lk_buf_printf(&base, "/%.*s", LK_STR_ARGS(parts->at[i]));
    return keep_base(&base, ret, err);
}

/* ---- which service ------------------------------------------------------------------------- */

static bool is_host_of(const struct lk_url *url, const char *origin)
{
    struct lk_url own;

    return lk_url_parse(lk_str_from(origin), &own, NULL) == LK_OK &&
           lk_str_eq_nocase(url->host, own.host) && url->port == own.port;
}

static enum lk_status choose_profile(const struct lk_url *url, struct lk_str kind,
                                     const struct lk_cloud *cloud,
                                     const struct lk_livy_profile **ret, struct lk_error *err)
{
    bool is_own = is_host_of(url, cloud->fabric);

    *ret = lk_livy_profile_find(is_own && !kind.len ? LK_STR("fabric") : kind);
    if (kind.len && !*ret) {
        lk_error_set(err, LK_INVALID, "UnknownKind", "'%.*s' is no kind of Livy service",
                     LK_STR_ARGS(shown(kind)));
        return lk_error_next(err, "Use --kind fabric, synapse, hdinsight or apache.");
    }
    if (!*ret)
        *ret = lk_livy_profile_of_host(url->host);
    if (!*ret) {
        lk_error_set(err, LK_INVALID, "UnknownHost",
                     "the host %.*s does not tell which Livy service it is",
                     LK_STR_ARGS(shown(url->host)));
        return lk_error_next(err, "Check the spelling, or name the kind: --kind fabric, synapse, "
                                  "hdinsight or apache.");
    }
    if ((*ret)->has_hub && !is_own && *ret != lk_livy_profile_of_host(url->host)) {
        lk_error_set(err, LK_INVALID, "WrongHost", "%.*s is no host of %s",
                     LK_STR_ARGS(shown(url->host)), (*ret)->title);
        return next_for_fabric(err);
    }
    return LK_OK;
}

static enum lk_status check_portal(const struct lk_url *url, const struct lk_livy_profile *profile,
                                   struct lk_error *err)
{
    if (!profile->has_hub || !lk_str_starts_nocase(url->host, LK_STR("app.")))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "PortalAddress",
                 "this is the address of a page in the portal, not of the Livy endpoint");
    return next_for_fabric(err);
}

static enum lk_status check_scheme(const struct lk_url *url, const struct lk_livy_profile *profile,
                                   struct lk_error *err)
{
    if (lk_str_eq_nocase(url->scheme, LK_STR("https")))
        return LK_OK;
    if (lk_str_eq_nocase(url->scheme, LK_STR("http")) && profile->auth != LK_LIVY_AUTH_ENTRA &&
        lk_host_is_loopback(url->host))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "NoHttps", "a Livy endpoint is reached by https, not %.*s",
                 LK_STR_ARGS(url->scheme));
    return lk_error_next(err, "Write https:// instead; http is for services on this machine.");
}

enum lk_status lk_livy_endpoint_parse(struct lk_str url_text, struct lk_str kind,
                                      const struct lk_cloud *cloud, struct lk_livy_endpoint *ret,
                                      struct lk_error *err)
{
    struct lk_livy_endpoint endpoint;
    struct parts parts;
    struct lk_url url;
    enum lk_status st;

    memset(&endpoint, 0, sizeof(endpoint));
    st = lk_url_parse(lk_str_trim(url_text), &url, err);
    if (st)
        return next_for_fabric(err);
    st = choose_profile(&url, kind, cloud, &endpoint.profile, err);
    if (!st)
        st = check_portal(&url, endpoint.profile, err);
    if (!st)
        st = check_scheme(&url, endpoint.profile, err);
    if (!st && (url.query.len || url.fragment.len))
        st = lk_error_set(err, LK_INVALID, "BadAddress",
                          "the address has a query or a fragment behind its path");
    if (!st)
        st = split_path(url.path, &parts, err);
    if (!st)
        st = endpoint.profile->guid_ids ? read_fabric(&url, &parts, &endpoint, err)
                                        : read_plain(&url, &parts, &endpoint, err);
    if (!st)
        *ret = endpoint;
    return st;
}

void lk_livy_endpoint_hub_url(const struct lk_livy_endpoint *endpoint, const struct lk_cloud *cloud,
                              struct lk_str batch_id, struct lk_buf *ret)
{
    static const struct {
        const char *cloud, *portal;
    } portals[] = {
        {"public", "https://app.fabric.microsoft.com"},
        {"usgov", "https://app.fabric.microsoft.us"},
        {"china", "https://app.fabric.microsoft.cn"},
    };

    if (!endpoint->profile->has_hub || !lk_str_is_guid(batch_id))
        return;
    for (size_t i = 0; i < LK_COUNT(portals); i++) {
        if (strcmp(cloud->name, portals[i].cloud) == 0)
            lk_buf_printf(ret,
                          "%s/workloads/de-ds/sparkmonitor/%s/%.*s?experience=fabric-developer",
                          portals[i].portal, endpoint->lakehouse.item, LK_STR_ARGS(batch_id));
    }
}
