/* Assertions on our own types. A failure prints what the error says, so that the log alone tells
 * what went wrong. Test threads only. */
#ifndef LK_TEST_ASSERT_H
#define LK_TEST_ASSERT_H

#include "base/error.h"
#include "base/str.h"
#include "support/cmocka.h"

/* expr is evaluated once; err is what it fills (it may be NULL). */
#define assert_lk_ok(expr, err) assert_lk_status(LK_OK, expr, err)
#define assert_lk_status(want, expr, err)                                                          \
    check_lk_status((want), (expr), (err), #expr, __FILE__, __LINE__)
/* got is a struct lk_str, want a C string (a literal may hold NULs only through assert_bytes). */
#define assert_str(got, want)       check_str((got), lk_str_from(want), #got, __FILE__, __LINE__)
#define assert_bytes(got, want_str) check_str((got), (want_str), #got, __FILE__, __LINE__)
/* text: C string or struct lk_str; part: C string. */
#define assert_contains(text, part)                                                                \
    check_contains(as_lk_str(text), lk_str_from(part), true, #text, __FILE__, __LINE__)
#define assert_lacks(text, part)                                                                   \
    check_contains(as_lk_str(text), lk_str_from(part), false, #text, __FILE__, __LINE__)

/* A C string (NULL: empty) or a struct lk_str as struct lk_str. */
#define as_lk_str(text)                                                                            \
    _Generic((text),                                                                               \
        struct lk_str: as_lk_str_same,                                                             \
        char *: lk_str_from,                                                                       \
        const char *: lk_str_from,                                                                 \
        void *: as_lk_str_none)(text)

struct lk_str as_lk_str_same(struct lk_str text);
struct lk_str as_lk_str_none(const void *null);
const char *lk_status_name(enum lk_status status);

void check_lk_status(enum lk_status want, enum lk_status got, const struct lk_error *err,
                     const char *expr, const char *file, int line);
void check_str(struct lk_str got, struct lk_str want, const char *expr, const char *file, int line);
void check_contains(struct lk_str text, struct lk_str part, bool wanted, const char *expr,
                    const char *file, int line);

#endif
