/* What a person does wrong, one test each, through livy-kernel run against livy-local: a clear
 * error with the next step, the right exit code, and nothing lost. */
#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "base/secret.h"
#include "support/cmocka.h"
#include "support/temp_folder.h"

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

struct world {
    char *folder; /* everything lives below it */
    struct lk_buf out, errout;
    int exit_code;
};

/* Runs each text as a cell of one session; the last one is NULL. */
static void run_in(struct world *world, const char *const *environment, const char *const *cells)
{
    const char *argv[16] = {LK_TEST_BIN "/livy-kernel", "run"};
    struct lk_error err = LK_ERROR_INIT;
    size_t count = 2;

    for (; cells[count - 2]; count++)
        argv[count] = cells[count - 2];
    argv[count] = NULL;
    lk_buf_clear(&world->out);
    lk_buf_clear(&world->errout);
    if (lk_process_run(
            &(struct lk_process_spec){.argv = argv, .env = environment, .cwd = world->folder},
            LK_STR_EMPTY, RUN_TIMEOUT_MS, NULL, &world->out, &world->errout, &world->exit_code,
            &err))
        fail_msg("%s", err.message);
}

static void run(struct world *world, const char *const *cells)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
    LK_CLEANUP(lk_free_ptr) char *home = NULL;
    LK_CLEANUP(lk_free_ptr) char *state = NULL;

    lk_buf_printf(&text, "HOME=%s", world->folder);
    home = lk_buf_take(&text);
    lk_buf_printf(&text, "XDG_STATE_HOME=%s/state", world->folder);
    state = lk_buf_take(&text);
    run_in(world,
           (const char *[]){home, state, "XDG_CONFIG_HOME=", "XDG_DATA_HOME=",
                            "LIVY_LOCAL_SPARK_HOME=/nonexistent", "SPARK_HOME=", "WRONG=not-it",
                            "LIVY_KERNEL_ENDPOINT=", NULL},
           cells);
}

#define RUN(world, ...) run(world, (const char *[]){__VA_ARGS__, NULL})

static void expect(struct world *world, int exit_code, const char *ename, const char *words,
                   const char *next)
{
    const char *text = lk_buf_cstr(&world->errout);

    if (world->exit_code != exit_code)
        fail_msg("exit code %d instead of %d: %s", world->exit_code, exit_code, text);
    if (!strstr(text, ename))
        fail_msg("no '%s' in: %s", ename, text);
    if (!strstr(text, words))
        fail_msg("no '%s' in: %s", words, text);
    if (!strstr(text, "Next") || !strstr(text, next))
        fail_msg("no next step '%s' in: %s", next, text);
}

static int make_world(void **state)
{
    struct world *world = lk_alloc(sizeof *world);

    lk_secret_setup();
    world->folder = temp_folder_new();
    lk_buf_init(&world->out, OUTPUT_MAX);
    lk_buf_init(&world->errout, OUTPUT_MAX);
    *state = world;
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

static int end_world(void **state)
{
    struct world *world = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 16);
    LK_CLEANUP(lk_free_ptr)
    char *path = lk_path_join(world->folder, LK_STR("state/livy-local/state.json"));
    const char *pid;

    if (lk_file_read(path, &text, NULL) == LK_OK && (pid = strstr(lk_buf_cstr(&text), "\"pid\"")))
        end_process((pid_t)strtol(pid + strcspn(pid, "0123456789"), NULL, 10));
    temp_folder_free(world->folder);
    lk_buf_done(&world->out);
    lk_buf_done(&world->errout);
    free(world);
    return 0;
}

/* ---- the connection ------------------------------------------------------------------------ */

static void a_truncated_connection_string_is_named(void **state)
{
    RUN(*state, "%livy connect https://api.fabric.microsoft.com/v1/workspaces/");
    expect(*state, 1, "TruncatedAddress", "workspace", "Lakehouse settings");
}

