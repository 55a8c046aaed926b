#include "support/terminal.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "base/secret.h"
#include "support/assert.h"
#include "support/temp_folder.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { OUTPUT_MAX = 4 << 20, PATIENCE_MS = 120000, CELLS_MAX = 24, VARIABLES_MAX = 24 };

struct terminal *terminal_new(struct local_service *service)
{
    struct terminal *terminal = calloc(1, sizeof *terminal);

    assert_non_null(terminal);
    lk_secret_setup();
    terminal->service = service;
    terminal->folder = temp_folder_new();
    if (service) {
        terminal->secret = local_service_secret(service);
        local_service_introduce(service, terminal->folder, 0, 0, 0);
    }
    return terminal;
}

void terminal_free(struct terminal *terminal)
{
    terminal_run_done(&terminal->last);
    temp_folder_free(terminal->folder);
    free(terminal->secret);
    free(terminal);
}

/* ---- a run ----------------------------------------------------------------------------------- */

/* Texts put together for one call. */
struct words {
    const char *at[CELLS_MAX > VARIABLES_MAX ? CELLS_MAX : VARIABLES_MAX];
    size_t count;
};

static void add_all(struct words *words, const char *const *more)
{
    for (; more && *more; more++) {
        assert_true(words->count < LK_COUNT(words->at) - 1);
        words->at[words->count++] = *more;
    }
}

static char *variable(const char *name, const char *value)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);

    lk_buf_printf(&text, "%s=%s", name, value ? value : "");
    return lk_buf_take(&text);
}

static char *output_file(const struct terminal *terminal, const char *what)
{
    char name[64];

    (void)snprintf(name, sizeof name, "%s-%d", what, terminal->runs);
    return temp_folder_path(terminal->folder, name);
}

void terminal_run_start(struct terminal *terminal, struct terminal_run *ret,
                        const char *const *cells)
{
    LK_CLEANUP(lk_free_ptr) char *home = variable("HOME", terminal->folder);
    LK_CLEANUP(lk_free_ptr) char *state = variable("XDG_STATE_HOME", terminal->folder);
    LK_CLEANUP(lk_free_ptr) char *cache = variable("XDG_CACHE_HOME", terminal->folder);
    LK_CLEANUP(lk_free_ptr) char *secret = variable("LK_TEST_SECRET", terminal->secret);
    struct words argv = {.at = {LK_TEST_BIN "/livy-kernel", "run"}, .count = 2};
    /* Whatever the person running the tests has set up. */
    struct words env = {.at = {home, state, cache, secret,
                               "XDG_CONFIG_HOME=", "XDG_DATA_HOME=", "LIVY_LOCAL_HOME=",
                               "LIVY_KERNEL_ENDPOINT=", "AZURE_TENANT_ID=elsewhere",
                               "AZURE_CLIENT_ID=", "AZURE_CLIENT_CERTIFICATE_PATH="},
                        .count = 11};
    struct lk_error err = LK_ERROR_INIT;

    add_all(&argv, terminal->first);
    add_all(&argv, cells);
    add_all(&env, terminal->env);
    memset(ret, 0, sizeof *ret);
    terminal->runs++;
    ret->out_file = output_file(terminal, "out");
    ret->err_file = output_file(terminal, "errors");
    assert_lk_ok(lk_process_start(&(struct lk_process_spec){.argv = argv.at,
                                                            .env = env.at,
                                                            .cwd = terminal->folder,
                                                            .output_path = ret->out_file,
                                                            .error_path = ret->err_file,
                                                            .die_with_parent = true},
                                  &ret->pid, &err),
                 &err);
}

static char *read_text(const char *path)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(OUTPUT_MAX);

    if (lk_file_read(path, &text, NULL))
        lk_buf_clear(&text);
    return lk_str_dup(lk_buf_view(&text));
}

static int64_t now_ms(void)
{
    return lk_clock_system()->monotonic_ms(lk_clock_system());
}

static void pause_ms(int64_t ms)
{
    (void)!lk_clock_system()->wait_ms(lk_clock_system(), ms, NULL, NULL);
}

void terminal_run_await(struct terminal_run *run, const char *text)
{
    int64_t deadline = now_ms() + PATIENCE_MS;

    for (;;) {
        LK_CLEANUP(lk_free_ptr) char *errors = read_text(run->err_file);
        if (strstr(errors, text))
            return;
        if (now_ms() > deadline)
            fail_msg("\"%s\" never came in: %s", text, errors);
        pause_ms(10);
    }
}

static void keep_values(struct terminal_run *run)
{
    struct lk_str rest = lk_str_from(run->out), line;

    run->values = json_array();
    while (lk_str_next_line(&rest, &line)) {
        json_t *value = NULL;
        if (lk_json_parse(line, "a result", &value, NULL) == LK_OK)
            json_array_append_new(run->values, value);
    }
}

void terminal_run_end(struct terminal_run *run)
{
    int64_t deadline = now_ms() + PATIENCE_MS;
    int status = 0;

    while (waitpid(run->pid, &status, WNOHANG) == 0) {
        if (now_ms() > deadline) {
            kill(run->pid, SIGKILL);
            fail_msg("livy-kernel run does not end: %s", read_text(run->err_file));
        }
        pause_ms(5);
    }
    run->pid = 0;
    run->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    run->out = read_text(run->out_file);
    run->errors = read_text(run->err_file);
    keep_values(run);
}

void terminal_run_kill(struct terminal_run *run)
{
    assert_true(run->pid > 0);
    kill(run->pid, SIGKILL);
    terminal_run_end(run);
}

void terminal_run_done(struct terminal_run *run)
{
    if (run->pid)
        terminal_run_kill(run);
    free(run->out_file);
    free(run->err_file);
    free(run->out);
    free(run->errors);
    lk_json_unref(&run->values);
    memset(run, 0, sizeof *run);
}

const json_t *terminal_run_value(const struct terminal_run *run)
{
    size_t count = json_array_size(run->values);

    if (!count)
        fail_msg("no result: %s", run->errors);
    return json_array_get(run->values, count - 1);
}

void terminal_run_expect(const struct terminal_run *run, int code)
{
    struct lk_str said = lk_str_from(run->errors);

    /* What went wrong stands at its end. */
    if (run->code != code)
        fail_msg("exit code %d, not %d: %.*s", run->code, code,
                 LK_STR_ARGS(lk_str_slice(said, said.len > 2000 ? said.len - 2000 : 0, said.len)));
}

/* ---- the last run ---------------------------------------------------------------------------- */

void terminal_start(struct terminal *terminal, const char *const *cells)
{
    terminal_run_done(&terminal->last);
    terminal_run_start(terminal, &terminal->last, cells);
}

void terminal_run(struct terminal *terminal, const char *const *cells)
{
    terminal_start(terminal, cells);
    terminal_run_end(&terminal->last);
}
