#include "magic/cell_parse.h"

#include "magic/vars.h"

#include <string.h>

static bool is_comment(struct lk_str trimmed)
{
    return trimmed.len && trimmed.ptr[0] == '#';
}

/* "name = …" with a Python identifier; tail is what follows the '='. */
static bool split_assignment(struct lk_str line, struct lk_str *name, struct lk_str *tail)
{
    if (!lk_str_split(line, '=', name, tail))
        return false;
    *name = lk_str_trim(*name);
    *tail = lk_str_trim(*tail);
    return lk_is_identifier(*name) && !(tail->len && tail->ptr[0] == '=');
}

/* Whether code from an assignment on is literals only, as papermill writes it. Values may span
 * lines; so each line must be blank, a comment or an assignment whose value reads as a literal. */
static bool is_parameters(struct lk_str code)
{
    struct lk_str first;
    struct lk_str rest = lk_str_trim(code);

    return lk_str_next_line(&rest, &first) &&
           lk_str_eq_nocase(lk_str_trim(first), LK_STR("# parameters"));
}

static enum lk_status check_text(struct lk_str code, struct lk_error *err)
{
    size_t good = 0;

    if (code.len > LK_CELL_BYTES_MAX) {
        lk_error_set(err, LK_LIMIT, "CellTooLarge", "the cell has %zu bytes; %d MiB is the most",
                     code.len, LK_CELL_BYTES_MAX >> 20);
        return lk_error_next(err, "Put large data into a file: %%lakehouse put FILE Files/");
    }
    if (lk_str_is_utf8(code))
        return LK_OK;
    while (good < code.len && lk_str_is_utf8(lk_str_slice(code, 0, good + 1)))
        good++;
    while (good + 1 < code.len && lk_str_is_utf8(lk_str_slice(code, 0, good + 2)))
        good += 2;
    lk_error_set(err, LK_INVALID, "InvalidUtf8", "the cell is no valid UTF-8 near byte %zu", good);
    return lk_error_next(err, "Save the text as UTF-8 and run it again.");
}

enum lk_status lk_cell_classify(struct lk_str code, enum lk_cell_kind *ret, struct lk_error *err)
{
    struct lk_str rest = code, line, name, tail;
    enum lk_status st = check_text(code, err);

    if (st)
        return st;
    *ret = LK_CELL_EMPTY;
    while (lk_str_next_line(&rest, &line)) {
        line = lk_str_trim(line);
        if (!line.len || is_comment(line))
            continue;
        if (lk_str_starts(line, LK_STR("%%")))
            *ret = LK_CELL_BODY;
        else if (line.ptr[0] == '%')
            *ret = LK_CELL_LINES;
        else if (split_assignment(line, &name, &tail) && tail.len && tail.ptr[0] == '%')
            *ret = LK_CELL_LINES;
        else
            *ret = is_parameters(code) ? LK_CELL_PARAMETERS : LK_CELL_CODE;
        return LK_OK;
    }
    return LK_OK;
}

void lk_cell_line_done(struct lk_cell_line *line)
{
    lk_buf_done(&line->text);
}

/* A physical line and those it continues onto with a final backslash. */
static void join_lines(struct lk_str *rest, size_t *number, struct lk_buf *ret)
{
    struct lk_str line;

    while (lk_str_next_line(rest, &line)) {
        bool more = lk_str_ends(line, LK_STR("\\"));
        ++*number;
        lk_buf_put(ret, lk_str_slice(line, 0, line.len - more));
        if (!more)
            break;
        lk_buf_put_char(ret, ' ');
    }
}

/* A literal may go on over the lines that follow: takes them until it reads as one. */
static void join_literal(struct lk_str *rest, size_t *number, struct lk_buf *text)
{
    struct lk_str ahead = *rest, line;
    size_t lines = *number, before = text->len;
    json_t *value = NULL;
    struct lk_str opening = lk_str_trim(lk_buf_view(text));

    if (!opening.len || !strchr("[{(", opening.ptr[0]))
        return;
    while (lk_literal_read(lk_buf_view(text), &value, NULL)) {
        if (!lk_str_next_line(&ahead, &line) || text->full) {
            /* It never becomes one: the error should speak of the first line only. */
            text->len = before;
            text->data[before] = '\0';
            return;
        }
        lines++;
        lk_buf_put_char(text, '\n');
        lk_buf_put(text, line);
    }
    json_decref(value);
    *rest = ahead;
    *number = lines;
}

