/* Following batches in a cell: live line or table, summary, timeline picture, and the story of a
 * failure. Shared by %batch monitor, %batch submit --wait and %%payload --run. */
#ifndef LK_MAGIC_BATCH_WATCH_H
#define LK_MAGIC_BATCH_WATCH_H

#include "fabric/livy_watch_many.h"
#include "magic/context.h"
#include "magic/magic.h"

struct lk_batch_watch {
    int64_t timeout_ms; /* 0: none */
    bool log;           /* stream the log while it runs; of one batch */
};

/* What --timeout says, in ms; 0 without it. */
LK_MUST_USE enum lk_status lk_batch_watch_timeout(const struct lk_args *args, int64_t *ret,
                                                  struct lk_error *err);

/* batch holds the id at least. LK_OK: it succeeded; LK_FAILED: it failed or was cancelled, and the
 * error tells why; in both cases ret holds the value and the view. LK_UNKNOWN: how it ended is
 * unknown. LK_CANCELLED, LK_TIMEOUT: the watch was left, the batch goes on. */
LK_MUST_USE enum lk_status lk_batch_watch_in_cell(struct lk_context *context, struct lk_cell *cell,
                                                  struct lk_livy_batch *batch,
                                                  const struct lk_batch_watch *how,
                                                  struct lk_answer *ret, struct lk_error *err);
/* The same for any number of them, in one table: LK_OK when all succeeded; when one or more did
 * not, the first one's story. One batch is shown as above. */
LK_MUST_USE enum lk_status lk_batch_watch_many_in_cell(struct lk_context *context,
                                                       struct lk_cell *cell,
                                                       struct lk_watch_many *many,
                                                       const struct lk_batch_watch *how,
                                                       struct lk_answer *ret, struct lk_error *err);

#endif
