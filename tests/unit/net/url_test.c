#include "net/url.h"

#include "support/assert.h"

static void addresses_are_taken_apart(void **state)
{
    static const struct {
        const char *text, *scheme, *user, *host, *path, *query, *fragment;
        int port;
    } cases[] = {
        {"https://api.fabric.microsoft.com/v1/x?a=1&b=2#f", "https", "", "api.fabric.microsoft.com",
         "/v1/x", "a=1&b=2", "f", 443},
        {"http://localhost:8998", "http", "", "localhost", "", "", "", 8998},
        {"HTTPS://Host:1/", "HTTPS", "", "Host", "/", "", "", 1},
        {"https://[::1]:65535/a", "https", "", "::1", "/a", "", "", 65535},
        {"https://h?q", "https", "", "h", "", "q", "", 443},
        {"https://h#f?x", "https", "", "h", "", "", "f?x", 443},
        {"https://h/a?b#", "https", "", "h", "/a", "b", "", 443},
        {"abfss://ws@onelake.dfs.fabric.microsoft.com/lh/Files/a%20b.py", "abfss", "ws",
         "onelake.dfs.fabric.microsoft.com", "/lh/Files/a%20b.py", "", "", 0},
        {"https://h/\xc3\xa9", "https", "", "h", "/\xc3\xa9", "", "", 443},
        {"https://h/a@b:c", "https", "", "h", "/a@b:c", "", "", 443},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_error err = LK_ERROR_INIT;
        struct lk_url url;
        assert_lk_ok(lk_url_parse(lk_str_from(cases[i].text), &url, &err), &err);
        assert_str(url.scheme, cases[i].scheme);
        assert_str(url.user, cases[i].user);
        assert_str(url.host, cases[i].host);
        assert_str(url.path, cases[i].path);
        assert_str(url.query, cases[i].query);
        assert_str(url.fragment, cases[i].fragment);
        assert_int_equal(url.port, cases[i].port);
    }
}

static void what_is_no_address_is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "empty"},
        {"api.fabric.microsoft.com", "https://"},
        {"https:/h", "https://"},
        {"ftp://h/", "scheme"},
        {"://h", "scheme"},
        {"https://", "no host"},
        {"https:///x", "no host"},
        {"https://:80", "no host"},
        {"https://h:", "port"},
        {"https://h:0", "port"},
        {"https://h:65536", "port"},
        {"https://h:+1", "port"},
        {"https://h:1a", "port"},
        {"https://h:99999999999999999999", "port"},
        {"https://[::1", "bracket"},
        {"https://[::1]x", "bracket"},
        {"https://h h/", "space"},
        {"https://h/a\\b", "back-slash"},
        {"https://h/\n", "control"},
        {"https://h/\x7f", "control"},
        {"https://h/\xff", "UTF-8"},
        {"https://user:pw@h/", "password"},
        {"https://api.fabric.microsoft.com@evil.example/", "user name"},
        {"abfss://a:b@h/", "password"},
        {"abfss://a@b@h/", "user name"},
        {"https://h%41/", "character"},
        {"https://h\xc3\xa9/", "character"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_error err = LK_ERROR_INIT;
        struct lk_url url;
        assert_lk_status(LK_INVALID, lk_url_parse(lk_str_from(cases[i].text), &url, &err), &err);
        assert_contains(err.message, cases[i].why);
        /* What was typed may hold a password: it is not repeated. */
        assert_lacks(err.message, "pw");
    }
}

static void loopback_is_only_what_cannot_leave_the_machine(void **state)
{
    static const char *const yes[] = {"localhost", "LOCALHOST",   "a.localhost",
                                      "127.0.0.1", "127.255.0.9", "::1"};
    static const char *const no[] = {"",
                                     "localhost.example",
                                     "notlocalhost",
                                     "128.0.0.1",
                                     "127.0.0",
                                     "127.0.0.1.2",
                                     "127.0.0.256",
                                     "127.0.0.01",
                                     "127.0.0.",
                                     "127.0.0.+1",
                                     "127.1",
                                     "::2",
                                     "127.0.0.1.nip.io",
                                     "0.0.0.0"};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(yes); i++)
        assert_true(lk_host_is_loopback(lk_str_from(yes[i])));
    for (size_t i = 0; i < LK_COUNT(no); i++)
        if (lk_host_is_loopback(lk_str_from(no[i])))
            fail_msg("%s", no[i]);
}

static void a_domain_holds_itself_and_what_is_below_it(void **state)
{
    struct lk_str domain = LK_STR("fabric.microsoft.com");

    (void)state;
    assert_true(lk_host_is_within(LK_STR("fabric.microsoft.com"), domain));
    assert_true(lk_host_is_within(LK_STR("API.Fabric.Microsoft.com"), domain));
    assert_true(lk_host_is_within(LK_STR("weu-onelake.dfs.fabric.microsoft.com"), domain));
    assert_false(lk_host_is_within(LK_STR("evilfabric.microsoft.com"), domain));
    assert_false(lk_host_is_within(LK_STR("fabric.microsoft.com.evil.example"), domain));
    assert_false(lk_host_is_within(LK_STR("microsoft.com"), domain));
    assert_false(lk_host_is_within(LK_STR(""), LK_STR("")));
    assert_false(lk_host_is_within(LK_STR("a."), LK_STR("")));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_taken_apart),
        cmocka_unit_test(what_is_no_address_is_refused_with_the_reason),
        cmocka_unit_test(loopback_is_only_what_cannot_leave_the_machine),
        cmocka_unit_test(a_domain_holds_itself_and_what_is_below_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
