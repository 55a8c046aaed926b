/* How the kernel is interrupted and how it ends (vscode.md §3), as a process. */
#include "base/clock.h"
#include "support/assert.h"
#include "support/raw_client.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* What a person takes for at once, with room for a busy machine and the sanitizers. */
enum { AT_ONCE_MS = 500 };

struct world {
    struct kernel_process *kernel;
    struct raw_client *client;
    char id[RAW_ID_SIZE];
};

static int start_kind(void **state, enum kernel_process_kind kind)
{
    struct world *world = calloc(1, sizeof *world);
    LK_CLEANUP(lk_json_unref) json_t *welcome = NULL;

    world->kernel = kernel_process_new(kind);
    world->client = raw_client_new(world->kernel);
    welcome = raw_receive(world->client, LK_IOPUB, 10000);
    *state = world;
    return welcome ? 0 : -1;
}

static int start(void **state)
{
    return start_kind(state, KERNEL_PROCESS_TCP);
}

static int start_orphan(void **state)
{
    return start_kind(state, KERNEL_PROCESS_ORPHAN);
}

static int stop(void **state)
{
    struct world *world = *state;

    raw_client_free(world->client);
    kernel_process_free(world->kernel);
    free(world);
    return 0;
}

static int64_t now_ms(void)
{
    return lk_clock_system()->monotonic_ms(lk_clock_system());
}

static json_t *run(struct world *world, const char *code)
{
    raw_send_take(world->client, LK_SHELL, "execute_request", json_pack("{s:s}", "code", code),
                  world->id);
    return raw_reply(world->client, LK_SHELL, "execute_reply", world->id);
}

static void assert_well(struct world *world)
{
    LK_CLEANUP(lk_json_unref) json_t *answer = run(world, "%vars");

    assert_str(lk_json_get_str(answer, "status"), "ok");
}

static void interrupt_by_message(struct world *world)
{
    char id[RAW_ID_SIZE];

    raw_send_take(world->client, LK_CONTROL, "interrupt_request", NULL, id);
    json_decref(raw_reply(world->client, LK_CONTROL, "interrupt_reply", id));
}

static void interrupt_by_signal(struct world *world)
{
    assert_int_equal(kill(world->kernel->pid, SIGINT), 0);
}

static void check_interrupt(struct world *world, void (*interrupt)(struct world *world))
{
    LK_CLEANUP(lk_json_unref) json_t *answer = NULL;
    LK_CLEANUP(lk_json_unref) json_t *messages = NULL;
    char id[RAW_ID_SIZE];
    int64_t began;

    raw_start_waiting_cell(world->client, id);
    began = now_ms();
    interrupt(world);
    answer = raw_reply(world->client, LK_SHELL, "execute_reply", id);
    assert_true(now_ms() - began < AT_ONCE_MS);
    assert_str(lk_json_get_str(answer, "status"), "error");
    assert_str(lk_json_get_str(answer, "ename"), "KeyboardInterrupt");
    messages = raw_until_idle(world->client, id);
    assert_str(lk_json_get_str(raw_find(messages, id, "error"), "ename"), "KeyboardInterrupt");
    assert_well(world);
}

static void an_interrupt_ends_the_cell_at_once_and_not_the_next_one(void **state)
{
    for (int i = 0; i < 5; i++)
        check_interrupt(*state, interrupt_by_message);
}

static void the_signal_interrupts_as_well(void **state)
{
    check_interrupt(*state, interrupt_by_signal);
}

static void an_interrupt_while_idle_hits_nothing(void **state)
{
    struct world *world = *state;

    interrupt_by_message(world);
    assert_well(world);
    interrupt_by_signal(world);
    interrupt_by_message(world); /* its answer comes after the signal was seen */
    assert_well(world);
}

static void a_second_interrupt_of_the_same_cell_is_harmless(void **state)
{
    struct world *world = *state;
    LK_CLEANUP(lk_json_unref) json_t *answer = NULL;
    char id[RAW_ID_SIZE];

    raw_start_waiting_cell(world->client, id);
    interrupt_by_message(world);
    interrupt_by_message(world);
    answer = raw_reply(world->client, LK_SHELL, "execute_reply", id);
    assert_str(lk_json_get_str(answer, "ename"), "KeyboardInterrupt");
    assert_well(world);
}

static void control_is_answered_while_a_cell_runs(void **state)
{
    struct world *world = *state;
    char cell[RAW_ID_SIZE], info[RAW_ID_SIZE];
    int64_t began;

    raw_start_waiting_cell(world->client, cell);
    began = now_ms();
    raw_send_take(world->client, LK_CONTROL, "kernel_info_request", NULL, info);
    json_decref(raw_reply(world->client, LK_CONTROL, "kernel_info_reply", info));
    assert_true(raw_heartbeat(world->client));
    assert_true(now_ms() - began < AT_ONCE_MS);
}

