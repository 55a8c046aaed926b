#include "fabric/livy_error.h"

#include "fabric/livy_batch.h"
#include "support/assert.h"
#include "support/golden.h"

#include <string.h>

enum { NOW = 1795485000 }; /* 2026-11-24T01:50:00Z */

static void fill(struct lk_http_response *reply, int status, const char *headers,
                 struct lk_str body)
{
    struct lk_str rest = lk_str_from(headers), line;

    while (lk_str_next_line(&rest, &line))
        lk_http_response_line(reply, line);
    reply->status = status;
    lk_buf_put(&reply->body, body);
}

static void every_shape_of_error_is_read(void **state)
{
    static const struct {
        int status;
        const char *headers, *body;
        enum lk_status st;
        const char *message, *service_code, *request_id;
    } cases[] = {
        {404, "",
         "{\"errorCode\":\"LakehouseNotFound\",\"message\":\"No lakehouse.\","
         "\"requestId\":\"7f3c\"}",
         LK_NOT_FOUND, "Livy answered 404 LakehouseNotFound (request 7f3c): No lakehouse.",
         "LakehouseNotFound", "7f3c"},
        {400, "RequestId: abc", "{\"error\":{\"code\":\"BadRequest\",\"message\":\"No.\"}}",
         LK_INVALID, "Livy answered 400 BadRequest (request abc): No.", "BadRequest", "abc"},
        {500, "x-ms-request-id: 9", "", LK_SERVICE, "Livy answered 500 (request 9)", "", "9"},
        {502, "", "<html><head><TITLE>x</TITLE><title>502 Bad Gateway</title></head></html>",
         LK_SERVICE, "Livy answered 502: 502 Bad Gateway", "", ""},
        {400, "",
         "<html>\n<head>\n<title>Error 400 </title>\n</head>\n<body>\n<h2>HTTP ERROR: 400</h2>\n"
         "<p>Problem accessing /batches. Reason:\n<pre>    Missing Required Header for CSRF "
         "protection.</pre></p>\n</body>\n</html>\n",
         LK_INVALID, "Livy answered 400: Missing Required Header for CSRF protection.", "", ""},
        {503, "", "<html>Reason:\n<pre>  </pre><title>Busy", LK_SERVICE, "Livy answered 503: Busy",
         "", ""},
        {400, "", "\"Unrecognized field \\\"tags\\\"\\n at [Source]\"", LK_INVALID,
         "Livy answered 400: Unrecognized field \"tags\"", "", ""},
        {400, "", "{\"msg\":\"Rejected, too many sessions are being created!\"}", LK_INVALID,
         "Livy answered 400: Rejected, too many sessions are being created!", "", ""},
        {400, "",
         "{\"errorCode\":\"A\",\"message\":\"B\",\"moreDetails\":[{\"message\":\"C\"},"
         "{\"message\":\"D\"}]}",
         LK_INVALID, "Livy answered 400 A: B; C; D", "A", ""},
        {403, "", "plain words\nand more", LK_DENIED, "Livy answered 403: plain words", "", ""},
        {401, "", "{\"errorCode\":5,\"message\":[]}", LK_UNAUTHORIZED, "Livy answered 401", "", ""},
        {307, "", "", LK_PROTOCOL, "Livy answered 307", "", ""},
        {400, "", "\xff\xfe", LK_INVALID, "Livy answered 400", "", ""},
        {400, "", "a\x1b[31mb", LK_INVALID, "Livy answered 400: a [31mb", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
        struct lk_error err = LK_ERROR_INIT;
        fill(&reply, cases[i].status, cases[i].headers, lk_str_from(cases[i].body));
        assert_lk_status(
            cases[i].st,
            lk_livy_read_error(lk_livy_profile_find(LK_STR("fabric")), "Livy", &reply, &err), &err);
        assert_string_equal(err.message, cases[i].message);
        assert_string_equal(err.service_code, cases[i].service_code);
        assert_string_equal(err.request_id, cases[i].request_id);
        assert_int_equal(err.http_status, cases[i].status);
        assert_true(err.next[0] != '\0');
        assert_true(err.code[0] >= 'A' && err.code[0] <= 'Z');
    }
}

static void the_next_step_fits_the_cause(void **state)
{
    static const struct {
        int status;
        const char *headers, *body, *code, *next;
    } cases[] = {
        {401, "", "", "Unauthorized", "%entra login"},
        {403, "", "", "Forbidden", "Contributor"},
        {404, "", "{\"errorCode\":\"LakehouseNotFound\",\"message\":\"\"}", "NotFound",
         "%livy info"},
        {404, "", "", "NotFound", "%batch list"},
        {429, "Retry-After: 55", "", "Throttled", "Retry-After 55"},
        {429, "",
         "{\"errorCode\":\"RequestBlocked\",\"message\":\"Request is blocked until: 4/17/2026 "
         "12:22:35 PM (UTC)\"}",
         "Throttled", "until 4/17/2026 12:22:35 PM (UTC)"},
        {430, "", "", "CapacityFull", "capacity"},
        {400, "",
         "{\"errorCode\":\"X\",\"message\":\"[TooManyRequestsForCapacity] HTTP status code: "
         "430\"}",
         "CapacityFull", "capacity"},
        {408, "", "", "AnswerTimeout", "%batch list"},
        {503, "", "", "ServiceFailed", "%batch list"},
        {400, "", "", "RequestRefused", "--dry-run"},
        {302, "", "", "BadAnswer", "%livy info"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
        struct lk_error err = LK_ERROR_INIT;
        fill(&reply, cases[i].status, cases[i].headers, lk_str_from(cases[i].body));
        (void)!lk_livy_read_error(lk_livy_profile_find(LK_STR("fabric")), "batch 'x'", &reply,
                                  &err);
        assert_string_equal(err.code, cases[i].code);
        assert_contains(err.next, cases[i].next);
        assert_true(lk_str_starts(lk_str_from(err.message), LK_STR("batch 'x': Livy answered ")));
    }
}

static void captured_errors_say_what_real_livy_meant(void **state)
{
    static const struct {
        const char *file, *says;
    } cases[] = {
        {"livy/apache/batch-create-unknown-field-400.http", "Unrecognized field \"tags\""},
        {"livy/apache/batch-create-no-x-requested-by-400.http", "CSRF protection"},
        {"livy/apache/batch-create-duplicate-name-400.http", "Duplicate session name"},
        {"livy/apache/batch-create-no-file-400.http", "File is required"},
        {"livy/apache/batch-create-path-not-allowed-400.http", "cannot be added"},
        {"livy/apache/batch-create-bad-json-400.http", "Livy answered 400: "},
        {"livy/apache/batch-get-not-found-404.http", "not found"},
        {"livy/apache/batch-put-405.http", "405"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
        struct golden_http http = golden_http(cases[i].file, 0);
        struct lk_error err = LK_ERROR_INIT;
        fill(&reply, http.status, http.headers, http.body);
        (void)!lk_livy_read_error(lk_livy_profile_find(LK_STR("apache")), "Livy", &reply, &err);
        assert_contains(err.message, cases[i].says);
    }
}

static void the_wait_is_read_off_header_or_text(void **state)
{
    static const struct {
        int status;
        const char *headers, *body;
        int64_t ms;
    } cases[] = {
        {429, "Retry-After: 3", "{\"message\":\"until: 11/24/2026 1:55:00 AM (UTC)\"}", 3000},
        {429, "",
         "{\"errorCode\":\"RequestBlocked\",\"message\":\"Blocked until: 11/24/2026 "
         "1:50:35 AM (UTC)\"}",
         35000},
        {429, "", "{\"message\":\"until: 11/24/2026 01:49:00 AM (UTC)\"}", 0},
        {429, "", "{\"message\":\"until: 11/24/2026 12:22:35 PM (UTC)\"}", 3600000},
        {429, "", "{\"message\":\"until: 11/24/2026 12:00:00 AM (UTC)\"}", 0},
        {429, "", "{\"message\":\"until: tomorrow\"}", -1},
        {429, "", "{\"message\":\"until: 11\\/24\\/2026 1:50:20 AM (UTC)\"}", 20000},
        {429, "", "{\"message\":\"two\\nlines, until: 11/24/2026 1:50:20 AM (UTC)\"}", 20000},
        {429, "", "until: 11/24/2026 01:50:20 (UTC)", 20000},
        {429, "", "{\"message\":\"until: 2026-11-24T01:50:20Z (UTC)\"}", 20000},
        {429, "", "{\"message\":\"until: 11/24/2026 45:50:20 PM (UTC)\"}", -1},
        {429, "", "{\"message\":\"until:\"}", -1},
        {429, "x-ms-retry-after-ms: 700", "{}", 700},
        {429, "retry-after-ms: 1500", "until: 11/24/2026 1:55:00 AM (UTC)", 1500},
        {429, "x-ms-retry-after-ms: soon", "{}", -1},
        {429, "Retry-After: Tue, 24 Nov 2026 01:50:42 GMT", "{}", 42000},
        {429, "Retry-After: Tue, 24 Nov 2026 01:40:42 GMT", "{}", 0},
        {429, "", "{\"message\":\"until: 99/99/2026 1:50:35 AM\"}", -1},
        {429, "", "{\"message\":\"until:\"}", -1},
        {429, "", "", -1},
        {200, "", "{\"message\":\"until: 11/24/2026 1:50:35 AM (UTC)\"}", -1},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
        fill(&reply, cases[i].status, cases[i].headers, lk_str_from(cases[i].body));
        if (lk_livy_retry_after_ms(&reply, NOW) != cases[i].ms)
            fail_msg("case %zu: %lld", i, (long long)lk_livy_retry_after_ms(&reply, NOW));
    }
}

static void the_next_step_fits_the_service_and_what_it_asks_for(void **state)
{
    static const struct {
        const char *kind;
        int status;
        const char *headers, *next;
    } cases[] = {
        {"synapse", 401, "", "%entra token --for synapse"},
        {"synapse", 403, "", "Compute Operator"},
        {"hdinsight", 401, "", "--auth basic --user NAME"},
        {"hdinsight", 403, "", "cluster"},
        {"apache", 401, "HTTP/1.1 401 No\nWWW-Authenticate: Negotiate", "kinit"},
        {"apache", 401, "HTTP/1.1 401 No\nWWW-Authenticate: BASIC realm=\"x\"", "--auth basic"},
        {"apache", 401, "HTTP/1.1 401 No\nWWW-Authenticate: Custom", "--header-env"},
        {"apache", 302, "HTTP/1.1 302 No\nLocation: https://idp.example/in?state=hunter2",
         "idp.example"},
        {"apache", 302, "HTTP/1.1 302 No\nLocation: /login", "not followed"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
        struct lk_error err = LK_ERROR_INIT;
        fill(&reply, cases[i].status, cases[i].headers, LK_STR_EMPTY);
        assert_int_not_equal(lk_livy_read_error(lk_livy_profile_find(lk_str_from(cases[i].kind)),
                                                "Livy", &reply, &err),
                             LK_OK);
        assert_contains(err.next, cases[i].next);
        assert_lacks(err.next, "hunter2");
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape_of_error_is_read),
        cmocka_unit_test(the_next_step_fits_the_cause),
        cmocka_unit_test(the_next_step_fits_the_service_and_what_it_asks_for),
        cmocka_unit_test(captured_errors_say_what_real_livy_meant),
        cmocka_unit_test(the_wait_is_read_off_header_or_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
