/* Commands that run magics, against no service at all. */
#include "base/file.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "support/assert.h"
#include "support/temp_folder.h"

#include <stdlib.h>
#include <string.h>

#include "captured.h"

#define GUID "11111111-2222-3333-4444-555555555555"

struct fixture {
    char *folder, *state, *config, *local;
    struct lk_context_options context;
    struct lk_cli_options options;
    struct captured seen;
};

static const char *no_variable(const char *name)
{
    (void)name;
    return NULL;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->folder = temp_folder_new();
    f->state = temp_folder_path(f->folder, "state");
    f->config = temp_folder_path(f->folder, "config.json");
    f->local = temp_folder_path(f->folder, "local");
    f->context = (struct lk_context_options){.clock = lk_clock_system(),
                                             .state_folder = f->state,
                                             .config_file = f->config,
                                             .home = f->folder,
                                             .local_home = f->local,
                                             .secret_variable = no_variable,
                                             .no_browser = true};
    f->options =
        (struct lk_cli_options){.context = &f->context, .home = f->folder, .data_home = f->folder};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    capture_done(&f->seen);
    temp_folder_free(f->folder);
    free(f->state);
    free(f->config);
    free(f->local);
    free(f);
    return 0;
}

#define CALL(f, command, input, ...)                                                               \
    call_command(&(f)->seen, &(f)->options, command, input, (const char *[]){__VA_ARGS__})
/* As main() does, by its name. */
#define COMMAND(f, name, ...)                                                                      \
    call_named(&(f)->seen, &(f)->options, name, lk_cli_command, NULL,                              \
               (const char *[]){__VA_ARGS__, NULL})
#define RUN(f, input, ...) CALL(f, lk_cli_run, input, __VA_ARGS__, NULL)

static void each_argument_is_a_cell_and_values_are_lines_of_json(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(RUN(f, NULL, "%set a=1", "%vars {a} --as b", "%vars"), LK_EXIT_FAILED);
    assert_string_equal(lk_buf_cstr(&f->seen.out),
                        "{\"kind\":\"variables\",\"variables\":{\"a\":1}}\n");
    assert_contains(lk_buf_view(&f->seen.errout), "UnknownName: there is no variable '1'");
    assert_contains(lk_buf_view(&f->seen.errout), "Next: %vars");
    assert_int_equal(RUN(f, NULL, "%set a=1", "%set b={a}\n%vars b"), LK_EXIT_OK);
    assert_contains(lk_buf_view(&f->seen.out), "\n{\"kind\":\"variable\",\"value\":1}\n");
    assert_lacks(lk_buf_view(&f->seen.out), "Name");
}

static void quiet_prints_nothing(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(RUN(f, NULL, "%set a=1 --quiet"), LK_EXIT_OK);
    assert_int_equal(f->seen.out.len + f->seen.errout.len, 0);
}

static void a_cell_comes_from_standard_input_with_or_without_a_byte_order_mark(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(RUN(f, "%set a=1\n%vars a\n", "-"), LK_EXIT_OK);
    assert_contains(lk_buf_view(&f->seen.out), "\"value\":1");
    assert_int_equal(RUN(f, "\xEF\xBB\xBF%set a=2\r\n%vars a\r\n", "-"), LK_EXIT_OK);
    assert_contains(lk_buf_view(&f->seen.out), "\"value\":2");
    assert_int_equal(RUN(f, "", "-"), LK_EXIT_OK);
    assert_int_equal(RUN(f, "%set a=\xFF", "-"), LK_EXIT_FAILED);
    assert_contains(lk_buf_view(&f->seen.errout), "InvalidUtf8");
}

static void a_notebook_runs_cell_by_cell_until_one_fails(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_free_ptr) char *path = temp_folder_path(f->folder, "n.ipynb");
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_file_write(path, 0600,
                               LK_STR("{\"cells\": [{\"cell_type\": \"code\", \"source\": "
                                      "[\"# Parameters\\n\", \"a = 7\"]}, {\"cell_type\": "
                                      "\"markdown\", \"source\": \"%vars\"}, {\"cell_type\": "
                                      "\"code\", \"source\": \"%vars a\"}, {\"cell_type\": "
                                      "\"code\", \"source\": \"print(1)\"}, {\"cell_type\": "
                                      "\"code\", \"source\": \"%vars a\"}]}"),
                               &err),
                 &err);
    assert_int_equal(RUN(f, NULL, path), LK_EXIT_FAILED);
    assert_string_equal(lk_buf_cstr(&f->seen.out), "{\"kind\":\"variable\",\"value\":7}\n");
    assert_contains(lk_buf_view(&f->seen.errout), "NoSession");
    assert_int_equal(RUN(f, NULL, "/nonexistent/x.ipynb"), LK_EXIT_FAILED);
    assert_contains(lk_buf_view(&f->seen.errout), "/nonexistent/x.ipynb");
}

static void wrong_arguments_get_the_usage_at_once(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(CALL(f, lk_cli_run, NULL, NULL), LK_EXIT_USAGE);
    assert_int_equal(RUN(f, NULL, "--nonsense"), LK_EXIT_USAGE);
    assert_int_equal(RUN(f, NULL, "-I", "script.py"), LK_EXIT_USAGE);
    assert_contains(lk_buf_view(&f->seen.errout), "usage:");
    assert_int_equal(CALL(f, lk_cli_token, NULL, NULL), LK_EXIT_USAGE);
    assert_int_equal(CALL(f, lk_cli_token, NULL, "--for", NULL), LK_EXIT_USAGE);
    assert_int_equal(CALL(f, lk_cli_token, NULL, "--for", "fabric", "--tenatn", "x", NULL),
                     LK_EXIT_USAGE);
    assert_contains(lk_buf_view(&f->seen.errout), "Did you mean --tenant?");
    assert_int_equal(CALL(f, lk_cli_doctor, NULL, "--nonsense", NULL), LK_EXIT_USAGE);
    assert_int_equal(f->seen.out.len, 0);
    /* Nothing was written for any of it. */
    assert_false(lk_file_exists(f->state));
}

