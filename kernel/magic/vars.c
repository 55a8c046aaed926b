#include "magic/vars.h"

#include <stdlib.h>

enum {
    VARS_MAX = 1000,
    NAME_MAX_BYTES = 128,
    NAMES_LISTED = 20,
    REFERENCE_MAX = 1024,
    VALUE_MAX = 16 << 20
};

struct lk_vars {
    json_t *all;
};

struct lk_vars *lk_vars_new(void)
{
    struct lk_vars *vars = lk_alloc(sizeof *vars);

    vars->all = json_object();
    return vars;
}

void lk_vars_free(struct lk_vars *vars)
{
    if (!vars)
        return;
    json_decref(vars->all);
    free(vars);
}

struct lk_vars *lk_vars_copy(const struct lk_vars *vars)
{
    struct lk_vars *ret = lk_vars_new();

    json_object_update(ret->all, vars->all);
    return ret;
}

bool lk_is_identifier(struct lk_str name)
{
    if (!name.len || name.len > NAME_MAX_BYTES || (name.ptr[0] >= '0' && name.ptr[0] <= '9'))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '_'))
            return false;
    }
    return true;
}

enum lk_status lk_vars_set(struct lk_vars *vars, struct lk_str name, json_t *value,
                           struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *key = lk_str_dup(name);
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(VALUE_MAX);

    if (!lk_is_identifier(name)) {
        lk_error_set(err, LK_INVALID, "BadName", "'%.*s' is no name for a variable",
                     LK_STR_ARGS(lk_str_cut(name, NAME_MAX_BYTES)));
        lk_error_next(err, "Use letters, digits and underscores, not a digit first.");
        return LK_INVALID;
    }
    if (json_object_size(vars->all) >= VARS_MAX && !json_object_get(vars->all, key))
        return lk_error_set(err, LK_LIMIT, "TooManyVariables", "there are %d variables already",
                            VARS_MAX);
    lk_json_write(value, false, &text);
    if (text.full)
        return lk_error_set(err, LK_LIMIT, "TooLarge",
                            "%s holds more than the %d MiB a variable may", key, VALUE_MAX >> 20);
    json_object_set(vars->all, key, value);
    return LK_OK;
}

json_t *lk_vars_get(const struct lk_vars *vars, struct lk_str name)
{
    LK_CLEANUP(lk_free_ptr) char *key = lk_str_dup(name);

    return json_object_get(vars->all, key);
}

const json_t *lk_vars_all(const struct lk_vars *vars)
{
    return vars->all;
}

/* ---- interpolation ------------------------------------------------------------------------- */

static bool is_member_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

/* Length of ".member" or "[digits]" at the start of text; 0 when it is neither. */
static size_t step_length(struct lk_str text)
{
    size_t len = 1;

    if (text.len && text.ptr[0] == '.') {
        while (len < text.len && is_member_char(text.ptr[len]))
            len++;
        return len > 1 ? len : 0;
    }
    if (!text.len || text.ptr[0] != '[')
        return 0;
    while (len < text.len && text.ptr[len] >= '0' && text.ptr[len] <= '9')
        len++;
    return len > 1 && len < text.len && text.ptr[len] == ']' ? len + 1 : 0;
}

/* Of the name that a reference begins with. */
static size_t name_length(struct lk_str text)
{
    size_t at = 0;

    while (at < text.len && text.ptr[at] != '.' && text.ptr[at] != '[')
        at++;
    return at;
}

/* Length of {name}, {name.path}, {name[0]} … at the start of text; 0 when it has another shape. */
static size_t reference_length(struct lk_str text)
{
    struct lk_str inside = lk_str_slice(text, 1, REFERENCE_MAX);
    size_t end = lk_str_find_char(inside, '}'), at = 0;

    if (end == inside.len)
        return 0;
    inside = lk_str_slice(inside, 0, end);
    at = name_length(inside);
    if (!lk_is_identifier(lk_str_slice(inside, 0, at)))
        return 0;
    while (at < inside.len) {
        size_t step = step_length(lk_str_slice(inside, at, inside.len));
        if (!step)
            return 0;
        at += step;
    }
    return end + 2;
}

static void list_members(const json_t *object, struct lk_buf *ret)
{
    const char *key;
    json_t *value;
    size_t count = 0;

    json_object_foreach((json_t *)object, key, value)
    {
        (void)value;
        if (count < NAMES_LISTED)
            lk_buf_printf(ret, "%s%s", count ? ", " : "", key);
        count++;
    }
    if (count > NAMES_LISTED)
        lk_buf_printf(ret, " and %zu more", count - NAMES_LISTED);
}

