#include "net/http_retry.h"

#include "support/fake_clock.h"
#include "support/fake_http.h"

#include <stdlib.h>
#include <string.h>

/* ---- the decision -------------------------------------------------------------------------- */

static void only_what_may_be_repeated_is(void **state)
{
    static const struct {
        enum lk_http_repeat repeat;
        enum lk_status st;
        int status;
        bool again;
    } cases[] = {
        {LK_HTTP_REPEAT_REFUSED, LK_OK, 429, true},
        {LK_HTTP_REPEAT_REFUSED, LK_OK, 430, true},
        {LK_HTTP_REPEAT_REFUSED, LK_OK, 408, false},
        {LK_HTTP_REPEAT_REFUSED, LK_OK, 500, false},
        {LK_HTTP_REPEAT_REFUSED, LK_OK, 503, false},
        {LK_HTTP_REPEAT_REFUSED, LK_OK, 404, false},
        {LK_HTTP_REPEAT_REFUSED, LK_NETWORK, 0, false},
        {LK_HTTP_REPEAT_REFUSED, LK_UNKNOWN, 0, false},
        {LK_HTTP_REPEAT_ALWAYS, LK_OK, 429, true},
        {LK_HTTP_REPEAT_ALWAYS, LK_OK, 408, true},
        {LK_HTTP_REPEAT_ALWAYS, LK_OK, 500, true},
        {LK_HTTP_REPEAT_ALWAYS, LK_OK, 502, true},
        {LK_HTTP_REPEAT_ALWAYS, LK_OK, 503, true},
        {LK_HTTP_REPEAT_ALWAYS, LK_OK, 504, true},
        {LK_HTTP_REPEAT_ALWAYS, LK_OK, 501, false},
        {LK_HTTP_REPEAT_ALWAYS, LK_OK, 200, false},
        {LK_HTTP_REPEAT_ALWAYS, LK_OK, 401, false},
        {LK_HTTP_REPEAT_ALWAYS, LK_NETWORK, 0, true},
        {LK_HTTP_REPEAT_ALWAYS, LK_UNKNOWN, 0, true},
        {LK_HTTP_REPEAT_ALWAYS, LK_CANCELLED, 0, false},
        {LK_HTTP_REPEAT_ALWAYS, LK_TIMEOUT, 0, false},
        {LK_HTTP_REPEAT_ALWAYS, LK_LIMIT, 0, false},
        {LK_HTTP_REPEAT_ALWAYS, LK_DENIED, 0, false},
        {LK_HTTP_REPEAT_NEVER, LK_OK, 429, false},
        {LK_HTTP_REPEAT_NEVER, LK_NETWORK, 0, false},
    };
    static const struct lk_retry_policy policy = {0};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
        reply.status = cases[i].status;
        if ((lk_retry_delay_ms(&policy, cases[i].repeat, 1, cases[i].st, &reply, 0, 0) >= 0) !=
            cases[i].again)
            fail_msg("case %zu", i);
    }
}

static void the_wait_doubles_up_to_its_longest_and_ends_with_the_budget(void **state)
{
    static const struct lk_retry_policy policy = {
        .tries_max = 8, .first_ms = 100, .longest_ms = 1000};
    static const int64_t longest[] = {100, 200, 400, 800, 1000, 1000, 1000, -1};
    struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;

    (void)state;
    reply.status = 503;
    for (int tries = 1; tries <= 8; tries++) {
        int64_t most =
            lk_retry_delay_ms(&policy, LK_HTTP_REPEAT_ALWAYS, tries, LK_OK, &reply, 0, 1000);
        int64_t least =
            lk_retry_delay_ms(&policy, LK_HTTP_REPEAT_ALWAYS, tries, LK_OK, &reply, 0, 0);
        assert_int_equal(most, longest[tries - 1]);
        assert_int_equal(least, most < 0 ? -1 : most / 2);
    }
}

static void a_retry_after_is_obeyed_and_one_too_far_is_told_to_the_caller(void **state)
{
    static const struct lk_retry_policy policy = {0};
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;

    (void)state;
    lk_http_response_line(&reply, LK_STR("HTTP/1.1 429 Slow down"));
    lk_http_response_line(&reply, LK_STR("Retry-After: 30"));
    assert_int_equal(lk_retry_delay_ms(&policy, LK_HTTP_REPEAT_REFUSED, 1, LK_OK, &reply, 0, 500),
                     30000);
    lk_http_response_line(&reply, LK_STR("HTTP/1.1 429 Slow down"));
    lk_http_response_line(&reply, LK_STR("Retry-After: 31"));
    assert_int_equal(lk_retry_delay_ms(&policy, LK_HTTP_REPEAT_REFUSED, 1, LK_OK, &reply, 0, 500),
                     -1);
}

