#include "base/clock.h"
#include "base/file.h"
#include "base/platform.h"
#include "base/process.h"
#include "support/assert.h"
#include "support/temp_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONG_MS = 60000, BIG = 3 << 20 };

struct outcome {
    struct lk_buf out, errout;
    int exit_code;
    struct lk_error err;
};

static void outcome_done(struct outcome *outcome)
{
    lk_buf_done(&outcome->out);
    lk_buf_done(&outcome->errout);
}

#define OUTCOME_INIT                                                                               \
    {                                                                                              \
        .out = LK_BUF_INIT(2 * BIG), .errout = LK_BUF_INIT(2 * BIG), .exit_code = -1               \
    }

static enum lk_status run_spec(struct lk_process_spec spec, struct lk_str input, int64_t timeout_ms,
                               struct lk_cancel *cancel, struct outcome *ret)
{
    return lk_process_run(&spec, input, timeout_ms, cancel, &ret->out, &ret->errout,
                          &ret->exit_code, &ret->err);
}

/* Runs a shell script to its end. */
static enum lk_status run_script(const char *script, struct outcome *ret)
{
    const char *argv[] = {"sh", "-c", script, NULL};

    return run_spec((struct lk_process_spec){.argv = argv}, LK_STR_EMPTY, LONG_MS, NULL, ret);
}

static void output_error_and_exit_code_come_back(void **state)
{
    LK_CLEANUP(outcome_done) struct outcome got = OUTCOME_INIT;

    (void)state;
    assert_lk_ok(run_script("echo out; echo err >&2; exit 7", &got), &got.err);
    assert_string_equal(lk_buf_cstr(&got.out), "out\n");
    assert_string_equal(lk_buf_cstr(&got.errout), "err\n");
    assert_int_equal(got.exit_code, 7);
}

static void a_signals_number_is_added_to_128(void **state)
{
    LK_CLEANUP(outcome_done) struct outcome got = OUTCOME_INIT;

    (void)state;
    assert_lk_ok(run_script("kill -TERM $$", &got), &got.err);
    assert_int_equal(got.exit_code, 128 + SIGTERM);
}

static void arguments_go_through_no_shell(void **state)
{
    LK_CLEANUP(outcome_done) struct outcome got = OUTCOME_INIT;
    const char *argv[] = {"printf", "%s|", "a b", "$HOME", "`id`", "\"'", "", NULL};

    (void)state;
    assert_lk_ok(
        run_spec((struct lk_process_spec){.argv = argv}, LK_STR_EMPTY, LONG_MS, NULL, &got),
        &got.err);
    assert_string_equal(lk_buf_cstr(&got.out), "a b|$HOME|`id`|\"'||");
}

static void a_program_that_is_not_there_is_told(void **state)
{
    static const char *const names[] = {"no-such-program-here", "/no/such/program", "./no-such"};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(names); i++) {
        LK_CLEANUP(outcome_done) struct outcome got = OUTCOME_INIT;
        const char *argv[] = {names[i], NULL};
        pid_t pid = -7;

        assert_lk_status(
            LK_NOT_FOUND,
            run_spec((struct lk_process_spec){.argv = argv}, LK_STR("input"), LONG_MS, NULL, &got),
            &got.err);
        assert_contains(got.err.message, names[i]);
        assert_lk_status(LK_NOT_FOUND,
                         lk_process_start(&(struct lk_process_spec){.argv = argv}, &pid, &got.err),
                         &got.err);
        assert_int_equal(pid, -7);
    }
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing was left to reap */
    assert_int_equal(errno, ECHILD);
}

static void a_file_that_is_no_program_is_told(void **state)
{
    LK_CLEANUP(outcome_done) struct outcome got = OUTCOME_INIT;
    char *folder = temp_folder_new();
    LK_CLEANUP(lk_free_ptr) char *path = temp_folder_path(folder, "plain");
    const char *argv[] = {path, NULL};

    (void)state;
    assert_lk_ok(lk_file_write(path, 0600, LK_STR("text"), &got.err), &got.err);
    assert_lk_status(
        LK_IO, run_spec((struct lk_process_spec){.argv = argv}, LK_STR_EMPTY, LONG_MS, NULL, &got),
        &got.err);
    temp_folder_free(folder);
}

