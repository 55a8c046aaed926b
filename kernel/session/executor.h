/* The executor: the thread that runs cells, one request at a time, and owns the context
 * of the magics. Requests come from the router over the PAIR; outputs and replies go out through
 * the outbox. */
#ifndef LK_SESSION_EXECUTOR_H
#define LK_SESSION_EXECUTOR_H

#include "magic/context.h"
#include "session/exchange.h"

struct lk_executor_options {
    struct lk_zmq *zmq;                       /* borrowed */
    struct lk_outbox *outbox;                 /* borrowed */
    struct lk_cancel *cancel;                 /* set and cleared by the router */
    const struct lk_context_options *context; /* borrowed */
    bool behind_server;                       /* as in lk_jupyter_cell */
};

/* The thread's whole life: connects the PAIR, serves until "quit". */
void lk_executor_run(const struct lk_executor_options *options);

#endif