/* ---- the decorator ------------------------------------------------------------------------- */

struct fixture {
    struct fake_http *inner;
    struct fake_clock clock;
    struct lk_http *retry;
    struct lk_cancel *cancel;
    struct lk_http_response reply;
    struct lk_error err;
};

static int setup(void **state)
{
    static const struct lk_retry_policy policy = {0};
    struct fixture *f = lk_alloc(sizeof(*f));

    f->inner = fake_http_new();
    fake_clock_init(&f->clock);
    f->retry = lk_http_retry_new(&f->inner->http, &f->clock.clock, &policy);
    f->cancel = lk_cancel_new();
    f->reply = (struct lk_http_response)LK_HTTP_RESPONSE_INIT;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    lk_http_response_done(&f->reply);
    f->retry->free(f->retry);
    fake_http_free(f->inner);
    lk_cancel_free(f->cancel);
    free(f);
    return 0;
}

static enum lk_status send_one(struct fixture *f, struct lk_http_request request)
{
    request.url = LK_STR("https://localhost/x");
    return lk_http_send(f->retry, &request, f->cancel, &f->reply, &f->err);
}

static void it_waits_as_long_as_the_service_asks(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->inner, 429, "Retry-After: 7", "slow down");
    fake_http_reply(f->inner, 202, NULL, "done");
    assert_lk_ok(send_one(f, (struct lk_http_request){.method = LK_HTTP_POST}), &f->err);
    assert_int_equal(f->reply.status, 202);
    assert_str(lk_buf_view(&f->reply.body), "done");
    assert_int_equal(fake_clock_waited_ms(&f->clock), 7000);
    fake_http_assert_done(f->inner);
}

static void a_lost_answer_is_never_asked_for_again_unless_it_may_be(void **state)
{
    struct fixture *f = *state;

    fake_http_fail(f->inner, LK_UNKNOWN);
    assert_lk_status(LK_UNKNOWN, send_one(f, (struct lk_http_request){.method = LK_HTTP_POST}),
                     &f->err);
    assert_int_equal(fake_http_count(f->inner), 1);
    fake_http_fail(f->inner, LK_UNKNOWN);
    fake_http_reply(f->inner, 200, NULL, "found");
    assert_lk_ok(send_one(f, (struct lk_http_request){.method = LK_HTTP_GET,
                                                      .repeat = LK_HTTP_REPEAT_ALWAYS}),
                 &f->err);
    assert_int_equal(fake_http_count(f->inner), 3);
}

static void the_last_answer_is_handed_over_when_the_budget_is_spent(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 4; i++)
        fake_http_reply(f->inner, 503, NULL, "down");
    assert_lk_ok(send_one(f, (struct lk_http_request){.repeat = LK_HTTP_REPEAT_ALWAYS}), &f->err);
    assert_int_equal(f->reply.status, 503);
    assert_int_equal(fake_http_count(f->inner), 4);
    assert_int_equal(fake_clock_waits(&f->clock), 3);
}

static void an_interrupt_ends_the_wait(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->inner, 429, "Retry-After: 20", NULL);
    fake_clock_interrupt_after_ms(&f->clock, f->cancel, 3000);
    assert_lk_status(LK_CANCELLED, send_one(f, (struct lk_http_request){.method = LK_HTTP_GET}),
                     &f->err);
    assert_int_equal(f->reply.status, 0);
    assert_true(f->reply.unsent); /* 429 is a refusal */
    assert_int_equal(fake_http_count(f->inner), 1);
}

static void an_interrupt_after_a_failure_says_nothing_of_what_arrived(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->inner, 503, "Retry-After: 20", NULL);
    fake_clock_interrupt_after_ms(&f->clock, f->cancel, 3000);
    assert_lk_status(LK_CANCELLED,
                     send_one(f, (struct lk_http_request){.method = LK_HTTP_PUT,
                                                          .repeat = LK_HTTP_REPEAT_ALWAYS}),
                     &f->err);
    assert_false(f->reply.unsent);
}

struct kept {
    struct lk_http_sink sink;
    struct lk_buf bytes;
};

static bool keep(struct lk_http_sink *sink, struct lk_str bytes)
{
    lk_buf_put(&((struct kept *)sink)->bytes, bytes);
    return true;
}

