/* Append and flush of the DFS protocol. */
#ifndef LK_LOCAL_ONELAKE_STAGE_H
#define LK_LOCAL_ONELAKE_STAGE_H

#include "local/onelake_service.h"

/* Keeps the body at position. Nothing shows before the flush; appends may run in parallel and
 * arrive in any order. PathNotFound when the file was not created. */
LK_MUST_USE enum lk_status local_onelake_append(struct local_onelake *onelake,
                                                const struct local_onelake_call *call,
                                                int64_t position, struct lk_error *err);
/* Makes what was appended up to position the file's content, in one step. InvalidFlushPosition
 * when there is a hole before position; the data then stays. */
LK_MUST_USE enum lk_status local_onelake_flush(struct local_onelake *onelake,
                                               const struct local_onelake_call *call,
                                               int64_t position, struct local_onelake_info *ret,
                                               struct lk_error *err);

#endif
