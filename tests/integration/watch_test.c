/* Watching and cancelling from a terminal, in one process after another. */
#include "base/file.h"
#include "support/assert.h"
#include "support/relay.h"
#include "support/temp_folder.h"
#include "support/terminal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* A person's computer, and the service behind a wire. */
struct world {
    struct terminal *terminal;
    struct relay *fabric;
};

static const char *const sign_in[] = {"%livy connect local --quiet", TERMINAL_LOGIN, NULL};

#define RUN(world, name, code, ...) TERMINAL_RUN_AS((world)->terminal, name, code, __VA_ARGS__)

static void start_run(const struct world *world, struct terminal_run *run, const char *magic)
{
    terminal_run_start(world->terminal, run, (const char *const[]){magic, NULL});
}

/* ---- a world --------------------------------------------------------------------------------- */

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

/* Another computer of the same person, or the first one. */
static struct terminal *computer(struct local_service *service, const struct relay *fabric)
{
    struct terminal *terminal = terminal_new(service);

    local_service_introduce(service, terminal->folder, 0, relay_port(fabric), 0);
    terminal->first = sign_in;
    return terminal;
}

static int open_world(void **state)
{
    struct local_service *service = *state;
    struct world *world = calloc(1, sizeof *world);

    world->fabric = relay_new(local_service_port(service, "fabric"));
    world->terminal = computer(service, world->fabric);
    local_service_faults(service, "[]");
    RUN(world, run, 0, "%%payload ok.py --quiet\nprint(1)", "%%payload fail.py --quiet\nprint(1)",
        "%%payload sleep.py --quiet\nprint(1)");
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    struct local_service *service = world->terminal->service;

    local_service_end_sleepers(service);
    terminal_free(world->terminal);
    relay_free(world->fabric);
    free(world);
    *state = service; /* the group's, for the next test */
    return 0;
}

/* ---- several --------------------------------------------------------------------------------- */

static void several_are_watched_in_one_table_and_the_code_tells_how_they_ended(void **state)
{
    struct world *world = *state;
    RUN(world, submit, 0, "%batch submit ok.py --name one", "%batch submit ok.py --name two",
        "%batch submit ok.py --name three", "%batch submit ok.py --name four",
        "%batch submit fail.py --name bad");
    RUN(world, good, 0, "%batch monitor one two three four");
    RUN(world, bad, 3, "%batch monitor one two three four bad");
    const json_t *value = terminal_run_value(&bad);

    assert_str(lk_json_get_str(terminal_run_value(&good), "kind"), "batch.watch");
    assert_int_equal(json_integer_value(json_object_get(terminal_run_value(&good), "succeeded")),
                     4);
    assert_int_equal(json_array_size(json_object_get(value, "batches")), 5);
    assert_int_equal(json_integer_value(json_object_get(value, "failed")), 1);
    assert_contains(bad.errors, "1 of 5 batches did not succeed; the first: batch 'bad' failed");
    assert_contains(bad.errors, "\nbroken\n"); /* the end of its log */
}

static void what_goes_on_is_found_by_all(void **state)
{
    struct world *world = *state;
    RUN(world, submit, 0, "%batch submit ok.py --name ended", "%batch monitor ended",
        "%batch submit sleep.py --name s1", "%batch submit sleep.py --name s2");
    RUN(world, watch, 4, "%batch monitor --all --timeout 3s");
    RUN(world, cancel, 0, "%batch cancel --all");
    RUN(world, none, 0, "%batch monitor --all");

    assert_contains(watch.errors, "2 batches: ");
    assert_contains(watch.errors, "2 of 2 batches did not end in time");
    assert_int_equal(json_integer_value(json_object_get(terminal_run_value(&cancel), "cancelled")),
                     2);
    assert_int_equal(json_integer_value(json_object_get(terminal_run_value(&none), "count")), 0);
}

static void a_cancel_tells_what_became_of_each(void **state)
{
    struct world *world = *state;
    RUN(world, submit, 0, "%batch submit sleep.py --name going", "%batch submit ok.py --name over",
        "%batch monitor over");
    RUN(world, cancel, 0, "%batch cancel going over");
    RUN(world, again, 0, "%batch cancel going");
    RUN(world, watch, 3, "%batch monitor going over");
    const json_t *batches = json_object_get(terminal_run_value(&cancel), "batches");

    assert_str(lk_json_get_str(json_array_get(batches, 0), "cancel"), "cancelled");
    assert_str(lk_json_get_str(json_array_get(batches, 1), "cancel"),
               "had ended already: nothing was cancelled");
    assert_str(lk_json_get_str(json_array_get(batches, 1), "outcome"), "succeeded");
    assert_true(json_is_true(json_object_get(terminal_run_value(&again), "already_ended")));
    assert_contains(watch.errors, "was cancelled");
}

