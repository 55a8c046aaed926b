#include "magic/batch_watch.h"

#include "base/timefmt.h"
#include "magic/batch_failure.h"
#include "magic/batch_log_view.h"
#include "magic/batch_target.h"
#include "magic/batch_targets.h"
#include "magic/batch_watch_view.h"
#include "magic/timeline_svg.h"
#include "magic/view.h"

#include <stdio.h>
#include <string.h>

enum {
    LOG_LINES_FIRST = 25, /* of what was there before */
    TIMELINE_FROM_MS = 1000,
    ROWS_LIVE = 12,
    ROWS_AT_END = 30,
};

enum lk_status lk_batch_watch_timeout(const struct lk_args *args, int64_t *ret,
                                      struct lk_error *err)
{
    *ret = 0;
    if (!lk_args_has(args, "timeout") || lk_duration_parse(lk_args_get(args, "timeout"), ret))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "BadDuration", "--timeout %.*s is no duration",
                 LK_STR_ARGS(lk_args_get(args, "timeout")));
    return lk_error_next(err, "--timeout 30m, --timeout 2h, --timeout 90s");
}

/* ---- while it goes on ---------------------------------------------------------------------- */

struct shown_watch {
    struct lk_watch_observer observer;
    struct lk_context *context;
    struct lk_cell *cell;
    struct lk_progress display;
    struct lk_batch_log *log; /* of one batch; NULL: not shown */
};

static void show_one(struct shown_watch *self, const struct lk_livy_batch *batch,
                     const struct lk_batch_look *look)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf markdown = LK_BUF_INIT(16384);
    LK_CLEANUP(lk_buf_done) struct lk_buf plain = LK_BUF_INIT(16384);
    LK_CLEANUP(lk_json_unref) json_t *value = lk_batch_value(self->context, batch);

    if (look->trouble)
        lk_json_set_text(value, "trouble", lk_str_from(look->trouble->message));
    lk_batch_progress_line(self->context, batch, look, &markdown, &plain);
    lk_progress_show(&self->display, lk_buf_view(&markdown), lk_buf_view(&plain), value,
                     look->is_last);
}

static void show_several(struct shown_watch *self, const struct lk_watch_many *many,
                         const struct lk_batch_look *look)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf markdown = LK_BUF_INIT(256 << 10);
    LK_CLEANUP(lk_buf_done) struct lk_buf plain = LK_BUF_INIT(256 << 10);
    LK_CLEANUP(lk_json_unref) json_t *value = lk_batch_watch_value(self->context, many, false);

    if (look->trouble)
        lk_json_set_text(value, "trouble", lk_str_from(look->trouble->message));
    lk_batch_watch_table(self->context, many, look, ROWS_LIVE, &markdown, &plain);
    if (self->cell->terminal) {
        lk_buf_clear(&plain);
        lk_batch_watch_line(self->context, many, look, &plain);
    }
    lk_progress_show(&self->display, lk_buf_view(&markdown), lk_buf_view(&plain), value,
                     look->is_last);
}

static void show_look(struct shown_watch *self, const struct lk_watch_many *many,
                      const struct lk_batch_look *look)
{
    if (!look->is_last && !lk_progress_is_due(&self->display))
        return;
    if (many->count == 1)
        show_one(self, &many->items[0].batch, look);
    else
        show_several(self, many, look);
}

static void progress(struct lk_watch_observer *observer, const struct lk_watch_look *look)
{
    struct shown_watch *self = (struct shown_watch *)observer;
    struct lk_error passing;

    show_look(self, look->many,
              &(struct lk_batch_look){.unix_ms = look->answer_unix_ms,
                                      .trouble = look->trouble,
                                      .slept_ms = look->slept_ms});
    /* What is wrong with the service the line above tells; an interrupt ends the watch by itself.
     */
    if (self->log && look->answer_unix_ms &&
        lk_batch_log_look(self->log, &look->many->items[0].batch, &passing))
        return;
}

/* ---- the end of one ------------------------------------------------------------------------ */

static void show_timeline(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_livy_batch *batch)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf svg = LK_BUF_INIT(64 << 10);
    LK_CLEANUP(lk_buf_done) struct lk_buf plain = LK_BUF_INIT(1024);
    struct lk_batch_phase phases[LK_BATCH_PHASES_MAX];
    size_t count = lk_livy_batch_phases(batch, batch->ended_ms, phases);

    /* A picture of nothing but zeros is none. */
    if (cell->terminal || !count || batch->ended_ms - phases[0].from_ms < TIMELINE_FROM_MS)
        return;
    lk_timeline_svg(lk_str_from(batch->name), phases, count, batch->end, &svg);
    /* Where pictures are not shown, one line says the same; the table above has every number too.
     */
    lk_batch_phases_text(batch, context->options.clock->unix_ms(context->options.clock), &plain);
    lk_picture_show(cell, lk_buf_view(&svg), lk_buf_view(&plain));
}

