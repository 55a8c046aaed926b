/* The inside of struct local_livy, shared by its files: livy.c (life and the thread
 * that runs batches), livy_jobs.c, livy_store.c and livy_ring.c (disk), livy_answer.c and
 * livy_logs.c (Fabric's face), livy_face_apache.c (the others'). */
#ifndef LK_LOCAL_LIVY_SERVICE_H
#define LK_LOCAL_LIVY_SERVICE_H

#include "local/livy.h"
#include "local/livy_record.h"
#include "local/livy_route.h"
#include "local/runner.h"

#include <pthread.h>

enum {
    LOCAL_LIVY_FOLDERS_MAX = 16, /* folders for file: paths */
    LOCAL_LIVY_GRACE_MS = 5000   /* between TERM and KILL */
};

struct local_livy_job {
    struct local_batch batch;
    pid_t pid;       /* 0: no process */
    int64_t kill_at; /* monotonic ms; 0: no */
    bool lost;       /* by a fault: in no answer any more */
};

struct local_livy {
    const struct local_signing_key *key;
    struct lk_clock *clock;
    char *issuer;
    char *records_folder;
    char *seed_file;
    char *texts[48]; /* what runner's fields and folders point to; owned */
    size_t text_count;
    struct local_livy_limits limits; /* no zeroes */
    const char *folders[LOCAL_LIVY_FOLDERS_MAX + 1];
    const struct local_livy_edition *apache;
    const char *basic_user;
    const struct lk_secret *basic_password;
    struct local_runner_options runner;
    bool wants_seed;
    pthread_t thread;
    bool prepared;          /* what needs Spark was set up; the thread's own */
    struct lk_cancel *stop; /* ends the thread and the seeding */

    pthread_mutex_t lock;         /* guards what follows */
    pthread_cond_t wake;          /* the thread has something to do */
    pthread_cond_t ended;         /* a batch has ended */
    int64_t numbers[LOCAL_FACES]; /* the next one to give */
    struct local_livy_job **jobs; /* oldest first */
    size_t job_count;
    bool seeding;
    bool stopping;
};

/* Disk: records_folder/numbers.json and records_folder/<id>/{batch.json, livy.log, stdout, stderr,
 * status}. */
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
/* Forgets the oldest ended batches past limits.kept, and those that Apache and HDInsight have
 * kept long enough. Lock held. */
void local_livy_prune(struct local_livy *livy);
/* The record and all its files; job is gone after it. Lock held. */
void local_livy_forget(struct local_livy *livy, struct local_livy_job *job);
/* The next number of a face, given to nobody else, also after a restart. Lock held. */
int64_t local_livy_next_number(struct local_livy *livy, enum local_face face);
/* The newest LOCAL_LIVY_RING whole lines of a batch's output. */
void local_livy_ring(const struct local_livy *livy, const struct local_batch *batch,
                     struct lk_buf *ret);

/* A batch of Fabric's face by its GUID. Lock held. NULL: none. */
struct local_livy_job *local_livy_find(struct local_livy *livy, struct lk_str id);
/* A batch of a face that counts. Lock held. NULL: none. */
struct local_livy_job *local_livy_find_number(struct local_livy *livy, enum local_face face,
                                              int64_t number);
/* All batches of a face, oldest first, for as long as the lock is held. */
struct local_livy_jobs {
    struct local_livy_job **at;
    size_t count;
};
void local_livy_jobs_of(const struct local_livy *livy, enum local_face face,
                        struct local_livy_jobs *ret);
void local_livy_jobs_done(struct local_livy_jobs *jobs);
/* How many are in one of these phases, phantoms apart. Lock held. */
size_t local_livy_count(const struct local_livy *livy, enum local_batch_phase from,
                        enum local_batch_phase to);
/* Says to those who look why nothing moves. Lock held. */
void local_livy_explain_waiting(struct local_livy *livy, struct local_batch *batch);
/* Lock held. Whether no more may wait. */
bool local_livy_is_full(const struct local_livy *livy);
/* Takes request. */
void local_livy_make(struct local_livy *livy, json_t *request, const struct local_caller *caller,
                     struct local_batch *ret);
/* Takes batch over as the newest, and does nothing with it. Lock held. */
struct local_livy_job *local_livy_keep(struct local_livy *livy, const struct local_batch *batch);
/* Takes batch over: it waits for its turn from now on. A phantom waits for ever, and on no disk.
 * Lock held. */
struct local_livy_job *local_livy_add(struct local_livy *livy, const struct local_batch *batch);
/* Asks for its end; lock held. */
void local_livy_cancel(struct local_livy *livy, struct local_livy_job *job, const char *reason);

/* Whether the demo table is there: then no batch waits for it. livy_seed.c. */
bool local_livy_is_seeded(const struct local_livy_options *options);

/* Fabric's error body (livy.md §1.6). */
void local_livy_error(struct local_reply *reply, int status, const char *code, const char *fmt, ...)
    LK_PRINTF(4, 5);
/* 404, as all of Fabric's resources below a batch that is not there. */
void local_livy_no_batch(struct local_reply *reply, struct lk_str id);
/* All but the token's check; tests come in here. */
void local_livy_answer(struct local_livy *livy, const struct local_livy_route *route,
                       const struct local_request *request, const struct local_caller *caller,
                       struct local_reply *reply);
/* The other faces'; rest: the path after the face's root. handle looks at who asks, answer does
 * what is asked; tests of Synapse come in at the latter. */
void local_livy_handle_apache(struct local_livy *livy, enum local_face face, struct lk_str rest,
                              const struct local_request *request, struct local_reply *reply);
void local_livy_handle_synapse(struct local_livy *livy, struct lk_str rest,
                               const struct local_request *request, struct local_reply *reply);
void local_livy_answer_synapse(struct local_livy *livy, struct lk_str rest,
                               const struct local_request *request,
                               const struct local_caller *caller, struct local_reply *reply);
/* The body, wherever the server has put it. */
LK_MUST_USE enum lk_status local_livy_read_body(const struct local_request *request,
                                                struct lk_buf *ret, struct lk_error *err);
void local_livy_answer_logs(struct local_livy *livy, const struct local_livy_route *route,
                            const struct local_request *request, struct local_reply *reply);
/* livySessions: the list, of which a page holds LOCAL_LIVY_HISTORY_PAGE, and one entry. */
enum { LOCAL_LIVY_HISTORY_PAGE = 20 };
void local_livy_answer_history(struct local_livy *livy, const struct local_request *request,
                               struct local_reply *reply);
void local_livy_answer_history_entry(struct local_livy *livy, const struct local_livy_route *route,
                                     const struct local_request *request,
                                     struct local_reply *reply);

#endif
