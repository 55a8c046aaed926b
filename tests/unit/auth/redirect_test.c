#include "auth/redirect.h"

#include "support/assert.h"
#include "support/golden.h"

#include <stdlib.h>
#include <string.h>

enum { PORT = 45131 };

#define HOST  "Host: localhost:45131\r\n"
#define FORM  "Content-Type: application/x-www-form-urlencoded\r\n"
#define STATE "z2xC26wivFJbn5IP9jZKRA"

struct visit {
    struct lk_redirect result;
    struct lk_buf answer;
};

static void read_visit(struct visit *visit, struct lk_str received)
{
    LK_CLEANUP(lk_secret_done) struct lk_secret state = LK_SECRET_INIT;

    *visit = (struct visit){.result = LK_REDIRECT_INIT, .answer = LK_BUF_INIT(1 << 16)};
    lk_secret_set(&state, LK_STR(STATE));
    lk_redirect_read(received, PORT, &state, &visit->result, &visit->answer);
}

static void done(struct visit *visit)
{
    lk_redirect_done(&visit->result);
    lk_buf_done(&visit->answer);
}

/* A POST of that form, malloc'd. */
static char *post(const char *form)
{
    struct lk_buf text = LK_BUF_INIT(1 << 20);

    lk_buf_printf(&text, "POST / HTTP/1.1\r\n" HOST FORM "Content-Length: %zu\r\n\r\n%s",
                  strlen(form), form);
    return lk_buf_take(&text);
}

static void the_captured_visit_brings_the_code(void **state)
{
    LK_CLEANUP(lk_free_ptr)
    char *request =
        post("code=CODE1&state=" STATE "&client_info=eyJ1aWQiOiAidWlkLTEifQ&session_state=ss");
    struct visit visit;

    (void)state;
    assert_contains(golden("msal/capture-browser.http"), "code=CODE1&state=" STATE);
    read_visit(&visit, lk_str_from(request));
    assert_int_equal(visit.result.verdict, LK_REDIRECT_CODE);
    assert_str(lk_secret_reveal(&visit.result.code), "CODE1");
    assert_string_equal(visit.result.client_info, "eyJ1aWQiOiAidWlkLTEifQ");
    assert_true(lk_str_starts(lk_buf_view(&visit.answer), LK_STR("HTTP/1.1 200 ")));
    assert_lacks(lk_buf_cstr(&visit.answer), "CODE1");
    done(&visit);
}

/* Whatever piece of it has come: nothing is said before it is whole. */
static void a_request_may_come_byte_by_byte(void **state)
{
    LK_CLEANUP(lk_free_ptr) char *request = post("code=a%2Fb%2B+c&state=" STATE);
    size_t len = strlen(request);

    (void)state;
    for (size_t n = 0; n <= len; n++) {
        struct visit visit;
        read_visit(&visit, (struct lk_str){request, n});
        assert_int_equal(visit.result.verdict, n < len ? LK_REDIRECT_MORE : LK_REDIRECT_CODE);
        assert_int_equal(visit.answer.len > 0, n == len);
        if (n == len)
            assert_str(lk_secret_reveal(&visit.result.code), "a/b+ c");
        done(&visit);
    }
}

static void a_refusal_is_handed_on(void **state)
{
    LK_CLEANUP(lk_free_ptr)
    char *request =
        post("error=access_denied&error_description=AADSTS65004%3a+%3Cscript%3E&state=" STATE);
    struct visit visit;

    (void)state;
    read_visit(&visit, lk_str_from(request));
    assert_int_equal(visit.result.verdict, LK_REDIRECT_ERROR);
    assert_string_equal(visit.result.error, "access_denied");
    assert_string_equal(visit.result.description, "AADSTS65004: <script>");
    assert_lacks(lk_buf_cstr(&visit.answer), "<script>");
    done(&visit);
}