static void a_sink_that_took_an_error_page_is_none_and_the_request_goes_on(void **state)
{
    struct fixture *f = *state;
    struct kept kept = {.sink = {.write = keep}, .bytes = LK_BUF_INIT(100)};

    fake_http_reply(f->inner, 503, NULL, "an error page");
    fake_http_reply(f->inner, 200, NULL, "bytes");
    assert_lk_ok(
        send_one(f, (struct lk_http_request){.repeat = LK_HTTP_REPEAT_ALWAYS, .sink = &kept.sink}),
        &f->err);
    assert_str(lk_buf_view(&kept.bytes), "bytes");
    lk_buf_done(&kept.bytes);
}

/* Gives half an answer to the sink, then loses the connection. */
static enum lk_status send_half(struct lk_http *http, const struct lk_http_request *request,
                                struct lk_cancel *cancel, struct lk_http_response *ret,
                                struct lk_error *err)
{
    (void)http, (void)cancel, (void)ret;
    request->sink->write(request->sink, LK_STR("half"));
    return lk_error_set(err, LK_UNKNOWN, "Cut", "cut");
}

static void what_a_sink_has_taken_is_not_sent_to_it_twice(void **state)
{
    struct fixture *f = *state;
    struct lk_http half = {.send = send_half};
    static const struct lk_retry_policy policy = {0};
    struct lk_http *retry = lk_http_retry_new(&half, &f->clock.clock, &policy);
    struct kept kept = {.sink = {.write = keep}, .bytes = LK_BUF_INIT(100)};
    struct lk_http_request request = {
        .url = LK_STR("https://localhost/"), .repeat = LK_HTTP_REPEAT_ALWAYS, .sink = &kept.sink};

    assert_lk_status(LK_UNKNOWN, lk_http_send(retry, &request, NULL, &f->reply, &f->err), &f->err);
    assert_str(lk_buf_view(&kept.bytes), "half");
    lk_buf_done(&kept.bytes);
    retry->free(retry);
}

struct once {
    struct lk_http_source source;
    int rewinds;
    size_t at;
    bool may;
};

static long read_once(struct lk_http_source *source, char *into, size_t max)
{
    struct once *self = (struct once *)source;
    size_t left = 5 - self->at;

    left = left < max ? left : max;
    memcpy(into, "hello" + self->at, left);
    self->at += left;
    return (long)left;
}

static bool rewind_once(struct lk_http_source *source)
{
    struct once *self = (struct once *)source;

    self->rewinds++;
    self->at = self->may ? 0 : self->at;
    return self->may;
}

static void a_streamed_body_starts_over_and_one_that_cannot_is_sent_once(void **state)
{
    struct fixture *f = *state;
    struct once source = {.source = {.len = 5, .read = read_once, .rewind = rewind_once},
                          .may = true};

    fake_http_reply(f->inner, 503, NULL, NULL);
    fake_http_reply(f->inner, 201, NULL, NULL);
    assert_lk_ok(send_one(f, (struct lk_http_request){.method = LK_HTTP_PUT,
                                                      .repeat = LK_HTTP_REPEAT_ALWAYS,
                                                      .source = &source.source}),
                 &f->err);
    assert_int_equal(source.rewinds, 1);
    assert_str(fake_http_request(f->inner, 1)->body, "hello");

    source.may = false;
    source.at = 0;
    fake_http_reply(f->inner, 503, NULL, NULL);
    assert_lk_ok(send_one(f, (struct lk_http_request){.method = LK_HTTP_PUT,
                                                      .repeat = LK_HTTP_REPEAT_ALWAYS,
                                                      .source = &source.source}),
                 &f->err);
    assert_int_equal(f->reply.status, 503);
    assert_int_equal(fake_http_count(f->inner), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_may_be_repeated_is),
        cmocka_unit_test(the_wait_doubles_up_to_its_longest_and_ends_with_the_budget),
        cmocka_unit_test(a_retry_after_is_obeyed_and_one_too_far_is_told_to_the_caller),
        TEST(it_waits_as_long_as_the_service_asks),
        TEST(a_lost_answer_is_never_asked_for_again_unless_it_may_be),
        TEST(the_last_answer_is_handed_over_when_the_budget_is_spent),
        TEST(an_interrupt_ends_the_wait),
        TEST(an_interrupt_after_a_failure_says_nothing_of_what_arrived),
        TEST(a_sink_that_took_an_error_page_is_none_and_the_request_goes_on),
        TEST(what_a_sink_has_taken_is_not_sent_to_it_twice),
        TEST(a_streamed_body_starts_over_and_one_that_cannot_is_sent_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
