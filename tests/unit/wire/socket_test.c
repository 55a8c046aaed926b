#include "wire/socket.h"

#include "support/assert.h"

#include <string.h>

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_ends, close_ends)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_ready_before_something_was_sent),
        TEST(what_was_not_read_is_still_ready_the_next_time),
        TEST(of_two_that_wait_one_may_be_read_now_and_one_later),
        TEST(sending_hides_nothing_that_came),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