static void replace_display(const struct shown_watch *watch, struct lk_answer *ret)
{
    if (!watch->display.shown)
        return;
    snprintf(ret->id, sizeof ret->id, "%s", watch->display.display_id);
    ret->display_id = ret->id;
}

/* It got no cores, which is nobody's mistake in the payload. */
static enum lk_status explain_capacity(struct lk_error *err)
{
    return lk_error_next(err, "The capacity was full. Nothing is submitted again by itself: wait "
                              "for other jobs to end, or cancel some, then %%batch submit.");
}

static enum lk_status finish_one(struct shown_watch *watch, struct lk_livy *livy,
                                 const struct lk_livy_batch *batch, struct lk_answer *ret,
                                 struct lk_error *err)
{
    struct lk_cell *cell = watch->cell;
    struct lk_error passing;
    enum lk_status st;

    /* Its last lines come before the table; a log that cannot be read fails nothing. */
    if (watch->log && lk_batch_log_finish(watch->log, batch, &passing) == LK_CANCELLED)
        return lk_batch_unread_log(batch, err);
    st = lk_batch_judge(livy, cell, batch, err);
    if (st == LK_FAILED && batch->capacity_full)
        st = explain_capacity(err);
    ret->value = lk_batch_value(watch->context, batch);
    lk_batch_summary(watch->context, batch, &ret->markdown, &ret->plain);
    replace_display(watch, ret);
    /* Nothing below can fail the watch; the picture comes after the table it belongs to. */
    lk_answer_show_view(cell, ret);
    show_timeline(watch->context, cell, batch);
    return st;
}

/* ---- the end of several -------------------------------------------------------------------- */

static const struct lk_watched *first_of(const struct lk_watch_many *many, enum lk_batch_end end)
{
    for (size_t i = 0; i < many->count; i++)
        if (many->items[i].verdict == LK_WATCH_ENDED && many->items[i].batch.end == end)
            return &many->items[i];
    return NULL;
}

static const struct lk_watched *first_unknown(const struct lk_watch_many *many)
{
    for (size_t i = 0; i < many->count; i++)
        if (many->items[i].verdict != LK_WATCH_ENDED)
            return &many->items[i];
    return NULL;
}

static enum lk_status judge_unknown(const struct lk_watch_many *many, size_t unknown,
                                    struct lk_error *err)
{
    const struct lk_watched *first = first_unknown(many);

    lk_error_set(err, LK_UNKNOWN, "BatchesUnknown",
                 "how %zu of %zu batches ended is unknown; the first: %s", unknown, many->count,
                 first->trouble ? first->trouble->message : "nothing was heard of it");
    return lk_error_next(err, "%%batch list shows what the service still knows; look at what the "
                              "batches should have written.");
}

/* A failure's story says more than that somebody cancelled another one. */
static enum lk_status judge_several(struct shown_watch *watch, struct lk_livy *livy,
                                    const struct lk_watch_many *many, struct lk_error *err)
{
    const struct lk_watched *first = first_of(many, LK_BATCH_FAILED);
    struct lk_batch_counts counts;
    enum lk_status st;

    lk_batch_count(many, &counts);
    if (!first)
        first = first_of(many, LK_BATCH_CANCELLED);
    if (!first)
        return counts.unknown ? judge_unknown(many, counts.unknown, err) : LK_OK;
    st = lk_batch_judge(livy, watch->cell, &first->batch, err);
    if (st == LK_FAILED && first->batch.capacity_full)
        st = explain_capacity(err);
    if (st == LK_FAILED)
        lk_error_prefix(err, "%zu of %zu batches did not succeed; the first",
                        counts.failed + counts.cancelled + counts.unknown, many->count);
    return st;
}

static enum lk_status finish_several(struct shown_watch *watch, struct lk_livy *livy,
                                     const struct lk_watch_many *many, struct lk_answer *ret,
                                     struct lk_error *err)
{
    ret->value = lk_batch_watch_value(watch->context, many, true);
    lk_batch_watch_table(watch->context, many, NULL, ROWS_AT_END, &ret->markdown, &ret->plain);
    replace_display(watch, ret);
    /* Before the log of a failure is read, which takes its time. */
    lk_answer_show_view(watch->cell, ret);
    return judge_several(watch, livy, many, err);
}

/* ---- left before the end ------------------------------------------------------------------- */

