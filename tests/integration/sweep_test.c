/* Sweeps against livy-local with a stand-in for Spark: every member once, whatever happens to the
 * kernel on the way. */
#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"
#include "support/assert.h"
#include "support/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UPLOAD(name) "%%payload " name "\nprint(1)"
enum { PATIENCE_MS = 20000 };

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

static int open_terminal(void **state)
{
    *state = terminal_new(*state);
    return 0;
}

static int close_terminal(void **state)
{
    struct terminal *terminal = *state;
    struct local_service *service = terminal->service;

    local_service_faults(service, "[]");
    terminal_free(terminal);
    *state = service;
    return 0;
}

static void pause_ms(int64_t ms)
{
    (void)!lk_clock_system()->wait_ms(lk_clock_system(), ms, NULL, NULL);
}

/* How many batches the service holds whose name begins like that; members[i] counts the i-th by
 * "-<i>" at the end of its name. */
static size_t count_batches(const struct terminal *terminal, const char *prefix, int *members,
                            size_t member_count)
{
    LK_CLEANUP(lk_json_unref) json_t *batches = local_service_batches(terminal->service);
    size_t found = 0, i;
    json_t *batch;

    for (size_t at = 0; at < member_count; at++)
        members[at] = 0;
    json_array_foreach(batches, i, batch)
    {
        struct lk_str name = lk_json_get_str(json_object_get(batch, "request"), "name"), rest;
        int64_t member;
        if (!lk_str_starts(name, lk_str_from(prefix)))
            continue;
        found++;
        rest = lk_str_slice(name, lk_str_from(prefix).len + 1, name.len);
        if (member_count && lk_str_to_i64(rest, &member) && member >= 0 &&
            (size_t)member < member_count)
            members[member]++;
    }
    return found;
}

static void wait_for_batches(const struct terminal *terminal, const char *prefix, size_t count)
{
    for (int64_t waited = 0; count_batches(terminal, prefix, NULL, 0) < count; waited += 50) {
        if (waited > PATIENCE_MS)
            fail_msg("%zu batches of %zu", count_batches(terminal, prefix, NULL, 0), count);
        pause_ms(50);
    }
}

