/* Submissions of one process, and what the next one makes of them when the first is killed. */
#include "base/clock.h"
#include "base/file.h"
#include "support/assert.h"
#include "support/local_service.h"
#include "support/relay.h"
#include "support/temp_folder.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_MAX = 1 << 20, HELD_MS = 4000, KILLS = 20 };

#define PAYLOAD                                                                                    \
    "%batch submit abfss://demo@onelake.dfs.fabric.microsoft.com/demo.Lakehouse/Files/quick.py"

struct fixture {
    struct local_service *service;
    struct relay *fabric;
    char *folder, *out, *errors; /* HOME of the programs, and what they write */
};

static int start(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->service = local_service_new();
    f->fabric = relay_new(local_service_port(f->service, "fabric"));
    f->folder = temp_folder_new();
    f->out = temp_folder_path(f->folder, "out");
    f->errors = temp_folder_path(f->folder, "errors");
    local_service_introduce(f->service, f->folder, 0, relay_port(f->fabric), 0);
    *state = f;
    return 0;
}

static int stop(void **state)
{
    struct fixture *f = *state;

    relay_free(f->fabric);
    local_service_free(f->service);
    temp_folder_free(f->folder);
    free(f->out);
    free(f->errors);
    free(f);
    return 0;
}

/* ---- one program ----------------------------------------------------------------------------- */

static void become_program(const struct fixture *f, const char *magic)
{
    LK_CLEANUP(lk_free_ptr) char *secret = local_service_secret(f->service);
    int out = open(f->out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int errors = open(f->errors, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    dup2(out, STDOUT_FILENO);
    dup2(errors, STDERR_FILENO);
    setenv("HOME", f->folder, 1);
    setenv("XDG_STATE_HOME", f->folder, 1);
    setenv("XDG_CACHE_HOME", f->folder, 1);
    setenv("LK_TEST_SECRET", secret, 1);
    execl(LK_TEST_BIN "/livy-kernel", "livy-kernel", "run", "%livy connect local --quiet",
          "%entra login --quiet --tenant 6f7a2c1e-4b0d-4c8e-9a35-0d1e2f3a4b5c --client "
          "a1b2c3d4-0e1f-4a2b-8c3d-4e5f60718293 --secret-env LK_TEST_SECRET",
          magic, (char *)NULL);
    _exit(127);
}

static pid_t begin(const struct fixture *f, const char *magic)
{
    pid_t child = fork();

    assert_true(child >= 0);
    if (!child)
        become_program(f, magic);
    return child;
}

static int end(pid_t child)
{
    int ended;

    assert_int_equal(waitpid(child, &ended, 0), child);
    return WIFEXITED(ended) ? WEXITSTATUS(ended) : -WTERMSIG(ended);
}

/* The last value that it printed, new; NULL for none. */
static json_t *printed(const struct fixture *f)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(OUTPUT_MAX);
    struct lk_str rest, line, last = LK_STR_EMPTY;
    struct lk_error err = LK_ERROR_INIT;
    json_t *json = NULL;

    assert_lk_ok(lk_file_read(f->out, &text, &err), &err);
    rest = lk_buf_view(&text);
    while (lk_str_next_line(&rest, &line))
        last = line;
    if (last.len)
        assert_lk_ok(lk_json_parse(last, "the output", &json, &err), &err);
    return json;
}

static int run(const struct fixture *f, const char *magic, json_t **ret)
{
    int code = end(begin(f, magic));

    if (ret)
        *ret = printed(f);
    if (code != 0 && code != 4) {
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(OUTPUT_MAX);
        (void)!lk_file_read(f->errors, &text, NULL);
        print_message("%s: %d\n%s\n", magic, code, lk_buf_cstr(&text));
    }
    return code;
}

/* How many batches the service holds of that name. */
static int held(const struct fixture *f, const char *name)
{
    LK_CLEANUP(lk_json_unref) json_t *batches = local_service_batches(f->service);
    json_t *batch;
    size_t i;
    int count = 0;

    json_array_foreach(batches, i, batch)
    {
        const json_t *request = json_object_get(batch, "request");
        count += lk_str_eq(lk_json_get_str(request, "name"), lk_str_from(name));
    }
    return count;
}

/* ---- tests ------------------------------------------------------------------------------------
 */

/* Killed while it looks for the batch whose answer was lost: the work is done, and nobody knows. */
static void what_a_killed_process_submitted_the_next_one_finds(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_json_unref) json_t *recovered = NULL;
    LK_CLEANUP(lk_json_unref) json_t *history = NULL;
    const json_t *one;
    pid_t child;

    local_service_faults(f->service,
                         "[{\"service\":\"livy\",\"method\":\"POST\",\"reset\":\"after\"},"
                         "{\"service\":\"livy\",\"method\":\"GET\",\"delay_ms\":60000}]");
    child = begin(f, PAYLOAD " --name killed");
    local_service_wait_hits(f->service, 2);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(end(child), -SIGKILL);
    local_service_faults(f->service, "[]");
    assert_int_equal(held(f, "killed"), 1);

    /* The same again is refused and says where the first one is, which settles it. */
    assert_int_equal(run(f, PAYLOAD " --name killed", NULL), 1);
    assert_int_equal(held(f, "killed"), 1);
    assert_int_equal(run(f, "%batch recover killed", &recovered), 0);
    one = json_array_get(json_object_get(recovered, "submissions"), 0);
    assert_str(lk_json_get_str(one, "name"), "killed");
    assert_str(lk_json_get_str(one, "outcome"), "accepted");
    assert_int_equal(run(f, "%batch history", &history), 0);
    assert_int_equal(json_array_size(json_object_get(history, "submissions")), 1);
}

