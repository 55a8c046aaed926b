#include "auth/http_bearer.h"

#include "support/assert.h"
#include "support/fake_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define API "https://api.fabric.microsoft.com/v1/workspaces"

/* Gives "first", and "forced" when asked to refresh. */
struct scripted {
    struct lk_credential credential;
    int calls;
    enum lk_status fail;
    int fail_from;       /* the first call that is refused; 0: none */
    struct lk_str token; /* instead of the usual */
    char scopes[64];
};

static enum lk_status give(struct lk_credential *credential, const struct lk_token_request *request,
                           struct lk_cancel *cancel, struct lk_token *ret, struct lk_error *err)
{
    struct scripted *self = (struct scripted *)credential;

    (void)cancel;
    self->calls++;
    snprintf(self->scopes, sizeof self->scopes, "%.*s", LK_STR_ARGS(request->scopes));
    if (self->fail)
        return lk_error_set(err, self->fail, "Scripted", "refused by the script");
    if (self->fail_from && self->calls >= self->fail_from)
        return lk_error_set(err, LK_UNAUTHORIZED, "Scripted", "refused by the script");
    lk_secret_set(&ret->access_token, self->token.len          ? self->token
                                      : request->force_refresh ? LK_STR("forced")
                                                               : LK_STR("first"));
    return LK_OK;
}

struct world {
    struct fake_http *fake;
    struct scripted credential;
    struct lk_http *http;
    struct lk_http_response response;
    struct lk_error err;
};

static int start(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    world->fake = fake_http_new();
    world->credential = (struct scripted){.credential = {.get_token = give}};
    world->response = (struct lk_http_response)LK_HTTP_RESPONSE_INIT;
    world->http = lk_http_bearer_new(
        &(struct lk_bearer_options){.inner = &world->fake->http,
                                    .credential = &world->credential.credential,
                                    .cloud = lk_cloud_builtin(LK_STR("public")),
                                    .scopes = LK_STR("https://api.fabric.microsoft.com/.default")});
    *state = world;
    return 0;
}

static int stop(void **state)
{
    struct world *world = *state;

    fake_http_assert_done(world->fake);
    world->http->free(world->http);
    fake_http_free(world->fake);
    lk_http_response_done(&world->response);
    free(world);
    return 0;
}

static enum lk_status send(struct world *world, const char *url)
{
    struct lk_http_request request = {.method = LK_HTTP_POST,
                                      .url = lk_str_from(url),
                                      .body = LK_STR("{}"),
                                      .response_max = 1024};

    lk_error_clear(&world->err);
    return lk_http_send(world->http, &request, NULL, &world->response, &world->err);
}

static void every_request_carries_a_token(void **state)
{
    struct world *world = *state;

    fake_http_reply(world->fake, 200, NULL, "a");
    fake_http_reply(world->fake, 404, NULL, "b");
    assert_lk_ok(send(world, API), &world->err);
    assert_lk_ok(send(world, API), &world->err);
    assert_int_equal(world->response.status, 404);
    for (size_t i = 0; i < 2; i++)
        assert_str(fake_http_request(world->fake, i)->authorization, "Bearer first");
    assert_string_equal(world->credential.scopes, "https://api.fabric.microsoft.com/.default");
}

static void a_401_is_tried_once_more_with_a_fresh_token(void **state)
{
    struct world *world = *state;

    fake_http_reply(world->fake, 401, "x-old: 1", "refused");
    fake_http_reply(world->fake, 200, NULL, "fine");
    assert_lk_ok(send(world, API), &world->err);
    assert_int_equal(world->response.status, 200);
    assert_str(lk_buf_view(&world->response.body), "fine");
    assert_str(lk_http_response_header(&world->response, LK_STR("x-old")), "");
    assert_str(fake_http_request(world->fake, 1)->authorization, "Bearer forced");
    assert_str(fake_http_request(world->fake, 1)->body, "{}");
}