static void a_missing_folder_is_told_as_such(void **state)
{
    LK_CLEANUP(outcome_done) struct outcome got = OUTCOME_INIT;
    const char *argv[] = {"true", NULL};

    (void)state;
    assert_lk_status(LK_IO,
                     run_spec((struct lk_process_spec){.argv = argv, .cwd = "/no/such/folder"},
                              LK_STR_EMPTY, LONG_MS, NULL, &got),
                     &got.err);
    assert_contains(got.err.message, "/no/such/folder");
}

static void the_environment_is_replaced_by_name(void **state)
{
    LK_CLEANUP(outcome_done) struct outcome got = OUTCOME_INIT;
    const char *argv[] = {"sh", "-c", "echo \"$A-$AB-$KEPT\"; env | grep -c '^A='", NULL};
    const char *env[] = {"A=new", "AB=added", NULL};

    (void)state;
    setenv("A", "old", 1);
    setenv("KEPT", "kept", 1);
    assert_lk_ok(run_spec((struct lk_process_spec){.argv = argv, .env = env}, LK_STR_EMPTY, LONG_MS,
                          NULL, &got),
                 &got.err);
    assert_string_equal(lk_buf_cstr(&got.out), "new-added-kept\n1\n");
}

static void the_childs_own_path_is_searched(void **state)
{
    LK_CLEANUP(outcome_done) struct outcome got = OUTCOME_INIT;
    char *folder = temp_folder_new();
    LK_CLEANUP(lk_free_ptr) char *program = temp_folder_path(folder, "own-program");
    LK_CLEANUP(lk_buf_done) struct lk_buf path = LK_BUF_INIT(1000);
    const char *argv[] = {"own-program", NULL};

    (void)state;
    lk_buf_printf(&path, "PATH=/nowhere:%s:/bin", folder);
    assert_lk_ok(lk_file_write(program, 0700, LK_STR("#!/bin/sh\necho ran\n"), &got.err), &got.err);
    assert_lk_ok(
        run_spec((struct lk_process_spec){.argv = argv,
                                          .env = (const char *[]){lk_buf_cstr(&path), NULL}},
                 LK_STR_EMPTY, LONG_MS, NULL, &got),
        &got.err);
    assert_string_equal(lk_buf_cstr(&got.out), "ran\n");
    temp_folder_free(folder);
}

/* cat echoes more than any pipe holds on both streams at once: one loop must do all of it. */
static void megabytes_in_and_out_do_not_deadlock(void **state)
{
    LK_CLEANUP(outcome_done) struct outcome got = OUTCOME_INIT;
    const char *argv[] = {"sh", "-c", "tee /dev/stderr", NULL};
    char *input = lk_alloc(BIG);

    (void)state;
    for (int i = 0; i < BIG; i++)
        input[i] = (char)(i * 7 % 251);
    assert_lk_ok(run_spec((struct lk_process_spec){.argv = argv}, (struct lk_str){input, BIG},
                          LONG_MS, NULL, &got),
                 &got.err);
    assert_int_equal(got.exit_code, 0);
    assert_int_equal(got.out.len, BIG);
    assert_int_equal(got.errout.len, BIG);
    assert_memory_equal(got.out.data, input, BIG);
    free(input);
}

static void output_past_the_ceiling_is_read_and_dropped(void **state)
{
    struct outcome got = {.out = LK_BUF_INIT(10), .errout = LK_BUF_INIT(0), .exit_code = -1};

    (void)state;
    assert_lk_ok(run_script("head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2", &got),
                 &got.err);
    assert_int_equal(got.exit_code, 0);
    assert_int_equal(got.out.len, 10);
    assert_true(got.out.full);
    assert_true(got.errout.full);
    outcome_done(&got);
}

static void output_nobody_wants_goes_nowhere(void **state)
{
    const char *argv[] = {"sh", "-c", "echo out; echo err >&2", NULL};
    struct lk_error err;
    int exit_code = -1;

    (void)state;
    assert_lk_ok(lk_process_run(&(struct lk_process_spec){.argv = argv}, LK_STR_EMPTY, LONG_MS,
                                NULL, NULL, NULL, &exit_code, &err),
                 &err);
    assert_int_equal(exit_code, 0);
}

