/* What a person does wrong, one test each, through livy-kernel run against livy-local: a clear
 * error with the next step, the right exit code, and nothing lost. */
#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "support/assert.h"
#include "support/temp_folder.h"
#include "support/terminal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OUTPUT_MAX = 1 << 20, RUN_TIMEOUT_MS = 60000 };

#define CONNECT "%livy connect local --as fabric"
#define LOGIN                                                                                      \
    "%entra login --tenant {fabric.demo.tenant} --client {fabric.demo.client} "                    \
    "--certificate {fabric.demo.certificate} --key {fabric.demo.key}"

static void expect(const struct terminal *terminal, int exit_code, const char *ename,
                   const char *words, const char *next)
{
    terminal_run_expect(&terminal->last, exit_code);
    assert_contains(terminal->last.errors, ename);
    assert_contains(terminal->last.errors, words);
    assert_contains(terminal->last.errors, "Next");
    assert_contains(terminal->last.errors, next);
}

/* %livy connect local starts the service by itself. */
static int make_terminal(void **state)
{
    static const char *const env[] = {"LIVY_LOCAL_SPARK_HOME=/nonexistent",
                                      "SPARK_HOME=", "WRONG=not-it", NULL};
    struct terminal *terminal = terminal_new(NULL);

    terminal->env = env;
    *state = terminal;
    return 0;
}

/* livy-local is no child of ours: it is gone when it cannot be signalled any more. */
static void end_process(pid_t pid)
{
    struct lk_clock *clock = lk_clock_system();

    kill(pid, SIGTERM);
    for (int tries = 0; tries < 500 && kill(pid, 0) == 0; tries++)
        if (clock->wait_ms(clock, 10, NULL, NULL))
            return;
}

static int end_terminal(void **state)
{
    struct terminal *terminal = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 16);
    LK_CLEANUP(lk_free_ptr)
    char *path = temp_folder_path(terminal->folder, "livy-local/state.json");
    const char *pid;

    if (lk_file_read(path, &text, NULL) == LK_OK && (pid = strstr(lk_buf_cstr(&text), "\"pid\"")))
        end_process((pid_t)strtol(pid + strcspn(pid, "0123456789"), NULL, 10));
    terminal_free(terminal);
    return 0;
}

/* Runs something else; what it says on stderr is new. */
static char *run_other(const char *const *argv, const char *folder, int exit_code)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf out = LK_BUF_INIT(OUTPUT_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf errors = LK_BUF_INIT(OUTPUT_MAX);
    struct lk_error err = LK_ERROR_INIT;
    int code;

    assert_lk_ok(lk_process_run(&(struct lk_process_spec){.argv = argv, .cwd = folder},
                                LK_STR_EMPTY, RUN_TIMEOUT_MS, NULL, &out, &errors, &code, &err),
                 &err);
    assert_int_equal(code, exit_code);
    return lk_buf_take(&errors);
}

/* ---- the connection ------------------------------------------------------------------------ */

static void a_truncated_connection_string_is_named(void **state)
{
    TERMINAL_RUN(*state, "%livy connect https://api.fabric.microsoft.com/v1/workspaces/");
    expect(*state, 1, "TruncatedAddress", "workspace", "Lakehouse settings");
}

static void a_guid_with_lakehouse_suffix_is_refused_before_sending(void **state)
{
    TERMINAL_RUN(*state, CONNECT, LOGIN,
                 "%lakehouse ls "
                 "abfss://11111111-1111-4111-8111-111111111111@onelake.dfs.fabric.microsoft.com/"
                 "22222222-2222-4222-8222-222222222222.Lakehouse/Files");
    expect(*state, 1, "MixedNames", ".Lakehouse", "GUIDs");
}

static void a_command_before_connecting_names_the_one_to_use_first(void **state)
{
    TERMINAL_RUN(*state, "%batch list");
    expect(*state, 1, "NotConnected", "no Livy service", "%livy connect");
}

static void a_command_before_signing_in_names_the_one_to_use_first(void **state)
{
    TERMINAL_RUN(*state, CONNECT, "%batch list");
    expect(*state, 1, "NotSignedIn", "nobody is signed in", "%entra login");
}

/* ---- signing in ---------------------------------------------------------------------------- */

