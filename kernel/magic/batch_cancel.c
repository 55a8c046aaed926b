/* %batch cancel: asks the service to stop batches and tells what became of each. */
#include "fabric/livy_log.h"
#include "magic/batch_failure.h"
#include "magic/batch_target.h"
#include "magic/batch_targets.h"
#include "magic/batch_watch_view.h"
#include "magic/view.h"

#include <stdio.h>
#include <stdlib.h>

enum { SETTLE_MS = 60000, LOG_MAX = 256 << 10, LOG_LINES_SHOWN = 25, ROWS = 30 };

static const struct lk_option options[] = {
    {"all", NULL, "all that go on and were submitted from here, as the journal says", false},
};

enum fate {
    ASKED,        /* the service was asked to stop it */
    ENDED_BEFORE, /* nothing was changed */
    NOT_THERE,    /* the service does not know it (any more) */
    NOT_OURS,     /* its id is another batch's now */
    NOT_ASKED,    /* that failed; its trouble says why */
};

struct cancelling {
    struct lk_watch_observer observer;
    struct lk_context *context;
    struct lk_cell *cell;
    struct lk_livy *livy;
    struct lk_watch_many many;
    enum fate *fates;  /* of each */
    struct lk_buf log; /* the end of a log that goes with its record; of a single batch */
    struct lk_progress display;
};

static void cancelling_done(struct cancelling *c)
{
    lk_watch_many_done(&c->many);
    free(c->fates);
    lk_buf_done(&c->log);
}

static void show_line(struct cancelling *c, const struct lk_batch_look *look, bool force)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf plain = LK_BUF_INIT(16384);
    LK_CLEANUP(lk_buf_done) struct lk_buf markdown = LK_BUF_INIT(65536);
    LK_CLEANUP(lk_json_unref) json_t *value = NULL;

    if (!force && !lk_progress_is_due(&c->display))
        return;
    value = lk_batch_watch_value(c->context, &c->many, false);
    lk_buf_put(&plain, LK_STR("cancelling "));
    if (c->many.count == 1)
        lk_buf_printf(&plain, "'%.*s'", LK_STR_ARGS(lk_batch_called(&c->many.items[0].batch)));
    else if (look)
        lk_batch_watch_line(c->context, &c->many, look, &plain);
    else
        lk_buf_printf(&plain, "%zu batches", c->many.count);
    if (look && c->many.count == 1) {
        lk_buf_put(&plain, LK_STR(", "));
        lk_batch_look_text(look, c->context->options.clock->unix_ms(c->context->options.clock),
                           &plain);
    }
    lk_markdown_escape(lk_buf_view(&plain), &markdown);
    lk_progress_show(&c->display, lk_buf_view(&markdown), lk_buf_view(&plain), value, force);
}

static void progress(struct lk_watch_observer *observer, const struct lk_watch_look *look)
{
    show_line((struct cancelling *)observer,
              &(struct lk_batch_look){.unix_ms = look->answer_unix_ms,
                                      .trouble = look->trouble,
                                      .slept_ms = look->slept_ms},
              false);
}

/* ---- asking -------------------------------------------------------------------------------- */

static enum lk_status keep_budget(struct cancelling *c, struct lk_error *err)
{
    struct lk_clock *clock = c->context->options.clock;
    int64_t wait_ms = lk_watch_pay(&c->many, clock->monotonic_ms(clock));

    return wait_ms ? clock->wait_ms(clock, wait_ms, c->cell->cancel, err) : LK_OK;
}

/* What the service says of it first: a batch that has ended must not be touched, for a DELETE may
 * take its record and its log away. */
static enum lk_status look(struct cancelling *c, struct lk_watched *item, enum fate *fate,
                           struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    enum lk_status st = keep_budget(c, err);

    if (!st)
        st = lk_livy_get(c->livy, lk_str_from(item->batch.id), c->cell->cancel, &batch, err);
    *fate = ASKED;
    if (st == LK_NOT_FOUND) {
        /* Where a 404 may pass, DELETE has the last word. */
        *fate = c->many.profile->not_found_max > 1 ? ASKED : NOT_THERE;
        return LK_OK;
    }
    if (st)
        return st;
    if (!lk_watched_is_same(c->many.profile, item, &batch)) {
        *fate = NOT_OURS;
        return LK_OK;
    }
    if (batch.end != LK_BATCH_GOING && !batch.result_pending)
        *fate = ENDED_BEFORE;
    lk_watched_know(item, &batch);
    return LK_OK;
}

