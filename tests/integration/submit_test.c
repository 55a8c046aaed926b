/* Submissions of one process, and what the next one makes of them when the first is killed. */
#include "support/assert.h"
#include "support/relay.h"
#include "support/terminal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { HELD_MS = 4000, KILLS = 20 };

#define PAYLOAD                                                                                    \
    "%batch submit abfss://demo@onelake.dfs.fabric.microsoft.com/demo.Lakehouse/Files/quick.py"

struct fixture {
    struct local_service *service;
    struct relay *fabric;
    struct terminal *terminal;
};

static int start(void **state)
{
    static const char *const sign_in[] = {"%livy connect local --quiet", TERMINAL_LOGIN, NULL};
    struct fixture *f = calloc(1, sizeof *f);

    f->service = local_service_new();
    f->fabric = relay_new(local_service_port(f->service, "fabric"));
    f->terminal = terminal_new(f->service);
    f->terminal->first = sign_in;
    local_service_introduce(f->service, f->terminal->folder, 0, relay_port(f->fabric), 0);
    *state = f;
    return 0;
}

static int stop(void **state)
{
    struct fixture *f = *state;

    terminal_free(f->terminal);
    relay_free(f->fabric);
    local_service_free(f->service);
    free(f);
    return 0;
}

#define RUN(f, name, code, magic) TERMINAL_RUN_AS((f)->terminal, name, code, magic)

static const json_t *first_submission(const struct terminal_run *run)
{
    return json_array_get(json_object_get(terminal_run_value(run), "submissions"), 0);
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

    local_service_faults(f->service,
                         "[{\"service\":\"livy\",\"method\":\"POST\",\"reset\":\"after\"},"
                         "{\"service\":\"livy\",\"method\":\"GET\",\"delay_ms\":60000}]");
    TERMINAL_START(f->terminal, PAYLOAD " --name killed");
    local_service_wait_hits(f->service, 2);
    terminal_run_kill(&f->terminal->last);
    terminal_run_expect(&f->terminal->last, 128 + SIGKILL);
    local_service_faults(f->service, "[]");
    assert_int_equal(held(f, "killed"), 1);

    /* The same again is refused and says where the first one is, which settles it. */
    RUN(f, again, 1, PAYLOAD " --name killed");
    assert_int_equal(held(f, "killed"), 1);
    RUN(f, recovered, 0, "%batch recover killed");
    assert_str(lk_json_get_str(first_submission(&recovered), "name"), "killed");
    assert_str(lk_json_get_str(first_submission(&recovered), "outcome"), "accepted");
    RUN(f, history, 0, "%batch history");
    assert_int_equal(json_array_size(json_object_get(terminal_run_value(&history), "submissions")),
                     1);
}

/* Whatever the instant: what the service holds the next process finds, and it is there once. */
static void no_kill_loses_a_batch_or_makes_two(void **state)
{
    struct fixture *f = *state;
    int arrived = 0, recovered = 0;

    for (int i = 0; i < KILLS; i++) {
        char name[32], code[sizeof PAYLOAD + 64], recover[64];
        int is_held;
        (void)snprintf(name, sizeof name, "at%d", i);
        (void)snprintf(code, sizeof code, "%s --name %s", PAYLOAD, name);
        (void)snprintf(recover, sizeof recover, "%%batch recover %s", name);
        /* Through handshake and request, and through handshake and answer. */
        relay_hold(f->fabric, i % 2 ? RELAY_CLIENT : RELAY_SERVER, 300 * (i / 2));
        TERMINAL_START(f->terminal, code);
        (void)!relay_wait_held(f->fabric, HELD_MS);
        terminal_run_kill(&f->terminal->last);
        relay_hold(f->fabric, RELAY_CLIENT, -1);

        is_held = held(f, name);
        TERMINAL_RUN(f->terminal, recover);
        assert_true(is_held == 0 || is_held == 1);
        assert_int_equal(held(f, name), is_held);
        arrived += is_held;
        if (!is_held) {
            /* Nothing at all, when it died before the intent; else it stays unknown. */
            assert_true(f->terminal->last.code == 4 || f->terminal->last.code == 1);
            continue;
        }
        terminal_run_expect(&f->terminal->last, 0);
        assert_str(lk_json_get_str(first_submission(&f->terminal->last), "outcome"), "accepted");
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

    local_service_faults(f->service,
                         "[{\"service\":\"livy\",\"method\":\"POST\",\"delay_ms\":30000}]");
    TERMINAL_START(f->terminal, PAYLOAD " --name slow");
    local_service_wait_hits(f->service, 1);
    RUN(f, meanwhile, 0, "%batch recover slow");
    assert_str(lk_json_get_str(first_submission(&meanwhile), "outcome"), "being submitted");
    terminal_run_kill(&f->terminal->last);
    terminal_run_expect(&f->terminal->last, 128 + SIGKILL);
    RUN(f, afterwards, 4, "%batch recover slow");
    assert_str(lk_json_get_str(first_submission(&afterwards), "outcome"), "unknown");
    local_service_faults(f->service, "[]");

    RUN(f, refused, 4, PAYLOAD " --name slow");
    RUN(f, again, 0, PAYLOAD " --name slow --resubmit");
    assert_true(lk_str_is_guid(lk_json_get_str(terminal_run_value(&again), "resubmit_of")));
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
