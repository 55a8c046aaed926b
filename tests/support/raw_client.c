#include "support/raw_client.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/uuid.h"
#include "support/assert.h"
#include "wire/message.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { PATIENCE_MS = 30000, PARTS_MAX = 16 };

static void connect_socket(struct raw_client *client, enum lk_channel channel, int kind)
{
    const int linger = 0;
    char address[512];
    void *socket = zmq_socket(client->zmq, kind);

    assert_non_null(socket);
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    if (kind == ZMQ_DEALER)
        zmq_setsockopt(socket, ZMQ_ROUTING_ID, client->session, strlen(client->session));
    if (kind == ZMQ_SUB)
        zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0);
    lk_connection_address(&client->connection, channel, address);
    assert_int_equal(zmq_connect(socket, address), 0);
    client->sockets[channel] = socket;
}

struct raw_client *raw_client_new_deaf(const struct kernel_process *process)
{
    struct raw_client *client = calloc(1, sizeof *client);
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 16);
    struct lk_error err = LK_ERROR_INIT;

    assert_non_null(client);
    assert_lk_ok(lk_file_read(process->connection_file, &text, &err), &err);
    assert_lk_ok(lk_connection_read(lk_buf_view(&text), &client->connection, &err), &err);
    lk_uuid_v4(client->session);
    client->zmq = zmq_ctx_new();
    connect_socket(client, LK_SHELL, ZMQ_DEALER);
    connect_socket(client, LK_CONTROL, ZMQ_DEALER);
    connect_socket(client, LK_STDIN, ZMQ_DEALER);
    connect_socket(client, LK_HEARTBEAT, ZMQ_REQ);
    return client;
}

void raw_subscribe(struct raw_client *client)
{
    connect_socket(client, LK_IOPUB, ZMQ_SUB);
}

struct raw_client *raw_client_new(const struct kernel_process *process)
{
    struct raw_client *client = raw_client_new_deaf(process);

    raw_subscribe(client);
    return client;
}

void raw_client_free(struct raw_client *client)
{
    if (!client)
        return;
    for (int i = 0; i < LK_CHANNELS; i++)
        if (client->sockets[i])
            zmq_close(client->sockets[i]);
    zmq_ctx_term(client->zmq);
    lk_connection_done(&client->connection);
    free(client);
}

void raw_send_frames(struct raw_client *client, enum lk_channel channel,
                     const struct lk_str *frames, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(zmq_send(client->sockets[channel], frames[i].len ? frames[i].ptr : "",
                                  frames[i].len, i + 1 < count ? ZMQ_SNDMORE : 0),
                         frames[i].len);
}

void raw_send_take(struct raw_client *client, enum lk_channel channel, const char *type,
                   json_t *content_take, char msg_id[RAW_ID_SIZE])
{
    LK_CLEANUP(lk_encoded_done) struct lk_encoded encoded = LK_ENCODED_INIT;
    LK_CLEANUP(lk_json_unref) json_t *header = NULL;
    struct lk_error err = LK_ERROR_INIT;
    char signature[LK_SIGNATURE_HEX + 1];
    struct lk_str frames[6];

    lk_message_write(&(struct lk_outgoing){.type = type, .content = content_take}, client->session,
                     INT64_C(1795485000000), &encoded);
    assert_lk_ok(lk_json_parse(encoded.dicts[0], "header", &header, &err), &err);
    strcpy(msg_id, lk_json_get_str(header, "msg_id").ptr);
    frames[0] = LK_STR("<IDS|MSG>");
    memcpy(frames + 2, encoded.dicts, sizeof encoded.dicts);
    lk_signature_make(&client->connection.key, frames + 2, signature);
    frames[1] = lk_str_from(signature);
    raw_send_frames(client, channel, frames, LK_COUNT(frames));
    json_decref(content_take);
}

/* Reads all parts; returns how many. */
static size_t receive_parts(void *socket, zmq_msg_t parts[PARTS_MAX], struct lk_str *views)
{
    size_t count = 0;
    int more;

    do {
        assert_true(count < PARTS_MAX);
        zmq_msg_init(&parts[count]);
        assert_true(zmq_msg_recv(&parts[count], socket, 0) >= 0);
        views[count] = (struct lk_str){zmq_msg_data(&parts[count]), zmq_msg_size(&parts[count])};
        more = zmq_msg_more(&parts[count]);
        count++;
    } while (more);
    return count;
}

