/* The loop that asks what the plan says and shows what came. */
#include "fabric/livy_watch_many.h"

#include "base/secret.h"
#include "fabric/livy_client.h"

#include <string.h>

enum {
    TICK_MS = 1000,
    ANSWER_MS = 60000, /* how long an answer is awaited as a rule */
    SLEPT_MS = 10000,  /* the wall clock may be set by less without anybody asleep */
};

struct watch {
    struct lk_livy *livy;
    struct lk_clock *clock;
    struct lk_watch_many *many;
    struct lk_watch_observer *observer;
    struct lk_cancel *cancel;
    int64_t answer_unix_ms;
    int64_t deadline_ms; /* monotonic; 0: none */
    int64_t drift_ms;    /* wall clock minus monotonic clock, which stands still in sleep */
    int64_t slept_ms;    /* since the last answer */
};

static unsigned draw_jitter(void)
{
    uint16_t bytes;

    lk_random_bytes(&bytes, sizeof(bytes));
    return bytes % 1001u;
}

static bool is_enough(const struct watch *w)
{
    return w->observer && w->observer->is_enough && w->observer->is_enough(w->observer, w->many);
}

static int64_t now_of(const struct watch *w)
{
    return w->clock->monotonic_ms(w->clock);
}

static void tell(struct watch *w)
{
    struct lk_watch_many *many = w->many;
    const struct lk_error *trouble = many->troubled ? &many->trouble : NULL;

    if (!w->observer)
        return;
    if (!trouble && many->count == 1 && many->items[0].verdict == LK_WATCH_POLL_AGAIN)
        trouble = many->items[0].trouble;
    w->observer->progress(w->observer, &(struct lk_watch_look){.many = many,
                                                               .answer_unix_ms = w->answer_unix_ms,
                                                               .trouble = trouble,
                                                               .slept_ms = w->slept_ms});
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* True after a sleep: what was planned is out of date. */
static bool notice_sleep(struct watch *w)
{
    int64_t drift_ms = w->clock->unix_ms(w->clock) - now_of(w);
    int64_t jump_ms = drift_ms - w->drift_ms;

    w->drift_ms = drift_ms;
    if (jump_ms < SLEPT_MS)
        return false;
    w->slept_ms += jump_ms;
    lk_watch_slept(w->many, jump_ms, now_of(w));
    return true;
}

static enum lk_status late(const struct watch *w, struct lk_error *err)
{
    const struct lk_watched *one = w->many->items;
    char what[LK_BATCH_TEXT_MAX + 16];
    size_t going = 0;

    for (size_t i = 0; i < w->many->count; i++)
        going += w->many->items[i].verdict == LK_WATCH_POLL_AGAIN;
    if (w->many->count > 1)
        return lk_error_set(err, LK_TIMEOUT, "WatchTimeout",
                            "%zu of %zu batches did not end in time", going, w->many->count);
    lk_livy_what(lk_str_from(one->batch.name[0] ? one->batch.name : one->batch.id), what);
    return lk_error_set(err, LK_TIMEOUT, "WatchTimeout", "%s did not end in time (%s)", what,
                        one->batch.phase[0] ? one->batch.phase : "no state known");
}

/* In ticks, so that the observer can show the time that passes. Ends early after a sleep. */
static enum lk_status wait_until(struct watch *w, int64_t at_ms, bool *slept, struct lk_error *err)
{
    for (;;) {
        int64_t now_ms = now_of(w), left_ms = at_ms - now_ms;
        enum lk_status st;
        *slept = notice_sleep(w);
        if (*slept)
            return LK_OK;
        if (w->deadline_ms && now_ms >= w->deadline_ms)
            return late(w, err);
        if (left_ms <= 0 || is_enough(w))
            return LK_OK;
        if (w->deadline_ms && left_ms > w->deadline_ms - now_ms)
            left_ms = w->deadline_ms - now_ms;
        st = w->clock->wait_ms(w->clock, left_ms < TICK_MS ? left_ms : TICK_MS, w->cancel, err);
        if (st)
            return st;
        tell(w);
    }
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void fill_answer(const struct watch *w, enum lk_status st, const struct lk_error *trouble,
                        struct lk_watch_answer *ret)
{
    ret->st = st;
    ret->trouble = trouble;
    ret->now_ms = now_of(w);
    ret->jitter = draw_jitter();
}

/* A service that hangs must not keep the watch past its time. */
static int64_t answer_max_ms(const struct watch *w)
{
    int64_t left_ms = w->deadline_ms - now_of(w);

    if (!w->deadline_ms || left_ms >= ANSWER_MS)
        return 0;
    return left_ms > 1 ? left_ms : 1;
}

static enum lk_status ask_batch(struct watch *w, const struct lk_watch_ask *ask,
                                struct lk_error *trouble)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    struct lk_watch_answer answer = {.retry_after_ms = -1};
    struct lk_livy_manner once = {.repeat = LK_HTTP_REPEAT_NEVER, .timeout_ms = answer_max_ms(w)};
    struct lk_str id = lk_str_from(w->many->items[ask->index].batch.id);
    enum lk_status st;

    if (ask->kind == LK_WATCH_ASK_HISTORY)
        st = lk_livy_history(w->livy, id, once, w->cancel, &batch, &answer.retry_after_ms, trouble);
    else
        st = lk_livy_poll(w->livy, id, once, w->cancel, &batch, &answer.retry_after_ms, trouble);
    if (st == LK_CANCELLED)
        return st;
    if (!st && !lk_str_eq_nocase(lk_str_from(batch.id), id))
        st = lk_error_set(trouble, LK_PROTOCOL, "BadAnswer", "Livy answered with another batch");
    fill_answer(w, st, trouble, &answer);
    lk_watch_take_batch(w->many, ask, &answer, &batch);
    return st;
}

static enum lk_status ask_page(struct watch *w, const struct lk_watch_ask *ask,
                               struct lk_error *trouble)
{
    LK_CLEANUP(lk_livy_list_done) struct lk_livy_list list = {.total = -1};
    struct lk_watch_answer answer = {.retry_after_ms = -1};
    enum lk_status st = lk_livy_page(w->livy, ask->skip, ask->size, answer_max_ms(w), w->cancel,
                                     &list, &answer.retry_after_ms, trouble);

    if (st == LK_CANCELLED)
        return st;
    fill_answer(w, st, trouble, &answer);
    lk_watch_take_page(w->many, ask, &answer, &list);
    return st;
}

static enum lk_status ask_next(struct watch *w, const struct lk_watch_ask *ask,
                               struct lk_error *err)
{
    struct lk_error trouble = LK_ERROR_INIT;
    enum lk_status st =
        ask->kind == LK_WATCH_ASK_PAGE ? ask_page(w, ask, &trouble) : ask_batch(w, ask, &trouble);

    if (st == LK_CANCELLED) {
        if (err)
            *err = trouble;
        return st;
    }
    if (!st) {
        w->answer_unix_ms = w->clock->unix_ms(w->clock);
        w->slept_ms = 0;
    }
    tell(w);
    return LK_OK;
}

enum lk_status lk_livy_watch_many(struct lk_livy *livy, struct lk_watch_many *many,
                                  int64_t timeout_ms, struct lk_watch_observer *observer,
                                  struct lk_cancel *cancel, struct lk_error *err)
{
    struct watch w = {.livy = livy,
                      .clock = livy->options.clock,
                      .many = many,
                      .observer = observer,
                      .cancel = cancel};
    enum lk_status st = LK_OK;

    many->stopped = LK_OK; /* whoever watches on has signed in again */
    many->refused = 0;
    w.drift_ms = w.clock->unix_ms(w.clock) - now_of(&w);
    if (timeout_ms > 0)
        w.deadline_ms = now_of(&w) + timeout_ms;
    while (!st) {
        struct lk_watch_ask ask = lk_watch_plan(many, now_of(&w));
        bool slept = false;
        if (ask.kind == LK_WATCH_ASK_NOBODY)
            break;
        st = wait_until(&w, ask.at_ms, &slept, err);
        if (slept)
            tell(&w);
        else if (!st && is_enough(&w))
            break;
        else if (!st)
            st = ask_next(&w, &ask, err);
    }
    if (st || !many->stopped)
        return st;
    if (err)
        *err = many->trouble;
    return many->stopped;
}

/* ---- one ------------------------------------------------------------------------------------- */

enum lk_status lk_livy_watch(struct lk_livy *livy, struct lk_livy_batch *batch, int64_t timeout_ms,
                             struct lk_watch_observer *observer, struct lk_cancel *cancel,
                             struct lk_error *err)
{
    struct lk_watch_many many;
    struct lk_watched *one;
    enum lk_status st;

    lk_watch_many_init(&many, livy->profile);
    one = lk_watch_many_add(&many, lk_str_from(batch->id));
    memcpy(one->batch.name, batch->name, sizeof(one->batch.name));
    st = lk_livy_watch_many(livy, &many, timeout_ms, observer, cancel, err);
    lk_livy_batch_done(batch);
    *batch = one->batch;
    one->batch = (struct lk_livy_batch)LK_LIVY_BATCH_INIT;
    if (!st && one->verdict != LK_WATCH_ENDED) {
        st = one->trouble->status;
        if (err)
            *err = *one->trouble;
    }
    lk_watch_many_done(&many);
    return st;
}
