#include "magic/sweep.h"

#include "base/digest.h"
#include "magic/vars.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_MAX = 80, TEXT_MAX = 16 << 20, NAME_VALUE_MAX = 24 };

void lk_sweep_done(struct lk_sweep *sweep)
{
    for (size_t i = 0; i < sweep->axis_count; i++) {
        for (size_t at = 0; at < sweep->axes[i].count; at++)
            free(sweep->axes[i].values[at]);
        free(sweep->axes[i].values);
        free(sweep->axes[i].name);
    }
    *sweep = (struct lk_sweep)LK_SWEEP_INIT;
}

/* ---- reading an axis ----------------------------------------------------------------------- */

static enum lk_status refuse(const char *code, struct lk_str text, const char *why,
                             struct lk_error *err)
{
    lk_error_set(err, LK_INVALID, code, "--each %.*s: %s", LK_STR_ARGS(lk_str_cut(text, SHOWN_MAX)),
                 why);
    return lk_error_next(err, "--each year=2019..2024 --each region=eu,us");
}

static enum lk_status too_many(struct lk_error *err)
{
    lk_error_set(err, LK_LIMIT, "TooManyMembers", "the sweep has more than %d members",
                 LK_SWEEP_MEMBERS_MAX);
    return lk_error_next(err, "Give fewer values, or several sweeps one after the other.");
}

static enum lk_status add_value(struct lk_sweep_axis *axis, struct lk_str value, struct lk_str text,
                                struct lk_error *err)
{
    if (!value.len || value.len > LK_SWEEP_VALUE_MAX)
        return refuse("BadValue", text, value.len ? "a value is too long" : "a value is empty",
                      err);
    for (size_t i = 0; i < axis->count; i++)
        if (lk_str_eq(value, lk_str_from(axis->values[i])))
            return refuse("RepeatedValue", text, "a value stands there twice", err);
    if (axis->count == LK_SWEEP_MEMBERS_MAX)
        return too_many(err);
    axis->values = lk_realloc(axis->values, (axis->count + 1) * sizeof *axis->values);
    axis->values[axis->count++] = lk_str_dup(value);
    return LK_OK;
}

/* A point of a range: how many units since some beginning, and how to write it. */
enum unit { UNIT_NONE, UNIT_NUMBER, UNIT_MONTH, UNIT_DAY };

struct point {
    enum unit unit;
    int64_t at;
    int width; /* of a number written with zeros in front, else 0 */
};

