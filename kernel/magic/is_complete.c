/* Whether a cell is whole, or a console should wait for more of it. Pure. */
#include "magic/cell_parse.h"
#include "magic/vars.h"
#include "magic/words.h"

#include <stdio.h>
#include <string.h>

enum { BRACKETS_MAX = 64, STEP = 4 };

static const char complete[] = "complete", incomplete[] = "incomplete", invalid[] = "invalid";

/* ---- Python, as far as brackets, strings and blocks go ------------------------------------- */

struct scan {
    struct lk_str rest;
    char close[BRACKETS_MAX]; /* what the open brackets wait for; deeper ones only count */
    size_t depth;
    bool bad;       /* a bracket that closes another, or a string that its line ends */
    bool in_string; /* of three quotes */
    bool continued; /* by a backslash at the very end */
    char last;      /* character that says something; '\0' for none */
};

static void take_string(struct scan *scan)
{
    char quote = scan->rest.ptr[0];
    struct lk_str end = {(char[]){quote, quote, quote}, 3};
    bool triple = lk_str_starts(scan->rest, end);

    end.len = triple ? 3 : 1;
    scan->rest = lk_str_slice(scan->rest, end.len, scan->rest.len);
    while (scan->rest.len && !lk_str_starts(scan->rest, end)) {
        if (scan->rest.ptr[0] == '\n' && !triple) {
            scan->bad = true;
            return;
        }
        scan->rest = lk_str_slice(scan->rest, scan->rest.ptr[0] == '\\' ? 2 : 1, scan->rest.len);
    }
    if (!scan->rest.len && triple)
        scan->in_string = true;
    else if (!scan->rest.len)
        scan->bad = true;
    scan->rest = lk_str_slice(scan->rest, end.len, scan->rest.len);
    scan->last = quote;
}

static void take_bracket(struct scan *scan, char c)
{
    const char *open = strchr("([{", c);

    if (open) {
        if (scan->depth < BRACKETS_MAX)
            scan->close[scan->depth] = ")]}"[strchr("([{", c) - "([{"];
        scan->depth++;
        return;
    }
    if (!scan->depth || (scan->depth <= BRACKETS_MAX && scan->close[scan->depth - 1] != c))
        scan->bad = true;
    scan->depth -= scan->depth > 0;
}

static struct scan scan_python(struct lk_str code)
{
    struct scan scan = {.rest = code};

    while (scan.rest.len && !scan.bad) {
        char c = scan.rest.ptr[0];
        if (c == '\'' || c == '"') {
            take_string(&scan);
            continue;
        }
        if (c == '#') {
            scan.rest = lk_str_slice(scan.rest, lk_str_find_char(scan.rest, '\n'), scan.rest.len);
            continue;
        }
        if (strchr("()[]{}", c) && c)
            take_bracket(&scan, c);
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            scan.last = c;
        scan.continued = c == '\\' || (scan.continued && c == '\n' && scan.rest.len == 1);
        scan.rest = lk_str_slice(scan.rest, 1, scan.rest.len);
    }
    return scan;
}

/* ---- lines --------------------------------------------------------------------------------- */

/* The last line that is not blank, and how many blank ones stand behind it, the one that Enter
 * would run from included. */
static struct lk_str last_line(struct lk_str code, size_t *blank)
{
    struct lk_str line, found = LK_STR_EMPTY;
    bool is_ended = lk_str_ends(code, LK_STR("\n"));

    *blank = 0;
    while (lk_str_next_line(&code, &line)) {
        bool is_blank = !lk_str_trim(line).len;
        *blank = is_blank ? *blank + 1 : 0;
        if (!is_blank)
            found = line;
    }
    *blank += is_ended;
    return found;
}

static size_t indent_of(struct lk_str line)
{
    size_t len = 0;

    while (len < line.len && (line.ptr[len] == ' ' || line.ptr[len] == '\t'))
        len++;
    return len;
}

/* The same indent as line, and a step more. */
static const char *wait(struct lk_str line, bool step, char indent[LK_INDENT_MAX + 1])
{
    snprintf(indent, LK_INDENT_MAX + 1, "%.*s%*s", (int)indent_of(line), line.len ? line.ptr : "",
             step ? STEP : 0, "");
    return incomplete;
}

