#include "fabric/log_filter.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum {
    REPEATED_MAX = 2000, /* length of the pattern, times its repetitions */
    FRESH_AFTER = LK_LOG_PIECE_MAX,
};

struct lk_log_filter {
    char pattern[LK_LOG_PATTERN_MAX + 1];
    int flags;
    regex_t regex;
    size_t tested; /* bytes since regex was compiled */
    char piece[LK_LOG_PIECE_MAX + 1];
};

/* ---- what is no pattern -----------------------------------------------------------------------
 */

static enum lk_status refuse(struct lk_str pattern, const char *why, struct lk_error *err)
{
    lk_error_set(err, LK_INVALID, "BadPattern", "--grep '%.*s': %s",
                 LK_STR_ARGS(lk_str_cut(pattern, LK_LOG_PATTERN_MAX)), why);
    return lk_error_next(err, "A POSIX extended regular expression: --grep 'ERROR|WARN', "
                              "--grep 'stage [0-9]+ failed'. A backslash makes . * + ? ( ) [ { | "
                              "^ $ plain.");
}

/* The larger number of {n}, {n,} or {n,m}; text begins behind the brace. */
static size_t repetitions(struct lk_str text)
{
    size_t most = 1, number = 0;

    for (size_t i = 0; i < text.len && text.ptr[i] != '}'; i++) {
        bool is_digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        number = is_digit ? number * 10 + (size_t)(text.ptr[i] - '0') : 0;
        if (number > REPEATED_MAX)
            return REPEATED_MAX + 1;
        most = number > most ? number : most;
    }
    return most;
}

/* A matcher that goes through a line once needs as many states as the pattern is long with its
 * repetitions written out. Nested or not, the product is the bound. */
static bool is_bounded(struct lk_str pattern, bool *ret_back_reference)
{
    size_t size = pattern.len;

    for (size_t i = 0; i < pattern.len; i++) {
        if (pattern.ptr[i] == '\\' && i + 1 < pattern.len) {
            i++;
            *ret_back_reference |= pattern.ptr[i] >= '1' && pattern.ptr[i] <= '9';
        } else if (pattern.ptr[i] == '{') {
            size *= repetitions(lk_str_slice(pattern, i + 1, pattern.len));
        }
        if (size > REPEATED_MAX)
            return false;
    }
    return true;
}

static enum lk_status check(struct lk_str pattern, struct lk_error *err)
{
    bool has_back_reference = false;

    if (!pattern.len)
        return refuse(pattern, "the pattern is empty", err);
    if (pattern.len > LK_LOG_PATTERN_MAX)
        return refuse(pattern, "the pattern is longer than 256 bytes", err);
    if (memchr(pattern.ptr, '\0', pattern.len) || memchr(pattern.ptr, '\n', pattern.len))
        return refuse(pattern, "a pattern is one line of text", err);
    if (!is_bounded(pattern, &has_back_reference))
        return refuse(pattern, "it repeats too much; smaller numbers in {} help", err);
    if (has_back_reference)
        return refuse(pattern, "references such as \\1 are not supported", err);
    return LK_OK;
}

/* ---- matching ---------------------------------------------------------------------------------
 */

enum lk_status lk_log_filter_new(struct lk_str pattern, bool ignore_case,
                                 struct lk_log_filter **ret, struct lk_error *err)
{
    struct lk_log_filter *filter;
    enum lk_status st = check(pattern, err);
    char why[128];
    int code;

    if (st)
        return st;
    filter = lk_alloc(sizeof(*filter));
    memcpy(filter->pattern, pattern.ptr, pattern.len);
    filter->flags = REG_EXTENDED | REG_NOSUB | (ignore_case ? REG_ICASE : 0);
    code = regcomp(&filter->regex, filter->pattern, filter->flags);
    if (code) {
        (void)regerror(code, NULL, why, sizeof(why));
        free(filter);
        return refuse(pattern, why, err);
    }
    *ret = filter;
    return LK_OK;
}

void lk_log_filter_free(struct lk_log_filter *filter)
{
    if (filter)
        regfree(&filter->regex);
    free(filter);
}

/* Matchers build their states while they match, keep them, and search among them: a hostile pair of
 * pattern and log fills the memory and takes ever longer. Beginning anew forgets them. */
static bool refresh(struct lk_log_filter *filter, size_t more)
{
    filter->tested += more;
    if (filter->tested <= FRESH_AFTER)
        return true;
    filter->tested = more;
    regfree(&filter->regex);
    if (regcomp(&filter->regex, filter->pattern, filter->flags) == 0)
        return true;
    /* Out of memory; an empty regex_t may be freed. */
    memset(&filter->regex, 0, sizeof(filter->regex));
    return false;
}

static bool matches_piece(struct lk_log_filter *filter, struct lk_str piece, int flags)
{
    if (!refresh(filter, piece.len))
        return false;
    /* A NUL would end the text for the matcher. */
    for (size_t i = 0; i < piece.len; i++)
        filter->piece[i] = piece.ptr[i] ? piece.ptr[i] : ' ';
    filter->piece[piece.len] = '\0';
    return regexec(&filter->regex, filter->piece, 0, NULL, flags) == 0;
}

bool lk_log_filter_matches(struct lk_log_filter *filter, struct lk_str line,
                           const struct lk_cancel *cancel)
{
    for (size_t at = 0;; at += LK_LOG_PIECE_MAX / 2) {
        bool is_last = line.len - at <= LK_LOG_PIECE_MAX;
        int flags = (at ? REG_NOTBOL : 0) | (is_last ? 0 : REG_NOTEOL);

        if (lk_cancel_is_set(cancel))
            return false;
        if (matches_piece(filter, lk_str_slice(line, at, at + LK_LOG_PIECE_MAX), flags))
            return true;
        if (is_last)
            return false;
    }
}