static void a_line_that_is_written_wrongly_is_wrong_usage(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(RUN(f, NULL, "%batch sbmit"), LK_EXIT_USAGE);
    assert_int_equal(RUN(f, NULL, "%bacth list"), LK_EXIT_USAGE);
    assert_int_equal(RUN(f, NULL, "%batch"), LK_EXIT_USAGE);
    assert_int_equal(RUN(f, NULL, "%livy connect --kindd fabric"), LK_EXIT_USAGE);
    assert_int_equal(RUN(f, NULL, "%livy connect a b"), LK_EXIT_USAGE);
    assert_int_equal(RUN(f, NULL, "%batch list --max many"), LK_EXIT_USAGE);
    assert_int_equal(RUN(f, NULL, "%set a='b"), LK_EXIT_USAGE);
    assert_int_equal(RUN(f, NULL, "%set a=1", "%nonsense"), LK_EXIT_USAGE);
    /* Written well, and wrong all the same. */
    assert_int_equal(RUN(f, NULL, "%livy connect nobody"), LK_EXIT_FAILED);
}

static void each_command_explains_itself(void **state)
{
    static const char *const commands[] = {"run", "install", "uninstall", "token", "doctor"};
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(commands); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf first = LK_BUF_INIT(64);
        lk_buf_printf(&first, "usage: livy-kernel %s ", commands[i]);
        assert_int_equal(COMMAND(f, commands[i], "--help"), LK_EXIT_OK);
        assert_true(lk_str_starts(lk_buf_view(&f->seen.out), lk_buf_view(&first)));
        assert_int_equal(f->seen.errout.len, 0);
        assert_int_equal(COMMAND(f, commands[i], "--nonsense", "-h"), LK_EXIT_OK);
        assert_int_equal(COMMAND(f, commands[i], "--nonsense"), LK_EXIT_USAGE);
        assert_true(lk_str_starts(lk_buf_view(&f->seen.errout), lk_buf_view(&first)));
        assert_int_equal(f->seen.out.len, 0);
    }
    assert_int_equal(COMMAND(f, "nonsense", "--help"), LK_EXIT_USAGE);
    assert_contains(lk_buf_view(&f->seen.errout), "usage: livy-kernel COMMAND");
    assert_false(lk_file_exists(f->state));
}

static void doctor_marks_each_check_and_not_its_header(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(CALL(f, lk_cli_doctor, NULL, NULL), LK_EXIT_FAILED);
    assert_true(lk_str_starts(lk_buf_view(&f->seen.out), LK_STR("Check ")));
    assert_contains(lk_buf_view(&f->seen.out), "\n✓ journal ");
    assert_contains(lk_buf_view(&f->seen.out), "\n✗ kernelspec ");
}

static void a_token_needs_an_identity_and_prints_nothing_else(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(CALL(f, lk_cli_token, NULL, "--for", "fabric", "--tenant", GUID, "--client",
                          GUID, "--certificate", "/nonexistent/{x} \"y\".pem", NULL),
                     LK_EXIT_FAILED);
    assert_int_equal(f->seen.out.len, 0);
    assert_contains(lk_buf_view(&f->seen.errout), "/nonexistent/{x} \"y\".pem");
}

static void exit_codes_tell_batches_from_other_failures(void **state)
{
    static const struct {
        enum lk_status status;
        const char *code;
        enum lk_exit exit;
    } cases[] = {
        {LK_INVALID, "BadAxis", LK_EXIT_USAGE},
        {LK_INVALID, "BadOption", LK_EXIT_USAGE},
        {LK_INVALID, "TwoBatches", LK_EXIT_USAGE},
        {LK_INVALID, "BadPattern", LK_EXIT_USAGE},
        {LK_OK, "", LK_EXIT_OK},
        {LK_FAILED, "BatchFailed", LK_EXIT_BATCH_FAILED},
        {LK_FAILED, "BatchCancelled", LK_EXIT_BATCH_FAILED},
        {LK_FAILED, "DoctorFound", LK_EXIT_FAILED},
        {LK_UNKNOWN, "SubmitUnknown", LK_EXIT_UNKNOWN},
        {LK_TIMEOUT, "WatchTimeout", LK_EXIT_UNKNOWN},
        {LK_TIMEOUT, "SignInAbandoned", LK_EXIT_FAILED},
        {LK_CANCELLED, "KeyboardInterrupt", LK_EXIT_INTERRUPTED},
        {LK_INVALID, "UnknownMagic", LK_EXIT_USAGE},
        {LK_INVALID, "PayloadSyntax", LK_EXIT_FAILED},
        {LK_NETWORK, "", LK_EXIT_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++)
        assert_int_equal(lk_exit_of(cases[i].status, cases[i].code), cases[i].exit);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_argument_is_a_cell_and_values_are_lines_of_json),
        TEST(quiet_prints_nothing),
        TEST(a_cell_comes_from_standard_input_with_or_without_a_byte_order_mark),
        TEST(a_notebook_runs_cell_by_cell_until_one_fails),
        TEST(wrong_arguments_get_the_usage_at_once),
        TEST(a_line_that_is_written_wrongly_is_wrong_usage),
        TEST(each_command_explains_itself),
        TEST(doctor_marks_each_check_and_not_its_header),
        TEST(a_token_needs_an_identity_and_prints_nothing_else),
        cmocka_unit_test(exit_codes_tell_batches_from_other_failures),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
