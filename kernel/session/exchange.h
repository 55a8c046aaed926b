/* What router and executor say to each other over their inproc PAIR, as frames, the first frame a
 * tag; and the executor's way out, the outbox. Requests do not come this way (session/shell). */
#ifndef LK_SESSION_EXCHANGE_H
#define LK_SESSION_EXCHANGE_H

#include "session/outbox.h"

#define LK_EXCHANGE_ADDRESS "inproc://livy-kernel-executor"

/* executor → router, once: the first request has come, and waits */
#define LK_TAG_ASKED LK_STR("asked")
/* router → executor: somebody listens on iopub, or has been waited for long enough */
#define LK_TAG_OPEN LK_STR("open")
/* executor → router: a question; + identities, delimiter, header, parent_header, metadata, content
 */
#define LK_TAG_STDIN LK_STR("stdin")
/* router → executor */
#define LK_TAG_INPUT  LK_STR("input")  /* + an input_reply's frames */
#define LK_TAG_NOBODY LK_STR("nobody") /* the client that was to be asked has no input channel */
/* executor → router: nobody waits for an answer any more */
#define LK_TAG_ANSWERED LK_STR("answered")
/* either way: a call of ours on a shared socket may have hidden from you that something has come: a
 * subscriber to iopub, a request on shell */
#define LK_TAG_LOOK LK_STR("look")
/* router → executor: the shell channel is closed; wakes whoever waits for it */
#define LK_TAG_QUIT LK_STR("quit")
/* executor → router, its last word: it was told to quit, or has answered a shutdown_request */
#define LK_TAG_LEFT LK_STR("left")

/* One end with what is needed to write messages; one thread. */
struct lk_exchange {
    struct lk_socket *pair;
    struct lk_outbox *outbox; /* borrowed */
    int64_t looked_ms;        /* monotonic: for subscribers */
};

/* Frames of at most LK_FRAMES_MAX behind a tag. */
void lk_exchange_forward(struct lk_exchange *exchange, struct lk_str tag,
                         const struct lk_str *frames, size_t count);
/* Encodes a question and hands it to the router, the only thread at stdin. */
void lk_exchange_ask(struct lk_exchange *exchange, const struct lk_outgoing *outgoing);
/* On iopub with the type as topic; a call of ours may have hidden a subscriber from the router, so
 * it looks for one, too. */
void lk_exchange_publish(struct lk_exchange *exchange, const char *type,
                         const struct lk_message *parent, const json_t *content);
/* Has the router told of subscribers that calls of ours have hidden from it. */
void lk_exchange_look(struct lk_exchange *exchange);

#endif
