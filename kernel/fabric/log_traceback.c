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

/* ---- explaining ------------------------------------------------------------------------------ */

enum quoting { QUOTE_NONE, QUOTE_BACK, QUOTE_SINGLE };

/* The first whose mark is in the text wins: the particular before the general. */
static const struct {
    struct lk_str mark;
    enum quoting quoting; /* what follows the mark names the thing, in such quotes */
    const char *cause;    /* %.*s: the name, or "it" */
    const char *next;
} known_causes[] = {
    {LK_STR_INIT("TABLE_OR_VIEW_NOT_FOUND"), QUOTE_BACK,
     "the table or view %.*s is not in the lakehouse",
     "%lakehouse ls Tables shows what there is; upper and lower case count."},
    {LK_STR_INIT("Table or view not found"), QUOTE_NONE,
     "a table or view that the payload reads is not in the lakehouse",
     "%lakehouse ls Tables shows what there is."},
    {LK_STR_INIT("DELTA_TABLE_NOT_FOUND"), QUOTE_BACK, "the Delta table %.*s is not there",
     "%lakehouse ls Tables shows what there is."},
    {LK_STR_INIT("UNRESOLVED_COLUMN"), QUOTE_BACK, "the column %.*s is not in the table",
     "The message lists the columns that there are."},
    {LK_STR_INIT("PATH_NOT_FOUND"), QUOTE_NONE, "a path that the payload reads is not there",
     "%lakehouse ls Files shows what there is; relative paths start at the lakehouse."},
    {LK_STR_INIT("Path does not exist"), QUOTE_NONE, "a path that the payload reads is not there",
     "%lakehouse ls Files shows what there is; relative paths start at the lakehouse."},
    {LK_STR_INIT("No module named "), QUOTE_SINGLE, "the Python module %.*s is not installed there",
     "Send it along with --py-files, or use an environment that has it: --environment GUID."},
    {LK_STR_INIT("ImportError"), QUOTE_NONE, "a Python import failed",
     "Send the module along with --py-files, or use an environment that has it: --environment "
     "GUID."},
    {LK_STR_INIT("SyntaxError"), QUOTE_NONE, "the payload is no valid Python",
     "Correct the %%payload cell and run it again."},
    {LK_STR_INIT("IndentationError"), QUOTE_NONE, "the payload is no valid Python",
     "Correct the %%payload cell and run it again."},
    {LK_STR_INIT("TooManyRequestsForCapacity"), QUOTE_NONE,
     "the capacity's Spark cores were all in use",
     "Wait for other jobs to end, then submit again: %batch submit."},
    {LK_STR_INIT("OutOfMemoryError"), QUOTE_NONE, "Spark ran out of memory",
     "Read fewer columns, avoid collect() and toPandas(), or use larger nodes through an "
     "environment or pool."},
    {LK_STR_INIT("exceeding memory limits"), QUOTE_NONE, "an executor ran out of memory",
     "Use more partitions, or larger nodes through an environment or pool."},
    {LK_STR_INIT("MemoryError"), QUOTE_NONE, "the driver's Python ran out of memory",
     "Avoid collect() and toPandas() on large data."},
    {LK_STR_INIT("_LEGACY_ERROR_TEMP_DELTA_0007"), QUOTE_NONE,
     "the data's schema is not the table's",
     "Add .option(\"overwriteSchema\", \"true\") or mergeSchema when that is meant."},
    {LK_STR_INIT("A schema mismatch detected"), QUOTE_NONE, "the data's schema is not the table's",
     "Add .option(\"overwriteSchema\", \"true\") or mergeSchema when that is meant."},
    {LK_STR_INIT("AuthorizationPermissionMismatch"), QUOTE_NONE,
     "the batch's identity may not read or write there",
     "It needs a role in the workspace that holds the data (Contributor to write)."},
    {LK_STR_INIT("AuthorizationFailure"), QUOTE_NONE,
     "the batch's identity may not read or write there",
     "It needs a role in the workspace that holds the data (Contributor to write)."},
    {LK_STR_INIT("Operation failed: \"Forbidden\""), QUOTE_NONE,
     "the batch's identity may not read or write there",
     "It needs a role in the workspace that holds the data (Contributor to write)."},
    {LK_STR_INIT("FileNotFoundError"), QUOTE_SINGLE, "the file %.*s is not there",
     "%lakehouse ls Files shows what there is; plain Python sees lakehouse files only below "
     "/lakehouse/default/Files."},
    {LK_STR_INIT("java.io.FileNotFoundException"), QUOTE_NONE,
     "a file that the payload reads is not there", "%lakehouse ls Files shows what there is."},
};

/* `a`.`b` as it stands: quoted parts joined by dots. */
static struct lk_str quoted_name(struct lk_str text, char quote)
{
    size_t from = lk_str_find_char(text, quote), to = from;

    while (to < text.len && text.ptr[to] == quote) {
        struct lk_str rest = lk_str_slice(text, to + 1, text.len);
        size_t len = lk_str_find_char(rest, quote);
        if (len == rest.len || lk_str_find_char(rest, '\n') < len)
            return LK_STR_EMPTY;
        to += len + 2;
        if (to + 1 < text.len && text.ptr[to] == '.' && text.ptr[to + 1] == quote)
            to++;
    }
    return lk_str_cut(lk_str_slice(text, from, to), 200);
}

static void put_cause(const char *pattern, struct lk_str name, struct lk_buf *ret)
{
    struct lk_str text = lk_str_from(pattern);
    size_t gap = lk_str_find(text, LK_STR("%.*s"));

    lk_buf_put(ret, lk_str_slice(text, 0, gap));
    if (gap == text.len)
        return;
    lk_buf_put(ret, name.len ? name : LK_STR("that the payload wants"));
    lk_buf_put(ret, lk_str_slice(text, gap + 4, text.len));
}

bool lk_log_explain(struct lk_str traceback, struct lk_buf *cause, struct lk_buf *next)
{
    for (size_t i = 0; i < LK_COUNT(known_causes); i++) {
        size_t at = lk_str_find(traceback, known_causes[i].mark);
        struct lk_str name = LK_STR_EMPTY;
        if (at == traceback.len)
            continue;
        if (known_causes[i].quoting)
            name = quoted_name(lk_str_slice(traceback, at, traceback.len),
                               known_causes[i].quoting == QUOTE_BACK ? '`' : '\'');
        put_cause(known_causes[i].cause, name, cause);
        lk_buf_put(next, lk_str_from(known_causes[i].next));
        return true;
    }
    return false;
}
