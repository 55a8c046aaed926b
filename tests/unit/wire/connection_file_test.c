#include "wire/connection_file.h"

#include "base/buf.h"
#include "support/assert.h"

#include <stdio.h>

#define KEY "9f2c6d1e-5b7a4c3d2e1f0a9b8c7d6e5f"
#define PORTS                                                                                      \
    "\"shell_port\":51001,\"iopub_port\":51002,\"stdin_port\":51003,\"control_port\":51004,"       \
    "\"hb_port\":51005"
#define OTHER_PORTS                                                                                \
    "\"iopub_port\":51002,\"stdin_port\":51003,\"control_port\":51004,\"hb_port\":51005"

static void assert_address(const struct lk_connection *connection, enum lk_channel channel,
                           const char *want)
{
    char got[512];

    lk_connection_address(connection, channel, got);
    assert_string_equal(got, want);
}

static void reads_what_jupyter_writes(void **state)
{
    static const char text[] =
        "{\n  " PORTS ",\n  \"ip\": \"127.0.0.1\",\n  \"key\": \"" KEY "\",\n"
        "  \"transport\": \"tcp\",\n"
        "  \"signature_scheme\": \"hmac-sha256\",\n"
        "  \"kernel_name\": \"livy\",\n  \"jupyter_session\": \"/a/b.ipynb\"\n}";
    struct lk_connection connection;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_ok(lk_connection_read(lk_str_from(text), &connection, &err), &err);
    assert_false(connection.ipc);
    assert_string_equal(connection.ip, "127.0.0.1");
    assert_string_equal(connection.kernel_name, "livy");
    assert_true(lk_secret_equals(&connection.key, LK_STR(KEY)));
    assert_address(&connection, LK_SHELL, "tcp://127.0.0.1:51001");
    assert_address(&connection, LK_IOPUB, "tcp://127.0.0.1:51002");
    assert_address(&connection, LK_STDIN, "tcp://127.0.0.1:51003");
    assert_address(&connection, LK_CONTROL, "tcp://127.0.0.1:51004");
    assert_address(&connection, LK_HEARTBEAT, "tcp://127.0.0.1:51005");
    lk_connection_done(&connection);
}

static void ports_may_be_strings(void **state)
{
    struct lk_connection connection;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_ok(lk_connection_read(LK_STR("{\"shell_port\":\"1\"," OTHER_PORTS ",\"key\":\"k\"}"),
                                    &connection, &err),
                 &err);
    assert_int_equal(connection.ports[LK_SHELL], 1);
    assert_int_equal(connection.ports[LK_HEARTBEAT], 51005);
    lk_connection_done(&connection);
}

static void the_last_port_is_a_port(void **state)
{
    struct lk_connection connection;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_ok(
        lk_connection_read(LK_STR("{\"shell_port\":65535," OTHER_PORTS "}"), &connection, &err),
        &err);
    assert_address(&connection, LK_SHELL, "tcp://127.0.0.1:65535");
    lk_connection_done(&connection);
}

static void hosts_are_written_as_libzmq_takes_them(void **state)
{
    static const struct {
        const char *ip, *want;
    } cases[] = {
        {"localhost", "tcp://127.0.0.1:51004"},
        {"::1", "tcp://[::1]:51004"},
        {"[::1]", "tcp://[::1]:51004"},
        {"0.0.0.0", "tcp://0.0.0.0:51004"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
        struct lk_connection connection;
        struct lk_error err = LK_ERROR_INIT;
        lk_buf_printf(&text, "{" PORTS ",\"ip\":\"%s\"}", cases[i].ip);
        assert_lk_ok(lk_connection_read(lk_buf_view(&text), &connection, &err), &err);
        assert_address(&connection, LK_CONTROL, cases[i].want);
        lk_connection_done(&connection);
    }
}

static void ipc_addresses_end_in_the_port(void **state)
{
    struct lk_connection connection;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_ok(lk_connection_read(LK_STR("{" PORTS ",\"transport\":\"ipc\",\"ip\":\"/tmp/k-ipc\","
                                           "\"key\":\"k\"}"),
                                    &connection, &err),
                 &err);
    assert_true(connection.ipc);
    assert_address(&connection, LK_CONTROL, "ipc:///tmp/k-ipc-51004");
    lk_connection_done(&connection);
}

static void without_a_key_messages_are_not_signed(void **state)
{
    static const char *const texts[] = {"{" PORTS "}", "{" PORTS ",\"key\":\"\"}",
                                        "{" PORTS ",\"key\":\"\",\"signature_scheme\":\"\"}"};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(texts); i++) {
        struct lk_connection connection;
        struct lk_error err = LK_ERROR_INIT;
        assert_lk_ok(lk_connection_read(lk_str_from(texts[i]), &connection, &err), &err);
        assert_true(lk_secret_is_empty(&connection.key));
        lk_connection_done(&connection);
    }
}

