#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 256 };

void lk_buf_init(struct lk_buf *buf, size_t max)
{
    *buf = (struct lk_buf)LK_BUF_INIT(max);
}

void lk_buf_done(struct lk_buf *buf)
{
    size_t max = buf->max;

    free(buf->data);
    lk_buf_init(buf, max);
}

/* Not optimised away: the pointer is volatile. */
void lk_buf_wipe(struct lk_buf *buf)
{
    volatile char *at = buf->data;

    for (size_t i = 0; i < buf->cap; i++)
        at[i] = 0;
    lk_buf_done(buf);
}

void lk_buf_clear(struct lk_buf *buf)
{
    buf->len = 0;
    buf->full = false;
    if (buf->data)
        buf->data[0] = '\0';
}

/* Makes room for more bytes and the NUL; returns how many of them fit below the ceiling. */
static size_t reserve(struct lk_buf *buf, size_t more)
{
    size_t room = buf->max - buf->len;
    size_t cap = buf->cap ? buf->cap : FIRST_CAP;

    if (more > room) {
        buf->full = true;
        more = room;
    }
    while (cap < buf->len + more + 1)
        cap *= 2;
    if (cap > buf->max + 1)
        cap = buf->max + 1;
    if (cap > buf->cap) {
        buf->data = lk_realloc(buf->data, cap);
        buf->cap = cap;
    }
    return more;
}

void lk_buf_put(struct lk_buf *buf, struct lk_str s)
{
    size_t len;

    /* After the first loss nothing more goes in: a gap would be worse than an end. */
    if (buf->full)
        return;
    len = reserve(buf, s.len);
    if (len)
        memcpy(buf->data + buf->len, s.ptr, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void lk_buf_put_char(struct lk_buf *buf, char c)
{
    lk_buf_put(buf, (struct lk_str){&c, 1});
}

void lk_buf_vprintf(struct lk_buf *buf, const char *fmt, va_list args)
{
    char small[512];
    va_list again;
    int len;

    va_copy(again, args);
    len = vsnprintf(small, sizeof small, fmt, args);
    if (len >= 0 && (size_t)len < sizeof small) {
        lk_buf_put(buf, (struct lk_str){small, (size_t)len});
    } else if (len >= 0) {
        char *big = lk_alloc((size_t)len + 1);
        vsnprintf(big, (size_t)len + 1, fmt, again);
        lk_buf_put(buf, (struct lk_str){big, (size_t)len});
        free(big);
    }
    va_end(again);
}

void lk_buf_printf(struct lk_buf *buf, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    lk_buf_vprintf(buf, fmt, args);
    va_end(args);
}

void lk_buf_consume(struct lk_buf *buf, size_t n)
{
    if (n > buf->len)
        n = buf->len;
    if (!n)
        return;
    memmove(buf->data, buf->data + n, buf->len - n);
    buf->len -= n;
    buf->data[buf->len] = '\0';
}

struct lk_str lk_buf_view(const struct lk_buf *buf)
{
    return (struct lk_str){buf->data, buf->len};
}

const char *lk_buf_cstr(const struct lk_buf *buf)
{
    return buf->data ? buf->data : "";
}

enum lk_status lk_buf_check(const struct lk_buf *buf, const char *what, struct lk_error *err)
{
    if (!buf->full)
        return LK_OK;
    return lk_error_set(err, LK_LIMIT, "TooLarge", "%s is larger than %zu bytes", what, buf->max);
}

char *lk_buf_take(struct lk_buf *buf)
{
    char *data = buf->data ? buf->data : lk_str_dup(LK_STR_EMPTY);

    lk_buf_init(buf, buf->max);
    return data;
}