static enum lk_status explain_stop_of_one(enum lk_status st, const struct lk_livy_batch *batch,
                                          struct lk_error *err)
{
    if (st == LK_CANCELLED) {
        lk_error_set(err, st, "KeyboardInterrupt",
                     "Stopped watching batch '%.*s'. The batch goes on.",
                     LK_STR_ARGS(lk_batch_called(batch)));
        return lk_error_next(err,
                             "`%%batch monitor %s` watches it again; `%%batch cancel %s` stops it.",
                             batch->id, batch->id);
    }
    if (st == LK_TIMEOUT)
        return lk_error_next(err, "The batch goes on; `%%batch monitor %s` watches it again.",
                             batch->id);
    return st;
}

static enum lk_status explain_stop(enum lk_status st, const struct lk_watch_many *many,
                                   struct lk_error *err)
{
    struct lk_batch_counts counts;

    if (many->count == 1)
        return explain_stop_of_one(st, &many->items[0].batch, err);
    lk_batch_count(many, &counts);
    if (st == LK_CANCELLED)
        lk_error_set(err, st, "KeyboardInterrupt",
                     "Stopped watching %zu batches, of which %zu go on.", many->count,
                     counts.running + counts.starting + counts.queued);
    if (st == LK_CANCELLED || st == LK_TIMEOUT)
        return lk_error_next(err, "They go on; `%%batch monitor --all` watches all that do.");
    return st;
}

/* It vanished, was never there, or may not be looked at. */
static enum lk_status explain_loss(const struct lk_watched *item, struct lk_error *err)
{
    *err = *item->trouble;
    if (item->verdict != LK_WATCH_GONE || !item->state.seen)
        return err->status;
    err->status = LK_UNKNOWN;
    return lk_error_next(err, "%%batch list shows what the service still knows; the lakehouse "
                              "shows what the batch left.");
}

static enum lk_status watch_all(struct shown_watch *watch, struct lk_livy *livy,
                                struct lk_watch_many *many, const struct lk_batch_watch *how,
                                struct lk_answer *ret, struct lk_error *err)
{
    const struct lk_watched *one = &many->items[0];
    bool lost;
    enum lk_status st;

    st =
        lk_livy_watch_many(livy, many, how->timeout_ms, &watch->observer, watch->cell->cancel, err);
    for (size_t i = many->count; i > 0; i--)
        lk_batch_seen(watch->context, &many->items[i - 1].batch);
    lost = !st && many->count == 1 && one->verdict != LK_WATCH_ENDED;
    if ((st || lost) && watch->display.shown)
        show_look(watch, many, &(struct lk_batch_look){.is_last = true});
    if (st)
        return explain_stop(st, many, err);
    if (lost)
        return explain_loss(one, err);
    return many->count == 1 ? finish_one(watch, livy, &one->batch, ret, err)
                            : finish_several(watch, livy, many, ret, err);
}

enum lk_status lk_batch_watch_many_in_cell(struct lk_context *context, struct lk_cell *cell,
                                           struct lk_watch_many *many,
                                           const struct lk_batch_watch *how, struct lk_answer *ret,
                                           struct lk_error *err)
{
    struct shown_watch watch = {
        .observer = {.progress = progress}, .context = context, .cell = cell};
    struct lk_livy *livy;
    enum lk_status st;

    st = lk_context_livy(context, &livy, err);
    if (st)
        return st;
    lk_progress_init(&watch.display, cell, context->options.clock);
    if (how->log && many->count == 1)
        watch.log = lk_batch_log_new(livy, cell, &(struct lk_log_want){.tail = LOG_LINES_FIRST});
    st = watch_all(&watch, livy, many, how, ret, err);
    lk_batch_log_free(watch.log);
    return st;
}

enum lk_status lk_batch_watch_in_cell(struct lk_context *context, struct lk_cell *cell,
                                      struct lk_livy_batch *batch, const struct lk_batch_watch *how,
                                      struct lk_answer *ret, struct lk_error *err)
{
    struct lk_watch_many many;
    struct lk_watched *one;
    struct lk_livy *livy;
    enum lk_status st;

    st = lk_context_livy(context, &livy, err);
    if (st)
        return st;
    lk_watch_many_init(&many, context->endpoint.profile);
    one = lk_watch_many_add(&many, lk_str_from(batch->id));
    snprintf(one->batch.name, sizeof one->batch.name, "%s", batch->name);
    lk_batch_recall(context, &many);
    st = lk_batch_watch_many_in_cell(context, cell, &many, how, ret, err);
    lk_livy_batch_done(batch);
    *batch = many.items[0].batch;
    many.items[0].batch = (struct lk_livy_batch)LK_LIVY_BATCH_INIT;
    lk_watch_many_done(&many);
    return st;
}
