/* Which batches of a list are meant. No service filters its batches by all of this (livy.md §1.2,
 * §3, §5), so it is done here, on what the list tells. Pure; any thread. */
#ifndef LK_FABRIC_LIVY_FILTER_H
#define LK_FABRIC_LIVY_FILTER_H

#include "fabric/livy_batch.h"

struct lk_livy_filter {
    struct lk_str name;  /* any case; with '*' or '?' a pattern for the whole name, else a part of
                          * it; empty: any */
    struct lk_str state; /* "active" (not ended), "succeeded", "failed", "cancelled", or a state in
                          * the service's own word; any case; empty: any */
    int64_t since_ms;    /* submitted at that unix time or later; 0: any. A batch whose time is not
                          * told is left out */
};

bool lk_livy_filter_is_empty(const struct lk_livy_filter *filter);
bool lk_livy_filter_takes(const struct lk_livy_filter *filter, const struct lk_livy_batch *batch);

#endif
