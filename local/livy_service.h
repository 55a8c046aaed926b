/* The inside of struct local_livy, shared by its files: livy.c (life and the thread
 * that runs batches), livy_store.c (disk), livy_answer.c (HTTP), livy_logs.c. */
#ifndef LK_LOCAL_LIVY_SERVICE_H
#define LK_LOCAL_LIVY_SERVICE_H

#include "local/livy.h"
#include "local/livy_record.h"
#include "local/livy_route.h"
#include "local/runner.h"

#include <pthread.h>

enum {
    LOCAL_LIVY_AT_ONCE = 2,    /* batches that run at the same time */
    LOCAL_LIVY_KEPT = 50,      /* ended batches that are remembered */
    LOCAL_LIVY_WAITING = 200,  /* batches that may be queued */
    LOCAL_LIVY_GRACE_MS = 5000 /* between TERM and KILL */
};

struct local_livy_job {
    struct local_batch batch;
    pid_t pid;       /* 0: no process */
    int64_t kill_at; /* monotonic ms; 0: no */
};

struct local_livy {
    const struct local_signing_key *key;
    struct lk_clock *clock;
    char *issuer;
    char *records_folder;
    char *seed_file;
    char *texts[16]; /* what runner's fields point to; owned */
    size_t text_count;
    struct local_runner_options runner;
    bool wants_seed;
    pthread_t thread;
    bool prepared;          /* what needs Spark was set up; the thread's own */
    struct lk_cancel *stop; /* ends the thread and the seeding */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    struct local_livy_job **jobs; /* oldest first */
    size_t job_count;
    bool seeding;
    bool stopping;
};

/* Disk: records_folder/<id>/{batch.json, livy.log, stdout, stderr, status}. */
LK_MUST_USE char *local_livy_folder(const struct local_livy *livy, const char *id);
/* Failure is logged, not returned: the batch goes on. */
void local_livy_save(struct local_livy *livy, const struct local_batch *batch);
/* Adds a line to the submission log. */
void local_livy_note(struct local_livy *livy, const struct local_batch *batch, const char *fmt, ...)
    LK_PRINTF(3, 4);
/* The last lines of the submission log. */
void local_livy_log_tail(struct local_livy *livy, const struct local_batch *batch,
                         struct lk_buf *ret);
/* Reads all records, oldest first. Broken ones are skipped with a warning. */
LK_MUST_USE enum lk_status local_livy_load_all(struct local_livy *livy, struct lk_error *err);
/* Forgets the oldest ended batches past LOCAL_LIVY_KEPT. Lock held. */
void local_livy_prune(struct local_livy *livy);

/* Lock held. NULL: none. */
struct local_livy_job *local_livy_find(struct local_livy *livy, struct lk_str id);
/* Takes request; lock held. Returns the new job, or NULL when too many wait. */
struct local_livy_job *local_livy_add(struct local_livy *livy, json_t *request,
                                      const struct local_caller *caller);
/* Asks for its end; lock held. */
void local_livy_cancel(struct local_livy *livy, struct local_livy_job *job, const char *reason);

/* Whether the demo table is there: then no batch waits for it. livy_seed.c. */
bool local_livy_is_seeded(const struct local_livy_options *options);

/* Fabric's error body (livy.md §1.6). */
void local_livy_error(struct local_reply *reply, int status, const char *code, const char *fmt, ...)
    LK_PRINTF(4, 5);
/* All but the token's check; tests come in here. */
void local_livy_answer(struct local_livy *livy, const struct local_livy_route *route,
                       const struct local_request *request, const struct local_caller *caller,
                       struct local_reply *reply);
void local_livy_answer_logs(struct local_livy *livy, const struct local_livy_route *route,
                            const struct local_request *request, struct local_reply *reply);

#endif
