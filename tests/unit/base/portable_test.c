/* The seam's fallback for systems without the Linux calls, under the same interrupt and process
 * code: compiled in here, it takes the place of the library's own platform.o. */
#define LK_PLATFORM_PORTABLE
#include "base/platform.c"

#include "base/cancel.h"
#include "base/process.h"
#include "support/assert.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

static bool readable(int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};

    return poll(&one, 1, 0) == 1;
}

static void a_wake_up_is_a_pipe_that_stays_out_of_children(void **state)
{
    int ends[2];

    (void)state;
    assert_true(lk_platform_wakeup_open(ends));
    assert_int_not_equal(ends[0], ends[1]);
    for (int i = 0; i < 2; i++) {
        assert_true(fcntl(ends[i], F_GETFD) & FD_CLOEXEC);
        assert_true(fcntl(ends[i], F_GETFL) & O_NONBLOCK);
    }
    lk_platform_wakeup_close(ends);
    assert_int_equal(ends[0], -1);
    assert_int_equal(ends[1], -1);
}

static void raising_past_what_a_pipe_holds_does_not_block(void **state)
{
    int ends[2];

    (void)state;
    assert_true(lk_platform_wakeup_open(ends));
    errno = EDOM;
    for (int i = 0; i < 20000; i++)
        lk_platform_wakeup_raise(ends[1]);
    assert_true(readable(ends[0]));
    lk_platform_wakeup_drain(ends[0]);
    assert_int_equal(errno, EDOM);
    assert_false(readable(ends[0]));
    lk_platform_wakeup_close(ends);
}

/* Without locks of the descriptor they are the process's: seen by others, gone with it. */
static void a_locked_byte_is_seen_by_others_until_its_process_dies(void **state)
{
    FILE *file = tmpfile();
    int fd = fileno(file), ends[2], ended;
    char one;
    pid_t child;

    (void)state;
    assert_true(lk_platform_pipe(ends));
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (!lk_platform_lock_byte(fd, INT64_C(1) << 61) || write(ends[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ends[0], &one, 1), 1);
    assert_true(lk_platform_byte_is_locked(fd, INT64_C(1) << 61));
    assert_false(lk_platform_byte_is_locked(fd, (INT64_C(1) << 61) + 1));
    assert_false(lk_platform_lock_byte(fd, INT64_C(1) << 61));
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_false(lk_platform_byte_is_locked(fd, INT64_C(1) << 61));
    assert_true(lk_platform_lock_byte(fd, INT64_C(1) << 61));
    lk_platform_unlock_byte(fd, INT64_C(1) << 61);
    close(ends[0]);
    close(ends[1]);
    (void)fclose(file);
}

static void the_cancel_flag_works_on_it(void **state)
{
    struct lk_cancel *cancel = lk_cancel_new();
    struct lk_error err;

    (void)state;
    for (int round = 0; round < 3; round++) {
        assert_lk_status(LK_TIMEOUT, lk_cancel_poll(cancel, -1, 0, 0, &err), &err);
        lk_cancel_set(cancel);
        lk_cancel_set(cancel);
        assert_lk_status(LK_CANCELLED, lk_cancel_poll(cancel, -1, 0, -1, &err), &err);
        lk_cancel_clear(cancel);
        assert_false(readable(lk_cancel_fd(cancel)));
    }
    lk_cancel_free(cancel);
}

static void processes_work_on_it(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf out = LK_BUF_INIT(100);
    const char *argv[] = {"sh", "-c", "cat; [ -e /dev/fd/40 ] && echo stray; exit 5", NULL};
    int stray = fcntl(STDERR_FILENO, F_DUPFD, 40);
    struct lk_error err;
    int exit_code = -1;

    (void)state;
    assert_int_equal(stray, 40);
    assert_lk_ok(lk_process_run(&(struct lk_process_spec){.argv = argv, .die_with_parent = true},
                                LK_STR("in"), 60000, NULL, &out, NULL, &exit_code, &err),
                 &err);
    assert_string_equal(lk_buf_cstr(&out), "in");
    assert_int_equal(exit_code, 5);
    close(stray);
}

static void what_it_cannot_do_it_says(void **state)
{
    (void)state;
    lk_platform_forbid_dumps();
    assert_false(lk_platform_on_parent_death(9));
    assert_null(lk_platform_own_program());
    assert_null(lk_process_own_folder());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wake_up_is_a_pipe_that_stays_out_of_children),
        cmocka_unit_test(raising_past_what_a_pipe_holds_does_not_block),
        cmocka_unit_test(a_locked_byte_is_seen_by_others_until_its_process_dies),
        cmocka_unit_test(the_cancel_flag_works_on_it),
        cmocka_unit_test(processes_work_on_it),
        cmocka_unit_test(what_it_cannot_do_it_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
