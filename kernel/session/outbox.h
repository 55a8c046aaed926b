/* How messages leave the process: the key's side of session/. The router signs here what it says
 * itself and what the executor has written. Router thread. */
#ifndef LK_SESSION_OUTBOX_H
#define LK_SESSION_OUTBOX_H

#include "base/clock.h"
#include "wire/message.h"
#include "wire/socket.h"

struct lk_outbox {
    const struct lk_secret *key; /* borrowed */
    const char *session;         /* our one session id; borrowed */
    struct lk_clock *clock;      /* borrowed */
    struct lk_socket *iopub;     /* borrowed */
};

/* On iopub with topic as its only identity; parent may be NULL. content is taken. */
void lk_outbox_publish_take(struct lk_outbox *outbox, struct lk_str topic, const char *type,
                            const struct lk_message *parent, json_t *content);
enum lk_state { LK_STARTING, LK_BUSY, LK_IDLE };
/* parent may be NULL. */
void lk_outbox_status(struct lk_outbox *outbox, const struct lk_message *parent,
                      enum lk_state state);
/* The reply to request on the channel it came by. content is taken. */
void lk_outbox_reply_take(struct lk_outbox *outbox, struct lk_socket *socket,
                          const struct lk_message *request, json_t *content);
/* What the executor wrote: identities, delimiter, four dicts. False when socket is an ASKER whose
 * peer is not there. */
bool lk_outbox_relay(struct lk_outbox *outbox, struct lk_socket *socket,
                     const struct lk_str *frames, size_t count);

#endif
