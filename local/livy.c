/* The life of the Livy service and the thread that runs its batches. */
#include "local/livy_service.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 100, STATUS_MAX = 256 * 1024 };
enum { AT_ONCE = 2, WAITING = 200, KEPT = 200, RETAIN_MS = 600000 }; /* the limits by default */

static int64_t now_ms(const struct local_livy *livy)
{
    return livy->clock->unix_ms(livy->clock);
}

/* The group is Spark's launcher, its JVM and the payload's Python. */
static void send_signal(struct local_livy_job *job, int signal_number)
{
    if (job->pid > 0)
        kill(-job->pid, signal_number);
}

void local_livy_cancel(struct local_livy *livy, struct local_livy_job *job, const char *reason)
{
    struct local_batch *batch = &job->batch;

    if (local_batch_has_ended(batch) || batch->cancel_ms || batch->phantom)
        return;
    batch->cancel_ms = now_ms(livy);
    snprintf(batch->reason, sizeof batch->reason, "%s", reason);
    local_livy_note(livy, batch, "cancelling: %s", reason);
    if (job->pid == 0) {
        local_batch_enter(batch, LOCAL_BATCH_KILLED, now_ms(livy));
        local_livy_note(livy, batch, "killed before it was started");
        pthread_cond_broadcast(&livy->ended);
    } else {
        send_signal(job, SIGTERM);
        job->kill_at = livy->clock->monotonic_ms(livy->clock) + LOCAL_LIVY_GRACE_MS;
    }
    local_livy_save(livy, batch);
    pthread_cond_signal(&livy->wake);
}

/* Where a batch has no errorInfo, its log is the only place for the reason. */
static void tell_in_output(struct local_livy *livy, const struct local_batch *batch,
                           const char *message)
{
    LK_CLEANUP(lk_free_ptr) char *folder = local_livy_folder(livy, batch->id);
    LK_CLEANUP(lk_free_ptr) char *path = lk_path_join(folder, LK_STR("stdout"));
    LK_CLEANUP(lk_buf_done) struct lk_buf line = LK_BUF_INIT(LK_ERROR_MESSAGE_MAX + 64);
    struct lk_error why = LK_ERROR_INIT;

    lk_buf_printf(&line, "Exception in thread \"main\" java.io.IOException: %s\n", message);
    if (lk_file_write(path, 0600, lk_buf_view(&line), &why))
        lk_log(LK_LOG_WARN, "batch %s: %s", batch->id, why.message);
}

static void fail_to_start(struct local_livy *livy, struct local_livy_job *job,
                          const struct lk_error *err)
{
    local_batch_blame(&job->batch, err->code, "User", lk_str_from(err->message));
    local_batch_enter(&job->batch, LOCAL_BATCH_DEAD, now_ms(livy));
    local_livy_note(livy, &job->batch, "not started: %s", err->message);
    if (local_livy_face(job->batch.face)->one_log)
        tell_in_output(livy, &job->batch, err->message);
    local_livy_save(livy, &job->batch);
    pthread_cond_broadcast(&livy->ended);
}

static enum lk_status launch(struct local_livy *livy, struct local_livy_job *job, bool *reports,
                             struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *folder = local_livy_folder(livy, job->batch.id);
    LK_CLEANUP(local_runner_plan_done) struct local_runner_plan plan = {.argv = NULL};
    struct local_runner_options runner = livy->runner;
    enum lk_status st;

    runner.local_files = runner.joined_output = local_livy_face(job->batch.face)->one_log;
    st = local_runner_plan(&runner, job->batch.request, folder, &plan, err);
    if (st)
        return st;
    *reports = plan.reports;
    return local_runner_start(&plan, folder, &job->pid, err);
}

static void start_job(struct local_livy *livy, struct local_livy_job *job)
{
    struct lk_error err = LK_ERROR_INIT;
    bool reports = false;

    local_batch_enter(&job->batch, LOCAL_BATCH_PACKAGING, now_ms(livy));
    if (launch(livy, job, &reports, &err)) {
        fail_to_start(livy, job, &err);
        return;
    }
    local_batch_enter(&job->batch, LOCAL_BATCH_STARTING, now_ms(livy));
    local_livy_note(livy, &job->batch, "spark-submit started as process %d", (int)job->pid);
    if (!reports)
        local_batch_enter(&job->batch, LOCAL_BATCH_RUNNING, now_ms(livy));
    local_livy_save(livy, &job->batch);
}

