#include "fabric/livy_address.h"

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

static bool is_collection(struct lk_str part)
{
    static const struct lk_str names[] = {LK_STR_INIT("batches"), LK_STR_INIT("sessions"),
                                          LK_STR_INIT("highConcurrencySessions")};

    for (size_t i = 0; i < LK_COUNT(names); i++) {
        if (lk_str_eq_nocase(part, names[i]))
            return true;
    }
    return false;
}

/* "batches" or "sessions" at the end is not part of the base. */
static void drop_collection(struct parts *parts)
{
    if (parts->count && is_collection(parts->at[parts->count - 1]))
        parts->count--;
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

/* ---- what the addresses of a service look like --------------------------------------------- */

enum part_kind { PART_WORD, PART_GUID, PART_VERSION, PART_NAME };

struct part {
    enum part_kind kind;
    const char *name; /* the word itself, or what the part means; as it is written in the base */
};

static const struct part fabric_parts[] = {
    {PART_WORD, "v1"},         {PART_WORD, "workspaces"}, {PART_GUID, "workspace"},
    {PART_WORD, "lakehouses"}, {PART_GUID, "lakehouse"},  {PART_WORD, "livyApi"},
    {PART_WORD, "versions"},   {PART_VERSION, "version"},
};
static const struct part synapse_parts[] = {
    {PART_WORD, "livyApi"},    {PART_WORD, "versions"},   {PART_VERSION, "version"},
    {PART_WORD, "sparkPools"}, {PART_NAME, "Spark pool"},
};
static const struct part hdinsight_parts[] = {{PART_WORD, "livy"}};

/* The parts are what the path must be on the service's own hosts, and behind a gateway what it must
 * end with. */
struct shape {
    const char *kind;
    const struct part *parts;
    size_t count;
    bool free_elsewhere;  /* on other hosts any path will do */
    bool may_be_left_out; /* a bare host stands for host and parts */
    const char *example;
};

static const struct shape shapes[] = {
    {
        .kind = "fabric",
        .parts = fabric_parts,
        .count = LK_COUNT(fabric_parts),
        .example = "Copy the Batch job connection string from Lakehouse settings > Livy "
                   "endpoint. It looks like https://api.fabric.microsoft.com/v1/workspaces/"
                   "<GUID>/lakehouses/<GUID>/livyapi/versions/2023-12-01/batches",
    },
    {
        .kind = "synapse",
        .parts = synapse_parts,
        .count = LK_COUNT(synapse_parts),
        .example = "A Synapse address looks like https://<workspace>.dev.azuresynapse.net/livyApi/"
                   "versions/2019-11-01-preview/sparkPools/<pool>/batches",
    },
    {
        .kind = "hdinsight",
        .parts = hdinsight_parts,
        .count = LK_COUNT(hdinsight_parts),
        .free_elsewhere = true,
        .may_be_left_out = true,
        .example = "An HDInsight address looks like https://<cluster>.azurehdinsight.net/livy",
    },
    {
        .kind = "apache",
        .free_elsewhere = true,
        .example = "The address of an Apache Livy server looks like http://localhost:8998 or "
                   "https://<host>/<path of the gateway>",
    },
};

/* Without a profile that of Fabric: most people come with one of its addresses. */
static const struct shape *shape_of(const struct lk_livy_profile *profile)
{
    for (size_t i = 0; profile && i < LK_COUNT(shapes); i++) {
        if (strcmp(shapes[i].kind, profile->kind) == 0)
            return &shapes[i];
    }
    return &shapes[0];
}

static enum lk_status next_for(const struct shape *shape, struct lk_error *err)
{
    return lk_error_next(err, "%s", shape->example);
}

enum lk_status lk_livy_address_next(const struct lk_livy_profile *profile, struct lk_error *err)
{
    return next_for(shape_of(profile), err);
}

/* "2023-12-01", "2019-11-01-preview". */
static bool is_version(struct lk_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_digit = c >= '0' && c <= '9';
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_digit && (i == 0 || (!is_letter && c != '-' && c != '.')))
            return false;
    }
    return text.len > 0 && text.len <= 32;
}

