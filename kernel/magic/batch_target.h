/* Which batch a magic means: an id, a name, or the newest one. */
#ifndef LK_MAGIC_BATCH_TARGET_H
#define LK_MAGIC_BATCH_TARGET_H

#include "magic/context.h"

enum { LK_BATCH_NAMES_LOOK_BACK = 200 }; /* batches of the list among which a name is looked for */

/* text empty: the last one submitted here, else the newest in the journal for this service. A GUID
 * or number is an id, an address a link to a batch of this service; anything else is looked up as a
 * name, newest first. Fills ret->id (and more when the service was asked). */
LK_MUST_USE enum lk_status lk_batch_target(struct lk_context *context, struct lk_str text,
                                           struct lk_cancel *cancel, struct lk_livy_batch *ret,
                                           struct lk_error *err);
/* The same, and asks the service for it, as it is now. What a service has dropped that was
 * submitted from here is told as that. */
LK_MUST_USE enum lk_status lk_batch_ask(struct lk_context *context, struct lk_str text,
                                        struct lk_cancel *cancel, struct lk_livy_batch *ret,
                                        struct lk_error *err);
/* The newest batch of that name: of list (newest first), else of the journal for this service. */
LK_MUST_USE enum lk_status lk_batch_of_name(struct lk_context *context,
                                            const struct lk_livy_list *list, struct lk_str name,
                                            struct lk_livy_batch *ret, struct lk_error *err);
/* A GUID or a number. */
bool lk_batch_is_id(struct lk_str text);
/* The submission went to the service that is connected now. */
bool lk_batch_is_of_service(const struct lk_context *context, const struct lk_journal_entry *entry);
/* Remembers the batch as the newest one that was met. */
void lk_batch_seen(struct lk_context *context, const struct lk_livy_batch *batch);

#endif
