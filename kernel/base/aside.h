/* Work that no interrupt can reach: a key derived from a password, a file on a device that hangs.
 * It is done aside, on a thread of its own, and an interrupt leaves it there: the caller goes on at
 * once, and the work ends when it can. */
#ifndef LK_BASE_ASIDE_H
#define LK_BASE_ASIDE_H

#include "base/cancel.h"

/* The first member of what the work needs and makes, which nobody else may touch meanwhile. */
struct lk_aside {
    void (*run)(struct lk_aside *work);
    void (*free)(struct lk_aside *work);
};

/* LK_OK: run() has returned, and work is the caller's again. Anything else, LK_CANCELLED above all:
 * work is gone; free() ends it once run() has returned. NULL cancel: runs here and now. */
LK_MUST_USE enum lk_status lk_aside_run(struct lk_aside *work, struct lk_cancel *cancel,
                                        struct lk_error *err);

#endif