static void a_guid_with_lakehouse_suffix_is_refused_before_sending(void **state)
{
    RUN(*state, CONNECT, LOGIN,
        "%lakehouse ls "
        "abfss://11111111-1111-4111-8111-111111111111@onelake.dfs.fabric.microsoft.com/"
        "22222222-2222-4222-8222-222222222222.Lakehouse/Files");
    expect(*state, 1, "MixedNames", ".Lakehouse", "GUIDs");
}

static void a_command_before_connecting_names_the_one_to_use_first(void **state)
{
    RUN(*state, "%batch list");
    expect(*state, 1, "NotConnected", "no Livy service", "%livy connect");
}

static void a_command_before_signing_in_names_the_one_to_use_first(void **state)
{
    RUN(*state, CONNECT, "%batch list");
    expect(*state, 1, "NotSignedIn", "nobody is signed in", "%entra login");
}

/* ---- signing in ---------------------------------------------------------------------------- */

static void a_missing_certificate_is_named_with_its_path(void **state)
{
    RUN(*state, CONNECT,
        "%entra login --tenant {fabric.demo.tenant} --client {fabric.demo.client} "
        "--certificate no-such.pem");
    expect(*state, 1, "CertificateNotFound", "no-such.pem", "");
}

static void a_key_of_another_certificate_is_told(void **state)
{
    static const char *const argv[] = {"openssl", "genpkey",   "-algorithm",
                                       "RSA",     "-pkeyopt",  "rsa_keygen_bits:2048",
                                       "-out",    "other.pem", NULL};
    struct world *world = *state;
    struct lk_error err = LK_ERROR_INIT;

    if (lk_process_run(&(struct lk_process_spec){.argv = argv, .cwd = world->folder}, LK_STR_EMPTY,
                       RUN_TIMEOUT_MS, NULL, &world->out, &world->errout, &world->exit_code, &err))
        fail_msg("%s", err.message);
    RUN(world, CONNECT,
        "%entra login --tenant {fabric.demo.tenant} --client {fabric.demo.client} "
        "--certificate {fabric.demo.certificate} --key other.pem");
    expect(world, 1, "CertificateMismatch", "other.pem", "");
}

static void a_thumbprint_that_does_not_match_shows_both_sides(void **state)
{
    RUN(*state, CONNECT,
        "%entra login --tenant {fabric.demo.tenant} --client {fabric.demo.client} "
        "--certificate {fabric.demo.certificate} --key {fabric.demo.key} "
        "--thumbprint 00112233445566778899AABBCCDDEEFF00112233");
    expect(*state, 1, "ThumbprintMismatch", "00112233445566778899AABBCCDDEEFF00112233", "");
}

static void a_wrong_secret_is_refused_by_the_service_with_its_number(void **state)
{
    RUN(*state, CONNECT,
        "%entra login --tenant {fabric.demo.tenant} --client {fabric.demo.client} "
        "--secret-env WRONG");
    expect(*state, 1, "SignIn", "7000215", "secret");
    assert_null(strstr(lk_buf_cstr(&((struct world *)*state)->errout), "not-it"));
}

/* ---- payloads ------------------------------------------------------------------------------ */

static void a_payload_name_with_a_slash_is_refused(void **state)
{
    RUN(*state, "%%payload a/b.py\nprint(1)\n");
    expect(*state, 1, "BadName", "a/b.py", "--to Files/");
}

static void an_empty_payload_is_refused(void **state)
{
    RUN(*state, "%%payload x.py\n\n   \n");
    expect(*state, 1, "EmptyPayload", "x.py", "%%payload");
}

static void a_syntax_error_in_the_payload_shows_line_and_cause(void **state)
{
    RUN(*state, "%%payload x.py --no-upload\nprint(1)\ndef f(:\n    pass\n");
    expect(*state, 1, "PayloadSyntax", "line 2", "nothing was saved");
    assert_non_null(strstr(lk_buf_cstr(&((struct world *)*state)->errout), "def f(:"));
}

static void a_payload_that_cannot_be_uploaded_is_saved_all_the_same(void **state)
{
    struct world *world = *state;
    LK_CLEANUP(lk_free_ptr) char *saved = lk_path_join(world->folder, LK_STR("kept.py"));

    RUN(world, "%%payload kept.py\nprint(1)\n");
    expect(world, 1, "NotConnected", "saved beside the notebook", "%livy connect");
    assert_true(lk_file_exists(saved));
}

