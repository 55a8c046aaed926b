#include "magic/view.h"

#include "base/encoding.h"
#include "net/url.h"

#include <string.h>

void lk_markdown_escape(struct lk_str text, struct lk_buf *ret)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\n' || c == '\r')
            lk_buf_put_char(ret, ' ');
        else if (c == '<')
            lk_buf_put(ret, LK_STR("&lt;"));
        else if (c == '>')
            lk_buf_put(ret, LK_STR("&gt;"));
        else if (c == '&')
            lk_buf_put(ret, LK_STR("&amp;"));
        else if (c && strchr("\\|*_[]#`~$", c))
            lk_buf_printf(ret, "\\%c", c);
        else
            lk_buf_put_char(ret, c);
    }
}

static size_t longest_run(struct lk_str text, char of)
{
    size_t longest = 0, run = 0;

    for (size_t i = 0; i < text.len; i++) {
        run = text.ptr[i] == of ? run + 1 : 0;
        if (run > longest)
            longest = run;
    }
    return longest;
}

static void put_times(struct lk_buf *ret, char c, size_t times)
{
    while (times--)
        lk_buf_put_char(ret, c);
}

void lk_markdown_code(struct lk_str text, struct lk_buf *ret)
{
    size_t fence = longest_run(text, '`') + 1;
    bool space = text.len && (text.ptr[0] == '`' || text.ptr[text.len - 1] == '`');

    if (!text.len)
        return;
    put_times(ret, '`', fence);
    if (space)
        lk_buf_put_char(ret, ' ');
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        /* A table splits its cells before it looks at code: only an entity would survive, and code
         * has none. */
        if (c == '|')
            lk_buf_put(ret, LK_STR("\\|"));
        else
            lk_buf_put_char(ret, c == '\n' || c == '\r' ? ' ' : c);
    }
    if (space)
        lk_buf_put_char(ret, ' ');
    put_times(ret, '`', fence);
}

void lk_markdown_link(struct lk_str text, struct lk_str url, struct lk_buf *ret)
{
    struct lk_url parsed;
    bool web = lk_url_parse(url, &parsed, NULL) == LK_OK &&
               (lk_str_eq_nocase(parsed.scheme, LK_STR("https")) ||
                lk_str_eq_nocase(parsed.scheme, LK_STR("http")));

    if (!web) {
        lk_markdown_escape(text, ret);
        return;
    }
    lk_buf_put_char(ret, '[');
    lk_markdown_escape(text, ret);
    lk_buf_put(ret, LK_STR("]("));
    for (size_t i = 0; i < url.len; i++) {
        unsigned char c = (unsigned char)url.ptr[i];
        if (c <= ' ' || c >= 0x7F || strchr("()<>\"'\\`|$", c))
            lk_buf_printf(ret, "%%%02X", c);
        else
            lk_buf_put_char(ret, (char)c);
    }
    lk_buf_put_char(ret, ')');
}
