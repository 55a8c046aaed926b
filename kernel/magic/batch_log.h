/* What the halves of %batch log share. Inside magic/ only. */
#ifndef LK_MAGIC_BATCH_LOG_H
#define LK_MAGIC_BATCH_LOG_H

#include "fabric/livy_log_follow.h"
#include "magic/context.h"
#include "magic/magic.h"

/* What was asked for. */
struct lk_log_ask {
    struct lk_str source;         /* as given; empty: none was */
    unsigned sources;             /* 1 << LK_LOG_…, or-ed; 0: none was named */
    int64_t tail;                 /* lines */
    struct lk_log_filter *filter; /* owned; NULL: every line */
    struct lk_str pattern;
};

/* {"kind": "batch.log", "id", "source", "pattern"}. New. */
LK_MUST_USE json_t *lk_log_value(const struct lk_livy_batch *batch, const struct lk_log_ask *ask);
/* Streams the log until the batch ends. LK_FAILED and the like as lk_batch_judge(). */
LK_MUST_USE enum lk_status lk_log_follow_in_cell(struct lk_context *context, struct lk_cell *cell,
                                                 struct lk_livy_batch *batch,
                                                 const struct lk_log_ask *ask,
                                                 struct lk_answer *ret, struct lk_error *err);

#endif
