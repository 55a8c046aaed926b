/* The text of %help and --help: made from the magics' own tables. */
#include "magic/magic.h"
#include "magic/view.h"

static void put_option(const struct lk_option *option, struct lk_table *table)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(128);
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(256);
    LK_CLEANUP(lk_buf_done) struct lk_buf help = LK_BUF_INIT(1024);

    lk_buf_printf(&help, "%s%s", option->help, option->repeats ? "; may be repeated" : "");
    lk_buf_printf(&name, "--%s%s%s", option->name, option->value ? " " : "",
                  option->value ? option->value : "");
    lk_markdown_code(lk_buf_view(&name), &code);
    lk_table_row_rich(table, (struct lk_str[]){lk_buf_view(&name), lk_buf_view(&help)},
                      (struct lk_str[]){lk_buf_view(&code), LK_STR_EMPTY});
}

void lk_magic_help(const struct lk_magic *magic, struct lk_buf *markdown, struct lk_buf *plain)
{
    struct lk_table *table = lk_table_new(2, "Option", "What it does");
    size_t common_count;
    const struct lk_option *common = lk_options_common(&common_count);

    lk_buf_printf(markdown, "```\n%s\n```\n\n", magic->usage);
    lk_markdown_escape(lk_str_from(magic->summary), markdown);
    lk_buf_printf(plain, "%s\n\n%s\n", magic->usage, magic->summary);
    if (magic->details) {
        lk_buf_put(markdown, LK_STR(".  \n"));
        lk_markdown_escape(lk_str_from(magic->details), markdown);
        lk_buf_printf(plain, "%s\n", magic->details);
    }
    lk_buf_put(markdown, LK_STR("\n\n"));
    lk_buf_put_char(plain, '\n');
    for (size_t i = 0; i < magic->option_count; i++)
        put_option(&magic->options[i], table);
    for (size_t i = 0; i < common_count; i++)
        put_option(&common[i], table);
    lk_table_write(table, 100, markdown, plain);
    lk_table_free(table);
}

static void put_row(const struct lk_magic *magic, struct lk_table *table)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(128);
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(256);

    lk_buf_printf(&name, "%s%s%s%s", magic->flags & LK_MAGIC_BODY ? "%%" : "%", magic->name,
                  magic->verb ? " " : "", magic->verb ? magic->verb : "");
    lk_markdown_code(lk_buf_view(&name), &code);
    lk_table_row_rich(table, (struct lk_str[]){lk_buf_view(&name), lk_str_from(magic->summary)},
                      (struct lk_str[]){lk_buf_view(&code), LK_STR_EMPTY});
}

static void put_value(const struct lk_magic *magic, json_t *list)
{
    json_array_append_new(
        list, json_pack("{s:s, s:s}", "usage", magic->usage, "summary", magic->summary));
}

/* All magics, or those of one name. Returns how many. */
static size_t put_list(const struct lk_magic_table *table, struct lk_str name, json_t *list,
                       struct lk_answer *ret)
{
    struct lk_table *rows = lk_table_new(2, "Magic", "What it does");
    size_t count = 0;

    for (size_t i = 0; i < table->count; i++) {
        const struct lk_magic *magic = table->magics[i];
        if (name.len && !lk_str_eq(name, lk_str_from(magic->name)))
            continue;
        put_row(magic, rows);
        put_value(magic, list);
        count++;
    }
    if (count)
        lk_table_write(rows, 100, &ret->markdown, &ret->plain);
    lk_table_free(rows);
    return count;
}

static void put_how_to_go_on(struct lk_answer *ret)
{
    lk_buf_put(&ret->markdown, LK_STR("\n`%help NAME` or `%NAME … --help` tells more.\n"));
    lk_buf_put(&ret->plain, LK_STR("\n%help NAME or %NAME … --help tells more.\n"));
}

enum lk_status lk_magic_help_answer(const struct lk_magic_table *table, struct lk_str name,
                                    struct lk_str verb, struct lk_answer *ret, struct lk_error *err)
{
    const struct lk_magic *magic = NULL;
    json_t *list = json_array();
    bool used_verb;
    enum lk_status st;

    ret->value = json_object();
    ret->place = LK_VALUE_HIDDEN;
    json_object_set_new(ret->value, "kind", json_string("help"));
    json_object_set_new(ret->value, "magics", list);
    if (!name.len) {
        put_list(table, LK_STR_EMPTY, list, ret);
        put_how_to_go_on(ret);
        return LK_OK;
    }
    st = lk_magic_find(table, name, verb, &magic, &used_verb, err);
    if (st == LK_OK) {
        lk_magic_help(magic, &ret->markdown, &ret->plain);
        put_value(magic, list);
        return LK_OK;
    }
    /* A name without its verb: what the verbs do. */
    if (verb.len || !put_list(table, name, list, ret))
        return st;
    lk_error_clear(err);
    put_how_to_go_on(ret);
    return LK_OK;
}
