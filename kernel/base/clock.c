#include "base/clock.h"

#include "base/cancel.h"

#include <time.h>

static int64_t read_ms(clockid_t which)
{
    struct timespec now;

    clock_gettime(which, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t unix_ms(struct lk_clock *clock)
{
    (void)clock;
    return read_ms(CLOCK_REALTIME);
}

static int64_t monotonic_ms(struct lk_clock *clock)
{
    (void)clock;
    return read_ms(CLOCK_MONOTONIC);
}

static enum lk_status wait_ms(struct lk_clock *clock, int64_t ms, struct lk_cancel *cancel,
                              struct lk_error *err)
{
    enum lk_status st;

    (void)clock;
    st = lk_cancel_poll(cancel, -1, 0, ms > 0 ? ms : 0, err);
    if (st != LK_TIMEOUT)
        return st;
    lk_error_clear(err);
    return LK_OK;
}

struct lk_clock *lk_clock_system(void)
{
    static struct lk_clock clock = {unix_ms, monotonic_ms, wait_ms};

    return &clock;
}
