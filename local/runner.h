/* A batch as a spark-submit process: what to run and how, made from the request
 * (pure but for looking whether files are there), and its start. */
#ifndef LK_LOCAL_RUNNER_H
#define LK_LOCAL_RUNNER_H

#include "base/json.h"
#include "local/livy.h"

#include <sys/types.h>

/* Borrowed; see struct local_livy_options. */
struct local_runner_options {
    const char *onelake_root;
    const char *spark_home;
    const char *java_home;
    const char *python;
    const char *runner_file;
    struct local_place place;
    struct local_livy_abfss abfss;
    const char *trust_store; /* Java's, holding abfss.ca_file; NULL: abfss:// is not set up */
    bool local_files;        /* file: paths are taken as well; whoever accepted them checked them */
    bool joined_output;      /* stderr goes to the file of stdout, as Apache's launcher has it */
};

/* LK_UNSUPPORTED, code SparkNotInstalled, when a batch could not be run here. */
LK_MUST_USE enum lk_status local_runner_check(const struct local_runner_options *options,
                                              struct lk_error *err);
/* Java's trust store (PKCS #12, password "changeit") from a PEM file, by keytool. */
LK_MUST_USE enum lk_status local_runner_make_trust_store(const struct local_runner_options *options,
                                                         const char *path, struct lk_error *err);
/* ROOT/<workspace>/<lakehouse>, malloc'd. */
LK_MUST_USE char *local_runner_lakehouse(const struct local_runner_options *options);

/* What to execute. */
struct local_runner_plan {
    char **argv;            /* NULL-terminated */
    char **env;             /* NULL-terminated "K=V" */
    char *cwd;              /* the lakehouse's folder */
    struct lk_buf defaults; /* spark-defaults.conf; holds the client secret */
    bool reports;           /* the payload runs under spark_runner.py, which tells when it starts */
    bool joined_output;     /* as asked for */
};

/* folder: the batch's own, absolute. LK_INVALID when a path of the request does not point into
 * OneLake (or, where they are taken, to a local file), LK_NOT_FOUND when a file is not in the
 * lakehouse; whether a local file is there is Spark's to say. On success release with
 * local_runner_plan_done(). */
LK_MUST_USE enum lk_status local_runner_plan(const struct local_runner_options *options,
                                             const json_t *request, const char *folder,
                                             struct local_runner_plan *ret, struct lk_error *err);
/* A script of our own with one argument, outside spark_runner.py. */
void local_runner_plan_script(const struct local_runner_options *options, const char *script,
                              const char *arg, const char *folder, struct local_runner_plan *ret);
void local_runner_plan_done(struct local_runner_plan *plan);
/* Writes the folder's conf/ and starts the process in a group of its own, with stdout and stderr
 * in the folder. The caller reaps it; it dies with the calling thread. */
LK_MUST_USE enum lk_status local_runner_start(const struct local_runner_plan *plan,
                                              const char *folder, pid_t *ret, struct lk_error *err);
/* Removes what only the running process needed: conf/ (it holds a secret), tmp/ and the like. */
void local_runner_clean(const char *folder);

/* What spark_runner.py has told so far, out of the status file's text. Texts borrow from json. */
struct local_runner_status {
    bool running;
    char app_id[64];
    char error_type[64];
    char error_message[2048];
};
void local_runner_read_status(struct lk_str text, struct local_runner_status *ret);

/* Removes a folder and all below it; links are not followed. Absent is fine. */
void local_remove_tree(const char *path);

#endif
