/* One batch of the local Livy service: its state machine, what is kept of it on disk,
 * and how it looks in Fabric's replies (livy.md §1.4, §2). Pure; the owner locks. */
#ifndef LK_LOCAL_LIVY_RECORD_H
#define LK_LOCAL_LIVY_RECORD_H

#include "base/json.h"
#include "base/uuid.h"
#include "local/livy_face.h"
#include "local/onelake_place.h"

#include <stdint.h>

/* In the order in which a batch goes through them; the last three are ends. */
enum local_batch_phase {
    LOCAL_BATCH_QUEUED,
    LOCAL_BATCH_PACKAGING, /* files looked up and the command built */
    LOCAL_BATCH_STARTING,  /* spark-submit runs, the payload not yet */
    LOCAL_BATCH_RUNNING,   /* the payload runs */
    LOCAL_BATCH_SUCCESS,
    LOCAL_BATCH_DEAD,
    LOCAL_BATCH_KILLED,
    LOCAL_BATCH_PHASES,
};

struct local_batch {
    char id[LK_UUID_SIZE];
    enum local_face face; /* where it was submitted, and the only one that shows it */
    int64_t number;       /* its id on the faces that count; 0 on Fabric's */
    bool phantom;         /* Apache's record of a refused request: never starts, never ends */
    json_t *request;      /* as accepted; owned */
    char submitter_id[64];
    char submitter_name[96];
    bool submitter_is_user;
    enum local_batch_phase phase;
    int64_t at_ms[LOCAL_BATCH_PHASES]; /* when each phase began, unix ms; 0: never */
    int64_t cancel_ms;                 /* when cancelling was asked for; 0: never */
    char app_id[64];                   /* Spark's; empty until known */
    char waits_for[256];               /* why it is queued; may be empty */
    char reason[256];                  /* cancellationReason */
    char error_code[64];               /* empty: no error */
    char error_source[16];             /* User, System */
    char error_message[2048];
};

/* Takes request. A batch of Fabric's face until face and number are set. */
void local_batch_init(struct local_batch *batch, json_t *request, int64_t now_ms);
void local_batch_done(struct local_batch *batch);
bool local_batch_has_ended(const struct local_batch *batch);
/* Moves forward only; a step back or out of an end is ignored. */
void local_batch_enter(struct local_batch *batch, enum local_batch_phase phase, int64_t now_ms);
/* Keeps the first error. code is CamelCase, source "User" or "System". */
void local_batch_blame(struct local_batch *batch, const char *code, const char *source,
                       struct lk_str message);
/* Spark's process ended with exit_code (128 + signal when it was killed). */
void local_batch_finish(struct local_batch *batch, int exit_code, int64_t now_ms);
/* The server went away under it: ended as killed or dead, with the reason. */
void local_batch_orphaned(struct local_batch *batch, int64_t now_ms);

/* What is kept on disk and read again. */
LK_MUST_USE json_t *local_batch_save(const struct local_batch *batch);
LK_MUST_USE enum lk_status local_batch_load(const json_t *json, struct local_batch *ret,
                                            struct lk_error *err);

/* Replies; new references. log: the last lines of the submission log. */
LK_MUST_USE json_t *local_batch_reply(const struct local_batch *batch,
                                      const struct local_place *place, struct lk_str log);
LK_MUST_USE json_t *local_batch_list_item(const struct local_batch *batch,
                                          const struct local_place *place);
/* Synapse's batch; log: the lines of output, as an array. detailed adds what ?detailed=true does.
 */
LK_MUST_USE json_t *local_batch_synapse_reply(const struct local_batch *batch,
                                              const struct local_place *place, json_t *log,
                                              bool detailed);
/* An item of the monitoring API's livySessions. */
LK_MUST_USE json_t *local_batch_session_item(const struct local_batch *batch,
                                             const struct local_place *place, int64_t now_ms);

#endif
