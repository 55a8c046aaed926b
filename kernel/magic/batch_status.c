/* %batch status: one look at a batch. */
#include "magic/batch_target.h"
#include "magic/batch_view.h"

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    enum lk_status st;

    (void)body;
    st = lk_batch_ask(context, lk_args_positional(args, 0), cell->cancel, &batch, err);
    if (st)
        return st;
    ret->value = lk_batch_value(context, &batch);
    lk_batch_summary(context, &batch, &ret->markdown, &ret->plain);
    return LK_OK;
}

const struct lk_magic lk_magic_batch_status = {
    .name = "batch",
    .verb = "status",
    .summary = "one look at a batch",
    .usage = "%batch status [ID | NAME | LINK]",
    .positional_max = 1,
    .takes = {{LK_TAKES_BATCH}},
    .flags = LK_MAGIC_LINE,
    .run = run,
};