static void start_waiting(struct local_livy *livy)
{
    size_t running = local_livy_count(livy, LOCAL_BATCH_PACKAGING, LOCAL_BATCH_RUNNING);

    if (livy->seeding || livy->stopping)
        return;
    for (size_t i = 0; i < livy->job_count; i++) {
        struct local_livy_job *job = livy->jobs[i];

        if (job->batch.phase != LOCAL_BATCH_QUEUED || job->batch.phantom)
            continue;
        if (running < (size_t)livy->limits.at_once) {
            start_job(livy, job);
            running += !local_batch_has_ended(&job->batch);
        } else {
            local_livy_explain_waiting(livy, &job->batch);
        }
    }
}

/* What the payload's runner has told since the last look. */
static void look_at_status(struct local_livy *livy, struct local_livy_job *job)
{
    LK_CLEANUP(lk_free_ptr) char *folder = local_livy_folder(livy, job->batch.id);
    LK_CLEANUP(lk_free_ptr) char *path = lk_path_join(folder, LK_STR("status"));
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(STATUS_MAX);
    struct local_batch *batch = &job->batch;
    struct local_runner_status status;
    bool changed = false;

    if (lk_file_read(path, &text, NULL))
        return;
    local_runner_read_status(lk_buf_view(&text), &status);
    if (status.running && batch->phase < LOCAL_BATCH_RUNNING) {
        local_batch_enter(batch, LOCAL_BATCH_RUNNING, now_ms(livy));
        local_livy_note(livy, batch, "the payload is running");
        changed = true;
    }
    if (status.app_id[0] && strcmp(status.app_id, batch->app_id) != 0) {
        snprintf(batch->app_id, sizeof batch->app_id, "%s", status.app_id);
        local_livy_note(livy, batch, "Spark application %s", batch->app_id);
        changed = true;
    }
    if (status.error_type[0] && !batch->error_code[0]) {
        local_batch_blame(batch, status.error_type, "User", lk_str_from(status.error_message));
        changed = true;
    }
    if (changed)
        local_livy_save(livy, batch);
}

/* In a cluster the application is there before the payload's first line. Here Spark makes one when
 * the payload asks for a session; for one that never did, the driver's output could not be asked
 * for without. */
static void give_application(struct local_batch *batch)
{
    if (batch->app_id[0] || !batch->at_ms[LOCAL_BATCH_PACKAGING])
        return;
    snprintf(batch->app_id, sizeof batch->app_id, "local-%lld",
             (long long)batch->at_ms[LOCAL_BATCH_PACKAGING]);
}

static void end_job(struct local_livy *livy, struct local_livy_job *job, int wait_status)
{
    LK_CLEANUP(lk_free_ptr) char *folder = local_livy_folder(livy, job->batch.id);
    int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);

    /* What is left of the group must not write on into the lakehouse. */
    send_signal(job, SIGKILL);
    job->pid = 0;
    job->kill_at = 0;
    give_application(&job->batch);
    local_batch_finish(&job->batch, code, now_ms(livy));
    local_livy_note(livy, &job->batch, "spark-submit ended with code %d: %s", code,
                    job->batch.phase == LOCAL_BATCH_SUCCESS ? "success"
                    : job->batch.phase == LOCAL_BATCH_DEAD  ? job->batch.error_message
                                                            : "killed");
    local_livy_save(livy, &job->batch);
    local_runner_clean(folder);
    pthread_cond_broadcast(&livy->ended);
}

static void watch_job(struct local_livy *livy, struct local_livy_job *job)
{
    int wait_status;
    bool ended = waitpid(job->pid, &wait_status, WNOHANG) == job->pid;

    look_at_status(livy, job);
    if (ended)
        end_job(livy, job, wait_status);
    else if (job->kill_at && livy->clock->monotonic_ms(livy->clock) >= job->kill_at)
        send_signal(job, SIGKILL);
}

static size_t watch_all(struct local_livy *livy)
{
    size_t alive = 0;

    for (size_t i = 0; i < livy->job_count; i++) {
        if (livy->jobs[i]->pid == 0)
            continue;
        watch_job(livy, livy->jobs[i]);
        alive += livy->jobs[i]->pid != 0;
    }
    return alive;
}

static void wait_for_work(struct local_livy *livy, bool tick)
{
    struct timespec until;

    if (!tick) {
        pthread_cond_wait(&livy->wake, &livy->lock);
        return;
    }
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += TICK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&livy->wake, &livy->lock, &until);
}

