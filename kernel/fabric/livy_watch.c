#include "fabric/livy_watch.h"

#include "base/secret.h"
#include "base/timefmt.h"
#include "fabric/livy_client.h"

#include <string.h>

enum {
    UNCERTAIN_MAX_MS = 15000,
    UNCERTAIN_POLL_MS = 2000,
    TROUBLE_FIRST_MS = 1000,
    TROUBLE_LONGEST_MS = 30000,
    NEVER_SEEN_MAX = 4, /* 404s in a row for an id that the service never knew */
    TICK_MS = 1000,
};

/* ---- the decision -------------------------------------------------------------------------- */

static int64_t with_jitter(int64_t ms, unsigned jitter)
{
    return ms + ms * (jitter > 1000 ? 1000 : jitter) / 5000;
}

/* 1, 2, 3, 5, 5 … 10 s (livy.md §7.4). */
static int64_t pace_ms(int polls)
{
    static const int64_t paces[] = {1000, 2000, 3000, 5000, 5000, 5000, 5000, 5000};

    return polls >= 1 && (size_t)polls <= LK_COUNT(paces) ? paces[polls - 1] : 10000;
}

static int64_t trouble_ms(int failures)
{
    int64_t ms = TROUBLE_FIRST_MS;

    for (int i = 1; i < failures && ms < TROUBLE_LONGEST_MS; i++)
        ms *= 2;
    return ms < TROUBLE_LONGEST_MS ? ms : TROUBLE_LONGEST_MS;
}

static enum lk_watch_verdict judge_answer(struct lk_watch_state *state,
                                          const struct lk_livy_batch *batch, int64_t monotonic_ms,
                                          unsigned jitter, int64_t *ret_delay_ms)
{
    state->polls++;
    state->failures = 0;
    state->not_found = 0;
    state->seen = true;
    *ret_delay_ms = with_jitter(pace_ms(state->polls), jitter);
    if (batch->end == LK_BATCH_GOING) {
        state->uncertain_since_ms = 0;
        return LK_WATCH_POLL_AGAIN;
    }
    if (!batch->result_pending)
        return LK_WATCH_ENDED;
    if (!state->uncertain_since_ms)
        state->uncertain_since_ms = monotonic_ms ? monotonic_ms : 1;
    *ret_delay_ms = UNCERTAIN_POLL_MS;
    return monotonic_ms - state->uncertain_since_ms >= UNCERTAIN_MAX_MS ? LK_WATCH_ENDED
                                                                        : LK_WATCH_POLL_AGAIN;
}

enum lk_watch_verdict lk_watch_next(const struct lk_livy_profile *profile,
                                    struct lk_watch_state *state, enum lk_status st,
                                    const struct lk_livy_batch *batch, int64_t retry_after_ms,
                                    int64_t monotonic_ms, unsigned jitter, int64_t *ret_delay_ms)
{
    *ret_delay_ms = 0;
    if (st == LK_OK)
        return judge_answer(state, batch, monotonic_ms, jitter, ret_delay_ms);
    if (st == LK_UNAUTHORIZED || st == LK_DENIED)
        return LK_WATCH_GIVE_UP;
    /* A batch that was never seen and is refused is a wrong id, not a passing trouble. */
    if ((st == LK_INVALID || st == LK_UNSUPPORTED) && !state->seen)
        return LK_WATCH_GIVE_UP;

    state->failures++;
    state->not_found = st == LK_NOT_FOUND ? state->not_found + 1 : 0;
    if (st == LK_NOT_FOUND) {
        int most = profile->not_found_max;
        if (!state->seen && most > NEVER_SEEN_MAX)
            most = NEVER_SEEN_MAX;
        if (state->not_found >= most)
            return LK_WATCH_GONE;
    }
    *ret_delay_ms =
        retry_after_ms >= 0 ? retry_after_ms : with_jitter(trouble_ms(state->failures), jitter);
    if (*ret_delay_ms < TROUBLE_FIRST_MS)
        *ret_delay_ms = TROUBLE_FIRST_MS;
    return LK_WATCH_POLL_AGAIN;
}

/* ---- the loop ------------------------------------------------------------------------------ */

struct watch {
    struct lk_livy *livy;
    struct lk_clock *clock;
    struct lk_livy_batch *batch;
    struct lk_watch_observer *observer;
    struct lk_cancel *cancel;
    struct lk_watch_state state;
    char id[LK_BATCH_ID_MAX];
    int64_t last_poll_unix_ms;
    int64_t deadline_ms; /* monotonic; 0: none */
};

static unsigned draw_jitter(void)
{
    uint16_t bytes;

    lk_random_bytes(&bytes, sizeof(bytes));
    return bytes % 1001u;
}

static void tell(struct watch *w, const struct lk_error *trouble)
{
    if (w->observer)
        w->observer->progress(w->observer, w->batch, w->last_poll_unix_ms, trouble);
}

