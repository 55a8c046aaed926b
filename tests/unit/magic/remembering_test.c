/* What magics meet at the services is what completion offers to the next line. */
#include "magic/context.h"
#include "magic/run.h"

#include "fabric/livy_endpoint.h"
#include "support/fake_cell.h"
#include "support/fake_clock.h"
#include "support/fake_http.h"

#include <stdlib.h>
#include <string.h>

#define FABRIC                                                                                     \
    "https://api.fabric.microsoft.com/v1/workspaces/11111111-1111-4111-8111-111111111111/"         \
    "lakehouses/22222222-2222-4222-8222-222222222222/livyapi/versions/2023-12-01/batches"
#define ITEM "22222222-2222-4222-8222-222222222222"

struct fixture {
    struct lk_context context;
    struct fake_clock clock;
    struct fake_http *http;
    struct lk_cancel *cancel;
    struct fake_cell cell;
    struct lk_error err;
};

static int connect_to(struct fixture *f, const char *url, const char *kind)
{
    return lk_livy_endpoint_parse(lk_str_from(url), lk_str_from(kind), &f->context.cloud,
                                  &f->context.endpoint, &f->err);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    fake_clock_init(&f->clock);
    f->http = fake_http_new();
    f->cancel = lk_cancel_new();
    fake_cell_init(&f->cell, f->cancel);
    f->context.options.clock = &f->clock.clock;
    f->context.vars = lk_vars_new();
    f->context.cloud = *lk_cloud_builtin(LK_STR("public"));
    f->context.connected = true;
    f->context.fabric_http = f->context.storage_http = &f->http->http;
    *state = f;
    return connect_to(f, FABRIC, "");
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    fake_http_assert_done(f->http);
    lk_livy_free(f->context.livy);
    lk_onelake_free(f->context.onelake);
    fake_http_free(f->http);
    fake_cell_done(&f->cell);
    lk_cancel_free(f->cancel);
    lk_vars_free(f->context.vars);
    lk_seen_done(&f->context.seen);
    free(f);
    return 0;
}

static void run(struct fixture *f, const char *code)
{
    fake_cell_clear(&f->cell);
    assert_lk_ok(lk_magic_run_cell(&f->context, &f->cell.cell, lk_str_from(code), &f->err),
                 &f->err);
}

static void assert_offered(struct fixture *f, const char *code, const char *want)
{
    LK_CLEANUP(lk_json_unref)
    json_t *reply = lk_magic_complete(&f->context, lk_str_from(code), strlen(code));
    LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(10000);
    size_t i;
    json_t *match;

    json_array_foreach(json_object_get(reply, "matches"), i, match)
    {
        lk_buf_printf(&got, "%s|", json_string_value(match));
    }
    assert_string_equal(lk_buf_cstr(&got), want);
}

static void listed_batches_are_offered_the_newest_first(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(connect_to(f, "http://127.0.0.1:8998", "apache"), 0);
    fake_http_reply(f->http, 200, NULL,
                    "{\"from\": 0, \"total\": 2, \"sessions\": ["
                    "{\"id\": 3, \"name\": \"a\", \"state\": \"success\"},"
                    "{\"id\": 4, \"name\": \"b c\", \"state\": \"running\"}]}");
    run(f, "%batch list");
    assert_offered(f, "%batch cancel ", "4|3|b\\ c|a|");
    assert_int_equal(fake_http_count(f->http), 1);
}

static void what_a_folder_holds_is_offered(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 200, NULL,
                    "<EnumerationResults><Blobs><BlobPrefix><Name>" ITEM
                    "/Files/raw/</Name></BlobPrefix><Blob><Name>" ITEM
                    "/Files/a.py</Name></Blob></Blobs><NextMarker/></EnumerationResults>");
    run(f, "%lakehouse ls Files");
    assert_offered(f, "%lakehouse cat Files/", "Files/a.py|Files/raw/|");
    assert_offered(f, "%lakehouse ls Files/", "Files/|Files/raw/|");
    assert_int_equal(fake_http_count(f->http), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(listed_batches_are_offered_the_newest_first),
        TEST(what_a_folder_holds_is_offered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