static void seed(struct local_livy *livy)
{
    struct local_livy_options options = {.onelake_root = livy->runner.onelake_root,
                                         .records_folder = livy->records_folder,
                                         .spark_home = livy->runner.spark_home,
                                         .java_home = livy->runner.java_home,
                                         .python = livy->runner.python,
                                         .seed_file = livy->seed_file,
                                         .clock = livy->clock,
                                         .demo = livy->runner.place};
    struct lk_error err = LK_ERROR_INIT;

    if (local_livy_seed(&options, NULL, NULL, livy->stop, &err))
        lk_log(LK_LOG_WARN, "the demo table was not made: %s", err.message);
}

/* A copy that lives as long as the service. */
static const char *hold(struct local_livy *livy, const char *text)
{
    if (!text)
        return NULL;
    return livy->texts[livy->text_count++] = lk_str_dup(lk_str_from(text));
}

/* Without it abfss:// paths in payloads fail, all else works: so a warning is enough. */
static void set_up_abfss(struct local_livy *livy)
{
    const struct local_livy_abfss *abfss = &livy->runner.abfss;
    LK_CLEANUP(lk_free_ptr) char *path = lk_path_join(livy->records_folder, LK_STR("trust.p12"));
    struct lk_error err = LK_ERROR_INIT;

    if (!abfss->endpoint || !abfss->token_url || !abfss->client_id || !abfss->client_secret ||
        !abfss->ca_file)
        return;
    if (local_runner_make_trust_store(&livy->runner, path, &err))
        lk_log(LK_LOG_WARN, "abfss:// paths inside payloads will not work: %s", err.message);
    else
        livy->runner.trust_store = hold(livy, path);
}

/* What needs Spark, as soon as there is one: it may be installed while the service runs. Starts
 * JVMs, without the lock: on this thread they keep nobody waiting, and only it reads the results.
 */
static void prepare(struct local_livy *livy)
{
    livy->seeding = livy->wants_seed;
    pthread_mutex_unlock(&livy->lock);
    livy->prepared = local_runner_check(&livy->runner, NULL) == LK_OK;
    if (livy->prepared)
        set_up_abfss(livy);
    if (livy->prepared && livy->seeding)
        seed(livy);
    pthread_mutex_lock(&livy->lock);
    livy->seeding = false;
}

static void *run(void *arg)
{
    struct local_livy *livy = arg;

    pthread_mutex_lock(&livy->lock);
    prepare(livy);
    for (;;) {
        size_t alive = watch_all(livy);

        if (livy->stopping && alive == 0)
            break;
        if (!livy->prepared && local_livy_count(livy, LOCAL_BATCH_QUEUED, LOCAL_BATCH_QUEUED))
            prepare(livy);
        start_waiting(livy);
        local_livy_prune(livy);
        alive = local_livy_count(livy, LOCAL_BATCH_PACKAGING, LOCAL_BATCH_RUNNING);
        wait_for_work(livy, alive > 0);
    }
    pthread_mutex_unlock(&livy->lock);
    return NULL;
}

bool local_livy_is_busy(struct local_livy *livy)
{
    bool busy;

    pthread_mutex_lock(&livy->lock);
    busy = livy->seeding || local_livy_count(livy, LOCAL_BATCH_QUEUED, LOCAL_BATCH_RUNNING) > 0;
    pthread_mutex_unlock(&livy->lock);
    return busy;
}

static void hold_runner(struct local_livy *livy, const struct local_livy_options *options)
{
    struct local_runner_options *to = &livy->runner;

    to->onelake_root = hold(livy, options->onelake_root);
    to->spark_home = hold(livy, options->spark_home);
    to->java_home = hold(livy, options->java_home);
    to->python = hold(livy, options->python);
    to->runner_file = hold(livy, options->runner_file);
    to->place.workspace_id = hold(livy, options->demo.workspace_id);
    to->place.workspace_name = hold(livy, options->demo.workspace_name);
    to->place.lakehouse_id = hold(livy, options->demo.lakehouse_id);
    to->place.lakehouse_name = hold(livy, options->demo.lakehouse_name);
    to->abfss.endpoint = hold(livy, options->abfss.endpoint);
    to->abfss.token_url = hold(livy, options->abfss.token_url);
    to->abfss.client_id = hold(livy, options->abfss.client_id);
    to->abfss.client_secret = hold(livy, options->abfss.client_secret);
    to->abfss.ca_file = hold(livy, options->abfss.ca_file);
}

