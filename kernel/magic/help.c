/* %help: what there is and how it is used. */
#include "magic/context.h"
#include "magic/magic.h"

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    struct lk_str name = lk_args_positional(args, 0);

    (void)context;
    (void)cell;
    (void)body;
    while (lk_str_starts(name, LK_STR("%")))
        name = lk_str_slice(name, 1, name.len);
    return lk_magic_help_answer(&lk_magics, name, lk_args_positional(args, 1), ret, err);
}

const struct lk_magic lk_magic_help_entry = {
    .name = "help",
    .summary = "what there is and how it is used",
    .usage = "%help [MAGIC [VERB]]",
    .positional_max = 2,
    .takes = {{LK_TAKES_MAGIC}, {LK_TAKES_VERB}},
    .flags = LK_MAGIC_LINE,
    .run = run,
};
