#include "wire/socket.h"

#include "support/assert.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ADDRESS "inproc://socket-test"

struct ends {
    struct lk_zmq *zmq;
    struct lk_socket *here, *there;
};

static int open_ends(void **state)
{
    static struct ends ends;
    struct lk_error err = LK_ERROR_INIT;

    ends.zmq = lk_zmq_new();
    assert_lk_ok(lk_socket_bind(ends.zmq, LK_SOCKET_PAIR, ADDRESS, &ends.here, &err), &err);
    assert_lk_ok(lk_socket_connect(ends.zmq, LK_SOCKET_PAIR, ADDRESS, &ends.there, &err), &err);
    *state = &ends;
    return 0;
}

static int close_ends(void **state)
{
    struct ends *ends = *state;

    lk_socket_close(ends->here);
    lk_socket_close(ends->there);
    lk_zmq_free(ends->zmq);
    return 0;
}

static bool is_ready(struct ends *ends, int64_t timeout_ms)
{
    struct lk_poll_item item = {.socket = ends->here};
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_socket_poll(&item, 1, timeout_ms, &err), &err);
    return item.ready;
}

static void send(struct ends *ends, const char *first, const char *second)
{
    struct lk_str parts[] = {lk_str_from(first), lk_str_from(second)};
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_socket_send(ends->there, parts, LK_COUNT(parts), &err), &err);
}

static void receive(struct ends *ends, const char *first, const char *second)
{
    LK_CLEANUP(lk_frames_done) struct lk_frames frames = LK_FRAMES_INIT;
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_socket_receive(ends->here, &frames, &err), &err);
    assert_int_equal(frames.count, 2);
    assert_int_equal(frames.bytes, strlen(first) + strlen(second));
    assert_str(frames.parts[0], first);
    assert_str(frames.parts[1], second);
}

static void nothing_is_ready_before_something_was_sent(void **state)
{
    LK_CLEANUP(lk_frames_done) struct lk_frames frames = LK_FRAMES_INIT;

    assert_false(is_ready(*state, 0));
    assert_false(is_ready(*state, 20));
    assert_int_equal(lk_socket_receive(((struct ends *)*state)->here, &frames, NULL), LK_TIMEOUT);
}

/* libzmq's descriptor tells of a message once. */
static void what_was_not_read_is_still_ready_the_next_time(void **state)
{
    assert_false(is_ready(*state, 0));
    send(*state, "a", "one");
    assert_true(is_ready(*state, 1000));
    assert_true(is_ready(*state, 1000));
    receive(*state, "a", "one");
    assert_false(is_ready(*state, 0));
}

static void of_two_that_wait_one_may_be_read_now_and_one_later(void **state)
{
    send(*state, "a", "one");
    send(*state, "b", "");
    assert_true(is_ready(*state, 1000));
    receive(*state, "a", "one");
    assert_true(is_ready(*state, 1000));
    receive(*state, "b", "");
    assert_false(is_ready(*state, 0));
    send(*state, "c", "three");
    assert_true(is_ready(*state, 1000));
    receive(*state, "c", "three");
}

/* Sending may take in the news that a message has come. */
static void sending_hides_nothing_that_came(void **state)
{
    struct ends *ends = *state;
    struct lk_error err = LK_ERROR_INIT;

    assert_false(is_ready(ends, 0));
    send(ends, "a", "one");
    for (int i = 0; i < 1000; i++)
        assert_lk_ok(lk_socket_send(ends->here, (struct lk_str[]){LK_STR("x")}, 1, &err), &err);
    assert_true(is_ready(ends, 1000));
    receive(ends, "a", "one");
}

/* ---- one socket, two threads --------------------------------------------------------------- */

enum { BATCHES = 200, BATCH = 50 };

struct shared {
    struct ends *ends;
    int wake[2]; /* who waits for the socket is told of what a call hid */
    _Atomic(const char *) failure;
    atomic_int at_line; /* of the batches, so that both threads are always at the socket at once */
};

