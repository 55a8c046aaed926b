#include "base/json.h"

#include <stdarg.h>
#include <string.h>

void lk_json_unref(json_t **json)
{
    json_decref(*json);
    *json = NULL;
}

/* jansson's own limit is too generous for recursion on a thread's stack. */
static bool is_too_deep(struct lk_str text)
{
    bool in_string = false;
    int depth = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '[') && ++depth > LK_JSON_DEPTH_MAX)
            return true;
        else if (!in_string && (c == '}' || c == ']'))
            depth--;
    }
    return false;
}

static enum lk_status say_broken(const char *what, const json_error_t *why, struct lk_error *err)
{
    struct lk_str words = lk_str_from(why->text);

    /* jansson quotes the input after "near", and that may be a token. */
    words = lk_str_slice(words, 0, lk_str_find(words, LK_STR(" near ")));
    if (lk_str_starts(words, LK_STR("duplicate object key")))
        words = LK_STR("an object has the same key twice");
    return lk_error_set(err, LK_PROTOCOL, "BadJson",
                        "%s is not valid JSON: line %d, column %d: %.*s", what, why->line,
                        why->column, LK_STR_ARGS(words));
}

enum lk_status lk_json_parse(struct lk_str text, const char *what, json_t **ret,
                             struct lk_error *err)
{
    /* NUL is a character like others in JSON; lk_json_str() carries the length. */
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL;
    json_error_t why;
    json_t *json;

    if (is_too_deep(text))
        return lk_error_set(err, LK_PROTOCOL, "BadJson",
                            "%s is not taken: JSON nested more than %d levels deep", what,
                            LK_JSON_DEPTH_MAX);
    json = json_loadb(text.len ? text.ptr : "", text.len, flags, &why);
    if (!json)
        return say_broken(what, &why, err);
    *ret = json;
    return LK_OK;
}

static const char *type_name(enum lk_json_type type)
{
    static const char *const names[] = {
        [LK_JSON_STR] = "a string",   [LK_JSON_I64] = "a whole number",
        [LK_JSON_BOOL] = "a boolean", [LK_JSON_OBJECT] = "an object",
        [LK_JSON_ARRAY] = "an array", [LK_JSON_ANY] = "a value",
    };

    return names[type];
}

static bool read_i64(const json_t *value, int64_t *ret)
{
    /* Up to here every whole number has its own double. */
    const double exact = 9007199254740992.0;
    double real = json_real_value(value);

    if (json_is_string(value))
        return lk_str_to_i64(lk_json_str(value), ret);
    if (json_is_real(value)) {
        if (!(real >= -exact && real <= exact) || real != (double)(int64_t)real)
            return false;
        *ret = (int64_t)real;
        return true;
    }
    *ret = json_integer_value(value);
    return json_is_integer(value);
}

static bool read_bool(const json_t *value, bool *ret)
{
    bool yes = json_is_true(value) || lk_str_eq_nocase(lk_json_str(value), LK_STR("true"));
    bool no = json_is_false(value) || lk_str_eq_nocase(lk_json_str(value), LK_STR("false"));

    *ret = yes;
    return yes || no;
}

/* Writes value to the member at target; false when its type is another. */
static bool read_value(json_t *value, enum lk_json_type type, char *target)
{
    int64_t number;
    bool truth;

    switch (type) {
    case LK_JSON_STR:
        if (!json_is_string(value))
            return false;
        memcpy(target, &(struct lk_str){json_string_value(value), json_string_length(value)},
               sizeof(struct lk_str));
        return true;
    case LK_JSON_I64:
        if (!read_i64(value, &number))
            return false;
        memcpy(target, &number, sizeof(number));
        return true;
    case LK_JSON_BOOL:
        if (!read_bool(value, &truth))
            return false;
        memcpy(target, &truth, sizeof(truth));
        return true;
    case LK_JSON_OBJECT:
        if (!json_is_object(value))
            return false;
        break;
    case LK_JSON_ARRAY:
        if (!json_is_array(value))
            return false;
        break;
    case LK_JSON_ANY:
        break;
    }
    memcpy(target, &value, sizeof(value));
    return true;
}

enum lk_status lk_json_read(const json_t *object, const char *what,
                            const struct lk_json_field *fields, size_t count, void *ret,
                            struct lk_error *err)
{
    if (!json_is_object(object))
        return lk_error_set(err, LK_PROTOCOL, "BadJson", "%s is not a JSON object", what);
    for (size_t i = 0; i < count; i++) {
        const struct lk_json_field *field = &fields[i];
        json_t *value = json_object_get(object, field->name);

        if (!value || json_is_null(value)) {
            if (!field->required)
                continue;
            return lk_error_set(err, LK_PROTOCOL, "BadJson", "%s has no \"%s\"", what, field->name);
        }
        if (!read_value(value, field->type, (char *)ret + field->offset))
            return lk_error_set(err, LK_PROTOCOL, "BadJson", "%s: \"%s\" is not %s", what,
                                field->name, type_name(field->type));
    }
    return LK_OK;
}

struct lk_str lk_json_get_str(const json_t *object, const char *name)
{
    return lk_json_str(json_object_get(object, name));
}

struct lk_str lk_json_str(const json_t *string)
{
    if (!json_is_string(string))
        return LK_STR_EMPTY;
    return (struct lk_str){json_string_value(string), json_string_length(string)};
}

static json_t *new_string(struct lk_str valid)
{
    json_t *json = json_stringn_nocheck(valid.len ? valid.ptr : "", valid.len);

    /* jansson answers NULL only when memory is out; lk_json_text() must not. */
    return json ? json : json_null();
}

json_t *lk_json_text(struct lk_str s)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf clean = LK_BUF_INIT(SIZE_MAX);

    if (lk_str_is_utf8(s))
        return new_string(s);
    while (s.len) {
        size_t valid = lk_str_utf8_prefix(s);

        lk_buf_put(&clean, lk_str_slice(s, 0, valid));
        if (valid < s.len)
            lk_buf_put(&clean, LK_STR("\xEF\xBF\xBD"));
        s = lk_str_slice(s, valid + 1, s.len);
    }
    return new_string(lk_buf_view(&clean));
}

json_t *lk_json_textf(const char *fmt, ...)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(SIZE_MAX);
    va_list args;

    va_start(args, fmt);
    lk_buf_vprintf(&text, fmt, args);
    va_end(args);
    return lk_json_text(lk_buf_view(&text));
}

void lk_json_set_text(json_t *object, const char *name, struct lk_str s)
{
    if (s.len)
        (void)json_object_set_new(object, name, lk_json_text(s));
}

static int put_dump(const char *bytes, size_t len, void *data)
{
    struct lk_buf *ret = data;

    lk_buf_put(ret, (struct lk_str){bytes, len});
    return ret->full ? -1 : 0; /* no use in going on */
}

void lk_json_write(const json_t *json, bool pretty, struct lk_buf *ret)
{
    size_t flags = JSON_ENCODE_ANY | (pretty ? JSON_INDENT(2) : JSON_COMPACT);

    (void)json_dump_callback(json, put_dump, ret, flags);
}
