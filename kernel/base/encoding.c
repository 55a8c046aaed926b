#include "base/encoding.h"

#include <string.h>

static const char standard_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode_base64(struct lk_str bytes, const char *alphabet, bool padded,
                          struct lk_buf *ret)
{
    const unsigned char *in = (const unsigned char *)bytes.ptr;

    for (size_t at = 0; at < bytes.len; at += 3) {
        size_t have = bytes.len - at < 3 ? bytes.len - at : 3;
        unsigned group = (unsigned)in[at] << 16;
        char out[4];

        group |= have > 1 ? (unsigned)in[at + 1] << 8 : 0;
        group |= have > 2 ? in[at + 2] : 0;
        for (int i = 0; i < 4; i++)
            out[i] = alphabet[group >> (18 - 6 * i) & 63];
        memset(out + have + 1, '=', 3 - have);
        lk_buf_put(ret, (struct lk_str){out, padded ? 4 : have + 1});
    }
}

void lk_base64_encode(struct lk_str bytes, struct lk_buf *ret)
{
    encode_base64(bytes, standard_alphabet, true, ret);
}

void lk_base64url_encode(struct lk_str bytes, struct lk_buf *ret)
{
    encode_base64(bytes, url_alphabet, false, ret);
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

/* Takes right padding off; false when it is wrong. */
static bool unpad(struct lk_str *text)
{
    size_t padding = 0;

    while (padding < text->len && text->ptr[text->len - 1 - padding] == '=')
        padding++;
    if (padding && (padding > 2 || text->len % 4))
        return false;
    text->len -= padding;
    return text->len % 4 != 1;
}

static bool mixes_alphabets(struct lk_str text)
{
    bool standard =
        lk_str_find_char(text, '+') < text.len || lk_str_find_char(text, '/') < text.len;
    bool url = lk_str_find_char(text, '-') < text.len || lk_str_find_char(text, '_') < text.len;

    return standard && url;
}

bool lk_base64_decode(struct lk_str text, struct lk_buf *ret)
{
    size_t before = ret->len;
    unsigned bits = 0;
    int have = 0;

    if (!unpad(&text) || mixes_alphabets(text))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        int value = base64_value(text.ptr[i]);

        if (value < 0) {
            lk_buf_truncate(ret, before);
            return false;
        }
        bits = (bits << 6 | (unsigned)value) & 0xFFFF;
        have += 6;
        if (have >= 8) {
            have -= 8;
            lk_buf_put_char(ret, (char)(bits >> have));
        }
    }
    if (bits & ((1U << have) - 1)) { /* one text per value: left-over bits are zero */
        lk_buf_truncate(ret, before);
        return false;
    }
    return true;
}

void lk_hex_encode(struct lk_str bytes, struct lk_buf *ret)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.ptr[i];

        lk_buf_put_char(ret, digits[c >> 4]);
        lk_buf_put_char(ret, digits[c & 15]);
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte of the two digits at text[at]; -1 when they are none. */
static int hex_pair(struct lk_str text, size_t at)
{
    int high = at + 1 < text.len ? hex_value(text.ptr[at]) : -1;
    int low = high < 0 ? -1 : hex_value(text.ptr[at + 1]);

    return low < 0 ? -1 : high * 16 + low;
}

bool lk_hex_decode(struct lk_str text, struct lk_buf *ret)
{
    size_t before = ret->len;

    if (text.len % 2)
        return false;
    for (size_t i = 0; i < text.len; i += 2) {
        int byte = hex_pair(text, i);

        if (byte < 0) {
            lk_buf_truncate(ret, before);
            return false;
        }
        lk_buf_put_char(ret, (char)byte);
    }
    return true;
}

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

/* kept stays as it is, 0 for none; plus writes space as '+'. */
static void percent_encode(struct lk_str text, char kept, bool plus, struct lk_buf *ret)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (is_unreserved(c) || (kept && c == kept))
            lk_buf_put_char(ret, c);
        else if (plus && c == ' ')
            lk_buf_put_char(ret, '+');
        else
            lk_buf_printf(ret, "%%%02X", (unsigned)(unsigned char)c);
    }
}

void lk_percent_encode(struct lk_str text, struct lk_buf *ret)
{
    percent_encode(text, 0, false, ret);
}

void lk_percent_encode_path(struct lk_str path, struct lk_buf *ret)
{
    percent_encode(path, '/', false, ret);
}

bool lk_percent_decode(struct lk_str text, bool plus_is_space, struct lk_buf *ret)
{
    size_t before = ret->len;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (c == '%') {
            int byte = hex_pair(text, i + 1);

            if (byte < 0) {
                lk_buf_truncate(ret, before);
                return false;
            }
            c = (char)byte;
            i += 2;
        } else if (plus_is_space && c == '+') {
            c = ' ';
        }
        lk_buf_put_char(ret, c);
    }
    return true;
}

void lk_html_escape(struct lk_str text, struct lk_buf *ret)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '<')
            lk_buf_put(ret, LK_STR("&lt;"));
        else if (c == '>')
            lk_buf_put(ret, LK_STR("&gt;"));
        else if (c == '&')
            lk_buf_put(ret, LK_STR("&amp;"));
        else if (c == '"')
            lk_buf_put(ret, LK_STR("&quot;"));
        else if (c == '\'')
            lk_buf_put(ret, LK_STR("&#39;"));
        else
            lk_buf_put_char(ret, (unsigned char)c < ' ' || c == 0x7F ? ' ' : c);
    }
}

void lk_form_put(struct lk_buf *ret, struct lk_str name, struct lk_str value)
{
    if (ret->len)
        lk_buf_put_char(ret, '&');
    percent_encode(name, 0, true, ret);
    lk_buf_put_char(ret, '=');
    percent_encode(value, 0, true, ret);
}

bool lk_form_get(struct lk_str form, struct lk_str name, struct lk_buf *ret)
{
    while (form.len) {
        LK_CLEANUP(lk_buf_wipe) struct lk_buf plain = LK_BUF_INIT(name.len + 1);
        struct lk_str pair, key, value;

        lk_str_split(form, '&', &pair, &form);
        lk_str_split(pair, '=', &key, &value);
        if (lk_percent_decode(key, true, &plain) && lk_str_eq(lk_buf_view(&plain), name))
            return lk_percent_decode(value, true, ret);
    }
    return false;
}
