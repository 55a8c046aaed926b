/* Following a log while its batch runs, whichever way its service shows it (livy.md §7.6): a ring
 * is merged, files are read on from where the last look ended, and what the batch carries is the
 * fall-back. Whoever polls the batch calls lk_log_follower_step() as often as it likes. Executor
 * thread only. */
#ifndef LK_FABRIC_LIVY_LOG_FOLLOW_H
#define LK_FABRIC_LIVY_LOG_FOLLOW_H

#include "fabric/livy_log.h"
#include "fabric/livy_log_reply.h"
#include "fabric/log_filter.h"
#include "fabric/log_ring.h"

struct lk_log_want {
    unsigned sources; /* 1 << LK_LOG_…, or-ed; 0: the submission until Spark has started, then what
                       * the payload prints */
    int64_t tail; /* how many last (matching) lines of what is there at the first look, of its last
                   * 8 MiB; -1: all of it */
    struct lk_log_filter *filter; /* borrowed; NULL: every line */
};

/* Where the lines go. */
struct lk_log_sink {
    /* Without its end; borrowed. */
    void (*line)(struct lk_log_sink *sink, enum lk_log_stream stream, struct lk_str line);
    /* Lines of the stream are missing here, or may be: BROKEN or IN_DOUBT (log_ring.h). */
    void (*gap)(struct lk_log_sink *sink, enum lk_log_stream stream, enum lk_log_seam seam);
};

struct lk_log_follower;

/* livy and sink are borrowed, want is copied. */
LK_MUST_USE struct lk_log_follower *lk_log_follower_new(struct lk_livy *livy,
                                                        const struct lk_log_want *want,
                                                        struct lk_log_sink *sink);
void lk_log_follower_free(struct lk_log_follower *follower);
/* One look, when one is due: it asks for what is new at its own pace (every second where lines are
 * lost, every 2 to 5 s elsewhere, less often in trouble, never before a Retry-After is over), at
 * most 4 MiB at a time while the batch goes on. batch: as the last poll had it. A log that is not
 * there yet is no failure. A failure (err) is a passing one: call again. Does not block but for its
 * few requests, which are not repeated by themselves. */
LK_MUST_USE enum lk_status lk_log_follower_step(struct lk_log_follower *follower,
                                                const struct lk_livy_batch *batch,
                                                struct lk_cancel *cancel, struct lk_error *err);
/* The rest, once the batch has ended: everything up to the log's end, the rolled files too.
 * LK_NOT_FOUND: the service has no log, and nothing was shown. */
LK_MUST_USE enum lk_status lk_log_follower_finish(struct lk_log_follower *follower,
                                                  const struct lk_livy_batch *batch,
                                                  struct lk_cancel *cancel, struct lk_error *err);
/* Lines handed to the sink so far. */
int64_t lk_log_follower_lines(const struct lk_log_follower *follower);

#endif
