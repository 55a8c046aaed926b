#include "magic/cell_parse.h"

#include "magic/vars.h"

#include <string.h>

static bool is_comment(struct lk_str trimmed)
{
    return trimmed.len && trimmed.ptr[0] == '#';
}

static bool is_silent(struct lk_str trimmed)
{
    return !trimmed.len || is_comment(trimmed);
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

/* papermill writes this above the values it injects. */
static bool has_parameters_mark(struct lk_str code)
{
    struct lk_str rest = lk_str_trim(code), first;

    return lk_str_next_line(&rest, &first) &&
           lk_str_eq_nocase(lk_str_trim(first), LK_STR("# parameters"));
}

static enum lk_status check_text(struct lk_str code, struct lk_error *err)
{
    size_t good;

    if (code.len > LK_CELL_BYTES_MAX) {
        lk_error_set(err, LK_LIMIT, "CellTooLarge", "the cell has %zu bytes; %d MiB is the most",
                     code.len, LK_CELL_BYTES_MAX >> 20);
        lk_error_next(err, "Put large data into a file: %%lakehouse put FILE Files/");
        return LK_LIMIT;
    }
    good = lk_str_utf8_prefix(code);
    if (good < code.len) {
        lk_error_set(err, LK_INVALID, "InvalidUtf8", "the cell is no valid UTF-8 at byte %zu",
                     good + 1);
        lk_error_next(err, "Save the text as UTF-8 and run it again.");
        return LK_INVALID;
    }
    good = lk_str_find_char(code, '\0');
    if (good < code.len)
        return lk_error_set(err, LK_INVALID, "BadCharacter",
                            "the cell holds a NUL character at byte %zu", good + 1);
    return LK_OK;
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
        if (is_silent(line))
            continue;
        if (lk_str_starts(line, LK_STR("%%")))
            *ret = LK_CELL_BODY;
        else if (line.ptr[0] == '%')
            *ret = LK_CELL_LINES;
        else if (split_assignment(line, &name, &tail) && tail.len && tail.ptr[0] == '%')
            *ret = LK_CELL_LINES;
        else
            *ret = has_parameters_mark(code) ? LK_CELL_PARAMETERS : LK_CELL_CODE;
        return LK_OK;
    }
    return LK_OK;
}

bool lk_cell_is_blank(struct lk_str rest)
{
    struct lk_str line;

    while (lk_str_next_line(&rest, &line))
        if (!is_silent(lk_str_trim(line)))
            return false;
    return true;
}

void lk_cell_line_done(struct lk_cell_line *line)
{
    lk_buf_done(&line->text);
    lk_json_unref(&line->value);
}

/* An even number of backslashes is backslashes, and blanks after the last one are nobody's wish. */
size_t lk_cell_length_continued(struct lk_str line)
{
    size_t end = line.len, count = 0;

    while (end && strchr(" \t\r", line.ptr[end - 1]))
        end--;
    while (count < end && line.ptr[end - 1 - count] == '\\')
        count++;
    return count % 2 ? end - 1 : line.len;
}

/* A physical line and those it continues onto. */
static void join_lines(struct lk_str *rest, size_t *number, struct lk_buf *ret)
{
    struct lk_str line;

    while (lk_str_next_line(rest, &line)) {
        size_t len = lk_cell_length_continued(line);
        ++*number;
        lk_buf_put(ret, lk_str_slice(line, 0, len));
        if (len == line.len)
            break;
        lk_buf_put_char(ret, '\n');
    }
}

/* Skips blank lines and comments, which continue onto nothing. *line is the one that follows, still
 * in *rest; false at the end. */
static bool find_line(struct lk_str *rest, size_t *number, struct lk_str *line)
{
    struct lk_str after = *rest;

    while (lk_str_next_line(&after, line)) {
        if (!is_silent(lk_str_trim(*line)))
            return true;
        *rest = after;
        ++*number;
    }
    return false;
}

static enum lk_status read_magic(struct lk_str *rest, size_t *number, struct lk_cell_line *ret,
                                 struct lk_error *err)
{
    struct lk_str view;
    size_t from;

