/* What handlers read of a request and put into a reply; no sockets here. */
#include "local/server.h"

#include "base/encoding.h"
#include "base/file.h"
#include "base/json.h"

struct lk_str local_request_header(const struct local_request *request, const char *name)
{
    return request->find_header ? request->find_header(request->transport, name) : LK_STR_EMPTY;
}

bool local_request_is_own_user(const struct local_request *request)
{
    return !request->is_own_user || request->is_own_user(request->transport);
}

void local_request_hang_up(const struct local_request *request)
{
    if (request->hang_up)
        request->hang_up(request->transport);
}

bool local_request_query(const struct local_request *request, const char *name, struct lk_buf *ret)
{
    return lk_form_get(request->query, lk_str_from(name), ret);
}

void local_reply_init(struct local_reply *reply)
{
    *reply = (struct local_reply){
        .status = 500, .cut_at = LOCAL_NO_CUT, .body = LK_BUF_INIT(64 << 20), .file_fd = -1};
}

void local_reply_done(struct local_reply *reply)
{
    lk_json_unref(&reply->headers);
    lk_buf_done(&reply->body);
    lk_fd_close(&reply->file_fd);
}

void local_reply_header(struct local_reply *reply, const char *name, const char *value)
{
    if (!reply->headers)
        reply->headers = json_object();
    json_object_set_new(reply->headers, name, json_string(value));
}

void local_reply_json_take(struct local_reply *reply, int status, json_t *json)
{
    reply->status = status;
    local_reply_header(reply, "Content-Type", "application/json; charset=utf-8");
    lk_buf_clear(&reply->body);
    lk_json_write(json, false, &reply->body);
    json_decref(json);
}

void local_reply_text(struct local_reply *reply, int status, const char *type, struct lk_str text)
{
    reply->status = status;
    local_reply_header(reply, "Content-Type", type);
    lk_buf_clear(&reply->body);
    lk_buf_put(&reply->body, text);
}
