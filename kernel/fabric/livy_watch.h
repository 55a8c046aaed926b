/* Following batches to the end (livy.md §7.4, §7.5): what one answer about one batch means, pure
 * (lk_watch_next()), and the loop that asks (lk_livy_watch(), lk_livy_watch_many()), thin. What to
 * ask next, and when, is decided in livy_watch_many.h. Executor thread only. */
#ifndef LK_FABRIC_LIVY_WATCH_H
#define LK_FABRIC_LIVY_WATCH_H

#include "fabric/livy.h"

/* Where the watch of one batch stands; zero-initialised. */
struct lk_watch_state {
    int polls;                  /* answers so far */
    int failures;               /* questions that failed in a row */
    int not_found;              /* 404s in a row */
    int refused;                /* 401s and 403s in a row */
    int64_t uncertain_since_ms; /* monotonic; terminal state seen with result pending */
    bool seen;                  /* the service has shown it at least once, or has accepted it */
    bool cancel_asked;          /* a cancel of ours was accepted */
};

enum lk_watch_verdict {
    LK_WATCH_POLL_AGAIN = 0,
    LK_WATCH_ENDED,
    LK_WATCH_GONE,    /* the record is not there (any more): the outcome is unknown */
    LK_WATCH_GIVE_UP, /* the service does not take the question */
};

/* After one question that ended with st (and, on LK_OK, filled batch): what next, and after how
 * long. Network errors, 5xx and throttling never end a watch; credentials refused do (GIVE_UP).
 * retry_after_ms is -1 when the answer named none. jitter 0…1000. */
enum lk_watch_verdict lk_watch_next(const struct lk_livy_profile *profile,
                                    struct lk_watch_state *state, enum lk_status st,
                                    const struct lk_livy_batch *batch, int64_t retry_after_ms,
                                    int64_t monotonic_ms, unsigned jitter, int64_t *ret_delay_ms);
/* 1, 2, 3, 5, 5 … 10 s after that many answers, and what failures in a row ask for; with jitter. */
int64_t lk_watch_pace_ms(int answers, unsigned jitter);
int64_t lk_watch_back_off_ms(int failures, int64_t retry_after_ms, unsigned jitter);

struct lk_watch_many;

/* What a watch looks like at some instant. Borrowed for the call. */
struct lk_watch_look {
    const struct lk_watch_many *many;
    int64_t answer_unix_ms;         /* of the last answer; 0: none yet */
    const struct lk_error *trouble; /* why the last question got none; NULL: it did */
    int64_t slept_ms; /* this computer was asleep that long, and nobody answered since; 0: no */
};

/* Told after every question, and at least once a second while waiting. */
struct lk_watch_observer {
    void (*progress)(struct lk_watch_observer *observer, const struct lk_watch_look *look);
    /* Asked after each of these: whether the watch may end here, with LK_OK, though not all have a
     * verdict. NULL: never. */
    bool (*is_enough)(struct lk_watch_observer *observer, const struct lk_watch_many *many);
};

/* Follows one batch. *batch holds at least the id at the start and the last reply at the end.
 * LK_OK: it ended, batch->end says how. LK_CANCELLED: the user stopped watching; the job goes on.
 * LK_TIMEOUT: timeout_ms (0: none; time asleep does not count) passed. LK_NOT_FOUND: there is no
 * such batch (code NoBatch), or its record vanished, outcome unknown (BatchGone). */
LK_MUST_USE enum lk_status lk_livy_watch(struct lk_livy *livy, struct lk_livy_batch *batch,
                                         int64_t timeout_ms, struct lk_watch_observer *observer,
                                         struct lk_cancel *cancel, struct lk_error *err);
/* Follows all that are still watched. LK_OK: each has a verdict. LK_CANCELLED and LK_TIMEOUT as
 * above, LK_UNAUTHORIZED when the service no longer takes the identity: many holds what was learned
 * so far, and may be watched on. */
LK_MUST_USE enum lk_status lk_livy_watch_many(struct lk_livy *livy, struct lk_watch_many *many,
                                              int64_t timeout_ms,
                                              struct lk_watch_observer *observer,
                                              struct lk_cancel *cancel, struct lk_error *err);

#endif
