#include "base/str.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_nocase(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (lower(a[i]) != lower(b[i]))
            return false;
    return true;
}

struct lk_str lk_str_from(const char *cstr)
{
    return cstr ? (struct lk_str){cstr, strlen(cstr)} : LK_STR_EMPTY;
}

bool lk_str_eq(struct lk_str a, struct lk_str b)
{
    return a.len == b.len && (!a.len || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool lk_str_eq_nocase(struct lk_str a, struct lk_str b)
{
    return a.len == b.len && same_nocase(a.ptr, b.ptr, a.len);
}

bool lk_str_starts(struct lk_str s, struct lk_str prefix)
{
    return s.len >= prefix.len && lk_str_eq(lk_str_slice(s, 0, prefix.len), prefix);
}

bool lk_str_starts_nocase(struct lk_str s, struct lk_str prefix)
{
    return s.len >= prefix.len && same_nocase(s.ptr, prefix.ptr, prefix.len);
}

bool lk_str_ends(struct lk_str s, struct lk_str suffix)
{
    return s.len >= suffix.len && lk_str_eq(lk_str_slice(s, s.len - suffix.len, s.len), suffix);
}

bool lk_str_ends_nocase(struct lk_str s, struct lk_str suffix)
{
    return s.len >= suffix.len &&
           lk_str_eq_nocase(lk_str_slice(s, s.len - suffix.len, s.len), suffix);
}

size_t lk_str_find_char(struct lk_str s, char c)
{
    const char *at = s.len ? memchr(s.ptr, c, s.len) : NULL;

    return at ? (size_t)(at - s.ptr) : s.len;
}

size_t lk_str_find(struct lk_str s, struct lk_str needle)
{
    if (!needle.len)
        return 0;
    for (size_t at = 0; at + needle.len <= s.len; at++) {
        at += lk_str_find_char(lk_str_slice(s, at, s.len), needle.ptr[0]);
        if (at + needle.len <= s.len && memcmp(s.ptr + at, needle.ptr, needle.len) == 0)
            return at;
    }
    return s.len;
}

struct lk_str lk_str_slice(struct lk_str s, size_t from, size_t to)
{
    if (to > s.len)
        to = s.len;
    if (from >= to)
        return LK_STR_EMPTY;
    return (struct lk_str){s.ptr + from, to - from};
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct lk_str lk_str_trim(struct lk_str s)
{
    size_t from = 0, to = s.len;

    while (from < to && is_space(s.ptr[from]))
        from++;
    while (to > from && is_space(s.ptr[to - 1]))
        to--;
    return lk_str_slice(s, from, to);
}

bool lk_str_split(struct lk_str s, char c, struct lk_str *head, struct lk_str *tail)
{
    size_t at = lk_str_find_char(s, c);

    *head = lk_str_slice(s, 0, at);
    *tail = lk_str_slice(s, at + 1, s.len);
    return at < s.len;
}

bool lk_str_next_line(struct lk_str *rest, struct lk_str *line)
{
    if (!rest->len)
        return false;
    lk_str_split(*rest, '\n', line, rest);
    if (line->len && line->ptr[line->len - 1] == '\r')
        line->len--;
    return true;
}

bool lk_str_to_i64(struct lk_str s, int64_t *ret)
{
    bool negative = s.len && s.ptr[0] == '-';
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t value = 0;

    if (negative)
        s = lk_str_slice(s, 1, s.len);
    if (!s.len)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)(s.ptr[i] - '0');
        if (digit > 9 || value > (limit - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *ret = negative ? -(int64_t)(value - 1) - 1 : (int64_t)value;
    if (negative && !value)
        *ret = 0;
    return true;
}

static bool is_hex(char c)
{
    c = lower(c);
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool lk_str_is_guid(struct lk_str s)
{
    if (s.len != 36)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? s.ptr[i] != '-' : !is_hex(s.ptr[i]))
            return false;
    }
    return true;
}

/* Length of the code point at the start of s; 0 when it is none (RFC 3629 §4). */
static size_t code_point_length(struct lk_str s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    unsigned char low = 0x80, high = 0xBF;
    size_t len;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 0;
    len = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (p[0] == 0xE0)
        low = 0xA0;
    else if (p[0] == 0xED)
        high = 0x9F;
    else if (p[0] == 0xF0)
        low = 0x90;
    else if (p[0] == 0xF4)
        high = 0x8F;
    if (s.len < len || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return len;
}

bool lk_str_is_utf8(struct lk_str s)
{
    while (s.len) {
        size_t len = code_point_length(s);
        if (!len)
            return false;
        s.ptr += len;
        s.len -= len;
    }
    return true;
}

size_t lk_str_code_points(struct lk_str s)
{
    size_t count = 0;

    for (size_t i = 0; i < s.len; i++)
        count += (s.ptr[i] & 0xC0) != 0x80;
    return count;
}

size_t lk_str_distance(struct lk_str a, struct lk_str b)
{
    enum { MAX = 64 };
    size_t row[MAX + 1];

    if (a.len > MAX || b.len > MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t change = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);
            size_t best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            diagonal = row[j];
            row[j] = change < best ? change : best;
        }
    }
    return row[b.len];
}

char *lk_str_dup(struct lk_str s)
{
    char *copy = lk_alloc(s.len + 1);

    if (s.len)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}
