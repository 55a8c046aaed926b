/* The shell channel with a PAIR in the place of its ROUTER; both threads' calls come from one here,
 * so that every order can be had. */
#include "session/shell.h"

#include "support/assert.h"

#include <stdlib.h>

#define ADDRESS "inproc://shell-test"

struct world {
    struct lk_zmq *zmq;
    struct lk_socket *socket, *client;
    struct lk_cancel *cancel;
    struct lk_shell *shell;
};

static bool sigint; /* has come, and nobody has looked yet */

static bool interrupted(void)
{
    bool ret = sigint;

    sigint = false;
    return ret;
}

static void forget_interrupts(void)
{
    sigint = false;
}

static int start(void **state)
{
    static const struct lk_secret no_key = LK_SECRET_INIT;
    struct world *w = calloc(1, sizeof *w);
    struct lk_error err = LK_ERROR_INIT;

    sigint = false;
    w->zmq = lk_zmq_new();
    w->cancel = lk_cancel_new();
    assert_lk_ok(lk_socket_bind(w->zmq, LK_SOCKET_PAIR, ADDRESS, &w->client, &err), &err);
    assert_lk_ok(lk_socket_connect(w->zmq, LK_SOCKET_PAIR, ADDRESS, &w->socket, &err), &err);
    lk_socket_share(w->socket);
    w->shell = lk_shell_new(&(struct lk_shell_options){.socket = w->socket,
                                                       .key = &no_key,
                                                       .clock = lk_clock_system(),
                                                       .cancel = w->cancel,
                                                       .interrupted = interrupted,
                                                       .forget_interrupts = forget_interrupts});
    *state = w;
    return 0;
}

static int stop(void **state)
{
    struct world *w = *state;

    lk_shell_free(w->shell);
    lk_socket_close(w->socket);
    lk_socket_close(w->client);
    lk_zmq_free(w->zmq);
    lk_cancel_free(w->cancel);
    free(w);
    return 0;
}

static void send_as(struct world *w, const char *session, const char *type, const char *msg_id)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf header = LK_BUF_INIT(256);
    struct lk_error err = LK_ERROR_INIT;
    struct lk_str frames[] = {LK_STR("<IDS|MSG>"), LK_STR_EMPTY, LK_STR_EMPTY,
                              LK_STR("{}"),        LK_STR("{}"), LK_STR("{}")};

    lk_buf_printf(&header, "{\"msg_id\":\"%s\",\"msg_type\":\"%s\",\"session\":\"%s\"}", msg_id,
                  type, session);
    frames[2] = lk_buf_view(&header);
    assert_lk_ok(lk_socket_send(w->client, frames, LK_COUNT(frames), &err), &err);
}

static void send(struct world *w, const char *type, const char *msg_id)
{
    send_as(w, "mine", type, msg_id);
}

static void take(struct world *w, const char *msg_id, bool aborted)
{
    struct lk_queued *queued;

    assert_int_equal(lk_shell_take(w->shell, &queued), LK_SHELL_REQUEST);
    assert_str(queued->message.msg_id, msg_id);
    assert_int_equal(queued->aborted, aborted);
    lk_queued_free(queued);
}

static void take_nothing(struct world *w, enum lk_shell_state want)
{
    struct lk_queued *queued;

    assert_int_equal(lk_shell_take(w->shell, &queued), want);
    assert_null(queued);
}

/* Runs a request of its own and fails it; what must not wait is expected to be urgent, NULL:
 * nothing. */
static void fail_one(struct world *w, const char *session, const char *urgent)
{
    struct lk_queued *failed, *first;

    assert_int_equal(lk_shell_take(w->shell, &failed), LK_SHELL_REQUEST);
    assert_str(lk_json_get_str(failed->message.header, "session"), session);
    lk_shell_abort(w->shell, &failed->message);
    first = lk_shell_abort_rest(w->shell);
    if (urgent) {
        assert_non_null(first);
        assert_str(first->message.msg_id, urgent);
        lk_queued_free(first);
        first = lk_shell_abort_rest(w->shell);
    }
    assert_null(first);
    lk_queued_free(failed);
}

static void requests_are_taken_in_the_order_they_came(void **state)
{
    struct world *w = *state;

    take_nothing(w, LK_SHELL_EMPTY);
    send(w, "execute_request", "1");
    send(w, "kernel_info_request", "2");
    take(w, "1", false);
    take(w, "2", false);
    take_nothing(w, LK_SHELL_EMPTY);
}

static void an_interrupt_is_for_the_request_that_runs(void **state)
{
    struct world *w = *state;

    send(w, "execute_request", "1");
    send(w, "execute_request", "2");
    take(w, "1", false);
    lk_shell_interrupt(w->shell);
    assert_true(lk_cancel_is_set(w->cancel));
    take(w, "2", false);
    assert_false(lk_cancel_is_set(w->cancel));
    sigint = true;
    lk_shell_signalled(w->shell);
    assert_true(lk_cancel_is_set(w->cancel));
    take_nothing(w, LK_SHELL_EMPTY);
    assert_false(lk_cancel_is_set(w->cancel));
}

static void an_interrupt_between_requests_is_for_none(void **state)
{
    struct world *w = *state;

    lk_shell_interrupt(w->shell);
    take_nothing(w, LK_SHELL_EMPTY);
    lk_shell_interrupt(w->shell);
    sigint = true;
    lk_shell_signalled(w->shell);
    assert_false(lk_cancel_is_set(w->cancel));
    send(w, "execute_request", "1");
    take(w, "1", false);
    assert_false(lk_cancel_is_set(w->cancel));
}

