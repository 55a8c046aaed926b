/* Over real sockets. The clients speak first and the listener looks afterwards, so nothing waits
 * but where a wait is what is tested. */
#include "auth/loopback_listener.h"

#include "base/clock.h"
#include "visitor.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define STATE "stStSt-0123456789"
#define GOOD  "code=CODE1&state=" STATE "&client_info=eyJ9&session_state=ss"

enum { LONG_MS = 20000 };

struct fixture {
    struct lk_listener *listener;
    struct lk_secret state;
    struct lk_cancel *cancel;
    struct lk_redirect redirect;
    struct lk_buf answer;
    struct lk_error err;
    uint16_t port;
};

static int setup(void **state)
{
    struct fixture *f = lk_alloc(sizeof *f);

    f->cancel = lk_cancel_new();
    lk_secret_set(&f->state, LK_STR(STATE));
    lk_buf_init(&f->answer, 1 << 16);
    assert_lk_ok(lk_listener_open(0, lk_clock_system(), &f->listener, &f->err), &f->err);
    f->port = lk_listener_port(f->listener);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    lk_listener_unref(&f->listener);
    lk_secret_done(&f->state);
    lk_redirect_done(&f->redirect);
    lk_buf_done(&f->answer);
    lk_cancel_free(f->cancel);
    free(f);
    return 0;
}

static enum lk_status listen_for(struct fixture *f, int64_t timeout_ms)
{
    return lk_listener_wait(f->listener, &f->state, timeout_ms, f->cancel, &f->redirect, &f->err);
}

static void assert_code(struct fixture *f, const char *code)
{
    assert_int_equal(f->redirect.verdict, LK_REDIRECT_CODE);
    assert_str(lk_secret_reveal(&f->redirect.code), code);
}

static void assert_answered(struct fixture *f, int fd, const char *status)
{
    visitor_answer(fd, &f->answer);
    assert_true(lk_str_starts(lk_buf_view(&f->answer), lk_str_from(status)));
}

static void the_form_of_the_right_sign_in_ends_the_wait(void **state)
{
    struct fixture *f = *state;
    int fd = visitor_connect_v4(f->port);

    visitor_post(fd, f->port, GOOD);
    assert_lk_ok(listen_for(f, LONG_MS), &f->err);
    assert_code(f, "CODE1");
    assert_string_equal(f->redirect.client_info, "eyJ9");
    assert_answered(f, fd, "HTTP/1.1 200 ");
    assert_contains(lk_buf_view(&f->answer), "Signed in");
    assert_lacks(lk_buf_view(&f->answer), "CODE1");
}

static void strangers_are_answered_and_do_not_end_the_wait(void **state)
{
    static const struct {
        const char *line, *host, *rest, *status;
    } cases[] = {
        {"GET /favicon.ico", "localhost", "\r\n", "HTTP/1.1 404 "},
        {"GET /?code=CODE1&state=" STATE, "localhost", "\r\n", "HTTP/1.1 405 "},
        {"GET /", "evil.example", "\r\n", "HTTP/1.1 421 "},
        {"POST /", "localhost",
         "Content-Length: 8\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\nstate=no",
         "HTTP/1.1 400 "},
    };
    struct fixture *f = *state;
    int fds[LK_COUNT(cases)], last;

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        char text[512];

        fds[i] = visitor_connect_v4(f->port);
        snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: %s:%u\r\n%s", cases[i].line,
                 cases[i].host, f->port, cases[i].rest);
        visitor_say(fds[i], lk_str_from(text));
    }
    assert_lk_status(LK_TIMEOUT, listen_for(f, 100), &f->err);
    assert_string_equal(f->err.code, "SignInAbandoned");
    for (size_t i = 0; i < LK_COUNT(cases); i++)
        assert_answered(f, fds[i], cases[i].status);
    last = visitor_connect_v4(f->port);
    visitor_post(last, f->port, GOOD);
    assert_lk_ok(listen_for(f, LONG_MS), &f->err);
    assert_code(f, "CODE1");
    assert_answered(f, last, "HTTP/1.1 200 ");
}

static void an_error_with_the_right_state_ends_the_wait(void **state)
{
    struct fixture *f = *state;
    int wrong = visitor_connect_v4(f->port), right = visitor_connect_v4(f->port);

    visitor_post(wrong, f->port, "error=server_error&state=somebody-else");
    visitor_post(right, f->port, "error=access_denied&error_description=no&state=" STATE);
    assert_lk_ok(listen_for(f, LONG_MS), &f->err);
    assert_int_equal(f->redirect.verdict, LK_REDIRECT_ERROR);
    assert_string_equal(f->redirect.error, "access_denied");
    assert_true(lk_secret_is_empty(&f->redirect.code));
    assert_answered(f, right, "HTTP/1.1 200 ");
    assert_contains(lk_buf_view(&f->answer), "Not signed in");
    close(wrong);
}

