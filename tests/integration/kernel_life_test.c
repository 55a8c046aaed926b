/* How the kernel is interrupted and how it ends (vscode.md §3), as a process. */
#include "base/clock.h"
#include "support/assert.h"
#include "support/raw_world.h"
#include "support/waits.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* What a person takes for at once, with room for a busy machine and the sanitizers; and what the
 * editor grants (DESIGN §3), by the best of some tries. */
enum { AT_ONCE_MS = 500, GOODBYE_MS = 200, TRIES_MAX = 4, LOOK_MS = 1000 /* the router's */ };

static int64_t now_ms(void)
{
    return lk_clock_system()->monotonic_ms(lk_clock_system());
}

static json_t *run(struct raw_world *life, const char *code)
{
    raw_send_take(life->client, LK_SHELL, "execute_request", json_pack("{s:s}", "code", code),
                  life->id);
    return raw_reply(life->client, LK_SHELL, "execute_reply", life->id);
}

static void assert_well(struct raw_world *life)
{
    LK_CLEANUP(lk_json_unref) json_t *answer = run(life, "%vars");

    assert_str(lk_json_get_str(answer, "status"), "ok");
}

static void interrupt_by_message(struct raw_world *life)
{
    char id[RAW_ID_SIZE];

    raw_send_take(life->client, LK_CONTROL, "interrupt_request", NULL, id);
    json_decref(raw_reply(life->client, LK_CONTROL, "interrupt_reply", id));
}

static void interrupt_by_signal(struct raw_world *life)
{
    assert_int_equal(kill(life->kernel->pid, SIGINT), 0);
}

static void check_interrupt(struct raw_world *life, void (*interrupt)(struct raw_world *life))
{
    LK_CLEANUP(lk_json_unref) json_t *answer = NULL;
    LK_CLEANUP(lk_json_unref) json_t *messages = NULL;
    char id[RAW_ID_SIZE];
    int64_t began;

    raw_start_waiting_cell(life->client, id);
    began = now_ms();
    interrupt(life);
    answer = raw_reply(life->client, LK_SHELL, "execute_reply", id);
    assert_true(now_ms() - began < AT_ONCE_MS);
    assert_str(lk_json_get_str(answer, "status"), "error");
    assert_str(lk_json_get_str(answer, "ename"), "KeyboardInterrupt");
    messages = raw_until_idle(life->client, id);
    assert_str(lk_json_get_str(raw_find(messages, id, "error"), "ename"), "KeyboardInterrupt");
    assert_well(life);
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
    struct raw_world *life = *state;

    interrupt_by_message(life);
    assert_well(life);
    interrupt_by_signal(life);
    interrupt_by_message(life); /* its answer comes after the signal was seen */
    assert_well(life);
}

static void a_second_interrupt_of_the_same_cell_is_harmless(void **state)
{
    struct raw_world *life = *state;
    LK_CLEANUP(lk_json_unref) json_t *answer = NULL;
    char id[RAW_ID_SIZE];

    raw_start_waiting_cell(life->client, id);
    interrupt_by_message(life);
    interrupt_by_message(life);
    answer = raw_reply(life->client, LK_SHELL, "execute_reply", id);
    assert_str(lk_json_get_str(answer, "ename"), "KeyboardInterrupt");
    assert_well(life);
}

static void control_is_answered_while_a_cell_runs(void **state)
{
    struct raw_world *life = *state;
    char cell[RAW_ID_SIZE], info[RAW_ID_SIZE];
    int64_t began;

    raw_start_waiting_cell(life->client, cell);
    began = now_ms();
    raw_send_take(life->client, LK_CONTROL, "kernel_info_request", NULL, info);
    json_decref(raw_reply(life->client, LK_CONTROL, "kernel_info_reply", info));
    assert_true(raw_heartbeat(life->client));
    assert_true(now_ms() - began < AT_ONCE_MS);
}

static void check_shutdown(struct raw_world *life, enum lk_channel channel, bool restart)
{
    LK_CLEANUP(lk_json_unref) json_t *answer = NULL;
    LK_CLEANUP(lk_json_unref) json_t *messages = NULL;
    LK_CLEANUP(lk_free_ptr) char *errors = NULL;

    raw_send_take(life->client, channel, "shutdown_request", json_pack("{s:b}", "restart", restart),
                  life->id);
    answer = raw_reply(life->client, channel, "shutdown_reply", life->id);
    assert_str(lk_json_get_str(answer, "status"), "ok");
    assert_int_equal(json_is_true(json_object_get(answer, "restart")), restart);
    messages = raw_until_idle(life->client, life->id);
    assert_non_null(raw_find(messages, life->id, "shutdown_reply"));
    assert_int_equal(kernel_process_exit_code(life->kernel), 0);
    errors = kernel_process_stderr(life->kernel);
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
    struct raw_world *life = *state;
    LK_CLEANUP(lk_json_unref) json_t *answer = NULL;
    char cell[RAW_ID_SIZE];

    raw_start_waiting_cell(life->client, cell);
    check_shutdown(life, LK_CONTROL, false);
    answer = raw_reply(life->client, LK_SHELL, "execute_reply", cell);
    assert_str(lk_json_get_str(answer, "ename"), "KeyboardInterrupt");
}

