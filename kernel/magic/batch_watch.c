#include "magic/batch_watch.h"

#include "fabric/livy_log.h"
#include "fabric/livy_watch.h"
#include "magic/batch_failure.h"
#include "magic/batch_target.h"
#include "magic/batch_view.h"
#include "magic/timeline_svg.h"
#include "magic/view.h"

#include <stdio.h>
#include <string.h>

enum { LOG_TAIL_MAX = 256 << 10, LOG_LINES_SHOWN = 25, TIMELINE_FROM_MS = 1000 };

struct shown_watch {
    struct lk_watch_observer observer;
    struct lk_context *context;
    struct lk_progress display;
};

static void show_look(struct shown_watch *self, const struct lk_livy_batch *batch,
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

static void progress(struct lk_watch_observer *observer, const struct lk_livy_batch *batch,
                     int64_t last_poll_unix_ms, const struct lk_error *trouble)
{
    show_look((struct shown_watch *)observer, batch,
              &(struct lk_batch_look){.unix_ms = last_poll_unix_ms, .trouble = trouble});
}

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

static enum lk_status explain_stop(enum lk_status st, const struct lk_livy_batch *batch,
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
    if (st == LK_NOT_FOUND) {
        err->status = LK_UNKNOWN;
        return lk_error_next(err, "%%batch list shows what the service still knows; the lakehouse "
                                  "shows what the batch left.");
    }
    if (st == LK_TIMEOUT)
        return lk_error_next(err, "The batch goes on; `%%batch monitor %s` watches it again.",
                             batch->id);
    return st;
}

static void show_log(struct lk_livy *livy, struct lk_cell *cell, const struct lk_livy_batch *batch)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf log = LK_BUF_INIT(LOG_TAIL_MAX);

    read_tail(livy, cell, batch, LK_LOG_STDOUT, &log);
    lk_stream_foreign(cell, lk_log_last_lines(lk_buf_view(&log), LOG_LINES_SHOWN));
}

enum lk_status lk_batch_watch_in_cell(struct lk_context *context, struct lk_cell *cell,
                                      struct lk_livy_batch *batch, const struct lk_batch_watch *how,
                                      struct lk_answer *ret, struct lk_error *err)
{
    struct shown_watch watch = {.observer = {.progress = progress}, .context = context};
    struct lk_livy *livy;
    enum lk_status st;

    st = lk_context_livy(context, &livy, err);
    if (st)
        return st;
    lk_progress_init(&watch.display, cell, context->options.clock);
    st = lk_livy_watch(livy, batch, how->timeout_ms, &watch.observer, cell->cancel, err);
    lk_batch_seen(context, batch);
    if (st && watch.display.shown)
        show_look(&watch, batch, &(struct lk_batch_look){.is_last = true});
    if (st)
        return explain_stop(st, batch, err);

    st = lk_batch_judge(livy, cell, batch, err);
    ret->value = lk_batch_value(context, batch);
    lk_batch_summary(context, batch, &ret->markdown, &ret->plain);
    if (watch.display.shown) {
        snprintf(ret->id, sizeof ret->id, "%s", watch.display.display_id);
        ret->display_id = ret->id;
    }
    /* Nothing below can fail the watch; the picture comes after the table it belongs to. */
    lk_answer_show_view(cell, ret);
    show_timeline(context, cell, batch);
    if (how->log)
        show_log(livy, cell, batch);
    return how->log && !st && lk_cancel_is_set(cell->cancel) ? lk_batch_unread_log(batch, err) : st;
}
