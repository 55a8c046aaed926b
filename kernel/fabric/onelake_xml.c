#include "fabric/onelake_xml.h"

#include <stdlib.h>
#include <string.h>

static enum lk_status broken(struct lk_error *err, const char *why)
{
    return lk_error_set(err, LK_PROTOCOL, "BadXml", "OneLake's answer is no XML: %s", why);
}

void lk_xml_init(struct lk_xml *xml, struct lk_str bytes)
{
    memset(xml, 0, sizeof(*xml));
    if (lk_str_starts(bytes, LK_STR("\xEF\xBB\xBF")))
        bytes = lk_str_slice(bytes, 3, bytes.len);
    xml->rest = bytes;
}

static void skip(struct lk_xml *xml, size_t n)
{
    xml->rest = lk_str_slice(xml->rest, n, xml->rest.len);
}

/* Past the first end mark; false when there is none. */
static bool skip_past(struct lk_xml *xml, struct lk_str end)
{
    size_t at = lk_str_find(xml->rest, end);

    if (at == xml->rest.len)
        return false;
    skip(xml, at + end.len);
    return true;
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ':' || (unsigned char)c >= 0x80;
}

static struct lk_str take_name(struct lk_str text)
{
    size_t len = 0;

    while (len < text.len && is_name_char(text.ptr[len]))
        len++;
    return lk_str_slice(text, 0, len);
}

/* The tag's end outside of quotes; rest.len when it does not end. */
static size_t end_of_tag(struct lk_str rest)
{
    char quote = '\0';

    for (size_t i = 0; i < rest.len; i++) {
        char c = rest.ptr[i];
        if (quote)
            quote = c == quote ? '\0' : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '>')
            return i;
    }
    return rest.len;
}

static enum lk_status open_element(struct lk_xml *xml, struct lk_error *err)
{
    size_t end = end_of_tag(xml->rest);
    struct lk_str tag = lk_str_slice(xml->rest, 1, end);

    if (end == xml->rest.len)
        return broken(err, "a tag does not end");
    skip(xml, end + 1);
    xml->closes_next = lk_str_ends(tag, LK_STR("/"));
    if (xml->closes_next)
        tag.len--;
    xml->name = take_name(tag);
    xml->attributes = lk_str_trim(lk_str_slice(tag, xml->name.len, tag.len));
    if (!xml->name.len)
        return broken(err, "a tag has no name");
    if (xml->depth == 0 && xml->had_root)
        return broken(err, "something follows its root");
    if (xml->depth == LK_XML_DEPTH_MAX)
        return broken(err, "it is nested too deeply");
    xml->had_root = true;
    xml->open[xml->depth++] = xml->name;
    return LK_OK;
}

static enum lk_status close_element(struct lk_xml *xml, struct lk_error *err)
{
    size_t end = lk_str_find_char(xml->rest, '>');
    struct lk_str name = lk_str_trim(lk_str_slice(xml->rest, 2, end));

    if (end == xml->rest.len)
        return broken(err, "a tag does not end");
    if (xml->depth == 0 || !lk_str_eq(name, xml->open[xml->depth - 1]))
        return broken(err, "a tag closes what is not open");
    skip(xml, end + 1);
    xml->name = xml->open[--xml->depth];
    return LK_OK;
}

/* Declaration, processing instruction or comment. */
static enum lk_status skip_aside(struct lk_xml *xml, struct lk_error *err)
{
    if (lk_str_starts(xml->rest, LK_STR("<?")))
        return skip_past(xml, LK_STR("?>")) ? LK_OK : broken(err, "a declaration does not end");
    if (!lk_str_starts(xml->rest, LK_STR("<!--")))
        return broken(err, "it declares a document type");
    skip(xml, 4);
    return skip_past(xml, LK_STR("-->")) ? LK_OK : broken(err, "a comment does not end");
}

static enum lk_status read_text(struct lk_xml *xml, bool *ret_any, struct lk_error *err)
{
    xml->text = lk_str_slice(xml->rest, 0, lk_str_find_char(xml->rest, '<'));
    skip(xml, xml->text.len);
    *ret_any = xml->depth > 0;
    if (xml->depth == 0 && lk_str_trim(xml->text).len)
        return broken(err, "there is text outside of its root");
    return LK_OK;
}

enum lk_status lk_xml_next(struct lk_xml *xml, enum lk_xml_event *ret, struct lk_error *err)
{
    enum lk_status st = LK_OK;
    bool any = false;

