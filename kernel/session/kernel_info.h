/* kernel_info_reply: what clients learn of us (vscode.md §1). Pure; any thread. */
#ifndef LK_SESSION_KERNEL_INFO_H
#define LK_SESSION_KERNEL_INFO_H

#include "base/json.h"

/* New. */
LK_MUST_USE json_t *lk_kernel_info(void);

#endif
