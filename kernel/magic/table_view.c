/* A table written as markdown and as aligned plain text at once. */
#include "magic/view.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 8, CELL_MAX = 16 << 10 };

struct row {
    char *plain[COLUMNS_MAX];
    char *markdown[COLUMNS_MAX];
};

struct lk_table {
    size_t columns;
    struct row *rows; /* the first one is the header */
    size_t count;
};

static char *escaped(struct lk_str text)
{
    struct lk_buf buf = LK_BUF_INIT((size_t)CELL_MAX * 5);

    lk_markdown_escape(text, &buf);
    return lk_buf_take(&buf);
}

static char *one_line(struct lk_str text)
{
    struct lk_buf buf = LK_BUF_INIT(CELL_MAX);

    lk_text_one_line(lk_str_cut(text, CELL_MAX), &buf);
    return lk_buf_take(&buf);
}

static struct row *new_row(struct lk_table *table)
{
    struct row *row;

    table->rows = lk_realloc(table->rows, (table->count + 1) * sizeof *table->rows);
    row = &table->rows[table->count++];
    memset(row, 0, sizeof *row);
    return row;
}

struct lk_table *lk_table_new(size_t columns, ...)
{
    struct lk_table *table = lk_alloc(sizeof *table);
    struct row *header;
    va_list args;

    *table = (struct lk_table){.columns = columns < COLUMNS_MAX ? columns : COLUMNS_MAX};
    header = new_row(table);
    va_start(args, columns);
    for (size_t i = 0; i < table->columns; i++) {
        struct lk_str text = lk_str_from(va_arg(args, const char *));
        header->plain[i] = one_line(text);
        header->markdown[i] = escaped(text);
    }
    va_end(args);
    return table;
}

void lk_table_free(struct lk_table *table)
{
    for (size_t r = 0; table && r < table->count; r++)
        for (size_t i = 0; i < table->columns; i++) {
            free(table->rows[r].plain[i]);
            free(table->rows[r].markdown[i]);
        }
    if (table)
        free(table->rows);
    free(table);
}

void lk_table_row(struct lk_table *table, const struct lk_str *cells)
{
    lk_table_row_rich(table, cells, NULL);
}

void lk_table_row_rich(struct lk_table *table, const struct lk_str *cells,
                       const struct lk_str *markdown)
{
    struct row *row = new_row(table);

    for (size_t i = 0; i < table->columns; i++) {
        row->plain[i] = one_line(cells[i]);
        row->markdown[i] = markdown && markdown[i].len ? lk_str_dup(markdown[i])
                                                       : escaped(lk_str_cut(cells[i], CELL_MAX));
    }
}

static bool is_empty(const struct lk_table *table, size_t rows, size_t column)
{
    for (size_t r = 1; r < rows; r++)
        if (table->rows[r].markdown[column][0])
            return false;
    return true;
}

/* Services differ in what they tell. The first column names the rows and stays. */
static size_t choose_columns(const struct lk_table *table, size_t rows, size_t ret[COLUMNS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < table->columns; i++)
        if (i == 0 || rows == 1 || !is_empty(table, rows, i))
            ret[count++] = i;
    return count;
}

static void write_markdown(const struct lk_table *table, size_t rows, const size_t *columns,
                           size_t count, struct lk_buf *ret)
{
    for (size_t r = 0; r < rows; r++) {
        lk_buf_put_char(ret, '|');
        for (size_t i = 0; i < count; i++)
            lk_buf_printf(ret, " %s |", table->rows[r].markdown[columns[i]]);
        lk_buf_put_char(ret, '\n');
        if (r)
            continue;
        lk_buf_put_char(ret, '|');
        for (size_t i = 0; i < count; i++)
            lk_buf_put(ret, LK_STR(" :-- |"));
        lk_buf_put_char(ret, '\n');
    }
}

static size_t width_of(const char *cell)
{
    return lk_text_width(lk_str_from(cell));
}

static void write_plain(const struct lk_table *table, size_t rows, const size_t *columns,
                        size_t count, struct lk_buf *ret)
{
    size_t width[COLUMNS_MAX] = {0};

    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < count; i++)
            if (width_of(table->rows[r].plain[columns[i]]) > width[i])
                width[i] = width_of(table->rows[r].plain[columns[i]]);
    for (size_t r = 0; r < rows; r++) {
        for (size_t i = 0; i < count; i++) {
            const char *cell = table->rows[r].plain[columns[i]];
            lk_buf_put(ret, lk_str_from(cell));
            for (size_t pad = width_of(cell); i + 1 < count && pad < width[i] + 2; pad++)
                lk_buf_put_char(ret, ' ');
        }
        lk_buf_put_char(ret, '\n');
    }
}

void lk_table_write(const struct lk_table *table, size_t max, struct lk_buf *markdown,
                    struct lk_buf *plain)
{
    size_t rows = table->count - 1 < max ? table->count : max + 1;
    size_t columns[COLUMNS_MAX];
    size_t count = choose_columns(table, rows, columns);

    write_markdown(table, rows, columns, count, markdown);
    write_plain(table, rows, columns, count, plain);
    if (rows < table->count) {
        lk_buf_printf(markdown, "\n… and %zu more\n", table->count - rows);
        lk_buf_printf(plain, "… and %zu more\n", table->count - rows);
    }
}
