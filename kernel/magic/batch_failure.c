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

/* What a log says about a failure. */
struct story {
    struct lk_buf text; /* what to show */
    struct lk_buf cause, next;
};

#define STORY_INIT                                                                                 \
    {                                                                                              \
        .text = LK_BUF_INIT(LK_ERROR_STORY_MAX), .cause = LK_BUF_INIT(512),                        \
        .next = LK_BUF_INIT(512)                                                                   \
    }

static void story_done(struct story *story)
{
    lk_buf_done(&story->text);
    lk_buf_done(&story->cause);
    lk_buf_done(&story->next);
}

/* The end counts, with the cause. */
static void set_text(struct story *story, struct lk_str text)
{
    lk_buf_clear(&story->text);
    lk_buf_put(&story->text,
               lk_str_slice(text, text.len > LK_ERROR_STORY_MAX ? text.len - LK_ERROR_STORY_MAX : 0,
                            text.len));
}

/* A traceback ends the search. Else the last lines stay, of the log that names a cause or of the
 * first that has any, below the line that names it when that is not among them. */
static bool read_story(const struct lk_livy_profile *profile, struct lk_str log, struct story *ret)
{
    struct lk_str found = lk_log_find_traceback(log), line = LK_STR_EMPTY, last;

    if (found.len) {
        lk_buf_clear(&ret->cause);
        lk_buf_clear(&ret->next);
        set_text(ret, found);
        if (!lk_log_explain(profile, found, &ret->cause, &ret->next))
            (void)lk_log_explain_log(profile, log, &ret->cause, &ret->next, NULL);
        return true;
    }
    last = lk_log_last_lines(log, LOG_LINES_SHOWN);
    if (!ret->cause.len && lk_log_explain_log(profile, log, &ret->cause, &ret->next, &line)) {
        set_text(ret, last);
        if (line.ptr < last.ptr) {
            lk_buf_clear(&ret->text);
            lk_buf_printf(&ret->text, "%.*s\n…\n%.*s", LK_STR_ARGS(lk_str_cut(line, 1000)),
                          LK_STR_ARGS(last));
        }
    } else if (!ret->text.len) {
        set_text(ret, last);
    }
    return false;
}

/* Without being asked: the traceback out of stderr, or out of stdout, else the last lines. */
static void read_logs(struct lk_livy *livy, struct lk_cell *cell, const struct lk_livy_batch *batch,
                      struct story *ret)
{
    static const enum lk_log_source sources[] = {LK_LOG_STDERR, LK_LOG_STDOUT, LK_LOG_LIVY};
    LK_CLEANUP(lk_buf_done) struct lk_buf log = LK_BUF_INIT(LOG_TAIL_MAX);
    size_t count = lk_livy_log_has_sources(livy) ? LK_COUNT(sources) : 1;

    for (size_t i = 0; i < count; i++) {
        lk_buf_clear(&log);
        read_tail(livy, cell, batch, sources[i], &log);
        if (read_story(lk_livy_endpoint(livy)->profile, lk_buf_view(&log), ret))
            return;
    }
}

static void next_log(const struct lk_livy *livy, const struct lk_livy_batch *batch,
                     struct lk_error *err)
{
    lk_error_next(err, "%%batch log %s%s --tail 100", batch->id,
                  lk_livy_log_has_sources(livy) ? " --source stderr" : "");
}

/* Steps that only some services know. */
static bool fits(const struct lk_livy *livy, struct lk_str next)
{
    return lk_livy_endpoint(livy)->profile->guid_ids || !lk_str_starts(next, LK_STR("%lakehouse"));
}

static void tell_cause(struct lk_livy *livy, struct lk_cell *cell,
                       const struct lk_livy_batch *batch, struct lk_error *err)
{
    LK_CLEANUP(story_done) struct story story = STORY_INIT;

    read_logs(livy, cell, batch, &story);
    /* What the service says itself, such as that there was no capacity. */
    if (!story.cause.len)
        (void)lk_log_explain_log(lk_livy_endpoint(livy)->profile, lk_str_from(batch->message),
                                 &story.cause, &story.next, NULL);
    if (story.cause.len)
        /* In place of the service's message, whose words the log repeats. */
        lk_error_set(err, LK_FAILED, "BatchFailed", "batch '%.*s' failed: %s",
                     LK_STR_ARGS(lk_batch_called(batch)), lk_buf_cstr(&story.cause));
    lk_error_story(err, lk_buf_view(&story.text));
    if (story.next.len && fits(livy, lk_buf_view(&story.next)))
        lk_error_next(err, "%s", lk_buf_cstr(&story.next));
    else
        next_log(livy, batch, err);
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
    tell_cause(livy, cell, batch, err);
    return lk_cancel_is_set(cell->cancel) ? lk_batch_unread_log(batch, err) : LK_FAILED;
}