    join_lines(rest, number, &ret->text);
    view = lk_buf_view(&ret->text);
    from = lk_str_find_char(view, '%');
    while (from < view.len && view.ptr[from] == '%')
        from++;
    lk_buf_consume(&ret->text, from);
    return lk_buf_check(&ret->text, "the magic line", err);
}

static size_t count_lines(const char *from, const char *to)
{
    size_t lines = 0;

    for (; from < to; from++)
        lines += *from == '\n';
    return lines;
}

static enum lk_status bad_value(const struct lk_cell_line *line, size_t number, struct lk_str text,
                                const char *why, struct lk_error *err)
{
    lk_error_set(err, LK_INVALID, "BadLiteral", "%.*s (line %zu): not a literal: %.*s%s",
                 LK_STR_ARGS(line->target), number, LK_STR_ARGS(lk_str_cut(text, 60)), why);
    lk_error_next(err, "Write one value on that line. A magic line cannot compute.");
    return LK_INVALID;
}

/* The value begins at tail, a part of *rest. */
static enum lk_status read_assignment(struct lk_str *rest, struct lk_str tail, size_t *number,
                                      struct lk_cell_line *ret, struct lk_error *err)
{
    const char *end = rest->ptr + rest->len;
    struct lk_str text = {tail.ptr, tail.len ? (size_t)(end - tail.ptr) : 0}, after;
    enum lk_status st;

    if (is_silent(tail))
        return bad_value(ret, *number + 1, LK_STR_EMPTY, "there is no value", err);
    st = lk_literal_take(&text, &ret->value, err);
    *number += count_lines(rest->ptr, text.ptr ? text.ptr : end) + 1;
    if (st) {
        lk_error_prefix(err, "%.*s (line %zu)", LK_STR_ARGS(ret->target), *number);
        return st;
    }
    *rest = text;
    if (!lk_str_next_line(rest, &after) || is_silent(lk_str_trim(after)))
        return LK_OK;
    return bad_value(ret, *number, lk_str_trim(after), " follows it", err);
}

static enum lk_status not_a_line(size_t number, struct lk_str line, struct lk_error *err)
{
    if (lk_str_starts(line, LK_STR("%%"))) {
        lk_error_set(err, LK_INVALID, "NotFirst",
                     "line %zu: a %%%% magic has a cell of its own and begins it", number);
        lk_error_next(err, "Put '%.*s' into another cell.", LK_STR_ARGS(lk_str_cut(line, 80)));
        return LK_INVALID;
    }
    lk_error_set(err, LK_INVALID, "NotAMagic",
                 "line %zu is neither a magic nor an assignment: %.*s", number,
                 LK_STR_ARGS(lk_str_cut(line, 80)));
    lk_error_next(err, "Begin it with %%, or put Python into a cell of its own below "
                       "%%%%payload NAME.py.");
    return LK_INVALID;
}

enum lk_status lk_cell_next_line(struct lk_str *rest, size_t *number, struct lk_cell_line *ret,
                                 struct lk_error *err)
{
    struct lk_str line, trimmed, name, tail;

    *ret = (struct lk_cell_line){.text = LK_BUF_INIT(LK_CELL_MAGIC_MAX)};
    if (!find_line(rest, number, &line))
        return LK_NOT_FOUND;
    if (*number >= LK_CELL_LINES_MAX)
        return lk_error_set(err, LK_LIMIT, "TooManyLines", "a list of magics may have %d lines",
                            LK_CELL_LINES_MAX);
    ret->number = *number + 1;
    trimmed = lk_str_trim(line);
    if (split_assignment(trimmed, &name, &tail)) {
        memcpy(ret->name, name.ptr, name.len);
        ret->target = (struct lk_str){ret->name, name.len};
        if (!tail.len || tail.ptr[0] != '%')
            return read_assignment(rest, tail, number, ret, err);
        trimmed = tail;
    }
    if (trimmed.ptr[0] != '%' || lk_str_starts(trimmed, LK_STR("%%")))
        return not_a_line(ret->number, trimmed, err);
    return read_magic(rest, number, ret, err);
}

enum lk_status lk_cell_split_body(struct lk_str code, struct lk_cell_line *ret, struct lk_str *body,
                                  struct lk_error *err)
{
    size_t number = 0;
    struct lk_str line;
    enum lk_status st;

