#include "fabric/onelake_list_xml.h"

#include "base/encoding.h"
#include "base/timefmt.h"
#include "fabric/onelake_xml.h"

#include <stdlib.h>
#include <string.h>

enum { FIELD_MAX = 8192 };

/* ---- one entry ----------------------------------------------------------------------------- */

struct reader {
    struct lk_xml xml;
    struct lk_str item;
    struct lk_onelake_listing *ret;
    struct lk_buf *marker;
    struct lk_buf text; /* of the element being read, decoded */
    bool is_encoded;    /* the element's text is percent-encoded on top */
    struct lk_onelake_file file;
    bool has_name;
};

static enum lk_status broken(struct lk_error *err, const char *what)
{
    return lk_error_set(err, LK_PROTOCOL, "BadXml", "OneLake's list has a %s that cannot be read",
                        what);
}

static bool is_open(const struct reader *r, const char *name)
{
    for (size_t i = 0; i < r->xml.depth; i++) {
        if (lk_str_eq(r->xml.open[i], lk_str_from(name)))
            return true;
    }
    return false;
}

static enum lk_status take_name(struct reader *r, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf plain = LK_BUF_INIT(FIELD_MAX);
    struct lk_str name = lk_buf_view(&r->text);

    if (r->is_encoded) {
        if (!lk_percent_decode(name, false, &plain))
            return broken(err, "name");
        name = lk_buf_view(&plain);
    }
    if (!lk_str_is_utf8(name) || memchr(name.len ? name.ptr : "", '\0', name.len))
        return broken(err, "name");
    /* "item/Files/x.py" → "Files/x.py"; folders may end with '/'. */
    if (lk_str_starts_nocase(name, r->item) && name.len > r->item.len &&
        name.ptr[r->item.len] == '/')
        name = lk_str_slice(name, r->item.len + 1, name.len);
    while (lk_str_ends(name, LK_STR("/")))
        name.len--;
    if (name.len >= sizeof(r->file.path))
        return broken(err, "name");
    memcpy(r->file.path, name.len ? name.ptr : "", name.len);
    r->file.path[name.len] = '\0';
    r->has_name = name.len > 0;
    return LK_OK;
}

static void take_md5(struct lk_str text, struct lk_onelake_file *file)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT(64);

    file->has_md5 = lk_base64_decode(text, &bytes) && bytes.len == sizeof(file->md5);
    if (file->has_md5)
        memcpy(file->md5, bytes.data, sizeof(file->md5));
}

static enum lk_status take_property(struct reader *r, struct lk_str name, struct lk_error *err)
{
    struct lk_str text = lk_str_trim(lk_buf_view(&r->text));

    if (lk_str_eq(name, LK_STR("Content-Length")) && text.len &&
        (!lk_str_to_i64(text, &r->file.size) || r->file.size < 0))
        return broken(err, "length");
    if (lk_str_eq(name, LK_STR("Last-Modified")) &&
        !lk_time_from_http(text, &r->file.modified_unix_s))
        r->file.modified_unix_s = 0;
    if (lk_str_eq(name, LK_STR("Etag")) && text.len < sizeof(r->file.etag) && text.len) {
        memcpy(r->file.etag, text.ptr, text.len);
        r->file.etag[text.len] = '\0';
    }
    if (lk_str_eq(name, LK_STR("Content-MD5")))
        take_md5(text, &r->file);
    if (lk_str_eq(name, LK_STR("ResourceType")) && lk_str_eq_nocase(text, LK_STR("directory")))
        r->file.is_folder = true;
    if (lk_str_eq(name, LK_STR("hdi_isfolder")) && lk_str_eq_nocase(text, LK_STR("true")))
        r->file.is_folder = true;
    return LK_OK;
}

static void keep_file(struct reader *r)
{
    struct lk_onelake_listing *ret = r->ret;

    if (!r->has_name)
        return;
    if (ret->count == LK_ONELAKE_LIST_MAX) {
        ret->more = true;
        return;
    }
    if ((ret->count & (ret->count + 1)) == 0)
        ret->files = lk_realloc(ret->files, (2 * ret->count + 1) * sizeof(*ret->files));
    if (r->file.is_folder)
        r->file.size = 0;
    ret->files[ret->count++] = r->file;
}

/* ---- the list ------------------------------------------------------------------------------ */

static void on_open(struct reader *r)
{
    lk_buf_clear(&r->text);
    r->is_encoded =
        lk_str_find(r->xml.attributes, LK_STR("Encoded=\"true\"")) < r->xml.attributes.len;
    if (lk_str_eq(r->xml.name, LK_STR("Blob")) || lk_str_eq(r->xml.name, LK_STR("BlobPrefix"))) {
        memset(&r->file, 0, sizeof(r->file));
        r->file.is_folder = lk_str_eq(r->xml.name, LK_STR("BlobPrefix"));
        r->has_name = false;
    }
}

static enum lk_status on_close(struct reader *r, struct lk_error *err)
{
    bool in_entry = is_open(r, "Blob") || is_open(r, "BlobPrefix");
    struct lk_str name = r->xml.name;

    if (lk_str_eq(name, LK_STR("Blob")) || lk_str_eq(name, LK_STR("BlobPrefix")))
        keep_file(r);
    else if (in_entry && lk_str_eq(name, LK_STR("Name")))
        return take_name(r, err);
    else if (in_entry)
        return take_property(r, name, err);
    else if (lk_str_eq(name, LK_STR("NextMarker")))
        lk_buf_put(r->marker, lk_str_trim(lk_buf_view(&r->text)));
    return LK_OK;
}

static enum lk_status on_event(struct reader *r, enum lk_xml_event event, struct lk_error *err)
{
    if (event == LK_XML_OPEN && r->xml.depth == 1 &&
        !lk_str_eq(r->xml.name, LK_STR("EnumerationResults")))
        return lk_error_set(err, LK_PROTOCOL, "BadXml", "OneLake's answer is no list");
    if (event == LK_XML_OPEN)
        on_open(r);
    if (event == LK_XML_CLOSE)
        return on_close(r, err);
    if (event == LK_XML_TEXT && (!lk_xml_decode(r->xml.text, &r->text) || r->text.full))
        return broken(err, "text");
    return LK_OK;
}

enum lk_status lk_onelake_list_xml_read(struct lk_str xml, struct lk_str item,
                                        struct lk_onelake_listing *ret, struct lk_buf *next_marker,
                                        struct lk_error *err)
{
    struct reader r = {
        .item = item, .ret = ret, .marker = next_marker, .text = LK_BUF_INIT(FIELD_MAX)};
    enum lk_xml_event event = LK_XML_OPEN;
    enum lk_status st = LK_OK;

    lk_xml_init(&r.xml, xml);
    while (!st && event != LK_XML_END) {
        st = lk_xml_next(&r.xml, &event, err);
        if (!st)
            st = on_event(&r, event, err);
    }
    lk_buf_done(&r.text);
    return st;
}