/* Neither SIGPIPE nor an error: what it reads is the program's affair. */
static void a_program_may_leave_its_input_unread(void **state)
{
    LK_CLEANUP(outcome_done) struct outcome got = OUTCOME_INIT;
    const char *argv[] = {"sh", "-c", "exec <&-; echo closed; read x; exit 3", NULL};
    char *input = lk_alloc(BIG);
    sigset_t pending;

    (void)state;
    memset(input, 'x', BIG);
    assert_lk_ok(run_spec((struct lk_process_spec){.argv = argv}, (struct lk_str){input, BIG},
                          LONG_MS, NULL, &got),
                 &got.err);
    assert_int_equal(got.exit_code, 3);
    assert_string_equal(lk_buf_cstr(&got.out), "closed\n");
    sigpending(&pending);
    assert_false(sigismember(&pending, SIGPIPE));
    free(input);
}

static void a_grandchild_that_keeps_the_pipes_is_not_waited_for(void **state)
{
    LK_CLEANUP(outcome_done) struct outcome got = OUTCOME_INIT;
    struct lk_clock *clock = lk_clock_system();
    int64_t start = clock->monotonic_ms(clock);

    (void)state;
    assert_lk_ok(run_script("sleep 50 & echo $!; exit 0", &got), &got.err);
    assert_true(clock->monotonic_ms(clock) - start < 20000);
    assert_int_equal(got.exit_code, 0);
    assert_int_equal(kill((pid_t)strtol(lk_buf_cstr(&got.out), NULL, 10), SIGKILL), 0);
}

/* Waits until the descriptor's other side is closed by everybody who had it. */
static void assert_everybody_closed(int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};
    char byte;

    assert_int_equal(poll(&one, 1, LONG_MS), 1);
    assert_int_equal(read(fd, &byte, 1), 0);
}

/* A folder with a fifo in it, and what reads the fifo. */
struct fifo {
    char *folder, *path;
    int reader;
    struct lk_cancel *cancel;
};

static void open_fifo(struct fifo *fifo)
{
    fifo->folder = temp_folder_new();
    fifo->path = temp_folder_path(fifo->folder, "fifo");
    assert_int_equal(mkfifo(fifo->path, 0600), 0);
    fifo->reader = open(fifo->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(fifo->reader >= 0);
}

static void assert_fifo_left(struct fifo *fifo)
{
    /* Had nobody opened it yet, its reader would wait for the first writer. */
    int writer = open(fifo->path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

    close(writer);
    assert_everybody_closed(fifo->reader);
    close(fifo->reader);
    temp_folder_free(fifo->folder);
    free(fifo->path);
}

/* A shell with a grandchild that do not listen to reason and hold the fifo while they live. */
static enum lk_status run_stubborn(const struct fifo *fifo, int64_t timeout_ms,
                                   struct lk_cancel *cancel, struct outcome *ret)
{
    const char *argv[] = {"sh", "-c", "trap '' TERM INT HUP; exec 9>\"$0\"; sleep 50 & sleep 51",
                          fifo->path, NULL};

    return run_spec((struct lk_process_spec){.argv = argv}, LK_STR_EMPTY, timeout_ms, cancel, ret);
}

static void a_time_out_kills_the_whole_group(void **state)
{
    LK_CLEANUP(outcome_done) struct outcome got = OUTCOME_INIT;
    struct fifo fifo;

    (void)state;
    open_fifo(&fifo);
    assert_lk_status(LK_TIMEOUT, run_stubborn(&fifo, 100, NULL, &got), &got.err);
    assert_contains(got.err.message, "sh: ");
    assert_fifo_left(&fifo);
}

/* Opening to read ends when the shell has opened to write. */
static void *interrupt_when_running(void *data)
{
    struct fifo *fifo = data;
    int fd = open(fifo->path, O_RDONLY | O_CLOEXEC);

    lk_cancel_set(fifo->cancel);
    close(fd);
    return NULL;
}

static void an_interrupt_kills_the_whole_group(void **state)
{
    LK_CLEANUP(outcome_done) struct outcome got = OUTCOME_INIT;
    struct fifo fifo = {.cancel = lk_cancel_new()};
    pthread_t thread;

    (void)state;
    open_fifo(&fifo);
    assert_int_equal(pthread_create(&thread, NULL, interrupt_when_running, &fifo), 0);
    assert_lk_status(LK_CANCELLED, run_stubborn(&fifo, -1, fifo.cancel, &got), &got.err);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_fifo_left(&fifo);
    lk_cancel_free(fifo.cancel);
}

static void nothing_starts_once_interrupted(void **state)
{
    LK_CLEANUP(outcome_done) struct outcome got = OUTCOME_INIT;
    struct lk_cancel *cancel = lk_cancel_new();
    const char *argv[] = {"sh", "-c", "echo ran", NULL};

    (void)state;
    lk_cancel_set(cancel);
    assert_lk_status(
        LK_CANCELLED,
        run_spec((struct lk_process_spec){.argv = argv}, LK_STR_EMPTY, LONG_MS, cancel, &got),
        &got.err);
    assert_int_equal(got.out.len, 0);
    lk_cancel_free(cancel);
}

static void the_child_gets_its_three_descriptors_and_no_other(void **state)
{
    LK_CLEANUP(outcome_done) struct outcome got = OUTCOME_INIT;
    int stray = fcntl(STDERR_FILENO, F_DUPFD, 40); /* without close-on-exec */

    (void)state;
    assert_true(stray >= 40);
    /* The shell's own listing opens one more to read the folder. */
    assert_lk_ok(run_script("for f in 3 4 5 6 7 8 9 40 41; do "
                            "[ -e /dev/fd/$f ] && [ ! -d /dev/fd/$f ] && echo $f; done; true",
                            &got),
                 &got.err);
    assert_string_equal(lk_buf_cstr(&got.out), "");
    close(stray);
}

static void the_child_starts_with_normal_signals(void **state)
{
    LK_CLEANUP(outcome_done) struct outcome got = OUTCOME_INIT;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigset_t term, mask;

    (void)state;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    assert_int_equal(sigaction(SIGPIPE, &ignore, &before), 0);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &term, &mask), 0);
    assert_lk_ok(run_script("kill -TERM $$; echo blocked", &got), &got.err);
    assert_int_equal(got.exit_code, 128 + SIGTERM);
    assert_lk_ok(run_script("kill -PIPE $$; echo ignored", &got), &got.err);
    assert_int_equal(got.exit_code, 128 + SIGPIPE);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &mask, NULL), 0);
    assert_int_equal(sigaction(SIGPIPE, &before, NULL), 0);
}

