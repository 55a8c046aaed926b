/* The kernel process: router (this thread), executor, heartbeat (DESIGN §3, Threads). */
#ifndef LK_SESSION_KERNEL_H
#define LK_SESSION_KERNEL_H

#include "magic/context.h"

struct lk_kernel_options {
    const char *connection_file;
    const struct lk_context_options *context; /* borrowed */
    bool behind_server; /* a Jupyter server started it and passes its messages on */
};

/* Runs until shutdown_request, SIGTERM, SIGINT while idle is ignored, or the parent's death.
 * Returns the process's exit code; what went wrong at start is one clear line on stderr. */
int lk_kernel_run(const struct lk_kernel_options *options);

#endif
