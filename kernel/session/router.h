/* The router: the thread that all messages of clients reach first, heartbeats excepted. It verifies
 * and queues requests, hands them to the executor one by one, and answers control at once. It never
 * runs a cell and never blocks on one. Shell and iopub it shares with the executor, which sends its
 * outputs and replies itself: another hop between threads would cost a third of a small cell's
 * round trip. */
#ifndef LK_SESSION_ROUTER_H
#define LK_SESSION_ROUTER_H

#include "base/cancel.h"
#include "base/clock.h"
#include "session/outbox.h"
#include "wire/connection_file.h"
#include "wire/socket.h"

struct lk_router;

struct lk_router_options {
    struct lk_zmq *zmq;                     /* borrowed */
    const struct lk_connection *connection; /* borrowed */
    const char *session;                    /* borrowed; the one session id */
    struct lk_cancel *cancel;               /* borrowed; set on interrupt while a request runs */
    struct lk_clock *clock;                 /* borrowed */
    int signal_fd;                          /* readable when a signal came; owned by the caller */
    bool (*terminated)(void);               /* SIGTERM or the parent's death: leave at once */
    bool (*interrupted)(void);              /* SIGINT since the last call */
};

/* Binds everything. Afterwards the executor may connect. */
LK_MUST_USE enum lk_status lk_router_new(const struct lk_router_options *options,
                                         struct lk_router **ret, struct lk_error *err);
/* The executor's way out; borrowed, as long as the router lives. */
struct lk_outbox *lk_router_outbox(struct lk_router *router);

enum lk_router_end {
    LK_ROUTER_QUIT,   /* shutdown_request: the executor is idle and has been told to quit */
    LK_ROUTER_LEFT,   /* terminated, or shut down with the executor still in a cell */
    LK_ROUTER_FAILED, /* the sockets cannot be waited for any more; the log says why */
};
/* Runs until a shutdown_request or termination. */
enum lk_router_end lk_router_run(struct lk_router *router);
void lk_router_free(struct lk_router *router);

#endif