static void a_missing_certificate_is_named_with_its_path(void **state)
{
    TERMINAL_RUN(*state, CONNECT,
                 "%entra login --tenant {fabric.demo.tenant} --client {fabric.demo.client} "
                 "--certificate no-such.pem");
    expect(*state, 1, "CertificateNotFound", "no-such.pem", "");
}

static void a_key_of_another_certificate_is_told(void **state)
{
    static const char *const argv[] = {"openssl", "genpkey",   "-algorithm",
                                       "RSA",     "-pkeyopt",  "rsa_keygen_bits:2048",
                                       "-out",    "other.pem", NULL};
    struct terminal *terminal = *state;
    LK_CLEANUP(lk_free_ptr) char *ignored = run_other(argv, terminal->folder, 0);

    (void)ignored;
    TERMINAL_RUN(terminal, CONNECT,
                 "%entra login --tenant {fabric.demo.tenant} --client {fabric.demo.client} "
                 "--certificate {fabric.demo.certificate} --key other.pem");
    expect(terminal, 1, "CertificateMismatch", "other.pem", "");
}

static void a_thumbprint_that_does_not_match_shows_both_sides(void **state)
{
    TERMINAL_RUN(*state, CONNECT,
                 "%entra login --tenant {fabric.demo.tenant} --client {fabric.demo.client} "
                 "--certificate {fabric.demo.certificate} --key {fabric.demo.key} "
                 "--thumbprint 00112233445566778899AABBCCDDEEFF00112233");
    expect(*state, 1, "ThumbprintMismatch", "00112233445566778899AABBCCDDEEFF00112233", "");
}

static void a_wrong_secret_is_refused_by_the_service_with_its_number(void **state)
{
    TERMINAL_RUN(*state, CONNECT,
                 "%entra login --tenant {fabric.demo.tenant} --client {fabric.demo.client} "
                 "--secret-env WRONG");
    expect(*state, 1, "SignIn", "7000215", "secret");
    assert_lacks(((struct terminal *)*state)->last.errors, "not-it");
}

/* ---- payloads ------------------------------------------------------------------------------ */

static void a_payload_name_with_a_slash_is_refused(void **state)
{
    TERMINAL_RUN(*state, "%%payload a/b.py\nprint(1)\n");
    expect(*state, 1, "BadName", "a/b.py", "--to Files/");
}

static void an_empty_payload_is_refused(void **state)
{
    TERMINAL_RUN(*state, "%%payload x.py\n\n   \n");
    expect(*state, 1, "EmptyPayload", "x.py", "%%payload");
}

static void a_syntax_error_in_the_payload_shows_line_and_cause(void **state)
{
    TERMINAL_RUN(*state, "%%payload x.py --no-upload\nprint(1)\ndef f(:\n    pass\n");
    expect(*state, 1, "PayloadSyntax", "line 2", "nothing was saved");
    assert_contains(((struct terminal *)*state)->last.errors, "def f(:");
}

static void a_payload_that_cannot_be_uploaded_is_saved_all_the_same(void **state)
{
    struct terminal *terminal = *state;
    LK_CLEANUP(lk_free_ptr) char *saved = lk_path_join(terminal->folder, LK_STR("kept.py"));

    TERMINAL_RUN(terminal, "%%payload kept.py\nprint(1)\n");
    expect(terminal, 1, "NotConnected", "saved beside the notebook", "%livy connect");
    assert_true(lk_file_exists(saved));
}

static void a_file_that_exists_is_not_overwritten_when_asked(void **state)
{
    TERMINAL_RUN(*state, CONNECT, LOGIN, "%%payload once.py\nprint(1)\n",
                 "%%payload once.py --if-not-exists\nprint(2)\n", "%lakehouse cat Files/once.py");
    expect(*state, 1, "Exists", "once.py", "");
    TERMINAL_RUN(*state, CONNECT, LOGIN, "%lakehouse cat Files/once.py");
    terminal_run_expect(&((struct terminal *)*state)->last, 0);
    assert_contains(((struct terminal *)*state)->last.errors, "print(1)");
}

static void reading_without_a_path_is_told_what_to_name(void **state)
{
    TERMINAL_RUN(*state, CONNECT, LOGIN, "%lakehouse cat");
    expect(*state, 1, "NoFile", "needs a file", "%lakehouse ls");
}

