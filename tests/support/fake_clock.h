/* A clock that a test moves. Waiting returns at once and moves it by as much as was asked, so
 * nothing sleeps and every wait can be counted. One thread. */
#ifndef LK_TEST_FAKE_CLOCK_H
#define LK_TEST_FAKE_CLOCK_H

#include "base/cancel.h"
#include "base/clock.h"

struct fake_clock {
    struct lk_clock clock; /* first: a struct fake_clock is a struct lk_clock */
    int64_t now_unix_ms;
    int64_t now_monotonic_ms;
    int64_t waited_ms;
    int waits;
    struct lk_cancel *interrupt; /* set once waited_ms has reached interrupt_at_ms */
    int64_t interrupt_at_ms;
};

/* 2026-11-24T01:50:00Z */
#define FAKE_CLOCK_START_UNIX_S INT64_C(1795485000)

void fake_clock_init(struct fake_clock *fake);
/* The same on the heap; release with free(). */
LK_MUST_USE struct fake_clock *fake_clock_new(void);
/* Time passes without anybody waiting. */
void fake_clock_advance_ms(struct fake_clock *fake, int64_t ms);
/* The user interrupts when ms of waiting from now have passed: the wait that reaches it ends
 * there with LK_CANCELLED. */
void fake_clock_interrupt_after_ms(struct fake_clock *fake, struct lk_cancel *cancel, int64_t ms);
/* Sum of all waits so far, and how many there were. */
int64_t fake_clock_waited_ms(const struct fake_clock *fake);
int fake_clock_waits(const struct fake_clock *fake);

#endif
