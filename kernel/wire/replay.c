#include "wire/replay.h"

enum { DIGITS = 16 };

static uint64_t digits_of(struct lk_str signature)
{
    uint64_t ret = 0;

    for (size_t i = 0; i < DIGITS; i++) {
        char c = signature.ptr[i];
        ret = ret << 4 | (uint64_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return ret ? ret : 1;
}

bool lk_replay_check(struct lk_replay *replay, struct lk_str signature)
{
    uint64_t digits;
    size_t at;

    if (signature.len < DIGITS)
        return false;
    digits = digits_of(signature);
    at = digits % LK_REPLAY_BUCKETS;
    for (size_t i = 0; i < LK_REPLAY_DEPTH; i++) {
        if (replay->buckets[at].seen[i] == digits)
            return true;
    }
    replay->buckets[at].seen[replay->buckets[at].next++ % LK_REPLAY_DEPTH] = digits;
    return false;
}
