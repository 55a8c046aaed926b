/* How a batch ended, told as an error: what the service says, the end of its log or the traceback
 * in it, and the likely cause with a way out. Executor thread only. */
#ifndef LK_MAGIC_BATCH_FAILURE_H
#define LK_MAGIC_BATCH_FAILURE_H

#include "magic/cell.h"
#include "magic/context.h"

/* What the batch is called in a sentence: its name, else its id, cut to a title's length. Borrows
 * from batch. */
struct lk_str lk_batch_called(const struct lk_livy_batch *batch);
/* Of a batch that has ended. LK_OK: it succeeded; LK_FAILED: it failed or was cancelled, and err
 * tells why; of a failure the log is read for that, which asks the service some questions.
 * LK_CANCELLED: reading the log was interrupted; err tells how the batch ended all the same. */
LK_MUST_USE enum lk_status lk_batch_judge(struct lk_livy *livy, struct lk_cell *cell,
                                          const struct lk_livy_batch *batch, struct lk_error *err);
/* The answer after an interrupt while the log of a batch that has ended was read: LK_CANCELLED. */
enum lk_status lk_batch_unread_log(const struct lk_livy_batch *batch, struct lk_error *err);

#endif