/* The log goes with the record; a log that cannot be had is no reason not to cancel. */
static void save_log(struct cancelling *c, const struct lk_watched *item)
{
    struct lk_error ignored;
    int64_t total;
    bool cut;

    if (!c->many.profile->delete_drops_record || c->many.count > 1)
        return;
    if (lk_livy_log_tail(c->livy, &item->batch, LK_LOG_STDOUT, LOG_MAX, c->cell->cancel, &c->log,
                         &cut, &total, &ignored))
        lk_buf_clear(&c->log);
}

static enum lk_status stop(struct cancelling *c, struct lk_watched *item, enum fate *fate,
                           struct lk_error *err)
{
    bool already_gone = false;
    enum lk_status st;

    save_log(c, item);
    st = keep_budget(c, err);
    if (st)
        return st;
    st = lk_livy_cancel(c->livy, lk_str_from(item->batch.id), c->cell->cancel, &already_gone, err);
    if (already_gone)
        *fate = NOT_THERE;
    /* No answer in time: it may be at it, and the watch tells. */
    item->state.cancel_asked = !already_gone && (!st || st == LK_TIMEOUT || st == LK_UNKNOWN);
    return item->state.cancel_asked ? LK_OK : st;
}

static struct lk_error *new_trouble(struct lk_watched *item)
{
    free(item->trouble);
    item->trouble = lk_alloc(sizeof *item->trouble);
    return item->trouble;
}

static enum lk_status cancel_one(struct cancelling *c, size_t i, struct lk_error *err)
{
    struct lk_watched *item = &c->many.items[i];
    struct lk_error own = LK_ERROR_INIT;
    enum lk_status st = look(c, item, &c->fates[i], &own);

    if (!st && c->fates[i] == ASKED)
        st = stop(c, item, &c->fates[i], &own);
    if (st == LK_CANCELLED) {
        *err = own;
        return st;
    }
    if (st) {
        c->fates[i] = NOT_ASKED;
        *new_trouble(item) = own;
    }
    if (c->fates[i] == ENDED_BEFORE)
        item->verdict = LK_WATCH_ENDED;
    else if (c->fates[i] != ASKED)
        item->verdict = c->fates[i] == NOT_ASKED ? LK_WATCH_GIVE_UP : LK_WATCH_GONE;
    return LK_OK;
}

static enum lk_status explain_interrupt(const struct cancelling *c, size_t done,
                                        struct lk_error *err)
{
    if (c->many.count == 1)
        lk_error_set(
            err, LK_CANCELLED, "KeyboardInterrupt",
            "Interrupted while batch '%.*s' was being cancelled: the service may have been "
            "asked to stop it.",
            LK_STR_ARGS(lk_batch_called(&c->many.items[0].batch)));
    else
        lk_error_set(err, LK_CANCELLED, "KeyboardInterrupt",
                     "Interrupted: the service was asked to stop %zu of %zu batches, and may have "
                     "been for one more.",
                     done, c->many.count);
    return lk_error_next(err,
                         "%%batch monitor tells what becomes of it; %%batch cancel asks again.");
}

/* The others would fare no better: each would wait for the network, or ask for a password. */
static void give_up_rest(struct cancelling *c, size_t failed)
{
    for (size_t i = failed + 1; i < c->many.count; i++) {
        c->fates[i] = NOT_ASKED;
        c->many.items[i].verdict = LK_WATCH_GIVE_UP;
        *new_trouble(&c->many.items[i]) = *c->many.items[failed].trouble;
    }
}

static enum lk_status cancel_all(struct cancelling *c, struct lk_error *err)
{
    for (size_t i = 0; i < c->many.count; i++) {
        const struct lk_error *trouble;
        show_line(c, NULL, false);
        if (cancel_one(c, i, err))
            return explain_interrupt(c, i, err);
        trouble = c->many.items[i].trouble;
        if (c->fates[i] == NOT_ASKED &&
            (trouble->status == LK_NETWORK || trouble->status == LK_UNAUTHORIZED)) {
            give_up_rest(c, i);
            break;
        }
    }
    return LK_OK;
}

/* ---- what became of it --------------------------------------------------------------------- */

