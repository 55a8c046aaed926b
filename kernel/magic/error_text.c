/* An error as people read it (vscode.md §5): what, the story, the next step. */
#include "magic/run.h"

static struct lk_str colour_of(bool colour, struct lk_str code)
{
    return colour ? code : LK_STR_EMPTY;
}

/* Control characters of foreign text must not reach a terminal; tabs and line ends may. */
static json_t *line_take(struct lk_buf *line)
{
    json_t *text;

    for (size_t i = 0; i < line->len; i++) {
        unsigned char c = (unsigned char)line->data[i];
        if ((c < ' ' && c != '\t' && c != '\n' && c != '\033') || c == 0x7F)
            line->data[i] = '?';
    }
    text = lk_json_text(lk_buf_view(line));
    lk_buf_clear(line);
    return text;
}

/* Escape sequences of ours stay, those of a story do not. */
static void put_foreign(struct lk_str text, struct lk_buf *ret)
{
    for (size_t i = 0; i < text.len; i++)
        lk_buf_put_char(ret, text.ptr[i] == '\033' ? '?' : text.ptr[i]);
}

static void put_story(const struct lk_error *err, json_t *lines, struct lk_buf *line)
{
    struct lk_str rest = lk_str_from(err->story), one;

    if (!rest.len)
        return;
    json_array_append_new(lines, json_string(""));
    while (lk_str_next_line(&rest, &one)) {
        put_foreign(one, line);
        json_array_append_new(lines, line_take(line));
    }
}

static void put_source(const struct lk_error *err, struct lk_buf *line)
{
    if (err->service_code[0] &&
        !lk_str_starts(lk_str_from(err->message), lk_str_from(err->service_code)) &&
        lk_str_find(lk_str_from(err->message), lk_str_from(err->service_code)) ==
            lk_str_from(err->message).len)
        lk_buf_printf(line, " (%s)", err->service_code);
    if (err->request_id[0] &&
        lk_str_find(lk_str_from(err->message), lk_str_from(err->request_id)) ==
            lk_str_from(err->message).len)
        lk_buf_printf(line, " (request %s)", err->request_id);
}

json_t *lk_error_traceback(const struct lk_error *err, bool colour)
{
    struct lk_str red = colour_of(colour, LK_STR("\033[1;31m"));
    struct lk_str green = colour_of(colour, LK_STR("\033[1;32m"));
    struct lk_str bold = colour_of(colour, LK_STR("\033[1m"));
    struct lk_str plain = colour_of(colour, LK_STR("\033[0m"));
    LK_CLEANUP(lk_buf_done)
    struct lk_buf line = LK_BUF_INIT(64 << 10);
    json_t *lines = json_array();

    lk_buf_put(&line, red);
    lk_buf_put(&line, lk_str_from(err->code[0] ? err->code : "Error"));
    lk_buf_put(&line, plain);
    lk_buf_put(&line, LK_STR(": "));
    put_foreign(lk_str_from(err->message), &line);
    put_source(err, &line);
    json_array_append_new(lines, line_take(&line));
    put_story(err, lines, &line);
    if (err->next[0]) {
        json_array_append_new(lines, json_string(""));
        lk_buf_put(&line, green);
        lk_buf_put(&line, LK_STR("Next"));
        lk_buf_put(&line, plain);
        lk_buf_put(&line, LK_STR(": "));
        lk_buf_put(&line, bold);
        put_foreign(lk_str_from(err->next), &line);
        lk_buf_put(&line, plain);
        json_array_append_new(lines, line_take(&line));
    }
    return lines;
}
