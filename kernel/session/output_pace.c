#include "session/output_pace.h"

void lk_pace_init(struct lk_pace *ret, int64_t burst, int64_t per_s)
{
    *ret = (struct lk_pace){.burst = burst, .per_s = per_s};
}

static int64_t level_at(const struct lk_pace *pace, int64_t now_ms)
{
    int64_t level = pace->level - (now_ms - pace->at_ms) * pace->per_s;

    return level > 0 ? level : 0;
}

int64_t lk_pace_wait_ms(const struct lk_pace *pace, int64_t now_ms)
{
    int64_t over = level_at(pace, now_ms) - pace->burst * 1000;

    return over > 0 ? (over + pace->per_s - 1) / pace->per_s : 0;
}

void lk_pace_spend(struct lk_pace *pace, int64_t now_ms, size_t amount)
{
    pace->level = level_at(pace, now_ms) + (int64_t)amount * 1000;
    pace->at_ms = now_ms;
}
