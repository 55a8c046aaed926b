/* %batch log --follow: a log as it grows. */
#include "fabric/livy_watch_many.h"
#include "magic/batch_failure.h"
#include "magic/batch_log.h"
#include "magic/batch_log_view.h"
#include "magic/batch_target.h"
#include "magic/view.h"

#include <string.h>

enum { TROUBLE_TOLD_AFTER = 3 };

struct shown_log {
    struct lk_watch_observer observer; /* first */
    struct lk_cell *cell;
    struct lk_batch_log *log;
    int troubles; /* in a row */
};

/* Once it lasts: silence of a log would look like silence of the batch. */
static void tell_trouble(struct shown_log *self, const struct lk_error *trouble)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(LK_ERROR_MESSAGE_MAX + 128);

    self->troubles = trouble ? self->troubles + 1 : 0;
    if (self->troubles != TROUBLE_TOLD_AFTER)
        return;
    lk_buf_put(&text, LK_STR("(no answer; trying on, the batch is not affected: "));
    lk_text_harmless(lk_str_from(trouble->message), &text);
    lk_buf_put(&text, LK_STR(")\n"));
    self->cell->stream(self->cell, LK_STREAM_STDERR, lk_buf_view(&text));
}

static void progress(struct lk_watch_observer *observer, const struct lk_watch_look *look)
{
    struct shown_log *self = (struct shown_log *)observer;
    struct lk_error own = LK_ERROR_INIT;
    enum lk_status st = LK_OK;

    if (look->answer_unix_ms)
        st = lk_batch_log_look(self->log, &look->many->items[0].batch, &own);
    if (st != LK_CANCELLED)
        tell_trouble(self, st ? &own : look->trouble);
}

static enum lk_status explain_stop(enum lk_status st, const struct lk_livy_batch *batch,
                                   struct lk_error *err)
{
    if (st == LK_CANCELLED) {
        lk_error_set(err, st, "KeyboardInterrupt",
                     "Stopped following the log of batch '%.*s'. The batch goes on.",
                     LK_STR_ARGS(lk_batch_called(batch)));
        return lk_error_next(err,
                             "`%%batch log %s --follow` follows it again; `%%batch cancel %s` "
                             "stops the batch.",
                             batch->id, batch->id);
    }
    /* It was there before. */
    if (st == LK_NOT_FOUND && strcmp(err->code, "NoBatch") != 0)
        err->status = st = LK_UNKNOWN;
    return st;
}

/* The rest of the log was not to be had; how the batch ended is known all the same. */
static enum lk_status explain_rest(enum lk_status st, const struct lk_livy_batch *batch,
                                   struct lk_error *err)
{
    if (st == LK_CANCELLED)
        return lk_batch_unread_log(batch, err);
    lk_error_prefix(err, "batch '%.*s' has ended (%s), but not all of its log was read",
                    LK_STR_ARGS(lk_batch_called(batch)), lk_batch_end_name(batch->end));
    return lk_error_next(err, "%%batch log %s", batch->id);
}

static void say_what_was_shown(const struct lk_livy_batch *batch, const struct lk_batch_log *log,
                               struct lk_answer *ret)
{
    int64_t lines = lk_batch_log_lines(log), gaps = lk_batch_log_gaps(log);

    lk_buf_printf(&ret->plain, "The batch has ended: %s. ", lk_batch_end_name(batch->end));
    if (lines)
        lk_buf_printf(&ret->plain, "%lld line%s.", (long long)lines, lines == 1 ? "" : "s");
    else
        lk_buf_put(&ret->plain, LK_STR("No line was shown."));
    if (gaps)
        lk_buf_put(&ret->plain, LK_STR(" Lines are missing where it says so: the service keeps "
                                       "only a log's last ones."));
    lk_buf_put(&ret->markdown, lk_buf_view(&ret->plain));
    json_object_set_new(ret->value, "lines", json_integer(lines));
    json_object_set_new(ret->value, "gaps", json_integer(gaps));
    json_object_set_new(ret->value, "ended", json_string(lk_batch_end_name(batch->end)));
}

/* The traceback has just gone by where everything was shown. */
static bool was_story_shown(struct lk_livy *livy, const struct lk_log_ask *ask)
{
    return !ask->filter && (!lk_livy_log_has_sources(livy) || (ask->sources & 1u << LK_LOG_STDERR));
}

static enum lk_status end_of_batch(struct lk_livy *livy, struct shown_log *self,
                                   const struct lk_livy_batch *batch, const struct lk_log_ask *ask,
                                   struct lk_answer *ret, struct lk_error *err)
{
    enum lk_status st = lk_batch_log_finish(self->log, batch, err);

    if (st && st != LK_NOT_FOUND)
        return explain_rest(st, batch, err);
    ret->value = lk_log_value(batch, ask);
    ret->place = LK_VALUE_HIDDEN;
    say_what_was_shown(batch, self->log, ret);
    st = lk_batch_judge(livy, self->cell, batch, err);
    if (st == LK_FAILED && was_story_shown(livy, ask))
        lk_error_story(err, LK_STR_EMPTY);
    return st;
}

enum lk_status lk_log_follow_in_cell(struct lk_context *context, struct lk_cell *cell,
                                     struct lk_livy_batch *batch, const struct lk_log_ask *ask,
                                     struct lk_answer *ret, struct lk_error *err)
{
    struct lk_log_want want = {.sources = ask->sources, .tail = ask->tail, .filter = ask->filter};
    struct shown_log shown = {.observer = {.progress = progress}, .cell = cell};
    struct lk_livy *livy;
    enum lk_status st = lk_context_livy(context, &livy, err);

    if (st)
        return st;
    shown.log = lk_batch_log_new(livy, cell, &want);
    st = lk_livy_watch(livy, batch, 0, &shown.observer, cell->cancel, err);
    lk_batch_seen(context, batch);
    st = st ? explain_stop(st, batch, err) : end_of_batch(livy, &shown, batch, ask, ret, err);
    lk_batch_log_free(shown.log);
    return st;
}
