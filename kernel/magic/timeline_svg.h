/* The picture of a finished batch's time: queued, packaging, starting, running. Pure. */
#ifndef LK_MAGIC_TIMELINE_SVG_H
#define LK_MAGIC_TIMELINE_SVG_H

#include "fabric/livy_batch.h"

/* An SVG that reads well on light and dark pages; every text escaped. Empty for no phases. */
void lk_timeline_svg(struct lk_str title, const struct lk_batch_phase *phases, size_t count,
                     enum lk_batch_end end, struct lk_buf *ret);

#endif
