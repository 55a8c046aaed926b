/* livy-local restarts while its batches are watched, by a signal or by kill -9: every watch ends,
 * and each end is the right one. LK_TEST_RESTARTS=200 restarts it that often. */
#include "base/clock.h"
#include "fabric/livy_watch_many.h"
#include "support/assert.h"
#include "support/cells.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { RESTARTS = 8, PATIENCE_MS = 60000, BEFORE_MS = 600, DOWN_MS = 300, NAME_SIZE = 32 };

static const char *const kinds[] = {"fabric", "synapse", "hdinsight", "apache"};

/* Of one watch: a payload that ends, one that fails, one that goes on until it is ended. */
static const char *const payloads[] = {"quick.py", "fail.py", "sleep.py"};
enum { WATCHED = 3, SLEEPER = 2 };

struct campaign {
    struct cells *cells;
    int restarts, watches, succeeded, failed, cancelled, gone;
};

static int64_t now_ms(void)
{
    return lk_clock_system()->monotonic_ms(lk_clock_system());
}

static void pause_ms(int64_t ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&pause, NULL);
}

/* ---- the watch, in a thread of its own --------------------------------------------------------
 */

struct watch {
    struct lk_livy *livy;
    struct lk_watch_many many;
    struct lk_cancel *cancel;
    struct lk_error err;
    enum lk_status st;
    atomic_bool over;
    pthread_t thread;
};

static void *follow(void *data)
{
    struct watch *watch = data;

    watch->st = lk_livy_watch_many(watch->livy, &watch->many, 0, NULL, watch->cancel, &watch->err);
    atomic_store(&watch->over, true);
    return NULL;
}

static void submit(struct campaign *c, struct watch *watch, int number, size_t which)
{
    char code[192], name[NAME_SIZE];
    struct lk_watched *watched;

    snprintf(name, sizeof name, "watch%d-%zu", number, which);
    snprintf(code, sizeof code, "%%batch submit " CELLS_FILES "%s --name %s", payloads[which],
             name);
    cells_must(c->cells, code);
    watched = lk_watch_many_add(&watch->many, lk_json_get_str(c->cells->value, "id"));
    assert_non_null(watched);
    lk_watched_accepted(watched, lk_json_get_str(c->cells->value, "service_name"),
                        lk_json_get_str(c->cells->value, "submit_id"));
}

static void begin_watch(struct campaign *c, const char *kind, int number, struct watch *ret)
{
    struct lk_error err = LK_ERROR_INIT;

    memset(ret, 0, sizeof *ret);
    cells_find_again(c->cells);
    cells_connect(c->cells, kind);
    assert_lk_ok(lk_context_livy(c->cells->context, &ret->livy, &err), &err);
    lk_watch_many_init(&ret->many, c->cells->context->endpoint.profile);
    ret->cancel = lk_cancel_new();
    for (size_t i = 0; i < WATCHED; i++)
        submit(c, ret, number, i);
    assert_int_equal(pthread_create(&ret->thread, NULL, follow, ret), 0);
}

static void end_watch(struct watch *watch)
{
    int64_t deadline_ms = now_ms() + PATIENCE_MS;

    while (!atomic_load(&watch->over) && now_ms() < deadline_ms)
        pause_ms(5);
    if (!atomic_load(&watch->over))
        lk_cancel_set(watch->cancel);
    pthread_join(watch->thread, NULL);
    if (watch->st)
        fail_msg("the watch ended as %s: %s", watch->err.code, watch->err.message);
}

static void free_watch(struct watch *watch)
{
    lk_watch_many_done(&watch->many);
    lk_cancel_free(watch->cancel);
}

/* ---- the server -------------------------------------------------------------------------------
 */

static void restart(struct campaign *c)
{
    struct local_service *service = c->cells->service;

    local_service_end(service, draw(1) ? SIGKILL : SIGTERM);
    pause_ms(draw(DOWN_MS));
    local_service_start_again(service);
    relay_turn(c->cells->livy, local_service_port(service, "fabric"));
    local_service_end_sleepers(service);
    c->restarts++;
}

/* What the service has on disk of that batch; empty when nothing. */
static struct lk_str phase_of(const json_t *batches, const char *kind, int number, size_t which)
{
    char name[NAME_SIZE];
    const json_t *batch;
    size_t i;

    snprintf(name, sizeof name, "watch%d-%zu", number, which);
    json_array_foreach((json_t *)batches, i, batch)
    {
        struct lk_str whole = lk_json_get_str(json_object_get(batch, "request"), "name");
        if (lk_str_eq(lk_json_get_str(batch, "face"), lk_str_from(kind)) &&
            lk_str_starts(whole, lk_str_from(name)))
            return lk_json_get_str(batch, "phase");
    }
    return LK_STR_EMPTY;
}

