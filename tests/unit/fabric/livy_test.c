#include "fabric/livy.h"

#include "support/fake_clock.h"
#include "support/fake_http.h"
#include "support/golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE                                                                                       \
    "https://api.fabric.microsoft.com/v1/workspaces/11111111-1111-4111-8111-111111111111/"         \
    "lakehouses/22222222-2222-4222-8222-222222222222/livyApi/versions/2023-12-01"

struct fixture {
    struct fake_http *http;
    struct fake_clock clock;
    struct lk_livy_endpoint endpoint;
    struct lk_livy *livy;
    struct lk_livy_batch batch;
    struct lk_livy_list list;
    struct lk_error err;
};

static void connect_to(struct fixture *f, const char *url, const char *kind)
{
    lk_livy_free(f->livy);
    assert_lk_ok(lk_livy_endpoint_parse(lk_str_from(url), lk_str_from(kind),
                                        lk_cloud_builtin(LK_STR("public")), &f->endpoint, &f->err),
                 &f->err);
    f->livy = lk_livy_new(&(struct lk_livy_options){
        .endpoint = &f->endpoint, .http = &f->http->http, .clock = &f->clock.clock});
}

static int setup(void **state)
{
    struct fixture *f = lk_alloc(sizeof(*f));

    f->http = fake_http_new();
    fake_clock_init(&f->clock);
    connect_to(f, BASE, "");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    lk_livy_batch_done(&f->batch);
    lk_livy_list_done(&f->list);
    lk_livy_free(f->livy);
    fake_http_assert_done(f->http);
    fake_http_free(f->http);
    free(f);
    return 0;
}

/* "{"items": [...], total}" with ids from, from + step, … */
static struct lk_str page(struct lk_buf *text, const char *items, int from, int step, int count,
                          int total)
{
    lk_buf_clear(text);
    lk_buf_printf(text, "{\"%s\":[", items);
    for (int i = 0; i < count; i++)
        lk_buf_printf(text, "%s{\"id\":\"b-%d\",\"submittedAt\":\"2026-11-24T%02d:%02d:00Z\"}",
                      i ? "," : "", from + i * step, (from + i * step) / 60,
                      (from + i * step) % 60);
    lk_buf_printf(text, total >= 0 ? "],\"totalCountOfMatchedItems\":%d}" : "]}", total);
    return lk_buf_view(text);
}

static void expect_ids(struct fixture *f, int newest, size_t count)
{
    assert_int_equal(f->list.count, count);
    for (size_t i = 0; i < count; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "b-%d", newest - (int)i);
        assert_string_equal(f->list.batches[i].id, id);
    }
}

static enum lk_status list(struct fixture *f, size_t max)
{
    return lk_livy_list(f->livy, max, NULL, &f->list, &f->err);
}

static void the_newest_come_first_in_whatever_list(void **state)
{
    static const char *const names[] = {"items", "sessions", "value"};
    struct fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 20);

    for (size_t i = 0; i < LK_COUNT(names); i++) {
        fake_http_reply(f->http, 200, NULL, page(&text, names[i], 1, 1, 5, 5));
        assert_lk_ok(list(f, 50), &f->err);
        expect_ids(f, 5, 5);
        assert_int_equal(f->list.total, 5);
        lk_livy_list_done(&f->list);
    }
    assert_str(fake_http_request(f->http, 0)->url, BASE "/batches?$skip=0&$top=50");
}

static void of_an_ascending_list_the_end_is_asked_for(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 20);

    fake_http_reply(f->http, 200, NULL, page(&text, "items", 1, 1, 3, 100));
    fake_http_reply(f->http, 200, NULL, page(&text, "items", 98, 1, 3, 100));
    assert_lk_ok(list(f, 3), &f->err);
    expect_ids(f, 100, 3);
    assert_contains(fake_http_request(f->http, 1)->url, "$skip=97&$top=3");
}

static void a_descending_list_is_paged_until_there_is_enough(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 20);

    fake_http_reply(f->http, 200, NULL, page(&text, "items", 300, -1, 100, 300));
    fake_http_reply(f->http, 200, NULL, page(&text, "items", 200, -1, 50, 300));
    assert_lk_ok(list(f, 150), &f->err);
    expect_ids(f, 300, 150);
    assert_contains(fake_http_request(f->http, 1)->url, "$skip=100&$top=50");
}

static void a_service_without_pages_is_not_asked_for_ever(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 20);

    fake_http_reply(f->http, 200, NULL, page(&text, "items", 9, -1, 4, -1));
    fake_http_reply(f->http, 200, NULL, page(&text, "items", 9, -1, 4, -1));
    assert_lk_ok(list(f, 50), &f->err);
    expect_ids(f, 9, 4);
}

static void an_item_that_makes_no_sense_hides_no_other(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 200, NULL,
                    "{\"items\":[5,{\"id\":\"a\"},{},null],\"totalCountOfMatchedItems\":4}");
    assert_lk_ok(list(f, 50), &f->err);
    assert_int_equal(f->list.count, 1);
    lk_livy_list_done(&f->list);
    fake_http_reply(f->http, 200, NULL, "{\"nothing\":1}");
    assert_lk_status(LK_PROTOCOL, list(f, 50), &f->err);
}

