/* Time as an argument, so that tests never sleep. Expiry is judged on the wall
 * clock, waiting is done on the monotonic one. */
#ifndef LK_BASE_CLOCK_H
#define LK_BASE_CLOCK_H

#include "base/error.h"

#include <stdint.h>

struct lk_cancel;

struct lk_clock {
    int64_t (*unix_ms)(struct lk_clock *clock);      /* wall clock, since 1970 */
    int64_t (*monotonic_ms)(struct lk_clock *clock); /* never goes back */
    /* Sleeps; LK_CANCELLED (err filled) as soon as cancel is set. cancel may be NULL. */
    enum lk_status (*wait_ms)(struct lk_clock *clock, int64_t ms, struct lk_cancel *cancel,
                              struct lk_error *err);
};

/* The real one; static, any thread. */
struct lk_clock *lk_clock_system(void);

static inline int64_t lk_clock_unix_s(struct lk_clock *clock)
{
    return clock->unix_ms(clock) / 1000;
}

#endif
