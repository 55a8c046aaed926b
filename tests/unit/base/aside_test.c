#include "base/aside.h"

#include "support/assert.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* Work that ends when the test lets it, and tells when it was freed. */
struct slow {
    struct lk_aside aside;
    int begin, gate; /* written when it begins; read until something comes; -1: none */
    int freed;       /* written when it is freed */
    pthread_t ran_on;
    int answer;
};

static void run(struct lk_aside *work)
{
    struct slow *self = (struct slow *)work;
    char byte;

    self->ran_on = pthread_self();
    if (self->begin >= 0 && write(self->begin, "b", 1) != 1)
        abort();
    if (self->gate >= 0 && read(self->gate, &byte, 1) != 1)
        abort();
    self->answer = 42;
}

static void free_work(struct lk_aside *work)
{
    struct slow *self = (struct slow *)work;
    int freed = self->freed;

    free(self);
    if (write(freed, "f", 1) != 1)
        abort();
}

struct fixture {
    int begin[2], gate[2], freed[2];
    struct lk_cancel *cancel;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->cancel = lk_cancel_new();
    *state = f;
    return pipe(f->begin) || pipe(f->gate) || pipe(f->freed);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    int *ends[] = {f->begin, f->gate, f->freed};

    for (size_t i = 0; i < LK_COUNT(ends); i++) {
        close(ends[i][0]);
        close(ends[i][1]);
    }
    lk_cancel_free(f->cancel);
    free(f);
    return 0;
}

static struct slow *new_work(struct fixture *f, bool gated)
{
    struct slow *work = calloc(1, sizeof *work);

    assert_non_null(work);
    work->aside = (struct lk_aside){.run = run, .free = free_work};
    work->begin = gated ? f->begin[1] : -1;
    work->gate = gated ? f->gate[0] : -1;
    work->freed = f->freed[1];
    return work;
}

static bool is_readable(int fd, int timeout_ms)
{
    struct pollfd item = {.fd = fd, .events = POLLIN};

    return poll(&item, 1, timeout_ms) == 1;
}

static void work_comes_back_done(void **state)
{
    struct fixture *f = *state;
    struct slow *work = new_work(f, false);
    struct lk_error err;

    assert_lk_ok(lk_aside_run(&work->aside, f->cancel, &err), &err);
    assert_int_equal(work->answer, 42);
    assert_false(pthread_equal(work->ran_on, pthread_self()));
    assert_false(is_readable(f->freed[0], 0));
    free(work);
}

static void without_a_flag_it_is_done_here(void **state)
{
    struct slow *work = new_work(*state, false);
    struct lk_error err;

    assert_lk_ok(lk_aside_run(&work->aside, NULL, &err), &err);
    assert_int_equal(work->answer, 42);
    assert_true(pthread_equal(work->ran_on, pthread_self()));
    free(work);
}

/* Interrupts once the work has begun. */
static void *interrupt(void *data)
{
    struct fixture *f = data;

    if (!is_readable(f->begin[0], 10000))
        abort();
    lk_cancel_set(f->cancel);
    return NULL;
}

static void an_interrupt_leaves_the_work_to_itself(void **state)
{
    struct fixture *f = *state;
    struct slow *work = new_work(f, true);
    struct lk_error err;
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, interrupt, f), 0);
    /* It comes back although the gate is shut. */
    assert_lk_status(LK_CANCELLED, lk_aside_run(&work->aside, f->cancel, &err), &err);
    assert_string_equal(err.code, "KeyboardInterrupt");
    pthread_join(thread, NULL);
    assert_false(is_readable(f->freed[0], 0));
    assert_int_equal(write(f->gate[1], "g", 1), 1);
    assert_true(is_readable(f->freed[0], 10000));
}

static void interrupted_before_it_begins_it_is_freed_all_the_same(void **state)
{
    struct fixture *f = *state;
    struct slow *work = new_work(f, false);
    struct lk_error err;

    lk_cancel_set(f->cancel);
    assert_lk_status(LK_CANCELLED, lk_aside_run(&work->aside, f->cancel, &err), &err);
    assert_true(is_readable(f->freed[0], 10000));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(work_comes_back_done),
        TEST(without_a_flag_it_is_done_here),
        TEST(an_interrupt_leaves_the_work_to_itself),
        TEST(interrupted_before_it_begins_it_is_freed_all_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
