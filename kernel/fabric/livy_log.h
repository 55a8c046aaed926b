/* A batch's logs from wherever its service keeps them (livy.md §2, §7.6). */
#ifndef LK_FABRIC_LIVY_LOG_H
#define LK_FABRIC_LIVY_LOG_H

#include "fabric/livy.h"

enum lk_log_source { LK_LOG_STDOUT, LK_LOG_STDERR, LK_LOG_LIVY };

/* The last part of a log, at most max bytes (its ceiling), beginning at a line's start. *cut when
 * earlier bytes were left out, *ret_total the log's size in bytes. Logs of hundreds of megabytes
 * are normal: only the tail travels. LK_NOT_FOUND: no such log (yet). */
LK_MUST_USE enum lk_status lk_livy_log_tail(struct lk_livy *livy, const struct lk_livy_batch *batch,
                                            enum lk_log_source source, size_t max,
                                            struct lk_cancel *cancel, struct lk_buf *ret, bool *cut,
                                            int64_t *ret_total, struct lk_error *err);
/* What comes after offset *at (bytes), at most the room in *ret; moves *at. For --follow. */
LK_MUST_USE enum lk_status lk_livy_log_next(struct lk_livy *livy, const struct lk_livy_batch *batch,
                                            enum lk_log_source source, int64_t *at,
                                            struct lk_cancel *cancel, struct lk_buf *ret,
                                            struct lk_error *err);

/* The cause of a failure, out of a log's tail (pure): the last Python traceback or Java exception,
 * trimmed to what a person needs; empty when there is none. Borrows from log. */
struct lk_str lk_log_find_traceback(struct lk_str log);
/* The last n lines. Borrows. */
struct lk_str lk_log_last_lines(struct lk_str log, size_t n);
/* A known cause named in one sentence with its next step, by the traceback's text (missing table,
 * missing file, import error, memory, capacity, permissions); false when none is recognised. */
bool lk_log_explain(struct lk_str traceback, struct lk_buf *cause, struct lk_buf *next);

#endif
