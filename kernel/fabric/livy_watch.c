#include "fabric/livy_watch.h"

#include "base/secret.h"

enum {
    TICK_MS = 1000,    /* the observer hears at least this often */
    SETTLE_MS = 15000, /* a terminal state with an uncertain result (livy.md §7.5) */
    FIRST_DELAYS = 4,
    LONGEST_DELAY_MS = 10000,
    LONGEST_FAILURE_MS = 60000,
};

static int64_t with_jitter(int64_t ms, unsigned jitter)
{
    return ms + ms * (int64_t)jitter / 1000 / 5;
}

/* 1, 2, 3, 5, 5 … and after a minute 10 s. */
static int64_t usual_delay(int polls)
{
    static const int64_t first[FIRST_DELAYS] = {1000, 2000, 3000, 5000};

    if (polls < FIRST_DELAYS)
        return first[polls > 0 ? polls - 1 : 0];
    return polls < 14 ? 5000 : LONGEST_DELAY_MS;
}

static int64_t failure_delay(int failures)
{
    int64_t ms = 1000;

    for (int i = 1; i < failures && ms < LONGEST_FAILURE_MS; i++)
        ms *= 2;
    return ms < LONGEST_FAILURE_MS ? ms : LONGEST_FAILURE_MS;
}

static enum lk_watch_verdict after_answer(struct lk_watch_state *state,
                                          const struct lk_livy_batch *batch, int64_t monotonic_ms)
{
    state->polls++;
    state->failures = 0;
    state->not_found = 0;
    state->seen = true;
    if (batch->end == LK_BATCH_GOING) {
        state->uncertain_since_ms = 0;
        return LK_WATCH_POLL_AGAIN;
    }
    if (!batch->result_pending)
        return LK_WATCH_ENDED;
    if (!state->uncertain_since_ms)
        state->uncertain_since_ms = monotonic_ms ? monotonic_ms : 1;
    return monotonic_ms - state->uncertain_since_ms >= SETTLE_MS ? LK_WATCH_ENDED
                                                                 : LK_WATCH_POLL_AGAIN;
}

enum lk_watch_verdict lk_watch_next(const struct lk_livy_profile *profile,
                                    struct lk_watch_state *state, enum lk_status st,
                                    const struct lk_livy_batch *batch, int64_t retry_after_ms,
                                    int64_t monotonic_ms, unsigned jitter, int64_t *ret_delay_ms)
{
    if (st == LK_OK) {
        enum lk_watch_verdict verdict = after_answer(state, batch, monotonic_ms);
        *ret_delay_ms =
            retry_after_ms >= 0 ? retry_after_ms : with_jitter(usual_delay(state->polls), jitter);
        return verdict;
    }
    state->failures++;
    *ret_delay_ms =
        retry_after_ms >= 0 ? retry_after_ms : with_jitter(failure_delay(state->failures), jitter);
    switch (st) {
    case LK_NOT_FOUND:
        state->not_found++;
        return state->not_found >= profile->not_found_max ? LK_WATCH_GONE : LK_WATCH_POLL_AGAIN;
    case LK_CANCELLED:
    case LK_INVALID:
    case LK_UNAUTHORIZED:
    case LK_DENIED:
    case LK_UNSUPPORTED:
        return LK_WATCH_GIVE_UP;
    default:
        return LK_WATCH_POLL_AGAIN;
    }
}

/* ---- the loop ------------------------------------------------------------------------------ */

struct watch {
    struct lk_livy *livy;
    struct lk_livy_batch *batch;
    struct lk_watch_observer *observer;
    struct lk_cancel *cancel;
    struct lk_clock *clock;
    struct lk_watch_state state;
    int64_t deadline_ms; /* monotonic; 0: none */
    int64_t last_poll_unix_ms;
    struct lk_error trouble; /* of the last poll; code empty: none */
};

static void tell(struct watch *watch)
{
    watch->observer->progress(watch->observer, watch->batch, watch->last_poll_unix_ms,
                              watch->trouble.code[0] ? &watch->trouble : NULL);
}

static enum lk_status poll_once(struct watch *watch)
{
    struct lk_livy_batch fresh = LK_LIVY_BATCH_INIT;
    enum lk_status st;

    lk_error_clear(&watch->trouble);
    st = lk_livy_get(watch->livy, lk_str_from(watch->batch->id), watch->cancel, &fresh,
                     &watch->trouble);
    if (st)
        return st;
    lk_livy_batch_done(watch->batch);
    *watch->batch = fresh;
    watch->last_poll_unix_ms = watch->clock->unix_ms(watch->clock);
    return LK_OK;
}

/* In steps, so that elapsed times stay alive on the screen. */
static enum lk_status wait(struct watch *watch, int64_t delay_ms, struct lk_error *err)
{
    int64_t until = watch->clock->monotonic_ms(watch->clock) + delay_ms;

    for (;;) {
        int64_t now = watch->clock->monotonic_ms(watch->clock), left = until - now;
        enum lk_status st;
        if (watch->deadline_ms && now >= watch->deadline_ms)
            return lk_error_set(err, LK_TIMEOUT, "WatchTimedOut",
                                "the time to watch batch '%s' is over", watch->batch->id);
        if (left <= 0)
            return LK_OK;
        if (watch->deadline_ms && watch->deadline_ms - now < left)
            left = watch->deadline_ms - now;
        st = watch->clock->wait_ms(watch->clock, left < TICK_MS ? left : TICK_MS, watch->cancel,
                                   err);
        if (st)
            return st;
        tell(watch);
    }
}

static enum lk_status give_up(const struct watch *watch, enum lk_status st, struct lk_error *err)
{
    if (err)
        *err = watch->trouble;
    return st;
}

static enum lk_status gone(const struct watch *watch, struct lk_error *err)
{
    lk_error_set(err, LK_NOT_FOUND, "BatchGone",
                 watch->state.seen
                     ? "the service no longer knows batch '%s': its outcome is unknown"
                     : "the service does not know batch '%s'",
                 watch->batch->id);
    return lk_error_next(err, "%%batch list shows what it knows.");
}

enum lk_status lk_livy_watch(struct lk_livy *livy, struct lk_livy_batch *batch, int64_t timeout_ms,
                             struct lk_watch_observer *observer, struct lk_cancel *cancel,
                             struct lk_error *err)
{
    struct lk_clock *clock = lk_livy_options(livy)->clock;
    struct watch watch = {.livy = livy,
                          .batch = batch,
                          .observer = observer,
                          .cancel = cancel,
                          .clock = clock,
                          .deadline_ms = timeout_ms ? clock->monotonic_ms(clock) + timeout_ms : 0};

    for (;;) {
        int64_t delay_ms;
        unsigned short random;
        enum lk_watch_verdict verdict;
        enum lk_status st = poll_once(&watch);
        lk_random_bytes(&random, sizeof random);
        verdict = lk_watch_next(lk_livy_endpoint(livy)->profile, &watch.state, st, watch.batch, -1,
                                clock->monotonic_ms(clock), random % 1001u, &delay_ms);
        tell(&watch);
        if (verdict == LK_WATCH_ENDED)
            return LK_OK;
        if (verdict == LK_WATCH_GONE)
            return gone(&watch, err);
        if (verdict == LK_WATCH_GIVE_UP)
            return give_up(&watch, st, err);
        st = wait(&watch, delay_ms, err);
        if (st)
            return st;
    }
}
