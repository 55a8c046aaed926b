/* Completion and inspection over a given table; run.h has them over all magics. */
#ifndef LK_MAGIC_COMPLETE_H
#define LK_MAGIC_COMPLETE_H

#include "base/json.h"

struct lk_context;
struct lk_magic_table;

/* Contents of complete_reply and inspect_reply, new. cursor counts code points and is clamped. */
LK_MUST_USE json_t *lk_magic_complete_with(const struct lk_magic_table *table,
                                           struct lk_context *context, struct lk_str code,
                                           size_t cursor);
LK_MUST_USE json_t *lk_magic_inspect_with(const struct lk_magic_table *table,
                                          struct lk_context *context, struct lk_str code,
                                          size_t cursor);

#endif
