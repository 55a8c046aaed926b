/* What lk_process_start() and lk_process_run() share; not for other layers. */
#ifndef LK_BASE_PROCESS_CHILD_H
#define LK_BASE_PROCESS_CHILD_H

#include "base/process.h"

/* As lk_process_start(), with the child's 0, 1, 2 in standard; -1 means what lk_process_start()
 * does. Closes all three, whatever happens; they must be above 2. */
LK_MUST_USE enum lk_status lk_process_start_with(const struct lk_process_spec *spec,
                                                 int standard[3], pid_t *ret, struct lk_error *err);

#endif
