/* Magics in a terminal, through livy-kernel run against a livy-local whose Spark is a stand-in:
 * what is said on stdout and on stderr. */
#include "base/file.h"
#include "base/process.h"
#include "base/secret.h"
#include "support/assert.h"
#include "support/local_service.h"
#include "support/temp_folder.h"

#include <stdlib.h>

enum { OUTPUT_MAX = 1 << 20, RUN_TIMEOUT_MS = 60000 };

#define CONNECT "%livy connect local"
#define PAYLOAD "%%payload x.py\nprint(1)"

struct world {
    struct local_service *service;
    char *folder; /* of livy-kernel */
    struct lk_buf out, errout;
    int exit_code;
};

static char *variable(const char *name, const char *value)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);

    lk_buf_printf(&text, "%s=%s", name, value);
    return lk_buf_take(&text);
}

/* Runs each text as a cell of one session; the last one is NULL. */
static void run(struct world *world, const char *const *cells)
{
    LK_CLEANUP(lk_free_ptr) char *home = variable("HOME", world->folder);
    LK_CLEANUP(lk_free_ptr) char *state = variable("XDG_STATE_HOME", world->folder);
    const char *argv[16] = {LK_TEST_BIN "/livy-kernel", "run"};
    const char *env[] = {home,
                         state,
                         "XDG_CONFIG_HOME=",
                         "LIVY_KERNEL_ENDPOINT=",
                         "AZURE_TENANT_ID=elsewhere",
                         "AZURE_CLIENT_ID=",
                         "AZURE_CLIENT_CERTIFICATE_PATH=",
                         NULL};
    struct lk_error err = LK_ERROR_INIT;

    for (size_t i = 0; cells[i]; i++)
        argv[i + 2] = cells[i];
    lk_buf_clear(&world->out);
    lk_buf_clear(&world->errout);
    assert_lk_ok(
        lk_process_run(&(struct lk_process_spec){.argv = argv, .env = env, .cwd = world->folder},
                       LK_STR_EMPTY, RUN_TIMEOUT_MS, NULL, &world->out, &world->errout,
                       &world->exit_code, &err),
        &err);
}

#define RUN(world, ...) run(world, (const char *[]){__VA_ARGS__, NULL})

static void assert_ran(const struct world *world)
{
    if (world->exit_code)
        fail_msg("exit code %d: %s", world->exit_code, lk_buf_cstr(&world->errout));
}

static int start(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    lk_secret_setup();
    world->service = local_service_new();
    world->folder = temp_folder_new();
    local_service_introduce(world->service, world->folder, 0, 0, 0);
    lk_buf_init(&world->out, OUTPUT_MAX);
    lk_buf_init(&world->errout, OUTPUT_MAX);
    *state = world;
    return 0;
}

static int stop(void **state)
{
    struct world *world = *state;

    local_service_free(world->service);
    temp_folder_free(world->folder);
    lk_buf_done(&world->out);
    lk_buf_done(&world->errout);
    free(world);
    return 0;
}

static void the_local_service_has_an_application_to_sign_in_with(void **state)
{
    struct world *world = *state;

    RUN(world, CONNECT, "%entra login", "%entra token --for fabric", "%batch list");
    assert_ran(world);
    assert_contains(lk_buf_view(&world->out), "\"flow\":\"certificate\"");
    /* Who names another one means it. */
    RUN(world, CONNECT " --as f",
        "%entra login --tenant 11111111-2222-3333-4444-555555555555 "
        "--certificate {f.demo.certificate}");
    assert_int_equal(world->exit_code, 1);
    assert_contains(lk_buf_view(&world->errout), "SignIn");
    RUN(world, CONNECT, "%batch list");
    assert_contains(lk_buf_view(&world->errout), "Next: %entra login\n");
    /* Nobody else has it. */
    RUN(world, "%entra login");
    assert_int_equal(world->exit_code, 1);
    assert_contains(lk_buf_view(&world->errout), "NoApplication");
}

static void a_dry_run_shows_the_request(void **state)
{
    struct world *world = *state;

    RUN(world, CONNECT, "%entra login", PAYLOAD,
        "%batch submit x.py --name nightly --conf spark.a=b --dry-run");
    assert_ran(world);
    assert_contains(lk_buf_view(&world->errout), "/batches:\n{\n");
    assert_contains(lk_buf_view(&world->errout), "\n  \"name\": \"nightly\"");
    assert_contains(lk_buf_view(&world->errout), "\n    \"spark.a\": \"b\"");
    assert_contains(lk_buf_view(&world->errout), "\n}\nNothing was sent.\n");
}

static void quiet_says_nothing_while_it_works_either(void **state)
{
    struct world *world = *state;

    RUN(world, CONNECT " --quiet", "%entra login --quiet", PAYLOAD, "%batch submit x.py --quiet");
    assert_ran(world);
    RUN(world, CONNECT " --quiet", "%entra login --quiet", "%batch monitor x --quiet --log",
        "%batch log x --quiet");
    assert_ran(world);
    assert_int_equal(world->errout.len + world->out.len, 0);
}

static void a_batch_that_has_ended_is_not_cancelled_and_that_is_said(void **state)
{
    struct world *world = *state;

    RUN(world, CONNECT, "%entra login", PAYLOAD, "%batch submit x.py --wait", "%batch cancel x");
    assert_ran(world);
    assert_contains(lk_buf_view(&world->errout), "had ended already: nothing was cancelled");
    assert_contains(lk_buf_view(&world->out), "\"already_ended\":true");
    assert_contains(lk_buf_view(&world->out), "\"outcome\":\"succeeded\"");
}

/* Its Spark works for two seconds and then makes no table. */
static void a_service_that_makes_its_table_fills_no_log(void **state)
{
    static const char slow[] = "#!/bin/sh\nsleep 2.5\n";
    struct world *world = *state;
    const char *service = world->service->folder;
    LK_CLEANUP(lk_free_ptr) char *home = temp_folder_path(world->folder, "other");
    LK_CLEANUP(lk_free_ptr) char *spark = temp_folder_path(service, "spark");
    LK_CLEANUP(lk_free_ptr) char *java = temp_folder_path(service, "java");
    LK_CLEANUP(lk_free_ptr) char *submit = temp_folder_path(spark, "bin/spark-submit");
    const char *argv[] = {LK_TEST_BIN "/livy-local",
                          "--home",
                          home,
                          "--spark-home",
                          spark,
                          "--java-home",
                          java,
                          "--seed-only",
                          NULL};
    struct lk_error err = LK_ERROR_INIT;
    struct lk_str rest, line;
    size_t lines = 0;

    assert_lk_ok(lk_file_write(submit, 0755, lk_str_from(slow), &err), &err);
    assert_lk_ok(lk_process_run(&(struct lk_process_spec){.argv = argv}, LK_STR_EMPTY,
                                RUN_TIMEOUT_MS, NULL, &world->out, &world->errout,
                                &world->exit_code, &err),
                 &err);
    rest = lk_buf_view(&world->errout);
    while (lk_str_next_line(&rest, &line))
        lines += lk_str_starts(line, LK_STR("making green_tripdata_2022"));
    assert_int_equal(lines, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_local_service_has_an_application_to_sign_in_with),
        TEST(a_dry_run_shows_the_request),
        TEST(quiet_says_nothing_while_it_works_either),
        TEST(a_service_that_makes_its_table_fills_no_log),
        TEST(a_batch_that_has_ended_is_not_cancelled_and_that_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