static void check_shutdown(struct world *world, enum lk_channel channel, bool restart)
{
    LK_CLEANUP(lk_json_unref) json_t *answer = NULL;
    LK_CLEANUP(lk_json_unref) json_t *messages = NULL;
    LK_CLEANUP(lk_free_ptr) char *errors = NULL;

    raw_send_take(world->client, channel, "shutdown_request",
                  json_pack("{s:b}", "restart", restart), world->id);
    answer = raw_reply(world->client, channel, "shutdown_reply", world->id);
    assert_str(lk_json_get_str(answer, "status"), "ok");
    assert_int_equal(json_is_true(json_object_get(answer, "restart")), restart);
    messages = raw_until_idle(world->client, world->id);
    assert_non_null(raw_find(messages, world->id, "shutdown_reply"));
    assert_int_equal(kernel_process_exit_code(world->kernel), 0);
    errors = kernel_process_stderr(world->kernel);
    assert_string_equal(errors, ""); /* where the sanitizers would speak, too */
}

static void shutdown_is_answered_and_then_done(void **state)
{
    check_shutdown(*state, LK_CONTROL, false);
}

static void a_restart_is_a_shutdown_that_says_so(void **state)
{
    check_shutdown(*state, LK_CONTROL, true);
}

static void shutdown_may_come_on_shell(void **state)
{
    check_shutdown(*state, LK_SHELL, false);
}

static void shutdown_ends_a_running_cell(void **state)
{
    struct world *world = *state;
    LK_CLEANUP(lk_json_unref) json_t *answer = NULL;
    char cell[RAW_ID_SIZE];

    raw_start_waiting_cell(world->client, cell);
    check_shutdown(world, LK_CONTROL, false);
    answer = raw_reply(world->client, LK_SHELL, "execute_reply", cell);
    assert_str(lk_json_get_str(answer, "ename"), "KeyboardInterrupt");
}

static void check_sigterm(struct world *world)
{
    int64_t began = now_ms();

    assert_int_equal(kill(world->kernel->pid, SIGTERM), 0);
    assert_true(kernel_process_ended(world->kernel, 10000));
    /* 0.2 s is the promise; sanitizers and a busy machine get some of it on top. */
    assert_true(now_ms() - began < 1000);
    assert_int_equal(kernel_process_exit_code(world->kernel), 0);
}

static void sigterm_ends_it_at_once(void **state)
{
    check_sigterm(*state);
}

static void sigterm_ends_it_at_once_in_the_middle_of_a_cell(void **state)
{
    struct world *world = *state;

    raw_start_waiting_cell(world->client, world->id);
    check_sigterm(world);
}

static void it_ends_with_its_parent(void **state)
{
    struct world *world = *state;

    assert_false(kernel_process_ended(world->kernel, 0));
    assert_int_equal(kill(world->kernel->launcher, SIGKILL), 0);
    assert_true(kernel_process_ended(world->kernel, 3000));
    world->kernel->pid = 0;
}

static void it_ends_with_its_parent_in_the_middle_of_a_cell(void **state)
{
    struct world *world = *state;

    raw_start_waiting_cell(world->client, world->id);
    it_ends_with_its_parent(state);
}

#define WITH_KERNEL(test)   cmocka_unit_test_setup_teardown(test, start, stop)
#define WITH_LAUNCHER(test) cmocka_unit_test_setup_teardown(test, start_orphan, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KERNEL(an_interrupt_ends_the_cell_at_once_and_not_the_next_one),
        WITH_KERNEL(the_signal_interrupts_as_well),
        WITH_KERNEL(an_interrupt_while_idle_hits_nothing),
        WITH_KERNEL(a_second_interrupt_of_the_same_cell_is_harmless),
        WITH_KERNEL(control_is_answered_while_a_cell_runs),
        WITH_KERNEL(shutdown_is_answered_and_then_done),
        WITH_KERNEL(a_restart_is_a_shutdown_that_says_so),
        WITH_KERNEL(shutdown_may_come_on_shell),
        WITH_KERNEL(shutdown_ends_a_running_cell),
        WITH_KERNEL(sigterm_ends_it_at_once),
        WITH_KERNEL(sigterm_ends_it_at_once_in_the_middle_of_a_cell),
        WITH_LAUNCHER(it_ends_with_its_parent),
        WITH_LAUNCHER(it_ends_with_its_parent_in_the_middle_of_a_cell),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
