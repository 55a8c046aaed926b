#include "local/livy_apache_request.h"

#include "base/encoding.h"
#include "local/livy_request.h"

#include <string.h>

enum { TEXT_MAX = 64 * 1024 };

enum field_type { FIELD_TEXT, FIELD_LIST, FIELD_MAP, FIELD_COUNT };
enum { APACHE = 1 << LOCAL_LIVY_APACHE, SYNAPSE = 1 << LOCAL_LIVY_SYNAPSE };

static const struct {
    const char *name;
    enum field_type type;
    unsigned dialects;
} fields[] = {
    {"executorCores", FIELD_COUNT, APACHE | SYNAPSE},
    {"className", FIELD_TEXT, APACHE | SYNAPSE},
    {"conf", FIELD_MAP, APACHE | SYNAPSE},
    {"driverMemory", FIELD_TEXT, APACHE | SYNAPSE},
    {"name", FIELD_TEXT, APACHE | SYNAPSE},
    {"driverCores", FIELD_COUNT, APACHE | SYNAPSE},
    {"pyFiles", FIELD_LIST, APACHE | SYNAPSE},
    {"archives", FIELD_LIST, APACHE | SYNAPSE},
    {"executorMemory", FIELD_TEXT, APACHE | SYNAPSE},
    {"files", FIELD_LIST, APACHE | SYNAPSE},
    {"jars", FIELD_LIST, APACHE | SYNAPSE},
    {"proxyUser", FIELD_TEXT, APACHE},
    {"numExecutors", FIELD_COUNT, APACHE | SYNAPSE},
    {"file", FIELD_TEXT, APACHE | SYNAPSE},
    {"args", FIELD_LIST, APACHE | SYNAPSE},
    {"queue", FIELD_TEXT, APACHE},
    {"tags", FIELD_MAP, SYNAPSE},
    {"artifactId", FIELD_TEXT, SYNAPSE},
};

/* ---- the words of Livy's JSON reader ------------------------------------------------------- */

#define SOURCE "\n at [Source: (org.eclipse.jetty.server.HttpInputOverHTTP); line: %d, column: %d]"

static enum lk_status unknown_field(const char *name, struct lk_str body, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf known = LK_BUF_INIT(1024);
    size_t count = 0;

    for (size_t i = 0; i < LK_COUNT(fields); i++) {
        if (fields[i].dialects & APACHE)
            lk_buf_printf(&known, "%s\"%s\"", count++ ? ", " : "", fields[i].name);
    }
    return lk_error_set(
        err, LK_INVALID, "InvalidInput",
        "Unrecognized field \"%.64s\" (class org.apache.livy.server.batch."
        "CreateBatchRequest), not marked as ignorable (%zu known properties: %s])" SOURCE
        " (through reference chain: org.apache.livy.server.batch."
        "CreateBatchRequest[\"%.64s\"])",
        name, count, lk_buf_cstr(&known), 1, (int)body.len, name);
}

static enum lk_status wrong_type(const char *name, const char *wanted, const json_t *value,
                                 struct lk_str body, struct lk_error *err)
{
    static const struct {
        const char *what, *token;
    } kinds[] = {
        [JSON_OBJECT] = {"Object value", "START_OBJECT"},
        [JSON_ARRAY] = {"Array value", "START_ARRAY"},
        [JSON_STRING] = {"String value", "VALUE_STRING"},
        [JSON_INTEGER] = {"Integer value", "VALUE_NUMBER_INT"},
        [JSON_REAL] = {"Floating-point value", "VALUE_NUMBER_FLOAT"},
        [JSON_TRUE] = {"Boolean value", "VALUE_TRUE"},
        [JSON_FALSE] = {"Boolean value", "VALUE_FALSE"},
        [JSON_NULL] = {"Null value", "VALUE_NULL"},
    };
    enum { KINDS = sizeof kinds / sizeof kinds[0] };
    size_t kind = (size_t)json_typeof(value) < KINDS ? (size_t)json_typeof(value) : JSON_NULL;

    return lk_error_set(
        err, LK_INVALID, "InvalidInput",
        "Cannot deserialize value of type `%s` from %s (token `JsonToken.%s`)" SOURCE
        " (through reference chain: org.apache.livy.server.batch."
        "CreateBatchRequest[\"%.64s\"])",
        wanted, kinds[kind].what, kinds[kind].token, 1, (int)body.len, name);
}

