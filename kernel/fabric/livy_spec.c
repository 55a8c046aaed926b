#include "fabric/livy_batch.h"
#include "fabric/livy_marker.h"

#include <string.h>

enum { SHOWN_MAX = 120, TEXT_MAX = 1 << 20 };

enum shape { SHAPE_TEXT, SHAPE_FILE, SHAPE_SIZE, SHAPE_LIST, SHAPE_FILES, SHAPE_MAP, SHAPE_COUNT };

static const struct spec_field {
    const char *name;
    enum shape shape;
    unsigned needs; /* enum lk_livy_field; 0: every service takes it */
} spec_fields[] = {
    {"name", SHAPE_TEXT, 0},
    {"file", SHAPE_FILE, 0},
    {"className", SHAPE_TEXT, 0},
    {"args", SHAPE_LIST, 0},
    {"jars", SHAPE_FILES, 0},
    {"files", SHAPE_FILES, 0},
    {"pyFiles", SHAPE_FILES, 0},
    {"archives", SHAPE_FILES, 0},
    {"conf", SHAPE_MAP, 0},
    {"tags", SHAPE_MAP, LK_LIVY_FIELD_TAGS},
    {"driverMemory", SHAPE_SIZE, 0},
    {"driverCores", SHAPE_COUNT, 0},
    {"executorMemory", SHAPE_SIZE, 0},
    {"executorCores", SHAPE_COUNT, 0},
    {"numExecutors", SHAPE_COUNT, 0},
    {"queue", SHAPE_TEXT, LK_LIVY_FIELD_QUEUE},
    {"proxyUser", SHAPE_TEXT, LK_LIVY_FIELD_PROXY_USER},
};

static const char environment_key[] = LK_LIVY_ENVIRONMENT_KEY;

void lk_livy_spec_done(struct lk_livy_spec *spec)
{
    lk_json_unref(&spec->body);
    lk_json_unref(&spec->warnings);
}

bool lk_livy_is_listed(struct lk_str text, const char *list)
{
    struct lk_str rest = lk_str_from(list), word;

    while (rest.len) {
        (void)lk_str_split(rest, '|', &word, &rest);
        if (lk_str_eq_nocase(word, text))
            return true;
    }
    return false;
}

/* ---- files --------------------------------------------------------------------------------- */

struct lk_str lk_livy_file_scheme(struct lk_str file)
{
    size_t colon = lk_str_find_char(file, ':');

    /* RFC 3986 §3.1: what comes before is a scheme when a path follows. */
    if (colon == file.len || lk_str_find_char(file, '/') != colon + 1)
        return LK_STR_EMPTY;
    return lk_str_slice(file, 0, colon);
}

enum lk_status lk_livy_file_check(const struct lk_livy_profile *profile, const char *field,
                                  struct lk_str file, struct lk_error *err)
{
    struct lk_str scheme = lk_livy_file_scheme(file), shown = lk_str_cut(file, SHOWN_MAX);

    if (scheme.len && !lk_livy_is_listed(scheme, profile->schemes_refused))
        return LK_OK;
    if (!scheme.len && profile->paths_without_scheme && lk_str_starts(file, LK_STR("/")))
        return LK_OK;
    if (scheme.len)
        lk_error_set(err, LK_INVALID, "BadFile",
                     "%s cannot read '%.*s' ('%s' of the batch request)", profile->title,
                     LK_STR_ARGS(shown), field);
    else
        lk_error_set(err, LK_INVALID, "BadFile",
                     "'%.*s' ('%s' of the batch request) does not say where the file is",
                     LK_STR_ARGS(shown), field);
    return lk_error_next(err, "%s reads %s.", profile->title, profile->file_places);
}

/* ---- one field ----------------------------------------------------------------------------- */

static enum lk_status refuse(struct lk_error *err, const char *name, const char *what,
                             const char *example)
{
    lk_error_set(err, LK_INVALID, "BadRequest", "'%.*s' in the batch request %s",
                 LK_STR_ARGS(lk_str_cut(lk_str_from(name), SHOWN_MAX)), what);
    return lk_error_next(err, "%s", example);
}

