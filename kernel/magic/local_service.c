#include "magic/local_service.h"

#include "base/file.h"
#include "base/process.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    STATE_MAX = 1 << 16,
    STARTUP_MS = 30000, /* the first start makes keys and certificates */
    LOOK_AGAIN_MS = 50,
};

void lk_local_service_done(struct lk_local_service *service)
{
    lk_json_unref(&service->state);
}

/* A state file outlives a killed service: believe it only while its process lives. */
static bool process_lives(int64_t pid)
{
    return pid > 1 && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

static enum lk_status read_state(const char *path, struct lk_local_service *ret,
                                 struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(STATE_MAX);
    int64_t pid = 0;
    const struct lk_json_field fields[] = {{"pid", LK_JSON_I64, true, 0}};
    enum lk_status st;

    st = lk_file_read(path, &text, err);
    if (!st)
        st = lk_cloud_from_state(lk_buf_view(&text), &ret->cloud, err);
    if (!st)
        st = lk_json_parse(lk_buf_view(&text), path, &ret->state, err);
    if (!st)
        st = lk_json_read(ret->state, path, fields, LK_COUNT(fields), &pid, err);
    if (!st && !process_lives(pid))
        st = lk_error_set(err, LK_NOT_FOUND, "LocalServiceGone", "livy-local is not running");
    if (st)
        lk_json_unref(&ret->state);
    return st;
}

static char *find_program(const struct lk_context *context)
{
    LK_CLEANUP(lk_free_ptr) char *folder = NULL;
    char *beside;

    if (context->options.local_program)
        return lk_str_dup(lk_str_from(context->options.local_program));
    folder = lk_process_own_folder();
    beside = folder ? lk_path_join(folder, LK_STR("livy-local")) : NULL;
    if (beside && lk_file_exists(beside))
        return beside;
    free(beside);
    return lk_str_dup(LK_STR("livy-local")); /* from PATH */
}

static enum lk_status start(struct lk_context *context, const char *log_path, pid_t *ret,
                            struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *program = find_program(context);
    const char *argv[] = {program,          "--home", context->options.local_home,
                          "--idle-timeout", "30m",    NULL};
    const struct lk_process_spec spec = {
        .argv = argv, .output_path = log_path, .error_path = log_path, .own_session = true};
    enum lk_status st;

    st = lk_file_make_folders(context->options.local_home, 0700, err);
    if (st)
        return st;
    st = lk_process_start(&spec, ret, err);
    if (st == LK_NOT_FOUND) {
        lk_error_set(err, st, "NoLocalService", "livy-local is not installed (looked for %s)",
                     program);
        return lk_error_next(err, "./notebooks/demo --no-run in the project's folder installs it.");
    }
    return st;
}

static enum lk_status tell_why_it_ended(const char *log_path, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf words = LK_BUF_INIT(LK_ERROR_STORY_MAX);
    struct lk_error ignored;

    lk_error_set(err, LK_FAILED, "LocalServiceFailed", "livy-local ended while it started");
    if (lk_file_read(log_path, &words, &ignored) == LK_OK)
        lk_error_story(err, lk_buf_view(&words));
    return lk_error_next(err, "Run livy-local in a terminal to see what it says.");
}

static enum lk_status wait_until_ready(struct lk_context *context, const char *state_path,
                                       const char *log_path, pid_t keeper, bool *ret_ended,
                                       struct lk_cancel *cancel, struct lk_local_service *ret,
                                       struct lk_error *err)
{
    struct lk_clock *clock = context->options.clock;
    int64_t deadline = clock->monotonic_ms(clock) + STARTUP_MS;

    while (clock->monotonic_ms(clock) < deadline) {
        enum lk_status st = read_state(state_path, ret, err);
        if (st == LK_OK)
            return LK_OK;
        /* It may leave again because another one holds the home: then its state is there. */
        if (*ret_ended)
            return tell_why_it_ended(log_path, err);
        *ret_ended = waitpid(keeper, NULL, WNOHANG) == keeper;
        st = clock->wait_ms(clock, LOOK_AGAIN_MS, cancel, err);
        if (st)
            return st;
    }
    lk_error_set(err, LK_TIMEOUT, "LocalServiceSlow", "livy-local did not get ready in %d s",
                 STARTUP_MS / 1000);
    return lk_error_next(err, "Run livy-local in a terminal to see what it says.");
}

enum lk_status lk_local_service_get(struct lk_context *context, struct lk_cancel *cancel,
                                    struct lk_local_service *ret, struct lk_error *err)
{
    const char *home = context->options.local_home;
    LK_CLEANUP(lk_free_ptr) char *state_path = lk_path_join(home, LK_STR("state.json"));
    LK_CLEANUP(lk_free_ptr) char *log_path = lk_path_join(home, LK_STR("livy-local.log"));
    bool ended = false;
    enum lk_status st;
    pid_t keeper;

    if (read_state(state_path, ret, err) == LK_OK)
        return LK_OK;
    st = start(context, log_path, &keeper, err);
    if (st)
        return st;
    ret->just_started = true;
    st = wait_until_ready(context, state_path, log_path, keeper, &ended, cancel, ret, err);
    if (!ended)
        lk_process_let_go(keeper);
    return st;
}