static void a_payload_that_was_never_uploaded_is_told_before_submitting(void **state)
{
    TERMINAL_RUN(*state, CONNECT, LOGIN, "%batch submit nowhere.py");
    expect(*state, 1, "NoPayload", "Files/nowhere.py", "%%payload nowhere.py");
}

static void without_spark_the_error_names_the_command_that_installs_it(void **state)
{
    TERMINAL_RUN(*state, CONNECT, LOGIN, "%%payload x.py\nprint(1)\n", "%batch submit x.py");
    expect(*state, 1, "Spark", "Spark", "./notebooks/install spark");
}

static void doctor_tells_of_missing_spark_and_fails_only_where_it_is_needed(void **state)
{
    struct terminal *terminal = *state;

    TERMINAL_RUN(terminal, "%doctor");
    terminal_run_expect(&terminal->last, 0);
    assert_contains(terminal->last.errors, "– spark");
    TERMINAL_RUN(terminal, CONNECT, "%doctor");
    expect(terminal, 1, "DoctorFound", "Spark is not installed", "");
    assert_contains(terminal->last.errors, "./notebooks/install spark");
}

/* ---- the language of cells ----------------------------------------------------------------- */

static void an_unknown_magic_gets_the_nearest_one(void **state)
{
    TERMINAL_RUN(*state, "%bacth list");
    expect(*state, 2, "UnknownMagic", "bacth", "batch");
}

static void an_unknown_option_gets_the_nearest_one(void **state)
{
    TERMINAL_RUN(*state, "%livy connect local --kindd fabric");
    expect(*state, 2, "UnknownOption", "--kindd", "--kind");
}

static void an_unknown_name_lists_the_known_ones(void **state)
{
    TERMINAL_RUN(*state, "%set city=Paris", "%batch status {town}");
    expect(*state, 1, "Unknown", "town", "city");
}

static void python_in_a_cell_is_never_sent_anywhere_by_accident(void **state)
{
    TERMINAL_RUN(*state, "print(1)");
    expect(*state, 1, "NoSession", "", "%%payload");
}

static void invalid_utf8_is_refused_with_its_place(void **state)
{
    TERMINAL_RUN(*state, "%help \xC3\x28");
    expect(*state, 1, "", "UTF-8", "");
}

static void wrong_arguments_print_usage_and_exit_2_at_once(void **state)
{
    static const char *const probes[][3] = {
        {"-I", "script.py", NULL}, {"-c", "print(1)", NULL}, {"frobnicate", NULL, NULL}, {NULL}};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(probes); i++) {
        const char *argv[] = {LK_TEST_BIN "/livy-kernel", probes[i][0], probes[i][1], NULL};
        LK_CLEANUP(lk_free_ptr) char *errors = run_other(argv, NULL, 2);
        assert_contains(errors, "usage");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_terminal, end_terminal)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_truncated_connection_string_is_named),
        TEST(a_guid_with_lakehouse_suffix_is_refused_before_sending),
        TEST(a_command_before_connecting_names_the_one_to_use_first),
        TEST(a_command_before_signing_in_names_the_one_to_use_first),
        TEST(a_missing_certificate_is_named_with_its_path),
        TEST(a_key_of_another_certificate_is_told),
        TEST(a_thumbprint_that_does_not_match_shows_both_sides),
        TEST(a_wrong_secret_is_refused_by_the_service_with_its_number),
        TEST(a_payload_name_with_a_slash_is_refused),
        TEST(an_empty_payload_is_refused),
        TEST(a_syntax_error_in_the_payload_shows_line_and_cause),
        TEST(a_payload_that_cannot_be_uploaded_is_saved_all_the_same),
        TEST(a_file_that_exists_is_not_overwritten_when_asked),
        TEST(reading_without_a_path_is_told_what_to_name),
        TEST(a_payload_that_was_never_uploaded_is_told_before_submitting),
        TEST(doctor_tells_of_missing_spark_and_fails_only_where_it_is_needed),
        TEST(without_spark_the_error_names_the_command_that_installs_it),
        TEST(an_unknown_magic_gets_the_nearest_one),
        TEST(an_unknown_option_gets_the_nearest_one),
        TEST(an_unknown_name_lists_the_known_ones),
        TEST(python_in_a_cell_is_never_sent_anywhere_by_accident),
        TEST(invalid_utf8_is_refused_with_its_place),
        TEST(wrong_arguments_print_usage_and_exit_2_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
