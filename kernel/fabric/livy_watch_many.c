/* Which question comes next, and what its answer means for all. */
#include "base/timefmt.h"
#include "fabric/livy_client.h"
#include "fabric/livy_watch_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LIST_FROM = 4,              /* for fewer, their own records say more */
    HISTORY_GOES_ON_MS = 30000, /* Livy has forgotten it, the history says it goes on */
    REFUSED_MAX = 3,
};

/* ---- budget and trouble -----------------------------------------------------------------------
 */

/* A bucket of request_burst questions, refilled by one each request_gap_ms. */
static int64_t budget_allows_ms(const struct lk_watch_many *many)
{
    const struct lk_livy_profile *profile = many->profile;

    return many->budget_ms - (int64_t)(profile->request_burst - 1) * profile->request_gap_ms;
}

void lk_watch_spend(struct lk_watch_many *many, int64_t now_ms)
{
    many->budget_ms = lk_later_ms(many->budget_ms, now_ms) + many->profile->request_gap_ms;
    many->requests++;
}

int64_t lk_watch_pay(struct lk_watch_many *many, int64_t now_ms)
{
    int64_t wait_ms = lk_later_ms(0, budget_allows_ms(many) - now_ms);

    lk_watch_spend(many, now_ms + wait_ms);
    return wait_ms;
}

void lk_watched_clear_trouble(struct lk_watched *item)
{
    free(item->trouble);
    item->trouble = NULL;
}

static struct lk_error *trouble_of(struct lk_watched *item)
{
    if (!item->trouble)
        item->trouble = lk_alloc(sizeof(*item->trouble));
    return item->trouble;
}

/* Trouble that says nothing of the batch that was asked for. */
bool lk_watch_is_of_service(enum lk_status st)
{
    return st == LK_NETWORK || st == LK_UNKNOWN || st == LK_TIMEOUT || st == LK_THROTTLED ||
           st == LK_SERVICE || st == LK_IO || st == LK_UNAUTHORIZED;
}

void lk_watch_service_answers(struct lk_watch_many *many)
{
    many->failures = 0;
    many->refused = 0;
    many->troubled = false;
}

void lk_watch_hold_back(struct lk_watch_many *many, const struct lk_watch_answer *answer)
{
    many->failures++;
    many->refused = answer->st == LK_UNAUTHORIZED ? many->refused + 1 : 0;
    many->troubled = true;
    many->trouble = *answer->trouble;
    many->not_before_ms =
        answer->now_ms +
        lk_watch_back_off_ms(many->failures, answer->retry_after_ms, answer->jitter);
    if (many->refused >= REFUSED_MAX)
        many->stopped = answer->st;
}

/* ---- what comes next --------------------------------------------------------------------------
 */

bool lk_watched_is_listable(const struct lk_watched *item, int64_t now_ms)
{
    return lk_watched_goes_on(item) && !item->ask_history && item->unlisted_until_ms <= now_ms;
}

size_t lk_watch_count_listable(const struct lk_watch_many *many, int64_t now_ms)
{
    size_t count = 0;

    for (size_t i = 0; i < many->count; i++)
        count += lk_watched_is_listable(&many->items[i], now_ms);
    return count;
}

size_t lk_watch_pages_for(const struct lk_watch_many *many, size_t batches)
{
    return (batches + many->page_size - 1) / many->page_size;
}

/* Where a round costs fewer requests than asking for each. Where the list says less than the
 * record, it must be worth it. */
static bool uses_list(const struct lk_watch_many *many, int64_t now_ms)
{
    size_t batches = lk_watch_count_listable(many, now_ms);
    size_t pages = many->pages_last ? many->pages_last : lk_watch_pages_for(many, batches);

    if (many->list_rests_ms > now_ms || batches < LIST_FROM)
        return false;
    return batches > pages * (many->profile->list_is_whole ? 1 : 2);
}

/* The batch that is due first. */
static struct lk_watch_ask plan_batch(const struct lk_watch_many *many, bool list, int64_t now_ms)
{
    struct lk_watch_ask ask = {.kind = LK_WATCH_ASK_NOBODY, .at_ms = INT64_MAX};