static bool read_digits(struct lk_str text, size_t digits, int64_t *ret)
{
    return text.len == digits && text.ptr[0] != '-' && text.ptr[0] != '+' &&
           lk_str_to_i64(text, ret);
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_in(int64_t year, int64_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days since 0000-03-01 of the proleptic Gregorian calendar: with the year begun in March the leap
 * day is its last, and months are 153 days for five. */
static int64_t day_number(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;

    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
}

static void write_day(int64_t number, char ret[32])
{
    int64_t year = (10000 * number + 14780) / 3652425, month, day;
    int64_t rest = number - day_number(year, 3, 1);

    if (rest < 0) {
        year--;
        rest = number - day_number(year, 3, 1);
    }
    month = (5 * rest + 2) / 153;
    day = rest - (153 * month + 2) / 5 + 1;
    month += 3;
    if (month > 12) {
        month -= 12;
        year++;
    }
    snprintf(ret, 32, "%04lld-%02lld-%02lld", (long long)year, (long long)month, (long long)day);
}

static bool read_date(struct lk_str text, struct point *ret)
{
    int64_t year, month, day;

    if ((text.len != 7 && text.len != 10) || text.ptr[4] != '-' ||
        !read_digits(lk_str_slice(text, 0, 4), 4, &year) ||
        !read_digits(lk_str_slice(text, 5, 7), 2, &month) || month < 1 || month > 12 || year < 1)
        return false;
    if (text.len == 7) {
        *ret = (struct point){.unit = UNIT_MONTH, .at = year * 12 + month - 1};
        return true;
    }
    if (text.ptr[7] != '-' || !read_digits(lk_str_slice(text, 8, 10), 2, &day) || day < 1 ||
        day > days_in(year, month))
        return false;
    *ret = (struct point){.unit = UNIT_DAY, .at = day_number(year, month, day)};
    return true;
}

/* Digits where those of a day or a month stand: then it was meant as one. */
static bool is_like_date(struct lk_str text)
{
    static const struct lk_str shape = LK_STR_INIT("dddd-dd-dd");

    for (size_t i = 0; i < text.len && i < shape.len; i++)
        if (shape.ptr[i] == 'd' ? text.ptr[i] < '0' || text.ptr[i] > '9' : text.ptr[i] != '-')
            return false;
    return text.len == 7 || text.len == 10;
}

static enum lk_status check_date(struct lk_str value, struct lk_str text, struct lk_error *err)
{
    struct point ignored;

    if (!is_like_date(value) || read_date(value, &ignored))
        return LK_OK;
    return refuse("BadDate", text, "there is no such day or month", err);
}

static bool read_point(struct lk_str text, struct point *ret)
{
    if (read_date(text, ret))
        return true;
    *ret = (struct point){.unit = UNIT_NUMBER};
    if (!text.len || text.len > 15 || text.ptr[0] == '+' || !lk_str_to_i64(text, &ret->at))
        return false;
    if (text.ptr[0] == '0' && text.len > 1)
        ret->width = (int)text.len;
    return true;
}

static void write_point(const struct point *point, char ret[32])
{
    if (point->unit == UNIT_DAY)
        write_day(point->at, ret);
    else if (point->unit == UNIT_MONTH)
        snprintf(ret, 32, "%04lld-%02lld", (long long)(point->at / 12),
                 (long long)(point->at % 12 + 1));
    else
        snprintf(ret, 32, "%0*lld", point->width, (long long)point->at);
}

static enum lk_status add_range(struct lk_sweep_axis *axis, struct lk_str from_text,
                                struct lk_str to_text, struct lk_str text, struct lk_error *err)
{
    struct point at, to;
    int64_t by;
    enum lk_status st = LK_OK;

    st = check_date(from_text, text, err);
    if (!st)
        st = check_date(to_text, text, err);
    if (st)
        return st;
    if (!read_point(from_text, &at) || !read_point(to_text, &to) || at.unit != to.unit)
        return refuse("BadRange", text,
                      "a range has two numbers, two days (2024-01-31) or two months (2024-01)",
                      err);
    if (to.width > at.width)
        at.width = to.width;
    by = to.at < at.at ? -1 : 1;
    if ((to.at - at.at) * by >= LK_SWEEP_MEMBERS_MAX)
        return too_many(err);
    for (;; at.at += by) {
        char value[32];
        write_point(&at, value);
        st = add_value(axis, lk_str_from(value), text, err);
        if (st || at.at == to.at)
            return st;
    }
}

static enum lk_status add_values(struct lk_sweep_axis *axis, struct lk_str values,
                                 struct lk_str text, struct lk_error *err)
{
    enum lk_status st = LK_OK;
    bool more = true;

    while (more && !st) {
        struct lk_str value;
        size_t dots;
        more = lk_str_split(values, ',', &value, &values);
        dots = lk_str_find(value, LK_STR(".."));
        if (dots < value.len)
            st = add_range(axis, lk_str_slice(value, 0, dots),
                           lk_str_slice(value, dots + 2, value.len), text, err);
        else
            st = check_date(value, text, err);
        if (!st && dots == value.len)
            st = add_value(axis, value, text, err);
    }
    return st;
}

/* What a variable holds: [2019, "x"]. */
static enum lk_status add_list(struct lk_sweep_axis *axis, struct lk_str values, struct lk_str text,
                               struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *list = NULL;
    enum lk_status st = LK_OK;
    json_t *value;
    size_t i;

    if (lk_json_parse(values, "the list", &list, NULL) || !json_is_array(list))
        return refuse("BadList", text, "it is no JSON list", err);
    if (!json_array_size(list))
        return refuse("BadList", text, "the list is empty", err);
    json_array_foreach(list, i, value)
    {
        LK_CLEANUP(lk_free_ptr) char *number = json_dumps(value, JSON_ENCODE_ANY);
        if (!json_is_string(value) && !json_is_integer(value))
            return refuse("BadList", text, "the list holds other things than texts and numbers",
                          err);
        st = add_value(axis, json_is_string(value) ? lk_json_str(value) : lk_str_from(number), text,
                       err);
        if (st)
            return st;
    }
    return LK_OK;
}

static enum lk_status check_name(const struct lk_sweep *sweep, struct lk_str name,
                                 struct lk_str text, struct lk_error *err)
{
    if (!lk_is_identifier(name))
        return refuse("BadAxis", text, "it is not NAME=VALUES with a name such as year", err);
    for (size_t i = 0; i < sweep->axis_count; i++)
        if (lk_str_eq(name, lk_str_from(sweep->axes[i].name)))
            return refuse("RepeatedAxis", text, "that name was given before", err);
    if (sweep->axis_count == LK_SWEEP_AXES_MAX)
        return refuse("TooManyAxes", text, "there are too many of them", err);
    return LK_OK;
}

enum lk_status lk_sweep_add(struct lk_sweep *sweep, struct lk_str text, struct lk_error *err)
{
    struct lk_sweep_axis *axis = &sweep->axes[sweep->axis_count];
    struct lk_str name, values;
    enum lk_status st;

    if (!lk_str_split(text, '=', &name, &values))
        return refuse("BadAxis", text, "it is not NAME=VALUES with a name such as year", err);
    st = check_name(sweep, name, text, err);
    if (st)
        return st;
    sweep->axis_count++;
    axis->name = lk_str_dup(name);
    st = lk_str_starts(values, LK_STR("[")) ? add_list(axis, values, text, err)
                                            : add_values(axis, values, text, err);
    if (!st && sweep->count * axis->count > LK_SWEEP_MEMBERS_MAX)
        st = too_many(err);
    if (!st)
        sweep->count *= axis->count;
    return st;
}

/* ---- members ------------------------------------------------------------------------------- */

const char *lk_sweep_value(const struct lk_sweep *sweep, size_t member, size_t axis)
{
    for (size_t i = sweep->axis_count; i-- > axis + 1;)
        member /= sweep->axes[i].count;
    return sweep->axes[axis].values[member % sweep->axes[axis].count];
}

void lk_sweep_key(const struct lk_sweep *sweep, size_t member, struct lk_buf *ret)
{
    for (size_t i = 0; i < sweep->axis_count; i++)
        lk_buf_printf(ret, "%s%s=%s", i ? "," : "", sweep->axes[i].name,
                      lk_sweep_value(sweep, member, i));
}

void lk_sweep_identity(const struct lk_sweep *sweep, const json_t *body,
                       char ret[LK_SWEEP_IDENTITY_SIZE])
{
    LK_CLEANUP(lk_json_unref) json_t *all = json_array();
    LK_CLEANUP(lk_free_ptr) char *text = NULL;
    struct lk_digest digest;

    json_array_append(all, (json_t *)body);
    for (size_t i = 0; i < sweep->axis_count; i++) {
        json_t *axis = json_array();
        json_array_append_new(axis, json_string(sweep->axes[i].name));
        for (size_t at = 0; at < sweep->axes[i].count; at++)
            json_array_append_new(axis, json_string(sweep->axes[i].values[at]));
        json_array_append_new(all, axis);
    }
    text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
    digest = lk_digest_of(LK_DIGEST_SHA256, lk_str_from(text ? text : ""));
    for (size_t i = 0; i < 6; i++)
        snprintf(ret + 2 * i, 3, "%02x", digest.bytes[i]);
}

/* ---- the request --------------------------------------------------------------------------- */

struct making {
    const struct lk_sweep *sweep;
    size_t member;
    bool referred[LK_SWEEP_AXES_MAX];
};

/* The axis of the reference that text begins with; its length in *len. */
static size_t axis_at(const struct lk_sweep *sweep, struct lk_str text, size_t *len)
{
    size_t end = lk_str_find_char(text, '}');

    for (size_t i = 0; i < sweep->axis_count && end < text.len; i++)
        if (lk_str_eq(lk_str_slice(text, 1, end), lk_str_from(sweep->axes[i].name))) {
            *len = end + 1;
            return i;
        }
    return SIZE_MAX;
}

static json_t *replaced_text(struct making *making, struct lk_str text)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf ret = LK_BUF_INIT(TEXT_MAX);

    while (text.len) {
        size_t brace = lk_str_find_char(text, '{'), axis, len = 1;
        lk_buf_put(&ret, lk_str_slice(text, 0, brace));
        text = lk_str_slice(text, brace, text.len);
        if (!text.len)
            break;
        axis = axis_at(making->sweep, text, &len);
        if (axis == SIZE_MAX) {
            lk_buf_put_char(&ret, '{');
        } else {
            making->referred[axis] = true;
            lk_buf_put(&ret, lk_str_from(lk_sweep_value(making->sweep, making->member, axis)));
        }
        text = lk_str_slice(text, len, text.len);
    }
    return lk_json_text(lk_buf_view(&ret));
}

/* A copy of a request: an object of texts, lists and maps of texts. */
static json_t *replaced(struct making *making, const json_t *value)
{
    json_t *ret, *member;
    const char *key;
    size_t i;

    if (json_is_string(value))
        return replaced_text(making, lk_json_str(value));
    if (json_is_array(value)) {
        ret = json_array();
        json_array_foreach((json_t *)value, i, member)
            json_array_append_new(ret, replaced(making, member));
        return ret;
    }
    if (!json_is_object(value))
        return json_deep_copy(value);
    ret = json_object();
    json_object_foreach((json_t *)value, key, member)
        json_object_set_new(ret, key, replaced(making, member));
    return ret;
}

/* Of a value in a name, which also becomes part of an address. */
static void put_in_name(const char *value, struct lk_buf *ret)
{
    size_t len = strlen(value) < NAME_VALUE_MAX ? strlen(value) : NAME_VALUE_MAX;

    lk_buf_put_char(ret, '-');
    for (size_t i = 0; i < len; i++) {
        char c = value[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '-' || c == '.';
        lk_buf_put_char(ret, is_plain ? c : '_');
    }
}

static void add_to_name(const struct making *making, json_t *request)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(8192);

    lk_buf_put(&name, lk_json_get_str(request, "name"));
    for (size_t i = 0; i < making->sweep->axis_count; i++)
        if (!making->referred[i] && making->sweep->axes[i].count > 1)
            put_in_name(lk_sweep_value(making->sweep, making->member, i), &name);
    json_object_set_new(request, "name", lk_json_text(lk_buf_view(&name)));
}

static void add_arguments(const struct making *making, json_t *request)
{
    json_t *args = json_object_get(request, "args");

    for (size_t i = 0; i < making->sweep->axis_count; i++) {
        if (making->referred[i])
            continue;
        if (!json_is_array(args)) {
            args = json_array();
            json_object_set_new(request, "args", args);
        }
        json_array_append_new(args, lk_json_textf("--%s", making->sweep->axes[i].name));
        json_array_append_new(args, json_string(lk_sweep_value(making->sweep, making->member, i)));
    }
}

json_t *lk_sweep_request(const struct lk_sweep *sweep, size_t member, const json_t *body)
{
    struct making of_name = {.sweep = sweep, .member = member};
    struct making of_rest = of_name;
    LK_CLEANUP(lk_json_unref) json_t *rest = json_copy((json_t *)body);
    json_t *request;

    /* What stands in the name alone does not reach the payload. */
    json_object_del(rest, "name");
    request = replaced(&of_rest, rest);
    json_object_set_new(request, "name", replaced_text(&of_name, lk_json_get_str(body, "name")));
    add_to_name(&of_name, request);
    add_arguments(&of_rest, request);
    return request;
}
