#include "net/http_failure.h"

#include "support/assert.h"

static void what_may_have_arrived_decides_the_status(void **state)
{
    static const struct {
        struct lk_http_failure failure;
        enum lk_status status;
        const char *code, *next;
    } cases[] = {
        {{.kind = LK_HTTP_NO_NAME}, LK_NETWORK, "HostNotFound", "DNS"},
        {{.kind = LK_HTTP_NO_PROXY_NAME}, LK_NETWORK, "ProxyFailed", "https_proxy"},
        {{.kind = LK_HTTP_PROXY_FAILED}, LK_NETWORK, "ProxyFailed", "no_proxy"},
        {{.kind = LK_HTTP_NO_CONNECTION}, LK_NETWORK, "ConnectFailed", "running"},
        {{.kind = LK_HTTP_UNTRUSTED}, LK_NETWORK, "UntrustedCertificate", "CURL_CA_BUNDLE"},
        {{.kind = LK_HTTP_UNTRUSTED, .ca_file = "/x/ca.pem", .ca_source = "SSL_CERT_FILE"},
         LK_NETWORK,
         "UntrustedCertificate",
         "/x/ca.pem, named by SSL_CERT_FILE"},
        {{.kind = LK_HTTP_BAD_CA_FILE, .ca_file = "/x/ca.pem"}, LK_NETWORK, "BadCaFile", "named"},
        {{.kind = LK_HTTP_BAD_CA_FILE}, LK_NETWORK, "BadCaFile", "ca-certificates"},
        {{.kind = LK_HTTP_TLS_FAILED}, LK_NETWORK, "TlsFailed", ""},
        {{.kind = LK_HTTP_TOO_SLOW}, LK_NETWORK, "ConnectTimeout", "VPN"},
        {{.kind = LK_HTTP_TOO_SLOW, .own_deadline = true}, LK_NETWORK, "ConnectTimeout", "VPN"},
        {{.kind = LK_HTTP_TOO_SLOW, .has_left = true}, LK_UNKNOWN, "AnswerTimeout", "acted"},
        {{.kind = LK_HTTP_TOO_SLOW, .has_left = true, .own_deadline = true},
         LK_TIMEOUT,
         "AnswerTimeout",
         "acted"},
        {{.kind = LK_HTTP_CUT}, LK_NETWORK, "ConnectionLost", "again"},
        {{.kind = LK_HTTP_CUT, .has_left = true}, LK_UNKNOWN, "ConnectionLost", "acted"},
        {{.kind = LK_HTTP_CUT, .has_left = true, .body_full = true},
         LK_LIMIT,
         "AnswerTooLarge",
         ""},
        {{.kind = LK_HTTP_CUT, .has_left = true, .headers_full = true},
         LK_LIMIT,
         "AnswerTooLarge",
         ""},
        {{.kind = LK_HTTP_CUT, .has_left = true, .source_failed = true}, LK_IO, "SourceFailed", ""},
        {{.kind = LK_HTTP_REFUSED_INPUT}, LK_INVALID, "BadUrl", ""},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_http_failure failure = cases[i].failure;
        struct lk_error err = LK_ERROR_INIT;
        failure.host = LK_STR("host.example");
        failure.detail = LK_STR("the library's words");
        assert_lk_status(cases[i].status, lk_http_failure_explain(&failure, &err), &err);
        assert_string_equal(err.code, cases[i].code);
        assert_contains(err.next, cases[i].next);
    }
}

static void plain_http_leaves_this_machine_only_when_the_person_says_so(void **state)
{
    struct lk_error err = LK_ERROR_INIT;
    struct lk_url url;

    (void)state;
    assert_lk_ok(lk_http_check_address(LK_STR("http://localhost:8998/x"), false, &url, &err), &err);
    assert_lk_ok(lk_http_check_address(LK_STR("https://h.example/x"), false, &url, &err), &err);
    assert_lk_status(LK_INVALID,
                     lk_http_check_address(LK_STR("http://h.example/x"), false, &url, &err), &err);
    assert_string_equal(err.code, "NoHttps");
    assert_lk_ok(lk_http_check_address(LK_STR("http://h.example/x"), true, &url, &err), &err);
    assert_lk_status(LK_INVALID, lk_http_check_address(LK_STR("abfss://h/x"), true, &url, &err),
                     &err);
}

static void a_libcurl_without_kerberos_is_named(void **state)
{
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_ok(lk_http_check_negotiate(true, "7.88.1", &err), &err);
    assert_lk_status(LK_UNSUPPORTED, lk_http_check_negotiate(false, "7.88.1", &err), &err);
    assert_string_equal(err.code, "NoNegotiate");
    assert_contains(err.message, "7.88.1");
    assert_contains(err.next, "libcurl4");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_have_arrived_decides_the_status),
        cmocka_unit_test(plain_http_leaves_this_machine_only_when_the_person_says_so),
        cmocka_unit_test(a_libcurl_without_kerberos_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
