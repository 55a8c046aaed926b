#include "base/cancel.h"
#include "base/clock.h"
#include "base/platform.h"
#include "support/assert.h"
#include "support/fake_clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static bool readable(int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};

    return poll(&one, 1, 0) == 1;
}

static void no_flag_is_never_set(void **state)
{
    struct lk_error err;

    (void)state;
    assert_false(lk_cancel_is_set(NULL));
    assert_int_equal(lk_cancel_fd(NULL), -1);
    assert_lk_ok(lk_cancel_check(NULL, &err), &err);
    assert_lk_status(LK_TIMEOUT, lk_cancel_poll(NULL, -1, 0, 0, &err), &err);
    lk_cancel_free(NULL);
}

static void flag_and_descriptor_agree(void **state)
{
    struct lk_cancel *cancel = lk_cancel_new();
    struct lk_error err;

    (void)state;
    assert_false(readable(lk_cancel_fd(cancel)));
    for (int round = 0; round < 3; round++) {
        lk_cancel_set(cancel);
        lk_cancel_set(cancel);
        assert_true(lk_cancel_is_set(cancel));
        assert_true(readable(lk_cancel_fd(cancel)));
        assert_lk_status(LK_CANCELLED, lk_cancel_check(cancel, &err), &err);
        assert_string_equal(err.code, "KeyboardInterrupt");
        lk_cancel_clear(cancel);
        assert_false(lk_cancel_is_set(cancel));
        assert_false(readable(lk_cancel_fd(cancel)));
        assert_lk_ok(lk_cancel_check(cancel, &err), &err);
    }
    lk_cancel_clear(cancel);
    lk_cancel_free(cancel);
}

static void descriptors_stay_out_of_child_processes(void **state)
{
    struct lk_cancel *cancel = lk_cancel_new();

    (void)state;
    assert_true(fcntl(lk_cancel_fd(cancel), F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(lk_cancel_fd(cancel), F_GETFL) & O_NONBLOCK);
    lk_cancel_free(cancel);
}

static void poll_tells_ready_from_late_from_interrupted(void **state)
{
    struct lk_cancel *cancel = lk_cancel_new();
    struct lk_error err;
    int ends[2];

    (void)state;
    assert_true(lk_platform_pipe(ends));
    assert_lk_status(LK_TIMEOUT, lk_cancel_poll(cancel, ends[0], POLLIN, 1, &err), &err);
    assert_lk_ok(lk_cancel_poll(cancel, ends[1], POLLOUT, -1, &err), &err);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_lk_ok(lk_cancel_poll(cancel, ends[0], POLLIN, INT64_MAX, &err), &err);
    lk_cancel_set(cancel);
    assert_lk_status(LK_CANCELLED, lk_cancel_poll(cancel, ends[0], POLLIN, -1, &err), &err);
    assert_lk_status(LK_CANCELLED, lk_cancel_poll(cancel, -1, 0, -1, &err), &err);
    close(ends[1]);
    lk_cancel_clear(cancel);
    /* The end of a pipe is readable too. */
    assert_int_equal(read(ends[0], &(char){0}, 1), 1);
    assert_lk_ok(lk_cancel_poll(cancel, ends[0], POLLIN, -1, &err), &err);
    close(ends[0]);
    lk_cancel_free(cancel);
}

static struct lk_cancel *signalled;

static void on_signal(int number)
{
    (void)number;
    lk_cancel_set(signalled);
}

static void a_signal_handler_may_set_it_and_errno_survives(void **state)
{
    struct sigaction action = {.sa_handler = on_signal}, before;
    struct lk_error err;

    (void)state;
    signalled = lk_cancel_new();
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    errno = EDOM;
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(errno, EDOM);
    assert_lk_status(LK_CANCELLED, lk_cancel_poll(signalled, -1, 0, -1, &err), &err);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    lk_cancel_free(signalled);
}

static void *set_flag(void *cancel)
{
    lk_cancel_set(cancel);
    return NULL;
}

/* Without the descriptor in the wait these two would stand for an hour. */
static void a_wait_ends_when_another_thread_interrupts(void **state)
{
    struct lk_cancel *cancel = lk_cancel_new();
    struct lk_clock *clock = lk_clock_system();
    struct lk_error err;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, set_flag, cancel), 0);
    assert_lk_status(LK_CANCELLED, clock->wait_ms(clock, 3600000, cancel, &err), &err);
    assert_string_equal(err.code, "KeyboardInterrupt");
    assert_lk_status(LK_CANCELLED, lk_cancel_poll(cancel, -1, 0, 3600000, &err), &err);
    assert_int_equal(pthread_join(thread, NULL), 0);
    lk_cancel_free(cancel);
}

static void a_wait_that_passes_leaves_the_error_alone(void **state)
{
    struct lk_clock *clock = lk_clock_system();
    struct lk_cancel *cancel = lk_cancel_new();
    struct lk_error err;

    (void)state;
    lk_error_set(&err, LK_THROTTLED, "Busy", "come back later");
    assert_lk_ok(clock->wait_ms(clock, 1, cancel, &err), &err);
    assert_lk_ok(clock->wait_ms(clock, -5, NULL, &err), &err);
    assert_string_equal(err.message, "come back later");
    lk_cancel_free(cancel);
}