    for (size_t i = 0; i < many->count; i++) {
        const struct lk_watched *item = &many->items[i];
        bool by_list = list && lk_watched_is_listable(item, now_ms);
        int64_t at_ms =
            by_list ? item->record_due_ms : lk_sooner_ms(item->due_ms, item->record_due_ms);
        if (!lk_watched_goes_on(item))
            continue;
        if (ask.kind == LK_WATCH_ASK_NOBODY || at_ms < ask.at_ms)
            ask = (struct lk_watch_ask){.kind = item->ask_history ? LK_WATCH_ASK_HISTORY
                                                                  : LK_WATCH_ASK_BATCH,
                                        .at_ms = at_ms,
                                        .index = i};
    }
    return ask;
}

struct lk_watch_ask lk_watch_plan(const struct lk_watch_many *many, int64_t now_ms)
{
    bool list = uses_list(many, now_ms);
    struct lk_watch_ask ask = plan_batch(many, list, now_ms);

    if (many->stopped)
        ask.kind = LK_WATCH_ASK_NOBODY;
    if (ask.kind == LK_WATCH_ASK_NOBODY)
        return ask;
    /* A round that is due goes first: its pace leaves room for the others. */
    if (list && many->round_due_ms <= lk_later_ms(now_ms, ask.at_ms))
        ask = (struct lk_watch_ask){.kind = LK_WATCH_ASK_PAGE,
                                    .at_ms = many->round_due_ms,
                                    .skip = many->skip,
                                    .size = many->size};
    ask.at_ms = lk_later_ms(ask.at_ms, lk_later_ms(many->not_before_ms, budget_allows_ms(many)));
    return ask;
}

/* ---- one batch's answer -----------------------------------------------------------------------
 */

static void tell_gone(struct lk_watched *item)
{
    char what[LK_BATCH_TEXT_MAX + 16];
    struct lk_error *err = trouble_of(item);

    item->verdict = LK_WATCH_GONE;
    lk_livy_what(lk_str_from(item->batch.name[0] ? item->batch.name : item->batch.id), what);
    if (!item->state.seen) {
        lk_error_set(err, LK_NOT_FOUND, "NoBatch", "Livy knows no %s", what);
        lk_error_next(err, "`%%batch list` shows what there is; `%%livy info` where this looks.");
        return;
    }
    lk_error_set(err, LK_NOT_FOUND, "BatchGone",
                 "Livy no longer knows %s: it ended long ago, was deleted, or the service started "
                 "again. How it ended is unknown",
                 what);
    lk_error_next(err, "Look at what it should have written: %%lakehouse ls Tables.");
}

static void tell_replaced(struct lk_watched *item, const struct lk_livy_batch *other)
{
    char what[LK_BATCH_TEXT_MAX + 16];
    struct lk_error *err = trouble_of(item);

    item->verdict = LK_WATCH_GONE;
    lk_livy_what(lk_str_from(item->batch.name[0] ? item->batch.name : item->batch.id), what);
    lk_error_set(err, LK_NOT_FOUND, "BatchGone",
                 "the id %s is another batch's now ('%s'): the service started again and no longer "
                 "knows %s. How it ended is unknown",
                 item->batch.id, other->name, what);
    lk_error_next(err, "Look at what it should have written. `%%batch list` shows what the service "
                       "knows.");
}

/* 404 after a DELETE that was accepted, where that takes the record away: that is the end. */
static void tell_cancelled(struct lk_watched *item)
{
    item->batch.end = LK_BATCH_CANCELLED;
    item->batch.cancel_requested = true;
    item->batch.result_pending = false;
    (void)snprintf(item->batch.phase, sizeof(item->batch.phase), "%s",
                   lk_batch_end_name(LK_BATCH_CANCELLED));
    item->verdict = LK_WATCH_ENDED;
    lk_watched_clear_trouble(item);
}

static void lost_record(struct lk_watch_many *many, struct lk_watched *item, int64_t now_ms)
{
    if (item->state.cancel_asked && many->profile->delete_drops_record) {
        tell_cancelled(item);
    } else if (many->profile->log == LK_LIVY_LOG_MONITORING) {
        item->ask_history = true;
        item->due_ms = now_ms;
    } else {
        tell_gone(item);
    }
}