/* Nobody reads shell while the executor is in a cell, but the router looks in. */
static void shutdown_on_shell_ends_a_running_cell(void **state)
{
    struct raw_world *life = *state;
    LK_CLEANUP(lk_json_unref) json_t *answer = NULL;
    char cell[RAW_ID_SIZE], waiting[RAW_ID_SIZE];
    int64_t began;

    raw_start_waiting_cell(life->client, cell);
    for (int i = 0; i < 10; i++)
        raw_send_take(life->client, LK_SHELL, "execute_request",
                      json_pack("{s:s}", "code", "%vars"), waiting);
    began = now_ms();
    check_shutdown(life, LK_SHELL, true);
    assert_true(now_ms() - began < LOOK_MS + AT_ONCE_MS);
    answer = raw_reply(life->client, LK_SHELL, "execute_reply", cell);
    assert_str(lk_json_get_str(answer, "ename"), "KeyboardInterrupt");
}

static void connect_on_shell_is_answered_while_a_cell_runs(void **state)
{
    struct raw_world *life = *state;
    LK_CLEANUP(lk_json_unref) json_t *answer = NULL;
    char cell[RAW_ID_SIZE], waiting[RAW_ID_SIZE];

    raw_start_waiting_cell(life->client, cell);
    raw_send_take(life->client, LK_SHELL, "kernel_info_request", NULL, waiting);
    raw_send_take(life->client, LK_SHELL, "connect_request", NULL, life->id);
    json_decref(raw_reply(life->client, LK_SHELL, "connect_reply", life->id));
    interrupt_by_message(life);
    answer = raw_reply(life->client, LK_SHELL, "execute_reply", cell);
    assert_str(lk_json_get_str(answer, "ename"), "KeyboardInterrupt");
    json_decref(raw_reply(life->client, LK_SHELL, "kernel_info_reply", waiting));
}

/* The executor comes upon it while it reads what is to be aborted. */
static void shutdown_behind_a_cell_that_fails_comes_before_those_that_wait(void **state)
{
    struct raw_world *life = *state;
    char cell[RAW_ID_SIZE], waiting[RAW_ID_SIZE], interrupt[RAW_ID_SIZE];

    raw_start_waiting_cell(life->client, cell);
    for (int i = 0; i < 10; i++)
        raw_send_take(life->client, LK_SHELL, "execute_request",
                      json_pack("{s:s}", "code", "%vars"), waiting);
    raw_send_take(life->client, LK_SHELL, "shutdown_request", NULL, life->id);
    raw_send_take(life->client, LK_CONTROL, "interrupt_request", NULL, interrupt);
    json_decref(raw_reply(life->client, LK_SHELL, "shutdown_reply", life->id));
    json_decref(raw_reply(life->client, LK_SHELL, "execute_reply", cell));
    assert_int_equal(kernel_process_exit_code(life->kernel), 0);
}

static void check_sigterm(struct raw_world *life)
{
    int64_t began = now_ms();

    assert_int_equal(kill(life->kernel->pid, SIGTERM), 0);
    assert_true(kernel_process_ended(life->kernel, 10000));
    /* 0.2 s is the promise; sanitizers and a busy machine get some of it on top. */
    assert_true(now_ms() - began < 1000);
    assert_int_equal(kernel_process_exit_code(life->kernel), 0);
}

static void sigterm_ends_it_at_once(void **state)
{
    check_sigterm(*state);
}

static void sigterm_ends_it_at_once_in_the_middle_of_a_cell(void **state)
{
    struct raw_world *life = *state;

    raw_start_waiting_cell(life->client, life->id);
    check_sigterm(life);
}

static void sigint_twice_is_one_interrupt(void **state)
{
    struct raw_world *life = *state;
    LK_CLEANUP(lk_json_unref) json_t *answer = NULL;

    raw_start_waiting_cell(life->client, life->id);
    interrupt_by_signal(life);
    interrupt_by_signal(life);
    answer = raw_reply(life->client, LK_SHELL, "execute_reply", life->id);
    assert_str(lk_json_get_str(answer, "ename"), "KeyboardInterrupt");
    assert_well(life);
}

/* A terminal that is closed. */
static void sighup_is_a_goodbye_too(void **state)
{
    struct raw_world *life = *state;
    int64_t began = now_ms();

    raw_start_waiting_cell(life->client, life->id);
    assert_int_equal(kill(life->kernel->pid, SIGHUP), 0);
    assert_int_equal(kernel_process_exit_code(life->kernel), 0);
    assert_true(now_ms() - began < 10000);
}

