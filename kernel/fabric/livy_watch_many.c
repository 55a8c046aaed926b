/* Which question comes next, and what its answer means for all. */
#include "fabric/livy_watch_many.h"

#include "fabric/livy_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LIST_FROM = 4,              /* for fewer, their own records say more */
    LIST_FAILURES_MAX = 3,      /* after that many the list counts as broken … */
    LIST_REST_MS = 120000,      /* … for so long: it may have been the whole service */
    ROUND_PAGES_MAX = 50,       /* the newest 5000, or 1000 of Synapse */
    ROUND_SHARE = 3,            /* rounds may take a third of the budget */
    UNLISTED_MS = 300000,       /* then the list gets another chance to show it */
    RECHECK_MS = 10000,         /* between two looks at a record for the same hint */
    TRUST_MS = 60000,           /* how long a list that tells less is taken at its word */
    TRUST_SHARE = 4,            /* … and those looks may take a quarter of the budget */
    HISTORY_GOES_ON_MS = 30000, /* Livy has forgotten it, the history says it goes on */
    REFUSED_MAX = 3,
};

/* ---- budget and trouble -----------------------------------------------------------------------
 */

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool is_watched(const struct lk_watched *item)
{
    return item->verdict == LK_WATCH_POLL_AGAIN;
}

/* A bucket of request_burst questions, refilled by one each request_gap_ms. */
static int64_t budget_allows_ms(const struct lk_watch_many *many)
{
    const struct lk_livy_profile *profile = many->profile;

    return many->budget_ms - (int64_t)(profile->request_burst - 1) * profile->request_gap_ms;
}

static void spend(struct lk_watch_many *many, int64_t now_ms)
{
    many->budget_ms = later(many->budget_ms, now_ms) + many->profile->request_gap_ms;
    many->requests++;
}

int64_t lk_watch_pay(struct lk_watch_many *many, int64_t now_ms)
{
    int64_t wait_ms = later(0, budget_allows_ms(many) - now_ms);

    spend(many, now_ms + wait_ms);
    return wait_ms;
}

static void clear_trouble(struct lk_watched *item)
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
static bool is_of_service(enum lk_status st)
{
    return st == LK_NETWORK || st == LK_UNKNOWN || st == LK_TIMEOUT || st == LK_THROTTLED ||
           st == LK_SERVICE || st == LK_IO || st == LK_UNAUTHORIZED;
}

static void service_answers(struct lk_watch_many *many)
{
    many->failures = 0;
    many->refused = 0;
    many->troubled = false;
}

static void hold_back(struct lk_watch_many *many, const struct lk_watch_answer *answer)
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

static bool is_listable(const struct lk_watched *item, int64_t now_ms)
{
    return is_watched(item) && !item->ask_history && item->unlisted_until_ms <= now_ms;
}

static size_t count_listable(const struct lk_watch_many *many, int64_t now_ms)
{
    size_t count = 0;

    for (size_t i = 0; i < many->count; i++)
        count += is_listable(&many->items[i], now_ms);
    return count;
}

static size_t pages_for(const struct lk_watch_many *many, size_t batches)
{
    return (batches + many->page_size - 1) / many->page_size;
}

/* Where a round costs fewer requests than asking for each. Where the list says less than the
 * record, it must be worth it. */
static bool uses_list(const struct lk_watch_many *many, int64_t now_ms)
{
    size_t batches = count_listable(many, now_ms);
    size_t pages = many->pages_last ? many->pages_last : pages_for(many, batches);

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
        bool by_list = list && is_listable(item, now_ms);
        int64_t at_ms = by_list ? item->record_due_ms : sooner(item->due_ms, item->record_due_ms);
        if (!is_watched(item))
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
    if (list && many->round_due_ms <= later(now_ms, ask.at_ms))
        ask = (struct lk_watch_ask){.kind = LK_WATCH_ASK_PAGE,
                                    .at_ms = many->round_due_ms,
                                    .skip = many->skip,
                                    .size = many->size};
    ask.at_ms = later(ask.at_ms, later(many->not_before_ms, budget_allows_ms(many)));
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
    clear_trouble(item);
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
    clear_trouble(item);
    item->record_ms = now_ms;
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
    } else if (is_of_service(answer->st)) {
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
    } else if (!is_of_service(answer->st) || verdict == LK_WATCH_GIVE_UP) {
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

    spend(many, answer->now_ms);
    if (is_of_service(answer->st))
        hold_back(many, answer);
    else
        service_answers(many);
    if (ask->kind == LK_WATCH_ASK_HISTORY)
        take_history(many, item, answer, batch_take);
    else if (answer->st == LK_OK && !lk_watched_is_same(many->profile, item, batch_take))
        tell_replaced(item, batch_take);
    else
        take_record(many, item, answer, batch_take);
    lk_livy_batch_done(batch_take);
}