static void the_second_401_is_the_answer(void **state)
{
    struct world *world = *state;

    fake_http_reply(world->fake, 401, NULL, "one");
    fake_http_reply(world->fake, 401, NULL, "two");
    assert_lk_ok(send(world, API), &world->err);
    assert_int_equal(world->response.status, 401);
    assert_str(lk_buf_view(&world->response.body), "two");
    assert_int_equal(world->credential.calls, 2);
}

static void a_token_goes_to_no_foreign_host(void **state)
{
    static const char *const urls[] = {
        "https://evil.example/v1/workspaces",
        "https://api.fabric.microsoft.com.evil.example/",
        "https://evil.example/https://api.fabric.microsoft.com/",
        "https://api.fabric.microsoft.com@evil.example/",
        "http://api.fabric.microsoft.com/v1/workspaces",
        "https://api.fabric.microsoft.com\\@evil.example/",
        "ftp://api.fabric.microsoft.com/",
        "",
        "/v1/workspaces",
    };
    struct world *world = *state;

    for (size_t i = 0; i < LK_COUNT(urls); i++) {
        enum lk_status st = send(world, urls[i]);
        assert_true(st == LK_INVALID || st == LK_DENIED || st == LK_UNSUPPORTED);
        assert_true(world->err.message[0]);
    }
    assert_int_equal(fake_http_count(world->fake), 0);
    assert_int_equal(world->credential.calls, 0);
}

static void without_a_token_nothing_is_sent(void **state)
{
    struct world *world = *state;

    world->credential.fail = LK_UNAUTHORIZED;
    assert_lk_status(LK_UNAUTHORIZED, send(world, API), &world->err);
    assert_int_equal(fake_http_count(world->fake), 0);
}

static void nobody_signed_in_is_told_what_to_do(void **state)
{
    struct world *world = *state;
    struct lk_http *anonymous = lk_http_bearer_new(&(struct lk_bearer_options){
        .inner = &world->fake->http, .cloud = lk_cloud_builtin(LK_STR("public"))});
    struct lk_http_request request = {.method = LK_HTTP_GET, .url = LK_STR(API)};

    assert_lk_status(LK_UNAUTHORIZED,
                     lk_http_send(anonymous, &request, NULL, &world->response, &world->err),
                     &world->err);
    assert_string_equal(world->err.code, "NotSignedIn");
    assert_contains(world->err.next, "%entra login");
    anonymous->free(anonymous);
}

static void assert_nothing_left(const struct world *world)
{
    assert_int_equal(world->response.status, 0);
    assert_int_equal(world->response.body.len, 0);
    assert_int_equal(world->response.headers.len, 0);
}

/* As struct lk_http promises: on failure the response is empty, whatever it held. */
static void a_failure_leaves_no_answer_behind(void **state)
{
    struct world *world = *state;

    fake_http_reply(world->fake, 401, "x-old: 1", "refused");
    world->credential.fail_from = 2;
    assert_lk_status(LK_UNAUTHORIZED, send(world, API), &world->err);
    assert_nothing_left(world);

    fake_http_reply(world->fake, 200, "x-old: 1", "fine");
    world->credential.fail_from = 0;
    assert_lk_ok(send(world, API), &world->err);
    assert_int_not_equal(send(world, "https://evil.example/"), LK_OK);
    assert_nothing_left(world);
}

/* Half a token would be refused, and the reason would never be found. */
static void a_token_that_does_not_fit_is_told_and_not_cut(void **state)
{
    struct world *world = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf huge = LK_BUF_INIT(1 << 20);

    while (huge.len < 200 << 10)
        lk_buf_put(&huge, LK_STR("eyJhbGciOiJub25lIn0"));
    world->credential.token = lk_buf_view(&huge);
    assert_lk_status(LK_LIMIT, send(world, API), &world->err);
    assert_lacks((const char *)world->err.message, "eyJ");
    assert_int_equal(fake_http_count(world->fake), 0);
}

/* The caller must not think that its own request may have arrived. */
static void a_lost_token_answer_is_no_lost_request(void **state)
{
    struct world *world = *state;

    world->credential.fail = LK_UNKNOWN;
    assert_lk_status(LK_NETWORK, send(world, API), &world->err);
    assert_int_equal(world->err.status, LK_NETWORK);
    assert_int_equal(fake_http_count(world->fake), 0);
}