static void a_file_that_exists_is_not_overwritten_when_asked(void **state)
{
    RUN(*state, CONNECT, LOGIN, "%%payload once.py\nprint(1)\n",
        "%%payload once.py --if-not-exists\nprint(2)\n", "%lakehouse cat Files/once.py");
    expect(*state, 1, "Exists", "once.py", "");
    RUN(*state, CONNECT, LOGIN, "%lakehouse cat Files/once.py");
    assert_int_equal(((struct world *)*state)->exit_code, 0);
    assert_non_null(strstr(lk_buf_cstr(&((struct world *)*state)->errout), "print(1)"));
}

static void reading_without_a_path_is_told_what_to_name(void **state)
{
    RUN(*state, CONNECT, LOGIN, "%lakehouse cat");
    expect(*state, 1, "NoFile", "needs a file", "%lakehouse ls");
}

static void a_payload_that_was_never_uploaded_is_told_before_submitting(void **state)
{
    RUN(*state, CONNECT, LOGIN, "%batch submit nowhere.py");
    expect(*state, 1, "NoPayload", "Files/nowhere.py", "%%payload nowhere.py");
}

static void without_spark_the_error_names_the_command_that_installs_it(void **state)
{
    RUN(*state, CONNECT, LOGIN, "%%payload x.py\nprint(1)\n", "%batch submit x.py");
    expect(*state, 1, "Spark", "Spark", "./notebooks/install spark");
}

static void doctor_tells_of_missing_spark_and_fails_only_where_it_is_needed(void **state)
{
    struct world *world = *state;

    RUN(world, "%doctor");
    assert_int_equal(world->exit_code, 0);
    assert_non_null(strstr(lk_buf_cstr(&world->errout), "– spark"));
    RUN(world, CONNECT, "%doctor");
    expect(world, 1, "DoctorFound", "Spark is not installed", "");
    assert_non_null(strstr(lk_buf_cstr(&world->errout), "./notebooks/install spark"));
}

/* ---- the language of cells ----------------------------------------------------------------- */

static void an_unknown_magic_gets_the_nearest_one(void **state)
{
    RUN(*state, "%bacth list");
    expect(*state, 2, "UnknownMagic", "bacth", "batch");
}

static void an_unknown_option_gets_the_nearest_one(void **state)
{
    RUN(*state, "%livy connect local --kindd fabric");
    expect(*state, 2, "UnknownOption", "--kindd", "--kind");
}

static void an_unknown_name_lists_the_known_ones(void **state)
{
    RUN(*state, "%set city=Paris", "%batch status {town}");
    expect(*state, 1, "Unknown", "town", "city");
}

static void python_in_a_cell_is_never_sent_anywhere_by_accident(void **state)
{
    RUN(*state, "print(1)");
    expect(*state, 1, "NoSession", "", "%%payload");
}

static void invalid_utf8_is_refused_with_its_place(void **state)
{
    RUN(*state, "%help \xC3\x28");
    expect(*state, 1, "", "UTF-8", "");
}

static void wrong_arguments_print_usage_and_exit_2_at_once(void **state)
{
    static const char *const probes[][3] = {
        {"-I", "script.py", NULL}, {"-c", "print(1)", NULL}, {"frobnicate", NULL, NULL}, {NULL}};
    struct world *world = *state;

    for (size_t i = 0; i < LK_COUNT(probes); i++) {
        const char *argv[] = {LK_TEST_BIN "/livy-kernel", probes[i][0], probes[i][1], NULL};
        struct lk_error err = LK_ERROR_INIT;
        lk_buf_clear(&world->errout);
        if (lk_process_run(&(struct lk_process_spec){.argv = argv}, LK_STR_EMPTY, 5000, NULL,
                           &world->out, &world->errout, &world->exit_code, &err))
            fail_msg("%s", err.message);
        assert_int_equal(world->exit_code, 2);
        assert_non_null(strstr(lk_buf_cstr(&world->errout), "usage"));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)

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