/* Whatever the instant: what the service holds the next process finds, and it is there once. */
static void no_kill_loses_a_batch_or_makes_two(void **state)
{
    struct fixture *f = *state;
    int arrived = 0, recovered = 0;

    for (int i = 0; i < KILLS; i++) {
        char name[32], code[sizeof PAYLOAD + 64], recover[64];
        LK_CLEANUP(lk_json_unref) json_t *value = NULL;
        const json_t *one;
        int is_held, exit_code;
        pid_t child;
        (void)snprintf(name, sizeof name, "at%d", i);
        (void)snprintf(code, sizeof code, "%s --name %s", PAYLOAD, name);
        (void)snprintf(recover, sizeof recover, "%%batch recover %s", name);
        /* Through handshake and request, and through handshake and answer. */
        relay_hold(f->fabric, i % 2 ? RELAY_CLIENT : RELAY_SERVER, 300 * (i / 2));
        child = begin(f, code);
        (void)!relay_wait_held(f->fabric, HELD_MS);
        (void)kill(child, SIGKILL);
        (void)end(child);
        relay_hold(f->fabric, RELAY_CLIENT, -1);

        is_held = held(f, name);
        exit_code = run(f, recover, &value);
        one = json_array_get(json_object_get(value, "submissions"), 0);
        assert_true(is_held == 0 || is_held == 1);
        assert_int_equal(held(f, name), is_held);
        arrived += is_held;
        if (!is_held) {
            /* Nothing at all, when it died before the intent; else it stays unknown. */
            assert_true(exit_code == 4 || exit_code == 1);
            continue;
        }
        assert_int_equal(exit_code, 0);
        assert_str(lk_json_get_str(one, "outcome"), "accepted");
        recovered++;
    }
    print_message("%d kills: %d batches arrived, %d found again\n", KILLS, arrived, recovered);
    assert_int_equal(arrived, recovered);
    assert_true(arrived > 0 && arrived < KILLS);
}

/* Two at once: what one of them is sending the other does not take for lost. */
static void what_a_living_process_is_sending_is_not_lost(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_json_unref) json_t *value = NULL;
    const json_t *one;
    pid_t child;

    local_service_faults(f->service,
                         "[{\"service\":\"livy\",\"method\":\"POST\",\"delay_ms\":30000}]");
    child = begin(f, PAYLOAD " --name slow");
    local_service_wait_hits(f->service, 1);
    assert_int_equal(run(f, "%batch recover slow", &value), 0);
    one = json_array_get(json_object_get(value, "submissions"), 0);
    assert_str(lk_json_get_str(one, "outcome"), "being submitted");
    lk_json_unref(&value);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(end(child), -SIGKILL);
    assert_int_equal(run(f, "%batch recover slow", &value), 4);
    one = json_array_get(json_object_get(value, "submissions"), 0);
    assert_str(lk_json_get_str(one, "outcome"), "unknown");
    local_service_faults(f->service, "[]");
    lk_json_unref(&value);

    assert_int_equal(run(f, PAYLOAD " --name slow", NULL), 4);
    assert_int_equal(run(f, PAYLOAD " --name slow --resubmit", &value), 0);
    assert_true(lk_str_is_guid(lk_json_get_str(value, "resubmit_of")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(what_a_killed_process_submitted_the_next_one_finds),
        TEST(no_kill_loses_a_batch_or_makes_two),
        TEST(what_a_living_process_is_sending_is_not_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
