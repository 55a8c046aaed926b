/* A Jupyter client that takes as little time as it can: three ZeroMQ sockets without high-water
 * marks, signatures made and checked, and of each message only what tells whose answer it is. One
 * thread. */
#ifndef LK_BENCH_CLIENT_H
#define LK_BENCH_CLIENT_H

#include "bench/peer.h"

struct client;

struct client_message {
    enum lk_channel channel;
    struct lk_str type;
    long parent; /* number of the request it answers; -1: none of ours */
    struct lk_str content;
    int64_t received_ns; /* monotonic, before its signature is checked */
};

/* zmq: the context, shared by all clients. */
LK_MUST_USE struct client *client_new(void *zmq);
void client_free(struct client *client);
void client_connect(struct client *client, const struct peer *peer);

/* Sends a request and returns its number. */
long client_send(struct client *client, enum lk_channel channel, const char *type,
                 struct lk_str content);
/* The next message of any channel; its texts are good until the next call. False: none within
 * timeout_ms, or one with a wrong signature, which is told on stderr. */
LK_MUST_USE bool client_receive(struct client *client, int timeout_ms, struct client_message *ret);
/* "busy", "idle"; empty when it is no status. */
struct lk_str client_state(const struct client_message *message);

int64_t client_now_ns(void);

#endif
