/* The executor with a PAIR in the place of each shared socket, on the thread of the test: what it
 * is to do waits for it, and a shutdown at the end of that lets it return. */
#include "session/executor.h"

#include "support/assert.h"

#include <stdlib.h>

/* One PAIR: the executor's end and the other. */
struct ends {
    struct lk_socket *its, *ours;
};

struct world {
    struct lk_zmq *zmq;
    struct ends exchange, shell, iopub;
    struct lk_cancel *cancel;
};

static void open_ends(struct world *w, const char *address, struct ends *ret)
{
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_socket_bind(w->zmq, LK_SOCKET_PAIR, address, &ret->ours, &err), &err);
    assert_lk_ok(lk_socket_connect(w->zmq, LK_SOCKET_PAIR, address, &ret->its, &err), &err);
}

static void close_ends(struct ends *ends)
{
    lk_socket_close(ends->its);
    lk_socket_close(ends->ours);
}

static int start(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    w->zmq = lk_zmq_new();
    w->cancel = lk_cancel_new();
    open_ends(w, "inproc://executor-test-exchange", &w->exchange);
    open_ends(w, "inproc://executor-test-shell", &w->shell);
    open_ends(w, "inproc://executor-test-iopub", &w->iopub);
    *state = w;
    return 0;
}

static int stop(void **state)
{
    struct world *w = *state;

    close_ends(&w->exchange);
    close_ends(&w->shell);
    close_ends(&w->iopub);
    lk_zmq_free(w->zmq);
    lk_cancel_free(w->cancel);
    free(w);
    return 0;
}

static void send(struct lk_socket *socket, const struct lk_str *frames, size_t count)
{
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_socket_send(socket, frames, count, &err), &err);
}

static void send_request(struct world *w, const char *header)
{
    const struct lk_str frames[] = {LK_STR("<IDS|MSG>"), LK_STR_EMPTY, lk_str_from(header),
                                    LK_STR("{}"),        LK_STR("{}"), LK_STR("{}")};

    send(w->shell.ours, frames, LK_COUNT(frames));
}

static bool interrupted(void)
{
    return false;
}

static void forget_interrupts(void)
{
}

/* With the gate open, until the shutdown. */
static void run(struct world *w)
{
    static const struct lk_secret no_key = LK_SECRET_INIT;
    static const struct lk_connection connection;
    struct lk_outbox outbox = {.key = &no_key,
                               .session = "session",
                               .clock = lk_clock_system(),
                               .shell = w->shell.its,
                               .iopub = w->iopub.its};
    struct lk_shell *shell =
        lk_shell_new(&(struct lk_shell_options){.socket = w->shell.its,
                                                .key = &no_key,
                                                .clock = lk_clock_system(),
                                                .cancel = w->cancel,
                                                .interrupted = interrupted,
                                                .forget_interrupts = forget_interrupts});

    send(w->exchange.ours, &LK_TAG_OPEN, 1);
    send_request(w, "{\"msg_id\":\"1\",\"msg_type\":\"kernel_info_request\"}");
    send_request(w, "{\"msg_id\":\"2\",\"msg_type\":\"shutdown_request\"}");
    lk_executor_run(&(struct lk_executor_options){.pair = w->exchange.its,
                                                  .connection = &connection,
                                                  .outbox = &outbox,
                                                  .shell = shell,
                                                  .cancel = w->cancel});
    lk_shell_free(shell);
}

/* Whether it has told the router to look, which its last word follows. */
static bool told_to_look(struct world *w)
{
    LK_CLEANUP(lk_frames_done) struct lk_frames frames = LK_FRAMES_INIT;
    bool look = false;

    while (lk_socket_receive(w->exchange.ours, &frames, NULL) == LK_OK) {
        if (lk_str_eq(frames.parts[0], LK_TAG_LEFT))
            return look;
        look = look || lk_str_eq(frames.parts[0], LK_TAG_LOOK);
    }
    fail_msg("the executor has not said that it left");
    return false;
}

/* Its answers have hidden the subscriber from the router, which waits for the same socket. */
static void the_router_is_told_of_a_subscriber_after_answers_that_need_no_context(void **state)
{
    struct world *w = *state;

    send(w->iopub.ours, &LK_STR("\1"), 1);
    run(w);
    assert_true(told_to_look(w));
}

static void the_router_is_not_told_when_nobody_subscribes(void **state)
{
    struct world *w = *state;

    run(w);
    assert_false(told_to_look(w));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_router_is_told_of_a_subscriber_after_answers_that_need_no_context),
        TEST(the_router_is_not_told_when_nobody_subscribes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