static const char *fate_word(const struct cancelling *c, size_t i)
{
    const struct lk_watched *item = &c->many.items[i];

    switch (c->fates[i]) {
    case ENDED_BEFORE:
        return "had ended already: nothing was cancelled";
    case NOT_THERE:
        return "is not there any more";
    case NOT_OURS:
        return "is not there any more: its id is another batch's now";
    case NOT_ASKED:
        return "could not be cancelled";
    case ASKED:
        break;
    }
    if (item->verdict == LK_WATCH_GONE)
        return "is not there any more";
    return item->batch.end == LK_BATCH_GOING ? "is being cancelled"
                                             : lk_batch_end_name(item->batch.end);
}

/* Whether the service has no record of it from now on. */
static bool is_forgotten(const struct cancelling *c, size_t i)
{
    return c->many.profile->delete_drops_record && c->fates[i] == ASKED &&
           c->many.items[i].batch.end == LK_BATCH_CANCELLED;
}

static void put_forgotten(const struct cancelling *c, struct lk_answer *ret)
{
    static const char text[] = "The service forgets a batch that it cancels: %batch history has "
                               "the submission.\n";
    bool any = false;

    for (size_t i = 0; i < c->many.count; i++)
        any = any || is_forgotten(c, i);
    if (!any)
        return;
    if (ret->plain.len && !lk_str_ends(lk_buf_view(&ret->plain), LK_STR("\n")))
        lk_buf_put_char(&ret->plain, '\n');
    lk_buf_put(&ret->plain, lk_str_from(text));
    lk_buf_put(&ret->markdown, LK_STR("\n\n"));
    lk_markdown_escape(lk_str_from(text), &ret->markdown);
}

static json_t *fate_value(const struct cancelling *c, size_t i)
{
    const struct lk_watched *item = &c->many.items[i];
    json_t *value = lk_batch_value(c->context, &item->batch);

    lk_json_set_text(value, "cancel", lk_str_from(fate_word(c, i)));
    if (c->fates[i] == ENDED_BEFORE)
        json_object_set_new(value, "already_ended", json_true());
    if (is_forgotten(c, i))
        json_object_set_new(value, "forgotten", json_true());
    if (item->verdict == LK_WATCH_GONE) {
        json_object_set_new(value, "already_gone", json_true());
        json_object_set_new(value, "outcome", json_string("unknown"));
    }
    if (item->trouble)
        lk_json_set_text(value, "trouble", lk_str_from(item->trouble->message));
    return value;
}

static void put_sentence(const struct cancelling *c, struct lk_answer *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);

    lk_buf_printf(&text, "Batch '%.*s' %s.\n",
                  LK_STR_ARGS(lk_batch_called(&c->many.items[0].batch)), fate_word(c, 0));
    lk_buf_put(&ret->plain, lk_buf_view(&text));
    lk_markdown_escape(lk_buf_view(&text), &ret->markdown);
    lk_buf_put(&ret->markdown, LK_STR("\n\n"));
}

static void answer_one(struct cancelling *c, struct lk_answer *ret)
{
    const struct lk_watched *item = &c->many.items[0];

    ret->value = fate_value(c, 0);
    if (c->fates[0] != ASKED || item->verdict != LK_WATCH_ENDED)
        put_sentence(c, ret);
    if (item->verdict == LK_WATCH_ENDED)
        lk_batch_summary(c->context, &item->batch, &ret->markdown, &ret->plain);
}

static void answer_several(struct cancelling *c, struct lk_answer *ret)
{
    struct lk_table *table = lk_table_new(3, "Batch", "Cancel", "Id");
    json_t *batches = json_array();

    ret->value = lk_batch_watch_value(c->context, &c->many, false);
    json_object_set_new(ret->value, "kind", json_string("batch.cancel"));
    json_object_set_new(ret->value, "batches", batches);
    for (size_t i = 0; i < c->many.count; i++) {
        const struct lk_livy_batch *batch = &c->many.items[i].batch;
        json_array_append_new(batches, fate_value(c, i));
        lk_table_row(table, (struct lk_str[]){lk_batch_called(batch), lk_str_from(fate_word(c, i)),
                                              lk_str_from(batch->id)});
    }
    lk_table_write(table, ROWS, &ret->markdown, &ret->plain);
    lk_table_free(table);
}

