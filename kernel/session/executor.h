/* The executor: the thread that runs cells, one request at a time, and owns the context of the
 * magics. It takes requests from the shell channel and answers through the outbox, both without the
 * router's help. */
#ifndef LK_SESSION_EXECUTOR_H
#define LK_SESSION_EXECUTOR_H

#include "magic/context.h"
#include "session/exchange.h"
#include "session/shell.h"
#include "wire/connection_file.h"

struct lk_executor_options {
    struct lk_socket *pair;                   /* its end; borrowed for the thread's life */
    const struct lk_connection *connection;   /* borrowed */
    struct lk_outbox *outbox;                 /* borrowed */
    struct lk_shell *shell;                   /* borrowed */
    struct lk_cancel *cancel;                 /* the shell's; set while a cell is interrupted */
    const struct lk_context_options *context; /* borrowed */
    bool behind_server;                       /* as in lk_jupyter_cell */
};

/* The thread's whole life: serves until the shell is closed or somebody asks for shutdown there. */
void lk_executor_run(const struct lk_executor_options *options);

#endif
