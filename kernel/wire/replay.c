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
    bool found = false;

    if (signature.len < DIGITS)
        return false;
    digits = digits_of(signature);
    /* All of them each time, so that the compiler may look at many at once. */
    for (size_t i = 0; i < LK_REPLAY_MAX; i++)
        found |= replay->seen[i] == digits;
    if (found)
        return true;
    replay->seen[replay->next] = digits;
    replay->next = (replay->next + 1) % LK_REPLAY_MAX;
    return false;
}
