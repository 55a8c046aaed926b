/* What people see: MIME bundles (vscode.md §4–5), markdown made of foreign text, and
 * answers shown in a cell. Everything that came from outside is escaped here. */
#ifndef LK_MAGIC_VIEW_H
#define LK_MAGIC_VIEW_H

#include "magic/magic.h"

enum {
    LK_VALUE_LINES_MAX = 30,
    LK_VALUE_BYTES_MAX = 64 << 10,
    LK_VARIABLE_SHOWN = 80, /* characters of a variable in a table */
    LK_TITLE_SHOWN = 60,    /* characters of a foreign name in a table's header or a line */
};

/* Bytes of the character that text begins with when it steers what shows it: a control character,
 * of ASCII or of Latin-1, or a mark that turns the direction of all that follows. 0 for any other.
 */
size_t lk_text_steering(struct lk_str text);
/* The lines of a log or a file, from outside, to the cell's stdout, with a line end after the last
 * one. Colours, tabs and carriage returns stay; what else would steer a terminal becomes '?'. Not
 * in a quiet cell. */
void lk_stream_foreign(struct lk_cell *cell, struct lk_str text);
/* text with '?' for such characters, but for tabs and line ends: it must not steer what shows it.
 */
void lk_text_harmless(struct lk_str text, struct lk_buf *ret);
/* text on one line, without such characters. */
void lk_text_one_line(struct lk_str text, struct lk_buf *ret);
/* Columns of a terminal: two for the wide characters of East Asia and for emoji, none for marks
 * that stand on the character before. */
size_t lk_text_width(struct lk_str text);
/* At most max characters of it; the last one is … where it was cut. */
void lk_text_shorten(struct lk_str text, size_t max, struct lk_buf *ret);

/* On one line, and escaped for markdown: \ | * _ [ ] < > & # ~ $ ` */
void lk_markdown_escape(struct lk_str text, struct lk_buf *ret);
/* In backquotes, with a fence longer than any run inside; newlines become spaces. For the cells of
 * a table, where '|' must be escaped in code too. Nothing for the empty text. */
void lk_markdown_code(struct lk_str text, struct lk_buf *ret);
/* An id or a number as code, for a cell of a table: a narrow one may break it within its long runs.
 * Text that is more than letters, digits, '-' and '_' is taken as lk_markdown_code() does. */
void lk_markdown_id(struct lk_str text, struct lk_buf *ret);
/* As a block of pretty code, cut at LK_VALUE_BYTES_MAX with a count, in a fence longer than any run
 * of backquotes inside it. */
void lk_markdown_json(const json_t *value, struct lk_buf *ret);
/* [text](url), the text escaped, the URL checked to be http(s) and encoded; else just the text. */
void lk_markdown_link(struct lk_str text, struct lk_str url, struct lk_buf *ret);
/* [host](url): an address of ids is too long to read, and what they say stands beside it. */
void lk_markdown_site_link(struct lk_str url, struct lk_buf *ret);

/* A table that is written as markdown and as aligned plain text at once. Cells are plain foreign
 * text unless said otherwise. */
struct lk_table;
LK_MUST_USE struct lk_table *lk_table_new(size_t columns, ...); /* const char *header each */
void lk_table_free(struct lk_table *table);
/* One row: const struct lk_str * for each column by value as struct lk_str. */
void lk_table_row(struct lk_table *table, const struct lk_str *cells);
/* As above with ready-made markdown for some cells (markdown[i].len > 0 replaces the escaped text).
 */
void lk_table_row_rich(struct lk_table *table, const struct lk_str *cells,
                       const struct lk_str *markdown);
/* At most max rows, then a line with the count of the rest. Columns that are empty in every row are
 * left out. */
void lk_table_write(const struct lk_table *table, size_t max, struct lk_buf *markdown,
                    struct lk_buf *plain);

/* {application/json: value, text/x-json: pretty, text/plain: pretty}. */
struct lk_bundle lk_bundle_of_value(const json_t *value);
/* {text/markdown, text/plain, application/vnd.livy-kernel.v1+json: value}; fold puts the value as
 * <details> below the markdown, cut at LK_VALUE_BYTES_MAX with a count. Without any plain text a
 * folded value stands there too. */
struct lk_bundle lk_bundle_of_view(struct lk_str markdown, struct lk_str plain, const json_t *value,
                                   bool fold);
struct lk_bundle lk_bundle_of_svg(struct lk_str svg, struct lk_str plain);
void lk_bundle_done(struct lk_bundle *bundle);
size_t lk_value_lines(const json_t *value); /* of its pretty form */

/* Shows an answer as --json, --quiet or neither say: the view with the value folded into it, or, of
 * an answer without a view, the value as the cell's result: when this is the last answer of its
 * cell and the value has at most LK_VALUE_LINES_MAX lines. A short value in the middle of a cell
 * and without a view is not shown at all. */
void lk_answer_show(struct lk_cell *cell, struct lk_answer *answer, bool json_only, bool quiet,
                    bool is_last);

/* Shows the view now (replacing its progress display) and marks it shown, unless the cell is quiet;
 * the value stays for lk_answer_show(). For magics that show more after their view. */
void lk_answer_show_view(struct lk_cell *cell, struct lk_answer *answer);

/* A picture below a view; plain says the same where pictures are not shown. Not in a quiet cell. */
void lk_picture_show(struct lk_cell *cell, struct lk_str svg, struct lk_str plain);

/* Live progress: one display, updated in place at most twice a second, the same MIME types from
 * first to last. A quiet cell has none. */
struct lk_progress {
    struct lk_cell *cell;
    struct lk_clock *clock;
    char display_id[40];
    bool asks; /* somebody must act on it: shown in spite of --quiet */
    bool shown;
    int64_t last_ms;
};
void lk_progress_init(struct lk_progress *ret, struct lk_cell *cell, struct lk_clock *clock);
/* False when lk_progress_show() would drop it: whoever has much to write asks first. */
bool lk_progress_is_due(const struct lk_progress *progress);
/* Shows or updates; dropped when the last one is under 500 ms old unless force. */
void lk_progress_show(struct lk_progress *progress, struct lk_str markdown, struct lk_str plain,
                      const json_t *value, bool force);

#endif
