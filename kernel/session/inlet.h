/* A socket that requests come by. What is forged, broken, too large or here for the second time is
 * dropped: there is nobody to trust an answer to, so the log gets a line, and a flood of them one a
 * second. One owner at a time. */
#ifndef LK_SESSION_INLET_H
#define LK_SESSION_INLET_H

#include "base/clock.h"
#include "session/shell_queue.h"
#include "wire/replay.h"

struct lk_inlet {
    struct lk_socket *socket;    /* borrowed */
    const struct lk_secret *key; /* borrowed */
    struct lk_clock *clock;      /* borrowed */
    bool more;                   /* than the last call has read */
    /* Its own; all bytes zero at first. */
    struct lk_replay replay;
    int64_t told_ms; /* monotonic: when a dropped message was logged last */
    size_t untold;   /* dropped since without a line of their own */
};

/* The next good request, of which the header is read; the caller's. NULL: there is none, or, with
 * more set, only bad ones so far. Never blocks. */
LK_MUST_USE struct lk_queued *lk_inlet_receive(struct lk_inlet *inlet);

#endif