static void one_who_says_nothing_keeps_nobody_waiting(void **state)
{
    struct fixture *f = *state;
    int silent = visitor_connect_v4(f->port), half = visitor_connect_v4(f->port), good;

    visitor_say(half, LK_STR("POST / HTTP/1.1\r\nHost: loc"));
    good = visitor_connect_v4(f->port);
    visitor_post(good, f->port, GOOD);
    assert_lk_ok(listen_for(f, LONG_MS), &f->err);
    assert_code(f, "CODE1");
    close(silent);
    close(half);
    close(good);
}

static void more_visitors_than_places_do_not_shut_the_browser_out(void **state)
{
    struct fixture *f = *state;
    int idle[40], good;

    for (size_t i = 0; i < LK_COUNT(idle); i++) {
        idle[i] = visitor_connect_v4(f->port);
        if (i % 2)
            visitor_say(idle[i], LK_STR("GET / HTTP/1.1\r\n\r\n"));
        /* Let them in now: the queue before the door is short. */
        assert_lk_status(LK_TIMEOUT, listen_for(f, 2), &f->err);
    }
    for (size_t i = 0; i < LK_COUNT(idle); i++)
        close(idle[i]);
    assert_lk_status(LK_TIMEOUT, listen_for(f, 50), &f->err);
    good = visitor_connect_v4(f->port);
    visitor_post(good, f->port, GOOD);
    assert_lk_ok(listen_for(f, LONG_MS), &f->err);
    assert_code(f, "CODE1");
    close(good);
}

static void a_request_that_comes_in_pieces_is_put_together(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
    int fd = visitor_connect_v4(f->port);
    struct lk_str rest;

    lk_buf_printf(&text,
                  "POST / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Length: %zu\r\nContent-Type: "
                  "application/x-www-form-urlencoded;charset=utf-8\r\n\r\n" GOOD,
                  f->port, sizeof GOOD - 1);
    rest = lk_buf_view(&text);
    while (rest.len > 7) {
        visitor_say(fd, lk_str_slice(rest, 0, 7));
        rest = lk_str_slice(rest, 7, rest.len);
        assert_lk_status(LK_TIMEOUT, listen_for(f, 1), &f->err);
    }
    visitor_say(fd, rest);
    assert_lk_ok(listen_for(f, LONG_MS), &f->err);
    assert_code(f, "CODE1");
    assert_answered(f, fd, "HTTP/1.1 200 ");
}

static void a_flood_is_cut_off(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf flood = LK_BUF_INIT(1 << 20);
    int fd = visitor_connect_v4(f->port), good;

    lk_buf_put(&flood, LK_STR("POST / HTTP/1.1\r\n"));
    while (flood.len < 100 << 10)
        lk_buf_put(&flood,
                   LK_STR("X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"));
    visitor_say(fd, lk_buf_view(&flood));
    good = visitor_connect_v4(f->port);
    assert_lk_status(LK_TIMEOUT, listen_for(f, 50), &f->err);
    visitor_post(good, f->port, GOOD);
    assert_lk_ok(listen_for(f, LONG_MS), &f->err);
    assert_code(f, "CODE1");
    close(fd);
    close(good);
}

static bool machine_has_ipv6(void)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    bool has;

    at.sin6_addr = in6addr_loopback;
    has = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0;
    lk_fd_close(&fd);
    return has;
}

static void localhost_may_be_ipv6(void **state)
{
    struct fixture *f = *state;
    int fd = visitor_connect_v6(f->port);

    if (!machine_has_ipv6()) {
        print_message("this machine has no ::1\n");
        skip();
    }
    assert_true(fd >= 0);
    visitor_post(fd, f->port, GOOD);
    assert_lk_ok(listen_for(f, LONG_MS), &f->err);
    assert_code(f, "CODE1");
    assert_answered(f, fd, "HTTP/1.1 200 ");
}

