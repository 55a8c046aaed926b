/* What a page of the list says of the batches under watch, and where the next page is. */
#include "fabric/livy_watch_parts.h"

#include <string.h>

enum {
    LIST_FAILURES_MAX = 3, /* after that many the list counts as broken … */
    LIST_REST_MS = 120000, /* … for so long: it may have been the whole service */
    ROUND_PAGES_MAX = 50,  /* the newest 5000, or 1000 of Synapse */
    ROUND_SHARE = 3,       /* rounds may take a third of the budget */
    UNLISTED_MS = 300000,  /* then the list gets another chance to show it */
    RECHECK_MS = 10000,    /* between two looks at a record for the same hint */
    TRUST_MS = 60000,      /* how long a list that tells less is taken at its word */
    TRUST_SHARE = 4,       /* … and those looks may take a quarter of the budget */
};

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
    lk_watched_clear_trouble(item);
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
 * now and then; not all at once. */
static int64_t look_again_ms(const struct lk_watch_many *many, const struct lk_watched *item,
                             int64_t now_ms)
{
    int64_t count = (int64_t)many->count, turn = item - many->items + 1;
    int64_t trust_ms = lk_later_ms(TRUST_MS, TRUST_SHARE * count * many->profile->request_gap_ms);

    if (many->profile->list_is_whole || strcmp(item->batch.state, "running") == 0)
        return INT64_MAX;
    if (item->record_ms)
        return item->record_ms + trust_ms;
    return item->record_due_ms != INT64_MAX ? item->record_due_ms
                                            : now_ms + trust_ms * turn / count;
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
        item->record_due_ms =
            lk_later_ms(now_ms, item->record_ms ? item->record_ms + RECHECK_MS : 0);
    } else {
        keep_listed(many, item, listed);
        item->state.polls++;
        item->due_ms = now_ms + lk_watch_pace_ms(item->state.polls, answer->jitter);
        item->record_due_ms = look_again_ms(many, item, now_ms);
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
            if (lk_watched_goes_on(&many->items[j]) && !many->items[j].ask_history)
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
        if (item->in_round || !lk_watched_is_listable(item, now_ms))
            continue;
        item->unlisted_until_ms = now_ms + UNLISTED_MS;
        item->due_ms = now_ms;
    }
    many->rounds++;
    many->pages_last = many->pages;
    many->pages = 0;
    many->round_due_ms =
        now_ms + lk_later_ms(lk_watch_pace_ms(many->rounds, answer->jitter), share_ms);
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
        many->skip = lk_later_ms(0, ask->skip - (int64_t)many->page_size);
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
        if (lk_watched_is_listable(&many->items[i], now_ms) && !many->items[i].in_round)
            return false;
    }
    return true;
}

static void page_failed(struct lk_watch_many *many, const struct lk_watch_answer *answer)
{
    bool passes = lk_watch_is_of_service(answer->st) && answer->st != LK_SERVICE;

    if (lk_watch_is_of_service(answer->st))
        lk_watch_hold_back(many, answer);
    else
        many->round_due_ms =
            answer->now_ms + lk_watch_back_off_ms(many->list_failures + 1, -1, answer->jitter);
    if (passes || ++many->list_failures < LIST_FAILURES_MAX)
        return;
    many->list_failures = 0;
    many->list_rests_ms = answer->now_ms + LIST_REST_MS;
    for (size_t i = 0; i < many->count; i++)
        many->items[i].due_ms = lk_sooner_ms(many->items[i].due_ms, answer->now_ms);
}

void lk_watch_take_page(struct lk_watch_many *many, const struct lk_watch_ask *ask,
                        const struct lk_watch_answer *answer, struct lk_livy_list *list)
{
    size_t found, least;
    bool more;

    lk_watch_spend(many, answer->now_ms);
    if (answer->st) {
        page_failed(many, answer);
        return;
    }
    lk_watch_service_answers(many);
    many->list_failures = 0;
    if (!many->pages++)
        begin_round(many);
    least = lk_watch_pages_for(many, lk_watch_count_listable(many, answer->now_ms));
    more = turns_around(many, list) || turn_page(many, ask, list);
    found = take_items(many, list, answer);
    many->round_due_ms = answer->now_ms;
    /* A page that shows none but one costs as much as asking for that one. */
    if (!more || all_in_round(many, answer->now_ms) || many->pages >= ROUND_PAGES_MAX ||
        (many->pages >= least && found < 2))
        end_round(many, list->total, answer);
}