static void captured_lists_of_apache_livy_are_read(void **state)
{
    struct fixture *f = *state;
    struct golden_http all = golden_http("livy/apache/batch-list-200.http", 0);

    connect_to(f, "http://localhost:8998", "apache");
    fake_http_reply(f->http, 200, NULL,
                    golden_http("livy/apache/batch-list-empty-200.http", 0).body);
    assert_lk_ok(list(f, 50), &f->err);
    assert_int_equal(f->list.count, 0);
    lk_livy_list_done(&f->list);

    fake_http_reply(f->http, 200, NULL, all.body);
    assert_lk_ok(list(f, 100), &f->err);
    assert_true(f->list.count > 1);
    assert_true(atoi(f->list.batches[0].id) > atoi(f->list.batches[1].id));
    assert_str(fake_http_request(f->http, 1)->url, "http://localhost:8998/batches?from=0&size=100");
}

static void a_batch_is_got_with_the_suffix_of_its_service(void **state)
{
    struct fixture *f = *state;

    connect_to(
        f, "https://ws.dev.azuresynapse.net/livyApi/versions/2019-11-01-preview/sparkPools/p", "");
    fake_http_reply(f->http, 200, NULL, "{\"id\":7,\"state\":\"dead\"}");
    assert_lk_ok(lk_livy_get(f->livy, LK_STR("7"), NULL, &f->batch, &f->err), &f->err);
    assert_string_equal(f->batch.id, "7");
    assert_true(lk_str_ends(fake_http_request(f->http, 0)->url,
                            LK_STR("/sparkPools/p/batches/7?detailed=true")));
}

static void an_id_cannot_climb_out_of_the_path(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 404, NULL, "");
    assert_lk_status(LK_NOT_FOUND, lk_livy_get(f->livy, LK_STR("../x?y"), NULL, &f->batch, &f->err),
                     &f->err);
    assert_str(fake_http_request(f->http, 0)->url, BASE "/batches/..%2Fx%3Fy");
    assert_contains(f->err.message, "batch '../x?y'");
}

static void cancelling_takes_what_every_service_answers(void **state)
{
    static const struct {
        int status;
        enum lk_status st;
        bool gone;
    } cases[] = {{200, LK_OK, false}, {202, LK_OK, false},     {204, LK_OK, false},
                 {404, LK_OK, true},  {403, LK_DENIED, false}, {500, LK_SERVICE, false}};
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        bool gone = false;
        fake_http_reply(f->http, cases[i].status, NULL, "");
        assert_lk_status(cases[i].st, lk_livy_cancel(f->livy, LK_STR("7"), NULL, &gone, &f->err),
                         &f->err);
        assert_int_equal(gone, cases[i].gone);
    }
    assert_int_equal(fake_http_request(f->http, 0)->method, LK_HTTP_DELETE);
    assert_str(fake_http_request_header(f->http, 0, "X-Requested-By"), "livy-kernel");
}

/* Apache answers a DELETE when the job is dead. */
static void a_cancel_that_blocks_has_time_of_its_own_and_is_not_repeated(void **state)
{
    struct fixture *f = *state;
    struct lk_livy_endpoint endpoint;
    struct lk_livy *livy;
    bool gone = false;

    assert_lk_ok(lk_livy_endpoint_parse(LK_STR("https://livy.example"), LK_STR("apache"),
                                        lk_cloud_builtin(LK_STR("public")), &endpoint, &f->err),
                 &f->err);
    livy = lk_livy_new(&(struct lk_livy_options){.endpoint = &endpoint,
                                                 .cloud = lk_cloud_builtin(LK_STR("public")),
                                                 .http = &f->http->http});
    fake_http_reply(f->http, 200, NULL, "{\"msg\":\"deleted\"}");
    assert_lk_ok(lk_livy_cancel(livy, LK_STR("7"), NULL, &gone, &f->err), &f->err);
    assert_int_equal(fake_http_request(f->http, 0)->timeout_ms, 180000);
    assert_int_equal(fake_http_request(f->http, 0)->repeat, LK_HTTP_REPEAT_REFUSED);
    lk_livy_free(livy);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(the_newest_come_first_in_whatever_list),
        TEST(of_an_ascending_list_the_end_is_asked_for),
        TEST(a_descending_list_is_paged_until_there_is_enough),
        TEST(a_service_without_pages_is_not_asked_for_ever),
        TEST(an_item_that_makes_no_sense_hides_no_other),
        TEST(captured_lists_of_apache_livy_are_read),
        TEST(a_batch_is_got_with_the_suffix_of_its_service),
        TEST(an_id_cannot_climb_out_of_the_path),
        TEST(cancelling_takes_what_every_service_answers),
        TEST(a_cancel_that_blocks_has_time_of_its_own_and_is_not_repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
