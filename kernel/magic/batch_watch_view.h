/* Several batches in one view: counts, a table that is cut sensibly, a line for terminals. */
#ifndef LK_MAGIC_BATCH_WATCH_VIEW_H
#define LK_MAGIC_BATCH_WATCH_VIEW_H

#include "fabric/livy_watch_many.h"
#include "magic/batch_view.h"

struct lk_batch_counts {
    size_t running, starting, queued; /* go on */
    size_t succeeded, failed, cancelled;
    size_t unknown; /* the service no longer knows them, or does not say */
};
void lk_batch_count(const struct lk_watch_many *many, struct lk_batch_counts *ret);
/* "400 running, 70 queued, 2 failed"; what there is none of is left out. */
void lk_batch_counts_text(const struct lk_batch_counts *counts, struct lk_buf *ret);

/* {"kind": "batch.watch", "count", a count for each state; "batches": their values}. New. */
LK_MUST_USE json_t *lk_batch_watch_value(const struct lk_context *context,
                                         const struct lk_watch_many *many, bool with_batches);
/* At most rows of them: what went wrong first, then what goes on, the newest first; the rest is
 * counted in a line of its own. look NULL: it is over. */
void lk_batch_watch_table(const struct lk_context *context, const struct lk_watch_many *many,
                          const struct lk_batch_look *look, size_t rows, struct lk_buf *markdown,
                          struct lk_buf *plain);
/* "12 batches: 8 running, 4 queued, asked 3 s ago" */
void lk_batch_watch_line(const struct lk_context *context, const struct lk_watch_many *many,
                         const struct lk_batch_look *look, struct lk_buf *ret);

#endif
