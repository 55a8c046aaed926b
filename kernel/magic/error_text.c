/* An error as people read it (vscode.md §5): what, the story, the next step. */
#include "magic/run.h"
#include "magic/view.h"

/* The escape sequences used; all empty without colour. */
struct style {
    struct lk_str red_bold, red, green_bold, bold, normal;
};

static struct style style_of(bool colour)
{
    if (!colour)
        return (struct style){.red_bold = LK_STR_EMPTY};
    return (struct style){
        .red_bold = LK_STR("\033[1;31m"),
        .red = LK_STR("\033[31m"),
        .green_bold = LK_STR("\033[1;32m"),
        .bold = LK_STR("\033[1m"),
        .normal = LK_STR("\033[0m"),
    };
}

static void line_end(json_t *lines, struct lk_buf *line)
{
    json_array_append_new(lines, lk_json_text(lk_buf_view(line)));
    lk_buf_clear(line);
}

static bool mentions(const struct lk_error *err, const char *part)
{
    struct lk_str message = lk_str_from(err->message);

    return lk_str_find(message, lk_str_from(part)) < message.len;
}

static void put_headline(const struct lk_error *err, const struct style *style, json_t *lines,
                         struct lk_buf *line)
{
    lk_buf_put(line, style->red_bold);
    lk_text_harmless(lk_str_from(err->code[0] ? err->code : "Error"), line);
    lk_buf_put(line, style->normal);
    lk_buf_put(line, LK_STR(": "));
    lk_text_harmless(lk_str_from(err->message), line);
    if (err->service_code[0] && !mentions(err, err->service_code)) {
        lk_buf_put(line, LK_STR(" ("));
        lk_text_harmless(lk_str_from(err->service_code), line);
        lk_buf_put_char(line, ')');
    }
    if (err->request_id[0] && !mentions(err, err->request_id)) {
        lk_buf_put(line, LK_STR(" (request "));
        lk_text_harmless(lk_str_from(err->request_id), line);
        lk_buf_put_char(line, ')');
    }
    line_end(lines, line);
}

/* "ValueError: …", "pyspark.errors.exceptions.captured.AnalysisException: …", also with nothing
 * after it: the culprit of a traceback. */
static bool names_an_exception(struct lk_str line)
{
    struct lk_str name = lk_str_slice(line, 0, lk_str_find_char(line, ':'));

    return lk_str_find_char(name, ' ') == name.len &&
           (lk_str_ends(name, LK_STR("Error")) || lk_str_ends(name, LK_STR("Exception")));
}

/* The culprit is red. */
static void put_story(struct lk_str story, const struct style *style, json_t *lines,
                      struct lk_buf *line)
{
    struct lk_str one;

    while (story.len && (story.ptr[story.len - 1] == '\n' || story.ptr[story.len - 1] == '\r'))
        story.len--;
    if (!story.len)
        return;
    line_end(lines, line);
    while (lk_str_next_line(&story, &one)) {
        bool culprit = names_an_exception(one);
        lk_buf_put(line, culprit ? style->red : LK_STR_EMPTY);
        lk_text_harmless(one, line);
        lk_buf_put(line, culprit ? style->normal : LK_STR_EMPTY);
        line_end(lines, line);
    }
}

/* Commands in backquotes are bold; a text without any is bold as a whole. */
static void put_commands(struct lk_str text, bool colour, const struct style *style,
                         struct lk_buf *line)
{
    bool inside = false;

    if (!colour) {
        lk_text_harmless(text, line);
        return;
    }
    if (lk_str_find_char(text, '`') == text.len) {
        lk_buf_put(line, style->bold);
        lk_text_harmless(text, line);
        lk_buf_put(line, style->normal);
        return;
    }
    while (text.len) {
        size_t quote = lk_str_find_char(text, '`');
        lk_text_harmless(lk_str_slice(text, 0, quote), line);
        if (quote < text.len) {
            inside = !inside;
            lk_buf_put(line, inside ? style->bold : style->normal);
        }
        text = lk_str_slice(text, quote + 1, text.len);
    }
    if (inside)
        lk_buf_put(line, style->normal);
}

json_t *lk_error_traceback(const struct lk_error *err, bool colour)
{
    struct style style = style_of(colour);
    LK_CLEANUP(lk_buf_done) struct lk_buf line = LK_BUF_INIT(64 << 10);
    json_t *lines = json_array();

    put_headline(err, &style, lines, &line);
    put_story(lk_str_from(err->story), &style, lines, &line);
    if (err->next[0]) {
        line_end(lines, &line);
        lk_buf_put(&line, style.green_bold);
        lk_buf_put(&line, LK_STR("Next"));
        lk_buf_put(&line, style.normal);
        lk_buf_put(&line, LK_STR(": "));
        put_commands(lk_str_from(err->next), colour, &style, &line);
        line_end(lines, &line);
    }
    return lines;
}
