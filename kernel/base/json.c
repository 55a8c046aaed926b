#include "base/json.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void lk_json_unref(json_t **json)
{
    json_decref(*json);
    *json = NULL;
}

/* jansson has a depth limit of its own, but far above ours. */
static bool too_deep(const json_t *json, int left)
{
    const char *key;
    json_t *item;
    size_t i;

    if (!left)
        return json_is_object(json) || json_is_array(json);
    json_array_foreach((json_t *)json, i, item) if (too_deep(item, left - 1)) return true;
    json_object_foreach((json_t *)json, key, item) if (too_deep(item, left - 1)) return true;
    return false;
}

enum lk_status lk_json_parse(struct lk_str text, const char *what, json_t **ret,
                             struct lk_error *err)
{
    json_error_t why;
    json_t *json = json_loadb(text.len ? text.ptr : "", text.len,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);

    if (!json)
        return lk_error_set(err, LK_PROTOCOL, "BadJson", "%s is no JSON (line %d, column %d: %s)",
                            what, why.line, why.column,
                            lk_str_is_utf8(lk_str_from(why.text)) ? why.text : "invalid UTF-8");
    if (too_deep(json, LK_JSON_DEPTH_MAX)) {
        json_decref(json);
        return lk_error_set(err, LK_PROTOCOL, "BadJson", "%s is nested deeper than %d", what,
                            LK_JSON_DEPTH_MAX);
    }
    *ret = json;
    return LK_OK;
}

struct lk_str lk_json_str(const json_t *string)
{
    if (!json_is_string(string))
        return LK_STR_EMPTY;
    return (struct lk_str){json_string_value(string), json_string_length(string)};
}

struct lk_str lk_json_get_str(const json_t *object, const char *name)
{
    return lk_json_str(json_object_get(object, name));
}

static bool read_i64(const json_t *value, int64_t *ret)
{
    if (json_is_string(value))
        return lk_str_to_i64(lk_json_str(value), ret);
    /* Some services send whole numbers with a fraction; past 2^53 they would be wrong anyway. */
    if (json_is_real(value)) {
        double real = json_real_value(value);
        if (!(real >= -9007199254740992.0 && real <= 9007199254740992.0))
            return false;
        *ret = (int64_t)real;
        return true;
    }
    *ret = json_integer_value(value);
    return json_is_integer(value);
}

static bool read_bool(const json_t *value, bool *ret)
{
    struct lk_str text = lk_json_str(value);

    *ret = json_is_true(value) || lk_str_eq_nocase(text, LK_STR("true"));
    return json_is_boolean(value) || *ret || lk_str_eq_nocase(text, LK_STR("false"));
}

static bool read_one(const json_t *value, enum lk_json_type type, void *target)
{
    int64_t number;
    bool flag;

    switch (type) {
    case LK_JSON_STR:
        if (json_is_string(value))
            *(struct lk_str *)target = lk_json_str(value);
        return json_is_string(value);
    case LK_JSON_I64:
        if (!read_i64(value, &number))
            return false;
        *(int64_t *)target = number;
        return true;
    case LK_JSON_BOOL:
        if (!read_bool(value, &flag))
            return false;
        *(bool *)target = flag;
        return true;
    case LK_JSON_OBJECT:
    case LK_JSON_ARRAY:
        if (type == LK_JSON_OBJECT ? !json_is_object(value) : !json_is_array(value))
            return false;
        break;
    case LK_JSON_ANY:
        break;
    }
    *(json_t **)target = (json_t *)value;
    return true;
}

static const char *type_name(enum lk_json_type type)
{
    static const char *const names[] = {
        [LK_JSON_STR] = "a string",       [LK_JSON_I64] = "a whole number",
        [LK_JSON_BOOL] = "true or false", [LK_JSON_OBJECT] = "an object",
        [LK_JSON_ARRAY] = "an array",     [LK_JSON_ANY] = "a value",
    };

    return names[type];
}

enum lk_status lk_json_read(const json_t *object, const char *what,
                            const struct lk_json_field *fields, size_t count, void *ret,
                            struct lk_error *err)
{
    if (!json_is_object(object))
        return lk_error_set(err, LK_PROTOCOL, "BadJson", "%s is no JSON object", what);
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(object, fields[i].name);
        if (!value || json_is_null(value)) {
            if (fields[i].required)
                return lk_error_set(err, LK_PROTOCOL, "BadJson", "%s has no '%s'", what,
                                    fields[i].name);
            continue;
        }
        if (!read_one(value, fields[i].type, (char *)ret + fields[i].offset))
            return lk_error_set(err, LK_PROTOCOL, "BadJson", "'%s' of %s is not %s", fields[i].name,
                                what, type_name(fields[i].type));
    }
    return LK_OK;
}

/* Every byte that is no UTF-8 becomes U+FFFD. */
static void put_repaired(struct lk_str s, struct lk_buf *ret)
{
    while (s.len) {
        size_t len = s.len < 4 ? s.len : 4;
        while (len && !(lk_str_is_utf8(lk_str_slice(s, 0, len)) &&
                        lk_str_code_points(lk_str_slice(s, 0, len)) == 1))
            len--;
        lk_buf_put(ret, len ? lk_str_slice(s, 0, len) : LK_STR("\xEF\xBF\xBD"));
        s = lk_str_slice(s, len ? len : 1, s.len);
    }
}

json_t *lk_json_text(struct lk_str s)
{
    struct lk_buf repaired = LK_BUF_INIT(s.len * 3 + 1);
    json_t *text;

    if (!s.len)
        return json_string("");
    if (lk_str_is_utf8(s))
        return json_stringn_nocheck(s.ptr, s.len);
    put_repaired(s, &repaired);
    text = json_stringn_nocheck(repaired.data, repaired.len);
    lk_buf_done(&repaired);
    return text;
}

json_t *lk_json_textf(const char *fmt, ...)
{
    LK_CLEANUP(lk_buf_done)
    struct lk_buf text = LK_BUF_INIT(1 << 20);
    va_list args;

    va_start(args, fmt);
    lk_buf_vprintf(&text, fmt, args);
    va_end(args);
    return lk_json_text(lk_buf_view(&text));
}

void lk_json_set_text(json_t *object, const char *name, struct lk_str s)
{
    if (s.len)
        json_object_set_new(object, name, lk_json_text(s));
}

static int put_piece(const char *bytes, size_t len, void *ret)
{
    lk_buf_put(ret, (struct lk_str){bytes, len});
    return 0;
}

void lk_json_write(const json_t *json, bool pretty, struct lk_buf *ret)
{
    json_dump_callback(json, put_piece, ret,
                       JSON_ENCODE_ANY | (pretty ? JSON_INDENT(2) : JSON_COMPACT));
}
