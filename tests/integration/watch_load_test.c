/* A kernel that watches hundreds of batches of livy-local: what it asks keeps to the service's
 * budget. What it costs is printed, and means something in a build without sanitizers:
 * LK_TEST_BATCHES=500 LK_TEST_WATCH_S=60 (tests/bench/faults does it). */
#include "base/clock.h"
#include "base/file.h"
#include "support/assert.h"
#include "support/cells.h"
#include "support/terminal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BATCHES = 24, WATCH_S = 4, WARM_UP_MS = 2000, STAT_MAX = 4096 };

static const char every_question[] =
    "[{\"service\":\"livy\",\"method\":\"GET\",\"times\":1000000}]";

static int64_t now_ms(void)
{
    return lk_clock_system()->monotonic_ms(lk_clock_system());
}

static void pause_ms(int64_t ms)
{
    (void)!lk_clock_system()->wait_ms(lk_clock_system(), ms, NULL, NULL);
}

/* Of the processor, by a process so far. */
static int64_t used_ms(pid_t pid)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(STAT_MAX);
    char path[64];
    long long user, system;
    const char *rest;
    struct lk_error err = LK_ERROR_INIT;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    assert_lk_ok(lk_file_read(path, &text, &err), &err);
    /* Behind "(name) state" come eleven numbers, and then the two. */
    rest = strrchr(lk_buf_cstr(&text), ')');
    assert_non_null(rest);
    assert_int_equal(
        sscanf(rest + 4, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lld %lld", &user, &system), 2);
    return (user + system) * 1000 / sysconf(_SC_CLK_TCK);
}

static void submit_sleepers(struct cells *cells, const char *kind, int count)
{
    char code[192];

    cells_upload(cells, "sleep.py");
    cells_connect(cells, kind);
    for (int i = 0; i < count; i++) {
        snprintf(code, sizeof code, "%%batch submit " CELLS_FILES "sleep.py --name load%d", i);
        cells_must(cells, code);
    }
}

struct cost {
    int64_t wall_ms, used_ms;
    int requests;
};

static struct cost measure(struct local_service *service, pid_t pid, int64_t wall_ms)
{
    struct cost ret = {.wall_ms = -now_ms(), .used_ms = -used_ms(pid)};

    local_service_faults(service, every_question);
    pause_ms(wall_ms);
    ret.requests = local_service_hits(service);
    ret.used_ms += used_ms(pid);
    ret.wall_ms += now_ms();
    return ret;
}

static void watch_all(const char *kind)
{
    static const char *const options[] = {"--queue", "2000", NULL};
    const int count = campaign_size("LK_TEST_BATCHES", BATCHES);
    const int64_t wall_ms = campaign_size("LK_TEST_WATCH_S", WATCH_S) * INT64_C(1000);
    const struct lk_livy_profile *profile = lk_livy_profile_find(lk_str_from(kind));
    struct local_service *service = local_service_new_with(options);
    struct cells *cells = cells_new(service);
    struct terminal *terminal = terminal_new(service);
    char connect[64];
    struct cost cost;
    int64_t allowed;

    submit_sleepers(cells, kind, count);
    snprintf(connect, sizeof connect, "%%livy connect local --kind %s\n%%entra login", kind);
    TERMINAL_START(terminal, connect, "%batch monitor --all");
    pause_ms(WARM_UP_MS);
    cost = measure(service, terminal->last.pid, wall_ms);
    terminal_run_kill(&terminal->last);
    allowed = profile->request_burst + cost.wall_ms / profile->request_gap_ms + 1;
    print_message("%-9s %4d batches, %3lld s: %5.2f requests/s (allowed %.2f), %.2f %% of a core\n",
                  kind, count, (long long)cost.wall_ms / 1000,
                  1000.0 * cost.requests / (double)cost.wall_ms, 1000.0 / profile->request_gap_ms,
                  100.0 * (double)cost.used_ms / (double)cost.wall_ms);
    assert_int_equal(terminal->last.code, 128 + SIGKILL); /* it was still watching */
    if (cost.requests > allowed)
        fail_msg("%d requests, where %lld are allowed", cost.requests, (long long)allowed);
    terminal_free(terminal);
    cells_free(cells);
    local_service_end_sleepers(service);
    local_service_free(service);
}

static void fabric_is_not_asked_too_much(void **state)
{
    (void)state;
    watch_all("fabric");
}

static void synapse_is_not_asked_too_much(void **state)
{
    (void)state;
    watch_all("synapse");
}

static void hdinsight_is_not_asked_too_much(void **state)
{
    (void)state;
    watch_all("hdinsight");
}

static void apache_is_not_asked_too_much(void **state)
{
    (void)state;
    watch_all("apache");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fabric_is_not_asked_too_much),
        cmocka_unit_test(synapse_is_not_asked_too_much),
        cmocka_unit_test(hdinsight_is_not_asked_too_much),
        cmocka_unit_test(apache_is_not_asked_too_much),
    };

    if (argc > 1) /* one of them, for whoever looks into it */
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