/* The name of a Spark pool: letters and digits; what else is taken does no harm in a path. */
static bool is_name(struct lk_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if ((c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' &&
            c != '_')
            return false;
    }
    return text.len > 0 && text.len <= 128;
}

static enum lk_status check_guid(struct lk_str text, const char *what, struct lk_error *err)
{
    size_t dot = lk_str_find_char(text, '.');

    if (lk_str_is_guid(text))
        return LK_OK;
    if (dot < text.len && lk_str_is_guid(lk_str_slice(text, 0, dot)))
        return lk_error_set(err, LK_INVALID, "MixedNames",
                            "the %s is a GUID with '%.*s' behind it: GUIDs and names do not mix",
                            what, LK_STR_ARGS(shown(lk_str_slice(text, dot, text.len))));
    return lk_error_set(err, LK_INVALID, "NoGuid", "the %s in the address, '%.*s', is no GUID",
                        what, LK_STR_ARGS(shown(text)));
}

static bool is_part(const struct part *part, struct lk_str text)
{
    switch (part->kind) {
    case PART_WORD:
        return lk_str_eq_nocase(text, lk_str_from(part->name));
    case PART_GUID:
        return lk_str_is_guid(text);
    case PART_VERSION:
        return is_version(text);
    case PART_NAME:
        return is_name(text);
    }
    return false;
}

static enum lk_status check_part(const struct part *part, struct lk_str text, struct lk_error *err)
{
    if (is_part(part, text))
        return LK_OK;
    if (part->kind == PART_GUID)
        return check_guid(text, part->name, err);
    return lk_error_set(err, LK_INVALID, "BadAddress",
                        "the address has '%.*s' where %s '%s' belongs", LK_STR_ARGS(shown(text)),
                        part->kind == PART_WORD ? "the word" : "a", part->name);
}

/* parts from first on are those of the shape, one by one and no more. */
static enum lk_status check_parts(const struct shape *shape, const struct parts *parts,
                                  size_t first, struct lk_error *err)
{
    enum lk_status st = LK_OK;

    for (size_t i = 0; i < shape->count && !st; i++) {
        if (first + i >= parts->count)
            st = lk_error_set(err, LK_INVALID, "TruncatedAddress",
                              "the address ends before the %s '%s': it was not copied whole",
                              shape->parts[i].kind == PART_WORD ? "word" : "part",
                              shape->parts[i].name);
        else
            st = check_part(&shape->parts[i], parts->at[first + i], err);
    }
    if (!st && parts->count > first + shape->count)
        st = lk_error_set(err, LK_INVALID, "BadAddress", "the address goes on with '%.*s'",
                          LK_STR_ARGS(shown(parts->at[first + shape->count])));
    return st ? next_for(shape, err) : LK_OK;
}

static void put_part(const struct part *part, struct lk_str text, struct lk_buf *ret)
{
    lk_buf_put_char(ret, '/');
    if (part->kind == PART_WORD)
        lk_buf_put(ret, lk_str_from(part->name));
    else if (part->kind == PART_NAME)
        lk_buf_put(ret, text);
    else
        put_lower(text, ret);
}

/* Where the shape begins: at the path's begin on the service's own hosts, else behind whatever a
 * gateway has put there. */
static size_t begin_of_shape(const struct shape *shape, const struct parts *parts, bool is_own_host)
{
    for (size_t i = 0; !is_own_host && i < parts->count; i++) {
        if (is_part(&shape->parts[0], parts->at[i]))
            return i;
    }
    return 0;
}

static void copy_guid(struct lk_str guid, char ret[LK_ONELAKE_NAME_MAX])
{
    LK_CLEANUP(lk_buf_done) struct lk_buf lower = LK_BUF_INIT(64);

    put_lower(guid, &lower);
    memcpy(ret, lk_buf_cstr(&lower), lower.len + 1);
}