    *ret = (struct lk_cell_line){.text = LK_BUF_INIT(LK_CELL_MAGIC_MAX)};
    find_line(&code, &number, &line);
    ret->number = number + 1;
    st = read_magic(&code, &number, ret, err);
    *body = code;
    return st;
}

/* ---- where a byte stands ------------------------------------------------------------------- */

void lk_cell_magic_done(struct lk_cell_magic *magic)
{
    lk_buf_done(&magic->text);
}

/* Takes a magic and the lines that it continues onto off *rest. */
static void take_magic(struct lk_str code, struct lk_str *rest, struct lk_cell_magic *ret)
{
    struct lk_str line;
    size_t end, signs;

    ret->begin = (size_t)(rest->ptr - code.ptr);
    do {
        if (!lk_str_next_line(rest, &line)) {
            ret->to = code.len;
            break;
        }
        /* Without a next line, a backslash and a blank are a blank that is being typed. */
        end = line.ptr + line.len < code.ptr + code.len ? lk_cell_length_continued(line) : line.len;
        ret->to = (size_t)(line.ptr - code.ptr) + line.len;
        lk_buf_put(&ret->text, lk_str_slice(line, 0, end));
        /* From the backslash to the next line. */
        for (const char *c = line.ptr + end;
             end < line.len && c < (rest->len ? rest->ptr : code.ptr + code.len); c++)
            lk_buf_put_char(&ret->text, *c == '\n' ? '\n' : ' ');
    } while (end < line.len);
    signs = lk_str_find_char(lk_buf_view(&ret->text), '%');
    while (signs < ret->text.len && ret->text.data[signs] == '%')
        signs++;
    lk_buf_consume(&ret->text, signs);
    ret->from = ret->begin + signs;
}

/* Takes what begins with line off *rest: a magic, a literal over its lines, or a line that is
 * neither. Returns whether it is a magic. */
static bool take_unit(struct lk_str code, struct lk_str *rest, struct lk_str line,
                      struct lk_cell_magic *ret)
{
    LK_CLEANUP(lk_json_unref) json_t *value = NULL;
    struct lk_str name, tail = lk_str_trim(line), text;
    bool is_assignment = split_assignment(tail, &name, &text);

    if (is_assignment)
        tail = text;
    if (lk_str_starts(tail, LK_STR("%")) && !lk_str_starts(tail, LK_STR("%%"))) {
        take_magic(code, rest, ret);
        return true;
    }
    if (is_assignment && !is_silent(tail)) {
        text = (struct lk_str){tail.ptr, (size_t)(rest->ptr + rest->len - tail.ptr)};
        /* A wrong one is over on the line where it goes wrong. */
        if (lk_literal_take(&text, &value, NULL) == LK_OK || text.len < rest->len)
            *rest = text;
    }
    lk_str_next_line(rest, &line);
    return false;
}

/* The byte behind the last one is of the line as well: that is where typing goes on. */
static bool is_within(const struct lk_cell_magic *magic, struct lk_str code, size_t at)
{
    size_t end = magic->to + (magic->to < code.len && code.ptr[magic->to] == '\r');

    return at >= magic->begin && at <= end;
}

bool lk_cell_magic_at(struct lk_str code, size_t at, struct lk_cell_magic *ret)
{
    struct lk_str rest = code, line;
    enum lk_cell_kind kind;
    size_t number = 0;

    *ret = (struct lk_cell_magic){.text = LK_BUF_INIT(LK_CELL_MAGIC_MAX)};
    if (lk_cell_classify(code, &kind, NULL) || (kind != LK_CELL_BODY && kind != LK_CELL_LINES))
        return false;
    while (find_line(&rest, &number, &line) && (size_t)(line.ptr - code.ptr) <= at) {
        lk_buf_clear(&ret->text);
        ret->is_body = kind == LK_CELL_BODY;
        if (ret->is_body)
            take_magic(code, &rest, ret);
        else if (!take_unit(code, &rest, line, ret))
            continue;
        if (is_within(ret, code, at))
            return !ret->text.full;
        if (ret->is_body)
            return false;
    }
    return false;
}
