#include "bench/client.h"

#include "base/secret.h"
#include "bench/raw_json.h"
#include "wire/signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { PARTS_MAX = 16, SOCKETS = 3 };

static const enum lk_channel channels[SOCKETS] = {LK_IOPUB, LK_SHELL, LK_CONTROL};

struct client {
    void *sockets[SOCKETS];
    zmq_msg_t parts[PARTS_MAX]; /* of the last message received */
    size_t count;
    struct lk_secret key;
    char session[32];
    long sent;
};

int64_t client_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void set_int(void *socket, int option, int value)
{
    zmq_setsockopt(socket, option, &value, sizeof value);
}

struct client *client_new(void *zmq)
{
    static int clients;
    struct client *client = lk_alloc(sizeof *client);

    snprintf(client->session, sizeof client->session, "bench-%d-%d", (int)getpid(), clients++);
    lk_secret_set(&client->key, LK_STR(PEER_KEY));
    for (int i = 0; i < SOCKETS; i++) {
        void *socket = zmq_socket(zmq, channels[i] == LK_IOPUB ? ZMQ_SUB : ZMQ_DEALER);
        set_int(socket, ZMQ_LINGER, 0);
        set_int(socket, ZMQ_SNDHWM, 0);
        set_int(socket, ZMQ_RCVHWM, 0);
        set_int(socket, ZMQ_RECONNECT_IVL, 1);
        if (channels[i] == LK_IOPUB)
            zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0);
        else
            zmq_setsockopt(socket, ZMQ_ROUTING_ID, client->session, strlen(client->session));
        client->sockets[i] = socket;
    }
    return client;
}

static void drop_parts(struct client *client)
{
    for (size_t i = 0; i < client->count; i++)
        zmq_msg_close(&client->parts[i]);
    client->count = 0;
}

void client_free(struct client *client)
{
    if (!client)
        return;
    drop_parts(client);
    for (int i = 0; i < SOCKETS; i++)
        zmq_close(client->sockets[i]);
    lk_secret_done(&client->key);
    free(client);
}

void client_connect(struct client *client, const struct peer *peer)
{
    for (int i = 0; i < SOCKETS; i++) {
        char address[64];
        snprintf(address, sizeof address, "tcp://127.0.0.1:%u", peer->ports[channels[i]]);
        zmq_connect(client->sockets[i], address);
    }
}

long client_send(struct client *client, enum lk_channel channel, const char *type,
                 struct lk_str content)
{
    void *socket = client->sockets[channel == LK_CONTROL ? 2 : 1];
    char header[512], signature[LK_SIGNATURE_HEX + 1];
    int len = snprintf(header, sizeof header,
                       "{\"msg_id\":\"%s_%ld\",\"session\":\"%s\",\"username\":\"bench\","
                       "\"date\":\"2026-11-25T12:00:00.000Z\",\"msg_type\":\"%s\","
                       "\"version\":\"5.4\"}",
                       client->session, client->sent, client->session, type);
    struct lk_str dicts[4] = {{header, (size_t)len}, LK_STR("{}"), LK_STR("{}"), content};

    lk_signature_make(&client->key, dicts, signature);
    zmq_send(socket, "<IDS|MSG>", 9, ZMQ_SNDMORE);
    zmq_send(socket, signature, LK_SIGNATURE_HEX, ZMQ_SNDMORE);
    for (int i = 0; i < 4; i++)
        zmq_send(socket, dicts[i].ptr, dicts[i].len, i < 3 ? ZMQ_SNDMORE : 0);
    return client->sent++;
}

/* Whole messages only; false: nothing there. */
static bool receive_parts(struct client *client, void *socket, struct lk_str views[PARTS_MAX])
{
    int more = 1;

    drop_parts(client);
    while (more && client->count < PARTS_MAX) {
        zmq_msg_t *part = &client->parts[client->count];
        zmq_msg_init(part);
        if (zmq_msg_recv(part, socket, ZMQ_DONTWAIT) < 0)
            return false;
        views[client->count++] = (struct lk_str){zmq_msg_data(part), zmq_msg_size(part)};
        more = zmq_msg_more(part);
    }
    return true;
}

/* "bench-PID-N_7" is request 7. */
static long read_parent(const struct client *client, struct lk_str parent_header)
{
    struct lk_str id = raw_json_str(parent_header, LK_STR("\"msg_id\""));
    size_t session = strlen(client->session);

    if (id.len <= session + 1 || memcmp(id.ptr, client->session, session) != 0)
        return -1;
    return atol(id.ptr + session + 1);
}

static bool read_message(struct client *client, const struct lk_str *views,
                         struct client_message *ret)
{
    size_t at = 0;

    while (at < client->count && !lk_str_eq(views[at], LK_STR("<IDS|MSG>")))
        at++;
    if (at + 6 > client->count ||
        !lk_signature_check(&client->key, views + at + 2, views[at + 1])) {
        fprintf(stderr, "kernel_bench: a message that is broken or wrongly signed\n");
        return false;
    }
    ret->type = raw_json_str(views[at + 2], LK_STR("\"msg_type\""));
    ret->parent = read_parent(client, views[at + 3]);
    ret->content = views[at + 5];
    return true;
}

static bool receive_waiting(struct client *client, struct client_message *ret, bool *good)
{
    struct lk_str views[PARTS_MAX];

    for (int i = 0; i < SOCKETS; i++)
        if (receive_parts(client, client->sockets[i], views)) {
            ret->received_ns = client_now_ns();
            ret->channel = channels[i];
            *good = read_message(client, views, ret);
            return true;
        }
    return false;
}

bool client_receive(struct client *client, int timeout_ms, struct client_message *ret)
{
    zmq_pollitem_t items[SOCKETS];
    bool good = false;

    if (receive_waiting(client, ret, &good))
        return good;
    for (int i = 0; i < SOCKETS; i++)
        items[i] = (zmq_pollitem_t){.socket = client->sockets[i], .events = ZMQ_POLLIN};
    if (zmq_poll(items, SOCKETS, timeout_ms) <= 0)
        return false;
    return receive_waiting(client, ret, &good) && good;
}

struct lk_str client_state(const struct client_message *message)
{
    if (!lk_str_eq(message->type, LK_STR("status")))
        return LK_STR_EMPTY;
    return raw_json_str(message->content, LK_STR("\"execution_state\""));
}
