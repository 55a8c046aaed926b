/* A batch's logs from wherever its service keeps them (livy.md §2, §3, §7.6): files that the
 * monitoring API reads, Livy's ring of lines, or lines in the batch itself. livy_log_follow.h
 * follows one while it grows. Executor thread only; lk_log_…() is pure. */
#ifndef LK_FABRIC_LIVY_LOG_H
#define LK_FABRIC_LIVY_LOG_H

#include "fabric/livy.h"
#include "fabric/log_lines.h"

/* Where a service keeps one log for all, each source is that log. */
enum lk_log_source { LK_LOG_STDOUT, LK_LOG_STDERR, LK_LOG_LIVY };
enum { LK_LOG_SOURCES = LK_LOG_LIVY + 1 };

/* True when the service keeps a log for each source. */
bool lk_livy_log_has_sources(const struct lk_livy *livy);
/* True when the log goes with the record, so that a cancel leaves nothing to read: before a DELETE
 * is the last moment (livy.md §6). */
bool lk_livy_log_ends_with_record(const struct lk_livy *livy);

/* The last part of a log, at most max bytes (its ceiling), beginning at a line's start. *cut when
 * earlier bytes were left out, *ret_total the log's size in bytes. Logs of hundreds of megabytes
 * are normal: only the tail travels. LK_NOT_FOUND: no such log (yet). */
LK_MUST_USE enum lk_status lk_livy_log_tail(struct lk_livy *livy, const struct lk_livy_batch *batch,
                                            enum lk_log_source source, size_t max,
                                            struct lk_cancel *cancel, struct lk_buf *ret, bool *cut,
                                            int64_t *ret_total, struct lk_error *err);
/* Hands every line of the last max bytes to sink, oldest first, in memory that does not grow with
 * the log. *ret_scanned: how many bytes that were, of *ret_total. */
LK_MUST_USE enum lk_status lk_livy_log_scan(struct lk_livy *livy, const struct lk_livy_batch *batch,
                                            enum lk_log_source source, int64_t max,
                                            struct lk_cancel *cancel, struct lk_line_sink *sink,
                                            int64_t *ret_scanned, int64_t *ret_total,
                                            struct lk_error *err);

/* The cause of a failure, out of a log's tail (pure): the last Python traceback or Java exception,
 * trimmed to what a person needs; empty when there is none. Borrows from log. */
struct lk_str lk_log_find_traceback(struct lk_str log);
/* The last n lines. Borrows. */
struct lk_str lk_log_last_lines(struct lk_str log, size_t n);
/* A known cause named in one sentence with its next step, by the traceback's text (missing table,
 * missing file, import error, memory, capacity, permissions, …); false when none is recognised. The
 * step is one that the profile's service knows. */
bool lk_log_explain(const struct lk_livy_profile *profile, struct lk_str traceback,
                    struct lk_buf *cause, struct lk_buf *next);
/* The same by what stands anywhere in a log or a service's message, where words alone prove less:
 * only causes that end a batch when they are mentioned. *ret_line (may be NULL): the line that
 * tells; borrows. */
bool lk_log_explain_log(const struct lk_livy_profile *profile, struct lk_str log,
                        struct lk_buf *cause, struct lk_buf *next, struct lk_str *ret_line);

#endif
