/* What router and executor say to each other over their inproc PAIR, as frames, the first frame a
 * tag; and the executor's way out, the outbox. */
#ifndef LK_SESSION_EXCHANGE_H
#define LK_SESSION_EXCHANGE_H

#include "session/outbox.h"

#define LK_EXCHANGE_ADDRESS "inproc://livy-kernel-executor"

/* router → executor */
#define LK_TAG_REQUEST LK_STR("request") /* + the request's frames as they came */
#define LK_TAG_ABORT   LK_STR("abort")   /* + an execute_request's frames: answer, do not run */
#define LK_TAG_INPUT   LK_STR("input")   /* + an input_reply's frames */
#define LK_TAG_NOBODY  LK_STR("nobody")  /* the client that was to be asked has no input channel */
#define LK_TAG_MARKED  LK_STR("marked")  /* "failed" has been seen to */
#define LK_TAG_QUIT    LK_STR("quit")
/* executor → router: + identities, delimiter, header, parent_header, metadata, content */
#define LK_TAG_STDIN LK_STR("stdin")
/* executor → router: nobody waits for an answer any more */
#define LK_TAG_ANSWERED LK_STR("answered")
/* executor → router: somebody has subscribed to iopub */
#define LK_TAG_LOOK LK_STR("look")
/* executor → router, before the reply of a failed cell: what waits now is to be aborted. The reply
 * waits for "marked", so that what a client sends once it knows of the failure is run. */
#define LK_TAG_FAILED LK_STR("failed")
/* executor → router: the request is finished; its reply and "idle" are out */
#define LK_TAG_DONE LK_STR("done")

/* One end with what is needed to write messages; one thread. */
struct lk_exchange {
    struct lk_socket *pair;
    struct lk_outbox *outbox; /* borrowed */
};

/* Frames of at most LK_FRAMES_MAX behind a tag. */
void lk_exchange_forward(struct lk_exchange *exchange, struct lk_str tag,
                         const struct lk_str *frames, size_t count);
/* Encodes a question and hands it to the router, the only thread at stdin. */
void lk_exchange_ask(struct lk_exchange *exchange, const struct lk_outgoing *outgoing);
/* On iopub with the type as topic. */
void lk_exchange_publish(struct lk_exchange *exchange, const char *type,
                         const struct lk_message *parent, const json_t *content);
/* "busy", for a request that begins. */
void lk_exchange_begin(struct lk_exchange *exchange, const struct lk_message *request);
/* Has the cells that wait behind a failed one marked; returns when they are. */
void lk_exchange_fail(struct lk_exchange *exchange);
/* The reply to request ("x_reply" to "x_request"; content is taken, NULL: none), "idle", and the
 * word to the router. */
void lk_exchange_finish_take(struct lk_exchange *exchange, const struct lk_message *request,
                             json_t *content);

#endif