/* The middle process starts a child that holds the pipe and dies by SIGKILL: the pipe closes only
 * if the child was killed along with it. */
static void a_child_dies_with_its_parent_when_asked(void **state)
{
    int ends[2], status = 0;
    pid_t middle;

    (void)state;
    if (!lk_platform_on_parent_death(0)) /* 0 switches it off again */
        skip();
    assert_int_equal(pipe(ends), 0);
    middle = fork();
    if (middle == 0) {
        char path[64];
        const char *argv[] = {"sleep", "50", NULL};
        struct lk_process_spec spec = {.argv = argv, .die_with_parent = true, .output_path = path};
        struct lk_error err;
        pid_t pid;

        (void)snprintf(path, sizeof(path), "/dev/fd/%d", ends[1]);
        if (lk_process_start(&spec, &pid, &err) == LK_OK)
            raise(SIGKILL);
        _exit(1);
    }
    close(ends[1]);
    assert_int_equal(waitpid(middle, &status, 0), middle);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_everybody_closed(ends[0]);
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_error_and_exit_code_come_back),
        cmocka_unit_test(a_signals_number_is_added_to_128),
        cmocka_unit_test(arguments_go_through_no_shell),
        cmocka_unit_test(a_program_that_is_not_there_is_told),
        cmocka_unit_test(a_file_that_is_no_program_is_told),
        cmocka_unit_test(a_missing_folder_is_told_as_such),
        cmocka_unit_test(the_environment_is_replaced_by_name),
        cmocka_unit_test(the_childs_own_path_is_searched),
        cmocka_unit_test(megabytes_in_and_out_do_not_deadlock),
        cmocka_unit_test(output_past_the_ceiling_is_read_and_dropped),
        cmocka_unit_test(output_nobody_wants_goes_nowhere),
        cmocka_unit_test(a_program_may_leave_its_input_unread),
        cmocka_unit_test(a_grandchild_that_keeps_the_pipes_is_not_waited_for),
        cmocka_unit_test(a_time_out_kills_the_whole_group),
        cmocka_unit_test(an_interrupt_kills_the_whole_group),
        cmocka_unit_test(nothing_starts_once_interrupted),
        cmocka_unit_test(the_child_gets_its_three_descriptors_and_no_other),
        cmocka_unit_test(the_child_starts_with_normal_signals),
        cmocka_unit_test(a_child_dies_with_its_parent_when_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