struct text_source {
    struct lk_http_source source;
    size_t at;
    int rewinds;
    bool may_rewind;
};

static long read_text(struct lk_http_source *source, char *into, size_t max)
{
    struct text_source *self = (struct text_source *)source;
    size_t left = 5 - self->at < max ? 5 - self->at : max;

    memcpy(into, "hello" + self->at, left);
    self->at += left;
    return (long)left;
}

static bool rewind_text(struct lk_http_source *source)
{
    struct text_source *self = (struct text_source *)source;

    self->rewinds++;
    self->at = self->may_rewind ? 0 : self->at;
    return self->may_rewind;
}

/* A gateway's sign-in page in place of a token, a token service that does not answer. */
static void without_a_token_the_request_counts_as_unsent_whatever_the_reason(void **state)
{
    static const enum lk_status reasons[] = {LK_PROTOCOL, LK_TIMEOUT, LK_LIMIT, LK_UNAUTHORIZED};
    struct world *world = *state;

    for (size_t i = 0; i < LK_COUNT(reasons); i++) {
        world->credential.fail = reasons[i];
        assert_lk_status(reasons[i], send(world, API), &world->err);
        assert_true(world->response.unsent);
    }
}

static void a_streamed_body_starts_over_or_the_401_is_the_answer(void **state)
{
    struct world *world = *state;

    for (int may = 0; may < 2; may++) {
        struct text_source body = {.source = {.len = 5, .read = read_text, .rewind = rewind_text},
                                   .may_rewind = may};
        struct lk_http_request request = {
            .method = LK_HTTP_PUT, .url = LK_STR(API), .source = &body.source};
        size_t before = fake_http_count(world->fake);

        fake_http_reply(world->fake, 401, NULL, "refused");
        if (may)
            fake_http_reply(world->fake, 201, NULL, "");
        assert_lk_ok(lk_http_send(world->http, &request, NULL, &world->response, &world->err),
                     &world->err);
        assert_int_equal(world->response.status, may ? 201 : 401);
        assert_int_equal(body.rewinds, 1);
        if (may)
            assert_str(fake_http_request(world->fake, before + 1)->body, "hello");
    }
}

static void a_failed_request_is_not_repeated_here(void **state)
{
    struct world *world = *state;

    fake_http_fail(world->fake, LK_UNKNOWN);
    assert_lk_status(LK_UNKNOWN, send(world, API), &world->err);
    assert_int_equal(fake_http_count(world->fake), 1);
}

#define WITH_HTTP(test) cmocka_unit_test_setup_teardown(test, start, stop)

static void an_interrupt_while_the_token_is_got_leaves_nothing_sent(void **state)
{
    struct world *world = *state;

    world->credential.fail = LK_CANCELLED;
    assert_lk_status(LK_CANCELLED, send(world, API), &world->err);
    assert_true(world->response.unsent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HTTP(an_interrupt_while_the_token_is_got_leaves_nothing_sent),
        WITH_HTTP(every_request_carries_a_token),
        WITH_HTTP(a_401_is_tried_once_more_with_a_fresh_token),
        WITH_HTTP(the_second_401_is_the_answer),
        WITH_HTTP(a_token_goes_to_no_foreign_host),
        WITH_HTTP(without_a_token_nothing_is_sent),
        WITH_HTTP(nobody_signed_in_is_told_what_to_do),
        WITH_HTTP(a_failure_leaves_no_answer_behind),
        WITH_HTTP(a_token_that_does_not_fit_is_told_and_not_cut),
        WITH_HTTP(a_lost_token_answer_is_no_lost_request),
        WITH_HTTP(without_a_token_the_request_counts_as_unsent_whatever_the_reason),
        WITH_HTTP(a_streamed_body_starts_over_or_the_401_is_the_answer),
        WITH_HTTP(a_failed_request_is_not_repeated_here),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