static void *failed(struct shared *shared, const char *what)
{
    atomic_store(&shared->failure, what);
    return NULL;
}

static void line_up(struct shared *shared, int batch)
{
    atomic_fetch_add(&shared->at_line, 1);
    while (atomic_load(&shared->at_line) < 2 * (batch + 1))
        continue;
}

static void *send_batches(void *argument)
{
    struct shared *shared = argument;
    struct lk_error err = LK_ERROR_INIT;
    char text[16];

    for (int i = 0; i < BATCHES * BATCH; i++) {
        if (i % BATCH == 0)
            line_up(shared, i / BATCH);
        snprintf(text, sizeof text, "%d", i);
        if (lk_socket_send(shared->ends->here, (struct lk_str[]){LK_STR("n"), lk_str_from(text)}, 2,
                           &err))
            return failed(shared, "a message was not sent");
        if (lk_socket_has_input(shared->ends->here) && write(shared->wake[1], "", 1) != 1)
            return failed(shared, "no wake-up");
    }
    return NULL;
}

static void *echo_batches(void *argument)
{
    struct shared *shared = argument;
    struct lk_poll_item item = {.socket = shared->ends->there};

    for (int i = 0; i < BATCHES * BATCH;) {
        LK_CLEANUP(lk_frames_done) struct lk_frames frames = LK_FRAMES_INIT;
        if (lk_socket_poll(&item, 1, 10000, NULL) || !item.ready)
            return failed(shared, "nothing came");
        if (lk_socket_receive(shared->ends->there, &frames, NULL))
            continue;
        if (lk_socket_send(shared->ends->there, frames.parts, frames.count, NULL))
            return failed(shared, "no echo");
        i++;
    }
    return NULL;
}

/* All that is there; how many. */
static int read_echoes(struct shared *shared, int next)
{
    char text[16];
    int count = 0;

    for (;;) {
        LK_CLEANUP(lk_frames_done) struct lk_frames frames = LK_FRAMES_INIT;
        if (lk_socket_receive(shared->ends->here, &frames, NULL))
            return count;
        snprintf(text, sizeof text, "%d", next + count++);
        assert_str(frames.parts[1], text);
    }
}

static void wait_for_echoes(struct shared *shared)
{
    struct lk_poll_item items[] = {{.socket = shared->ends->here}, {.fd = shared->wake[0]}};
    char bytes[64];

    assert_lk_ok(lk_socket_poll(items, LK_COUNT(items), 10000, NULL), NULL);
    assert_true(items[0].ready || items[1].ready);
    if (items[1].ready)
        assert_true(read(shared->wake[0], bytes, sizeof bytes) > 0);
}

/* As router and executor do: one sends, the other waits for what comes and reads it. */
static void two_threads_share_a_socket_and_lose_nothing(void **state)
{
    struct shared shared = {.ends = *state, .wake = {-1, -1}};
    pthread_t sender, echo;
    int read_so_far = 0;

    assert_int_equal(pipe(shared.wake), 0);
    lk_socket_share(shared.ends->here);
    assert_int_equal(pthread_create(&sender, NULL, send_batches, &shared), 0);
    assert_int_equal(pthread_create(&echo, NULL, echo_batches, &shared), 0);
    for (int batch = 0; batch < BATCHES; batch++) {
        line_up(&shared, batch);
        for (;;) {
            read_so_far += read_echoes(&shared, read_so_far);
            if (read_so_far == (batch + 1) * BATCH)
                break;
            wait_for_echoes(&shared);
        }
    }
    pthread_join(sender, NULL);
    pthread_join(echo, NULL);
    assert_null(atomic_load(&shared.failure));
    close(shared.wake[0]);
    close(shared.wake[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_ends, close_ends)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_ready_before_something_was_sent),
        TEST(what_was_not_read_is_still_ready_the_next_time),
        TEST(of_two_that_wait_one_may_be_read_now_and_one_later),
        TEST(sending_hides_nothing_that_came),
        TEST(two_threads_share_a_socket_and_lose_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