/* On one computer it is found by the journal, on another by what the service says. */
static void a_watch_is_left_and_taken_up_elsewhere(void **state)
{
    struct world *world = *state;
    struct terminal *other = computer(world->terminal->service, world->fabric);
    RUN(world, submit, 0, "%batch submit sleep.py --name long");
    const char *id = json_string_value(json_object_get(terminal_run_value(&submit), "id"));
    LK_CLEANUP(terminal_run_done) struct terminal_run first, second, third;
    char by_id[128];

    snprintf(by_id, sizeof by_id, "%%batch monitor %s", id);
    start_run(world, &first, "%batch monitor");
    terminal_run_await(&first, "running");
    assert_int_equal(kill(first.pid, SIGINT), 0);
    terminal_run_end(&first);
    terminal_run_expect(&first, 130);
    assert_contains(first.errors, "The batch goes on.");

    start_run(world, &second, by_id);
    terminal_run_start(other, &third, (const char *const[]){"%batch monitor long", NULL});
    terminal_run_await(&second, "running");
    terminal_run_await(&third, "running");
    local_service_end_sleepers(world->terminal->service);
    terminal_run_end(&second);
    terminal_run_end(&third);
    terminal_run_expect(&second, 3);
    terminal_run_expect(&third, 3);
    assert_str(lk_json_get_str(terminal_run_value(&third), "id"), id);
    terminal_free(other);
}

/* ---- trouble --------------------------------------------------------------------------------- */

static void throttling_and_garbage_are_waited_through(void **state)
{
    struct world *world = *state;
    RUN(world, submit, 0, "%batch submit ok.py --name patient");
    local_service_faults(
        world->terminal->service,
        "[{\"service\":\"livy\",\"method\":\"GET\",\"path_contains\":\"/batches/\",\"times\":1,"
        "\"status\":429,\"headers\":{\"Retry-After\":\"1\"},\"body\":\"\"},"
        "{\"service\":\"livy\",\"method\":\"GET\",\"path_contains\":\"/batches/\",\"times\":1,"
        "\"status\":430,\"body\":\"[TooManyRequestsForCapacity] HTTP status code: 430\"},"
        "{\"service\":\"livy\",\"method\":\"GET\",\"path_contains\":\"/batches/\",\"times\":1,"
        "\"status\":200,\"body\":\"<html>\"},"
        "{\"service\":\"livy\",\"method\":\"GET\",\"path_contains\":\"/batches/\",\"times\":1,"
        "\"reset\":\"before\"},"
        "{\"service\":\"livy\",\"method\":\"GET\",\"path_contains\":\"/batches/\",\"times\":1,"
        "\"status\":404,\"body\":\"\"}]");
    RUN(world, watch, 0, "%batch monitor patient");

    assert_contains(watch.errors, "trying again");
    assert_str(lk_json_get_str(terminal_run_value(&watch), "outcome"), "succeeded");
    local_service_faults(world->terminal->service, "[]");
}

static void a_full_capacity_told_in_words_is_a_failure_and_nothing_is_resubmitted(void **state)
{
    struct world *world = *state;
    RUN(world, submit, 0, "%batch submit sleep.py --name refused");
    const char *id = json_string_value(json_object_get(terminal_run_value(&submit), "id"));
    LK_CLEANUP(lk_json_unref) json_t *before = local_service_batches(world->terminal->service);
    LK_CLEANUP(lk_buf_done) struct lk_buf rules = LK_BUF_INIT(4096);

    lk_buf_printf(&rules,
                  "[{\"service\":\"livy\",\"method\":\"GET\",\"path_contains\":\"/batches/\","
                  "\"times\":100,\"status\":200,\"body\":{\"id\":\"%s\",\"name\":\"refused\","
                  "\"state\":\"not_started\",\"errorInfo\":[{\"message\":"
                  "\"[TooManyRequestsForCapacity] Full. HTTP status code: 430\"}]}}]",
                  id);
    local_service_faults(world->terminal->service, lk_buf_cstr(&rules));
    RUN(world, watch, 3, "%batch monitor refused");
    local_service_faults(world->terminal->service, "[]");
    LK_CLEANUP(lk_json_unref) json_t *after = local_service_batches(world->terminal->service);

    assert_contains(watch.errors, "Nothing is submitted again by itself");
    assert_int_equal(json_array_size(before), json_array_size(after));
}

