/* Which messages have been seen: a message that comes twice, be it through a proxy that reconnects
 * or somebody who listens, must not run a cell twice (jupyter.md §1.2). Pure; one owner. */
#ifndef LK_WIRE_REPLAY_H
#define LK_WIRE_REPLAY_H

#include "base/str.h"

#include <stdint.h>

enum { LK_REPLAY_BUCKETS = 1024, LK_REPLAY_DEPTH = 8 };

/* The newest signatures, the first 16 digits of each, in buckets by their last ones. Signatures are
 * as good as random, so of the last 2,000 hardly one in ten thousand has been pushed out of its
 * bucket. All bytes zero: none seen. */
struct lk_replay {
    struct {
        uint64_t seen[LK_REPLAY_DEPTH]; /* 0: none */
        unsigned next;
    } buckets[LK_REPLAY_BUCKETS];
};

/* True when a message with this signature (hex digits that were found right) has been seen;
 * remembers it otherwise. Without a key there is no signature, and nothing is ever a replay. */
LK_MUST_USE bool lk_replay_check(struct lk_replay *replay, struct lk_str signature);

#endif
