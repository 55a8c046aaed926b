/* %batch monitor: follows batches to their end. An interrupt stops watching, never the jobs. */
#include "magic/batch_targets.h"
#include "magic/batch_watch.h"

static const struct lk_option options[] = {
    {"all", NULL, "all that go on: the service's newest, and those submitted from here", false},
    {"log", NULL, "show the log as it comes, too; of one batch", false},
    {"timeout", "DURATION", "stop watching after 30m, 2h, …; the batches go on", false},
};

static enum lk_status read_how(const struct lk_args *args, struct lk_batch_watch *ret,
                               struct lk_error *err)
{
    ret->log = lk_args_has(args, "log");
    if (lk_args_has(args, "all") && lk_args_positional_count(args)) {
        lk_error_set(err, LK_INVALID, "BadOption",
                     "--all means every batch; none is named with it");
        return lk_error_next(err, "%%batch monitor --all, or %%batch monitor ID …");
    }
    if (ret->log && (lk_args_has(args, "all") || lk_args_positional_count(args) > 1)) {
        lk_error_set(err, LK_INVALID, "BadOption", "--log shows the output of one batch");
        return lk_error_next(err, "%%batch monitor ID … without it; then %%batch log ID");
    }
    return lk_batch_watch_timeout(args, &ret->timeout_ms, err);
}

static enum lk_status say_none(struct lk_answer *ret)
{
    ret->value = json_object();
    json_object_set_new(ret->value, "kind", json_string("batch.watch"));
    json_object_set_new(ret->value, "count", json_integer(0));
    json_object_set_new(ret->value, "batches", json_array());
    ret->place = LK_VALUE_HIDDEN;
    lk_buf_put(&ret->plain, LK_STR("No batch goes on. Next: %batch list"));
    lk_buf_put(&ret->markdown, LK_STR("No batch goes on. Next: `%batch list`"));
    return LK_OK;
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    enum lk_batch_reach reach = lk_args_has(args, "all") ? LK_BATCH_ALL : LK_BATCH_NAMED;
    LK_CLEANUP(lk_watch_many_done) struct lk_watch_many many = {.count = 0};
    struct lk_batch_watch how = {.log = false};
    enum lk_status st;

    (void)body;
    st = read_how(args, &how, err);
    if (!st)
        st = lk_batch_targets(context, args, reach, cell->cancel, &many, err);
    if (st)
        return st;
    if (!many.count)
        return say_none(ret);
    return lk_batch_watch_many_in_cell(context, cell, &many, &how, ret, err);
}

const struct lk_magic lk_magic_batch_monitor = {
    .name = "batch",
    .verb = "monitor",
    .summary = "follow batches to their end",
    .usage = "%batch monitor [ID | NAME …] [--all] [--log] [--timeout DURATION]",
    .details =
        "Any number of batches are followed in one table. Survives expired tokens, throttling, "
        "lost networks and a computer that slept. Interrupting stops watching; the batches go on, "
        "and any kernel or `livy-kernel run` can take them up again by id or name. When one fails, "
        "the Python traceback is shown. In a terminal the exit code is 0 when all succeeded, 3 "
        "when one did not, 4 when an outcome is unknown, --timeout included, 130 when interrupted.",
    .options = options,
    .option_count = LK_COUNT(options),
    .positional_max = LK_WATCH_MANY_MAX,
    .takes = {{LK_TAKES_BATCH}},
    .flags = LK_MAGIC_LINE | LK_MAGIC_ACTS,
    .run = run,
};
