#include "fabric/livy_marker.h"

#include "base/buf.h"
#include "base/file.h"

#include <string.h>

static const char tag[] = "submitId";

/* ---- the digits ---------------------------------------------------------------------------- */

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* Lower-case hex digits with a letter among them. */
static bool are_digits(struct lk_str text)
{
    bool has_letter = false;

    for (size_t i = 0; i < text.len; i++) {
        if (!is_hex(text.ptr[i]))
            return false;
        has_letter = has_letter || text.ptr[i] >= 'a';
    }
    return has_letter && text.len == LK_MARKER_DIGITS;
}

/* The first digits of an id, without its hyphens. */
static struct lk_str first_digits(struct lk_str submit_id, char ret[LK_MARKER_DIGITS])
{
    size_t len = 0;

    for (size_t i = 0; i < submit_id.len && len < LK_MARKER_DIGITS; i++)
        if (submit_id.ptr[i] != '-')
            ret[len++] = submit_id.ptr[i];
    return (struct lk_str){ret, len};
}

void lk_livy_submit_id_new(char ret[LK_UUID_SIZE])
{
    char digits[LK_MARKER_DIGITS];

    do
        lk_uuid_v4(ret);
    while (!are_digits(first_digits(lk_str_from(ret), digits)));
}

bool lk_livy_marker_is(struct lk_str shown, struct lk_str submit_id)
{
    char digits[LK_MARKER_DIGITS];

    if (shown.len == LK_MARKER_DIGITS)
        return lk_str_eq(shown, first_digits(submit_id, digits));
    return shown.len && lk_str_eq_nocase(shown, submit_id);
}

/* ---- writing ------------------------------------------------------------------------------- */

struct lk_str lk_livy_name_of_file(struct lk_str file)
{
    struct lk_str base = lk_path_base(lk_str_slice(file, 0, lk_str_find_char(file, '?')));
    size_t dot = lk_str_find_char(base, '.');

    base = dot ? lk_str_slice(base, 0, dot) : base;
    return base.len ? base : LK_STR("batch");
}

static void put_tag(const char *submit_id, json_t *body)
{
    json_t *tags = json_object_get(body, "tags");

    if (!tags) {
        tags = json_object();
        json_object_set_new(body, "tags", tags);
    }
    /* A fresh one even when the request is a copy of an earlier one, tag and all. */
    json_object_set_new(tags, tag, json_string(submit_id));
}

void lk_livy_marker_put(const struct lk_livy_profile *profile, const char *submit_id, json_t *body,
                        char ret_name[LK_BATCH_TEXT_MAX])
{
    struct lk_str name = lk_json_get_str(body, "name"), digits;
    char own[LK_MARKER_DIGITS];

    if (profile->marker == LK_LIVY_MARKER_TAG) {
        lk_str_copy(name, ret_name, LK_BATCH_TEXT_MAX);
        put_tag(submit_id, body);
        return;
    }
    if (!name.len)
        name = lk_livy_name_of_file(lk_json_get_str(body, "file"));
    /* The name of a copied request may carry the marker of the first. */
    (void)lk_livy_marker_split(name, &name, &digits);
    lk_str_copy(name, ret_name, LK_BATCH_TEXT_MAX - LK_MARKER_LEN);
    digits = first_digits(lk_str_from(submit_id), own);
    json_object_set_new(body, "name", lk_json_textf("%s-%.*s", ret_name, LK_STR_ARGS(digits)));
}

/* ---- reading ------------------------------------------------------------------------------- */

bool lk_livy_marker_split(struct lk_str service_name, struct lk_str *ret_name,
                          struct lk_str *ret_digits)
{
    size_t at = service_name.len > LK_MARKER_LEN ? service_name.len - LK_MARKER_LEN : 0;

    *ret_digits = lk_str_slice(service_name, at + 1, service_name.len);
    *ret_name = service_name;
    if (!at || service_name.ptr[at] != '-' || !are_digits(*ret_digits)) {
        *ret_digits = LK_STR_EMPTY;
        return false;
    }
    ret_name->len = at;
    return true;
}

void lk_livy_marker_read(const struct lk_livy_profile *profile, struct lk_livy_batch *batch)
{
    struct lk_str name, digits;

    lk_str_copy(lk_json_get_str(json_object_get(batch->raw, "tags"), tag), batch->submit_id,
                sizeof(batch->submit_id));
    memcpy(batch->service_name, batch->name, sizeof(batch->service_name));
    if (profile->marker != LK_LIVY_MARKER_NAME ||
        !lk_livy_marker_split(lk_str_from(batch->service_name), &name, &digits))
        return;
    batch->name[name.len] = '\0';
    lk_str_copy(digits, batch->submit_id, sizeof(batch->submit_id));
}
