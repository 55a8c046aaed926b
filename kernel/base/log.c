#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 16384 };

static atomic_int level_shown = LK_LOG_WARN;
static atomic_int sink_fd = STDERR_FILENO;

void lk_log_set_level(enum lk_log_level level)
{
    atomic_store(&level_shown, (int)level);
}

void lk_log_set_fd(int fd)
{
    atomic_store(&sink_fd, fd);
}

/* One line whatever the text holds: outside text must not fake lines or drive a terminal. */
static void put_visible(struct lk_str text, struct lk_buf *line)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c == '\n')
            lk_buf_put(line, LK_STR("\\n"));
        else if (c < 0x20 || c == 0x7F)
            lk_buf_printf(line, "\\x%02x", (unsigned)c);
        else
            lk_buf_put_char(line, (char)c);
    }
}

static void write_line(struct lk_str line)
{
    int fd = atomic_load(&sink_fd);

    /* One write, so that the lines of two threads do not mix. A log that cannot be written has
     * nobody to tell. */
    while (write(fd, line.ptr, line.len) < 0 && errno == EINTR)
        ;
}

void lk_log(enum lk_log_level level, const char *fmt, ...)
{
    static const char *const names[] = {
        [LK_LOG_ERROR] = "error",
        [LK_LOG_WARN] = "warning",
        [LK_LOG_INFO] = "info",
        [LK_LOG_DEBUG] = "debug",
    };
    LK_CLEANUP(lk_buf_wipe) struct lk_buf text = LK_BUF_INIT(LINE_MAX_BYTES);
    LK_CLEANUP(lk_buf_done) struct lk_buf safe = LK_BUF_INIT(LINE_MAX_BYTES);
    LK_CLEANUP(lk_buf_done) struct lk_buf line = LK_BUF_INIT(5 * LINE_MAX_BYTES);
    int saved = errno;
    va_list args;

    if ((int)level > atomic_load(&level_shown))
        return;
    va_start(args, fmt);
    lk_buf_vprintf(&text, fmt, args);
    va_end(args);
    lk_redact(lk_buf_view(&text), &safe);

    lk_buf_printf(&line, "livy-kernel: %s: ", names[level]);
    put_visible(lk_buf_view(&safe), &line);
    lk_buf_put(&line, text.full ? LK_STR(" [cut]\n") : LK_STR("\n"));
    write_line(lk_buf_view(&line));
    errno = saved;
}
