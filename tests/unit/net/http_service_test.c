#include "net/http_service.h"

#include "base/secret.h"
#include "support/assert.h"
#include "support/fake_http.h"

#include <stdlib.h>

#define BASE "https://livy.example.org:8443/livy"

struct world {
    struct fake_http *fake;
    struct lk_http *http;
    struct lk_http_response reply;
    struct lk_error err;
};

static int start(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    world->fake = fake_http_new();
    world->reply = (struct lk_http_response)LK_HTTP_RESPONSE_INIT;
    *state = world;
    return 0;
}

static int stop(void **state)
{
    struct world *world = *state;

    fake_http_assert_done(world->fake);
    if (world->http)
        world->http->free(world->http);
    fake_http_free(world->fake);
    lk_http_response_done(&world->reply);
    free(world);
    return 0;
}

static void wrap(struct world *world, struct lk_http_service_options options)
{
    options.inner = &world->fake->http;
    if (!options.base.len)
        options.base = LK_STR(BASE);
    world->http = lk_http_service_new(&options);
}

static enum lk_status send(struct world *world, const char *url)
{
    struct lk_http_request request = {.method = LK_HTTP_POST, .url = lk_str_from(url)};

    lk_http_request_header(&request, LK_STR("Accept"), LK_STR("application/json"));
    lk_http_request_header(&request, LK_STR("X-Requested-By"), LK_STR("livy-kernel"));
    return lk_http_send(world->http, &request, NULL, &world->reply, &world->err);
}

static void nothing_goes_to_another_origin(void **state)
{
    static const char *const others[] = {
        "http://livy.example.org:8443/livy/batches", /* another scheme */
        "https://livy.example.org/livy/batches",     /* another port */
        "https://livy.example.com:8443/livy/batches",
        "https://x.livy.example.org:8443/livy/batches",
        "https://livy.example.org.evil.example:8443/livy/batches",
        "no address",
    };
    struct world *world = *state;

    wrap(world, (struct lk_http_service_options){.plain_is_fine = true});
    for (size_t i = 0; i < LK_COUNT(others); i++) {
        assert_lk_status(LK_DENIED, send(world, others[i]), &world->err);
        assert_string_equal(world->err.code, "ForeignHost");
    }
    assert_int_equal(fake_http_count(world->fake), 0);
    fake_http_reply(world->fake, 200, NULL, "");
    assert_lk_ok(send(world, "HTTPS://Livy.Example.org:8443/livy/batches"), &world->err);
}

static void the_persons_headers_are_added_and_take_the_place_of_ours(void **state)
{
    const struct lk_http_header headers[] = {{LK_STR("X-Team"), LK_STR("data")},
                                             {LK_STR("x-requested-by"), LK_STR("ada")}};
    struct world *world = *state;

    wrap(world, (struct lk_http_service_options){.headers = headers, .header_count = 2});
    fake_http_reply(world->fake, 200, NULL, "");
    assert_lk_ok(send(world, BASE "/batches"), &world->err);
    assert_str(fake_http_request(world->fake, 0)->headers,
               "Accept: application/json\nX-Team: data\nx-requested-by: ada\n");
    assert_str(fake_http_request(world->fake, 0)->url, BASE "/batches");
    assert_false(fake_http_request(world->fake, 0)->negotiate);
    assert_false(fake_http_request(world->fake, 0)->plain_is_fine);
}

static void secret_headers_travel_as_secrets(void **state)
{
    LK_CLEANUP(lk_secret_done) struct lk_secret key = LK_SECRET_INIT;
    const struct lk_http_secret_header secrets[] = {{LK_STR("X-Api-Key"), &key}};
    struct world *world = *state;

    lk_secret_set(&key, LK_STR("hunter2"));
    wrap(world,
         (struct lk_http_service_options){.secret_headers = secrets, .secret_header_count = 1});
    fake_http_reply(world->fake, 200, NULL, "");
    assert_lk_ok(send(world, BASE "/batches"), &world->err);
    assert_lacks(fake_http_request(world->fake, 0)->headers, "hunter2");
    assert_str(fake_http_request(world->fake, 0)->secret_headers, "X-Api-Key: hunter2\n");
}

static void do_as_is_a_parameter_of_every_request(void **state)
{
    struct world *world = *state;

    wrap(world, (struct lk_http_service_options){.do_as = LK_STR("ada&x=y z")});
    fake_http_reply(world->fake, 200, NULL, "");
    fake_http_reply(world->fake, 200, NULL, "");
    assert_lk_ok(send(world, BASE "/batches"), &world->err);
    assert_lk_ok(send(world, BASE "/batches?from=0&size=5"), &world->err);
    assert_str(fake_http_request(world->fake, 0)->url, BASE "/batches?doAs=ada%26x%3Dy%20z");
    assert_str(fake_http_request(world->fake, 1)->url,
               BASE "/batches?from=0&size=5&doAs=ada%26x%3Dy%20z");
}

static void kerberos_and_consent_are_handed_down(void **state)
{
    struct world *world = *state;

    wrap(world, (struct lk_http_service_options){.base = LK_STR("http://livy.example.org:8998"),
                                                 .negotiate = true,
                                                 .plain_is_fine = true});
    fake_http_reply(world->fake, 401, "WWW-Authenticate: Negotiate", "");
    assert_lk_ok(send(world, "http://livy.example.org:8998/batches"), &world->err);
    assert_int_equal(world->reply.status, 401);
    assert_true(fake_http_request(world->fake, 0)->negotiate);
    assert_true(fake_http_request(world->fake, 0)->plain_is_fine);
    assert_int_equal(fake_http_request(world->fake, 0)->authorization.len, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(nothing_goes_to_another_origin),
        TEST(the_persons_headers_are_added_and_take_the_place_of_ours),
        TEST(secret_headers_travel_as_secrets),
        TEST(do_as_is_a_parameter_of_every_request),
        TEST(kerberos_and_consent_are_handed_down),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
