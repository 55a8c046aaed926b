/* Asking a service for a batch's log, for livy_log.c and livy_log_follow.c. Inside fabric/ only;
 * executor thread. */
#ifndef LK_FABRIC_LIVY_LOG_FETCH_H
#define LK_FABRIC_LIVY_LOG_FETCH_H

#include "fabric/livy_log.h"
#include "fabric/livy_log_reply.h"

enum { LK_LOG_HEAD_MAX = 512 };

/* How a file begins, by which an answer is known that heard no offset. Zero-initialised: not known;
 * to be cleared when the file is another one. */
struct lk_log_head {
    char bytes[LK_LOG_HEAD_MAX];
    size_t len;
};

/* Whom to ask for what; all borrowed. */
struct lk_log_place {
    struct lk_livy *livy;
    const struct lk_livy_batch *batch;
    enum lk_log_source source;
    enum lk_http_repeat repeat;
    struct lk_cancel *cancel;
    struct lk_log_head *head; /* of the one file that is read again and again, filled; NULL: of none
                               */
    int64_t retry_after_ms;   /* what a refusal asked for, -1 when nothing; filled */
};

/* LK_NOT_FOUND, with words that tell what there is instead. */
LK_MUST_USE enum lk_status lk_log_none(const struct lk_log_place *place, struct lk_error *err);

/* ---- the monitoring API: files (livy.md §2) ----------------------------------------------------
 */

/* The files of the log. While the batch goes on there is one; afterwards there may be several. On
 * success release ret with lk_log_files_done(); there is at least one. */
LK_MUST_USE enum lk_status lk_log_find_files(struct lk_log_place *place, struct lk_log_files *ret,
                                             struct lk_error *err);
/* Hands the bytes [offset, offset + size) of all files together to the sink, fewer when they end
 * before. They come in pieces of a few megabytes whatever size is; only what was asked for travels,
 * but from a service that hears no offsets any more: then all that lies before it, too. */
LK_MUST_USE enum lk_status lk_log_read_range(struct lk_log_place *place,
                                             const struct lk_log_files *files, int64_t offset,
                                             int64_t size, struct lk_http_sink *sink,
                                             struct lk_error *err);

/* ---- Livy itself: a list of lines (livy.md §3) -------------------------------------------------
 */

/* An object with "log": the whole ring where the service has one, else what the batch carries
 * (LK_NOT_FOUND when that is nothing). Release *ret with json_decref(). */
LK_MUST_USE enum lk_status lk_log_get_list(struct lk_log_place *place, json_t **ret,
                                           struct lk_error *err);
/* What the batch itself carries, without asking anybody: never fails but with LK_NOT_FOUND. */
LK_MUST_USE enum lk_status lk_log_carried_list(const struct lk_log_place *place, json_t **ret,
                                               struct lk_error *err);

#endif
