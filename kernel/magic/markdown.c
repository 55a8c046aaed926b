#include "magic/view.h"

#include "base/encoding.h"
#include "net/url.h"

#include <ctype.h>
#include <string.h>

void lk_markdown_escape(struct lk_str text, struct lk_buf *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf line = LK_BUF_INIT(text.len + 1);

    lk_text_one_line(text, &line);
    for (size_t i = 0; i < line.len; i++) {
        char c = line.data[i];
        if (c == '<')
            lk_buf_put(ret, LK_STR("&lt;"));
        else if (c == '>')
            lk_buf_put(ret, LK_STR("&gt;"));
        else if (c == '&')
            lk_buf_put(ret, LK_STR("&amp;"));
        /* MathJax reads the finished page, where an escaped $ is a $ again. It stops at an element.
         */
        else if (c == '$')
            lk_buf_put(ret, LK_STR("<span>&#36;</span>"));
        else if (strchr("\\|*_[]#`~", c))
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
    LK_CLEANUP(lk_buf_done) struct lk_buf line = LK_BUF_INIT(text.len + 1);
    size_t fence;
    bool space;

    lk_text_one_line(text, &line);
    if (!line.len)
        return;
    fence = longest_run(lk_buf_view(&line), '`') + 1;
    space = line.data[0] == '`' || line.data[line.len - 1] == '`';
    put_times(ret, '`', fence);
    if (space)
        lk_buf_put_char(ret, ' ');
    for (size_t i = 0; i < line.len; i++) {
        /* A table splits its cells before it looks at code: only an entity would survive, and code
         * has none. */
        if (line.data[i] == '|')
            lk_buf_put_char(ret, '\\');
        lk_buf_put_char(ret, line.data[i]);
    }
    if (space)
        lk_buf_put_char(ret, ' ');
    put_times(ret, '`', fence);
}

enum { RUN_MAX = 8 }; /* of characters that a browser does not break */

void lk_markdown_id(struct lk_str text, struct lk_buf *ret)
{
    size_t run = 0;

    for (size_t i = 0; i < text.len; i++)
        if (!isalnum((unsigned char)text.ptr[i]) && text.ptr[i] != '-' && text.ptr[i] != '_') {
            lk_markdown_code(text, ret);
            return;
        }
    if (text.len <= RUN_MAX) {
        lk_markdown_code(text, ret);
        return;
    }
    /* Between backquotes <wbr> would be text. */
    lk_buf_put(ret, LK_STR("<code>"));
    for (size_t i = 0; i < text.len; i++) {
        bool hyphen = text.ptr[i] == '-';
        if (run == RUN_MAX && !hyphen) {
            lk_buf_put(ret, LK_STR("<wbr>"));
            run = 0;
        }
        run = hyphen ? 0 : run + 1;
        lk_markdown_escape(lk_str_slice(text, i, i + 1), ret);
    }
    lk_buf_put(ret, LK_STR("</code>"));
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

void lk_markdown_site_link(struct lk_str url, struct lk_buf *ret)
{
    size_t begin = lk_str_find(url, LK_STR("://"));
    struct lk_str site = lk_str_slice(url, begin < url.len ? begin + strlen("://") : 0, url.len);

    lk_markdown_link(lk_str_slice(site, 0, lk_str_find_char(site, '/')), url, ret);
}