/* A number or boolean as the text that Spark reads; NULL for anything else that is no text. */
static json_t *text_of(const json_t *value)
{
    LK_CLEANUP(lk_free_ptr) char *real = NULL;

    if (json_is_string(value))
        return json_incref((json_t *)value);
    if (json_is_boolean(value))
        return json_string(json_is_true(value) ? "true" : "false");
    if (json_is_integer(value))
        return lk_json_textf("%lld", (long long)json_integer_value(value));
    if (!json_is_real(value))
        return NULL;
    real = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    return real ? json_string(real) : NULL;
}

static enum lk_status check_text(json_t *body, const char *name, struct lk_error *err)
{
    const json_t *value = json_object_get(body, name);

    if (!json_is_string(value) || !json_string_length(value))
        return refuse(err, name, "is no text, or empty", "It is a text in double quotes.");
    return LK_OK;
}

static enum lk_status check_count(json_t *body, const char *name, struct lk_error *err)
{
    json_t *value = json_object_get(body, name);
    int64_t count = json_integer_value(value);

    if (json_is_string(value) && lk_str_to_i64(lk_json_str(value), &count))
        json_object_set_new(body, name, json_integer(count));
    else if (!json_is_integer(value))
        return refuse(err, name, "is no whole number", "It is a number without quotes, such as 4.");
    if (count < 1 || count > INT32_MAX)
        return refuse(err, name, "is not between 1 and 2147483647", "It is a number such as 4.");
    return LK_OK;
}

static enum lk_status check_list(json_t *body, const char *name, struct lk_error *err)
{
    json_t *list = json_object_get(body, name);
    size_t count = json_array_size(list);

    if (!json_is_array(list))
        return refuse(err, name, "is no list", "It is a list of texts: [\"a\", \"b\"].");
    for (size_t i = 0; i < count; i++) {
        json_t *text = text_of(json_array_get(list, i));
        if (!text)
            return refuse(err, name, "holds something that is no text",
                          "It is a list of texts: [\"a\", \"b\"].");
        json_array_set_new(list, i, text);
    }
    return LK_OK;
}

static enum lk_status check_map(json_t *body, const char *name, struct lk_error *err)
{
    json_t *map = json_object_get(body, name), *value;
    const char *key;

    if (!json_is_object(map))
        return refuse(err, name, "is no object", "It is an object: {\"key\": \"value\"}.");
    json_object_foreach(map, key, value)
    {
        json_t *text = text_of(value);
        if (!text) {
            lk_error_set(err, LK_INVALID, "BadRequest",
                         "'%.*s' in '%s' of the batch request is no text, number or boolean",
                         LK_STR_ARGS(lk_str_cut(lk_str_from(key), SHOWN_MAX)), name);
            return lk_error_next(err, "A list or an object belongs there as text, in quotes.");
        }
        json_object_set_new(map, key, text);
    }
    return LK_OK;
}

static enum lk_status check_files(const struct lk_livy_profile *profile, json_t *body,
                                  const char *name, struct lk_error *err)
{
    enum lk_status st = check_list(body, name, err);
    json_t *list = json_object_get(body, name), *file;
    size_t i;

    if (st)
        return st;
    json_array_foreach(list, i, file)
    {
        st = lk_livy_file_check(profile, name, lk_json_str(file), err);
        if (st)
            return st;
    }
    return LK_OK;
}

/* As Spark reads it: digits and perhaps a unit, "28g", "512m", "4096". */
static enum lk_status check_size(json_t *body, const char *name, struct lk_error *err)
{
    json_t *value = json_object_get(body, name), *text = text_of(value);
    struct lk_str size = lk_json_str(text);
    size_t digits = 0;
    bool fits;

    while (digits < size.len && size.ptr[digits] >= '0' && size.ptr[digits] <= '9')
        digits++;
    fits = digits && (digits == size.len || lk_livy_is_listed(lk_str_slice(size, digits, size.len),
                                                              "k|kb|m|mb|g|gb|t|tb"));
    if (fits)
        json_object_set(body, name, text);
    json_decref(text);
    if (fits)
        return LK_OK;
    return refuse(err, name, "is no amount of memory", "It is a number and a unit, such as 28g.");
}