/* Before it has said or heard anything; before it listens to signals the signal itself ends it. */
static void sigterm_ends_it_while_it_starts(void **state)
{
    (void)state;
    for (int delay_ms = 0; delay_ms < 100; delay_ms += 10) {
        struct kernel_process *kernel = kernel_process_new(KERNEL_PROCESS_TCP);
        LK_CLEANUP(lk_free_ptr) char *errors = NULL;
        int code;
        (void)poll(NULL, 0, delay_ms);
        assert_int_equal(kill(kernel->pid, SIGTERM), 0);
        code = kernel_process_exit_code(kernel);
        assert_true(code == 0 || code == -SIGTERM);
        errors = kernel_process_stderr(kernel);
        assert_string_equal(errors, "");
        kernel_process_free(kernel);
    }
}

static void it_ends_with_its_parent(void **state)
{
    struct raw_world *life = *state;

    assert_false(kernel_process_ended(life->kernel, 0));
    assert_int_equal(kill(life->kernel->launcher, SIGKILL), 0);
    assert_true(kernel_process_ended(life->kernel, 3000));
    life->kernel->pid = 0;
}

static void it_ends_with_its_parent_in_the_middle_of_a_cell(void **state)
{
    struct raw_world *life = *state;

    raw_start_waiting_cell(life->client, life->id);
    it_ends_with_its_parent(state);
}

/* ---- in the middle of every wait ----------------------------------------------------------------
 */

static int start_service(void **state)
{
    *state = local_service_new();
    return 0;
}

static int stop_service(void **state)
{
    local_service_free(*state);
    return 0;
}

/* A program that is meant to outlive us is the one exception. */
static bool leaves_a_child(const struct wait *wait)
{
    return strcmp(wait->name, "start of livy-local") == 0;
}

/* From SIGTERM to the end of the process. */
static int64_t leave_once(struct local_service *service, const struct wait *wait)
{
    struct world *world = world_new(service, KERNEL_PROCESS_TCP);
    char id[RAW_ID_SIZE];
    int64_t began_ms, took_ms;
    int code;

    wait_begin(world, wait, id);
    began_ms = now_ms();
    assert_int_equal(kill(world->kernel->pid, SIGTERM), 0);
    assert_true(kernel_process_ended(world->kernel, 10000));
    took_ms = now_ms() - began_ms;
    code = kernel_process_exit_code(world->kernel);
    if (code)
        fail_msg("%s: the kernel ended with %d", wait->name, code);
    if (!leaves_a_child(wait) && !world_children_gone(world, AT_ONCE_MS))
        fail_msg("%s: the kernel left a child behind", wait->name);
    json_decref(world_journal(world)); /* whole */
    wait_end(world, wait);
    world_free(world);
    return took_ms;
}

static void leave(struct local_service *service, const struct wait *wait)
{
    int64_t best_ms = INT64_MAX, worst_ms = 0;

    for (int i = 0; i < TRIES_MAX && best_ms >= GOODBYE_MS; i++) {
        int64_t took_ms = leave_once(service, wait);
        best_ms = took_ms < best_ms ? took_ms : best_ms;
        worst_ms = took_ms > worst_ms ? took_ms : worst_ms;
    }
    print_message("SIGTERM: %-32s best %3lld, worst %3lld ms\n", wait->name, (long long)best_ms,
                  (long long)worst_ms);
    if (best_ms >= GOODBYE_MS)
        fail_msg("%s: leaving took %lld ms", wait->name, (long long)best_ms);
}

static void sigterm_ends_it_at_once_whatever_a_cell_waits_for(void **state)
{
    for (size_t i = 0; i < wait_count; i++)
        leave(*state, &waits[i]);
    leave(*state, &wait_for_key);
}

#define WITH_KERNEL(test) cmocka_unit_test_setup_teardown(test, raw_world_start, raw_world_stop)
#define WITH_LAUNCHER(test)                                                                        \
    cmocka_unit_test_setup_teardown(test, raw_world_start_orphan, raw_world_stop)

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
        WITH_KERNEL(shutdown_on_shell_ends_a_running_cell),
        WITH_KERNEL(connect_on_shell_is_answered_while_a_cell_runs),
        WITH_KERNEL(shutdown_behind_a_cell_that_fails_comes_before_those_that_wait),
        WITH_KERNEL(sigterm_ends_it_at_once),
        WITH_KERNEL(sigterm_ends_it_at_once_in_the_middle_of_a_cell),
        WITH_KERNEL(sigint_twice_is_one_interrupt),
        WITH_KERNEL(sighup_is_a_goodbye_too),
        cmocka_unit_test(sigterm_ends_it_while_it_starts),
        WITH_LAUNCHER(it_ends_with_its_parent),
        WITH_LAUNCHER(it_ends_with_its_parent_in_the_middle_of_a_cell),
    };
    const struct CMUnitTest with_service[] = {
        cmocka_unit_test(sigterm_ends_it_at_once_whatever_a_cell_waits_for),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL) +
           cmocka_run_group_tests(with_service, start_service, stop_service);
}
