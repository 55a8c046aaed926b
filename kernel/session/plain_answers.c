#include "session/plain_answers.h"

#include "session/kernel_info.h"

static json_t *connect_content(const struct lk_connection *connection)
{
    return json_pack("{s:s, s:i, s:i, s:i, s:i, s:i}", "status", "ok", "shell_port",
                     connection->ports[LK_SHELL], "iopub_port", connection->ports[LK_IOPUB],
                     "stdin_port", connection->ports[LK_STDIN], "control_port",
                     connection->ports[LK_CONTROL], "hb_port", connection->ports[LK_HEARTBEAT]);
}

/* What a debug_request carries is the Debug Adapter Protocol, and so is its refusal. Nobody should
 * ask, since kernel_info says "debugger": false; who asks all the same must not wait for ever. */
static json_t *no_debugger(const json_t *request)
{
    return json_pack("{s:s, s:O?, s:O?, s:b, s:s}", "type", "response", "request_seq",
                     json_object_get(request, "seq"), "command",
                     json_object_get(request, "command"), "success", 0, "message",
                     "livy-kernel has no debugger");
}

static json_t *goodbye(const json_t *request)
{
    return json_pack("{s:s, s:b}", "status", "ok", "restart",
                     json_is_true(json_object_get(request, "restart")));
}

json_t *lk_plain_answer(const struct lk_message *request, const struct lk_connection *connection)
{
    struct lk_str type = request->type;

    if (lk_str_eq(type, LK_STR("kernel_info_request")))
        return lk_kernel_info();
    if (lk_str_eq(type, LK_STR("connect_request")))
        return connect_content(connection);
    if (lk_str_eq(type, LK_STR("comm_info_request")))
        return json_pack("{s:s, s:{}}", "status", "ok", "comms");
    if (lk_str_eq(type, LK_STR("debug_request")))
        return no_debugger(request->content);
    if (lk_str_eq(type, LK_STR("shutdown_request")))
        return goodbye(request->content);
    return NULL;
}