/* The signal has come, and the router has not been scheduled since. */
static void a_signal_that_was_not_seen_in_time_hits_no_later_request(void **state)
{
    struct world *w = *state;

    sigint = true;
    send(w, "execute_request", "1");
    take(w, "1", false);
    lk_shell_signalled(w->shell);
    assert_false(lk_cancel_is_set(w->cancel));
    sigint = true;
    send(w, "execute_request", "2");
    take(w, "2", false);
    lk_shell_signalled(w->shell);
    assert_false(lk_cancel_is_set(w->cancel));
}

static void a_look_finds_what_must_not_wait_and_keeps_the_rest_in_order(void **state)
{
    struct world *w = *state;
    struct lk_queued *urgent;

    send(w, "execute_request", "1");
    take(w, "1", false);
    send(w, "execute_request", "2");
    send(w, "connect_request", "c");
    send(w, "kernel_info_request", "3");
    send(w, "shutdown_request", "s");
    urgent = lk_shell_look(w->shell);
    assert_str(urgent->message.msg_id, "c");
    lk_queued_free(urgent);
    urgent = lk_shell_look(w->shell);
    assert_str(urgent->message.msg_id, "s");
    lk_queued_free(urgent);
    assert_null(lk_shell_look(w->shell));
    send(w, "execute_request", "4");
    take(w, "2", false);
    take(w, "3", false);
    take(w, "4", false);
}

/* What was read is taken in the order it came, so whoever asks next would wait for all of it. */
static void a_look_leaves_most_of_a_flood_in_the_socket(void **state)
{
    struct world *w = *state;

    send(w, "execute_request", "1");
    take(w, "1", false);
    for (int i = 0; i < 3000; i++)
        send_as(w, "yours", "kernel_info_request", "flood");
    assert_null(lk_shell_look(w->shell));
    assert_true(lk_socket_has_input(w->socket));
    assert_null(lk_shell_look(w->shell));
    assert_true(lk_socket_has_input(w->socket));
    for (int i = 0; i < 3000; i++)
        take(w, "flood", false);
    take_nothing(w, LK_SHELL_EMPTY);
}

/* The executor waits for the socket then, and would not learn of what somebody else has read. */
static void a_look_reads_nothing_while_nothing_runs(void **state)
{
    struct world *w = *state;

    send(w, "shutdown_request", "1");
    assert_null(lk_shell_look(w->shell));
    assert_true(lk_socket_has_input(w->socket));
    take(w, "1", false);
    take_nothing(w, LK_SHELL_EMPTY);
}

static void a_failure_marks_what_its_client_has_sent_before(void **state)
{
    struct world *w = *state;

    send(w, "execute_request", "failing");
    send(w, "execute_request", "1");
    send_as(w, "yours", "execute_request", "2");
    send(w, "kernel_info_request", "3");
    send(w, "shutdown_request", "s");
    send(w, "execute_request", "4");
    fail_one(w, "mine", "s");
    send(w, "execute_request", "later");
    take(w, "1", true);
    take(w, "2", false);
    take(w, "3", false);
    take(w, "4", true);
    take(w, "later", false);
}

static void a_failure_marks_what_the_router_has_read_before(void **state)
{
    struct world *w = *state;

    send(w, "execute_request", "1");
    send(w, "execute_request", "failing");
    take(w, "1", false);
    send(w, "execute_request", "2");
    assert_null(lk_shell_look(w->shell));
    fail_one(w, "mine", NULL);
    take(w, "2", true);
}

/* What there is no room for is marked when its turn comes. */
static void a_failure_marks_more_than_there_is_room_for(void **state)
{
    struct world *w = *state;

    send(w, "execute_request", "failing");
    for (int i = 0; i < LK_SHELL_QUEUE_MAX + 1000; i++)
        send(w, "execute_request", "waits");
    fail_one(w, "mine", NULL);
    for (int i = 0; i < LK_SHELL_QUEUE_MAX + 1000; i++)
        take(w, "waits", true);
    take_nothing(w, LK_SHELL_EMPTY);
    send(w, "execute_request", "later");
    take(w, "later", false);
}

static void what_is_closed_gives_nothing_more_and_ends_what_runs(void **state)
{
    struct world *w = *state;

    send(w, "execute_request", "1");
    send(w, "execute_request", "2");
    take(w, "1", false);
    lk_shell_close(w->shell);
    assert_true(lk_cancel_is_set(w->cancel));
    take_nothing(w, LK_SHELL_CLOSED);
    assert_false(lk_cancel_is_set(w->cancel));
    take_nothing(w, LK_SHELL_CLOSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(requests_are_taken_in_the_order_they_came),
        TEST(an_interrupt_is_for_the_request_that_runs),
        TEST(an_interrupt_between_requests_is_for_none),
        TEST(a_signal_that_was_not_seen_in_time_hits_no_later_request),
        TEST(a_look_finds_what_must_not_wait_and_keeps_the_rest_in_order),
        TEST(a_look_leaves_most_of_a_flood_in_the_socket),
        TEST(a_look_reads_nothing_while_nothing_runs),
        TEST(a_failure_marks_what_its_client_has_sent_before),
        TEST(a_failure_marks_what_the_router_has_read_before),
        TEST(a_failure_marks_more_than_there_is_room_for),
        TEST(what_is_closed_gives_nothing_more_and_ends_what_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
