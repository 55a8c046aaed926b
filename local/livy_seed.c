/* The demo's table, made once by Spark. */
#include "local/livy.h"

#include "base/file.h"
#include "base/process.h"
#include "base/timefmt.h"
#include "local/livy_service.h"
#include "local/runner.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_MAX_TEXT = 8192, STEP_MS = 1000, LIMIT_MS = 600000 };

struct seeding {
    const struct local_livy_options *options;
    struct local_runner_options runner;
    char *table;  /* Tables/green_tripdata_2022 */
    char *hidden; /* where it grows: Tables/.green_tripdata_2022.<pid> */
    char *folder; /* logs and settings of the run */
};

static char *join(const char *left, const char *right)
{
    return lk_path_join(left, lk_str_from(right));
}

static void seeding_init(const struct local_livy_options *options, struct seeding *ret)
{
    LK_CLEANUP(lk_free_ptr) char *lakehouse = NULL;
    LK_CLEANUP(lk_free_ptr) char *tables = NULL;
    char name[64];

    ret->options = options;
    ret->runner = (struct local_runner_options){.onelake_root = options->onelake_root,
                                                .spark_home = options->spark_home,
                                                .java_home = options->java_home,
                                                .python = options->python,
                                                .place = options->demo};
    lakehouse = local_runner_lakehouse(&ret->runner);
    tables = join(lakehouse, "Tables");
    snprintf(name, sizeof name, ".green_tripdata_2022.%d", (int)getpid());
    ret->table = join(tables, "green_tripdata_2022");
    ret->hidden = join(tables, name);
    ret->folder = join(options->records_folder, "seed");
}

static void seeding_done(struct seeding *seeding)
{
    free(seeding->table);
    free(seeding->hidden);
    free(seeding->folder);
}

static bool is_there(const struct seeding *seeding)
{
    LK_CLEANUP(lk_free_ptr) char *log = join(seeding->table, "_delta_log");
    return lk_file_exists(log);
}

bool local_livy_is_seeded(const struct local_livy_options *options)
{
    LK_CLEANUP(seeding_done) struct seeding seeding;

    seeding_init(options, &seeding);
    return is_there(&seeding);
}

static enum lk_status start(const struct seeding *seeding, pid_t *ret, struct lk_error *err)
{
    LK_CLEANUP(local_runner_plan_done) struct local_runner_plan plan = {.argv = NULL};
    enum lk_status st;

    local_runner_plan_script(&seeding->runner, seeding->options->seed_file, seeding->hidden,
                             seeding->folder, &plan);
    st = lk_file_make_folders(seeding->folder, 0700, err);
    if (!st)
        st = lk_file_make_folders(plan.cwd, 0700, err);
    return st ? st : local_runner_start(&plan, seeding->folder, ret, err);
}

static void stop(pid_t pid)
{
    kill(-pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static enum lk_status fail(const struct seeding *seeding, int wait_status, struct lk_error *err)
{
    int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);

    return lk_error_set(err, LK_FAILED, "SeedFailed",
                        "Spark could not make the demo table (exit code %d); see %s/stderr.", code,
                        seeding->folder);
}

/* Until the process ends, with a line each second. */
static enum lk_status follow(const struct seeding *seeding, pid_t pid,
                             local_livy_progress *progress, void *arg, struct lk_cancel *cancel,
                             struct lk_error *err)
{
    struct lk_clock *clock = seeding->options->clock;
    int64_t begun = clock->monotonic_ms(clock), spent = 0;
    char line[128], text[LK_DURATION_TEXT_MAX];
    int wait_status;

    while (waitpid(pid, &wait_status, WNOHANG) != pid) {
        enum lk_status st = clock->wait_ms(clock, STEP_MS, cancel, err);

        spent = clock->monotonic_ms(clock) - begun;
        if (!st && spent > LIMIT_MS)
            st = lk_error_set(err, LK_TIMEOUT, "SeedTimeout", "Spark took too long.");
        if (st) {
            stop(pid);
            return st;
        }
        lk_duration_text(spent, text);
        snprintf(line, sizeof line, "making green_tripdata_2022 (100,000 synthetic rows): %s",
                 text);
        if (progress)
            progress(arg, line);
    }
    return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0
               ? LK_OK
               : fail(seeding, wait_status, err);
}

static enum lk_status make(const struct seeding *seeding, local_livy_progress *progress, void *arg,
                           struct lk_cancel *cancel, struct lk_error *err)
{
    enum lk_status st;
    pid_t pid;

    local_remove_tree(seeding->hidden);
    st = start(seeding, &pid, err);
    if (st)
        return st;
    st = follow(seeding, pid, progress, arg, cancel, err);
    if (!st && rename(seeding->hidden, seeding->table) != 0 && !is_there(seeding))
        st = lk_error_errno(err, errno, "SeedFailed", "The demo table cannot be put in place");
    local_remove_tree(seeding->hidden);
    local_runner_clean(seeding->folder);
    return st;
}

enum lk_status local_livy_seed(const struct local_livy_options *options,
                               local_livy_progress *progress, void *arg, struct lk_cancel *cancel,
                               struct lk_error *err)
{
    struct seeding seeding;
    enum lk_status st = LK_OK;

    seeding_init(options, &seeding);
    if (!is_there(&seeding)) {
        st = local_runner_check(&seeding.runner, err);
        if (!st)
            st = make(&seeding, progress, arg, cancel, err);
    }
    seeding_done(&seeding);
    return st;
}
