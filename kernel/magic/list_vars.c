/* %vars: the variables and kept results of this session. */
#include "magic/context.h"
#include "magic/magic.h"
#include "magic/view.h"

static void put_rows(const json_t *all, struct lk_table *table)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)all, name, value)
    {
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
        LK_CLEANUP(lk_buf_done) struct lk_buf shown = LK_BUF_INIT(LK_VARIABLE_SHOWN * 4);
        lk_json_write(value, false, &text);
        lk_text_shorten(lk_buf_view(&text), LK_VARIABLE_SHOWN, &shown);
        lk_table_row(table, (struct lk_str[]){lk_str_from(name), lk_buf_view(&shown)});
    }
}

static enum lk_status show_one(struct lk_context *context, struct lk_str name,
                               struct lk_answer *ret, struct lk_error *err)
{
    json_t *value = lk_vars_get(context->vars, name);

    if (!value) {
        lk_error_set(err, LK_NOT_FOUND, "UnknownName", "there is no variable '%.*s'",
                     LK_STR_ARGS(lk_str_cut(name, LK_VARIABLE_SHOWN)));
        lk_error_next(err, "%%vars shows what there is.");
        return LK_NOT_FOUND;
    }
    ret->value = json_is_object(value) && json_object_get(value, "kind")
                     ? json_incref(value)
                     : json_pack("{s:s, s:O}", "kind", "variable", "value", value);
    return LK_OK;
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    const json_t *all = lk_vars_all(context->vars);
    struct lk_table *table;

    (void)cell;
    (void)body;
    if (lk_args_positional_count(args))
        return show_one(context, lk_args_positional(args, 0), ret, err);
    /* A copy: kept under a name, the answer would hold itself. */
    ret->value = json_pack("{s:s, s:o}", "kind", "variables", "variables", json_deep_copy(all));
    if (!json_object_size(all)) {
        ret->place = LK_VALUE_HIDDEN;
        lk_buf_put(&ret->plain,
                   LK_STR("No variables yet. %set NAME=VALUE sets one; --as NAME keeps "
                          "what a magic returns."));
        lk_markdown_escape(lk_buf_view(&ret->plain), &ret->markdown);
        return LK_OK;
    }
    table = lk_table_new(2, "Name", "Value");
    put_rows(all, table);
    lk_table_write(table, 30, &ret->markdown, &ret->plain);
    lk_table_free(table);
    return LK_OK;
}

const struct lk_magic lk_magic_vars = {
    .name = "vars",
    .summary = "the variables and kept results of this session",
    .usage = "%vars [NAME]",
    .positional_max = 1,
    .takes = {{LK_TAKES_VARIABLE}},
    .flags = LK_MAGIC_LINE,
    .run = run,
};
