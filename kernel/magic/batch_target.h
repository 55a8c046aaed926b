/* Which batch a magic means: an id, a name, or the newest one. */
#ifndef LK_MAGIC_BATCH_TARGET_H
#define LK_MAGIC_BATCH_TARGET_H

#include "magic/context.h"

/* text empty: the last one submitted here, else the newest in the journal for this service. A GUID
 * or number is an id, an address a link to a batch of this service; anything else is looked up as a
 * name, newest first. Fills ret->id (and more
 * when the service was asked). */
LK_MUST_USE enum lk_status lk_batch_target(struct lk_context *context, struct lk_str text,
                                           struct lk_cancel *cancel, struct lk_livy_batch *ret,
                                           struct lk_error *err);
/* Remembers the batch as the newest one that was met. */
void lk_batch_seen(struct lk_context *context, const struct lk_livy_batch *batch);

#endif