static enum lk_status unknown(struct lk_str reference, struct lk_str part, const json_t *in,
                              struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf known = LK_BUF_INIT(1024);

    list_members(in, &known);
    if (known.len)
        lk_error_set(err, LK_INVALID, "UnknownName", "{%.*s}: there is no '%.*s'; known are: %s",
                     LK_STR_ARGS(reference), LK_STR_ARGS(part), lk_buf_cstr(&known));
    else if (json_is_array(in))
        lk_error_set(err, LK_INVALID, "UnknownName", "{%.*s}: there is no '%.*s' in a list of %zu",
                     LK_STR_ARGS(reference), LK_STR_ARGS(part), json_array_size(in));
    else
        lk_error_set(err, LK_INVALID, "UnknownName", "{%.*s}: there is no '%.*s'",
                     LK_STR_ARGS(reference), LK_STR_ARGS(part));
    lk_error_next(err, "%%vars shows what there is; write {{%.*s}} for that text itself.",
                  LK_STR_ARGS(reference));
    return LK_INVALID;
}

/* Takes one step of a path, ".name" or "[index]", off *rest. */
static struct lk_str next_step(struct lk_str *rest)
{
    size_t len = step_length(*rest);
    struct lk_str part = lk_str_slice(*rest, 1, rest->ptr[0] == '[' ? len - 1 : len);

    *rest = lk_str_slice(*rest, len, rest->len);
    return part;
}

static const json_t *member(const json_t *value, struct lk_str part)
{
    LK_CLEANUP(lk_free_ptr) char *key = lk_str_dup(part);
    int64_t index;

    if (json_is_object(value))
        return json_object_get(value, key);
    if (json_is_array(value) && lk_str_to_i64(part, &index) && index >= 0)
        return json_array_get(value, (size_t)index);
    return NULL;
}

static enum lk_status look_up(const struct lk_vars *vars, struct lk_str reference,
                              const json_t **ret, struct lk_error *err)
{
    struct lk_str rest = reference, part;
    const json_t *value;
    size_t name = name_length(rest);

    part = lk_str_slice(rest, 0, name);
    rest = lk_str_slice(rest, name, rest.len);
    value = lk_vars_get(vars, part);
    if (!value)
        return unknown(reference, part, vars->all, err);
    while (rest.len) {
        const json_t *inside = value;
        part = next_step(&rest);
        value = member(inside, part);
        if (!value)
            return unknown(reference, part, inside, err);
    }
    *ret = value;
    return LK_OK;
}

const json_t *lk_vars_find(const struct lk_vars *vars, struct lk_str reference)
{
    size_t last = lk_vars_last_step(reference);
    const json_t *value;
    bool is_whole = last < reference.len || lk_str_ends(reference, LK_STR("]"));

    if (last == SIZE_MAX || !is_whole || (last && reference.ptr[last - 1] == '['))
        return NULL;
    return look_up(vars, reference, &value, NULL) ? NULL : value;
}

size_t lk_vars_last_step(struct lk_str text)
{
    size_t at = name_length(text), step;

    if (!text.len)
        return 0;
    if (text.len > REFERENCE_MAX || !lk_is_identifier(lk_str_slice(text, 0, at)))
        return SIZE_MAX;
    if (at == text.len)
        return 0;
    while ((step = step_length(lk_str_slice(text, at, text.len)))) {
        if (at + step == text.len)
            return text.ptr[at] == '[' ? text.len : at + 1;
        at += step;
    }
    /* What is left is a step that has only begun: "." or "[12". */
    if (text.ptr[at] != '[' && (text.ptr[at] != '.' || at + 1 < text.len))
        return SIZE_MAX;
    for (step = at + 1; step < text.len; step++)
        if (text.ptr[step] < '0' || text.ptr[step] > '9')
            return SIZE_MAX;
    return at + 1;
}

static void put_value(const json_t *value, struct lk_buf *ret)
{
    if (json_is_string(value))
        lk_buf_put(ret, lk_json_str(value));
    else
        lk_json_write(value, false, ret);
}

enum lk_status lk_vars_interpolate(const struct lk_vars *vars, struct lk_str text,
                                   struct lk_buf *ret, struct lk_error *err)
{
    while (text.len) {
        size_t brace = lk_str_find_char(text, '{');
        const json_t *value;
        size_t len;

        lk_buf_put(ret, lk_str_slice(text, 0, brace));
        text = lk_str_slice(text, brace, text.len);
        if (!text.len)
            break;
        /* {{name}} is {name}, literally. */
        len = text.len > 1 && text.ptr[1] == '{' ? reference_length(lk_str_slice(text, 1, text.len))
                                                 : 0;
        if (len && len + 1 < text.len && text.ptr[len + 1] == '}') {
            lk_buf_put(ret, lk_str_slice(text, 1, len + 1));
            text = lk_str_slice(text, len + 2, text.len);
            continue;
        }
        len = reference_length(text);
        if (!len) {
            lk_buf_put_char(ret, '{');
            text = lk_str_slice(text, 1, text.len);
            continue;
        }
        if (look_up(vars, lk_str_slice(text, 1, len - 1), &value, err))
            return LK_INVALID;
        put_value(value, ret);
        text = lk_str_slice(text, len, text.len);
    }
    return lk_buf_check(ret, "the line with its variables", err);
}