static void the_system_clock_is_not_before_this_was_written(void **state)
{
    struct lk_clock *clock = lk_clock_system();
    int64_t before = clock->monotonic_ms(clock);

    (void)state;
    assert_true(lk_clock_unix_s(clock) > INT64_C(1700000000));
    assert_true(clock->monotonic_ms(clock) >= before);
}

static void the_fake_clock_waits_at_once_and_counts(void **state)
{
    struct fake_clock *fake = fake_clock_new();
    struct lk_clock *clock = &fake->clock;
    struct lk_error err;

    (void)state;
    assert_int_equal(lk_clock_unix_s(clock), FAKE_CLOCK_START_UNIX_S);
    assert_lk_ok(clock->wait_ms(clock, 7000, NULL, &err), &err);
    fake_clock_advance_ms(fake, 1000);
    assert_int_equal(lk_clock_unix_s(clock), FAKE_CLOCK_START_UNIX_S + 8);
    assert_int_equal(fake_clock_waited_ms(fake), 7000);
    assert_int_equal(fake_clock_waits(fake), 1);
    free(fake);
}

static void the_fake_clock_interrupts_in_the_middle_of_a_wait(void **state)
{
    struct fake_clock *fake = fake_clock_new();
    struct lk_clock *clock = &fake->clock;
    struct lk_cancel *cancel = lk_cancel_new();
    struct lk_error err;

    (void)state;
    fake_clock_interrupt_after_ms(fake, cancel, 1500);
    assert_lk_ok(clock->wait_ms(clock, 1000, cancel, &err), &err);
    assert_lk_status(LK_CANCELLED, clock->wait_ms(clock, 1000, cancel, &err), &err);
    assert_int_equal(fake_clock_waited_ms(fake), 1500);
    assert_lk_status(LK_CANCELLED, clock->wait_ms(clock, 1000, cancel, &err), &err);
    assert_int_equal(fake_clock_waited_ms(fake), 1500);
    lk_cancel_free(cancel);
    free(fake);
}

struct counted_chore {
    struct lk_chore chore; /* first */
    struct lk_cancel *cancel;
    int left; /* rounds until it interrupts */
};

static int64_t count_down(struct lk_chore *chore)
{
    struct counted_chore *self = (struct counted_chore *)chore;

    if (--self->left == 0)
        lk_cancel_set(self->cancel);
    return 0;
}

static int64_t due_in_50_ms(struct lk_chore *chore)
{
    (void)chore;
    return 50;
}

static void a_wait_does_the_chore_whenever_it_is_due(void **state)
{
    struct lk_cancel *cancel = lk_cancel_new();
    struct counted_chore chore = {.chore = {.run = count_down}, .cancel = cancel, .left = 3};
    struct lk_error err;

    (void)state;
    lk_cancel_set_chore(cancel, &chore.chore);
    assert_lk_status(LK_CANCELLED, lk_cancel_poll(cancel, -1, 0, -1, &err), &err);
    assert_int_equal(chore.left, 0);
    lk_cancel_set_chore(cancel, NULL);
    assert_lk_status(LK_CANCELLED, lk_cancel_poll(cancel, -1, 0, -1, &err), &err);
    assert_int_equal(chore.left, 0);
    lk_cancel_free(cancel);
}

static void a_wait_is_no_longer_than_until_the_chore_is_due(void **state)
{
    struct lk_cancel *cancel = lk_cancel_new();
    struct lk_chore chore = {.run = due_in_50_ms};

    (void)state;
    assert_int_equal(lk_cancel_poll_ms(NULL, 70), 70);
    assert_int_equal(lk_cancel_poll_ms(cancel, -1), -1);
    lk_cancel_set_chore(cancel, &chore);
    assert_int_equal(lk_cancel_poll_ms(cancel, 70), 50);
    assert_int_equal(lk_cancel_poll_ms(cancel, 30), 30);
    assert_int_equal(lk_cancel_poll_ms(cancel, -1), 50);
    lk_cancel_set_chore(NULL, &chore);
    lk_cancel_free(cancel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_flag_is_never_set),
        cmocka_unit_test(flag_and_descriptor_agree),
        cmocka_unit_test(descriptors_stay_out_of_child_processes),
        cmocka_unit_test(poll_tells_ready_from_late_from_interrupted),
        cmocka_unit_test(a_signal_handler_may_set_it_and_errno_survives),
        cmocka_unit_test(a_wait_ends_when_another_thread_interrupts),
        cmocka_unit_test(a_wait_that_passes_leaves_the_error_alone),
        cmocka_unit_test(the_system_clock_is_not_before_this_was_written),
        cmocka_unit_test(the_fake_clock_waits_at_once_and_counts),
        cmocka_unit_test(the_fake_clock_interrupts_in_the_middle_of_a_wait),
        cmocka_unit_test(a_wait_does_the_chore_whenever_it_is_due),
        cmocka_unit_test(a_wait_is_no_longer_than_until_the_chore_is_due),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
