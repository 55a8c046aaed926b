/* A sweep as value and view: counts, one table of its members. */
#ifndef LK_MAGIC_SWEEP_VIEW_H
#define LK_MAGIC_SWEEP_VIEW_H

#include "fabric/livy_watch_many.h"
#include "magic/batch_view.h"
#include "magic/sweep.h"
#include "magic/sweep_plan.h"

/* What is shown; borrowed for the call. */
struct lk_sweep_sight {
    const struct lk_sweep *sweep;
    const struct lk_sweep_plan *plan;
    const struct lk_watch_many *many; /* batches of the members, by their ids */
    const char *id;                   /* of the sweep */
};

/* "12 members: 4 running, 3 waiting, 5 succeeded, asked just now", with what is wrong and why no
 * more is submitted. look NULL: the counts alone. */
void lk_sweep_line(const struct lk_context *context, const struct lk_sweep_sight *sight,
                   const struct lk_batch_look *look, struct lk_buf *ret);
/* At most rows of them: what went wrong first, then what goes on; the rest is counted. look NULL:
 * it is over. */
void lk_sweep_table(const struct lk_context *context, const struct lk_sweep_sight *sight,
                    const struct lk_batch_look *look, size_t rows, struct lk_buf *markdown,
                    struct lk_buf *plain);
/* {"kind": "batch.sweep", "sweep", "count", a count for each state, "members": [{"member": {axis:
 * value}, "state", "attempts", "batch"}]}. New. */
json_t *lk_sweep_sight_value(const struct lk_context *context, const struct lk_sweep_sight *sight,
                             bool with_members);
/* How a sweep whose members all have their ends did. refusal: the first member's that the service
 * did not take for what it is, or no error. LK_OK, LK_FAILED, LK_UNKNOWN, or the refusal. */
LK_MUST_USE enum lk_status lk_sweep_judge(const struct lk_sweep_plan *plan,
                                          const struct lk_error *refusal, struct lk_error *err);
/* Left before that by st, of which err tells: what goes on and how to go on with it. Returns st. */
LK_MUST_USE enum lk_status lk_sweep_explain_stop(const struct lk_sweep_plan *plan,
                                                 enum lk_status st, struct lk_error *err);
/* What --dry-run shows: every member's request as it would be sent. Sends nothing; fails as
 * lk_livy_preview() does, with ret untouched. */
LK_MUST_USE enum lk_status lk_sweep_preview(struct lk_context *context,
                                            const struct lk_sweep *sweep, const json_t *body,
                                            struct lk_answer *ret, struct lk_error *err);

#endif
