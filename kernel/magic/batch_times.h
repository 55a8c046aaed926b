/* Where the time of batches went, as cells of a table and as a picture; shared by %batch times and
 * %batch compare. */
#ifndef LK_MAGIC_BATCH_TIMES_H
#define LK_MAGIC_BATCH_TIMES_H

#include "magic/cell.h"
#include "magic/context.h"

enum { LK_BATCH_TIMES = LK_BATCH_PHASES_MAX + 1 }; /* the phases, and the whole */

/* One batch's times in ms; -1 where the service does not tell. */
struct lk_batch_times {
    int64_t ms[LK_BATCH_TIMES];
};
/* "Queued", …, "Total" */
const char *lk_batch_times_title(size_t i);
void lk_batch_times_read(const struct lk_livy_batch *batch, int64_t now_ms,
                         struct lk_batch_times *ret);
/* {"queued": ms, …, "total": ms} of what is told. New. */
json_t *lk_batch_times_value(const struct lk_batch_times *times);
/* Empty when it is not told. */
void lk_batch_time_text(int64_t ms, char ret[32]);
/* All of them under each other in one picture, each from its own beginning; nothing in a terminal,
 * and nothing when no service tells a time. */
void lk_batch_times_show_picture(struct lk_context *context, struct lk_cell *cell,
                                 const struct lk_livy_batch *batches, size_t count);

#endif
