/* One running livy-local: its home folder, the three servers, the state file. */
#ifndef LK_LOCAL_INSTANCE_H
#define LK_LOCAL_INSTANCE_H

#include "base/cancel.h"
#include "base/error.h"
#include "local/livy.h"

struct local_instance_options {
    const char *home;         /* made when missing */
    const char *spark_home;   /* NULL: none */
    const char *java_home;    /* NULL: from PATH */
    const char *python;       /* NULL: python3 from PATH */
    const char *faults_file;  /* NULL: none */
    const char *share_folder; /* holds spark_runner.py and seed_green_tripdata.py */
    int64_t idle_timeout_ms;  /* 0: never */
    int64_t token_life_s;     /* 0: as Entra */
    struct local_livy_limits limits;
};

struct local_instance;

/* LK_EXISTS: another one holds the home; state.json there is (or will be) its. */
LK_MUST_USE enum lk_status local_instance_start(const struct local_instance_options *options,
                                                struct local_instance **ret, struct lk_error *err);
const char *local_instance_state_file(const struct local_instance *instance);
/* Until cancel is set, or nothing happened for the idle time. */
void local_instance_serve(struct local_instance *instance, struct lk_cancel *cancel);
/* Ends batches, closes the servers, removes the state file. */
void local_instance_free(struct local_instance *instance);

/* Whether batches can run here: LK_UNSUPPORTED names what is missing and how to install it. */
LK_MUST_USE enum lk_status local_instance_check(const struct local_instance_options *options,
                                                struct lk_error *err);
/* Makes the demo table in the foreground. stderr tells how long it takes: a terminal in one line,
 * a file in one every ten seconds. */
LK_MUST_USE enum lk_status local_instance_seed(const struct local_instance_options *options,
                                               struct lk_cancel *cancel, struct lk_error *err);

#endif
