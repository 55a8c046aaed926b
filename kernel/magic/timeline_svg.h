/* Pictures of the time of batches: queued, packaging, starting, running. Pure. */
#ifndef LK_MAGIC_TIMELINE_SVG_H
#define LK_MAGIC_TIMELINE_SVG_H

#include "fabric/livy_batch.h"

/* An SVG that reads well on light and dark pages; every text escaped. Empty for no phases. */
void lk_timeline_svg(struct lk_str title, const struct lk_batch_phase *phases, size_t count,
                     enum lk_batch_end end, struct lk_buf *ret);

/* A batch as one of several rows. */
struct lk_timeline {
    struct lk_str title; /* borrowed */
    struct lk_batch_phase phases[LK_BATCH_PHASES_MAX];
    size_t count;
    enum lk_batch_end end;
};
/* Several batches under each other on one scale, each from its own beginning. */
void lk_timelines_svg(const struct lk_timeline *rows, size_t count, struct lk_buf *ret);

#endif
