#include "support/fake_clock.h"

static int64_t fake_unix_ms(struct lk_clock *clock)
{
    return ((struct fake_clock *)clock)->now_unix_ms;
}

static int64_t fake_monotonic_ms(struct lk_clock *clock)
{
    return ((struct fake_clock *)clock)->now_monotonic_ms;
}

static enum lk_status fake_wait_ms(struct lk_clock *clock, int64_t ms, struct lk_cancel *cancel,
                                   struct lk_error *err)
{
    struct fake_clock *fake = (struct fake_clock *)clock;
    enum lk_status st = lk_cancel_check(cancel, err);

    if (st)
        return st;
    fake->waits++;
    ms = ms < 0 ? 0 : ms;
    if (fake->interrupt && fake->waited_ms + ms >= fake->interrupt_at_ms) {
        ms = fake->interrupt_at_ms - fake->waited_ms;
        lk_cancel_set(fake->interrupt);
        fake->interrupt = NULL;
    }
    fake->waited_ms += ms;
    fake_clock_advance_ms(fake, ms);
    return lk_cancel_check(cancel, err);
}

void fake_clock_init(struct fake_clock *fake)
{
    *fake = (struct fake_clock){
        .clock = {fake_unix_ms, fake_monotonic_ms, fake_wait_ms},
        .now_unix_ms = FAKE_CLOCK_START_UNIX_S * 1000,
        .now_monotonic_ms = 1000000,
    };
}

struct fake_clock *fake_clock_new(void)
{
    struct fake_clock *fake = lk_alloc(sizeof(*fake));

    fake_clock_init(fake);
    return fake;
}

void fake_clock_advance_ms(struct fake_clock *fake, int64_t ms)
{
    fake->now_unix_ms += ms;
    fake->now_monotonic_ms += ms;
}

void fake_clock_interrupt_after_ms(struct fake_clock *fake, struct lk_cancel *cancel, int64_t ms)
{
    fake->interrupt = cancel;
    fake->interrupt_at_ms = fake->waited_ms + ms;
}

int64_t fake_clock_waited_ms(const struct fake_clock *fake)
{
    return fake->waited_ms;
}

int fake_clock_waits(const struct fake_clock *fake)
{
    return fake->waits;
}
