#include "base/log.h"
#include "support/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JWT "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJDQU5BUlkifQ.CANARYsignature-_0123456789"

static void every_spelling_of_a_secret_is_hidden(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        /* bare tokens */
        {"got " JWT " now", "got [redacted] now"},
        {JWT, "[redacted]"},
        {"x=" JWT "&y", "x=[redacted]&y"},
        {"glued" JWT, "glued[redacted]"},
        {"eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "[redacted]"},
        {"eyJhbGciOiJSU0EtT0FFUCJ9.a.b.CANARY.d e", "[redacted] e"},
        {"rt 0.AXkACANARY_canary-CANARY1234.AgABAAEAAAD here", "rt [redacted] here"},
        {"1.AXkACANARY_canary-CANARY1234", "[redacted]"},
        /* forms */
        {"client_id=a&client_secret=CANARY%2B&scope=s",
         "client_id=a&client_secret=[redacted]&scope=s"},
        {"?code=CANARY&state=x", "?code=[redacted]&state=x"},
        {"code=CANARY", "code=[redacted]"},
        {"grant_type=refresh_token&refresh_token=CANARY",
         "grant_type=refresh_token&refresh_token=[redacted]"},
        {"client_assertion=CANARY.x.y&b=1", "client_assertion=[redacted]&b=1"},
        {"device_code=CANARY&a=b", "device_code=[redacted]&a=b"},
        {"code_verifier=CANARY~.-_", "code_verifier=[redacted]"},
        {"PASSWORD = CANARY tail", "PASSWORD = [redacted] tail"},
        {"password=\"CANARY two words\" x", "password=\"[redacted]\" x"},
        {"password='CANARY two' x", "password='[redacted]' x"},
        /* JSON, any spacing */
        {"{\"access_token\":\"CANARY\",\"a\":1}", "{\"access_token\":\"[redacted]\",\"a\":1}"},
        {"{\"access_token\"  :\t \"CANARY\"}", "{\"access_token\"  :\t \"[redacted]\"}"},
        {"{\"accessToken\": \"CANARY\"}", "{\"accessToken\": \"[redacted]\"}"},
        {"{\"id_token\":\"CAN\\\"ARY\"}", "{\"id_token\":\"[redacted]\"}"},
        {"{\"secret\":\"CANARY\\\\\",\"b\":\"shown\"}",
         "{\"secret\":\"[redacted]\",\"b\":\"shown\"}"},
        {"{\"password\":12345678}", "{\"password\":[redacted]}"},
        {"{\"secret\":{\"id\":\"CANARY\"}}", "{\"secret\":[redacted]}}"},
        {"{\"code\": \"CANARY\"}", "{\"code\": \"[redacted]\"}"},
        {"{'access_token': 'CANARY', 'a': 1}", "{'access_token': '[redacted]', 'a': 1}"},
        {"\"{\\\"access_token\\\":\\\"CANARY\\\",\\\"a\\\":1}\"",
         "\"{\\\"access_token\\\":\\\"[redacted]\\\",\\\"a\\\":1}\""},
        {"{\"access_token\":\"CANARY cut", "{\"access_token\":\"[redacted]"},
        /* headers */
        {"Authorization: Bearer CANARY", "Authorization: [redacted]"},
        {"authorization:Basic Q0FOQVJZ\r\nHost: x", "authorization:[redacted]\r\nHost: x"},
        {"X-IDENTITY-HEADER: CANARY\nA: b", "X-IDENTITY-HEADER: [redacted]\nA: b"},
        {"Secret: CANARY with spaces\nA: b", "Secret: [redacted]\nA: b"},
        {"Proxy-Authorization: Basic CANARY", "Proxy-Authorization: [redacted]"},
        {"sent Bearer CANARYCANARYCANARY== off", "sent Bearer [redacted] off"},
        {"{\"Authorization\": \"Bearer CANARY\"}", "{\"Authorization\": \"[redacted]\"}"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf safe = LK_BUF_INIT(1000);

        lk_redact(lk_str_from(cases[i].text), &safe);
        assert_string_equal(lk_buf_cstr(&safe), cases[i].want);
    }
}

static void words_that_are_no_secret_stay(void **state)
{
    static const char *const texts[] = {
        "",
        "exit code: 1",
        "status_code=404",
        "error code 5: see zipcode=1",
        "http code = 200",
        "WWW-Authenticate: Bearer authorization_uri=\"https://x\", realm=\"\"",
        "Bearer authentication is needed",
        "heyJude.Smith and eyJohn",
        "version 0.Alpha 1.A",
        "the secret is that there is none",
        "request 01234567-89ab-cdef-fedc-ba9876543210",
        "{\"error\":\"invalid_grant\",\"error_codes\":[70000]}",
        "abfss://c@onelake.dfs.fabric.microsoft.com/x.Lakehouse/Files/a.py",
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(texts); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf safe = LK_BUF_INIT(1000);

        lk_redact(lk_str_from(texts[i]), &safe);
        assert_string_equal(lk_buf_cstr(&safe), texts[i]);
    }
}

static void redaction_appends_and_keeps_the_ceiling(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf safe = LK_BUF_INIT(12);

    (void)state;
    lk_buf_put(&safe, LK_STR("before "));
    lk_redact(LK_STR("code=CANARY"), &safe);
    assert_string_equal(lk_buf_cstr(&safe), "before code=");
    assert_true(safe.full);
}

/* Each of these would take hours if a byte were looked at again for every other one. */
static void hostile_text_is_read_in_linear_time(void **state)
{
    static const char *const pieces[] = {
        "eyJ", "0.A",      "\"code\"",   "code ", "code\\",     "Bearer  ", "secret=", "\\\\\\",
        "\"",  "eyJ-eyJ_", "code\t \t ", "'",     "password:'", "1.A.A.",   "basic "};
    enum { SIZE = 1000000 };
    char *text = lk_alloc(SIZE);

    (void)state;
    for (size_t i = 0; i < LK_COUNT(pieces); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf safe = LK_BUF_INIT(4 * SIZE);
        size_t len = strlen(pieces[i]);

        for (size_t at = 0; at + len <= SIZE; at += len)
            memcpy(text + at, pieces[i], len);
        lk_redact((struct lk_str){text, SIZE / len * len}, &safe);
        assert_true(safe.len > 0);
    }
    free(text);
}

struct sink {
    int ends[2];
    char text[40000];
};

static int open_sink(void **state)
{
    struct sink *sink = lk_alloc(sizeof(*sink));

    if (pipe(sink->ends) || fcntl(sink->ends[0], F_SETFL, O_NONBLOCK))
        return -1;
    lk_log_set_fd(sink->ends[1]);
    *state = sink;
    return 0;
}

static int close_sink(void **state)
{
    struct sink *sink = *state;

    lk_log_set_fd(STDERR_FILENO);
    lk_log_set_level(LK_LOG_WARN);
    close(sink->ends[0]);
    close(sink->ends[1]);
    free(sink);
    return 0;
}

/* What was logged since the last look. */
static const char *logged(struct sink *sink)
{
    ssize_t got = read(sink->ends[0], sink->text, sizeof(sink->text) - 1);

    sink->text[got > 0 ? got : 0] = '\0';
    return sink->text;
}

static void warnings_are_shown_and_details_are_not(void **state)
{
    struct sink *sink = *state;

    lk_log(LK_LOG_INFO, "detail");
    assert_string_equal(logged(sink), "");
    errno = EDOM;
    lk_log(LK_LOG_WARN, "no %s", "luck");
    assert_int_equal(errno, EDOM);
    assert_string_equal(logged(sink), "livy-kernel: warning: no luck\n");
    lk_log_set_level(LK_LOG_DEBUG);
    lk_log(LK_LOG_DEBUG, "detail");
    assert_string_equal(logged(sink), "livy-kernel: debug: detail\n");
    lk_log_set_level(LK_LOG_ERROR);
    lk_log(LK_LOG_WARN, "no luck");
    assert_string_equal(logged(sink), "");
}

static void a_secret_does_not_reach_the_sink(void **state)
{
    struct sink *sink = *state;

    lk_log(LK_LOG_ERROR, "reply {\"access_token\":\"%s\"} to client_secret=%s", "CANARY", "CANARY");
    assert_lacks(logged(sink), "CANARY");
    assert_contains(sink->text, "access_token");
}

static void outside_text_stays_on_its_line(void **state)
{
    struct sink *sink = *state;

    lk_log(LK_LOG_ERROR, "got '%s'", "a\nlivy-kernel: error: fake\r\x1B[2J\x07\xC3\xA9");
    assert_string_equal(logged(sink),
                        "livy-kernel: error: got 'a\\nlivy-kernel: error: fake\\x0d\\x1b[2J\\x07"
                        "\xC3\xA9'\n");
}

static void a_long_line_is_cut_and_says_so(void **state)
{
    struct sink *sink = *state;
    char *longest = lk_alloc(100001);

    memset(longest, 'x', 100000);
    lk_log(LK_LOG_ERROR, "%s", longest);
    free(longest);
    assert_true(strlen(logged(sink)) < 20000);
    assert_true(lk_str_ends(lk_str_from(sink->text), LK_STR("x [cut]\n")));
}

#define sink_test(name) cmocka_unit_test_setup_teardown(name, open_sink, close_sink)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_of_a_secret_is_hidden),
        cmocka_unit_test(words_that_are_no_secret_stay),
        cmocka_unit_test(redaction_appends_and_keeps_the_ceiling),
        cmocka_unit_test(hostile_text_is_read_in_linear_time),
        sink_test(warnings_are_shown_and_details_are_not),
        sink_test(a_secret_does_not_reach_the_sink),
        sink_test(outside_text_stays_on_its_line),
        sink_test(a_long_line_is_cut_and_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
