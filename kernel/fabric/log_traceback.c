/* The cause of a failure out of a log's tail. Pure; logs hold anything. */
#include "fabric/livy_log.h"

enum { MORE_LINES_MAX = 12 };

struct lk_str lk_log_last_lines(struct lk_str log, size_t n)
{
    size_t from;

    if (lk_str_ends(log, LK_STR("\n")))
        log.len--;
    for (from = log.len; from > 0; from--) {
        if (log.ptr[from - 1] == '\n' && --n == 0)
            break;
    }
    return n ? log : lk_str_slice(log, from, log.len);
}

/* ---- finding ------------------------------------------------------------------------------- */

/* Where the last line that begins with mark starts; log.len when there is none. */
static size_t last_line_with(struct lk_str log, struct lk_str mark)
{
    size_t found = log.len;
    struct lk_str rest = log, line;

    while (lk_str_next_line(&rest, &line)) {
        if (lk_str_starts(line, mark))
            found = (size_t)(line.ptr - log.ptr);
    }
    return found;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "26/11/24 00:19:02 INFO …", "2026-11-24T00:19:02…", "2026-11-24 00:19:02,123 …" */
static bool is_log_line(struct lk_str line)
{
    size_t digits = 0;

    while (digits < line.len && is_digit(line.ptr[digits]))
        digits++;
    return (digits == 2 || digits == 4) && line.len > digits + 2 &&
           (line.ptr[digits] == '/' || line.ptr[digits] == '-') && is_digit(line.ptr[digits + 1]);
}

static bool is_java_frame(struct lk_str line)
{
    return lk_str_starts(line, LK_STR("\tat ")) || lk_str_starts(line, LK_STR("    at "));
}

static bool is_indented(struct lk_str line)
{
    return line.len && (line.ptr[0] == ' ' || line.ptr[0] == '\t');
}

/* An exception's message may go on for some lines (Spark's do); it ends where Java's frames or the
 * next log line begin. */
static size_t end_of_message(struct lk_str text, size_t at)
{
    struct lk_str rest = lk_str_slice(text, at, text.len), line;

    for (int i = 0; i < MORE_LINES_MAX && lk_str_next_line(&rest, &line); i++) {
        if (is_java_frame(line) || is_log_line(line) || !lk_str_trim(line).len)
            break;
        at = (size_t)(line.ptr + line.len - text.ptr);
    }
    return at;
}

/* Frames are indented; the first line that is not is the exception. */
static struct lk_str python_traceback(struct lk_str text)
{
    struct lk_str rest = text, line;

    (void)lk_str_next_line(&rest, &line);
    while (lk_str_next_line(&rest, &line)) {
        if (!is_indented(line) && line.len && !is_log_line(line))
            return lk_str_slice(text, 0, end_of_message(text, (size_t)(line.ptr - text.ptr)));
    }
    return lk_str_trim(text); /* cut short; what there is */
}

/* "java.lang.OutOfMemoryError: …", "org.apache.spark.SparkException: …" */
static bool is_java_exception(struct lk_str line)
{
    struct lk_str name = lk_str_slice(line, 0, lk_str_find_char(line, ':'));

    return lk_str_find_char(name, ' ') == name.len && lk_str_find_char(name, '.') < name.len &&
           (lk_str_ends(name, LK_STR("Exception")) || lk_str_ends(name, LK_STR("Error")));
}

static size_t last_java_exception(struct lk_str log)
{
    size_t found = last_line_with(log, LK_STR("Exception in thread "));
    struct lk_str rest = log, line;

    if (found < log.len)
        return found;
    while (lk_str_next_line(&rest, &line)) {
        if (is_java_exception(line))
            found = (size_t)(line.ptr - log.ptr);
    }
    return found;
}

struct lk_str lk_log_find_traceback(struct lk_str log)
{
    size_t at = last_line_with(log, LK_STR("Traceback (most recent call last):"));

    if (at < log.len)
        return python_traceback(lk_str_slice(log, at, log.len));
    at = last_java_exception(log);
    if (at == log.len)
        return LK_STR_EMPTY;
    log = lk_str_slice(log, at, log.len);
    return lk_str_slice(log, 0, end_of_message(log, 0));
}
