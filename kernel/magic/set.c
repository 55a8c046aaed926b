/* %set: variables by hand. */
#include "magic/context.h"
#include "magic/magic.h"

/* A literal where it reads as one, otherwise the text as it is: %set city=Paris. */
static json_t *read_value(struct lk_str text)
{
    json_t *value = NULL;

    return lk_literal_read(text, &value, NULL) == LK_OK ? value : lk_json_text(text);
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    struct lk_str name, text;
    json_t *set = json_object();

    (void)cell;
    (void)body;
    ret->value = json_object();
    json_object_set_new(ret->value, "kind", json_string("variables"));
    json_object_set_new(ret->value, "variables", set);
    if (!lk_args_positional_count(args)) {
        lk_error_set(err, LK_INVALID, "NoName", "%%set needs NAME=VALUE");
        return lk_error_next(err, "%%set table=trips");
    }
    for (size_t i = 0; i < lk_args_positional_count(args); i++) {
        LK_CLEANUP(lk_json_unref)
        json_t *value = NULL;
        LK_CLEANUP(lk_free_ptr)
        char *key = NULL;
        if (!lk_str_split(lk_args_positional(args, i), '=', &name, &text)) {
            lk_error_set(err, LK_INVALID, "BadPair", "'%.*s' is not NAME=VALUE",
                         LK_STR_ARGS(lk_args_positional(args, i)));
            return lk_error_next(err, "%%set table=trips (quote a value with spaces)");
        }
        value = read_value(text);
        if (lk_vars_set(context->vars, name, value, err))
            return err->status;
        key = lk_str_dup(name);
        json_object_set(set, key, value);
    }
    return LK_OK;
}

const struct lk_magic lk_magic_set = {
    .name = "set",
    .summary = "set variables",
    .usage = "%set NAME=VALUE …",
    .details = "Use them in magic lines as {NAME}. tenant, client and certificate also serve as "
               "defaults of %entra login.",
    .positional_max = 100,
    .flags = LK_MAGIC_LINE,
    .run = run,
};
