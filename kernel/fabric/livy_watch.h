/* Following batches to the end (livy.md §7.4, §7.5). The decision is pure
 * (lk_watch_next()), the loop thin (lk_livy_watch()). Executor thread only. */
#ifndef LK_FABRIC_LIVY_WATCH_H
#define LK_FABRIC_LIVY_WATCH_H

#include "fabric/livy.h"

/* Where one watch stands; zero-initialised. */
struct lk_watch_state {
    int polls;                  /* answers so far */
    int failures;               /* polls that failed in a row */
    int not_found;              /* 404s in a row */
    int64_t uncertain_since_ms; /* monotonic; terminal state seen with result pending */
    bool seen;                  /* the service has shown it at least once */
};

enum lk_watch_verdict { LK_WATCH_POLL_AGAIN, LK_WATCH_ENDED, LK_WATCH_GONE, LK_WATCH_GIVE_UP };

/* After one poll that ended with st (and, on LK_OK, filled batch): what next, and after how long.
 * Network errors, 5xx and throttling never end a watch; credentials refused do (GIVE_UP).
 * retry_after_ms is -1 when the answer named none. jitter 0…1000. */
enum lk_watch_verdict lk_watch_next(const struct lk_livy_profile *profile,
                                    struct lk_watch_state *state, enum lk_status st,
                                    const struct lk_livy_batch *batch, int64_t retry_after_ms,
                                    int64_t monotonic_ms, unsigned jitter, int64_t *ret_delay_ms);

/* Told after every poll, and at least once a second while waiting. Never keep batch. */
struct lk_watch_observer {
    void (*progress)(struct lk_watch_observer *observer, const struct lk_livy_batch *batch,
                     int64_t last_poll_unix_ms, const struct lk_error *trouble /* NULL: none */);
};

/* Follows one batch. *batch holds at least the id at the start and the last reply at the end.
 * LK_OK: it ended, batch->end says how. LK_CANCELLED: the user stopped watching; the job goes on.
 * LK_TIMEOUT: timeout_ms (0: none) passed. LK_NOT_FOUND: the record vanished, outcome unknown. */
LK_MUST_USE enum lk_status lk_livy_watch(struct lk_livy *livy, struct lk_livy_batch *batch,
                                         int64_t timeout_ms, struct lk_watch_observer *observer,
                                         struct lk_cancel *cancel, struct lk_error *err);

#endif
