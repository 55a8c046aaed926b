/* A batch's log streamed into a cell while the batch runs: for %batch log --follow and
 * %batch monitor --log. Executor thread only. */
#ifndef LK_MAGIC_BATCH_LOG_VIEW_H
#define LK_MAGIC_BATCH_LOG_VIEW_H

#include "fabric/livy_log_follow.h"
#include "magic/cell.h"

struct lk_batch_log;

/* livy, cell and want's filter are borrowed. */
LK_MUST_USE struct lk_batch_log *lk_batch_log_new(struct lk_livy *livy, struct lk_cell *cell,
                                                  const struct lk_log_want *want);
void lk_batch_log_free(struct lk_batch_log *log);
/* Shows what is new; for every tick of a watch, as lk_log_follower_step() keeps the pace itself.
 * A failure is a passing one but for LK_CANCELLED. */
LK_MUST_USE enum lk_status lk_batch_log_look(struct lk_batch_log *log,
                                             const struct lk_livy_batch *batch,
                                             struct lk_error *err);
/* Shows the rest once the batch has ended. LK_NOT_FOUND: the service has no log of it. */
LK_MUST_USE enum lk_status lk_batch_log_finish(struct lk_batch_log *log,
                                               const struct lk_livy_batch *batch,
                                               struct lk_error *err);
int64_t lk_batch_log_lines(const struct lk_batch_log *log);
/* How many times lines were (or may have been) lost. */
int64_t lk_batch_log_gaps(const struct lk_batch_log *log);

#endif
