#include "base/buf.h"

#include "base/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 256 };

void lk_buf_init(struct lk_buf *buf, size_t max)
{
    *buf = (struct lk_buf)LK_BUF_INIT(max);
}

void lk_buf_done(struct lk_buf *buf)
{
    free(buf->data);
    lk_buf_init(buf, buf->max);
}

void lk_buf_wipe(struct lk_buf *buf)
{
    if (buf->data)
        lk_wipe(buf->data, buf->cap);
    lk_buf_done(buf);
}

void lk_buf_clear(struct lk_buf *buf)
{
    lk_buf_truncate(buf, 0);
    buf->full = false;
}

void lk_buf_truncate(struct lk_buf *buf, size_t len)
{
    if (len >= buf->len)
        return;
    buf->len = len;
    buf->data[len] = '\0';
}

/* Room for len bytes and the NUL. Not realloc(): it would leave a copy behind that
 * lk_buf_wipe() cannot reach. */
static void reserve(struct lk_buf *buf, size_t len)
{
    size_t cap = buf->cap ? buf->cap : FIRST_CAPACITY;
    char *grown;

    if (len + 1 <= buf->cap)
        return;
    while (cap < len + 1)
        cap = cap > SIZE_MAX / 2 ? len + 1 : cap * 2;
    if (buf->max < SIZE_MAX && cap > buf->max + 1)
        cap = buf->max + 1;

    grown = lk_realloc(NULL, cap);
    if (buf->data) {
        memcpy(grown, buf->data, buf->len);
        lk_wipe(buf->data, buf->len);
        free(buf->data);
    }
    buf->data = grown;
    buf->cap = cap;
}

void lk_buf_put(struct lk_buf *buf, struct lk_str s)
{
    size_t room = buf->max - buf->len;

    if (s.len > room) {
        buf->full = true;
        s.len = room;
    }
    if (s.len == 0)
        return;
    reserve(buf, buf->len + s.len);
    memcpy(buf->data + buf->len, s.ptr, s.len);
    buf->len += s.len;
    buf->data[buf->len] = '\0';
}

void lk_buf_put_char(struct lk_buf *buf, char c)
{
    lk_buf_put(buf, (struct lk_str){&c, 1});
}

void lk_buf_printf(struct lk_buf *buf, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    lk_buf_vprintf(buf, fmt, args);
    va_end(args);
}

void lk_buf_vprintf(struct lk_buf *buf, const char *fmt, va_list args)
{
    char small[FIRST_CAPACITY];
    char *text = small;
    va_list again;
    int len;

    va_copy(again, args);
    len = vsnprintf(small, sizeof(small), fmt, args);
    if (len >= (int)sizeof(small)) {
        text = lk_alloc((size_t)len + 1);
        len = vsnprintf(text, (size_t)len + 1, fmt, again);
    }
    va_end(again);

    if (len < 0)
        buf->full = true; /* past INT_MAX: it was dropped, and says so */
    else
        lk_buf_put(buf, (struct lk_str){text, (size_t)len});
    if (text != small) {
        lk_wipe(text, len < 0 ? 0 : (size_t)len);
        free(text);
    }
}

void lk_buf_consume(struct lk_buf *buf, size_t n)
{
    if (n >= buf->len) {
        lk_buf_truncate(buf, 0);
        return;
    }
    if (n == 0)
        return;
    buf->len -= n;
    memmove(buf->data, buf->data + n, buf->len + 1);
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
    return lk_error_set(err, LK_LIMIT, "TooLarge", "%s is larger than the limit of %zu bytes", what,
                        buf->max);
}

char *lk_buf_take(struct lk_buf *buf)
{
    char *bytes = buf->data ? buf->data : lk_alloc(1);

    buf->data = NULL;
    lk_buf_done(buf);
    return bytes;
}
