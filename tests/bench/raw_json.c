#define _GNU_SOURCE /* memmem */
#include "bench/raw_json.h"

#include <string.h>

static struct lk_str skip_blanks(struct lk_str text)
{
    size_t at = 0;

    while (at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == ':'))
        at++;
    return (struct lk_str){text.ptr + at, text.len - at};
}

/* text begins behind the opening quote. */
static struct lk_str up_to_quote(struct lk_str text)
{
    size_t at = 0;

    while (at < text.len && text.ptr[at] != '"')
        at += text.ptr[at] == '\\' ? 2 : 1;
    return at < text.len ? (struct lk_str){text.ptr, at} : LK_STR_EMPTY;
}

struct lk_str raw_json_str(struct lk_str text, struct lk_str key)
{
    const char *end = text.ptr + text.len;
    const char *found;

    while (text.len && (found = memmem(text.ptr, text.len, key.ptr, key.len))) {
        struct lk_str behind = {found + key.len, (size_t)(end - found) - key.len};
        text = skip_blanks(behind);
        if (text.ptr > behind.ptr && text.len && text.ptr[0] == '"')
            return up_to_quote((struct lk_str){text.ptr + 1, text.len - 1});
    }
    return LK_STR_EMPTY;
}
