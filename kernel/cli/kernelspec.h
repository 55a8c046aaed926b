/* The kernelspec: what it says (vscode.md §1) and where it belongs (jupyter.md §3.1). */
#ifndef LK_CLI_KERNELSPEC_H
#define LK_CLI_KERNELSPEC_H

#include "cli/cli.h"

#define LK_KERNELSPEC_NAME "livy"

/* …/kernels/NAME below prefix/share/jupyter; prefix NULL: the user's folder. malloc'd. */
LK_MUST_USE char *lk_kernelspec_folder(const struct lk_cli_options *options, const char *prefix,
                                       const char *name);
/* kernel.json for the program at this absolute path. */
void lk_kernelspec_json(const char *program, struct lk_buf *ret);
/* Whether a kernel.json is one of ours, wherever its program is. */
bool lk_kernelspec_is_ours(struct lk_str json_text);

#endif