/* ---- a page of the list -----------------------------------------------------------------------
 */

/* Of a list that says less: where it is, and no more. */
static void merge_listed(struct lk_watched *item, const struct lk_livy_batch *listed)
{
    struct lk_livy_batch *batch = &item->batch;

    if (listed->state[0] && strcmp(listed->state, batch->state) != 0) {
        memcpy(batch->state, listed->state, sizeof(batch->state));
        memcpy(batch->phase, listed->phase, sizeof(batch->phase));
    }
    if (!batch->app_id[0])
        memcpy(batch->app_id, listed->app_id, sizeof(batch->app_id));
    if (!batch->starting_ms)
        batch->starting_ms = listed->starting_ms;
}

static void keep_listed(const struct lk_watch_many *many, struct lk_watched *item,
                        struct lk_livy_batch *listed)
{
    clear_trouble(item);
    item->state.failures = 0;
    item->state.not_found = 0;
    item->state.seen = true;
    item->unlisted_until_ms = 0;
    if (many->profile->list_is_whole || !item->batch.raw || listed->end != LK_BATCH_GOING)
        lk_watched_know(item, listed);
    else
        merge_listed(item, listed);
}

/* What a list that says less may say of an end before it says which. */
static bool hints_at_end(const struct lk_livy_batch *listed)
{
    return json_is_true(json_object_get(listed->raw, "isJobTimedOut")) ||
           lk_json_get_str(listed->raw, "errorCode").len > 0 ||
           lk_str_eq_nocase(lk_json_get_str(listed->raw, "schedulerState"), LK_STR("ended")) ||
           lk_str_eq_nocase(lk_json_get_str(listed->raw, "pluginState"), LK_STR("ended"));
}

static bool is_enough(const struct lk_watch_many *many, const struct lk_livy_batch *listed)
{
    if (listed->end == LK_BATCH_GOING || listed->result_pending)
        return false;
    return many->profile->list_is_whole ||
           (listed->end == LK_BATCH_SUCCEEDED && strcmp(listed->result, "succeeded") == 0);
}

/* A refusal of the capacity stands in the record alone (livy.md §1.5), so who waits is looked at
 * now and then. */
static int64_t look_again_ms(const struct lk_watch_many *many, const struct lk_watched *item,
                             int64_t now_ms)
{
    int64_t trust_ms =
        later(TRUST_MS, TRUST_SHARE * (int64_t)many->count * many->profile->request_gap_ms);

    if (many->profile->list_is_whole || strcmp(item->batch.state, "running") == 0)
        return INT64_MAX;
    return (item->record_ms ? item->record_ms : now_ms) + trust_ms;
}

static void take_listed(struct lk_watch_many *many, struct lk_watched *item,
                        struct lk_livy_batch *listed, const struct lk_watch_answer *answer)
{
    int64_t now_ms = answer->now_ms;

    item->in_round = true;
    if (!lk_watched_is_same(many->profile, item, listed)) {
        item->record_due_ms = now_ms;
        return;
    }
    if (item->state.cancel_asked)
        lk_livy_batch_cancel_was_asked(listed);
    if (is_enough(many, listed)) {
        keep_listed(many, item, listed);
        item->verdict = LK_WATCH_ENDED;
    } else if (listed->end != LK_BATCH_GOING || hints_at_end(listed)) {
        item->record_due_ms = later(now_ms, item->record_ms ? item->record_ms + RECHECK_MS : 0);
    } else {
        keep_listed(many, item, listed);
        item->state.polls++;
        item->due_ms = now_ms + lk_watch_pace_ms(item->state.polls, answer->jitter);
        item->record_due_ms = sooner(item->record_due_ms, look_again_ms(many, item, now_ms));
    }
}

static size_t take_items(struct lk_watch_many *many, struct lk_livy_list *list,
                         const struct lk_watch_answer *answer)
{
    size_t found = 0;

    for (size_t i = 0; i < list->count; i++) {
        for (size_t j = 0; j < many->count; j++) {
            if (strcmp(many->items[j].batch.id, list->batches[i].id) != 0)
                continue;
            found++;
            if (is_watched(&many->items[j]) && !many->items[j].ask_history)
                take_listed(many, &many->items[j], &list->batches[i], answer);
            break;
        }
    }
    return found;
}

static void begin_round(struct lk_watch_many *many)
{
    for (size_t i = 0; i < many->count; i++)
        many->items[i].in_round = false;
}