static void judge(struct campaign *c, const struct watch *watch, const char *kind, int number)
{
    LK_CLEANUP(lk_json_unref) json_t *batches = local_service_batches(c->cells->service);

    for (size_t i = 0; i < WATCHED; i++) {
        const struct lk_watched *watched = &watch->many.items[i];
        struct lk_str phase = phase_of(batches, kind, number, i);
        bool succeeded = watched->batch.end == LK_BATCH_SUCCEEDED;
        if (watched->verdict != LK_WATCH_ENDED)
            fail_msg("%s, %s: the watch ended without an end (%d): %s", kind, payloads[i],
                     (int)watched->verdict, watched->trouble ? watched->trouble->message : "");
        if (watched->batch.end == LK_BATCH_GOING || !phase.len ||
            succeeded != lk_str_eq(phase, LK_STR("success")))
            fail_msg("%s, %s: %s, says the watch; %.*s, says the service", kind, payloads[i],
                     lk_batch_end_name(watched->batch.end), LK_STR_ARGS(phase));
        c->succeeded += succeeded;
        c->failed += watched->batch.end == LK_BATCH_FAILED;
        c->cancelled += watched->batch.end == LK_BATCH_CANCELLED;
    }
}

static void watch_once(struct campaign *c, const char *kind, int number, int restarts)
{
    struct watch watch;

    begin_watch(c, kind, number, &watch);
    for (int i = 0; i < restarts; i++) {
        pause_ms(draw(BEFORE_MS));
        restart(c);
    }
    end_watch(&watch);
    judge(c, &watch, kind, number);
    free_watch(&watch);
    c->watches++;
}

static void begin(struct local_service *service, struct campaign *ret)
{
    *ret = (struct campaign){.cells = cells_new(service)};
    for (size_t i = 0; i < WATCHED; i++)
        cells_upload(ret->cells, payloads[i]);
}

static void every_watch_ends_as_the_batch_did(void **state)
{
    static const char *const options[] = {"--batches", "4", NULL};
    const int restarts = campaign_size("LK_TEST_RESTARTS", RESTARTS);
    struct local_service *service = local_service_new_with(options);
    struct campaign c;

    (void)state;
    begin(service, &c);
    for (int i = 0; c.restarts < restarts; i++)
        watch_once(&c, kinds[(size_t)i % LK_COUNT(kinds)], i, 1 + (int)draw(1));
    print_message("%d restarts in %d watches of %d: %d succeeded, %d failed, %d cancelled, as the "
                  "service has them\n",
                  c.restarts, c.watches, WATCHED, c.succeeded, c.failed, c.cancelled);
    cells_free(c.cells);
    local_service_free(service);
}

/* ---- a server that forgets ---------------------------------------------------------------------
 */

/* After the restart its numbers begin at 0 again, and soon belong to others. */
static void watch_forgotten(struct campaign *c, struct cells *other, int number)
{
    struct watch watch;
    const struct lk_watched *sleeper;

    begin_watch(c, "apache", number, &watch);
    pause_ms(draw(BEFORE_MS));
    restart(c);
    cells_find_again(other);
    cells_connect(other, "apache");
    for (int i = 0; i <= WATCHED; i++)
        cells_must(other, "%batch submit " CELLS_FILES "quick.py --name another");
    end_watch(&watch);
    sleeper = &watch.many.items[SLEEPER];
    if (sleeper->verdict != LK_WATCH_GONE)
        fail_msg("a batch that was forgotten is told as %s", lk_batch_end_name(sleeper->batch.end));
    for (size_t i = 0; i < WATCHED; i++) {
        const struct lk_watched *watched = &watch.many.items[i];
        c->gone += watched->verdict == LK_WATCH_GONE;
        if (watched->verdict == LK_WATCH_ENDED && i == 1)
            assert_int_equal(watched->batch.end, LK_BATCH_FAILED);
    }
    free_watch(&watch);
    c->watches++;
}

static void a_batch_that_the_server_forgot_is_never_another(void **state)
{
    static const char *const options[] = {"--batches", "4", "--apache-forgets", NULL};
    const int restarts = campaign_size("LK_TEST_RESTARTS", RESTARTS) / 4;
    struct local_service *service = local_service_new_with(options);
    struct cells *other = cells_new(service);
    struct campaign c;

    (void)state;
    begin(service, &c);
    for (int i = 0; c.restarts < restarts; i++)
        watch_forgotten(&c, other, i);
    print_message("%d restarts that forget in %d watches of %d: %d gone, none taken for another\n",
                  c.restarts, c.watches, WATCHED, c.gone);
    cells_free(other);
    cells_free(c.cells);
    local_service_free(service);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_watch_ends_as_the_batch_did),
        cmocka_unit_test(a_batch_that_the_server_forgot_is_never_another),
    };

    if (argc > 1) /* one of them, for whoever looks into it */
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
