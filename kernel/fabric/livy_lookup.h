/* Looking for a submission whose answer was lost, by its marker (livy.md §7.2). Only reads, but for
 * the record that a refused request left. Inside fabric/ only; executor thread. */
#ifndef LK_FABRIC_LIVY_LOOKUP_H
#define LK_FABRIC_LIVY_LOOKUP_H

#include "fabric/livy_client.h"

enum { LK_LIVY_NOT_OURS_MAX = 64 };

/* What is known of it; texts are borrowed. */
struct lk_livy_sought {
    struct lk_str submit_id;
    struct lk_str name;         /* as the user gave it */
    struct lk_str service_name; /* as it was sent */
    int64_t began_unix_ms;      /* of the intent */
    /* Batches that were asked and are another's: not asked again. All zero to begin with. */
    char not_ours[LK_LIVY_NOT_OURS_MAX][LK_BATCH_ID_MAX];
    size_t not_ours_count;
};

/* How long to look, and when the first "not there" is enough. */
struct lk_livy_patience {
    int64_t window_ms;
    bool until_found;
    bool far_back; /* it is no new one: the list is read back to its time */
};

/* LK_OK: ret is the batch. LK_EXISTS: the service holds a record of a request that it refused; it
 * was deleted, and nothing runs. LK_NOT_FOUND: it shows none (yet). LK_CANCELLED: interrupted. Else
 * the service could not be asked. ret is untouched but for LK_OK. */
LK_MUST_USE enum lk_status lk_livy_look_for(struct lk_livy *livy, struct lk_livy_sought *sought,
                                            const struct lk_livy_patience *patience,
                                            struct lk_cancel *cancel, struct lk_livy_batch *ret,
                                            struct lk_error *err);
/* The last resort where the monitoring API keeps a history, which shows no tags: a batch of the
 * same name, by the same submitter, from the time of the request on, which no other submission of
 * the journal owns, and only when exactly one fits. LK_NOT_FOUND otherwise, and where there is no
 * such history or the submitter is not known. */
LK_MUST_USE enum lk_status lk_livy_look_in_history(struct lk_livy *livy,
                                                   const struct lk_livy_sought *sought,
                                                   struct lk_cancel *cancel,
                                                   struct lk_livy_batch *ret, struct lk_error *err);
/* A record as a refused request leaves it: starting, without a line of log or an application. A
 * batch that is just being made looks the same for a moment. Pure. */
bool lk_livy_looks_refused(const struct lk_livy_profile *profile,
                           const struct lk_livy_batch *batch);

#endif