static bool opens(char last)
{
    return last == ':' || last == '(' || last == '[' || last == '{';
}

static const char *judge_python(struct lk_str code, char indent[LK_INDENT_MAX + 1])
{
    struct scan scan = scan_python(code);
    size_t blank;
    struct lk_str line = last_line(code, &blank);
    bool is_decorator = lk_str_starts(lk_str_trim(line), LK_STR("@"));

    if (scan.bad)
        return invalid;
    if (scan.in_string)
        return incomplete;
    if (scan.depth || scan.continued)
        return wait(line, opens(scan.last), indent);
    /* Who presses Enter a third time wants to see what comes. */
    if ((scan.last == ':' || is_decorator) && blank < 2)
        return wait(line, scan.last == ':', indent);
    /* A block ends with a blank line. */
    if (indent_of(line) && !blank)
        return wait(line, false, indent);
    return complete;
}

/* ---- magics -------------------------------------------------------------------------------- */

static bool has_open_quote(struct lk_str line)
{
    LK_CLEANUP(lk_words_done) struct lk_words words = {.word = NULL};

    return lk_words_split(line, &words, NULL) != LK_OK;
}

static bool asks_for_help(struct lk_str line)
{
    line = lk_str_trim(line);
    return lk_str_find(line, LK_STR("--help")) < line.len || lk_str_ends(line, LK_STR("?"));
}

/* A body is typed until a blank line ends it, as in IPython; inside brackets and long strings,
 * where blank lines are nothing special, until two do. */
static const char *judge_body(struct lk_str code, char indent[LK_INDENT_MAX + 1])
{
    LK_CLEANUP(lk_cell_line_done) struct lk_cell_line line = {.number = 0};
    struct lk_str body, last;
    struct scan scan;
    size_t blank;

    if (lk_cell_length_continued(code) < code.len)
        return wait(LK_STR_EMPTY, true, indent);
    if (lk_cell_split_body(code, &line, &body, NULL) || has_open_quote(lk_buf_view(&line.text)))
        return invalid;
    if (asks_for_help(lk_buf_view(&line.text)))
        return complete;
    last = last_line(body, &blank);
    if (!last.len)
        return lk_str_ends(code, LK_STR("\n\n")) ? complete : incomplete;
    scan = scan_python(body);
    if (blank >= (scan.bad || !(scan.depth || scan.in_string) ? 1U : 2U))
        return complete;
    return wait(last, !scan.in_string && opens(scan.last), indent);
}

static const char *judge_lines(struct lk_str code)
{
    struct lk_error err = LK_ERROR_INIT;
    enum lk_status st = LK_OK;
    size_t number = 0;

    while (!st) {
        LK_CLEANUP(lk_cell_line_done) struct lk_cell_line line = {.number = 0};
        st = lk_cell_next_line(&code, &number, &line, &err);
        if (!st && !line.value && has_open_quote(lk_buf_view(&line.text)))
            return invalid;
    }
    if (st == LK_NOT_FOUND)
        return complete;
    return strcmp(err.code, LK_LITERAL_UNFINISHED) == 0 ? incomplete : invalid;
}

/* A comment continues onto nothing. */
static bool is_continued(struct lk_str code)
{
    size_t from = code.len;

    while (from && code.ptr[from - 1] != '\n')
        from--;
    return lk_cell_length_continued(code) < code.len &&
           !lk_str_starts(lk_str_trim(lk_str_slice(code, from, code.len)), LK_STR("#"));
}

const char *lk_cell_is_complete(struct lk_str code, char indent[LK_INDENT_MAX + 1])
{
    enum lk_cell_kind kind;

    indent[0] = '\0';
    if (lk_cell_classify(code, &kind, NULL))
        return invalid;
    switch (kind) {
    case LK_CELL_EMPTY:
        break;
    case LK_CELL_BODY:
        return judge_body(code, indent);
    case LK_CELL_LINES:
    case LK_CELL_PARAMETERS:
        if (kind == LK_CELL_LINES && is_continued(code))
            return wait(LK_STR_EMPTY, true, indent);
        return judge_lines(code);
    case LK_CELL_CODE:
        return judge_python(code, indent);
    }
    return complete;
}
