#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Cuts text at max - 1 bytes, not inside a UTF-8 sequence. */
static void put_cut(char *to, size_t max, struct lk_str text)
{
    size_t len = text.len < max ? text.len : max - 1;

    if (len < text.len)
        while (len && ((unsigned char)text.ptr[len] & 0xC0) == 0x80)
            len--;
    if (len)
        memmove(to, text.ptr, len);
    to[len] = '\0';
}

static void format(char *to, size_t max, const char *fmt, va_list args)
{
    char text[LK_ERROR_MESSAGE_MAX * 2];
    int len = vsnprintf(text, sizeof text, fmt, args);

    if (len < 0)
        len = 0;
    if ((size_t)len >= sizeof text)
        len = sizeof text - 1;
    put_cut(to, max, (struct lk_str){text, (size_t)len});
}

static void begin(struct lk_error *err, enum lk_status status, const char *code)
{
    lk_error_clear(err);
    err->status = status;
    put_cut(err->code, sizeof err->code, lk_str_from(code));
}

enum lk_status lk_error_set(struct lk_error *err, enum lk_status status, const char *code,
                            const char *fmt, ...)
{
    va_list args;

    if (!err)
        return status;
    begin(err, status, code);
    va_start(args, fmt);
    format(err->message, sizeof err->message, fmt, args);
    va_end(args);
    return status;
}

enum lk_status lk_error_errno(struct lk_error *err, int errno_value, const char *code,
                              const char *fmt, ...)
{
    char what[LK_ERROR_MESSAGE_MAX];
    char why[128];
    va_list args;

    if (!err)
        return LK_IO;
    va_start(args, fmt);
    format(what, sizeof what, fmt, args);
    va_end(args);
    if (strerror_r(errno_value, why, sizeof why) != 0)
        snprintf(why, sizeof why, "error %d", errno_value);
    return lk_error_set(err, LK_IO, code, "%s: %s", what, why);
}

enum lk_status lk_error_prefix(struct lk_error *err, const char *fmt, ...)
{
    char text[LK_ERROR_MESSAGE_MAX];
    char whole[LK_ERROR_MESSAGE_MAX * 2 + 4];
    va_list args;

    if (!err)
        return LK_IO;
    va_start(args, fmt);
    format(text, sizeof text, fmt, args);
    va_end(args);
    snprintf(whole, sizeof whole, "%s: %s", text, err->message);
    put_cut(err->message, sizeof err->message, lk_str_from(whole));
    return err->status;
}

enum lk_status lk_error_next(struct lk_error *err, const char *fmt, ...)
{
    va_list args;

    if (!err)
        return LK_IO;
    va_start(args, fmt);
    format(err->next, sizeof err->next, fmt, args);
    va_end(args);
    return err->status;
}

enum lk_status lk_error_story(struct lk_error *err, struct lk_str text)
{
    size_t from = 0;

    if (!err)
        return LK_IO;
    if (text.len >= sizeof err->story) {
        from = text.len - (sizeof err->story - 1);
        while (from < text.len && ((unsigned char)text.ptr[from] & 0xC0) == 0x80)
            from++;
    }
    put_cut(err->story, sizeof err->story, lk_str_slice(text, from, text.len));
    return err->status;
}

enum lk_status lk_error_answer(struct lk_error *err, int http_status, struct lk_str service_code,
                               struct lk_str request_id)
{
    if (!err)
        return LK_IO;
    if (http_status)
        err->http_status = http_status;
    if (service_code.len)
        put_cut(err->service_code, sizeof err->service_code, service_code);
    if (request_id.len)
        put_cut(err->request_id, sizeof err->request_id, request_id);
    return err->status;
}

void lk_error_clear(struct lk_error *err)
{
    if (err)
        memset(err, 0, sizeof *err);
}