static enum lk_status check_shape(const struct lk_livy_profile *profile, json_t *body,
                                  const struct spec_field *field, struct lk_error *err)
{
    enum lk_status st;

    switch (field->shape) {
    case SHAPE_TEXT:
        return check_text(body, field->name, err);
    case SHAPE_FILE:
        st = check_text(body, field->name, err);
        return st ? st
                  : lk_livy_file_check(profile, field->name, lk_json_get_str(body, field->name),
                                       err);
    case SHAPE_SIZE:
        return check_size(body, field->name, err);
    case SHAPE_FILES:
        return check_files(profile, body, field->name, err);
    case SHAPE_COUNT:
        return check_count(body, field->name, err);
    case SHAPE_LIST:
        return check_list(body, field->name, err);
    case SHAPE_MAP:
        break;
    }
    return check_map(body, field->name, err);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static enum lk_status refuse_unknown(struct lk_str name, struct lk_error *err)
{
    struct lk_str shown = lk_str_cut(name, SHOWN_MAX);
    size_t best = SIZE_MAX, nearest = 0;

    for (size_t i = 0; i < LK_COUNT(spec_fields); i++) {
        struct lk_str known = lk_str_from(spec_fields[i].name);
        size_t distance = lk_str_eq_nocase(name, known) ? 0 : lk_str_distance(name, known);
        if (distance < best) {
            best = distance;
            nearest = i;
        }
    }
    lk_error_set(err, LK_INVALID, "UnknownField", "a batch request has no field '%.*s'",
                 LK_STR_ARGS(shown));
    if (best <= 3)
        return lk_error_next(err, "Did you mean %s?", spec_fields[nearest].name);
    return lk_error_next(err, "Spark settings belong into \"conf\".");
}

/* What to do without a field that other services have. */
static enum lk_status next_unsupported(const struct lk_livy_profile *profile, unsigned field,
                                       struct lk_error *err)
{
    if (field & LK_LIVY_FIELD_TAGS)
        return lk_error_next(err, "Leave it out: what tells batches apart there is their --name.");
    if ((field & LK_LIVY_FIELD_QUEUE) && (profile->fields & LK_LIVY_FIELD_ENVIRONMENT))
        return lk_error_next(err, "Leave it out: the capacity and the --environment decide where "
                                  "a batch runs.");
    if (field & LK_LIVY_FIELD_PROXY_USER)
        return lk_error_next(err, "Leave it out: a batch runs as who submits it; `%%entra login` "
                                  "chooses.");
    return lk_error_next(err, "Leave it out.");
}

static enum lk_status check_fields(const struct lk_livy_profile *profile, json_t *body,
                                   struct lk_error *err)
{
    const char *name;
    json_t *value;
    void *spare;

    json_object_foreach_safe(body, spare, name, value)
    {
        const struct spec_field *field = NULL;
        enum lk_status st;
        for (size_t i = 0; i < LK_COUNT(spec_fields) && !field; i++)
            if (strcmp(name, spec_fields[i].name) == 0)
                field = &spec_fields[i];
        if (!field)
            return refuse_unknown(lk_str_from(name), err);
        if (json_is_null(value)) {
            json_object_del(body, field->name);
            continue;
        }
        if (field->needs & ~profile->fields) {
            lk_error_set(err, LK_UNSUPPORTED, "UnsupportedField",
                         "%s takes no '%s' in a batch request", profile->title, field->name);
            return next_unsupported(profile, field->needs, err);
        }
        st = check_shape(profile, body, field, err);
        if (st)
            return st;
    }
    return LK_OK;
}

/* The documentation's own sample is no JSON, and what Fabric cannot read it ignores. */
static enum lk_status check_environment(const struct lk_livy_profile *profile, const json_t *body,
                                        struct lk_error *err)
{
    struct lk_str text = lk_json_get_str(json_object_get(body, "conf"), environment_key);
    LK_CLEANUP(lk_json_unref) json_t *details = NULL;

    if (!text.ptr)
        return LK_OK;
    if (!(profile->fields & LK_LIVY_FIELD_ENVIRONMENT)) {
        lk_error_set(err, LK_UNSUPPORTED, "UnsupportedField", "%s has no environments",
                     profile->title);
        return lk_error_next(err, "Leave --environment out.");
    }
    if (lk_json_parse(text, environment_key, &details, NULL) == LK_OK &&
        lk_str_is_guid(lk_json_get_str(details, "id")))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "BadEnvironment",
                 "conf \"%s\" is no JSON text with the environment's id", environment_key);
    return lk_error_next(err, "Use --environment GUID, which writes it.");
}

