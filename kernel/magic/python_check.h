/* Asks the machine's python3, when there is one, whether a payload is valid Python. */
#ifndef LK_MAGIC_PYTHON_CHECK_H
#define LK_MAGIC_PYTHON_CHECK_H

#include "base/cancel.h"
#include "base/error.h"

/* LK_INVALID PayloadSyntax with line and cause. *checked is false when there is no python3: then
 * nothing is known, and LK_OK. */
LK_MUST_USE enum lk_status lk_python_check(struct lk_str name, struct lk_str code,
                                           struct lk_cancel *cancel, bool *checked,
                                           struct lk_error *err);

#endif
