#include "auth/http_basic.h"

#include "net/http_service.h"
#include "support/assert.h"
#include "support/fake_http.h"

#include <stdlib.h>

#define URL "https://c.azurehdinsight.net/livy/batches"
/* "admin:" and a password */
#define FIRST  "Basic YWRtaW46Zmlyc3Q="
#define SECOND "Basic YWRtaW46c2Vjb25k"

/* ---- the header ---------------------------------------------------------------------------- */

static void the_header_is_that_of_rfc_7617(void **state)
{
    static const struct {
        const char *user, *password, *header;
    } cases[] = {
        {"Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
        /* The RFC's example of UTF-8: 123£ */
        {"test", "123\xc2\xa3", "Basic dGVzdDoxMjPCow=="},
        {"a", "b:c:d", "Basic YTpiOmM6ZA=="},
        {"\xc3\xa4", "\xe2\x82\xac", "Basic w6Q64oKs"},
        {"a b", " ", "Basic YSBiOiA="},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_secret_done) struct lk_secret password = LK_SECRET_INIT;
        LK_CLEANUP(lk_secret_done) struct lk_secret header = LK_SECRET_INIT;
        struct lk_error err = LK_ERROR_INIT;
        lk_secret_set(&password, lk_str_from(cases[i].password));
        assert_lk_ok(lk_basic_header(lk_str_from(cases[i].user), &password, &header, &err), &err);
        assert_str(lk_secret_reveal(&header), cases[i].header);
    }
}

static void a_name_or_password_that_cannot_be_sent_is_refused_and_not_shown(void **state)
{
    static const struct {
        struct lk_str user, password;
        const char *code;
    } cases[] = {
        {LK_STR_INIT("admin:hunter2"), LK_STR_INIT("x"), "BadUser"},
        {LK_STR_INIT(""), LK_STR_INIT("x"), "BadUser"},
        {LK_STR_INIT("a\r\nb"), LK_STR_INIT("x"), "BadUser"},
        {LK_STR_INIT("a\0b"), LK_STR_INIT("x"), "BadUser"},
        {LK_STR_INIT("\xff"), LK_STR_INIT("x"), "BadUser"},
        {LK_STR_INIT("a"), LK_STR_INIT("hunter2\n"), "BadPassword"},
        {LK_STR_INIT("a"), LK_STR_INIT("hunter2\0"), "BadPassword"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_secret_done) struct lk_secret password = LK_SECRET_INIT;
        LK_CLEANUP(lk_secret_done) struct lk_secret header = LK_SECRET_INIT;
        struct lk_error err = LK_ERROR_INIT;
        lk_secret_set(&password, cases[i].password);
        assert_lk_status(LK_INVALID, lk_basic_header(cases[i].user, &password, &header, &err),
                         &err);
        assert_string_equal(err.code, cases[i].code);
        assert_lacks(err.message, "hunter2");
        assert_true(lk_secret_is_empty(&header));
    }
}

/* ---- the decorator ------------------------------------------------------------------------- */

struct scripted {
    struct lk_password_source source;
    int asked, refused, forgotten;
    enum lk_status first, again; /* what a question comes to */
};

static enum lk_status get(struct lk_password_source *source, bool refused, struct lk_secret *ret,
                          struct lk_error *err)
{
    struct scripted *self = (struct scripted *)source;
    enum lk_status st = refused ? self->again : self->first;

    self->asked++;
    self->refused += refused;
    if (st)
        return lk_error_set(err, st, "Scripted", "no password");
    lk_secret_set(ret, refused ? LK_STR("second") : LK_STR("first"));
    return LK_OK;
}

static void forget(struct lk_password_source *source)
{
    ((struct scripted *)source)->forgotten++;
}

struct world {
    struct fake_http *fake;
    struct scripted source;
    struct lk_http *service, *http;
    struct lk_http_response reply;
    struct lk_error err;
};

static int start(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    world->fake = fake_http_new();
    world->source = (struct scripted){.source = {.get = get, .forget = forget}};
    world->reply = (struct lk_http_response)LK_HTTP_RESPONSE_INIT;
    world->service = lk_http_service_new(&(struct lk_http_service_options){
        .inner = &world->fake->http, .base = LK_STR("https://c.azurehdinsight.net/livy")});
    world->http = lk_http_basic_new(&(struct lk_basic_options){
        .inner = world->service, .source = &world->source.source, .user = LK_STR("admin")});
    *state = world;
    return 0;
}

