/* What a service's monitoring still knows of batches that its Livy may have forgotten, of whoever
 * submitted them: Fabric's livySessions (livy.md §2). Executor thread only. */
#ifndef LK_FABRIC_LIVY_PAST_H
#define LK_FABRIC_LIVY_PAST_H

#include "fabric/livy.h"

/* Hands over one item after the other, newest page first as the service has it, of at most
 * pages_max pages; item lives for the call. each returns false to end it there. *ret_is_whole: all
 * that there is was handed over. LK_NOT_FOUND NoHistory for services that keep none. */
LK_MUST_USE enum lk_status lk_livy_past_each(struct lk_livy *livy, int pages_max,
                                             bool (*each)(void *of, const json_t *item), void *of,
                                             struct lk_cancel *cancel, bool *ret_is_whole,
                                             struct lk_error *err);
/* The newest max batches of it; sessions are left out. As lk_livy_list(). */
LK_MUST_USE enum lk_status lk_livy_past_list(struct lk_livy *livy, size_t max,
                                             struct lk_cancel *cancel, struct lk_livy_list *ret,
                                             struct lk_error *err);

#endif