struct bad {
    const char *text;
    enum lk_status status;
    const char *says;
};

static const struct bad bad_files[] = {
    {"", LK_PROTOCOL, "connection file"},
    {"{" PORTS, LK_PROTOCOL, "connection file"},
    {"{" PORTS "} trailing", LK_PROTOCOL, "connection file"},
    {"[1,2,3]", LK_PROTOCOL, "connection file"},
    {"{\"shell_port\":\"\xff\"}", LK_PROTOCOL, "connection file"},
    {"{" PORTS ",\"key\":17}", LK_PROTOCOL, "key"},
    {"{" OTHER_PORTS "}", LK_INVALID, "shell_port"},
    {"{\"shell_port\":0," OTHER_PORTS "}", LK_INVALID, "shell_port"},
    {"{\"shell_port\":-1," OTHER_PORTS "}", LK_INVALID, "shell_port"},
    {"{\"shell_port\":65536," OTHER_PORTS "}", LK_INVALID, "shell_port"},
    {"{\"shell_port\":4294967297," OTHER_PORTS "}", LK_INVALID, "shell_port"},
    {"{\"shell_port\":1.5," OTHER_PORTS "}", LK_INVALID, "shell_port"},
    {"{\"shell_port\":true," OTHER_PORTS "}", LK_INVALID, "shell_port"},
    {"{\"shell_port\":[51001]," OTHER_PORTS "}", LK_INVALID, "shell_port"},
    {"{\"shell_port\":\"\"," OTHER_PORTS "}", LK_INVALID, "shell_port"},
    {"{\"shell_port\":\"51001x\"," OTHER_PORTS "}", LK_INVALID, "shell_port"},
    {"{\"shell_port\":\"65536\"," OTHER_PORTS "}", LK_INVALID, "shell_port"},
    {"{\"shell_port\":\"99999999999999999999\"," OTHER_PORTS "}", LK_INVALID, "shell_port"},
    {"{\"shell_port\":1,\"iopub_port\":2,\"stdin_port\":3,\"control_port\":4}", LK_INVALID,
     "hb_port"},
    {"{" PORTS ",\"signature_scheme\":\"hmac-md5\"}", LK_UNSUPPORTED, "hmac-md5"},
    {"{" PORTS ",\"transport\":\"inproc\"}", LK_UNSUPPORTED, "inproc"},
    {"{\"registration_port\":4711,\"ip\":\"127.0.0.1\",\"key\":\"" KEY "\"}", LK_UNSUPPORTED,
     "JEP 66"},
};

static void refuses_files_that_lead_nowhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < LK_COUNT(bad_files); i++) {
        const struct bad *bad = &bad_files[i];
        struct lk_connection connection;
        struct lk_error err = LK_ERROR_INIT;
        assert_lk_status(bad->status, lk_connection_read(lk_str_from(bad->text), &connection, &err),
                         &err);
        assert_contains(err.message, bad->says);
        assert_lacks(err.message, KEY);
        lk_connection_done(&connection);
    }
}

static void refuses_an_ip_that_does_not_fit(void **state)
{
    char text[1024];
    struct lk_connection connection;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    snprintf(text, sizeof text, "{" PORTS ",\"ip\":\"%0300d\"}", 1);
    assert_lk_status(LK_INVALID, lk_connection_read(lk_str_from(text), &connection, &err), &err);
    assert_contains(err.message, "ip");
    lk_connection_done(&connection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_jupyter_writes),
        cmocka_unit_test(ports_may_be_strings),
        cmocka_unit_test(the_last_port_is_a_port),
        cmocka_unit_test(hosts_are_written_as_libzmq_takes_them),
        cmocka_unit_test(ipc_addresses_end_in_the_port),
        cmocka_unit_test(without_a_key_messages_are_not_signed),
        cmocka_unit_test(refuses_files_that_lead_nowhere),
        cmocka_unit_test(refuses_an_ip_that_does_not_fit),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
