#include "base/cancel.h"

#include "base/clock.h"
#include "base/platform.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct lk_cancel {
    atomic_bool set;
    int ends[2];            /* wake-up: read end, write end */
    struct lk_chore *chore; /* of the thread that waits */
};

struct lk_cancel *lk_cancel_new(void)
{
    struct lk_cancel *cancel = lk_alloc(sizeof(*cancel));

    atomic_init(&cancel->set, false);
    if (!lk_platform_wakeup_open(cancel->ends)) {
        perror("livy-kernel: cannot open the descriptor for interrupts");
        abort();
    }
    return cancel;
}

void lk_cancel_free(struct lk_cancel *cancel)
{
    if (!cancel)
        return;
    lk_platform_wakeup_close(cancel->ends);
    free(cancel);
}

void lk_cancel_set(struct lk_cancel *cancel)
{
    if (!atomic_exchange(&cancel->set, true))
        lk_platform_wakeup_raise(cancel->ends[1]);
}

void lk_cancel_clear(struct lk_cancel *cancel)
{
    /* Mostly nothing was set, and a read(2) before each cell would be for nothing. */
    if (!atomic_load(&cancel->set))
        return;
    /* Drained first: a signal handler in between finds the flag still set and adds nothing, so
     * flag and descriptor agree afterwards. */
    lk_platform_wakeup_drain(cancel->ends[0]);
    atomic_store(&cancel->set, false);
}

bool lk_cancel_is_set(const struct lk_cancel *cancel)
{
    return cancel && atomic_load(&cancel->set);
}

int lk_cancel_fd(const struct lk_cancel *cancel)
{
    return cancel ? cancel->ends[0] : -1;
}

static enum lk_status interrupted(struct lk_error *err)
{
    return lk_error_set(err, LK_CANCELLED, "KeyboardInterrupt", "interrupted");
}

enum lk_status lk_cancel_check(const struct lk_cancel *cancel, struct lk_error *err)
{
    return lk_cancel_is_set(cancel) ? interrupted(err) : LK_OK;
}

void lk_cancel_set_chore(struct lk_cancel *cancel, struct lk_chore *chore)
{
    if (cancel)
        cancel->chore = chore;
}

int64_t lk_cancel_poll_ms(const struct lk_cancel *cancel, int64_t timeout_ms)
{
    int64_t due = cancel && cancel->chore ? cancel->chore->run(cancel->chore) : -1;

    return due >= 0 && (timeout_ms < 0 || due < timeout_ms) ? due : timeout_ms;
}

static int64_t now_ms(void)
{
    struct lk_clock *clock = lk_clock_system();

    return clock->monotonic_ms(clock);
}

/* What is left until deadline_ms as poll(2) takes it. */
static int left_ms(int64_t deadline_ms)
{
    int64_t left = deadline_ms - now_ms();

    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

enum lk_status lk_cancel_poll(const struct lk_cancel *cancel, int fd, short events,
                              int64_t timeout_ms, struct lk_error *err)
{
    struct pollfd fds[] = {{.fd = lk_cancel_fd(cancel), .events = POLLIN},
                           {.fd = fd, .events = events}};
    int64_t deadline = INT64_MAX;

    if (timeout_ms >= 0 && __builtin_add_overflow(now_ms(), timeout_ms, &deadline))
        deadline = INT64_MAX;
    for (;;) {
        int64_t limit = deadline == INT64_MAX ? -1 : left_ms(deadline);
        int ready = poll(fds, LK_COUNT(fds), (int)lk_cancel_poll_ms(cancel, limit));

        if (ready < 0 && errno != EINTR)
            return lk_error_errno(err, errno, "PollFailed", "cannot wait for input");
        if (lk_cancel_is_set(cancel))
            return interrupted(err);
        if (ready > 0 && fds[1].revents)
            return LK_OK;
        if (ready == 0 && left_ms(deadline) == 0)
            return lk_error_set(err, LK_TIMEOUT, "Timeout", "nothing came within %lld ms",
                                (long long)timeout_ms);
    }
}