static enum lk_status not_a_line(size_t number, struct lk_str line, struct lk_error *err)
{
    lk_error_set(err, LK_INVALID, "NotAMagic",
                 "line %zu is neither a magic nor an assignment: %.*s", number,
                 LK_STR_ARGS(lk_str_slice(line, 0, 80)));
    return lk_error_next(err, "Begin it with %%, or put Python into a cell of its own below "
                              "%%%%payload NAME.py.");
}

enum lk_status lk_cell_next_line(struct lk_str *rest, size_t *number, struct lk_cell_line *ret,
                                 struct lk_error *err)
{
    struct lk_str view, name, tail;

    *ret = (struct lk_cell_line){.text = LK_BUF_INIT(LK_CELL_BYTES_MAX)};
    do {
        if (!rest->len)
            return LK_NOT_FOUND;
        if (*number >= LK_CELL_LINES_MAX)
            return lk_error_set(err, LK_LIMIT, "TooManyLines", "a list of magics may have %d lines",
                                LK_CELL_LINES_MAX);
        lk_buf_clear(&ret->text);
        ret->number = *number + 1;
        join_lines(rest, number, &ret->text);
        view = lk_str_trim(lk_buf_view(&ret->text));
    } while (!view.len || is_comment(view));

    if (split_assignment(view, &name, &tail)) {
        /* The name must outlive the buffer's changes: it is the start of a line of the cell. */
        size_t skipped = (size_t)(tail.ptr ? tail.ptr - ret->text.data : (ptrdiff_t)ret->text.len);
        memcpy(ret->name, name.ptr, name.len);
        ret->target = (struct lk_str){ret->name, name.len};
        lk_buf_consume(&ret->text, skipped);
        view = lk_str_trim(lk_buf_view(&ret->text));
    }
    ret->is_magic = view.len && view.ptr[0] == '%' && !lk_str_starts(view, LK_STR("%%"));
    if (ret->is_magic) {
        lk_buf_consume(&ret->text, (size_t)(view.ptr - ret->text.data) + 1);
        return LK_OK;
    }
    if (!ret->target.len) {
        enum lk_status st = not_a_line(ret->number, view, err);
        lk_cell_line_done(ret);
        return st;
    }
    join_literal(rest, number, &ret->text);
    return LK_OK;
}

enum lk_status lk_cell_split_body(struct lk_str code, struct lk_cell_line *line,
                                  struct lk_str *body, struct lk_error *err)
{
    size_t number = 0;
    struct lk_str view;

    *line = (struct lk_cell_line){.text = LK_BUF_INIT(1 << 20), .is_magic = true};
    do {
        lk_buf_clear(&line->text);
        line->number = number + 1;
        join_lines(&code, &number, &line->text);
        view = lk_str_trim(lk_buf_view(&line->text));
    } while (code.len && (!view.len || is_comment(view)));
    *body = code;
    lk_buf_consume(&line->text, (size_t)(view.ptr - line->text.data) + 2);
    return lk_buf_check(&line->text, "the magic line", err);
}

const char *lk_cell_is_complete(struct lk_str code)
{
    struct lk_str trimmed = lk_str_trim(code);
    enum lk_cell_kind kind;

    if (lk_cell_classify(code, &kind, NULL))
        return "invalid";
    if (lk_str_ends(trimmed, LK_STR("\\")))
        return "incomplete";
    /* A body is typed until a blank line ends it. */
    if (kind == LK_CELL_BODY && !lk_str_ends(code, LK_STR("\n\n")) &&
        !lk_str_starts(trimmed, LK_STR("%%batch --help")))
        return "incomplete";
    return "complete";
}