    if (xml->closes_next) {
        xml->closes_next = false;
        xml->name = xml->open[--xml->depth];
        *ret = LK_XML_CLOSE;
        return LK_OK;
    }
    while (!st && xml->rest.len) {
        if (xml->rest.ptr[0] != '<') {
            st = read_text(xml, &any, err);
            *ret = LK_XML_TEXT;
            if (!st && any)
                return LK_OK;
        } else if (lk_str_starts(xml->rest, LK_STR("<?")) ||
                   lk_str_starts(xml->rest, LK_STR("<!"))) {
            st = skip_aside(xml, err);
        } else {
            bool closes = lk_str_starts(xml->rest, LK_STR("</"));
            *ret = closes ? LK_XML_CLOSE : LK_XML_OPEN;
            return closes ? close_element(xml, err) : open_element(xml, err);
        }
    }
    if (!st && (xml->depth || !xml->had_root))
        st = broken(err, "it ends too early");
    *ret = LK_XML_END;
    return st;
}

/* ---- entities ------------------------------------------------------------------------------ */

static void put_code_point(uint32_t c, struct lk_buf *ret)
{
    if (c < 0x80) {
        lk_buf_put_char(ret, (char)c);
    } else if (c < 0x800) {
        lk_buf_put_char(ret, (char)(0xC0 | c >> 6));
        lk_buf_put_char(ret, (char)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        lk_buf_put_char(ret, (char)(0xE0 | c >> 12));
        lk_buf_put_char(ret, (char)(0x80 | (c >> 6 & 0x3F)));
        lk_buf_put_char(ret, (char)(0x80 | (c & 0x3F)));
    } else {
        lk_buf_put_char(ret, (char)(0xF0 | c >> 18));
        lk_buf_put_char(ret, (char)(0x80 | (c >> 12 & 0x3F)));
        lk_buf_put_char(ret, (char)(0x80 | (c >> 6 & 0x3F)));
        lk_buf_put_char(ret, (char)(0x80 | (c & 0x3F)));
    }
}

/* "#65", "#x41" */
static bool put_numeric(struct lk_str entity, struct lk_buf *ret)
{
    bool is_hex = entity.len > 1 && (entity.ptr[1] == 'x' || entity.ptr[1] == 'X');
    uint32_t c = 0;
    size_t i = is_hex ? 2 : 1;

    if (i == entity.len || entity.len > 10)
        return false;
    for (; i < entity.len; i++) {
        char d = entity.ptr[i];
        if (d >= '0' && d <= '9')
            c = c * (is_hex ? 16 : 10) + (uint32_t)(d - '0');
        else if (is_hex && d >= 'a' && d <= 'f')
            c = c * 16 + (uint32_t)(d - 'a' + 10);
        else if (is_hex && d >= 'A' && d <= 'F')
            c = c * 16 + (uint32_t)(d - 'A' + 10);
        else
            return false;
        if (c > 0x10FFFF)
            return false;
    }
    if (c == 0 || (c >= 0xD800 && c <= 0xDFFF))
        return false;
    put_code_point(c, ret);
    return true;
}

static bool put_entity(struct lk_str entity, struct lk_buf *ret)
{
    static const struct {
        struct lk_str name;
        char c;
    } named[] = {{LK_STR_INIT("amp"), '&'},
                 {LK_STR_INIT("lt"), '<'},
                 {LK_STR_INIT("gt"), '>'},
                 {LK_STR_INIT("quot"), '"'},
                 {LK_STR_INIT("apos"), '\''}};

    if (lk_str_starts(entity, LK_STR("#")))
        return put_numeric(entity, ret);
    for (size_t i = 0; i < LK_COUNT(named); i++) {
        if (lk_str_eq(entity, named[i].name)) {
            lk_buf_put_char(ret, named[i].c);
            return true;
        }
    }
    return false;
}

bool lk_xml_decode(struct lk_str encoded, struct lk_buf *ret)
{
    while (encoded.len) {
        size_t at = lk_str_find_char(encoded, '&'), end;

        lk_buf_put(ret, lk_str_slice(encoded, 0, at));
        encoded = lk_str_slice(encoded, at, encoded.len);
        if (!encoded.len)
            break;
        end = lk_str_find_char(encoded, ';');
        if (end == encoded.len || !put_entity(lk_str_slice(encoded, 1, end), ret))
            return false;
        encoded = lk_str_slice(encoded, end + 1, encoded.len);
    }
    return true;
}
