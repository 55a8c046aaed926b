/* %batch cancel: asks the service to stop a batch and tells what became of it. */
#include "fabric/livy_watch.h"
#include "magic/batch_target.h"
#include "magic/batch_view.h"
#include "magic/view.h"

enum { SETTLE_MS = 60000 };

static void ignore_progress(struct lk_watch_observer *observer, const struct lk_livy_batch *batch,
                            int64_t last_poll_unix_ms, const struct lk_error *trouble)
{
    (void)observer;
    (void)batch;
    (void)last_poll_unix_ms;
    (void)trouble;
}

static void gone_answer(const struct lk_livy_batch *batch, struct lk_answer *ret)
{
    ret->value = json_object();
    json_object_set_new(ret->value, "kind", json_string("batch.cancel"));
    lk_json_set_text(ret->value, "id", lk_str_from(batch->id));
    json_object_set_new(ret->value, "already_gone", json_true());
    lk_buf_printf(&ret->plain, "Batch %s is not there any more.", batch->id);
    lk_buf_put(&ret->markdown, lk_buf_view(&ret->plain));
}

static void ended_answer(const struct lk_context *context, const struct lk_livy_batch *batch,
                         struct lk_answer *ret)
{
    ret->value = lk_batch_value(context, batch);
    json_object_set_new(ret->value, "already_ended", json_true());
    lk_buf_put(&ret->markdown, LK_STR("Batch "));
    lk_markdown_code(lk_str_from(batch->id), &ret->markdown);
    lk_buf_put(&ret->markdown, LK_STR(" had ended already: nothing was cancelled.\n\n"));
    lk_buf_printf(&ret->plain, "Batch %s had ended already: nothing was cancelled.\n", batch->id);
    lk_batch_summary(context, batch, &ret->markdown, &ret->plain);
}

/* Asked for first: to some services a DELETE of an ended batch means to forget it. One that is not
 * known (yet) is worth the request all the same. */
static enum lk_status look(struct lk_context *context, struct lk_livy *livy, struct lk_cell *cell,
                           const char *id, struct lk_answer *ret, bool *ended, struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch now = LK_LIVY_BATCH_INIT;
    enum lk_status st = lk_livy_get(livy, lk_str_from(id), cell->cancel, &now, err);

    *ended = !st && now.end != LK_BATCH_GOING;
    if (*ended) {
        lk_batch_seen(context, &now);
        ended_answer(context, &now, ret);
    }
    return st == LK_NOT_FOUND ? LK_OK : st;
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    struct lk_watch_observer observer = {.progress = ignore_progress};
    struct lk_livy *livy;
    bool already_gone = false, ended = false;
    enum lk_status st;

    (void)body;
    st = lk_batch_target(context, lk_args_positional(args, 0), cell->cancel, &batch, err);
    if (!st)
        st = lk_context_livy(context, &livy, err);
    if (!st)
        st = look(context, livy, cell, batch.id, ret, &ended, err);
    if (!st && !ended)
        st = lk_livy_cancel(livy, lk_str_from(batch.id), cell->cancel, &already_gone, err);
    if (st || ended)
        return st;
    if (already_gone) {
        gone_answer(&batch, ret);
        return LK_OK;
    }
    st = lk_livy_watch(livy, &batch, SETTLE_MS, &observer, cell->cancel, err);
    if (st == LK_TIMEOUT) {
        lk_error_set(err, st, "StillCancelling",
                     "the service took the request, but batch '%s' has not ended yet", batch.id);
        return lk_error_next(err, "%%batch monitor %s shows when it has.", batch.id);
    }
    /* Some services drop the record of a cancelled batch at once. */
    if (st == LK_NOT_FOUND) {
        gone_answer(&batch, ret);
        return LK_OK;
    }
    if (st)
        return st;
    lk_batch_seen(context, &batch);
    ret->value = lk_batch_value(context, &batch);
    lk_batch_summary(context, &batch, &ret->markdown, &ret->plain);
    return LK_OK;
}

const struct lk_magic lk_magic_batch_cancel = {
    .name = "batch",
    .verb = "cancel",
    .summary = "stop a batch",
    .usage = "%batch cancel [ID | NAME]",
    .positional_max = 1,
    .takes = {{LK_TAKES_BATCH}},
    .flags = LK_MAGIC_LINE | LK_MAGIC_ACTS,
    .run = run,
};
