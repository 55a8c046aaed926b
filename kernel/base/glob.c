#include "base/glob.h"

/* Length of the first code point of a text that has one. */
static size_t step(struct lk_str text)
{
    size_t len = 1;

    while (len < text.len && ((unsigned char)text.ptr[len] & 0xC0) == 0x80)
        len++;
    return len;
}

static struct lk_str take(struct lk_str *text)
{
    struct lk_str first = lk_str_slice(*text, 0, step(*text));

    *text = lk_str_slice(*text, first.len, text->len);
    return first;
}

/* UTF-8 sorts as its code points do. */
static int compare(struct lk_str a, struct lk_str b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++)
        if (a.ptr[i] != b.ptr[i])
            return (unsigned char)a.ptr[i] < (unsigned char)b.ptr[i] ? -1 : 1;
    return a.len < b.len ? -1 : a.len > b.len;
}

/* Takes "[…]" off *pattern; false when it is not closed. A ']' that comes first is one of the
 * characters. */
static bool take_set(struct lk_str *pattern, struct lk_str c, bool *ret)
{
    struct lk_str rest = lk_str_slice(*pattern, 1, pattern->len), low, high;
    bool is_not = lk_str_starts(rest, LK_STR("^")) || lk_str_starts(rest, LK_STR("!"));
    bool found = false;

    if (is_not)
        take(&rest);
    for (bool first = true; rest.len && (first || rest.ptr[0] != ']'); first = false) {
        low = high = take(&rest);
        if (rest.len > 1 && rest.ptr[0] == '-' && rest.ptr[1] != ']') {
            take(&rest);
            high = take(&rest);
        }
        found = found || (compare(low, c) <= 0 && compare(c, high) <= 0);
    }
    if (!rest.len)
        return false;
    take(&rest);
    *pattern = rest;
    *ret = found != is_not;
    return true;
}

/* Takes what describes one character off *pattern. */
static bool matches_one(struct lk_str *pattern, struct lk_str c)
{
    bool is_in_set;

    if (pattern->ptr[0] == '[' && take_set(pattern, c, &is_in_set))
        return is_in_set;
    if (pattern->ptr[0] != '?')
        return lk_str_eq(take(pattern), c);
    take(pattern);
    return true;
}

bool lk_glob_matches(struct lk_str pattern, struct lk_str text)
{
    struct lk_str after_star = LK_STR_EMPTY, retry = LK_STR_EMPTY;
    bool has_star = false;

    while (text.len || pattern.len) {
        if (pattern.len && pattern.ptr[0] == '*') {
            take(&pattern);
            after_star = pattern;
            retry = text;
            has_star = true;
            continue;
        }
        if (pattern.len && text.len && matches_one(&pattern, take(&text)))
            continue;
        /* Only the newest star need take one more: what an older one could take, it can too. */
        if (!has_star || !retry.len)
            return false;
        take(&retry);
        pattern = after_star;
        text = retry;
    }
    return true;
}
