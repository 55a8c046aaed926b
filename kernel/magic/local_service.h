/* Finding livy-local, the embedded default, and starting it when it is not running
 * (DESIGN §5). What it tells is its state file; nothing else is shared with it. */
#ifndef LK_MAGIC_LOCAL_SERVICE_H
#define LK_MAGIC_LOCAL_SERVICE_H

#include "magic/context.h"

struct lk_local_service {
    struct lk_cloud cloud;
    json_t *state;     /* the whole state file; owned */
    bool just_started; /* by this call */
};
#define LK_LOCAL_SERVICE_INIT                                                                      \
    {                                                                                              \
        .state = NULL                                                                              \
    }
void lk_local_service_done(struct lk_local_service *service);

/* Waits until it is ready (bounded, can be interrupted). LK_NOT_FOUND: the program is not
 * installed; LK_FAILED: it ended, with its last words in the story. */
LK_MUST_USE enum lk_status lk_local_service_get(struct lk_context *context,
                                                struct lk_cancel *cancel,
                                                struct lk_local_service *ret, struct lk_error *err);
/* When the local service plays another one than Fabric and err is about a file that it cannot read,
 * the next step becomes a way for file (an address or a path; empty: any) to it. Else nothing. */
void lk_local_service_lead(const struct lk_context *context, struct lk_str file,
                           struct lk_error *err);

#endif
