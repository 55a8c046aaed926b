#include "net/http.h"

#include "base/str.h"
#include "support/assert.h"

#include <string.h>

enum { NOW = 1795485000 }; /* Tue, 24 Nov 2026 01:50:00 GMT */

static void give(struct lk_http_response *reply, const char *head)
{
    struct lk_str rest = lk_str_from(head), line;

    while (lk_str_next_line(&rest, &line))
        lk_http_response_line(reply, line);
}

static void a_head_is_read_with_its_status_and_lower_case_names(void **state)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;

    (void)state;
    give(&reply, "HTTP/1.1 201 Created\r\nX-MS-Request-Id:  7f3c \r\nETag: \"1\"\r\n\r\n");
    assert_int_equal(reply.status, 201);
    assert_str(lk_http_response_header(&reply, LK_STR("x-ms-request-ID")), "7f3c");
    assert_str(lk_http_response_header(&reply, LK_STR("etag")), "\"1\"");
    assert_str(lk_http_response_header(&reply, LK_STR("absent")), "");
}

static void only_the_last_answer_counts(void **state)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;

    (void)state;
    give(&reply, "HTTP/1.1 100 Continue\nOld: 1\n\nHTTP/1.1 404\nNew: 2\n");
    assert_int_equal(reply.status, 404);
    assert_str(lk_http_response_header(&reply, LK_STR("old")), "");
    assert_str(lk_http_response_header(&reply, LK_STR("new")), "2");
}

static void garbage_in_a_head_is_no_status_and_no_crash(void **state)
{
    static const char *const heads[] = {"HTTP/1.1\n", "HTTP/1.1 abc\n", "HTTP/\n: x\n::\n", ""};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(heads); i++) {
        LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
        give(&reply, heads[i]);
        assert_int_equal(reply.status, 0);
    }
}

static void a_request_header_with_control_characters_is_dropped(void **state)
{
    struct lk_http_request request = {.method = LK_HTTP_GET};

    (void)state;
    lk_http_request_header(&request, LK_STR("A"), LK_STR("x\r\nB: y"));
    lk_http_request_header(&request, LK_STR("C\n"), LK_STR("x"));
    lk_http_request_header(&request, LK_STR("D"), LK_STR("x\x7f"));
    lk_http_request_header(&request, LK_STR("E"), LK_STR("fine"));
    assert_int_equal(request.header_count, 1);
    assert_str(request.headers[0].name, "E");
}

static void retry_after_is_read_as_seconds_or_date(void **state)
{
    static const struct {
        const char *head;
        int64_t ms;
    } cases[] = {
        {"Retry-After: 7", 7000},
        {"retry-after:0", 0},
        {"Retry-After: 3600", 3600000},
        {"Retry-After: 3601", 3600000},
        {"Retry-After: 99999999999999999999999", 3600000},
        {"Retry-After: Tue, 24 Nov 2026 01:50:05 GMT", 5000},
        {"Retry-After: Tue, 24 Nov 2026 01:49:00 GMT", 0},
        {"Retry-After: Tue, 24 Nov 2099 01:49:00 GMT", 3600000},
        {"Retry-After: -1", -1},
        {"Retry-After: +5", -1},
        {"Retry-After: 1.5", -1},
        {"Retry-After: soon", -1},
        {"Retry-After:", -1},
        {"Other: 7", -1},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
        give(&reply, cases[i].head);
        if (lk_http_retry_after_ms(&reply, NOW) != cases[i].ms)
            fail_msg("%s: %lld", cases[i].head, (long long)lk_http_retry_after_ms(&reply, NOW));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_read_with_its_status_and_lower_case_names),
        cmocka_unit_test(only_the_last_answer_counts),
        cmocka_unit_test(garbage_in_a_head_is_no_status_and_no_crash),
        cmocka_unit_test(a_request_header_with_control_characters_is_dropped),
        cmocka_unit_test(retry_after_is_read_as_seconds_or_date),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
