/* A batch as value and view: summary table, one-line progress, list. */
#ifndef LK_MAGIC_BATCH_VIEW_H
#define LK_MAGIC_BATCH_VIEW_H

#include "fabric/livy_batch.h"
#include "magic/context.h"
#include "magic/magic.h"

/* {"kind": "batch", "id", "name", "state", "result", "ended", "phase", times, durations, "link"}.
 * New. */
LK_MUST_USE json_t *lk_batch_value(const struct lk_context *context,
                                   const struct lk_livy_batch *batch);
/* The table of one batch: header row name · mark and state · duration. */
void lk_batch_summary(const struct lk_context *context, const struct lk_livy_batch *batch,
                      struct lk_buf *markdown, struct lk_buf *plain);
/* One look of a watch. */
struct lk_batch_look {
    int64_t unix_ms;                /* when the service was asked; 0: not yet */
    const struct lk_error *trouble; /* why asking failed; NULL: it did not */
    bool is_last;                   /* the watch was left; the line stays in the notebook */
    int64_t slept_ms; /* this computer slept that long and asks again now; 0: it did not */
};
/* "asked 3 s ago", "no longer watched"; why not, and a sleep, in brackets before it. */
void lk_batch_look_text(const struct lk_batch_look *look, int64_t now_ms, struct lk_buf *ret);
/* One line: name, id, state, elapsed, last poll, link. */
void lk_batch_progress_line(const struct lk_context *context, const struct lk_livy_batch *batch,
                            const struct lk_batch_look *look, struct lk_buf *markdown,
                            struct lk_buf *plain);
/* A phase that was shorter is no news to people; the value has it. */
enum { LK_BATCH_PHASE_SHOWN_MS = 100 };
/* "queued 0.1 s, starting 1.2 s, running 8.4 s" */
void lk_batch_phases_text(const struct lk_livy_batch *batch, int64_t now_ms, struct lk_buf *ret);
/* ✓ ✗ ⊘ or … */
const char *lk_batch_mark(enum lk_batch_end end);
/* From submission to the end, or to now; 0 when the start is not told. */
int64_t lk_batch_duration_ms(const struct lk_livy_batch *batch, int64_t now_ms);

#endif