/* What the list does not show is asked for by itself. */
static void end_round(struct lk_watch_many *many, int64_t total,
                      const struct lk_watch_answer *answer)
{
    int64_t now_ms = answer->now_ms;
    int64_t share_ms = ROUND_SHARE * (int64_t)many->pages * many->profile->request_gap_ms;

    for (size_t i = 0; i < many->count; i++) {
        struct lk_watched *item = &many->items[i];
        if (item->in_round || !is_listable(item, now_ms))
            continue;
        item->unlisted_until_ms = now_ms + UNLISTED_MS;
        item->due_ms = now_ms;
    }
    many->rounds++;
    many->pages_last = many->pages;
    many->pages = 0;
    many->round_due_ms = now_ms + later(lk_watch_pace_ms(many->rounds, answer->jitter), share_ms);
    many->size = many->page_size;
    many->skip =
        many->oldest_first && total > (int64_t)many->size ? total - (int64_t)many->size : 0;
}

static bool is_older(const struct lk_livy_batch *a, const struct lk_livy_batch *b)
{
    int64_t left = a->submitted_ms, right = b->submitted_ms;

    if (!left && !right &&
        (!lk_str_to_i64(lk_str_from(a->id), &left) || !lk_str_to_i64(lk_str_from(b->id), &right)))
        return false;
    return left < right;
}

/* Nobody promises an order. Where the oldest come first, the newest page is the last one. */
static bool turns_around(struct lk_watch_many *many, const struct lk_livy_list *list)
{
    if (many->oldest_first || many->rounds || many->pages != 1 || list->count < 2 ||
        list->total <= (int64_t)list->count ||
        !is_older(&list->batches[0], &list->batches[list->count - 1]))
        return false;
    many->oldest_first = true;
    many->size = many->page_size;
    many->skip = list->total - (int64_t)many->size;
    return true;
}

/* Moves to the next older page; false when there is none. */
static bool turn_page(struct lk_watch_many *many, const struct lk_watch_ask *ask,
                      const struct lk_livy_list *list)
{
    int64_t end = ask->skip + (int64_t)list->count;

    /* The service's pages are shorter than ours. */
    if (list->count && list->count < ask->size && list->total > end)
        many->page_size = list->count;
    if (many->oldest_first) {
        many->skip = later(0, ask->skip - (int64_t)many->page_size);
        many->size = (size_t)(ask->skip - many->skip);
        return ask->skip > 0;
    }
    many->skip = end;
    many->size = many->page_size;
    return list->count && (list->total >= 0 ? end < list->total : list->count >= ask->size);
}

static bool all_in_round(const struct lk_watch_many *many, int64_t now_ms)
{
    for (size_t i = 0; i < many->count; i++) {
        if (is_listable(&many->items[i], now_ms) && !many->items[i].in_round)
            return false;
    }
    return true;
}

static void page_failed(struct lk_watch_many *many, const struct lk_watch_answer *answer)
{
    bool passes = is_of_service(answer->st) && answer->st != LK_SERVICE;

    if (is_of_service(answer->st))
        hold_back(many, answer);
    else
        many->round_due_ms =
            answer->now_ms + lk_watch_back_off_ms(many->list_failures + 1, -1, answer->jitter);
    if (passes || ++many->list_failures < LIST_FAILURES_MAX)
        return;
    many->list_failures = 0;
    many->list_rests_ms = answer->now_ms + LIST_REST_MS;
    for (size_t i = 0; i < many->count; i++)
        many->items[i].due_ms = sooner(many->items[i].due_ms, answer->now_ms);
}

void lk_watch_take_page(struct lk_watch_many *many, const struct lk_watch_ask *ask,
                        const struct lk_watch_answer *answer, struct lk_livy_list *list)
{
    size_t found, least;
    bool more;

    spend(many, answer->now_ms);
    if (answer->st) {
        page_failed(many, answer);
        return;
    }
    service_answers(many);
    many->list_failures = 0;
    if (!many->pages++)
        begin_round(many);
    least = pages_for(many, count_listable(many, answer->now_ms));
    more = turns_around(many, list) || turn_page(many, ask, list);
    found = take_items(many, list, answer);
    many->round_due_ms = answer->now_ms;
    /* A page that shows none but one costs as much as asking for that one. */
    if (!more || all_in_round(many, answer->now_ms) || many->pages >= ROUND_PAGES_MAX ||
        (many->pages >= least && found < 2))
        end_round(many, list->total, answer);
}

/* ---- sleep ------------------------------------------------------------------------------------
 */

void lk_watch_slept(struct lk_watch_many *many, int64_t ms, int64_t now_ms)
{
    many->not_before_ms -= ms;
    many->failures = 0;
    many->budget_ms = now_ms;
    many->round_due_ms = sooner(many->round_due_ms, now_ms);
    for (size_t i = 0; i < many->count; i++) {
        struct lk_watched *item = &many->items[i];
        item->state.failures = 0;
        item->due_ms = sooner(item->due_ms, now_ms);
        if (item->record_due_ms != INT64_MAX)
            item->record_due_ms = sooner(item->record_due_ms, now_ms);
    }
}
