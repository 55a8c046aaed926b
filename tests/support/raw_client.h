/* A Jupyter client without Jupyter: five ZeroMQ sockets, every message signed and every signature
 * verified. Whatever does not come within 30 s fails the test. One thread.
 *
 * A received message is a JSON object:
 *   {"type", "parent": msg_id of the parent or "", "topic": first identity (iopub only),
 *    "header", "parent_header", "content"} */
#ifndef LK_TEST_RAW_CLIENT_H
#define LK_TEST_RAW_CLIENT_H

#include "base/json.h"
#include "base/secret.h"
#include "support/kernel_process.h"
#include "wire/connection_file.h"

enum { RAW_ID_SIZE = 40 };

struct raw_client {
    void *zmq;
    void *sockets[LK_CHANNELS];
    struct lk_connection connection;
    char session[RAW_ID_SIZE];
};

LK_MUST_USE struct raw_client *raw_client_new(const struct kernel_process *process);
/* One that has not connected to iopub yet. */
LK_MUST_USE struct raw_client *raw_client_new_deaf(const struct kernel_process *process);
void raw_subscribe(struct raw_client *client);
void raw_client_free(struct raw_client *client);

/* Sends a request; content is taken (NULL: {}). The answer's parent is in msg_id. */
void raw_send_take(struct raw_client *client, enum lk_channel channel, const char *type,
                   json_t *content_take, char msg_id[RAW_ID_SIZE]);
/* Sends frames as they are. */
void raw_send_frames(struct raw_client *client, enum lk_channel channel,
                     const struct lk_str *frames, size_t count);
/* The next message, new; NULL when none comes within timeout_ms. */
LK_MUST_USE json_t *raw_receive(struct raw_client *client, enum lk_channel channel, int timeout_ms);
/* The next message, which must be the answer to msg_id and of that type; its content, new. */
LK_MUST_USE json_t *raw_reply(struct raw_client *client, enum lk_channel channel, const char *type,
                              const char *msg_id);
/* All iopub messages up to and with the idle of msg_id, as an array, new. */
LK_MUST_USE json_t *raw_until_idle(struct raw_client *client, const char *msg_id);
/* What msg_id led to, in order and in words: the types of its messages, states for statuses
 * ("busy execute_input error idle"). */
void raw_story(const json_t *messages, const char *msg_id, struct lk_buf *ret);
/* The content of the first message of that type with that parent; fails the test without one.
 * Borrowed. */
const json_t *raw_find(const json_t *messages, const char *msg_id, const char *type);
/* Runs a cell that waits for a browser, which will not come, and needs no network; returns once it
 * waits. Its messages up to then are dropped. */
void raw_start_waiting_cell(struct raw_client *client, char msg_id[RAW_ID_SIZE]);
/* True when the heartbeat comes back. */
bool raw_heartbeat(struct raw_client *client);

#endif
