/* Following a batch in a cell: live line, summary, timeline picture, and the story of a
 * failure. Shared by %batch monitor, %batch submit --wait and %%payload --run. */
#ifndef LK_MAGIC_BATCH_WATCH_H
#define LK_MAGIC_BATCH_WATCH_H

#include "magic/context.h"
#include "magic/magic.h"

struct lk_batch_watch {
    int64_t timeout_ms; /* 0: none */
    bool log;           /* show the end of stdout as well */
};

/* batch holds the id at least. LK_OK: it succeeded; LK_FAILED: it failed or was cancelled, and the
 * error tells why; in both cases ret holds the value and the view. */
LK_MUST_USE enum lk_status lk_batch_watch_in_cell(struct lk_context *context, struct lk_cell *cell,
                                                  struct lk_livy_batch *batch,
                                                  const struct lk_batch_watch *how,
                                                  struct lk_answer *ret, struct lk_error *err);

#endif
