#include "net/http_header.h"

#include "support/assert.h"

static void a_header_is_taken_apart_at_its_first_colon(void **state)
{
    static const struct {
        const char *line, *name, *value;
    } cases[] = {
        {"X-Requested-By: ada", "X-Requested-By", "ada"},
        {"X-A:b:c", "X-A", "b:c"},
        {"X-A: \t b c \t", "X-A", "b c"},
        {"X-A:", "X-A", ""},
        {"X-A: Zürich", "X-A", "Zürich"},
        {"!#$%&'*+-.^_`|~9aZ: x", "!#$%&'*+-.^_`|~9aZ", "x"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_error err = LK_ERROR_INIT;
        struct lk_http_header header;
        assert_lk_ok(lk_http_header_parse(lk_str_from(cases[i].line), &header, &err), &err);
        assert_str(header.name, cases[i].name);
        assert_str(header.value, cases[i].value);
    }
}

static void what_would_end_the_line_or_the_message_is_refused(void **state)
{
    static const struct lk_str lines[] = {
        LK_STR_INIT(""),
        LK_STR_INIT("X-A"),
        LK_STR_INIT(": value hunter2"),
        LK_STR_INIT("X A: hunter2"),
        LK_STR_INIT(" X-A: hunter2"),
        LK_STR_INIT("X-A : hunter2"),
        LK_STR_INIT("X-\xc3\xa4: hunter2"),
        LK_STR_INIT("X-A\r\nX-B: hunter2"),
        LK_STR_INIT("X-A: hunter2\r\nX-B: c"),
        LK_STR_INIT("X-A: hunter2\nX-B: c"),
        LK_STR_INIT("X-A: hunter2\rX-B: c"),
        LK_STR_INIT("X-A: hunter2\n"),
        LK_STR_INIT("X-A: \nhunter2"),
        LK_STR_INIT("X-A: hunter2\0b"),
        LK_STR_INIT("X-A: hunter2\x7f"),
        LK_STR_INIT("X-A: hunter2\x1b[2J"),
        LK_STR_INIT("X-A: hunter2\xff"),
        LK_STR_INIT("Host: hunter2"),
        LK_STR_INIT("content-LENGTH: 0"),
        LK_STR_INIT("Transfer-Encoding: chunked"),
        LK_STR_INIT("Content-Type: text/plain"),
        LK_STR_INIT("Connection: close"),
        LK_STR_INIT("Expect: 100-continue"),
        LK_STR_INIT("Proxy-Authorization: hunter2"),
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(lines); i++) {
        struct lk_error err = LK_ERROR_INIT;
        struct lk_http_header header;
        assert_lk_status(LK_INVALID, lk_http_header_parse(lines[i], &header, &err), &err);
        assert_string_equal(err.code, "BadHeader");
        assert_lacks(err.message, "hunter2");
        assert_lacks(err.next, "hunter2");
    }
}

static void names_and_values_have_ceilings(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 16);
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    for (int i = 0; i < LK_HEADER_VALUE_MAX; i++)
        lk_buf_put_char(&text, 'x');
    assert_lk_ok(lk_http_header_check_value(LK_STR("X-A"), lk_buf_view(&text), &err), &err);
    lk_buf_put_char(&text, 'x');
    assert_lk_status(LK_INVALID,
                     lk_http_header_check_value(LK_STR("X-A"), lk_buf_view(&text), &err), &err);
    lk_buf_truncate(&text, LK_HEADER_NAME_MAX);
    assert_lk_ok(lk_http_header_check_name(lk_buf_view(&text), &err), &err);
    lk_buf_put_char(&text, 'x');
    assert_lk_status(LK_INVALID, lk_http_header_check_name(lk_buf_view(&text), &err), &err);
}

static void what_looks_like_a_credential_is_one(void **state)
{
    static const struct {
        const char *name, *value;
        bool secret;
    } cases[] = {
        {"Authorization", "x", true},
        {"authorization", "", true},
        {"Cookie", "a=b", true},
        {"Set-Cookie", "a=b", true},
        {"X-Api-Key", "1", true},
        {"Ocp-Apim-Subscription-Key", "1", true},
        {"api_key", "1", true},
        {"ApiKey", "1", true},
        {"Key", "1", true},
        {"X-Auth-Token", "1", true},
        {"X-Client-Secret", "1", true},
        {"X-Password", "1", true},
        {"X-Amz-Credential", "1", true},
        {"X-Team", "Bearer abcdef", true},
        {"X-Team", "basic YTpi", true},
        {"X-Team", "eyJhbGciOiJub25lIn0.e30.", true},
        {"X-Requested-By", "ada", false},
        {"X-Team", "data", false},
        {"X-Team", "bearers of rings", false},
        {"X-Forwarded-For", "10.0.0.1", false},
        {"X-Monkey", "1", false},
        {"User-Agent", "x", false},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        if (lk_http_header_is_secret(lk_str_from(cases[i].name), lk_str_from(cases[i].value)) !=
            cases[i].secret)
            fail_msg("'%s: %s'", cases[i].name, cases[i].value);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_is_taken_apart_at_its_first_colon),
        cmocka_unit_test(what_would_end_the_line_or_the_message_is_refused),
        cmocka_unit_test(names_and_values_have_ceilings),
        cmocka_unit_test(what_looks_like_a_credential_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