static int stop(void **state)
{
    struct world *world = *state;

    fake_http_assert_done(world->fake);
    world->http->free(world->http);
    world->service->free(world->service);
    fake_http_free(world->fake);
    lk_http_response_done(&world->reply);
    free(world);
    return 0;
}

static enum lk_status send(struct world *world, const char *url)
{
    struct lk_http_request request = {
        .method = LK_HTTP_POST, .url = lk_str_from(url), .body = LK_STR("{}")};

    return lk_http_send(world->http, &request, NULL, &world->reply, &world->err);
}

static void name_and_password_go_with_every_request(void **state)
{
    struct world *world = *state;

    fake_http_reply(world->fake, 200, NULL, "{}");
    fake_http_reply(world->fake, 500, NULL, "{}");
    assert_lk_ok(send(world, URL), &world->err);
    assert_lk_ok(send(world, URL), &world->err);
    assert_str(fake_http_request(world->fake, 0)->authorization, FIRST);
    assert_str(fake_http_request(world->fake, 1)->authorization, FIRST);
    assert_int_equal(world->source.refused, 0);
}

static void a_401_asks_once_for_another_password(void **state)
{
    struct world *world = *state;

    fake_http_reply(world->fake, 401, "WWW-Authenticate: Basic realm=\"x\"", "no");
    fake_http_reply(world->fake, 201, NULL, "{}");
    assert_lk_ok(send(world, URL), &world->err);
    assert_int_equal(world->reply.status, 201);
    assert_str(fake_http_request(world->fake, 0)->authorization, FIRST);
    assert_str(fake_http_request(world->fake, 1)->authorization, SECOND);
    assert_str(fake_http_request(world->fake, 1)->body, "{}");
    assert_int_equal(world->source.forgotten, 0);
}

static void a_second_401_is_the_answer_and_the_password_is_forgotten(void **state)
{
    struct world *world = *state;

    fake_http_reply(world->fake, 401, NULL, "no");
    fake_http_reply(world->fake, 401, NULL, "still no");
    assert_lk_ok(send(world, URL), &world->err);
    assert_int_equal(world->reply.status, 401);
    assert_str(lk_buf_view(&world->reply.body), "still no");
    assert_int_equal(world->source.asked, 2);
    assert_int_equal(world->source.forgotten, 1);
}

static void a_401_is_the_answer_where_nobody_can_be_asked(void **state)
{
    struct world *world = *state;

    world->source.again = LK_UNSUPPORTED;
    fake_http_reply(world->fake, 401, NULL, "no");
    assert_lk_ok(send(world, URL), &world->err);
    assert_int_equal(world->reply.status, 401);
    assert_str(lk_buf_view(&world->reply.body), "no");
}

static void an_interrupt_at_the_question_leaves_nothing_sent(void **state)
{
    struct world *world = *state;

    world->source.first = LK_CANCELLED;
    assert_lk_status(LK_CANCELLED, send(world, URL), &world->err);
    assert_true(world->reply.unsent);

    world->source.first = LK_OK;
    world->source.again = LK_CANCELLED;
    fake_http_reply(world->fake, 401, NULL, "no");
    assert_lk_status(LK_CANCELLED, send(world, URL), &world->err);
    assert_string_equal(world->err.code, "Scripted");
    assert_true(world->reply.unsent); /* it was refused */
    assert_int_equal(world->reply.status, 0);
}

static void a_redirect_is_the_answer_and_not_followed(void **state)
{
    struct world *world = *state;

    fake_http_reply(world->fake, 302, "Location: https://evil.example/livy", "");
    assert_lk_ok(send(world, URL), &world->err);
    assert_int_equal(world->reply.status, 302);
    assert_int_equal(fake_http_count(world->fake), 1);
}

static void no_password_goes_to_another_origin(void **state)
{
    struct world *world = *state;

    assert_lk_status(LK_DENIED, send(world, "https://evil.example/livy/batches"), &world->err);
    assert_lk_status(LK_DENIED, send(world, "http://c.azurehdinsight.net/livy"), &world->err);
    assert_int_equal(fake_http_count(world->fake), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_is_that_of_rfc_7617),
        cmocka_unit_test(a_name_or_password_that_cannot_be_sent_is_refused_and_not_shown),
        TEST(name_and_password_go_with_every_request),
        TEST(a_401_asks_once_for_another_password),
        TEST(a_second_401_is_the_answer_and_the_password_is_forgotten),
        TEST(a_401_is_the_answer_where_nobody_can_be_asked),
        TEST(an_interrupt_at_the_question_leaves_nothing_sent),
        TEST(a_redirect_is_the_answer_and_not_followed),
        TEST(no_password_goes_to_another_origin),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
