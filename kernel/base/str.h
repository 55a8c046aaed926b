/* A borrowed piece of text or bytes: pointer and length, never owned, not
 * necessarily NUL-terminated. A struct lk_str argument is borrowed for the call;
 * whoever keeps it says so. Pure; any thread. */
#ifndef LK_BASE_STR_H
#define LK_BASE_STR_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lk_str {
    const char *ptr; /* may be NULL when len is 0 */
    size_t len;      /* bytes */
};

#define LK_STR(literal) ((struct lk_str){"" literal, sizeof(literal) - 1})
#define LK_STR_INIT(lit)                                                                           \
    {                                                                                              \
        "" lit, sizeof(lit) - 1                                                                    \
    } /* for static initialisers */
#define LK_STR_EMPTY ((struct lk_str){NULL, 0})
/* For "%.*s". */
#define LK_STR_ARGS(s) (int)(s).len, (s).len ? (s).ptr : ""

/* NULL gives the empty string. */
struct lk_str lk_str_from(const char *cstr);
bool lk_str_eq(struct lk_str a, struct lk_str b);
bool lk_str_eq_nocase(struct lk_str a, struct lk_str b); /* ASCII only */
bool lk_str_starts(struct lk_str s, struct lk_str prefix);
bool lk_str_starts_nocase(struct lk_str s, struct lk_str prefix);
bool lk_str_ends(struct lk_str s, struct lk_str suffix);
bool lk_str_ends_nocase(struct lk_str s, struct lk_str suffix);
/* Index of the first byte c or of the first occurrence of needle; s.len when absent. */
size_t lk_str_find_char(struct lk_str s, char c);
size_t lk_str_find(struct lk_str s, struct lk_str needle);
/* s[from, to), both clamped to s.len. */
struct lk_str lk_str_slice(struct lk_str s, size_t from, size_t to);
struct lk_str lk_str_trim(struct lk_str s); /* ASCII white space, both ends */
/* Splits at the first c: *head before it, *tail after it. Without c: head = s,
 * tail empty, returns false. head and tail may be &s of the caller. */
bool lk_str_split(struct lk_str s, char c, struct lk_str *head, struct lk_str *tail);
/* Takes the next line (without "\n" or "\r\n") off *rest; false when *rest is empty. */
bool lk_str_next_line(struct lk_str *rest, struct lk_str *line);
/* Whole string as a decimal number; false on anything else or out of range. */
bool lk_str_to_i64(struct lk_str s, int64_t *ret);
/* 8-4-4-4-12 hex digits, any case. */
bool lk_str_is_guid(struct lk_str s);
/* UTF-8 without surrogates or overlong forms (RFC 3629). */
bool lk_str_is_utf8(struct lk_str s);
/* Length of the longest valid UTF-8 at the beginning of s. */
size_t lk_str_utf8_prefix(struct lk_str s);
/* At most the first max bytes of s, without tearing a UTF-8 sequence. */
struct lk_str lk_str_cut(struct lk_str s, size_t max);
/* Copies s, cut like that to size - 1 bytes, and a NUL into ret of size bytes (at least 1). */
void lk_str_copy(struct lk_str s, char *ret, size_t size);
/* Number of Unicode code points of valid UTF-8. */
size_t lk_str_code_points(struct lk_str s);
/* Levenshtein distance, for "did you mean"; both at most 64 bytes, else SIZE_MAX. */
size_t lk_str_distance(struct lk_str a, struct lk_str b);
/* A NUL-terminated copy from malloc(); release with free(). */
LK_MUST_USE char *lk_str_dup(struct lk_str s);

#endif
