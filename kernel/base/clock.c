#include "base/clock.h"

#include "base/cancel.h"

#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec now;

    (void)clock_gettime(id, &now); /* cannot fail for the two clocks used here */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_unix_ms(struct lk_clock *clock)
{
    (void)clock;
    return read_clock(CLOCK_REALTIME);
}

static int64_t system_monotonic_ms(struct lk_clock *clock)
{
    (void)clock;
    return read_clock(CLOCK_MONOTONIC);
}

static enum lk_status system_wait_ms(struct lk_clock *clock, int64_t ms, struct lk_cancel *cancel,
                                     struct lk_error *err)
{
    struct lk_error why; /* the caller's err stays as it is when the time simply passed */
    enum lk_status st = lk_cancel_poll(cancel, -1, 0, ms < 0 ? 0 : ms, &why);

    (void)clock;
    if (st == LK_TIMEOUT)
        return LK_OK;
    if (err)
        *err = why;
    return st;
}

struct lk_clock *lk_clock_system(void)
{
    static struct lk_clock system = {
        .unix_ms = system_unix_ms,
        .monotonic_ms = system_monotonic_ms,
        .wait_ms = system_wait_ms,
    };

    return &system;
}