static enum lk_status bad_json(struct lk_str body, struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(LOCAL_LIVY_REQUEST_MAX);
    json_error_t why;

    if (!lk_str_trim(body).len)
        return lk_error_set(err, LK_INVALID, "InvalidInput",
                            "No content to map due to end-of-input" SOURCE, 1, 0);
    lk_buf_put(&text, body);
    json = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &why);
    if (!json && json_error_code(&why) == json_error_premature_end_of_input)
        return lk_error_set(err, LK_INVALID, "InvalidInput",
                            "Unexpected end-of-input within/between Object entries" SOURCE,
                            why.line, (int)body.len + 1);
    return lk_error_set(err, LK_INVALID, "InvalidInput", "Unexpected input: %.200s" SOURCE,
                        json ? "not an Object" : why.text, json ? 1 : why.line,
                        json ? 1 : why.column);
}

/* ---- one field ----------------------------------------------------------------------------- */

static bool is_scalar(const json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

/* New. As the reader makes text of 5, 2.5 and true. */
static json_t *to_text(const json_t *value)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(TEXT_MAX);

    if (json_is_string(value))
        return json_copy((json_t *)value);
    lk_json_write(value, false, &text);
    return lk_json_text(lk_buf_view(&text));
}

static enum lk_status read_list(const char *name, const json_t *value, struct lk_str body,
                                json_t *list, struct lk_error *err)
{
    const json_t *item;
    size_t i;

    if (!json_is_array(value))
        return wrong_type(name, "scala.collection.immutable.List<java.lang.String>", value, body,
                          err);
    json_array_foreach(value, i, item)
    {
        if (!is_scalar(item))
            return wrong_type(name, "java.lang.String", item, body, err);
        json_array_append_new(list, to_text(item));
    }
    return LK_OK;
}

static enum lk_status read_map(const char *name, const json_t *value, struct lk_str body,
                               json_t *map, struct lk_error *err)
{
    const char *key;
    json_t *item;

    if (!json_is_object(value))
        return wrong_type(name, "scala.collection.immutable.Map<java.lang.String,java.lang.String>",
                          value, body, err);
    json_object_foreach((json_t *)value, key, item)
    {
        if (!is_scalar(item))
            return wrong_type(name, "java.lang.String", item, body, err);
        /* spark-submit takes --conf as key=value. */
        if (!*key || strpbrk(key, "= \t\r\n"))
            return lk_error_set(err, LK_INVALID, "InvalidInput", "'%.64s' is no Spark property.",
                                key);
        if (!json_is_null(item))
            json_object_set_new(map, key, to_text(item));
    }
    return LK_OK;
}

static enum lk_status read_count(const char *name, const json_t *value, struct lk_str body,
                                 json_int_t *ret, struct lk_error *err)
{
    int64_t number = json_integer_value(value);

    if (!json_is_integer(value) && !lk_str_to_i64(lk_json_str(value), &number))
        return wrong_type(name, "java.lang.Integer", value, body, err);
    if (number < INT32_MIN || number > INT32_MAX)
        return wrong_type(name, "int", value, body, err);
    *ret = number;
    return LK_OK;
}

static enum lk_status read_field(size_t field, const json_t *value, struct lk_str body, json_t *to,
                                 struct lk_error *err)
{
    const char *name = fields[field].name;
    json_t *made = NULL;
    json_int_t count = 0;
    enum lk_status st = LK_OK;

    switch (fields[field].type) {
    case FIELD_TEXT:
        if (!is_scalar(value))
            return wrong_type(name, "java.lang.String", value, body, err);
        made = to_text(value);
        break;
    case FIELD_LIST:
        made = json_array();
        st = read_list(name, value, body, made, err);
        break;
    case FIELD_MAP:
        made = json_object();
        st = read_map(name, value, body, made, err);
        break;
    case FIELD_COUNT:
        st = read_count(name, value, body, &count, err);
        made = json_integer(count);
        break;
    }
    json_object_set_new(to, name, made);
    return st;
}

