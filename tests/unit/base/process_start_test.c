#include "base/file.h"
#include "base/process.h"
#include "support/assert.h"
#include "support/temp_folder.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
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

static void a_started_program_has_a_group_of_its_own(void **state)
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
}

/* ---- programs that outlive us -------------------------------------------------------------- */

/* Tells its process and its parent through a file, then waits to be killed. */
static const char tell_and_stay[] = "echo $$ $PPID >told.new; mv told.new told; exec sleep 50";

static void read_told(const char *folder, pid_t *program, pid_t *parent)
{
    LK_CLEANUP(lk_free_ptr) char *path = temp_folder_path(folder, "told");
    LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT(100);
    struct lk_error err;
    char *rest;

    for (int tries = 0; !lk_file_exists(path); tries++) {
        assert_true(tries < 1000);
        usleep(10000);
    }
    assert_lk_ok(lk_file_read(path, &bytes, &err), &err);
    *program = (pid_t)strtol(lk_buf_cstr(&bytes), &rest, 10);
    *parent = (pid_t)strtol(rest, NULL, 10);
    unlink(path);
}

static void a_program_that_was_let_go_lives_on_outside_our_process_tree(void **state)
{
    char *folder = temp_folder_new();
    const char *argv[] = {"sh", "-c", tell_and_stay, NULL};
    struct lk_process_spec spec = {.argv = argv, .cwd = folder, .own_session = true};
    struct lk_error err;
    pid_t keeper, program, parent;

    (void)state;
    assert_lk_ok(lk_process_start(&spec, &keeper, &err), &err);
    read_told(folder, &program, &parent);
    assert_int_equal(parent, keeper);
    assert_int_equal(getsid(program), program);
    lk_process_let_go(keeper);
    assert_int_equal(waitpid(keeper, NULL, WNOHANG), -1);
    assert_int_equal(kill(program, 0), 0);
    assert_int_equal(waitpid(program, NULL, WNOHANG), -1); /* no child of ours */
    assert_int_equal(kill(-program, SIGKILL), 0);
    temp_folder_free(folder);
}

static void a_keeper_ends_as_its_program_does(void **state)
{
    const char *fails[] = {"sh", "-c", "exit 4", NULL};
    const char *dies[] = {"sh", "-c", "kill -TERM $$", NULL};
    const char *missing[] = {"/no/such/program", NULL};
    struct lk_error err;
    pid_t keeper;

    (void)state;
    assert_lk_ok(lk_process_start(&(struct lk_process_spec){.argv = fails, .own_session = true},
                                  &keeper, &err),
                 &err);
    assert_int_equal(reap(keeper), 4);
    assert_lk_ok(lk_process_start(&(struct lk_process_spec){.argv = dies, .own_session = true},
                                  &keeper, &err),
                 &err);
    assert_int_equal(reap(keeper), 128 + SIGTERM);
    assert_lk_status(
        LK_NOT_FOUND,
        lk_process_start(&(struct lk_process_spec){.argv = missing, .own_session = true}, &keeper,
                         &err),
        &err);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing was left to reap */
}

static void a_keeper_holds_none_of_our_descriptors(void **state)
{
    const char *argv[] = {"sleep", "50", NULL};
    struct lk_error err;
    pid_t keeper;
    int ends[2];
    char byte;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_lk_ok(lk_process_start(&(struct lk_process_spec){.argv = argv, .own_session = true},
                                  &keeper, &err),
                 &err);
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 0); /* would wait if another held the writing end */
    close(ends[0]);
    lk_process_let_go(keeper);
}

/* Runs in a child, which ends without a word while its program goes on. */
LK_NORETURN static void start_and_die(const char *folder)
{
    const char *argv[] = {"sh", "-c", tell_and_stay, NULL};
    struct lk_process_spec spec = {.argv = argv, .cwd = folder, .own_session = true};
    struct lk_error err;
    pid_t keeper;

    _exit(lk_process_start(&spec, &keeper, &err) == LK_OK ? 0 : 1);
}

static void a_keeper_lets_go_when_we_die(void **state)
{
    char *folder = temp_folder_new();
    pid_t middle, keeper, program;

    (void)state;
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) /* what lost its parent comes to us */
        skip();
    middle = fork();
    if (middle == 0)
        start_and_die(folder);
    read_told(folder, &program, &keeper);
    assert_int_equal(reap(middle), 0);
    assert_int_equal(reap(keeper), 0);
    assert_int_equal(kill(-program, SIGKILL), 0);
    assert_int_equal(reap(program), 128 + SIGKILL);
    (void)prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
    temp_folder_free(folder);
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
        cmocka_unit_test(a_started_program_has_a_group_of_its_own),
        cmocka_unit_test(a_program_that_was_let_go_lives_on_outside_our_process_tree),
        cmocka_unit_test(a_keeper_ends_as_its_program_does),
        cmocka_unit_test(a_keeper_holds_none_of_our_descriptors),
        cmocka_unit_test(a_keeper_lets_go_when_we_die),
        cmocka_unit_test(our_own_folder_is_that_of_the_test),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
