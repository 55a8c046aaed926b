/* Magics in a terminal, through livy-kernel run against a livy-local whose Spark is a stand-in:
 * what is said on stdout and on stderr. */
#include "base/file.h"
#include "base/process.h"
#include "support/assert.h"
#include "support/temp_folder.h"
#include "support/terminal.h"

enum { OUTPUT_MAX = 1 << 20, RUN_TIMEOUT_MS = 60000 };

#define CONNECT "%livy connect local"
#define PAYLOAD "%%payload x.py\nprint(1)"

static int start(void **state)
{
    *state = terminal_new(local_service_new());
    return 0;
}

static int stop(void **state)
{
    struct terminal *terminal = *state;
    struct local_service *service = terminal->service;

    terminal_free(terminal);
    local_service_free(service);
    return 0;
}

static void the_local_service_has_an_application_to_sign_in_with(void **state)
{
    struct terminal *terminal = *state;

    TERMINAL_RUN(terminal, CONNECT, "%entra login", "%entra token --for fabric", "%batch list");
    terminal_run_expect(&terminal->last, 0);
    assert_contains(terminal->last.out, "\"flow\":\"certificate\"");
    /* Who names another one means it. */
    TERMINAL_RUN(terminal, CONNECT " --as f",
                 "%entra login --tenant 11111111-2222-3333-4444-555555555555 "
                 "--certificate {f.demo.certificate}");
    terminal_run_expect(&terminal->last, 1);
    assert_contains(terminal->last.errors, "SignIn");
    TERMINAL_RUN(terminal, CONNECT, "%batch list");
    assert_contains(terminal->last.errors, "Next: %entra login\n");
    /* Nobody else has it. */
    TERMINAL_RUN(terminal, "%entra login");
    terminal_run_expect(&terminal->last, 1);
    assert_contains(terminal->last.errors, "NoApplication");
}

static void a_dry_run_shows_the_request(void **state)
{
    struct terminal *terminal = *state;

    TERMINAL_RUN(terminal, CONNECT, "%entra login", PAYLOAD,
                 "%batch submit x.py --name nightly --conf spark.a=b --dry-run");
    terminal_run_expect(&terminal->last, 0);
    assert_contains(terminal->last.errors, "/batches:\n{\n");
    assert_contains(terminal->last.errors, "\n  \"name\": \"nightly\"");
    assert_contains(terminal->last.errors, "\n    \"spark.a\": \"b\"");
    assert_contains(terminal->last.errors, "\n}\nNothing was sent.\n");
}

static void quiet_says_nothing_while_it_works_either(void **state)
{
    struct terminal *terminal = *state;

    TERMINAL_RUN(terminal, CONNECT " --quiet", "%entra login --quiet", PAYLOAD,
                 "%batch submit x.py --quiet");
    terminal_run_expect(&terminal->last, 0);
    TERMINAL_RUN(terminal, CONNECT " --quiet", "%entra login --quiet",
                 "%batch monitor x --quiet --log", "%batch log x --quiet");
    terminal_run_expect(&terminal->last, 0);
    assert_string_equal(terminal->last.errors, "");
    assert_string_equal(terminal->last.out, "");
}

static void a_batch_that_has_ended_is_not_cancelled_and_that_is_said(void **state)
{
    struct terminal *terminal = *state;

    TERMINAL_RUN(terminal, CONNECT, "%entra login", PAYLOAD, "%batch submit x.py --wait",
                 "%batch cancel x");
    terminal_run_expect(&terminal->last, 0);
    assert_contains(terminal->last.errors, "had ended already: nothing was cancelled");
    assert_contains(terminal->last.out, "\"already_ended\":true");
    assert_contains(terminal->last.out, "\"outcome\":\"succeeded\"");
}

/* Its Spark works for two seconds and then makes no table. */
static void a_service_that_makes_its_table_fills_no_log(void **state)
{
    static const char slow[] = "#!/bin/sh\nsleep 2.5\n";
    struct terminal *terminal = *state;
    const char *service = terminal->service->folder;
    LK_CLEANUP(lk_buf_done) struct lk_buf out = LK_BUF_INIT(OUTPUT_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf errors = LK_BUF_INIT(OUTPUT_MAX);
    int code;
    LK_CLEANUP(lk_free_ptr) char *home = temp_folder_path(terminal->folder, "other");
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
                                RUN_TIMEOUT_MS, NULL, &out, &errors, &code, &err),
                 &err);
    rest = lk_buf_view(&errors);
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
