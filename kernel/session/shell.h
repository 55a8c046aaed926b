/* The shell channel, where executor and router meet. The executor takes the requests one by one,
 * straight from the socket: one more thread on their way would cost a third of a small cell's round
 * trip. The router interrupts the one that runs. While it runs the executor does not read, so the
 * router looks in now and then for what must not wait.
 *
 * One mutex guards which request runs, what waits, and the reading. That makes interrupts exact:
 * whatever comes between two calls of lk_shell_take() is for the request that the first one gave,
 * or for none. What is not read waits in the sockets, where it slows its sender down and nobody
 * else. */
#ifndef LK_SESSION_SHELL_H
#define LK_SESSION_SHELL_H

#include "base/cancel.h"
#include "session/inlet.h"

struct lk_shell;

struct lk_shell_options {
    struct lk_socket *socket;    /* shared; borrowed */
    const struct lk_secret *key; /* borrowed */
    struct lk_clock *clock;      /* borrowed */
    struct lk_cancel *cancel;    /* borrowed; set while the running request is interrupted */
    bool (*interrupted)(void);   /* SIGINT since the last call; called by the router */
    /* Those sent up to now are for nobody, on their way to the router or seen by it. Called by the
     * executor. */
    void (*forget_interrupts)(void);
};

LK_MUST_USE struct lk_shell *lk_shell_new(const struct lk_shell_options *options);
void lk_shell_free(struct lk_shell *shell);

/* ---- the executor --------------------------------------------------------------------------- */

enum lk_shell_state {
    LK_SHELL_REQUEST, /* *ret runs from now on, and is the caller's */
    LK_SHELL_EMPTY,   /* nothing is there; wait for the socket */
    LK_SHELL_CLOSED,
};
/* The request that ran has ended; begins the next one. *ret is NULL without one. */
LK_MUST_USE enum lk_shell_state lk_shell_take(struct lk_shell *shell, struct lk_queued **ret);

/* The running request, whose message this is, has failed: the cells that its client session has
 * sent before it can know of that are to be marked as aborted. Afterwards lk_shell_abort_rest() is
 * called, before the reply goes out, until it returns NULL: it reads on as long as more comes, at
 * most a second, and gives back what must not wait. */
void lk_shell_abort(struct lk_shell *shell, const struct lk_message *failed);
LK_MUST_USE struct lk_queued *lk_shell_abort_rest(struct lk_shell *shell);

/* ---- the router ----------------------------------------------------------------------------- */

/* An interrupt_request. */
void lk_shell_interrupt(struct lk_shell *shell);
/* A signal came, perhaps SIGINT. */
void lk_shell_signalled(struct lk_shell *shell);
/* While a request runs: reads what has come since, a thousand at most. Returns what must not wait,
 * shutdown_request and connect_request (they were urgent before there was a control channel), one
 * per call; NULL when that was all, or enough for now. */
LK_MUST_USE struct lk_queued *lk_shell_look(struct lk_shell *shell);
/* The running request is interrupted, and no other begins. */
void lk_shell_close(struct lk_shell *shell);

#endif