static void what_is_not_our_sign_in_is_answered_and_ignored(void **state)
{
#define OURS "code=SECRETCODE&state=" STATE
    static const struct {
        const char *request, *status;
    } cases[] = {
        {"GET /favicon.ico HTTP/1.1\r\n" HOST "\r\n", "404"},
        {"GET /?" OURS " HTTP/1.1\r\n" HOST "\r\n", "405"},
        {"GET / HTTP/1.1\r\n" HOST "\r\n", "405"},
        {"POST /other HTTP/1.1\r\n" HOST FORM "Content-Length: 46\r\n\r\n" OURS "....", "404"},
        {"POST / HTTP/1.1\r\nHost: evil.example:45131\r\n" FORM "Content-Length: 46\r\n\r\n" OURS
         "....",
         "421"},
        {"POST / HTTP/1.1\r\nHost: localhost:45132\r\n" FORM "Content-Length: 0\r\n\r\n", "421"},
        {"POST / HTTP/1.1\r\nHost: localhost\r\n" FORM "Content-Length: 0\r\n\r\n", "421"},
        {"POST / HTTP/1.1\r\n" FORM "Content-Length: 0\r\n\r\n", "421"},
        {"POST / HTTP/1.1\r\nHost: localhost:45131.evil.example\r\n\r\n", "421"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Type: text/plain\r\nContent-Length: 0\r\n\r\n", "415"},
        {"POST / HTTP/1.1\r\n" HOST FORM "Content-Length: -1\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\n" HOST FORM "Content-Length: x\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\n" HOST FORM "Content-Length: 99999999999999999999\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\n" HOST FORM "Content-Length: 70000\r\n\r\n", "413"},
        {"POST / HTTP/1.1\r\n" HOST FORM "Content-Length: 0\r\n\r\n", "400"},
        {"\r\n\r\n", "421"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct visit visit;
        read_visit(&visit, lk_str_from(cases[i].request));
        assert_int_equal(visit.result.verdict, LK_REDIRECT_IGNORE);
        assert_true(lk_str_starts(lk_str_slice(lk_buf_view(&visit.answer), 9, SIZE_MAX),
                                  lk_str_from(cases[i].status)));
        assert_true(lk_secret_is_empty(&visit.result.code));
        assert_lacks(lk_buf_cstr(&visit.answer), "SECRETCODE");
        done(&visit);
    }
}

static void a_form_without_our_state_is_ignored(void **state)
{
    static const char *const forms[] = {
        "code=C",
        "code=C&state=",
        "code=C&state=another",
        "code=C&state=" STATE "x",
        "code=C&state=z2xC26wivFJbn5IP9jZKR",
        "error=access_denied&error_description=come+to+evil.example",
        "state=" STATE,
        "code=&state=" STATE,
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(forms); i++) {
        LK_CLEANUP(lk_free_ptr) char *request = post(forms[i]);
        struct visit visit;
        read_visit(&visit, lk_str_from(request));
        assert_int_equal(visit.result.verdict, LK_REDIRECT_IGNORE);
        assert_true(lk_str_starts(lk_buf_view(&visit.answer), LK_STR("HTTP/1.1 400 ")));
        assert_true(lk_secret_is_empty(&visit.result.code));
        assert_string_equal(visit.result.error, "");
        done(&visit);
    }
}

static void ipv4_and_ipv6_are_us_as_well(void **state)
{
    static const char *const hosts[] = {"127.0.0.1:45131", "[::1]:45131", "LOCALHOST:45131"};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(hosts); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
        struct visit visit;
        lk_buf_printf(&text, "POST / HTTP/1.1\r\nhost:%s\r\n" FORM "content-length: 35\r\n\r\n%s",
                      hosts[i], "code=C&state=" STATE);
        read_visit(&visit, lk_buf_view(&text));
        assert_int_equal(visit.result.verdict, LK_REDIRECT_CODE);
        done(&visit);
    }
}

static void an_endless_head_is_cut_off(void **state)
{
    size_t len = LK_REDIRECT_HEAD_MAX + 1;
    LK_CLEANUP(lk_free_ptr) char *text = malloc(len);
    struct visit visit;

    (void)state;
    assert_non_null(text);
    memset(text, 'x', len);
    read_visit(&visit, (struct lk_str){text, len});
    assert_int_equal(visit.result.verdict, LK_REDIRECT_IGNORE);
    assert_true(lk_str_starts(lk_buf_view(&visit.answer), LK_STR("HTTP/1.1 431 ")));
    done(&visit);
}

static void answers_let_nothing_out(void **state)
{
    LK_CLEANUP(lk_free_ptr) char *request = post("code=C&state=" STATE);
    struct visit visit;

    (void)state;
    read_visit(&visit, lk_str_from(request));
    assert_contains(lk_buf_cstr(&visit.answer), "Cache-Control: no-store\r\n");
    assert_contains(lk_buf_cstr(&visit.answer), "Referrer-Policy: no-referrer\r\n");
    assert_contains(lk_buf_cstr(&visit.answer), "Connection: close\r\n");
    assert_contains(lk_buf_cstr(&visit.answer), "Content-Security-Policy: default-src 'none'");
    assert_contains(lk_buf_cstr(&visit.answer), "frame-ancestors 'none'");
    assert_contains(lk_buf_cstr(&visit.answer), "X-Content-Type-Options: nosniff\r\n");
    done(&visit);
}

/* RFC 9110 §15.5.6. */
static void a_wrong_method_is_told_the_right_one(void **state)
{
    struct visit visit;

    (void)state;
    read_visit(&visit, LK_STR("GET / HTTP/1.1\r\n" HOST "\r\n"));
    assert_contains(lk_buf_cstr(&visit.answer), "HTTP/1.1 405 ");
    assert_contains(lk_buf_cstr(&visit.answer), "Allow: POST\r\n");
    done(&visit);
}

/* Bytes after the body belong to another request. */
static void what_follows_the_body_is_not_read(void **state)
{
    static const char form[] = "state=" STATE "&code=CODE1";
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
    struct visit visit;

    (void)state;
    lk_buf_printf(&text, "POST / HTTP/1.1\r\n" HOST FORM "Content-Length: %zu\r\n\r\n%s%s",
                  sizeof form - 1, form, "2&client_info=other&error=x");
    read_visit(&visit, lk_buf_view(&text));
    assert_int_equal(visit.result.verdict, LK_REDIRECT_CODE);
    assert_str(lk_secret_reveal(&visit.result.code), "CODE1");
    assert_string_equal(visit.result.client_info, "");
    done(&visit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_captured_visit_brings_the_code),
        cmocka_unit_test(a_request_may_come_byte_by_byte),
        cmocka_unit_test(a_refusal_is_handed_on),
        cmocka_unit_test(what_is_not_our_sign_in_is_answered_and_ignored),
        cmocka_unit_test(a_form_without_our_state_is_ignored),
        cmocka_unit_test(ipv4_and_ipv6_are_us_as_well),
        cmocka_unit_test(an_endless_head_is_cut_off),
        cmocka_unit_test(answers_let_nothing_out),
        cmocka_unit_test(a_wrong_method_is_told_the_right_one),
        cmocka_unit_test(what_follows_the_body_is_not_read),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
