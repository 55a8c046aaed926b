/* %batch submit --each: one request for every combination of some values, watched as one table. */
#ifndef LK_MAGIC_BATCH_SWEEP_H
#define LK_MAGIC_BATCH_SWEEP_H

#include "fabric/livy_spec.h"
#include "magic/context.h"
#include "magic/magic.h"

/* Rows of a magic's option table. */
#define LK_BATCH_SWEEP_OPTIONS                                                                     \
    {"each",                                                                                       \
     "NAME=VALUES",                                                                                \
     "a batch for each: 2019..2024, 2024-01-01..2024-01-31, 2024-01..2024-12, eu,us",              \
     true,                                                                                         \
     {LK_TAKES_AXIS}},                                                                             \
        {"max-parallel", "N", "with --each: at most so many at once", false},                      \
        {"resume", NULL, "with --each: go on with the sweep that was begun before", false},        \
    {                                                                                              \
        "retry-failed", NULL, "with --resume: submit its failed members again", false              \
    }

/* LK_INVALID for an option above without --each. */
LK_MUST_USE enum lk_status lk_batch_sweep_check(const struct lk_args *args, struct lk_error *err);

/* Submits a member for each combination of --each, as many at once as --max-parallel and the
 * service allow, and follows all to their ends. spec is the request that they share. Every member
 * is in the journal with the sweep's id, so that --resume neither doubles nor forgets one.
 * LK_OK: all succeeded. LK_FAILED: some did not. LK_UNKNOWN: how some ended, or whether some were
 * submitted, is unknown. LK_EXISTS: the same sweep was begun before and not submitted to its end;
 * err.next says how to go on, or another kernel is at it. LK_CANCELLED, LK_TIMEOUT: what runs goes
 * on, what waits is not submitted. In most cases ret holds value and view. */
LK_MUST_USE enum lk_status lk_batch_sweep(struct lk_context *context, struct lk_cell *cell,
                                          const struct lk_args *args, struct lk_livy_spec *spec,
                                          struct lk_answer *ret, struct lk_error *err);

#endif
