#include "base/file.h"
#include "base/process.h"
#include "support/assert.h"
#include "support/temp_folder.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static int reap(pid_t pid)
{
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void a_started_program_writes_into_its_files(void **state)
{
    char *folder = temp_folder_new();
    LK_CLEANUP(lk_free_ptr) char *out = temp_folder_path(folder, "out");
    LK_CLEANUP(lk_free_ptr) char *errout = temp_folder_path(folder, "err");
    LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT(1000);
    const char *argv[] = {"sh", "-c", "cat; pwd; echo err >&2; exit 4", NULL};
    struct lk_process_spec spec = {
        .argv = argv, .cwd = "/", .output_path = out, .error_path = errout};
    struct lk_error err;
    pid_t pid;

    (void)state;
    assert_lk_ok(lk_file_write(out, 0600, LK_STR("older output that is longer"), &err), &err);
    assert_lk_ok(lk_process_start(&spec, &pid, &err), &err);
    assert_int_equal(reap(pid), 4);
    assert_lk_ok(lk_file_read(out, &bytes, &err), &err);
    assert_string_equal(lk_buf_cstr(&bytes), "/\n");
    assert_lk_ok(lk_file_read(errout, &bytes, &err), &err);
    assert_string_equal(lk_buf_cstr(&bytes), "err\n");

    spec.error_path = out;
    assert_lk_ok(lk_process_start(&spec, &pid, &err), &err);
    assert_int_equal(reap(pid), 4);
    assert_lk_ok(lk_file_read(out, &bytes, &err), &err);
    assert_string_equal(lk_buf_cstr(&bytes), "/\nerr\n");

    spec.output_path = "/no/such/folder/out";
    assert_lk_status(LK_IO, lk_process_start(&spec, &pid, &err), &err);
    temp_folder_free(folder);
}

static void a_started_program_has_a_group_or_a_session_of_its_own(void **state)
{
    const char *argv[] = {"sleep", "50", NULL};
    struct lk_error err;
    pid_t pid;

    (void)state;
    assert_lk_ok(lk_process_start(&(struct lk_process_spec){.argv = argv}, &pid, &err), &err);
    assert_int_equal(getpgid(pid), pid);
    assert_int_equal(getsid(pid), getsid(0));
    assert_int_equal(kill(-pid, SIGKILL), 0);
    assert_int_equal(reap(pid), 128 + SIGKILL);

    assert_lk_ok(
        lk_process_start(&(struct lk_process_spec){.argv = argv, .own_session = true}, &pid, &err),
        &err);
    assert_int_equal(getsid(pid), pid);
    assert_int_equal(kill(-pid, SIGKILL), 0);
    assert_int_equal(reap(pid), 128 + SIGKILL);
}

static void our_own_folder_is_that_of_the_test(void **state)
{
    LK_CLEANUP(lk_free_ptr) char *folder = lk_process_own_folder();

    (void)state;
    if (!folder)
        skip();
    assert_string_equal(folder, LK_TEST_BIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_started_program_writes_into_its_files),
        cmocka_unit_test(a_started_program_has_a_group_or_a_session_of_its_own),
        cmocka_unit_test(our_own_folder_is_that_of_the_test),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
