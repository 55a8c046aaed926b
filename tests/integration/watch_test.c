/* Watching and cancelling from a terminal, in one process after another. */
#include "base/clock.h"
#include "base/file.h"
#include "support/assert.h"
#include "support/local_service.h"
#include "support/relay.h"
#include "support/temp_folder.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, OUTPUT_MAX = 4 << 20, CELLS_MAX = 16 };

#define CONNECT "%livy connect local --quiet"
#define SIGN_IN                                                                                    \
    "%entra login --quiet --tenant 6f7a2c1e-4b0d-4c8e-9a35-0d1e2f3a4b5c "                          \
    "--client a1b2c3d4-0e1f-4a2b-8c3d-4e5f60718293 --secret-env LK_TEST_SECRET"

/* A person's computer, and the service behind a wire. */
struct world {
    struct local_service *service; /* borrowed */
    struct relay *fabric;
    char *folder;        /* home: journal, connection */
    const char *connect; /* the first cell; NULL: CONNECT */
    char *ca_file;       /* for a service by its address; NULL: known to %livy connect local */
};

struct run {
    pid_t pid;
    char *out_file, *err_file;
    char *out, *errors; /* once it is over */
    json_t *values;     /* its results, an array */
    int code;           /* exit code, or -signal */
};

static void pause_ms(int64_t ms)
{
    (void)!lk_clock_system()->wait_ms(lk_clock_system(), ms, NULL, NULL);
}

static int64_t now_ms(void)
{
    return lk_clock_system()->monotonic_ms(lk_clock_system());
}

/* ---- a command ------------------------------------------------------------------------------- */

