/* Which batches a magic means that takes several. Executor thread only. */
#ifndef LK_MAGIC_BATCH_TARGETS_H
#define LK_MAGIC_BATCH_TARGETS_H

#include "fabric/livy_watch_many.h"
#include "magic/args.h"
#include "magic/context.h"

enum lk_batch_reach {
    LK_BATCH_NAMED, /* the ids and names on the line; none: the last one, as lk_batch_target() */
    LK_BATCH_ALL,   /* all that go on: of the service's newest, whoever submitted them, and of the
                     * journal */
    LK_BATCH_OWN,   /* all that go on and were submitted from here, as the journal says */
};
/* Fills ret (release with lk_watch_many_done(), on failure too) with what is known of them. With
 * ALL and OWN there may be none. */
LK_MUST_USE enum lk_status lk_batch_targets(struct lk_context *context, const struct lk_args *args,
                                            enum lk_batch_reach reach, struct lk_cancel *cancel,
                                            struct lk_watch_many *ret, struct lk_error *err);
/* Adds what the journal knows of them: that the service accepted them, and as what. A journal that
 * cannot be read is no reason not to watch. */
void lk_batch_recall(struct lk_context *context, struct lk_watch_many *many);

#endif
