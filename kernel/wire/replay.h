/* Which messages have been seen: a message that comes twice, be it through a proxy that reconnects
 * or somebody who listens, must not run a cell twice (jupyter.md §1.2). Pure; one owner. */
#ifndef LK_WIRE_REPLAY_H
#define LK_WIRE_REPLAY_H

#include "base/str.h"

#include <stdint.h>

enum { LK_REPLAY_MAX = 4096 };

/* The newest LK_REPLAY_MAX signatures. All bytes zero: none seen. */
struct lk_replay {
    uint64_t seen[LK_REPLAY_MAX]; /* the first 16 digits of each; 0: none */
    size_t next;
};

/* True when a message with this signature (hex digits that were found right) has been seen;
 * remembers it otherwise. Without a key there is no signature, and nothing is ever a replay. */
LK_MUST_USE bool lk_replay_check(struct lk_replay *replay, struct lk_str signature);

#endif
