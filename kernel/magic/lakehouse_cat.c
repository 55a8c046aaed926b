/* %lakehouse cat: the beginning of a text file. */
#include "base/timefmt.h"
#include "magic/context.h"
#include "magic/magic.h"
#include "magic/view.h"

enum { SHOWN_DEFAULT = 64 << 10, SHOWN_MAX = 12 << 20 };

static const struct lk_option options[] = {
    {"bytes", "N", "how much to show; 65536 by default", false},
};

static enum lk_status read_max(const struct lk_args *args, int64_t *ret, struct lk_error *err)
{
    *ret = SHOWN_DEFAULT;
    return lk_args_number(args, "bytes", 1, SHOWN_MAX, "%lakehouse cat PATH --bytes 100000", ret,
                          err);
}

/* A cut in the middle of a character is not the file's fault. */
static struct lk_str whole_characters(struct lk_str text)
{
    for (size_t back = 0; back < 4 && back < text.len; back++) {
        struct lk_str shorter = lk_str_slice(text, 0, text.len - back);
        if (lk_str_is_utf8(shorter))
            return shorter;
    }
    return lk_str_is_utf8(text) ? text : LK_STR_EMPTY;
}

static void say_what_is_shown(int64_t shown, int64_t size, struct lk_answer *ret)
{
    char part[LK_SIZE_TEXT_MAX], whole[LK_SIZE_TEXT_MAX];

    lk_size_text(shown, part);
    lk_size_text(size, whole);
    lk_buf_printf(&ret->plain, "The first %s of %s; --bytes N shows more.", part, whole);
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT(SHOWN_MAX);
    struct lk_onelake_path path;
    struct lk_onelake *onelake;
    struct lk_str text;
    char size_text[LK_SIZE_TEXT_MAX];
    int64_t max, size = 0;
    enum lk_status st;

    (void)body;
    if (!lk_args_positional_count(args)) {
        lk_error_set(err, LK_INVALID, "NoFile", "%%lakehouse cat needs a file of the lakehouse");
        return lk_error_next(err, "%%lakehouse cat Files/NAME; `%%lakehouse ls Files` lists them.");
    }
    st = read_max(args, &max, err);
    if (!st)
        st = lk_context_onelake(context, &onelake, err);
    if (!st)
        st = lk_onelake_path_parse(&context->cloud, &context->endpoint.lakehouse,
                                   lk_args_positional(args, 0), &path, err);
    if (!st)
        st = lk_onelake_read(onelake, &path, max, cell->cancel, &bytes, &size, err);
    if (st)
        return st;
    lk_size_text(size, size_text);
    lk_seen_add(&context->seen, LK_SEEN_PATH, lk_str_from(path.path), LK_STR_EMPTY,
                lk_str_from(size_text));
    text = whole_characters(lk_buf_view(&bytes));
    if (!text.len && size > 0) {
        lk_error_set(err, LK_UNSUPPORTED, "NotText", "%s is no UTF-8 text (%lld bytes)", path.path,
                     (long long)size);
        return lk_error_next(err, "%%lakehouse cat shows text files only.");
    }
    lk_stream_foreign(cell, text);
    ret->value = json_object();
    json_object_set_new(ret->value, "kind", json_string("lakehouse.file"));
    json_object_set_new(ret->value, "path", json_string(path.path));
    json_object_set_new(ret->value, "bytes", json_integer(size));
    json_object_set_new(ret->value, "shown", json_integer((json_int_t)text.len));
    ret->place = LK_VALUE_HIDDEN;
    if ((int64_t)text.len < size)
        say_what_is_shown((int64_t)text.len, size, ret);
    lk_buf_put(&ret->markdown, lk_buf_view(&ret->plain));
    return LK_OK;
}

const struct lk_magic lk_magic_lakehouse_cat = {
    .name = "lakehouse",
    .verb = "cat",
    .summary = "show the beginning of a text file",
    .usage = "%lakehouse cat PATH [--bytes N]",
    .options = options,
    .option_count = LK_COUNT(options),
    .positional_max = 1,
    .takes = {{LK_TAKES_LAKE_PATH}},
    .flags = LK_MAGIC_LINE,
    .run = run,
};
