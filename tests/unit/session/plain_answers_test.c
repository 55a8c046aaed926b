#include "session/plain_answers.h"

#include "support/assert.h"

static const struct lk_connection connection = {.ports = {11, 12, 13, 14, 15}};

static json_t *answer(const char *type, const char *content)
{
    LK_CLEANUP(lk_message_done) struct lk_message request = LK_MESSAGE_INIT;

    request.header = json_pack("{s:s}", "msg_type", type);
    request.type = lk_json_get_str(request.header, "msg_type");
    assert_lk_ok(lk_json_parse(lk_str_from(content), "test", &request.content, NULL), NULL);
    return lk_plain_answer(&request, &connection);
}

static void answers_what_needs_no_executor(void **state)
{
    static const struct {
        const char *type, *content, *want;
    } cases[] = {
        {"connect_request", "{}",
         "{\"status\":\"ok\",\"shell_port\":11,\"iopub_port\":12,\"stdin_port\":13,"
         "\"control_port\":14,\"hb_port\":15}"},
        {"comm_info_request", "{\"target_name\":\"x\"}", "{\"status\":\"ok\",\"comms\":{}}"},
        {"debug_request", "{\"type\":\"request\",\"seq\":7,\"command\":\"initialize\"}",
         "{\"type\":\"response\",\"request_seq\":7,\"command\":\"initialize\",\"success\":false,"
         "\"message\":\"livy-kernel has no debugger\"}"},
        {"shutdown_request", "{\"restart\":true}", "{\"status\":\"ok\",\"restart\":true}"},
        {"shutdown_request", "{}", "{\"status\":\"ok\",\"restart\":false}"},
        {"debug_request", "{}",
         "{\"type\":\"response\",\"request_seq\":null,\"command\":null,\"success\":false,"
         "\"message\":\"livy-kernel has no debugger\"}"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_json_unref) json_t *got = answer(cases[i].type, cases[i].content);
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
        assert_non_null(got);
        lk_json_write(got, false, &text);
        assert_string_equal(lk_buf_cstr(&text), cases[i].want);
    }
}

static void kernel_info_is_among_them_and_cells_are_not(void **state)
{
    LK_CLEANUP(lk_json_unref) json_t *info = answer("kernel_info_request", "{}");

    (void)state;
    assert_str(lk_json_get_str(info, "implementation"), "livy-kernel");
    assert_null(answer("execute_request", "{}"));
    assert_null(answer("create_subshell_request", "{}"));
    assert_null(answer("", "{}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_what_needs_no_executor),
        cmocka_unit_test(kernel_info_is_among_them_and_cells_are_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