enum lk_status local_livy_apache_read(enum local_livy_dialect dialect, struct lk_str body,
                                      json_t **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    LK_CLEANUP(lk_json_unref) json_t *request = json_object();
    const char *name;
    json_t *value;
    enum lk_status st = LK_OK;

    if (body.len > LOCAL_LIVY_REQUEST_MAX)
        return lk_error_set(err, LK_LIMIT, "RequestTooLarge",
                            "The request is longer than %d bytes.", LOCAL_LIVY_REQUEST_MAX);
    if (lk_json_parse(body, "CreateBatchRequest", &json, NULL) || !json_is_object(json))
        return bad_json(body, err);
    json_object_foreach(json, name, value)
    {
        size_t i = 0;

        while (i < LK_COUNT(fields) &&
               (strcmp(fields[i].name, name) != 0 || !(fields[i].dialects & 1U << dialect)))
            i++;
        if (i == LK_COUNT(fields))
            return unknown_field(name, body, err);
        if (!json_is_null(value))
            st = read_field(i, value, body, request, err);
        if (st)
            return st;
    }
    *ret = request;
    request = NULL;
    return LK_OK;
}

/* ---- the checks after that ----------------------------------------------------------------- */

static bool has_scheme(struct lk_str uri)
{
    size_t colon = lk_str_find_char(uri, ':');

    return colon > 0 && colon < uri.len && lk_str_find_char(uri, '/') > colon;
}

bool local_livy_local_path(struct lk_str uri, struct lk_buf *ret)
{
    struct lk_str path = uri;

    if (has_scheme(uri)) {
        if (!lk_str_starts_nocase(uri, LK_STR("file:")))
            return false;
        path = lk_str_slice(uri, 5, uri.len);
        if (lk_str_starts(path, LK_STR("///")))
            path = lk_str_slice(path, 2, path.len);
        if (lk_str_starts(path, LK_STR("//")))
            return false; /* another machine's file */
    }
    return lk_percent_decode(path, false, ret) && !ret->full;
}

/* Stricter than Livy, which compares beginnings: no way up, and whole names only. */
static bool is_allowed(struct lk_str path, const char *const *folders)
{
    struct lk_str rest = path, segment;

    while (rest.len) {
        lk_str_split(rest, '/', &segment, &rest);
        if (lk_str_eq(segment, LK_STR("..")) || lk_str_find_char(segment, '\0') < segment.len)
            return false;
    }
    for (; *folders; folders++) {
        struct lk_str folder = lk_str_from(*folders);
        if (lk_str_starts(path, folder) && path.len > folder.len && path.ptr[folder.len] == '/')
            return true;
    }
    return false;
}

static enum lk_status check_path(struct lk_str uri, const char *const *folders,
                                 struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf path = LK_BUF_INIT(TEXT_MAX);
    struct lk_str alias;

    lk_str_split(uri, '#', &uri, &alias);
    if (!has_scheme(uri) && !lk_str_starts(uri, LK_STR("/")))
        return lk_error_set(err, LK_INVALID, "InvalidInput",
                            "requirement failed: Path '%.*s' is not absolute.", LK_STR_ARGS(uri));
    if (has_scheme(uri) && !lk_str_starts_nocase(uri, LK_STR("file:")))
        return LK_OK;
    if (local_livy_local_path(uri, &path) && is_allowed(lk_buf_view(&path), folders))
        return LK_OK;
    return lk_error_set(err, LK_INVALID, "InvalidInput",
                        "requirement failed: Local path %.*s cannot be added to user sessions.",
                        LK_STR_ARGS(path.len ? lk_buf_view(&path) : uri));
}

enum lk_status local_livy_apache_check(const json_t *request, const char *const *folders,
                                       const char *refused, struct lk_error *err)
{
    static const char *const lists[] = {"jars", "files", "archives", "pyFiles"};
    const json_t *item;
    enum lk_status st;
    size_t i;

    if (refused && json_object_get(json_object_get(request, "conf"), refused))
        return lk_error_set(err, LK_INVALID, "InvalidInput",
                            "Blacklisted configuration values in session config: %s", refused);
    for (size_t at = 0; at < LK_COUNT(lists); at++) {
        json_array_foreach(json_object_get(request, lists[at]), i, item)
        {
            st = check_path(lk_json_str(item), folders, err);
            if (st)
                return st;
        }
    }
    if (!json_object_get(request, "file"))
        return lk_error_set(err, LK_INVALID, "InvalidInput",
                            "requirement failed: File is required.");
    return check_path(lk_json_get_str(request, "file"), folders, err);
}
