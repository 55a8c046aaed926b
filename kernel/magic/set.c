/* %set: variables by hand. */
#include "magic/context.h"
#include "magic/magic.h"
#include "magic/view.h"

/* A literal where it reads as one, otherwise the text as it is: %set city=Paris. */
static json_t *read_value(struct lk_str text)
{
    json_t *value = NULL;

    return lk_literal_read(text, &value, NULL) == LK_OK ? value : lk_json_text(text);
}

/* All pairs or none. */
static enum lk_status read_pairs(const struct lk_args *args, json_t *ret, struct lk_error *err)
{
    for (size_t i = 0; i < lk_args_positional_count(args); i++) {
        struct lk_str pair = lk_args_positional(args, i), name, text;
        LK_CLEANUP(lk_free_ptr) char *key = NULL;
        if (!lk_str_split(pair, '=', &name, &text) || !lk_is_identifier(name)) {
            lk_error_set(err, LK_INVALID, "BadPair", "'%.*s' is not NAME=VALUE",
                         LK_STR_ARGS(lk_str_cut(pair, 80)));
            lk_error_next(err, "%%set table=trips (quote a value with spaces)");
            return LK_INVALID;
        }
        key = lk_str_dup(name);
        json_object_set_new(ret, key, read_value(text));
    }
    return LK_OK;
}

static enum lk_status set_all(struct lk_context *context, json_t *pairs, struct lk_answer *ret,
                              struct lk_error *err)
{
    struct lk_table *table = lk_table_new(2, "Name", "Value");
    enum lk_status st = LK_OK;
    const char *name;
    json_t *value;

    json_object_foreach(pairs, name, value)
    {
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
        LK_CLEANUP(lk_buf_done) struct lk_buf shown = LK_BUF_INIT(LK_VARIABLE_SHOWN * 4);
        st = lk_vars_set(context->vars, lk_str_from(name), value, err);
        if (st)
            break;
        lk_json_write(value, false, &text);
        lk_text_shorten(lk_buf_view(&text), LK_VARIABLE_SHOWN, &shown);
        lk_table_row(table, (struct lk_str[]){lk_str_from(name), lk_buf_view(&shown)});
    }
    lk_table_write(table, 30, &ret->markdown, &ret->plain);
    lk_table_free(table);
    return st;
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    json_t *pairs = json_object();
    enum lk_status st;

    (void)cell;
    (void)body;
    ret->value = json_object();
    json_object_set_new(ret->value, "kind", json_string("variables"));
    json_object_set_new(ret->value, "variables", pairs);
    ret->place = LK_VALUE_HIDDEN;
    if (!lk_args_positional_count(args)) {
        lk_error_set(err, LK_INVALID, "NoName", "%%set needs NAME=VALUE");
        lk_error_next(err, "%%set table=trips");
        return LK_INVALID;
    }
    st = read_pairs(args, pairs, err);
    return st ? st : set_all(context, pairs, ret, err);
}

const struct lk_magic lk_magic_set = {
    .name = "set",
    .summary = "set variables",
    .usage = "%set NAME=VALUE …",
    .details = "Use them in magic lines as {NAME}. tenant, client and certificate also serve as "
               "defaults of %entra login.",
    .positional_max = 100,
    .takes = {{LK_TAKES_ASSIGNMENT}, {LK_TAKES_ASSIGNMENT}},
    .flags = LK_MAGIC_LINE | LK_MAGIC_ACTS,
    .run = run,
};