static void keep_record(struct lk_watched *item, struct lk_livy_batch *batch_take, int64_t now_ms)
{
    lk_watched_know(item, batch_take);
    lk_watched_clear_trouble(item);
    item->record_ms = now_ms;
}

/* The history says that it is over, in a word that says no more ("Stopped", "Unknown"): it would
 * say so for ever. */
static bool is_over_somehow(const struct lk_livy_batch *batch)
{
    int64_t end_unix_ms;

    return batch->end == LK_BATCH_GOING &&
           (strcmp(batch->state, "stopped") == 0 ||
            (lk_time_from_iso8601(lk_json_get_str(batch->raw, "endDateTime"), &end_unix_ms) &&
             end_unix_ms > 0));
}

static void take_history(struct lk_watch_many *many, struct lk_watched *item,
                         const struct lk_watch_answer *answer, struct lk_livy_batch *batch_take)
{
    if (answer->st == LK_OK) {
        keep_record(item, batch_take, answer->now_ms);
        item->ask_history = false;
        item->state.not_found = 0;
        item->due_ms = answer->now_ms + HISTORY_GOES_ON_MS;
        if (item->batch.end != LK_BATCH_GOING)
            item->verdict = LK_WATCH_ENDED;
        else if (is_over_somehow(&item->batch))
            tell_gone(item);
    } else if (lk_watch_is_of_service(answer->st)) {
        item->due_ms = many->not_before_ms;
    } else {
        tell_gone(item);
    }
}

static void take_record(struct lk_watch_many *many, struct lk_watched *item,
                        const struct lk_watch_answer *answer, struct lk_livy_batch *batch_take)
{
    enum lk_watch_verdict verdict;
    int64_t delay_ms;

    if (answer->st == LK_OK && item->state.cancel_asked)
        lk_livy_batch_cancel_was_asked(batch_take);
    verdict = lk_watch_next(many->profile, &item->state, answer->st, batch_take,
                            answer->retry_after_ms, answer->now_ms, answer->jitter, &delay_ms);
    item->due_ms = answer->now_ms + delay_ms;
    item->record_due_ms = item->due_ms;
    if (answer->st == LK_OK) {
        keep_record(item, batch_take, answer->now_ms);
        if (!item->batch.result_pending)
            item->record_due_ms = INT64_MAX;
    } else if (!lk_watch_is_of_service(answer->st) || verdict == LK_WATCH_GIVE_UP) {
        *trouble_of(item) = *answer->trouble;
    }
    if (verdict == LK_WATCH_GONE)
        lost_record(many, item, answer->now_ms);
    else if (verdict == LK_WATCH_GIVE_UP && answer->st == LK_UNAUTHORIZED)
        many->stopped = answer->st; /* it would be the same with all others */
    else
        item->verdict = verdict;
}

void lk_watch_take_batch(struct lk_watch_many *many, const struct lk_watch_ask *ask,
                         const struct lk_watch_answer *answer, struct lk_livy_batch *batch_take)
{
    struct lk_watched *item = &many->items[ask->index];

    lk_watch_spend(many, answer->now_ms);
    if (lk_watch_is_of_service(answer->st))
        lk_watch_hold_back(many, answer);
    else
        lk_watch_service_answers(many);
    if (ask->kind == LK_WATCH_ASK_HISTORY)
        take_history(many, item, answer, batch_take);
    else if (answer->st == LK_OK && !lk_watched_is_same(many->profile, item, batch_take))
        tell_replaced(item, batch_take);
    else
        take_record(many, item, answer, batch_take);
    lk_livy_batch_done(batch_take);
}

/* ---- sleep ------------------------------------------------------------------------------------
 */

void lk_watch_slept(struct lk_watch_many *many, int64_t ms, int64_t now_ms)
{
    many->not_before_ms -= ms;
    many->failures = 0;
    many->budget_ms = now_ms;
    many->round_due_ms = lk_sooner_ms(many->round_due_ms, now_ms);
    for (size_t i = 0; i < many->count; i++) {
        struct lk_watched *item = &many->items[i];
        item->state.failures = 0;
        item->due_ms = lk_sooner_ms(item->due_ms, now_ms);
        if (item->record_due_ms != INT64_MAX)
            item->record_due_ms = lk_sooner_ms(item->record_due_ms, now_ms);
    }
}
