/* %batch monitor: follows a batch to its end. An interrupt stops watching, never the job. */
#include "base/timefmt.h"
#include "magic/batch_target.h"
#include "magic/batch_watch.h"

static const struct lk_option options[] = {
    {"log", NULL, "show the end of the payload's output as well", false},
    {"timeout", "DURATION", "stop watching after 30m, 2h, …; the batch goes on", false},
};

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    struct lk_batch_watch how = {.log = lk_args_has(args, "log")};
    enum lk_status st;

    (void)body;
    if (lk_args_has(args, "timeout") &&
        !lk_duration_parse(lk_args_get(args, "timeout"), &how.timeout_ms)) {
        lk_error_set(err, LK_INVALID, "BadDuration", "--timeout %.*s is no duration",
                     LK_STR_ARGS(lk_args_get(args, "timeout")));
        return lk_error_next(err, "--timeout 30m, --timeout 2h, --timeout 90s");
    }
    st = lk_batch_target(context, lk_args_positional(args, 0), cell->cancel, &batch, err);
    return st ? st : lk_batch_watch_in_cell(context, cell, &batch, &how, ret, err);
}

const struct lk_magic lk_magic_batch_monitor = {
    .name = "batch",
    .verb = "monitor",
    .summary = "follow a batch to its end",
    .usage = "%batch monitor [ID | NAME] [--log] [--timeout DURATION]",
    .details =
        "Survives expired tokens, throttling and lost networks. Interrupting stops watching; "
        "the batch goes on. When it fails, the Python traceback is shown.",
    .options = options,
    .option_count = LK_COUNT(options),
    .positional_max = 1,
    .takes = {{LK_TAKES_BATCH}},
    .flags = LK_MAGIC_LINE | LK_MAGIC_ACTS,
    .run = run,
};
