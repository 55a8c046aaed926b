/* %batch attach: makes a batch that somebody else submitted, or another kernel, the current one. */
#include "magic/batch_target.h"
#include "magic/batch_view.h"

#include <stdio.h>

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    enum lk_status st;

    (void)body;
    if (!lk_args_positional(args, 0).len) {
        lk_error_set(err, LK_INVALID, "NoBatch", "%%batch attach wants to be told which batch");
        return lk_error_next(err, "%%batch attach ID, its name, or its link; %%batch list shows "
                                  "what there is.");
    }
    st = lk_batch_ask(context, lk_args_positional(args, 0), cell->cancel, &batch, err);
    if (st)
        return st;
    snprintf(context->last_batch, sizeof context->last_batch, "%s", batch.id);
    ret->value = lk_batch_value(context, &batch);
    lk_batch_summary(context, &batch, &ret->markdown, &ret->plain);
    lk_buf_put(&ret->markdown, LK_STR("\n`%batch monitor`, `log`, `cancel` and the like now mean "
                                      "this batch.\n"));
    lk_buf_put(&ret->plain, LK_STR("%batch monitor, log, cancel and the like now mean this "
                                   "batch.\n"));
    return LK_OK;
}

const struct lk_magic lk_magic_batch_attach = {
    .name = "batch",
    .verb = "attach",
    .summary = "take up a batch submitted elsewhere",
    .usage = "%batch attach ID|NAME|LINK",
    .details = "LINK is the batch's page of the Monitoring hub or its own address. Afterwards "
               "%batch monitor and the others mean this batch when none is named.",
    .positional_max = 1,
    .takes = {{LK_TAKES_BATCH}},
    .flags = LK_MAGIC_LINE | LK_MAGIC_ACTS,
    .run = run,
};
