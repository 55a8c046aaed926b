#include "magic/batch_failure.h"

#include "fabric/livy_log.h"
#include "magic/view.h"

enum { LOG_TAIL_MAX = 256 << 10, LOG_LINES_SHOWN = 25 };

struct lk_str lk_batch_called(const struct lk_livy_batch *batch)
{
    return lk_str_cut(lk_str_from(batch->name[0] ? batch->name : batch->id), LK_TITLE_SHOWN);
}

/* The end of a log; empty when the service has none (yet), which is no error here. */
static void read_tail(struct lk_livy *livy, struct lk_cell *cell, const struct lk_livy_batch *batch,
                      enum lk_log_source source, struct lk_buf *ret)
{
    bool cut;
    int64_t total;
    struct lk_error ignored;

    if (lk_livy_log_tail(livy, batch, source, LOG_TAIL_MAX, cell->cancel, ret, &cut, &total,
                         &ignored) != LK_OK)
        lk_buf_clear(ret);
}

/* A failure's cause, without being asked: the traceback out of stderr, or out of stdout, else the
 * last lines. */
static void tell_cause(struct lk_livy *livy, struct lk_cell *cell,
                       const struct lk_livy_batch *batch, struct lk_error *err)
{
    static const enum lk_log_source sources[] = {LK_LOG_STDERR, LK_LOG_STDOUT, LK_LOG_LIVY};
    LK_CLEANUP(lk_buf_done) struct lk_buf log = LK_BUF_INIT(LOG_TAIL_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf cause = LK_BUF_INIT(512);
    LK_CLEANUP(lk_buf_done) struct lk_buf next = LK_BUF_INIT(512);
    struct lk_str story = LK_STR_EMPTY;

    for (size_t i = 0; i < LK_COUNT(sources) && !story.len; i++) {
        lk_buf_clear(&log);
        read_tail(livy, cell, batch, sources[i], &log);
        story = lk_log_find_traceback(lk_buf_view(&log));
        if (!story.len && sources[i] == LK_LOG_LIVY)
            story = lk_log_last_lines(lk_buf_view(&log), LOG_LINES_SHOWN);
    }
    lk_error_story(err, story);
    if (!lk_log_explain(story, &cause, &next))
        return;
    /* In place of the service's message, whose words the traceback repeats. */
    lk_error_set(err, LK_FAILED, "BatchFailed", "batch '%.*s' failed: %s",
                 LK_STR_ARGS(lk_batch_called(batch)), lk_buf_cstr(&cause));
    lk_error_story(err, story);
    lk_error_next(err, "%s", lk_buf_cstr(&next));
}

/* How it ended is known all the same. */
enum lk_status lk_batch_unread_log(const struct lk_livy_batch *batch, struct lk_error *err)
{
    lk_error_set(err, LK_CANCELLED, "KeyboardInterrupt",
                 "batch '%.*s' %s; reading its log was interrupted",
                 LK_STR_ARGS(lk_batch_called(batch)),
                 batch->end == LK_BATCH_SUCCEEDED ? "succeeded" : "failed");
    return lk_error_next(err, "%%batch log %s", batch->id);
}

enum lk_status lk_batch_judge(struct lk_livy *livy, struct lk_cell *cell,
                              const struct lk_livy_batch *batch, struct lk_error *err)
{
    struct lk_str rest = lk_str_from(batch->message), message = LK_STR_EMPTY;

    if (batch->end == LK_BATCH_SUCCEEDED)
        return LK_OK;
    if (batch->end == LK_BATCH_CANCELLED) {
        lk_error_set(err, LK_FAILED, "BatchCancelled", "batch '%.*s' was cancelled%s%s",
                     LK_STR_ARGS(lk_batch_called(batch)), batch->message[0] ? ": " : "",
                     batch->message);
        return lk_error_next(err, "%%batch submit runs it again.");
    }
    lk_str_next_line(&rest, &message);
    lk_error_set(err, LK_FAILED, "BatchFailed", "batch '%.*s' failed%s%.*s",
                 LK_STR_ARGS(lk_batch_called(batch)), message.len ? ": " : "",
                 LK_STR_ARGS(message));
    lk_error_next(err, "%%batch log %s --source stderr --tail 100", batch->id);
    tell_cause(livy, cell, batch, err);
    return lk_cancel_is_set(cell->cancel) ? lk_batch_unread_log(batch, err) : LK_FAILED;
}
