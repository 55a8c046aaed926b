/* MIME bundles for what is shown: vscode.md §4 and §5 say what each client makes of them. */
#include "magic/view.h"

#include "base/timefmt.h"

#include <stdio.h>

#define VENDOR "application/vnd.livy-kernel.v1+json"

static json_t *pretty(const json_t *value)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(16 << 20);

    lk_json_write(value, true, &text);
    return lk_json_text(lk_buf_view(&text));
}

size_t lk_value_lines(const json_t *value)
{
    LK_CLEANUP(lk_json_unref) json_t *text = pretty(value);
    struct lk_str rest = lk_json_str(text), line;
    size_t lines = 0;

    while (lk_str_next_line(&rest, &line))
        lines++;
    return lines;
}

static void say_cut(size_t shown, size_t all, const char *where, struct lk_buf *ret)
{
    char part[LK_SIZE_TEXT_MAX], whole[LK_SIZE_TEXT_MAX];

    lk_size_text((int64_t)shown, part);
    lk_size_text((int64_t)all, whole);
    lk_buf_printf(ret, "\n\nThe first %s of %s; %s.", part, whole, where);
}

struct lk_bundle lk_bundle_of_value(const json_t *value)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf cut = LK_BUF_INIT(LK_VALUE_BYTES_MAX + 1000);
    struct lk_bundle bundle = {.data = json_object()};
    json_t *text = pretty(value);
    struct lk_str whole = lk_json_str(text);

    json_object_set(bundle.data, "application/json", (json_t *)value);
    /* A notebook keeps all three: of a large one, the whole once is enough. */
    if (whole.len > LK_VALUE_BYTES_MAX) {
        lk_buf_put(&cut, lk_str_cut(whole, LK_VALUE_BYTES_MAX));
        say_cut(cut.len, whole.len, "application/json holds the whole", &cut);
        json_decref(text);
        text = lk_json_text(lk_buf_view(&cut));
    }
    json_object_set(bundle.data, "text/x-json", text);
    json_object_set_new(bundle.data, "text/plain", text);
    return bundle;
}

void lk_markdown_json(const json_t *value, struct lk_buf *ret)
{
    LK_CLEANUP(lk_json_unref) json_t *text = pretty(value);
    struct lk_str json = lk_json_str(text);
    struct lk_str shown = lk_str_cut(json, LK_VALUE_BYTES_MAX);
    size_t fence = 3, run = 0;

    for (size_t i = 0; i < shown.len; i++) {
        run = shown.ptr[i] == '`' ? run + 1 : 0;
        if (run >= fence)
            fence = run + 1;
    }
    for (size_t i = 0; i < fence; i++)
        lk_buf_put_char(ret, '`');
    lk_buf_printf(ret, "json\n%.*s\n", LK_STR_ARGS(shown));
    for (size_t i = 0; i < fence; i++)
        lk_buf_put_char(ret, '`');
    if (shown.len < json.len)
        say_cut(shown.len, json.len, "`--as NAME` keeps the whole value, `--json` shows it", ret);
}

/* The JSON below the table. */
static void put_folded(const json_t *value, struct lk_buf *ret)
{
    lk_buf_put(ret, LK_STR("\n<details><summary>JSON</summary>\n\n"));
    lk_markdown_json(value, ret);
    lk_buf_put(ret, LK_STR("\n\n</details>\n"));
}

static void set_vendor(json_t *data, const json_t *value)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(16 << 20);

    lk_json_write(value, false, &text);
    if (text.len <= LK_VALUE_BYTES_MAX) {
        json_object_set(data, VENDOR, (json_t *)value);
        return;
    }
    json_object_set_new(data, VENDOR,
                        json_pack("{s:O?, s:b, s:I}", "kind", json_object_get(value, "kind"), "cut",
                                  1, "bytes", (json_int_t)text.len));
}

struct lk_bundle lk_bundle_of_view(struct lk_str markdown, struct lk_str plain, const json_t *value,
                                   bool fold)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4 << 20);
    LK_CLEANUP(lk_buf_done) struct lk_buf clean = LK_BUF_INIT(plain.len + 1);
    struct lk_bundle bundle = {.data = json_object()};

    /* A console shows it as it is, and names and messages in it are foreign. */
    lk_text_harmless(plain, &clean);
    lk_buf_put(&text, markdown);
    if (fold && value)
        put_folded(value, &text);
    json_object_set_new(bundle.data, "text/markdown", lk_json_text(lk_buf_view(&text)));
    if (plain.len || !fold || !value)
        json_object_set_new(bundle.data, "text/plain", lk_json_text(lk_buf_view(&clean)));
    else
        json_object_set_new(bundle.data, "text/plain", pretty(value));
    if (value)
        set_vendor(bundle.data, value);
    return bundle;
}

struct lk_bundle lk_bundle_of_svg(struct lk_str svg, struct lk_str plain)
{
    struct lk_bundle bundle = {.data = json_object()};

    json_object_set_new(bundle.data, "image/svg+xml", lk_json_text(svg));
    json_object_set_new(bundle.data, "text/plain", lk_json_text(plain));
    return bundle;
}

void lk_bundle_done(struct lk_bundle *bundle)
{
    lk_json_unref(&bundle->data);
}
