/* A client for one Livy endpoint. Executor thread only. */
#ifndef LK_FABRIC_LIVY_H
#define LK_FABRIC_LIVY_H

#include "base/clock.h"
#include "fabric/journal.h"
#include "fabric/livy_batch.h"
#include "fabric/livy_endpoint.h"
#include "net/http.h"

struct lk_livy;

enum { LK_LIVY_SUBMITTER_MAX = 64 };

struct lk_livy_options {
    const struct lk_livy_endpoint *endpoint; /* borrowed */
    const struct lk_cloud *cloud;            /* borrowed */
    struct lk_http *http;                    /* borrowed: retry over bearer(fabric) over curl */
    struct lk_clock *clock;                  /* borrowed */
    struct lk_journal *journal;              /* borrowed */
    /* Tells who submits, as the service will call him (the object id of the token): for the last
     * resort after a lost answer. false when it is not known. May be NULL. */
    bool (*submitter)(void *of, struct lk_cancel *cancel, char ret[LK_LIVY_SUBMITTER_MAX]);
    void *submitter_of;
};

LK_MUST_USE struct lk_livy *lk_livy_new(const struct lk_livy_options *options);
void lk_livy_free(struct lk_livy *livy);
const struct lk_livy_endpoint *lk_livy_endpoint(const struct lk_livy *livy);
/* What it was made with, for this layer's other halves (watch, log). */
const struct lk_livy_options *lk_livy_options(const struct lk_livy *livy);

/* The request as it would be sent (tag included, checked): for --dry-run and the journal. */
LK_MUST_USE enum lk_status lk_livy_preview(struct lk_livy *livy, struct lk_livy_spec *spec,
                                           json_t **ret, struct lk_error *err);
/* Hands the batch over and returns once the service accepts it; lk_livy_watch() follows it from
 * there. The journal holds the intent (fsync) before the first byte leaves and the id after it.
 * On success ret is filled (release with lk_livy_batch_done()). On failure ret is untouched and
 * err holds the service's own error code and request id. LK_UNKNOWN: the answer was lost and the
 * service shows no batch with our tag (it was looked for); err.next says how to settle it. */
LK_MUST_USE enum lk_status lk_livy_submit(struct lk_livy *livy, struct lk_livy_spec *spec,
                                          struct lk_cancel *cancel, struct lk_livy_batch *ret,
                                          struct lk_error *err);
/* One batch as the service shows it now. On success *ret is replaced (release with
 * lk_livy_batch_done()); on failure it is untouched. LK_NOT_FOUND: the service knows it no more. */
LK_MUST_USE enum lk_status lk_livy_get(struct lk_livy *livy, struct lk_str id,
                                       struct lk_cancel *cancel, struct lk_livy_batch *ret,
                                       struct lk_error *err);

struct lk_livy_list {
    struct lk_livy_batch *batches; /* newest first; owned */
    size_t count;
    int64_t total; /* -1 when not told */
};
/* The newest max batches. Release with lk_livy_list_done(). On failure *ret is untouched, also when
 * only a later page failed. */
LK_MUST_USE enum lk_status lk_livy_list(struct lk_livy *livy, size_t max, struct lk_cancel *cancel,
                                        struct lk_livy_list *ret, struct lk_error *err);
void lk_livy_list_done(struct lk_livy_list *list);
/* Asks the service to stop it; poll afterwards to see what became of it. *already_gone when it
 * was not there any more. It may take as long as the profile says, for some services answer once
 * the job is dead. LK_TIMEOUT, LK_UNKNOWN, LK_CANCELLED: it may have been asked all the same. */
LK_MUST_USE enum lk_status lk_livy_cancel(struct lk_livy *livy, struct lk_str id,
                                          struct lk_cancel *cancel, bool *already_gone,
                                          struct lk_error *err);

#endif