static void a_watch_outlives_a_restart_of_the_server(void **state)
{
    struct world *world = *state;
    RUN(world, submit, 0, "%batch submit sleep.py --name cut");
    LK_CLEANUP(terminal_run_done) struct terminal_run watch;

    start_run(world, &watch, "%batch monitor cut");
    terminal_run_await(&watch, "running");
    local_service_restart(world->terminal->service);
    relay_turn(world->fabric, local_service_port(world->terminal->service, "fabric"));
    terminal_run_end(&watch);
    terminal_run_expect(&watch, 3);
    assert_contains(watch.errors, "batch 'cut' failed");
    assert_str(lk_json_get_str(terminal_run_value(&watch), "outcome"), "failed");
}

/* ---- Apache, whose ids start again --------------------------------------------------------------
 */

/* Straight to the service, as another person's program would. Returns the id. */
static int64_t post(struct local_service *service, const char *payload, const char *name)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    LK_CLEANUP(lk_buf_done) struct lk_buf body = LK_BUF_INIT(4096);
    struct lk_http_request request = {.method = LK_HTTP_POST,
                                      .url = lk_json_get_str(service->state, "apache_endpoint")};
    struct lk_error err = LK_ERROR_INIT;

    lk_buf_printf(&body, "{\"file\":\"file://%s\",\"name\":\"%s\"}", payload, name);
    request.body = lk_buf_view(&body);
    lk_http_request_header(&request, LK_STR("Content-Type"), LK_STR("application/json"));
    lk_http_request_header(&request, LK_STR("X-Requested-By"), LK_STR("test"));
    assert_lk_ok(lk_http_send(service->http, &request, NULL, &reply, &err), &err);
    if (reply.status != 201)
        fail_msg("POST was answered %d: %s", reply.status, lk_buf_cstr(&reply.body));
    assert_lk_ok(lk_json_parse(lk_buf_view(&reply.body), "the answer", &json, &err), &err);
    return json_integer_value(json_object_get(json, "id"));
}

static void after_a_restart_of_apache_the_same_id_is_another_batch(void **state)
{
    static const char *options[] = {"--apache-forgets", "--local-dir", NULL, NULL};
    LK_CLEANUP(terminal_run_done) struct terminal_run watch;
    LK_CLEANUP(lk_free_ptr) char *payloads = temp_folder_new();
    LK_CLEANUP(lk_free_ptr) char *payload = temp_folder_path(payloads, "sleep.py");
    struct local_service *service;
    struct terminal *terminal;
    struct relay *relay;
    char connect[256], ca[512];
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    options[2] = payloads;
    service = local_service_new_with(options);
    relay = relay_new(local_service_port(service, "fabric"));
    terminal = terminal_new(service);
    assert_lk_ok(lk_file_write(payload, 0600, LK_STR("print(1)"), &err), &err);
    snprintf(ca, sizeof ca, "CURL_CA_BUNDLE=%.*s",
             LK_STR_ARGS(lk_json_get_str(service->state, "ca_file")));
    snprintf(connect, sizeof connect,
             "%%livy connect https://localhost:%u/apache --kind apache --auth none --quiet",
             relay_port(relay));
    terminal->env = (const char *const[]){ca, NULL};

    assert_int_equal(post(service, payload, "mine"), 0);
    terminal_run_start(terminal, &watch,
                       (const char *const[]){connect, "%batch monitor mine", NULL});
    terminal_run_await(&watch, "running");
    local_service_restart(service);
    assert_int_equal(post(service, payload, "somebody-elses"), 0);
    relay_turn(relay, local_service_port(service, "fabric"));
    terminal_run_end(&watch);
    terminal_run_expect(&watch, 4);
    assert_contains(watch.errors, "the id 0 is another batch's now ('somebody-elses')");
    assert_contains(watch.errors, "How it ended is unknown");

    local_service_end_sleepers(service);
    terminal_free(terminal);
    relay_free(relay);
    local_service_free(service);
    temp_folder_free(lk_str_dup(lk_str_from(payloads)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(several_are_watched_in_one_table_and_the_code_tells_how_they_ended),
        TEST(what_goes_on_is_found_by_all),
        TEST(a_cancel_tells_what_became_of_each),
        TEST(a_watch_is_left_and_taken_up_elsewhere),
        TEST(throttling_and_garbage_are_waited_through),
        TEST(a_full_capacity_told_in_words_is_a_failure_and_nothing_is_resubmitted),
        TEST(a_watch_outlives_a_restart_of_the_server),
        cmocka_unit_test(after_a_restart_of_apache_the_same_id_is_another_batch),
    };

    return cmocka_run_group_tests(tests, start_service, stop_service);
}