static enum lk_status check_conf(const struct lk_livy_profile *profile, const json_t *body,
                                 struct lk_error *err)
{
    const char *key;
    json_t *value;

    json_object_foreach(json_object_get(body, "conf"), key, value)
    {
        if (!lk_livy_is_listed(lk_str_from(key), profile->conf_refused))
            continue;
        lk_error_set(err, LK_UNSUPPORTED, "UnsupportedSetting", "%s refuses the setting '%s'",
                     profile->title, key);
        return lk_error_next(err, "Leave it out: the service's own configuration decides it.");
    }
    return check_environment(profile, body, err);
}

static enum lk_status check_name(const struct lk_livy_profile *profile, const json_t *body,
                                 struct lk_error *err)
{
    struct lk_str name = lk_json_get_str(body, "name");
    size_t max = LK_BATCH_TEXT_MAX - 1 -
                 (profile->marker == LK_LIVY_MARKER_NAME ? (size_t)LK_MARKER_LEN : 0);
    int64_t number;

    if (!name.len && profile->name_is_required) {
        lk_error_set(err, LK_INVALID, "NoName", "%s wants a name for a batch", profile->title);
        return lk_error_next(err, "--name NAME");
    }
    if (profile->name_is_unique && lk_str_to_i64(name, &number)) {
        lk_error_set(err, LK_INVALID, "BadName", "%s takes no name of digits alone",
                     profile->title);
        return lk_error_next(err, "--name NAME");
    }
    if (name.len > max) {
        lk_error_set(err, LK_INVALID, "BadName", "the batch's name is longer than %zu bytes", max);
        return lk_error_next(err, "--name NAME");
    }
    return LK_OK;
}

enum lk_status lk_livy_spec_check(const struct lk_livy_profile *profile, struct lk_livy_spec *spec,
                                  struct lk_error *err)
{
    enum lk_status st;

    if (!json_is_object(spec->body)) {
        lk_error_set(err, LK_INVALID, "BadRequest", "the batch request is no JSON object");
        return lk_error_next(err, "{\"name\": \"…\", \"file\": \"abfss://…\", \"conf\": {}}");
    }
    st = check_fields(profile, spec->body, err);
    if (!st && !json_object_get(spec->body, "file")) {
        lk_error_set(err, LK_INVALID, "NoFile", "the batch request names no file to run");
        st = lk_error_next(err, "Add \"file\": %s reads %s.", profile->title, profile->file_places);
    }
    if (!st)
        st = check_name(profile, spec->body, err);
    return st ? st : check_conf(profile, spec->body, err);
}

enum lk_status lk_livy_spec_environment(struct lk_livy_spec *spec, struct lk_str guid,
                                        struct lk_error *err)
{
    json_t *conf = json_object_get(spec->body, "conf");

    if (!lk_str_is_guid(guid)) {
        lk_error_set(err, LK_INVALID, "NoGuid", "the environment '%.*s' is no GUID",
                     lk_str_is_utf8(guid) ? (int)lk_str_cut(guid, SHOWN_MAX).len : 0, guid.ptr);
        return lk_error_next(err, "It is the last GUID in the address of the environment's page.");
    }
    if (conf && !json_is_object(conf))
        return refuse(err, "conf", "is no object", "It is an object: {\"key\": \"value\"}.");
    if (!conf) {
        conf = json_object();
        json_object_set_new(spec->body, "conf", conf);
    }
    json_object_set_new(conf, environment_key,
                        lk_json_textf("{\"id\":\"%.*s\"}", LK_STR_ARGS(guid)));
    return LK_OK;
}
