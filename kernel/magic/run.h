/* Runs one cell: parses, interpolates, finds the magics, runs them in order until one
 * fails, shows their answers, keeps results. The one entrance for session/ and cli/. */
#ifndef LK_MAGIC_RUN_H
#define LK_MAGIC_RUN_H

#include "magic/cell.h"

struct lk_context;
struct lk_magic_table;

/* On failure err is complete (code, sentence, next step, story) and nothing of it was shown. */
LK_MUST_USE enum lk_status lk_magic_run_cell(struct lk_context *context, struct lk_cell *cell,
                                             struct lk_str code, struct lk_error *err);
/* The same with other magics than lk_magics. */
LK_MUST_USE enum lk_status lk_magic_run_cell_with(const struct lk_magic_table *table,
                                                  struct lk_context *context, struct lk_cell *cell,
                                                  struct lk_str code, struct lk_error *err);

/* Completion and inspection of a magic line; cursor in code points, clamped. Contents of the
 * Jupyter replies, new references. detail_level 1 tells more. */
LK_MUST_USE json_t *lk_magic_complete(struct lk_context *context, struct lk_str code,
                                      size_t cursor);
LK_MUST_USE json_t *lk_magic_inspect(struct lk_context *context, struct lk_str code, size_t cursor,
                                     int detail_level);

/* An error as people read it: ename, evalue and the traceback lines of vscode.md §5 (ANSI colours
 * when colour). The array of strings is new. */
LK_MUST_USE json_t *lk_error_traceback(const struct lk_error *err, bool colour);

#endif