/* A lakehouse's address names the lakehouse. */
static void keep_lakehouse(const struct shape *shape, const struct parts *parts, size_t first,
                           struct lk_livy_endpoint *ret)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (shape->parts[i].kind == PART_GUID)
            copy_guid(parts->at[first + i], strcmp(shape->parts[i].name, "workspace") == 0
                                                ? ret->lakehouse.workspace
                                                : ret->lakehouse.item);
    }
}

static enum lk_status read_shaped(const struct lk_url *url, const struct shape *shape,
                                  bool is_own_host, struct parts *parts,
                                  struct lk_livy_endpoint *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf base = LK_BUF_INIT(4096);
    size_t first;
    enum lk_status st;

    drop_collection(parts);
    if (!parts->count && shape->may_be_left_out)
        for (size_t i = 0; i < shape->count; i++)
            parts->at[parts->count++] = lk_str_from(shape->parts[i].name);
    first = begin_of_shape(shape, parts, is_own_host);
    st = check_parts(shape, parts, first, err);
    if (st)
        return st;
    put_origin(url, &base);
    for (size_t i = 0; i < first; i++)
        lk_buf_printf(&base, "/%.*s", LK_STR_ARGS(parts->at[i]));
    for (size_t i = 0; i < shape->count; i++)
        put_part(&shape->parts[i], parts->at[first + i], &base);
    keep_lakehouse(shape, parts, first, ret);
    return keep_base(&base, ret, err);
}

/* ---- addresses of any shape ---------------------------------------------------------------- */

/* Livy's own pages: …/ui, …/ui/batch/3/log, …/ui/session/3. */
static bool is_page(const struct parts *parts, size_t i)
{
    return lk_str_eq(parts->at[i], LK_STR("ui")) &&
           (i + 1 == parts->count || lk_str_eq(parts->at[i + 1], LK_STR("batch")) ||
            lk_str_eq(parts->at[i + 1], LK_STR("session")));
}

static void drop_page(struct parts *parts)
{
    for (size_t i = parts->count; i-- > 0;)
        if (is_page(parts, i))
            parts->count = i;
}

static enum lk_status check_plain_part(const struct shape *shape, struct lk_str part,
                                       struct lk_error *err)
{
    bool is_dots = lk_str_eq(part, LK_STR(".")) || lk_str_eq(part, LK_STR(".."));

    if (is_dots)
        lk_error_set(err, LK_INVALID, "BadAddress", "the address has '%.*s' as a part of its path",
                     LK_STR_ARGS(part));
    else if (is_collection(part))
        lk_error_set(err, LK_INVALID, "BadAddress",
                     "the address goes on behind '%.*s': it is that of one batch or session",
                     LK_STR_ARGS(part));
    else
        return LK_OK;
    return next_for(shape, err);
}

static enum lk_status read_plain(const struct lk_url *url, const struct shape *shape,
                                 struct parts *parts, struct lk_livy_endpoint *ret,
                                 struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf base = LK_BUF_INIT(4096);
    enum lk_status st = LK_OK;

    drop_collection(parts);
    drop_page(parts);
    put_origin(url, &base);
    for (size_t i = 0; i < parts->count && !st; i++) {
        st = check_plain_part(shape, parts->at[i], err);
        lk_buf_printf(&base, "/%.*s", LK_STR_ARGS(parts->at[i]));
    }
    return st ? st : keep_base(&base, ret, err);
}

enum lk_status lk_livy_address_read(const struct lk_url *url, bool is_own_host,
                                    struct lk_livy_endpoint *ret, struct lk_error *err)
{
    const struct shape *shape = shape_of(ret->profile);
    struct parts parts;
    enum lk_status st = split_path(url->path, &parts, err);

    if (st)
        return st;
    if (shape->free_elsewhere && !is_own_host)
        return read_plain(url, shape, &parts, ret, err);
    return read_shaped(url, shape, is_own_host, &parts, ret, err);
}