static enum lk_status late(const struct watch *w, struct lk_error *err)
{
    char what[LK_BATCH_TEXT_MAX + 16];

    lk_livy_what(lk_str_from(w->batch->name[0] ? w->batch->name : w->id), what);
    return lk_error_set(err, LK_TIMEOUT, "WatchTimeout", "%s did not end in time (%s)", what,
                        w->batch->phase[0] ? w->batch->phase : "no state known");
}

/* In ticks, so that the observer can show the time that passes. */
static enum lk_status wait_for(struct watch *w, int64_t ms, const struct lk_error *trouble,
                               struct lk_error *err)
{
    int64_t until_ms = w->clock->monotonic_ms(w->clock) + ms;

    for (;;) {
        int64_t now_ms = w->clock->monotonic_ms(w->clock), left_ms = until_ms - now_ms;
        enum lk_status st;
        if (w->deadline_ms && now_ms >= w->deadline_ms)
            return late(w, err);
        if (left_ms <= 0)
            return LK_OK;
        if (w->deadline_ms && left_ms > w->deadline_ms - now_ms)
            left_ms = w->deadline_ms - now_ms;
        st = w->clock->wait_ms(w->clock, left_ms < TICK_MS ? left_ms : TICK_MS, w->cancel, err);
        if (st)
            return st;
        tell(w, trouble);
    }
}

/* Fabric's monitoring API may still know what the Livy API has forgotten. LK_OK: it has ended or
 * goes on, as *batch says. */
static enum lk_status ask_history(struct watch *w, struct lk_error *err)
{
    struct lk_error own = LK_ERROR_INIT;
    char what[LK_BATCH_TEXT_MAX + 16];
    enum lk_status st = lk_livy_history(w->livy, lk_str_from(w->id), w->cancel, w->batch, &own);

    if (st == LK_CANCELLED && err)
        *err = own;
    if (!st || st == LK_CANCELLED)
        return st;
    lk_livy_what(lk_str_from(w->batch->name[0] ? w->batch->name : w->id), what);
    if (!w->state.seen) {
        lk_error_set(err, LK_NOT_FOUND, "NoBatch", "Livy knows no %s", what);
        return lk_error_next(err, "`%%batch list` shows what there is; `%%livy info` where this "
                                  "looks.");
    }
    lk_error_set(err, LK_NOT_FOUND, "BatchGone",
                 "Livy no longer knows %s: it ended long ago, was deleted, or the service started "
                 "again. How it ended is unknown",
                 what);
    return lk_error_next(err, "Look at what it should have written: %%lakehouse ls Tables.");
}

/* One poll and the wait after it. *done once there is nothing to wait for. */
static enum lk_status step(struct watch *w, bool *done, struct lk_error *err)
{
    struct lk_error trouble = LK_ERROR_INIT;
    int64_t retry_after_ms = -1, delay_ms = 0;
    enum lk_watch_verdict verdict;
    enum lk_status st = lk_livy_poll(w->livy, lk_str_from(w->id), LK_HTTP_REPEAT_NEVER, w->cancel,
                                     w->batch, &retry_after_ms, &trouble);

    if (st == LK_CANCELLED) {
        if (err)
            *err = trouble;
        return st;
    }
    if (!st)
        w->last_poll_unix_ms = w->clock->unix_ms(w->clock);
    verdict = lk_watch_next(w->livy->profile, &w->state, st, w->batch, retry_after_ms,
                            w->clock->monotonic_ms(w->clock), draw_jitter(), &delay_ms);
    tell(w, st ? &trouble : NULL);
    if (verdict == LK_WATCH_GIVE_UP && err)
        *err = trouble;
    if (verdict == LK_WATCH_GIVE_UP)
        return st;
    if (verdict == LK_WATCH_GONE) {
        st = ask_history(w, err);
        if (st)
            return st;
        w->state.not_found = 0;
        verdict = w->batch->end == LK_BATCH_GOING ? LK_WATCH_POLL_AGAIN : LK_WATCH_ENDED;
        delay_ms = TROUBLE_LONGEST_MS;
    }
    *done = verdict == LK_WATCH_ENDED;
    return *done ? LK_OK : wait_for(w, delay_ms, st ? &trouble : NULL, err);
}

enum lk_status lk_livy_watch(struct lk_livy *livy, struct lk_livy_batch *batch, int64_t timeout_ms,
                             struct lk_watch_observer *observer, struct lk_cancel *cancel,
                             struct lk_error *err)
{
    struct watch w = {.livy = livy,
                      .clock = livy->options.clock,
                      .batch = batch,
                      .observer = observer,
                      .cancel = cancel};
    enum lk_status st = LK_OK;
    bool done = false;

    memcpy(w.id, batch->id, sizeof(w.id));
    if (timeout_ms > 0)
        w.deadline_ms = w.clock->monotonic_ms(w.clock) + timeout_ms;
    while (!st && !done)
        st = step(&w, &done, err);
    return st;
}
