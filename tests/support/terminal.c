#include "support/terminal.h"

#include "base/process.h"
#include "base/secret.h"
#include "support/assert.h"
#include "support/temp_folder.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

enum { OUTPUT_MAX = 4 << 20, RUN_TIMEOUT_MS = 120000, CELLS_MAX = 14 };

struct terminal *terminal_new(struct local_service *service)
{
    struct terminal *terminal = calloc(1, sizeof *terminal);

    assert_non_null(terminal);
    lk_secret_setup();
    terminal->service = service;
    terminal->folder = temp_folder_new();
    terminal->secret = local_service_secret(service);
    local_service_introduce(service, terminal->folder, 0, 0, 0);
    lk_buf_init(&terminal->out, OUTPUT_MAX);
    lk_buf_init(&terminal->errout, OUTPUT_MAX);
    return terminal;
}

void terminal_free(struct terminal *terminal)
{
    if (terminal->running)
        terminal_kill(terminal);
    temp_folder_free(terminal->folder);
    free(terminal->secret);
    lk_buf_done(&terminal->out);
    lk_buf_done(&terminal->errout);
    free(terminal);
}

static char *variable(const char *name, const char *value)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);

    lk_buf_printf(&text, "%s=%s", name, value);
    return lk_buf_take(&text);
}

static void with_spec(struct terminal *terminal, const char *const *cells,
                      void (*use)(struct terminal *terminal, const struct lk_process_spec *spec))
{
    LK_CLEANUP(lk_free_ptr) char *home = variable("HOME", terminal->folder);
    LK_CLEANUP(lk_free_ptr) char *state = variable("XDG_STATE_HOME", terminal->folder);
    LK_CLEANUP(lk_free_ptr) char *secret = variable("LK_TEST_SECRET", terminal->secret);
    const char *argv[CELLS_MAX + 3] = {LK_TEST_BIN "/livy-kernel", "run"};
    /* Whatever the person running the tests has set up. */
    const char *env[] = {home,
                         state,
                         secret,
                         "XDG_CONFIG_HOME=",
                         "LIVY_KERNEL_ENDPOINT=",
                         "AZURE_TENANT_ID=elsewhere",
                         "AZURE_CLIENT_ID=",
                         "AZURE_CLIENT_CERTIFICATE_PATH=",
                         NULL};
    size_t count = 0;

    for (; cells[count]; count++) {
        assert_true(count < CELLS_MAX);
        argv[count + 2] = cells[count];
    }
    use(terminal, &(struct lk_process_spec){
                      .argv = argv, .env = env, .cwd = terminal->folder, .die_with_parent = true});
}

static void run_to_end(struct terminal *terminal, const struct lk_process_spec *spec)
{
    struct lk_error err = LK_ERROR_INIT;

    lk_buf_clear(&terminal->out);
    lk_buf_clear(&terminal->errout);
    assert_lk_ok(lk_process_run(spec, LK_STR_EMPTY, RUN_TIMEOUT_MS, NULL, &terminal->out,
                                &terminal->errout, &terminal->exit_code, &err),
                 &err);
}

void terminal_run(struct terminal *terminal, const char *const *cells)
{
    with_spec(terminal, cells, run_to_end);
}

static void start_only(struct terminal *terminal, const struct lk_process_spec *spec)
{
    struct lk_error err = LK_ERROR_INIT;

    assert_int_equal(terminal->running, 0);
    assert_lk_ok(lk_process_start(spec, &terminal->running, &err), &err);
}

void terminal_start(struct terminal *terminal, const char *const *cells)
{
    with_spec(terminal, cells, start_only);
}

void terminal_kill(struct terminal *terminal)
{
    int status = 0;

    assert_true(terminal->running > 0);
    kill(terminal->running, SIGKILL);
    assert_int_equal(waitpid(terminal->running, &status, 0), terminal->running);
    terminal->running = 0;
    terminal->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void terminal_assert_exit(const struct terminal *terminal, int code)
{
    struct lk_str said = lk_buf_view(&terminal->errout);

    /* What went wrong stands at its end. */
    if (terminal->exit_code != code)
        fail_msg("exit code %d: %.*s", terminal->exit_code,
                 LK_STR_ARGS(lk_str_slice(said, said.len > 700 ? said.len - 700 : 0, said.len)));
}
