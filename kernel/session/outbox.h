/* How messages leave the process, signed. Router and executor both send through it: each message
 * is one call on its socket, and those two sockets are shared. Any thread. */
#ifndef LK_SESSION_OUTBOX_H
#define LK_SESSION_OUTBOX_H

#include "base/clock.h"
#include "wire/message.h"
#include "wire/socket.h"

struct lk_outbox {
    const struct lk_secret *key; /* borrowed */
    const char *session;         /* our one session id; borrowed */
    struct lk_clock *clock;      /* borrowed */
    struct lk_socket *shell;     /* shared; borrowed */
    struct lk_socket *iopub;     /* shared; borrowed */
};

/* On iopub with topic as its only identity; parent may be NULL. */
void lk_outbox_publish(struct lk_outbox *outbox, struct lk_str topic, const char *type,
                       const struct lk_message *parent, const json_t *content);
enum lk_state { LK_STARTING, LK_BUSY, LK_IDLE };
/* parent may be NULL. */
void lk_outbox_status(struct lk_outbox *outbox, const struct lk_message *parent,
                      enum lk_state state);
/* The reply to request on the channel it came by. content is taken. */
void lk_outbox_reply_take(struct lk_outbox *outbox, struct lk_socket *socket,
                          const struct lk_message *request, json_t *content);
/* All there is to say to a request that takes no time: busy, the reply (content is taken; NULL:
 * none), idle. That to a shutdown_request is published as well, as other kernels do. */
void lk_outbox_answer_take(struct lk_outbox *outbox, struct lk_socket *socket,
                           const struct lk_message *request, json_t *content);
/* "x_request" → "x_reply"; text without "_request" is kept. */
void lk_reply_type(struct lk_str request_type, char ret[64]);
/* What the executor wrote: identities, delimiter, four dicts. False when socket is an ASKER whose
 * peer is not there. */
bool lk_outbox_relay(struct lk_outbox *outbox, struct lk_socket *socket,
                     const struct lk_str *frames, size_t count);

#endif
