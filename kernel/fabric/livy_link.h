/* Links to batches as people copy them: a page of the Monitoring hub, a batch's or a Livy session's
 * own address (livy.md §2). Pure; any thread. */
#ifndef LK_FABRIC_LIVY_LINK_H
#define LK_FABRIC_LIVY_LINK_H

#include "fabric/livy_endpoint.h"

/* Whether text is a link at all, and no id or name. */
bool lk_livy_is_link(struct lk_str text);
/* The batch's id out of a link: the word after "batches", "livySessions", or the last of
 * "sparkmonitor/<lakehouse>/<id>". LK_INVALID: no batch in it, or one of another lakehouse or
 * service than the endpoint's. ret borrows from link. */
LK_MUST_USE enum lk_status lk_livy_link_read(const struct lk_livy_endpoint *endpoint,
                                             struct lk_str link, struct lk_str *ret,
                                             struct lk_error *err);

#endif
