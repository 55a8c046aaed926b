/* What router and executor say to each other over their inproc PAIR: whole messages as
 * frames, the first frame a tag. The router signs; the executor never sees the key. */
#ifndef LK_SESSION_EXCHANGE_H
#define LK_SESSION_EXCHANGE_H

#include "base/clock.h"
#include "wire/message.h"
#include "wire/socket.h"

#define LK_EXCHANGE_ADDRESS "inproc://livy-kernel-executor"

/* router → executor */
#define LK_TAG_REQUEST LK_STR("request") /* + the request's frames as they came */
#define LK_TAG_ABORT   LK_STR("abort")   /* + an execute_request's frames: answer, do not run */
#define LK_TAG_INPUT   LK_STR("input")   /* + an input_reply's frames */
#define LK_TAG_QUIT    LK_STR("quit")
/* router → executor: the client that was to be asked has no input channel */
#define LK_TAG_NOBODY LK_STR("nobody")
/* executor → router: + identities, delimiter, header, parent_header, metadata, content */
#define LK_TAG_IOPUB LK_STR("iopub")
#define LK_TAG_STDIN LK_STR("stdin")
/* executor → router: the request is finished; + the reply, in the same frames, when it has one */
#define LK_TAG_DONE LK_STR("done")
/* executor → router, before the reply of a failed cell: what waits now is to be aborted. Said
 * before, so that what a client sends once it knows of the failure is run. */
#define LK_TAG_FAILED LK_STR("failed")

/* One end with what is needed to write messages; one thread. */
struct lk_exchange {
    struct lk_socket *pair;
    const char *session; /* our one session id */
    struct lk_clock *clock;
};

/* Frames of at most LK_FRAMES_MAX behind a tag. */
void lk_exchange_forward(struct lk_exchange *exchange, struct lk_str tag,
                         const struct lk_str *frames, size_t count);
/* Encodes and hands a message to the router. */
void lk_exchange_send(struct lk_exchange *exchange, struct lk_str tag,
                      const struct lk_outgoing *outgoing);
/* On iopub with the type as topic. */
void lk_exchange_publish(struct lk_exchange *exchange, const char *type,
                         const struct lk_message *parent, const json_t *content);
/* The reply to request, "x_reply" to "x_request"; finishes it. content is taken. */
void lk_exchange_reply_take(struct lk_exchange *exchange, const struct lk_message *request,
                            json_t *content);
/* "x_request" → "x_reply"; text without "_request" is kept. */
void lk_reply_type(struct lk_str request_type, char ret[64]);

#endif