json_t *raw_receive(struct raw_client *client, enum lk_channel channel, int timeout_ms)
{
    zmq_pollitem_t item = {.socket = client->sockets[channel], .events = ZMQ_POLLIN};
    struct lk_message message = LK_MESSAGE_INIT;
    struct lk_error err = LK_ERROR_INIT;
    zmq_msg_t parts[PARTS_MAX];
    struct lk_str views[PARTS_MAX];
    json_t *ret;
    size_t count;

    if (zmq_poll(&item, 1, timeout_ms) != 1)
        return NULL;
    count = receive_parts(client->sockets[channel], parts, views);
    assert_lk_ok(lk_message_read(views, count, &client->connection.key, &message, &err), &err);
    ret = json_pack("{s:o, s:o, s:o, s:O, s:O, s:O}", "type", lk_json_text(message.type), "parent",
                    lk_json_text(lk_json_get_str(message.parent_header, "msg_id")), "topic",
                    lk_json_text(message.identity_count ? message.identities[0] : LK_STR_EMPTY),
                    "header", message.header, "parent_header", message.parent_header, "content",
                    message.content);
    assert_non_null(ret);
    lk_message_done(&message);
    for (size_t i = 0; i < count; i++)
        zmq_msg_close(&parts[i]);
    return ret;
}

json_t *raw_reply(struct raw_client *client, enum lk_channel channel, const char *type,
                  const char *msg_id)
{
    LK_CLEANUP(lk_json_unref) json_t *message = raw_receive(client, channel, PATIENCE_MS);

    if (!message)
        fail_msg("no %s within 30 s", type);
    assert_str(lk_json_get_str(message, "type"), type);
    assert_str(lk_json_get_str(message, "parent"), msg_id);
    return json_incref(json_object_get(message, "content"));
}

static bool is_idle_of(const json_t *message, const char *msg_id)
{
    return lk_str_eq(lk_json_get_str(message, "type"), LK_STR("status")) &&
           lk_str_eq(lk_json_get_str(message, "parent"), lk_str_from(msg_id)) &&
           lk_str_eq(lk_json_get_str(json_object_get(message, "content"), "execution_state"),
                     LK_STR("idle"));
}

json_t *raw_until_idle(struct raw_client *client, const char *msg_id)
{
    int64_t deadline = lk_clock_system()->monotonic_ms(lk_clock_system()) + PATIENCE_MS;
    json_t *messages = json_array();

    for (;;) {
        int64_t left = deadline - lk_clock_system()->monotonic_ms(lk_clock_system());
        json_t *message = left > 0 ? raw_receive(client, LK_IOPUB, (int)left) : NULL;
        if (!message)
            fail_msg("no idle within 30 s");
        json_array_append_new(messages, message);
        if (is_idle_of(message, msg_id))
            return messages;
    }
}

static bool has_parent(const json_t *message, const char *msg_id)
{
    return lk_str_eq(lk_json_get_str(message, "parent"), lk_str_from(msg_id));
}

void raw_story(const json_t *messages, const char *msg_id, struct lk_buf *ret)
{
    const json_t *message;
    size_t i;

    json_array_foreach((json_t *)messages, i, message)
    {
        struct lk_str word = lk_json_get_str(message, "type");
        if (!has_parent(message, msg_id))
            continue;
        if (lk_str_eq(word, LK_STR("status")))
            word = lk_json_get_str(json_object_get(message, "content"), "execution_state");
        lk_buf_printf(ret, "%s%.*s", ret->len ? " " : "", LK_STR_ARGS(word));
    }
}

const json_t *raw_find(const json_t *messages, const char *msg_id, const char *type)
{
    const json_t *message;
    size_t i;

    json_array_foreach((json_t *)messages, i, message)
    {
        if (has_parent(message, msg_id) &&
            lk_str_eq(lk_json_get_str(message, "type"), lk_str_from(type)))
            return json_object_get(message, "content");
    }
    fail_msg("no %s among the messages", type);
    return NULL;
}

void raw_start_waiting_cell(struct raw_client *client, char msg_id[RAW_ID_SIZE])
{
    static const char code[] = "%entra login --tenant 6f7a2c1e-4b0d-4c8e-9a35-0d1e2f3a4b5c "
                               "--client a1b2c3d4-0e1f-4a2b-8c3d-4e5f60718293 --browser";
    bool waits = false;

    raw_send_take(client, LK_SHELL, "execute_request", json_pack("{s:s}", "code", code), msg_id);
    while (!waits) {
        LK_CLEANUP(lk_json_unref) json_t *message = raw_receive(client, LK_IOPUB, PATIENCE_MS);
        struct lk_str type = lk_json_get_str(message, "type");
        assert_non_null(message);
        if (!has_parent(message, msg_id))
            continue;
        if (lk_str_eq(type, LK_STR("error")))
            fail_msg("%s", lk_json_get_str(json_object_get(message, "content"), "evalue").ptr);
        waits = lk_str_eq(type, LK_STR("stream")) || lk_str_eq(type, LK_STR("display_data"));
    }
}

bool raw_heartbeat(struct raw_client *client)
{
    zmq_pollitem_t item = {.socket = client->sockets[LK_HEARTBEAT], .events = ZMQ_POLLIN};
    char back[8] = "";

    zmq_send(client->sockets[LK_HEARTBEAT], "ping", 4, 0);
    return zmq_poll(&item, 1, PATIENCE_MS) == 1 &&
           zmq_recv(client->sockets[LK_HEARTBEAT], back, sizeof back, 0) == 4 &&
           memcmp(back, "ping", 4) == 0;
}
