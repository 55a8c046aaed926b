/* Reading notebooks (nbformat 4): their code cells in order. Pure; any thread. */
#ifndef LK_CLI_IPYNB_H
#define LK_CLI_IPYNB_H

#include "base/json.h"

enum { LK_NOTEBOOK_MAX = 64 << 20 };

/* *ret is a new array of strings. LK_INVALID: no notebook, or one of another kernel. */
LK_MUST_USE enum lk_status lk_ipynb_cells(struct lk_str json_text, json_t **ret,
                                          struct lk_error *err);

#endif