static enum lk_status show_answer(struct cancelling *c, struct lk_answer *ret, struct lk_error *err)
{
    if (c->many.count == 1 && c->fates[0] == NOT_ASKED) {
        *err = *c->many.items[0].trouble;
        return err->status;
    }
    if (c->many.count == 1)
        answer_one(c, ret);
    else
        answer_several(c, ret);
    put_forgotten(c, ret);
    if (c->display.shown) {
        snprintf(ret->id, sizeof ret->id, "%s", c->display.display_id);
        ret->display_id = ret->id;
    }
    if (c->log.len) {
        lk_answer_show_view(c->cell, ret);
        lk_stream_foreign(c->cell, lk_log_last_lines(lk_buf_view(&c->log), LOG_LINES_SHOWN));
    }
    for (size_t i = 0; i < c->many.count; i++) {
        lk_batch_seen(c->context, &c->many.items[i].batch);
        if (c->fates[i] == NOT_ASKED && !err->status)
            *err = *c->many.items[i].trouble;
    }
    return err->status;
}

static enum lk_status settle(struct cancelling *c, struct lk_error *err)
{
    enum lk_status st =
        lk_livy_watch_many(c->livy, &c->many, SETTLE_MS, &c->observer, c->cell->cancel, err);

    if (st == LK_CANCELLED)
        return explain_interrupt(c, c->many.count, err);
    if (st != LK_TIMEOUT)
        return st;
    if (c->many.count == 1)
        lk_error_set(err, st, "StillCancelling",
                     "the service took the request, but batch '%.*s' has not ended yet",
                     LK_STR_ARGS(lk_batch_called(&c->many.items[0].batch)));
    else
        lk_error_set(err, st, "StillCancelling",
                     "the service took the requests, but not all batches have ended yet");
    return lk_error_next(err, "%%batch monitor shows when that is so.");
}

static enum lk_status say_none(struct lk_answer *ret)
{
    ret->value = json_object();
    json_object_set_new(ret->value, "kind", json_string("batch.cancel"));
    json_object_set_new(ret->value, "count", json_integer(0));
    json_object_set_new(ret->value, "batches", json_array());
    ret->place = LK_VALUE_HIDDEN;
    lk_buf_put(&ret->plain, LK_STR("No batch that was submitted from here goes on."));
    lk_buf_put(&ret->markdown, lk_buf_view(&ret->plain));
    return LK_OK;
}

static enum lk_status check_line(const struct lk_args *args, struct lk_error *err)
{
    if (!lk_args_has(args, "all") || !lk_args_positional_count(args))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "BadOption", "--all means every batch; none is named with it");
    return lk_error_next(err, "%%batch cancel --all, or %%batch cancel ID …");
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    LK_CLEANUP(cancelling_done)
    struct cancelling c = {.observer = {.progress = progress},
                           .context = context,
                           .cell = cell,
                           .log = LK_BUF_INIT(LOG_MAX)};
    enum lk_batch_reach reach = lk_args_has(args, "all") ? LK_BATCH_OWN : LK_BATCH_NAMED;
    enum lk_status st = check_line(args, err);

    (void)body;
    if (!st)
        st = lk_batch_targets(context, args, reach, cell->cancel, &c.many, err);
    if (!st)
        st = lk_context_livy(context, &c.livy, err);
    if (st)
        return st;
    if (!c.many.count)
        return say_none(ret);
    c.fates = lk_alloc(c.many.count * sizeof *c.fates);
    lk_progress_init(&c.display, cell, context->options.clock);
    st = cancel_all(&c, err);
    if (!st)
        st = settle(&c, err);
    if (st == LK_CANCELLED || st == LK_UNAUTHORIZED)
        return st;
    if (!st)
        lk_error_clear(err);
    return show_answer(&c, ret, err);
}

const struct lk_magic lk_magic_batch_cancel = {
    .name = "batch",
    .verb = "cancel",
    .summary = "stop batches",
    .usage = "%batch cancel [ID | NAME …] [--all]",
    .details =
        "Tells what became of each. One that had ended already is left as it is. --all means "
        "those that were submitted from this computer and go on, never other people's.",
    .options = options,
    .option_count = LK_COUNT(options),
    .positional_max = LK_WATCH_MANY_MAX,
    .takes = {{LK_TAKES_BATCH}},
    .flags = LK_MAGIC_LINE | LK_MAGIC_ACTS,
    .run = run,
};
