/* What one answer about one batch means. */
#include "fabric/livy_watch.h"

enum {
    UNCERTAIN_MAX_MS = 15000,
    UNCERTAIN_POLL_MS = 2000,
    TROUBLE_FIRST_MS = 1000,
    TROUBLE_LONGEST_MS = 30000,
    ASKED_LONGEST_MS = 60000, /* a Retry-After beside a good answer is a wish, no order */
    NEVER_SEEN_MAX = 4,       /* 404s in a row for an id that the service never knew */
    REFUSED_MAX = 3,          /* a gateway's stray 403 is no reason to leave a job of hours */
};

static int64_t with_jitter(int64_t ms, unsigned jitter)
{
    return ms + ms * (jitter > 1000 ? 1000 : jitter) / 5000;
}

int64_t lk_watch_pace_ms(int answers, unsigned jitter)
{
    static const int64_t paces[] = {1000, 2000, 3000, 5000, 5000, 5000, 5000, 5000};
    bool is_early = answers >= 1 && (size_t)answers <= LK_COUNT(paces);

    return with_jitter(is_early ? paces[answers - 1] : 10000, jitter);
}

int64_t lk_watch_back_off_ms(int failures, int64_t retry_after_ms, unsigned jitter)
{
    int64_t ms = TROUBLE_FIRST_MS;

    if (retry_after_ms >= 0)
        return retry_after_ms > TROUBLE_FIRST_MS ? retry_after_ms : TROUBLE_FIRST_MS;
    for (int i = 1; i < failures && ms < TROUBLE_LONGEST_MS; i++)
        ms *= 2;
    return with_jitter(ms < TROUBLE_LONGEST_MS ? ms : TROUBLE_LONGEST_MS, jitter);
}

static enum lk_watch_verdict judge_answer(struct lk_watch_state *state,
                                          const struct lk_livy_batch *batch, int64_t retry_after_ms,
                                          int64_t monotonic_ms, unsigned jitter,
                                          int64_t *ret_delay_ms)
{
    state->polls++;
    state->failures = 0;
    state->not_found = 0;
    state->refused = 0;
    state->seen = true;
    *ret_delay_ms = lk_watch_pace_ms(state->polls, jitter);
    if (retry_after_ms > *ret_delay_ms)
        *ret_delay_ms = retry_after_ms < ASKED_LONGEST_MS ? retry_after_ms : ASKED_LONGEST_MS;
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

/* 404 in its three meanings: a new or slow service (go on), an id that it never knew, a record that
 * is gone. */
static bool is_gone(const struct lk_livy_profile *profile, const struct lk_watch_state *state)
{
    int most = profile->not_found_max;

    if (!state->seen && most > NEVER_SEEN_MAX)
        most = NEVER_SEEN_MAX;
    return state->not_found >= most;
}

enum lk_watch_verdict lk_watch_next(const struct lk_livy_profile *profile,
                                    struct lk_watch_state *state, enum lk_status st,
                                    const struct lk_livy_batch *batch, int64_t retry_after_ms,
                                    int64_t monotonic_ms, unsigned jitter, int64_t *ret_delay_ms)
{
    bool refused = st == LK_UNAUTHORIZED || st == LK_DENIED;

    *ret_delay_ms = 0;
    if (st == LK_OK)
        return judge_answer(state, batch, retry_after_ms, monotonic_ms, jitter, ret_delay_ms);
    state->refused = refused ? state->refused + 1 : 0;
    if (refused && (!state->seen || state->refused >= REFUSED_MAX))
        return LK_WATCH_GIVE_UP;
    /* A batch that was never seen and is refused is a wrong id, not a passing trouble. */
    if ((st == LK_INVALID || st == LK_UNSUPPORTED) && !state->seen)
        return LK_WATCH_GIVE_UP;

    state->failures++;
    state->not_found = st == LK_NOT_FOUND ? state->not_found + 1 : 0;
    if (st == LK_NOT_FOUND && is_gone(profile, state))
        return LK_WATCH_GONE;
    *ret_delay_ms = lk_watch_back_off_ms(state->failures, retry_after_ms, jitter);
    return LK_WATCH_POLL_AGAIN;
}
