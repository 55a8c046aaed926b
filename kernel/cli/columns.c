#define _XOPEN_SOURCE 700 /* wcwidth() */
#include "cli/columns.h"

#include <wchar.h>

/* One character at the start of text: its bytes, and its columns in *width. */
static size_t measure(struct lk_str text, size_t *width)
{
    mbstate_t whole = {0};
    wchar_t c;
    size_t bytes = mbrtowc(&c, text.ptr, text.len, &whole);
    int columns;

    *width = 1;
    /* No UTF-8, or no UTF-8 locale: each byte is taken for a column, which is never too few. */
    if (bytes == 0 || bytes > text.len)
        return 1;
    columns = wcwidth(c);
    *width = columns < 0 ? 1 : (size_t)columns;
    return bytes;
}

struct lk_str lk_columns_fit(struct lk_str line, size_t columns)
{
    size_t at = 0;

    while (at < line.len) {
        size_t width;
        size_t bytes = measure(lk_str_slice(line, at, line.len), &width);
        if (width > columns)
            break;
        columns -= width;
        at += bytes;
    }
    return lk_str_cut(line, at);
}
