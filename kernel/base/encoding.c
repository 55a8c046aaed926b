#include "base/encoding.h"

#include <string.h>

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode64(const char *alphabet, bool padded, struct lk_str bytes, struct lk_buf *ret)
{
    const unsigned char *p = (const unsigned char *)bytes.ptr;

    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        unsigned group = (unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0) |
                         (left > 2 ? p[i + 2] : 0);
        char out[4] = {alphabet[group >> 18], alphabet[group >> 12 & 63], '=', '='};
        if (left > 1)
            out[2] = alphabet[group >> 6 & 63];
        if (left > 2)
            out[3] = alphabet[group & 63];
        lk_buf_put(ret, (struct lk_str){out, padded || left > 2 ? 4 : left + 1});
    }
}

void lk_base64_encode(struct lk_str bytes, struct lk_buf *ret)
{
    encode64(standard, true, bytes, ret);
}

void lk_base64url_encode(struct lk_str bytes, struct lk_buf *ret)
{
    encode64(url_safe, false, bytes, ret);
}

static int digit64(char c)
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

bool lk_base64_decode(struct lk_str text, struct lk_buf *ret)
{
    unsigned bits = 0;
    int have = 0;
    size_t padding = 0;

    while (padding < 2 && text.len && text.ptr[text.len - 1] == '=') {
        text.len--;
        padding++;
    }
    if (text.len % 4 == 1 || (padding && (text.len + padding) % 4 != 0))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        int digit = digit64(text.ptr[i]);
        if (digit < 0)
            return false;
        bits = bits << 6 | (unsigned)digit;
        have += 6;
        if (have >= 8) {
            have -= 8;
            lk_buf_put_char(ret, (char)(bits >> have & 0xFF));
        }
    }
    /* Left-over bits that are not zero would let two texts mean the same bytes. */
    return (bits & ((1u << have) - 1)) == 0;
}

static const char hex_digits[] = "0123456789abcdef";

void lk_hex_encode(struct lk_str bytes, struct lk_buf *ret)
{
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char b = (unsigned char)bytes.ptr[i];
        char pair[2] = {hex_digits[b >> 4], hex_digits[b & 15]};
        lk_buf_put(ret, (struct lk_str){pair, 2});
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool lk_hex_decode(struct lk_str text, struct lk_buf *ret)
{
    if (text.len % 2)
        return false;
    for (size_t i = 0; i < text.len; i += 2) {
        int high = hex_digit(text.ptr[i]), low = hex_digit(text.ptr[i + 1]);
        if (high < 0 || low < 0)
            return false;
        lk_buf_put_char(ret, (char)(high << 4 | low));
    }
    return true;
}

static bool unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~", c));
}

static void percent(struct lk_str text, const char *also, struct lk_buf *ret)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (unreserved(c) || (c && strchr(also, c)))
            lk_buf_put_char(ret, c);
        else
            lk_buf_printf(ret, "%%%02X", (unsigned char)c);
    }
}

void lk_percent_encode(struct lk_str text, struct lk_buf *ret)
{
    percent(text, "", ret);
}

void lk_percent_encode_path(struct lk_str path, struct lk_buf *ret)
{
    percent(path, "/", ret);
}

bool lk_percent_decode(struct lk_str text, bool plus_is_space, struct lk_buf *ret)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            if (text.len - i < 3 || !lk_hex_decode(lk_str_slice(text, i + 1, i + 3), ret))
                return false;
            i += 2;
        } else {
            lk_buf_put_char(ret, c == '+' && plus_is_space ? ' ' : c);
        }
    }
    return true;
}

static void form_encode(struct lk_str text, struct lk_buf *ret)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == ' ')
            lk_buf_put_char(ret, '+');
        else
            lk_percent_encode(lk_str_slice(text, i, i + 1), ret);
    }
}

void lk_form_put(struct lk_buf *ret, struct lk_str name, struct lk_str value)
{
    if (ret->len)
        lk_buf_put_char(ret, '&');
    form_encode(name, ret);
    lk_buf_put_char(ret, '=');
    form_encode(value, ret);
}

bool lk_form_get(struct lk_str form, struct lk_str name, struct lk_buf *ret)
{
    LK_CLEANUP(lk_buf_done)
    struct lk_buf key = LK_BUF_INIT(1024);
    struct lk_str pair, left, right;

    while (form.len) {
        lk_str_split(form, '&', &pair, &form);
        lk_str_split(pair, '=', &left, &right);
        lk_buf_clear(&key);
        if (lk_percent_decode(left, true, &key) && lk_str_eq(lk_buf_view(&key), name))
            return lk_percent_decode(right, true, ret);
    }
    return false;
}
