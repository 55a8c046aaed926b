/* Fabric's Livy API for batches, and its monitoring and log API, over real Spark:
 * each batch is a spark-submit of its own that runs in the lakehouse's folder.
 * A few run at once; the others wait as queued. Records and logs are kept in
 * a folder, so that a restart still knows the batches that ended.
 *
 * Apache Livy, HDInsight and Synapse are faces of the same service (livy_face.h): other paths,
 * other words, batches of their own, the same runner.
 *
 * Handlers run on any thread; one thread of the service's own starts, watches and
 * reaps the Spark processes. */
#ifndef LK_LOCAL_LIVY_H
#define LK_LOCAL_LIVY_H

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "local/onelake_place.h"
#include "local/server.h"
#include "local/token.h"

struct local_livy;

/* How Spark reaches the local OneLake, so that absolute abfss:// paths inside a payload
 * work. All NULL: such paths fail as they would without a network. */
struct local_livy_abfss {
    const char *endpoint;  /* "127.0.0.1:PORT" of OneLake, TLS */
    const char *token_url; /* "https://localhost:PORT/<tenant>/oauth2/v2.0/token" */
    const char *client_id; /* an app whose secret the token service takes */
    const char *client_secret;
    const char *ca_file; /* PEM of the CA both servers' certificates come from */
};

/* What may be set for tests and for people with needs of their own; 0 and NULL: the default. */
struct local_livy_limits {
    int at_once;                /* batches that run at the same time; 2 */
    int waiting;                /* batches that may wait for that; then POST is refused; 200 */
    int kept;                   /* ended batches of Fabric and Synapse that are remembered; 200 */
    int64_t retain_ms;          /* how long Apache and HDInsight remember an ended batch; 600 s */
    const char *apache_version; /* "0.9.0" (the default) or "0.7.1"; HDInsight is always 0.7.1 */
    bool apache_csrf;           /* Apache wants X-Requested-By on writes, as HDInsight always */
    bool apache_forgets;        /* a restart forgets Apache's batches and counts from 0 again: Livy
                                 * without recovery. Otherwise they are kept, as by the others */
    const char *const *folders; /* NULL-terminated, absolute: what file: paths of Apache batches
                                 * may point into besides the lakehouse's Files; may be NULL */
};

/* Texts are copied; key, secret and clock are borrowed for the life of the service. */
struct local_livy_options {
    const struct local_signing_key *key; /* what bearer tokens are checked with */
    const char *issuer;                  /* their issuer */
    struct lk_clock *clock;
    const char *onelake_root;   /* as given to local_onelake_new() */
    const char *records_folder; /* made when missing, 0700 */
    const char *spark_home;  /* PySpark's package folder with Delta's jars in jars/; NULL: none */
    const char *java_home;   /* NULL: java is looked up in PATH */
    const char *python;      /* runs the payloads; NULL: python3 from PATH */
    const char *runner_file; /* spark_runner.py */
    const char *seed_file;   /* seed_green_tripdata.py */
    struct local_place demo;
    struct local_livy_abfss abfss;
    const char *basic_user; /* who HDInsight lets in; NULL: nobody */
    const struct lk_secret *basic_password;
    struct local_livy_limits limits;
    bool seed; /* make the demo table in the background when it is missing; batches wait for it */
};

/* Reads the records, marks batches that a dead server left running as killed, and starts the
 * service's thread. Works without Spark: then POST /batches is answered SparkNotInstalled. */
LK_MUST_USE enum lk_status local_livy_new(const struct local_livy_options *options,
                                          struct local_livy **ret, struct lk_error *err);
/* service is the struct local_livy. */
local_handler local_livy_handle;
/* For faults: the newest batch is in no answer any more, though it runs on. service is the struct
 * local_livy. */
void local_livy_lose(void *service);
/* True while a batch is queued or running or the demo table is being made: no time to leave. */
bool local_livy_is_busy(struct local_livy *livy);
/* Ends running batches (TERM, then KILL) and marks them killed. */
void local_livy_free(struct local_livy *livy);

/* Makes Tables/green_tripdata_2022 (Delta, 100,000 synthetic rows) when it is missing, in the
 * foreground and without a struct local_livy: for --seed-only. progress (may be NULL) is called
 * about once a second with a line for a person. The table appears whole or not at all.
 * LK_UNSUPPORTED with code SparkNotInstalled when there is no Spark or Java. */
typedef void local_livy_progress(void *arg, const char *line);
LK_MUST_USE enum lk_status local_livy_seed(const struct local_livy_options *options,
                                           local_livy_progress *progress, void *arg,
                                           struct lk_cancel *cancel, struct lk_error *err);

#endif