static int or_default(int value, int fallback)
{
    return value > 0 ? value : fallback;
}

/* After the runner: the lakehouse's Files are the first folder. */
static enum lk_status hold_limits(struct local_livy *livy, const struct local_livy_limits *limits,
                                  struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *lakehouse = local_runner_lakehouse(&livy->runner);
    LK_CLEANUP(lk_free_ptr) char *files = lk_path_join(lakehouse, LK_STR("Files"));
    size_t count = 0;

    livy->limits = *limits;
    livy->limits.at_once = or_default(limits->at_once, AT_ONCE);
    livy->limits.waiting = or_default(limits->waiting, WAITING);
    livy->limits.kept = or_default(limits->kept, KEPT);
    if (!limits->retain_ms)
        livy->limits.retain_ms = RETAIN_MS;
    livy->limits.apache_version = NULL; /* the caller's, as is the list of folders */
    livy->limits.folders = NULL;
    livy->apache = local_livy_edition(limits->apache_version);
    if (!livy->apache)
        return lk_error_set(err, LK_INVALID, "UnknownVersion",
                            "Apache Livy %s is not known here; 0.9.0 and 0.7.1 are.",
                            limits->apache_version);
    livy->folders[count++] = hold(livy, files);
    for (size_t i = 0; limits->folders && limits->folders[i]; i++) {
        if (count == LOCAL_LIVY_FOLDERS_MAX)
            return lk_error_set(err, LK_LIMIT, "TooManyFolders",
                                "At most %d folders may hold payloads.",
                                LOCAL_LIVY_FOLDERS_MAX - 1);
        livy->folders[count++] = hold(livy, limits->folders[i]);
    }
    return LK_OK;
}

static void free_fields(struct local_livy *livy)
{
    for (size_t i = 0; i < livy->job_count; i++) {
        local_batch_done(&livy->jobs[i]->batch);
        free(livy->jobs[i]);
    }
    free(livy->jobs);
    for (size_t i = 0; i < livy->text_count; i++)
        free(livy->texts[i]);
    free(livy->issuer);
    free(livy->records_folder);
    free(livy->seed_file);
    lk_cancel_free(livy->stop);
    pthread_cond_destroy(&livy->wake);
    pthread_cond_destroy(&livy->ended);
    pthread_mutex_destroy(&livy->lock);
    free(livy);
}

enum lk_status local_livy_new(const struct local_livy_options *options, struct local_livy **ret,
                              struct lk_error *err)
{
    struct local_livy *livy = lk_alloc(sizeof *livy);
    enum lk_status st;

    memset(livy, 0, sizeof *livy);
    livy->key = options->key;
    livy->clock = options->clock;
    livy->issuer = lk_str_dup(lk_str_from(options->issuer));
    livy->records_folder = lk_str_dup(lk_str_from(options->records_folder));
    livy->seed_file = lk_str_dup(lk_str_from(options->seed_file));
    livy->stop = lk_cancel_new();
    livy->basic_user = hold(livy, options->basic_user);
    livy->basic_password = options->basic_password;
    pthread_mutex_init(&livy->lock, NULL);
    pthread_cond_init(&livy->wake, NULL);
    pthread_cond_init(&livy->ended, NULL);
    hold_runner(livy, options);
    st = hold_limits(livy, &options->limits, err);
    if (!st)
        st = lk_file_make_folders(livy->records_folder, 0700, err);
    if (!st)
        st = local_livy_load_all(livy, err);
    if (st) {
        free_fields(livy);
        return st;
    }
    livy->seeding = livy->wants_seed = options->seed && !local_livy_is_seeded(options);
    if (pthread_create(&livy->thread, NULL, run, livy) != 0) {
        free_fields(livy);
        return lk_error_set(err, LK_IO, "NoThread", "The Livy service's thread cannot be started.");
    }
    *ret = livy;
    return LK_OK;
}

void local_livy_free(struct local_livy *livy)
{
    if (!livy)
        return;
    lk_cancel_set(livy->stop);
    pthread_mutex_lock(&livy->lock);
    livy->stopping = true;
    for (size_t i = 0; i < livy->job_count; i++)
        local_livy_cancel(livy, livy->jobs[i], "livy-local was stopped");
    pthread_cond_signal(&livy->wake);
    pthread_mutex_unlock(&livy->lock);
    pthread_join(livy->thread, NULL);
    free_fields(livy);
}
