/* A growing byte buffer that is born with its ceiling. What a write has past the ceiling
 * is dropped (what fits is kept) and remembered, so a writer appends freely and checks
 * once at the end with lk_buf_check(). Bytes written must not lie in the buffer itself.
 * One owner; not for sharing between threads. */
#ifndef LK_BASE_BUF_H
#define LK_BASE_BUF_H

#include "base/error.h"
#include "base/str.h"

#include <stdarg.h>

struct lk_buf {
    char *data; /* always NUL-terminated once anything was written; NULL before */
    size_t len;
    size_t cap;
    size_t max; /* ceiling in bytes, the NUL not counted */
    bool full;  /* something was dropped because of max */
};

#define LK_BUF_INIT(ceiling)                                                                       \
    {                                                                                              \
        .data = NULL, .len = 0, .cap = 0, .max = (ceiling), .full = false                          \
    }

void lk_buf_init(struct lk_buf *buf, size_t max);
/* Releases the bytes; the buffer stays usable, empty, with its ceiling. */
void lk_buf_done(struct lk_buf *buf);
/* As lk_buf_done(), wiping the bytes first: for bodies that held a secret. */
void lk_buf_wipe(struct lk_buf *buf);
/* Empties without releasing, and forgets that something was dropped. */
void lk_buf_clear(struct lk_buf *buf);
/* Keeps the first len bytes (clamped): undoes writes. */
void lk_buf_truncate(struct lk_buf *buf, size_t len);
void lk_buf_put(struct lk_buf *buf, struct lk_str s);
void lk_buf_put_char(struct lk_buf *buf, char c);
void lk_buf_printf(struct lk_buf *buf, const char *fmt, ...) LK_PRINTF(2, 3);
void lk_buf_vprintf(struct lk_buf *buf, const char *fmt, va_list args) LK_PRINTF(2, 0);
/* Drops the first n bytes (clamped). */
void lk_buf_consume(struct lk_buf *buf, size_t n);
struct lk_str lk_buf_view(const struct lk_buf *buf);
/* As a C string; "" when empty. Valid until the next write. */
const char *lk_buf_cstr(const struct lk_buf *buf);
/* LK_LIMIT with a message naming what and the ceiling when something was dropped. */
LK_MUST_USE enum lk_status lk_buf_check(const struct lk_buf *buf, const char *what,
                                        struct lk_error *err);
/* Hands the bytes over as a malloc'd C string (never NULL); the buffer is empty after it. */
LK_MUST_USE char *lk_buf_take(struct lk_buf *buf);

#endif
