/* The router: the thread that control, stdin and the subscriptions to iopub come to. It answers
 * control at once, interrupts what runs, notices signals and the parent's death. It never runs a
 * cell and never blocks on one: requests on shell are the executor's, except that the router looks
 * there once a second while a cell runs, for what must not wait. Shell and iopub are the sockets
 * that the two threads share. */
#ifndef LK_SESSION_ROUTER_H
#define LK_SESSION_ROUTER_H

#include "base/cancel.h"
#include "base/clock.h"
#include "session/outbox.h"
#include "session/shell.h"
#include "wire/connection_file.h"
#include "wire/socket.h"

struct lk_router;

struct lk_router_options {
    struct lk_zmq *zmq;                     /* borrowed */
    const struct lk_connection *connection; /* borrowed */
    const char *session;                    /* borrowed; the one session id */
    struct lk_cancel *cancel;  /* borrowed; set while the running request is interrupted */
    struct lk_clock *clock;    /* borrowed */
    int signal_fd;             /* readable when a signal came; owned by the caller */
    bool (*terminated)(void);  /* SIGTERM or the parent's death: leave at once */
    bool (*interrupted)(void); /* as in struct lk_shell_options, and so is */
    void (*forget_interrupts)(void);
};

/* Binds everything. Afterwards the executor may start. */
LK_MUST_USE enum lk_status lk_router_new(const struct lk_router_options *options,
                                         struct lk_router **ret, struct lk_error *err);
/* The executor's way out and in; borrowed, as long as the router lives. */
struct lk_outbox *lk_router_outbox(struct lk_router *router);
struct lk_shell *lk_router_shell(struct lk_router *router);
/* The executor's end of the PAIR: both stay open until neither thread sends any more. */
struct lk_socket *lk_router_executor_pair(struct lk_router *router);

enum lk_router_end {
    LK_ROUTER_QUIT,   /* shutdown_request: the executor has said its last word */
    LK_ROUTER_LEFT,   /* terminated, or shut down with the executor still in a cell */
    LK_ROUTER_FAILED, /* the sockets cannot be waited for any more; the log says why */
};
/* Runs until a shutdown_request or termination. */
enum lk_router_end lk_router_run(struct lk_router *router);
void lk_router_free(struct lk_router *router);

#endif
