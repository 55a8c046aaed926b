#include "base/cancel.h"

#include "base/clock.h"
#include "base/platform.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct lk_cancel {
    atomic_bool set;
    int fd[2];
};

struct lk_cancel *lk_cancel_new(void)
{
    struct lk_cancel *cancel = lk_alloc(sizeof *cancel);

    atomic_init(&cancel->set, false);
    if (!lk_platform_wakeup_open(cancel->fd)) {
        perror("livy-kernel: no descriptor for the cancel flag");
        abort();
    }
    return cancel;
}

void lk_cancel_free(struct lk_cancel *cancel)
{
    if (!cancel)
        return;
    close(cancel->fd[0]);
    if (cancel->fd[1] != cancel->fd[0])
        close(cancel->fd[1]);
    free(cancel);
}

void lk_cancel_set(struct lk_cancel *cancel)
{
    atomic_store(&cancel->set, true);
    lk_platform_wakeup_set(cancel->fd);
}

void lk_cancel_clear(struct lk_cancel *cancel)
{
    atomic_store(&cancel->set, false);
    lk_platform_wakeup_clear(cancel->fd);
}

bool lk_cancel_is_set(const struct lk_cancel *cancel)
{
    return cancel && atomic_load(&((struct lk_cancel *)cancel)->set);
}

int lk_cancel_fd(const struct lk_cancel *cancel)
{
    return cancel ? cancel->fd[0] : -1;
}

enum lk_status lk_cancel_check(const struct lk_cancel *cancel, struct lk_error *err)
{
    if (!lk_cancel_is_set(cancel))
        return LK_OK;
    return lk_error_set(err, LK_CANCELLED, "KeyboardInterrupt", "interrupted");
}

static int until(int64_t deadline_ms, bool forever)
{
    struct lk_clock *clock = lk_clock_system();
    int64_t left;

    if (forever)
        return -1;
    left = deadline_ms - clock->monotonic_ms(clock);
    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

enum lk_status lk_cancel_poll(const struct lk_cancel *cancel, int fd, short events,
                              int64_t timeout_ms, struct lk_error *err)
{
    struct lk_clock *clock = lk_clock_system();
    bool forever = timeout_ms < 0;
    int64_t deadline_ms = forever ? 0 : clock->monotonic_ms(clock) + timeout_ms;
    struct pollfd fds[2] = {{.fd = lk_cancel_fd(cancel), .events = POLLIN},
                            {.fd = fd, .events = events}};

    for (;;) {
        int ready = poll(fds, 2, until(deadline_ms, forever));
        enum lk_status st = lk_cancel_check(cancel, err);
        if (st)
            return st;
        if (ready < 0 && errno != EINTR)
            return lk_error_errno(err, errno, "PollFailed", "waiting failed");
        if (ready > 0 && fds[1].revents)
            return LK_OK;
        if (!forever && until(deadline_ms, false) == 0)
            return lk_error_set(err, LK_TIMEOUT, "TimedOut", "no answer in time");
    }
}
