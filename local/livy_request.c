#include "local/livy_request.h"

#include <string.h>

enum field_type { FIELD_TEXT, FIELD_LIST, FIELD_MAP, FIELD_COUNT };

static const struct {
    const char *name;
    enum field_type type;
} fields[] = {
    {"name", FIELD_TEXT},
    {"file", FIELD_TEXT},
    {"className", FIELD_TEXT},
    {"args", FIELD_LIST},
    {"jars", FIELD_LIST},
    {"files", FIELD_LIST},
    {"pyFiles", FIELD_LIST},
    {"archives", FIELD_LIST},
    {"conf", FIELD_MAP},
    {"tags", FIELD_MAP},
    {"driverMemory", FIELD_TEXT},
    {"driverCores", FIELD_COUNT},
    {"executorMemory", FIELD_TEXT},
    {"executorCores", FIELD_COUNT},
    {"numExecutors", FIELD_COUNT},
};

static bool is_list_of_text(const json_t *list)
{
    size_t i;
    json_t *item;

    json_array_foreach(list, i, item)
    {
        if (!json_is_string(item))
            return false;
    }
    return json_is_array(list);
}

static bool is_map_of_text(const json_t *map)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)map, key, value)
    {
        if (!json_is_string(value) || !*key)
            return false;
    }
    return json_is_object(map);
}

static enum lk_status check_field(const char *name, const json_t *value, enum field_type type,
                                  struct lk_error *err)
{
    static const char *const wanted[] = {"a string", "a list of strings",
                                         "an object whose values are strings",
                                         "an integer from 1 to 10000"};
    bool ok = false;

    switch (type) {
    case FIELD_TEXT:
        ok = json_is_string(value);
        break;
    case FIELD_LIST:
        ok = is_list_of_text(value);
        break;
    case FIELD_MAP:
        ok = is_map_of_text(value);
        break;
    case FIELD_COUNT:
        ok = json_is_integer(value) && json_integer_value(value) >= 1 &&
             json_integer_value(value) <= 10000;
        break;
    }
    if (ok)
        return LK_OK;
    return lk_error_set(err, LK_INVALID, "InvalidInput", "'%s' must be %s.", name, wanted[type]);
}

static enum lk_status check_member(const char *name, const json_t *value, struct lk_error *err)
{
    for (size_t i = 0; i < LK_COUNT(fields); i++) {
        if (strcmp(fields[i].name, name) == 0)
            return check_field(name, value, fields[i].type, err);
    }
    return lk_error_set(err, LK_INVALID, "InvalidInput", "Unknown field '%.64s' in BatchRequest.",
                        name);
}

/* Its value is text that is JSON again: where people slip (livy.md §0, §1.3). */
static enum lk_status check_environment(const json_t *conf, struct lk_error *err)
{
    static const char name[] = "spark.fabric.environmentDetails";
    struct lk_str text = lk_json_get_str(conf, name);
    LK_CLEANUP(lk_json_unref) json_t *details = NULL;

    if (!json_object_get(conf, name))
        return LK_OK;
    if (lk_json_parse(text, name, &details, NULL) == LK_OK &&
        lk_str_is_guid(lk_json_get_str(details, "id")))
        return LK_OK;
    return lk_error_set(err, LK_INVALID, "InvalidInput",
                        "'%s' must be a string that holds {\"id\":\"<guid>\"}.", name);
}

/* spark-submit takes --conf as key=value. */
static enum lk_status check_conf(const json_t *conf, struct lk_error *err)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)conf, key, value)
    {
        if (strpbrk(key, "= \t\r\n"))
            return lk_error_set(err, LK_INVALID, "InvalidInput",
                                "'conf' has the key '%.64s', which is no Spark property.", key);
    }
    return check_environment(conf, err);
}

enum lk_status local_livy_request_read(struct lk_str body, json_t **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *request = NULL;
    const char *name;
    json_t *value;
    enum lk_status st;

    if (body.len > LOCAL_LIVY_REQUEST_MAX)
        return lk_error_set(err, LK_LIMIT, "RequestTooLarge",
                            "The request is longer than %d bytes.", LOCAL_LIVY_REQUEST_MAX);
    st = lk_json_parse(body, "BatchRequest", &request, err);
    if (st)
        return lk_error_set(err, LK_INVALID, "InvalidInput", "The body is no valid JSON.");
    if (!json_is_object(request))
        return lk_error_set(err, LK_INVALID, "InvalidInput", "The body is no JSON object.");
    json_object_foreach(request, name, value)
    {
        st = check_member(name, value, err);
        if (st)
            return st;
    }
    if (lk_json_get_str(request, "file").len == 0)
        return lk_error_set(err, LK_INVALID, "InvalidInput", "'file' is required.");
    if (lk_json_get_str(request, "name").len > 256)
        return lk_error_set(err, LK_INVALID, "InvalidInput", "'name' is longer than 256 bytes.");
    st = check_conf(json_object_get(request, "conf"), err);
    if (st)
        return st;
    *ret = request;
    request = NULL;
    return LK_OK;
}
