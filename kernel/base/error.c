#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Copies text into field, cut at a UTF-8 boundary. */
static void put(char *field, size_t size, struct lk_str text)
{
    struct lk_str cut = lk_str_cut(text, size - 1);

    if (cut.len)
        memmove(field, cut.ptr, cut.len);
    field[cut.len] = '\0';
}

/* Formats into text, cut at a UTF-8 boundary. */
LK_PRINTF(3, 0) static void format(char *text, size_t size, const char *fmt, va_list args)
{
    int len = vsnprintf(text, size, fmt, args);

    if (len < 0)
        text[0] = '\0';
    else if ((size_t)len >= size) {
        /* The byte that did not fit tells nothing here, so look at how the text ends. */
        struct lk_str all = {text, size - 1};
        size_t valid = lk_str_utf8_prefix(all);

        if (all.len - valid < 4)
            text[valid] = '\0';
    }
}

static enum lk_status fill(struct lk_error *err, enum lk_status status, const char *code,
                           const char *message)
{
    char name[LK_ERROR_CODE_MAX]; /* code may be that of *err */

    put(name, sizeof(name), lk_str_from(code));
    lk_error_clear(err);
    err->status = status;
    put(err->code, sizeof(err->code), lk_str_from(name));
    put(err->message, sizeof(err->message), lk_str_from(message));
    return status;
}

enum lk_status lk_error_set(struct lk_error *err, enum lk_status status, const char *code,
                            const char *fmt, ...)
{
    char message[LK_ERROR_MESSAGE_MAX]; /* the arguments may point into *err */
    va_list args;

    if (!err)
        return status;
    va_start(args, fmt);
    format(message, sizeof(message), fmt, args);
    va_end(args);
    return fill(err, status, code, message);
}

enum lk_status lk_error_errno(struct lk_error *err, int errno_value, const char *code,
                              const char *fmt, ...)
{
    char message[LK_ERROR_MESSAGE_MAX];
    char words[128];
    size_t len;
    va_list args;

    if (!err)
        return LK_IO;
    if (strerror_r(errno_value, words, sizeof(words)))
        (void)snprintf(words, sizeof(words), "error %d", errno_value);
    va_start(args, fmt);
    format(message, sizeof(message) - sizeof(words) - 2, fmt, args);
    va_end(args);
    len = strlen(message);
    (void)snprintf(message + len, sizeof(message) - len, ": %s", words);
    return fill(err, LK_IO, code, message);
}

enum lk_status lk_error_prefix(struct lk_error *err, const char *fmt, ...)
{
    char prefix[LK_ERROR_MESSAGE_MAX];
    char message[2 * LK_ERROR_MESSAGE_MAX + 2];
    va_list args;

    if (!err)
        return LK_FAILED;
    va_start(args, fmt);
    format(prefix, sizeof(prefix), fmt, args);
    va_end(args);
    (void)snprintf(message, sizeof(message), "%s: %s", prefix, err->message);
    put(err->message, sizeof(err->message), lk_str_from(message));
    return err->status;
}

enum lk_status lk_error_next(struct lk_error *err, const char *fmt, ...)
{
    char next[LK_ERROR_NEXT_MAX];
    va_list args;

    if (!err)
        return LK_FAILED;
    va_start(args, fmt);
    format(next, sizeof(next), fmt, args);
    va_end(args);
    put(err->next, sizeof(err->next), lk_str_from(next));
    return err->status;
}

enum lk_status lk_error_story(struct lk_error *err, struct lk_str text)
{
    size_t room = sizeof(err->story) - 1;
    size_t from = text.len > room ? text.len - room : 0;

    if (!err)
        return LK_FAILED;
    /* Not in the middle of a character: skip the rest of it. */
    for (int i = 0; from > 0 && i < 3 && ((unsigned char)text.ptr[from] & 0xC0) == 0x80; i++)
        from++;
    put(err->story, sizeof(err->story), lk_str_slice(text, from, text.len));
    return err->status;
}

enum lk_status lk_error_answer(struct lk_error *err, int http_status, struct lk_str service_code,
                               struct lk_str request_id)
{
    if (!err)
        return LK_FAILED;
    if (http_status)
        err->http_status = http_status;
    if (service_code.len)
        put(err->service_code, sizeof(err->service_code), service_code);
    if (request_id.len)
        put(err->request_id, sizeof(err->request_id), request_id);
    return err->status;
}

void lk_error_clear(struct lk_error *err)
{
    if (err)
        memset(err, 0, sizeof(*err));
}
