#include "base/str.h"

#include <string.h>

enum { DISTANCE_MAX = 64, GUID_LEN = 36 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'f');
}

struct lk_str lk_str_from(const char *cstr)
{
    return cstr ? (struct lk_str){cstr, strlen(cstr)} : LK_STR_EMPTY;
}

bool lk_str_eq(struct lk_str a, struct lk_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool lk_str_eq_nocase(struct lk_str a, struct lk_str b)
{
    return a.len == b.len && lk_str_starts_nocase(a, b);
}

bool lk_str_starts(struct lk_str s, struct lk_str prefix)
{
    return s.len >= prefix.len && lk_str_eq(lk_str_slice(s, 0, prefix.len), prefix);
}

bool lk_str_starts_nocase(struct lk_str s, struct lk_str prefix)
{
    if (s.len < prefix.len)
        return false;
    for (size_t i = 0; i < prefix.len; i++)
        if (lower(s.ptr[i]) != lower(prefix.ptr[i]))
            return false;
    return true;
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
    const char *hit = s.len ? memchr(s.ptr, c, s.len) : NULL;

    return hit ? (size_t)(hit - s.ptr) : s.len;
}

size_t lk_str_find(struct lk_str s, struct lk_str needle)
{
    size_t at = 0;

    if (needle.len == 0)
        return 0;
    while (s.len - at >= needle.len) {
        struct lk_str rest = lk_str_slice(s, at, s.len - needle.len + 1);
        size_t skip = lk_str_find_char(rest, needle.ptr[0]);

        if (skip == rest.len)
            break;
        at += skip;
        if (memcmp(s.ptr + at, needle.ptr, needle.len) == 0)
            return at;
        at++;
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

struct lk_str lk_str_trim(struct lk_str s)
{
    size_t from = 0;

    while (from < s.len && is_space(s.ptr[from]))
        from++;
    while (s.len > from && is_space(s.ptr[s.len - 1]))
        s.len--;
    return lk_str_slice(s, from, s.len);
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
    if (rest->len == 0)
        return false;
    if (lk_str_split(*rest, '\n', line, rest) && line->len && line->ptr[line->len - 1] == '\r')
        line->len--;
    return true;
}

bool lk_str_to_i64(struct lk_str s, int64_t *ret)
{
    bool negative = s.len && s.ptr[0] == '-';
    int64_t value = 0;
    size_t at = negative;

    if (at == s.len)
        return false;
    for (; at < s.len; at++) {
        int digit = s.ptr[at] - '0';

        if (digit < 0 || digit > 9)
            return false;
        /* Counted downwards: the negative side reaches one further. */
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit, &value))
            return false;
    }
    if (!negative && value == INT64_MIN)
        return false;
    *ret = negative ? value : -value;
    return true;
}

bool lk_str_is_guid(struct lk_str s)
{
    if (s.len != GUID_LEN)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? s.ptr[i] != '-' : !is_hex(s.ptr[i]))
            return false;
    }
    return true;
}

/* Length of the well-formed sequence that starts s (RFC 3629 §4), 0 when there is none. */
static size_t utf8_sequence(const unsigned char *s, size_t len)
{
    unsigned char low = 0x80, high = 0xBF; /* bounds of the second byte */
    size_t need;

    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xC2 || s[0] > 0xF4)
        return 0;
    need = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    if (len < need)
        return 0;
    if (s[0] == 0xE0)
        low = 0xA0; /* overlong */
    else if (s[0] == 0xED)
        high = 0x9F; /* surrogates */
    else if (s[0] == 0xF0)
        low = 0x90; /* overlong */
    else if (s[0] == 0xF4)
        high = 0x8F; /* past U+10FFFF */
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < need; i++)
        if (s[i] < 0x80 || s[i] > 0xBF)
            return 0;
    return need;
}

bool lk_str_is_utf8(struct lk_str s)
{
    return lk_str_utf8_prefix(s) == s.len;
}

size_t lk_str_utf8_prefix(struct lk_str s)
{
    size_t at = 0;

    while (at < s.len) {
        size_t step = utf8_sequence((const unsigned char *)s.ptr + at, s.len - at);

        if (step == 0)
            break;
        at += step;
    }
    return at;
}

struct lk_str lk_str_cut(struct lk_str s, size_t max)
{
    size_t from;

    if (s.len <= max)
        return s;
    /* Leave out the sequence that the cut goes through; at most three bytes of it are kept. */
    for (from = max; from > 0 && max - from < 3; from--)
        if (((unsigned char)s.ptr[from] & 0xC0) != 0x80)
            break;
    if (((unsigned char)s.ptr[from] & 0xC0) == 0x80)
        from = max; /* no UTF-8 here: any place is as good */
    return lk_str_slice(s, 0, from);
}

void lk_str_copy(struct lk_str s, char *ret, size_t size)
{
    s = lk_str_cut(s, size - 1);
    if (s.len)
        memcpy(ret, s.ptr, s.len);
    ret[s.len] = '\0';
}

size_t lk_str_code_points(struct lk_str s)
{
    size_t count = 0;

    for (size_t i = 0; i < s.len; i++)
        count += ((unsigned char)s.ptr[i] & 0xC0) != 0x80;
    return count;
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

size_t lk_str_distance(struct lk_str a, struct lk_str b)
{
    size_t row[DISTANCE_MAX + 1];

    if (a.len > DISTANCE_MAX || b.len > DISTANCE_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t above = row[j];

            row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a.ptr[i - 1] != b.ptr[j - 1]));
            diagonal = above;
        }
    }
    return row[b.len];
}

char *lk_str_dup(struct lk_str s)
{
    char *copy = lk_alloc(s.len + 1);

    if (s.len)
        memcpy(copy, s.ptr, s.len);
    return copy;
}
