/* Completion and inspection over a given table; run.h has them over all magics. Executor thread;
 * nothing here waits for anybody. */
#ifndef LK_MAGIC_COMPLETE_H
#define LK_MAGIC_COMPLETE_H

#include "base/error.h"
#include "base/json.h"

struct lk_context;
struct lk_magic_table;

/* Contents of complete_reply and inspect_reply, new. cursor counts code points and is clamped.
 * Every match is written as the line reads it back. detail_level 1 tells more. */
LK_MUST_USE json_t *lk_magic_complete_with(const struct lk_magic_table *table,
                                           struct lk_context *context, struct lk_str code,
                                           size_t cursor);
LK_MUST_USE json_t *lk_magic_inspect_with(const struct lk_magic_table *table,
                                          struct lk_context *context, struct lk_str code,
                                          size_t cursor, int detail_level);
/* What "%batch submit?" or "?name" asks about, as a MIME bundle's data, new. LK_NOT_FOUND when
 * text is no question: it ends in '?' but may mean it. An unknown magic or name: LK_INVALID with
 * the nearest one. */
LK_MUST_USE enum lk_status lk_magic_answer_question(const struct lk_magic_table *table,
                                                    struct lk_context *context, struct lk_str text,
                                                    json_t **ret, struct lk_error *err);

/* Byte offset of a code point, clamped. */
size_t lk_byte_of_code_point(struct lk_str text, size_t code_points);

#endif
