#include "magic/local_service.h"

#include "base/file.h"
#include "base/process.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
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
    char here[PATH_MAX];
    /* Where the notebook's own files are, for file: paths. Everything is too much to let in. */
    bool has_folder = getcwd(here, sizeof here) && here[0] == '/' && here[1];
    const char *argv[] = {program,
                          "--home",
                          context->options.local_home,
                          "--idle-timeout",
                          "30m",
                          has_folder ? "--local-dir" : NULL,
                          here,
                          NULL};
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

/* ---- files --------------------------------------------------------------------------------- */

static bool is_about_files(const struct lk_error *err)
{
    struct lk_str message = lk_str_from(err->message);

    return lk_str_eq(lk_str_from(err->code), LK_STR("BadFile")) ||
           lk_str_find(message, LK_STR("cannot be added to user sessions")) < message.len;
}

/* "abfss://…/Files/job.py", as `%lakehouse put job.py Files/` makes it in the demo's lakehouse. */
static enum lk_status put_address(const struct lk_context *context, struct lk_str name,
                                  struct lk_buf *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf relative = LK_BUF_INIT(LK_ONELAKE_PATH_MAX);
    const json_t *demo = lk_context_demo(context);
    struct lk_lakehouse home = {.workspace = ""};
    struct lk_onelake_path path;
    enum lk_status st;

    snprintf(home.workspace, sizeof home.workspace, "%.*s",
             LK_STR_ARGS(lk_json_get_str(demo, "workspace")));
    snprintf(home.item, sizeof home.item, "%.*s", LK_STR_ARGS(lk_json_get_str(demo, "lakehouse")));
    lk_buf_printf(&relative, "Files/%.*s", LK_STR_ARGS(name));
    st = lk_onelake_path_parse(&context->cloud, &home, lk_buf_view(&relative), &path, err);
    if (!st)
        lk_onelake_path_abfss(&context->cloud, &path, ret);
    return st;
}

static void put_folders(const json_t *folders, struct lk_buf *ret)
{
    const json_t *folder;
    size_t i;

    json_array_foreach((json_t *)folders, i, folder)
    {
        struct lk_str path = lk_json_str(folder);
        lk_buf_printf(ret, "%s file://%.*s/", i ? " or" : " It also reads files below",
                      LK_STR_ARGS(lk_str_cut(path, 200)));
    }
    if (i)
        lk_buf_put_char(ret, '.');
}

void lk_local_service_lead(const struct lk_context *context, struct lk_str file,
                           struct lk_error *err)
{
    const json_t *demo = lk_context_demo(context);
    const char *kind = demo ? context->endpoint.profile->kind : "";
    LK_CLEANUP(lk_buf_done) struct lk_buf address = LK_BUF_INIT(2 * LK_ONELAKE_PATH_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf folders = LK_BUF_INIT(LK_ERROR_NEXT_MAX);
    struct lk_str name = lk_str_cut(lk_path_base(file), 100);
    struct lk_error ignored;

    if (!demo || context->endpoint.profile->has_hub || !is_about_files(err))
        return;
    if (!name.len)
        name = LK_STR("job.py");
    if (put_address(context, name, &address, &ignored))
        return;
    if (lk_str_eq(lk_str_from(kind), LK_STR("apache")))
        put_folders(json_object_get(demo, "folders"), &folders);
    lk_error_next(
        err,
        "The service on this machine reads its lakehouse: `%%livy connect local`, `%%entra login`, "
        "`%%lakehouse put %.*s Files/`, `%%livy connect local --kind %s`, `%%batch submit "
        "%s`.%.*s",
        LK_STR_ARGS(name), kind, lk_buf_cstr(&address), LK_STR_ARGS(lk_buf_view(&folders)));
}
