/* What was run in this session, for history_request (tail, range, search). Pure but for
 * memory; executor thread. */
#ifndef LK_SESSION_HISTORY_H
#define LK_SESSION_HISTORY_H

#include "base/json.h"

struct lk_history;

enum {
    LK_HISTORY_MAX = 1000,
    LK_HISTORY_INPUT_MAX = 64 << 10,
    LK_HISTORY_BYTES_MAX = 4 << 20, /* all together */
};

LK_MUST_USE struct lk_history *lk_history_new(void);
void lk_history_free(struct lk_history *history);
/* Keeps the newest, at most LK_HISTORY_MAX of LK_HISTORY_BYTES_MAX; longer inputs are cut. output
 * may be empty. */
void lk_history_add(struct lk_history *history, int64_t line, struct lk_str input,
                    struct lk_str output);
/* The "history" array for a history_request's content. New. */
LK_MUST_USE json_t *lk_history_answer(const struct lk_history *history, const json_t *request);

#endif