static void nobody_else_on_the_network_can_reach_it(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(f->port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    /* Bound to every address it would answer here too. */
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
    assert_int_not_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    close(fd);
}

static void a_taken_port_is_told(void **state)
{
    struct fixture *f = *state;
    struct lk_listener *second = NULL;

    assert_lk_status(LK_IO, lk_listener_open(f->port, lk_clock_system(), &second, &f->err),
                     &f->err);
    assert_null(second);
    assert_string_equal(f->err.code, "NoListener");
}

static void a_port_of_ones_choice_is_used(void **state)
{
    struct fixture *f = *state;
    uint16_t port = f->port;

    lk_listener_unref(&f->listener);
    assert_lk_ok(lk_listener_open(port, lk_clock_system(), &f->listener, &f->err), &f->err);
    assert_int_equal(lk_listener_port(f->listener), port);
}

/* Time runs by step each time it is looked at. */
struct hasty_clock {
    struct lk_clock clock;
    int64_t now_ms, step_ms;
};

static int64_t hasty_ms(struct lk_clock *clock)
{
    struct hasty_clock *self = (struct hasty_clock *)clock;

    return self->now_ms += self->step_ms;
}

/* Whether a visitor that never finishes is still there after age_ms of the listener's time. The
 * clock is looked at before and after each round: in the first the visitor comes in, before the
 * second all is over. */
static bool stays(struct fixture *f, int64_t age_ms)
{
    struct hasty_clock clock = {.clock = {.monotonic_ms = hasty_ms}, .step_ms = age_ms};
    struct pollfd gone = {.events = POLLIN};

    lk_listener_unref(&f->listener);
    assert_lk_ok(lk_listener_open(0, &clock.clock, &f->listener, &f->err), &f->err);
    gone.fd = visitor_connect_v4(lk_listener_port(f->listener));
    visitor_say(gone.fd, LK_STR("POST / HTTP/1.1\r\n"));
    assert_lk_status(LK_TIMEOUT, listen_for(f, 2 * age_ms), &f->err);
    assert_true(poll(&gone, 1, 0) >= 0);
    close(gone.fd);
    return gone.revents == 0;
}

static void one_who_does_not_finish_within_five_seconds_is_sent_away(void **state)
{
    assert_true(stays(*state, 4999));
    assert_false(stays(*state, 5000));
}

/* ---- interrupt ----------------------------------------------------------------------------- */

struct interrupter {
    struct fixture *f;
    int64_t set_at_ms;
};

static int64_t now_ms(void)
{
    return lk_clock_system()->monotonic_ms(lk_clock_system());
}

/* An answer shows that the listener waits; then the user interrupts. */
static void *interrupt(void *argument)
{
    struct interrupter *self = argument;
    LK_CLEANUP(lk_buf_done) struct lk_buf answer = LK_BUF_INIT(1 << 16);
    int fd = visitor_connect_v4(self->f->port);

    visitor_say(fd, LK_STR("GET / HTTP/1.1\r\n\r\n"));
    visitor_answer(fd, &answer);
    self->set_at_ms = now_ms();
    lk_cancel_set(self->f->cancel);
    return NULL;
}

static void an_interrupt_ends_the_wait_at_once(void **state)
{
    struct interrupter self = {.f = *state};
    pthread_t thread;
    int64_t ended_at_ms;

    assert_int_equal(pthread_create(&thread, NULL, interrupt, &self), 0);
    assert_lk_status(LK_CANCELLED, listen_for(*state, LONG_MS), &self.f->err);
    ended_at_ms = now_ms();
    pthread_join(thread, NULL);
    /* Milliseconds; a busy machine gets some more. */
    assert_in_range(ended_at_ms - self.set_at_ms, 0, 300);
}

static void an_interrupt_that_came_before_is_heard(void **state)
{
    struct fixture *f = *state;

    lk_cancel_set(f->cancel);
    assert_lk_status(LK_CANCELLED, listen_for(f, LONG_MS), &f->err);
    assert_string_equal(f->err.code, "KeyboardInterrupt");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_form_of_the_right_sign_in_ends_the_wait),
        TEST(strangers_are_answered_and_do_not_end_the_wait),
        TEST(an_error_with_the_right_state_ends_the_wait),
        TEST(one_who_says_nothing_keeps_nobody_waiting),
        TEST(more_visitors_than_places_do_not_shut_the_browser_out),
        TEST(a_request_that_comes_in_pieces_is_put_together),
        TEST(a_flood_is_cut_off),
        TEST(localhost_may_be_ipv6),
        TEST(nobody_else_on_the_network_can_reach_it),
        TEST(a_taken_port_is_told),
        TEST(a_port_of_ones_choice_is_used),
        TEST(one_who_does_not_finish_within_five_seconds_is_sent_away),
        TEST(an_interrupt_ends_the_wait_at_once),
        TEST(an_interrupt_that_came_before_is_heard),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
