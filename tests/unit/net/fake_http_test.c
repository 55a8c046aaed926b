/* The stand-in for the network is itself held to the contract of net/http.h. */
#include "support/fake_http.h"

#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

struct streamed {
    struct lk_http_source source; /* first */
    struct lk_str rest;
};

static long read_streamed(struct lk_http_source *source, char *into, size_t max)
{
    struct streamed *streamed = (struct streamed *)source;
    struct lk_str piece = lk_str_slice(streamed->rest, 0, max < 3 ? max : 3);

    if (piece.len)
        memcpy(into, piece.ptr, piece.len);
    streamed->rest = lk_str_slice(streamed->rest, piece.len, streamed->rest.len);
    return (long)piece.len;
}

struct collected {
    struct lk_http_sink sink; /* first */
    struct lk_buf bytes;
};

static bool collect(struct lk_http_sink *sink, struct lk_str bytes)
{
    struct collected *collected = (struct collected *)sink;

    lk_buf_put(&collected->bytes, bytes);
    return !collected->bytes.full;
}

struct fixture {
    struct fake_http *fake;
    struct lk_http_request request;
    struct lk_http_response reply;
    struct lk_error err;
};

static int set_up(void **state)
{
    struct fixture *f = lk_alloc(sizeof(*f));

    f->fake = fake_http_new();
    f->request = (struct lk_http_request){.method = LK_HTTP_POST, .url = LK_STR("https://x/y?z")};
    f->reply = (struct lk_http_response)LK_HTTP_RESPONSE_INIT;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    lk_http_response_done(&f->reply);
    fake_http_free(f->fake);
    free(f);
    return 0;
}

static enum lk_status send_it(struct fixture *f, struct lk_cancel *cancel)
{
    return lk_http_send(&f->fake->http, &f->request, cancel, &f->reply, &f->err);
}

static void replies_come_in_order_with_their_headers(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->fake, 429, "Retry-After: 7\r\nX-Other:  a b ", NULL);
    fake_http_reply(f->fake, 201, NULL, "made");
    fake_http_reply(f->fake, 200, NULL, LK_STR("with\0nul"));
    assert_lk_ok(send_it(f, NULL), &f->err);
    assert_int_equal(f->reply.status, 429);
    assert_str(lk_http_response_header(&f->reply, LK_STR("RETRY-AFTER")), "7");
    assert_str(lk_http_response_header(&f->reply, LK_STR("x-other")), "a b");
    assert_int_equal(f->reply.body.len, 0);
    assert_lk_ok(send_it(f, NULL), &f->err);
    assert_int_equal(f->reply.status, 201);
    assert_int_equal(f->reply.headers.len, 0);
    assert_str(lk_buf_view(&f->reply.body), "made");
    assert_lk_ok(send_it(f, NULL), &f->err);
    assert_bytes(lk_buf_view(&f->reply.body), LK_STR("with\0nul"));
    fake_http_assert_done(f->fake);
}

static void requests_are_recorded(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_secret_done) struct lk_secret secret = LK_SECRET_INIT;
    char body[] = "body";

    lk_secret_set(&secret, LK_STR("Bearer x"));
    fake_http_reply(f->fake, 200, NULL, NULL);
    lk_http_request_header(&f->request, LK_STR("X-First"), LK_STR("1"));
    lk_http_request_header(&f->request, LK_STR("X-Second"), LK_STR("2"));
    f->request.body = lk_str_from(body);
    f->request.authorization = &secret;
    f->request.repeat = LK_HTTP_REPEAT_NEVER;
    assert_lk_ok(send_it(f, NULL), &f->err);
    memset(body, 'z', 4);

    assert_int_equal(fake_http_count(f->fake), 1);
    assert_int_equal(fake_http_request(f->fake, 0)->method, LK_HTTP_POST);
    assert_str(fake_http_request(f->fake, 0)->url, "https://x/y?z");
    assert_str(fake_http_request(f->fake, 0)->headers, "X-First: 1\nX-Second: 2\n");
    assert_str(fake_http_request_header(f->fake, 0, "x-second"), "2");
    assert_str(fake_http_request_header(f->fake, 0, "x-third"), "");
    assert_str(fake_http_request(f->fake, 0)->body, "body");
    assert_str(fake_http_request(f->fake, 0)->authorization, "Bearer x");
    assert_int_equal(fake_http_request(f->fake, 0)->repeat, LK_HTTP_REPEAT_NEVER);
}

static void a_streamed_body_is_read_to_its_end(void **state)
{
    struct fixture *f = *state;
    struct streamed streamed = {{.len = 10, .read = read_streamed}, LK_STR("0123456789")};

    fake_http_reply(f->fake, 200, NULL, NULL);
    f->request.source = &streamed.source;
    assert_lk_ok(send_it(f, NULL), &f->err);
    assert_true(fake_http_request(f->fake, 0)->streamed);
    assert_str(fake_http_request(f->fake, 0)->body, "0123456789");
}

static void only_a_good_answer_goes_to_the_sink(void **state)
{
    struct fixture *f = *state;
    struct collected collected = {{.write = collect}, LK_BUF_INIT(5)};

    f->request.sink = &collected.sink;
    fake_http_reply(f->fake, 404, NULL, "gone");
    fake_http_reply(f->fake, 206, NULL, "bytes");
    fake_http_reply(f->fake, 200, NULL, "more");
    assert_lk_ok(send_it(f, NULL), &f->err);
    assert_str(lk_buf_view(&f->reply.body), "gone");
    assert_int_equal(collected.bytes.len, 0);
    assert_lk_ok(send_it(f, NULL), &f->err);
    assert_int_equal(f->reply.body.len, 0);
    assert_str(lk_buf_view(&collected.bytes), "bytes");
    assert_lk_status(LK_LIMIT, send_it(f, NULL), &f->err);
    assert_int_equal(f->reply.status, 0);
    lk_buf_done(&collected.bytes);
}

static void failures_leave_the_response_empty(void **state)
{
    struct fixture *f = *state;
    struct lk_cancel *cancel = lk_cancel_new();

    f->request.response_max = 3;
    fake_http_reply(f->fake, 200, NULL, "abc");
    fake_http_fail(f->fake, LK_UNKNOWN);
    fake_http_reply(f->fake, 200, NULL, "abcd");
    fake_http_interrupt(f->fake, cancel);
    assert_lk_ok(send_it(f, cancel), &f->err);
    assert_lk_status(LK_UNKNOWN, send_it(f, cancel), &f->err);
    assert_int_equal(f->reply.status, 0);
    assert_int_equal(f->reply.body.len, 0);
    assert_lk_status(LK_LIMIT, send_it(f, cancel), &f->err);
    assert_int_equal(f->reply.body.len, 0);
    assert_lk_status(LK_CANCELLED, send_it(f, cancel), &f->err);
    assert_int_equal(fake_http_count(f->fake), 4);
    /* Once interrupted nothing is sent any more. */
    assert_lk_status(LK_CANCELLED, send_it(f, cancel), &f->err);
    assert_int_equal(fake_http_count(f->fake), 4);
    lk_cancel_free(cancel);
}

#define http_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        http_test(replies_come_in_order_with_their_headers),
        http_test(requests_are_recorded),
        http_test(a_streamed_body_is_read_to_its_end),
        http_test(only_a_good_answer_goes_to_the_sink),
        http_test(failures_leave_the_response_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