static void become_command(const struct world *world, const struct run *run,
                           const char *const *cells)
{
    LK_CLEANUP(lk_free_ptr) char *secret = local_service_secret(world->service);
    const char *argv[CELLS_MAX + 5] = {"livy-kernel", "run"};
    size_t count = 2;

    argv[count++] = world->connect ? world->connect : CONNECT;
    if (!world->connect)
        argv[count++] = SIGN_IN;
    for (; *cells && count < CELLS_MAX + 4; cells++)
        argv[count++] = *cells;
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    dup2(open(run->out_file, O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
    dup2(open(run->err_file, O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
    if (world->ca_file)
        setenv("CURL_CA_BUNDLE", world->ca_file, 1);
    setenv("HOME", world->folder, 1);
    setenv("XDG_STATE_HOME", world->folder, 1);
    setenv("LK_TEST_SECRET", secret, 1);
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("LIVY_LOCAL_HOME");
    unsetenv("LIVY_KERNEL_ENDPOINT");
    if (chdir(world->folder) == 0)
        execv(LK_TEST_BIN "/livy-kernel", (char *const *)(uintptr_t)argv);
    _exit(127);
}

static void run_start(const struct world *world, struct run *run, const char *const *cells)
{
    static int number;
    char name[64];

    memset(run, 0, sizeof *run);
    snprintf(name, sizeof name, "out-%d", ++number);
    run->out_file = temp_folder_path(world->folder, name);
    snprintf(name, sizeof name, "err-%d", number);
    run->err_file = temp_folder_path(world->folder, name);
    run->pid = fork();
    assert_true(run->pid >= 0);
    if (!run->pid)
        become_command(world, run, cells);
}

static char *read_text(const char *path)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(OUTPUT_MAX);

    if (lk_file_read(path, &text, NULL))
        lk_buf_clear(&text);
    return lk_str_dup(lk_buf_view(&text));
}

static void run_await_text(struct run *run, const char *text)
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

static void run_end(struct run *run)
{
    int64_t deadline = now_ms() + 2 * PATIENCE_MS;
    struct lk_str rest, line;
    int status;

    while (waitpid(run->pid, &status, WNOHANG) == 0) {
        if (now_ms() > deadline) {
            kill(run->pid, SIGKILL);
            fail_msg("livy-kernel run does not end; see %s", run->err_file);
        }
        pause_ms(5);
    }
    run->code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    run->out = read_text(run->out_file);
    run->errors = read_text(run->err_file);
    run->values = json_array();
    rest = lk_str_from(run->out);
    while (lk_str_next_line(&rest, &line)) {
        json_t *value = NULL;
        struct lk_error err = LK_ERROR_INIT;
        assert_lk_ok(lk_json_parse(line, "a result", &value, &err), &err);
        json_array_append_new(run->values, value);
    }
}

static void run_done(struct run *run)
{
    free(run->out_file);
    free(run->err_file);
    free(run->out);
    free(run->errors);
    lk_json_unref(&run->values);
}

static const json_t *last_value(const struct run *run)
{
    size_t count = json_array_size(run->values);

    if (!count)
        fail_msg("no result: %s", run->errors);
    return json_array_get(run->values, count - 1);
}

static void expect_code(const struct run *run, int code)
{
    if (run->code != code)
        fail_msg("exit %d, not %d:\n%s", run->code, code, run->errors);
}

/* Runs the cells, the last one NULL, which must end with that code. */
static void run_cells(const struct world *world, struct run *run, int code, ...)
{
    const char *cells[CELLS_MAX + 1] = {NULL};
    size_t count = 0;
    va_list args;

    va_start(args, code);
    while (count < CELLS_MAX && (cells[count] = va_arg(args, const char *)))
        count++;
    va_end(args);
    run_start(world, run, cells);
    run_end(run);
    expect_code(run, code);
}

#define RUN(world, name, code, ...)                                                                \
    LK_CLEANUP(run_done) struct run name;                                                          \
    run_cells(world, &name, code, __VA_ARGS__, NULL)

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

static void introduce(struct world *world)
{
    local_service_introduce(world->service, world->folder, 0, relay_port(world->fabric), 0);
}

static struct world *other_computer(const struct world *world)
{
    struct world *other = calloc(1, sizeof *other);

    *other = *world;
    other->folder = temp_folder_new();
    introduce(other);
    return other;
}

static int open_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    world->service = *state;
    world->folder = temp_folder_new();
    world->fabric = relay_new(local_service_port(world->service, "fabric"));
    local_service_faults(world->service, "[]");
    introduce(world);
    RUN(world, run, 0, "%%payload ok.py --quiet\nprint(1)", "%%payload fail.py --quiet\nprint(1)",
        "%%payload sleep.py --quiet\nprint(1)");
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    struct local_service *service = world->service;

    local_service_end_sleepers(service);
    relay_free(world->fabric);
    temp_folder_free(world->folder);
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
    const json_t *value = last_value(&bad);

    assert_str(lk_json_get_str(last_value(&good), "kind"), "batch.watch");
    assert_int_equal(json_integer_value(json_object_get(last_value(&good), "succeeded")), 4);
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
    assert_int_equal(json_integer_value(json_object_get(last_value(&cancel), "cancelled")), 2);
    assert_int_equal(json_integer_value(json_object_get(last_value(&none), "count")), 0);
}

static void a_cancel_tells_what_became_of_each(void **state)
{
    struct world *world = *state;
    RUN(world, submit, 0, "%batch submit sleep.py --name going", "%batch submit ok.py --name over",
        "%batch monitor over");
    RUN(world, cancel, 0, "%batch cancel going over");
    RUN(world, again, 0, "%batch cancel going");
    RUN(world, watch, 3, "%batch monitor going over");
    const json_t *batches = json_object_get(last_value(&cancel), "batches");

    assert_str(lk_json_get_str(json_array_get(batches, 0), "cancel"), "cancelled");
    assert_str(lk_json_get_str(json_array_get(batches, 1), "cancel"),
               "had ended already: nothing was cancelled");
    assert_str(lk_json_get_str(json_array_get(batches, 1), "outcome"), "succeeded");
    assert_true(json_is_true(json_object_get(last_value(&again), "already_ended")));
    assert_contains(watch.errors, "was cancelled");
}

/* On one computer it is found by the journal, on another by what the service says. */
static void a_watch_is_left_and_taken_up_elsewhere(void **state)
{
    struct world *world = *state, *other = other_computer(world);
    RUN(world, submit, 0, "%batch submit sleep.py --name long");
    const char *id = json_string_value(json_object_get(last_value(&submit), "id"));
    LK_CLEANUP(run_done) struct run first, second, third;
    char by_id[128];

    snprintf(by_id, sizeof by_id, "%%batch monitor %s", id);
    run_start(world, &first, (const char *const[]){"%batch monitor", NULL});
    run_await_text(&first, "running");
    assert_int_equal(kill(first.pid, SIGINT), 0);
    run_end(&first);
    expect_code(&first, 130);
    assert_contains(first.errors, "The batch goes on.");

    run_start(world, &second, (const char *const[]){by_id, NULL});
    run_start(other, &third, (const char *const[]){"%batch monitor long", NULL});
    run_await_text(&second, "running");
    run_await_text(&third, "running");
    local_service_end_sleepers(world->service);
    run_end(&second);
    run_end(&third);
    expect_code(&second, 3);
    expect_code(&third, 3);
    assert_str(lk_json_get_str(last_value(&third), "id"), id);
    temp_folder_free(other->folder);
    free(other);
}

/* ---- trouble --------------------------------------------------------------------------------- */

static void throttling_and_garbage_are_waited_through(void **state)
{
    struct world *world = *state;
    RUN(world, submit, 0, "%batch submit ok.py --name patient");
    local_service_faults(
        world->service,
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
    assert_str(lk_json_get_str(last_value(&watch), "outcome"), "succeeded");
    local_service_faults(world->service, "[]");
}

static void a_full_capacity_told_in_words_is_a_failure_and_nothing_is_resubmitted(void **state)
{
    struct world *world = *state;
    RUN(world, submit, 0, "%batch submit sleep.py --name refused");
    const char *id = json_string_value(json_object_get(last_value(&submit), "id"));
    LK_CLEANUP(lk_json_unref) json_t *before = local_service_batches(world->service);
    LK_CLEANUP(lk_buf_done) struct lk_buf rules = LK_BUF_INIT(4096);

    lk_buf_printf(&rules,
                  "[{\"service\":\"livy\",\"method\":\"GET\",\"path_contains\":\"/batches/\","
                  "\"times\":100,\"status\":200,\"body\":{\"id\":\"%s\",\"name\":\"refused\","
                  "\"state\":\"not_started\",\"errorInfo\":[{\"message\":"
                  "\"[TooManyRequestsForCapacity] Full. HTTP status code: 430\"}]}}]",
                  id);
    local_service_faults(world->service, lk_buf_cstr(&rules));
    RUN(world, watch, 3, "%batch monitor refused");
    local_service_faults(world->service, "[]");
    LK_CLEANUP(lk_json_unref) json_t *after = local_service_batches(world->service);

    assert_contains(watch.errors, "Nothing is submitted again by itself");
    assert_int_equal(json_array_size(before), json_array_size(after));
}

static void a_watch_outlives_a_restart_of_the_server(void **state)
{
    struct world *world = *state;
    RUN(world, submit, 0, "%batch submit sleep.py --name cut");
    LK_CLEANUP(run_done) struct run watch;

    run_start(world, &watch, (const char *const[]){"%batch monitor cut", NULL});
    run_await_text(&watch, "running");
    local_service_restart(world->service);
    relay_turn(world->fabric, local_service_port(world->service, "fabric"));
    run_end(&watch);
    expect_code(&watch, 3);
    assert_contains(watch.errors, "batch 'cut' failed");
    assert_str(lk_json_get_str(last_value(&watch), "outcome"), "failed");
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
    struct world world = {.folder = temp_folder_new()};
    LK_CLEANUP(run_done) struct run watch;
    LK_CLEANUP(lk_free_ptr) char *payloads = temp_folder_new();
    LK_CLEANUP(lk_free_ptr) char *payload = NULL;
    char connect[256];
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    options[2] = payloads;
    world.service = local_service_new_with(options);
    payload = temp_folder_path(payloads, "sleep.py");
    assert_lk_ok(lk_file_write(payload, 0600, LK_STR("print(1)"), &err), &err);
    world.fabric = relay_new(local_service_port(world.service, "fabric"));
    world.ca_file = lk_str_dup(lk_json_get_str(world.service->state, "ca_file"));
    snprintf(connect, sizeof connect,
             "%%livy connect https://localhost:%u/apache --kind apache --auth none --quiet",
             relay_port(world.fabric));
    world.connect = connect;

    assert_int_equal(post(world.service, payload, "mine"), 0);
    run_start(&world, &watch, (const char *const[]){"%batch monitor mine", NULL});
    run_await_text(&watch, "running");
    local_service_restart(world.service);
    assert_int_equal(post(world.service, payload, "somebody-elses"), 0);
    relay_turn(world.fabric, local_service_port(world.service, "fabric"));
    run_end(&watch);
    expect_code(&watch, 4);
    assert_contains(watch.errors, "the id 0 is another batch's now ('somebody-elses')");
    assert_contains(watch.errors, "How it ended is unknown");

    local_service_end_sleepers(world.service);
    relay_free(world.fabric);
    local_service_free(world.service);
    temp_folder_free(world.folder);
    free(world.ca_file);
    unlink(payload);
    rmdir(payloads);
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
