#include "fabric/onelake_list_xml.h"

#include "base/encoding.h"
#include "base/timefmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 8192 };

/* The text between <name> and </name> within xml, entities decoded; false when absent. */
static bool element(struct lk_str xml, const char *name, struct lk_str *ret)
{
    char open[64], close[64];
    size_t from, to;

    snprintf(open, sizeof open, "<%s>", name);
    snprintf(close, sizeof close, "</%s>", name);
    from = lk_str_find(xml, lk_str_from(open));
    if (from == xml.len)
        return false;
    from += strlen(open);
    to = from + lk_str_find(lk_str_slice(xml, from, xml.len), lk_str_from(close));
    if (to == xml.len)
        return false;
    *ret = lk_str_slice(xml, from, to);
    return true;
}

static void put_code_point(int64_t c, struct lk_buf *ret)
{
    if (c <= 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
        lk_buf_put(ret, LK_STR("\xEF\xBF\xBD"));
    } else if (c < 0x80) {
        lk_buf_put_char(ret, (char)c);
    } else if (c < 0x800) {
        lk_buf_put_char(ret, (char)(0xC0 | c >> 6));
        lk_buf_put_char(ret, (char)(0x80 | (c & 63)));
    } else if (c < 0x10000) {
        lk_buf_put_char(ret, (char)(0xE0 | c >> 12));
        lk_buf_put_char(ret, (char)(0x80 | (c >> 6 & 63)));
        lk_buf_put_char(ret, (char)(0x80 | (c & 63)));
    } else {
        lk_buf_put_char(ret, (char)(0xF0 | c >> 18));
        lk_buf_put_char(ret, (char)(0x80 | (c >> 12 & 63)));
        lk_buf_put_char(ret, (char)(0x80 | (c >> 6 & 63)));
        lk_buf_put_char(ret, (char)(0x80 | (c & 63)));
    }
}

static bool put_entity(struct lk_str name, struct lk_buf *ret)
{
    static const struct {
        const char *name;
        char c;
    } named[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    LK_CLEANUP(lk_free_ptr)
    char *digits = NULL;
    char *end;
    long number;

    for (size_t i = 0; i < LK_COUNT(named); i++)
        if (lk_str_eq(name, lk_str_from(named[i].name))) {
            lk_buf_put_char(ret, named[i].c);
            return true;
        }
    if (name.len < 2 || name.len > 9 || name.ptr[0] != '#')
        return false;
    digits = lk_str_dup(lk_str_slice(name, name.ptr[1] == 'x' ? 2 : 1, name.len));
    number = strtol(digits, &end, name.ptr[1] == 'x' ? 16 : 10);
    if (*end || !*digits)
        return false;
    put_code_point(number, ret);
    return true;
}

static void decode(struct lk_str text, struct lk_buf *ret)
{
    while (text.len) {
        size_t at = lk_str_find_char(text, '&');
        struct lk_str rest = lk_str_slice(text, at + 1, text.len), name, tail;
        lk_buf_put(ret, lk_str_slice(text, 0, at));
        if (at == text.len)
            return;
        if (lk_str_split(rest, ';', &name, &tail) && put_entity(name, ret)) {
            text = tail;
        } else {
            lk_buf_put_char(ret, '&');
            text = rest;
        }
    }
}

static struct lk_onelake_file *new_file(struct lk_onelake_listing *listing)
{
    struct lk_onelake_file *file;

    if (listing->count == LK_ONELAKE_LIST_MAX) {
        listing->more = true;
        return NULL;
    }
    listing->files = lk_realloc(listing->files, (listing->count + 1) * sizeof *listing->files);
    file = &listing->files[listing->count++];
    memset(file, 0, sizeof *file);
    return file;
}

/* "item/Files/x.py" → "Files/x.py"; folders may end with '/'. */
static bool set_path(struct lk_onelake_file *file, struct lk_str name, struct lk_str item)
{
    if (lk_str_starts_nocase(name, item) && name.len > item.len && name.ptr[item.len] == '/')
        name = lk_str_slice(name, item.len + 1, name.len);
    while (lk_str_ends(name, LK_STR("/")))
        name.len--;
    if (!name.len || name.len >= sizeof file->path)
        return false;
    snprintf(file->path, sizeof file->path, "%.*s", LK_STR_ARGS(name));
    return true;
}

static void set_md5(struct lk_onelake_file *file, struct lk_str text)
{
    LK_CLEANUP(lk_buf_done)
    struct lk_buf bytes = LK_BUF_INIT(64);

    if (!lk_base64_decode(text, &bytes) || bytes.len != sizeof file->md5)
        return;
    memcpy(file->md5, bytes.data, sizeof file->md5);
    file->has_md5 = true;
}

static void read_entry(struct lk_str xml, bool is_folder, struct lk_str item,
                       struct lk_onelake_listing *listing)
{
    LK_CLEANUP(lk_buf_done)
    struct lk_buf name = LK_BUF_INIT(TEXT_MAX);
    struct lk_onelake_file *file;
    struct lk_str text;

    if (!element(xml, "Name", &text))
        return;
    decode(text, &name);
    file = new_file(listing);
    if (!file)
        return;
    if (!set_path(file, lk_buf_view(&name), item)) {
        listing->count--;
        return;
    }
    file->is_folder = is_folder;
    if (element(xml, "Content-Length", &text) && !lk_str_to_i64(text, &file->size))
        file->size = 0;
    if (element(xml, "Last-Modified", &text) && !lk_time_from_http(text, &file->modified_unix_s))
        file->modified_unix_s = 0;
    if (element(xml, "Etag", &text))
        snprintf(file->etag, sizeof file->etag, "%.*s", LK_STR_ARGS(text));
    if (element(xml, "Content-MD5", &text))
        set_md5(file, text);
    /* OneLake marks folders among the blobs this way. */
    if (element(xml, "ResourceType", &text) && lk_str_eq_nocase(text, LK_STR("directory")))
        file->is_folder = true;
}

enum lk_status lk_onelake_list_xml_read(struct lk_str xml, struct lk_str item,
                                        struct lk_onelake_listing *ret, struct lk_buf *next_marker,
                                        struct lk_error *err)
{
    struct lk_str rest, marker;

    if (lk_str_find(xml, LK_STR("<EnumerationResults")) == xml.len)
        return lk_error_set(err, LK_PROTOCOL, "BadListing", "OneLake's listing is no listing");
    for (rest = xml; rest.len;) {
        size_t blob = lk_str_find(rest, LK_STR("<Blob>"));
        size_t prefix = lk_str_find(rest, LK_STR("<BlobPrefix>"));
        bool is_folder = prefix < blob;
        size_t at = is_folder ? prefix : blob, len;
        if (at == rest.len)
            break;
        rest = lk_str_slice(rest, at, rest.len);
        len = lk_str_find(rest, is_folder ? LK_STR("</BlobPrefix>") : LK_STR("</Blob>"));
        if (len == rest.len)
            return lk_error_set(err, LK_PROTOCOL, "BadListing", "OneLake's listing is cut off");
        read_entry(lk_str_slice(rest, 0, len), is_folder, item, ret);
        rest = lk_str_slice(rest, len + 1, rest.len);
    }
    if (element(xml, "NextMarker", &marker))
        decode(marker, next_marker);
    return LK_OK;
}