static void a_sweep_submits_every_combination_and_watches_them_all(void **state)
{
    struct terminal *terminal = *state;
    const json_t *value;
    int members[6];

    TERMINAL_RUN(terminal, TERMINAL_SIGN_IN, UPLOAD("job.py"),
                 "%batch submit job.py --name whole --each n=0..5 --max-parallel 2");
    terminal_run_expect(&terminal->last, 0);
    assert_int_equal(count_batches(terminal, "whole", members, 6), 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(members[i], 1);
    value = terminal_run_value(&terminal->last);
    assert_str(lk_json_get_str(value, "kind"), "batch.sweep");
    assert_int_equal(json_integer_value(json_object_get(value, "succeeded")), 6);
    assert_contains(terminal->last.errors, "6 members");
    assert_null(strstr(terminal->last.errors, "submitted before"));
    /* The same line again is another run, and says so. */
    TERMINAL_RUN(terminal, TERMINAL_SIGN_IN,
                 "%batch submit Files/job.py --name whole --each n=0..5 --max-parallel 2",
                 "%batch submit Files/job.py --name whole --each n=0..5 --max-parallel 2");
    terminal_run_expect(&terminal->last, 0);
    assert_contains(terminal->last.errors, "This sweep was submitted before, last at 20");
    TERMINAL_RUN(terminal, TERMINAL_SIGN_IN,
                 "%batch submit Files/job.py --each n=0..5 --resume --dry-run");
    terminal_run_expect(&terminal->last, 2);
}

static void failed_members_are_told_and_retried_on_request(void **state)
{
    struct terminal *terminal = *state;

    TERMINAL_RUN(terminal, TERMINAL_SIGN_IN, UPLOAD("fail.py"),
                 "%batch submit fail.py --name failing --each n=0,1");
    terminal_run_expect(&terminal->last, 3);
    assert_contains(terminal->last.errors, "2 of 2 members did not succeed");
    assert_contains(terminal->last.errors, "--retry-failed");
    /* To be resumed is not to be retried. */
    TERMINAL_RUN(terminal, TERMINAL_SIGN_IN, UPLOAD("fail.py"),
                 "%batch submit fail.py --name failing --each n=0,1 --resume");
    terminal_run_expect(&terminal->last, 3);
    assert_int_equal(count_batches(terminal, "failing", NULL, 0), 2);
    TERMINAL_RUN(terminal, TERMINAL_SIGN_IN, UPLOAD("fail.py"),
                 "%batch submit fail.py --name failing --each n=0,1 --resume --retry-failed");
    terminal_run_expect(&terminal->last, 3);
    assert_int_equal(count_batches(terminal, "failing", NULL, 0), 4);
    assert_contains(terminal->last.out, "\"attempts\":2");
}

#define SLEEPING "%batch submit sleep.py --name sleeping --each n=0..4 --max-parallel 2"

static void a_sweep_whose_kernel_was_killed_goes_on_where_it_was(void **state)
{
    struct terminal *terminal = *state;
    struct terminal_run first;
    int members[5];

    terminal_run_start(terminal, &first,
                       (const char *[]){TERMINAL_SIGN_IN, UPLOAD("sleep.py"), SLEEPING, NULL});
    wait_for_batches(terminal, "sleeping", 2);
    pause_ms(1500);
    assert_int_equal(count_batches(terminal, "sleeping", NULL, 0), 2); /* no more at once */
    /* While it lives nobody else may run it. */
    TERMINAL_RUN(terminal, TERMINAL_SIGN_IN, UPLOAD("sleep.py"), SLEEPING " --resume", NULL);
    assert_contains(terminal->last.errors, "SweepAtWork");
    terminal_run_kill(&first);
    terminal_run_done(&first);

    TERMINAL_RUN(terminal, TERMINAL_SIGN_IN, UPLOAD("sleep.py"), SLEEPING, NULL);
    assert_contains(terminal->last.errors, "SweepUnfinished");
    assert_contains(terminal->last.errors, "2 of its 5 members");
    assert_int_equal(count_batches(terminal, "sleeping", NULL, 0), 2);

    TERMINAL_START(terminal, TERMINAL_SIGN_IN, UPLOAD("sleep.py"), SLEEPING " --resume");
    for (size_t done = 2; done < 5; done++) {
        local_service_end_sleepers(terminal->service);
        wait_for_batches(terminal, "sleeping", done + 1);
    }
    terminal_run_kill(&terminal->last);
    local_service_end_sleepers(terminal->service);
    assert_int_equal(count_batches(terminal, "sleeping", members, 5), 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(members[i], 1);
}

/* Kills it at any instant, again and again, until a run gets through. */
static void no_instant_of_a_kill_doubles_or_loses_a_member(void **state)
{
    enum { SWEEPS = 6, MEMBERS = 8, KILLS = 10 };
    struct terminal *terminal = *state;
    int kills = 0, unknown = 0;

    TERMINAL_RUN(terminal, TERMINAL_SIGN_IN, UPLOAD("job.py"));
    terminal_run_expect(&terminal->last, 0);
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        char line[256], resumed[300], again[320], prefix[32];
        int members[MEMBERS];
        snprintf(prefix, sizeof prefix, "kill%d", sweep);
        snprintf(line, sizeof line,
                 "%%batch submit Files/job.py --name %s --each n=0..%d --max-parallel 4", prefix,
                 MEMBERS - 1);
        snprintf(resumed, sizeof resumed, "%s --resume", line);
        snprintf(again, sizeof again, "%s --resume --resubmit", line);
        for (int i = 0; i < KILLS; i++) {
            uint32_t drawn;
            lk_random_bytes(&drawn, sizeof drawn);
            TERMINAL_START(terminal, TERMINAL_SIGN_IN, line, resumed);
            pause_ms(drawn % 1200);
            terminal_run_kill(&terminal->last);
            kills += terminal->last.code == 128 + 9;
        }
        TERMINAL_RUN(terminal, TERMINAL_SIGN_IN, line, NULL);
        if (terminal->last.code)
            TERMINAL_RUN(terminal, TERMINAL_SIGN_IN, resumed, NULL);
        /* One that was killed between its intent and its request stays unknown until the person
         * says that it may be submitted: it is not at the service, but who knows for how long. */
        if (terminal->last.code == 4) {
            assert_true(count_batches(terminal, prefix, members, MEMBERS) < MEMBERS);
            unknown++;
            TERMINAL_RUN(terminal, TERMINAL_SIGN_IN, again, NULL);
        }
        terminal_run_expect(&terminal->last, 0);
        assert_int_equal(count_batches(terminal, prefix, members, MEMBERS), MEMBERS);
        for (size_t i = 0; i < MEMBERS; i++)
            assert_int_equal(members[i], 1);
    }
    print_message("%d of %d runs were killed before their end; %d sweeps had an unknown member\n",
                  kills, SWEEPS * KILLS, unknown);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_terminal, close_terminal)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_sweep_submits_every_combination_and_watches_them_all),
        TEST(failed_members_are_told_and_retried_on_request),
        TEST(a_sweep_whose_kernel_was_killed_goes_on_where_it_was),
        TEST(no_instant_of_a_kill_doubles_or_loses_a_member),
    };
    return cmocka_run_group_tests(tests, start_service, stop_service);
}
