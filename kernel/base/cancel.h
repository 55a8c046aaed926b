/* The cancel flag, by which one thread stops another: one sets it (the router; in a terminal the
 * signal handler), the other looks, waits and clears. Two threads that set and clear do so under a
 * lock of theirs (session/shell).
 * Every wait includes lk_cancel_fd(), so an interrupt takes milliseconds. */
#ifndef LK_BASE_CANCEL_H
#define LK_BASE_CANCEL_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct lk_cancel;

LK_MUST_USE struct lk_cancel *lk_cancel_new(void);
void lk_cancel_free(struct lk_cancel *cancel);
/* Async-signal-safe. */
void lk_cancel_set(struct lk_cancel *cancel);
void lk_cancel_clear(struct lk_cancel *cancel);
/* NULL is never cancelled. */
bool lk_cancel_is_set(const struct lk_cancel *cancel);
/* Readable while the flag is set; -1 for NULL. Owned by the flag. */
int lk_cancel_fd(const struct lk_cancel *cancel);
/* LK_CANCELLED with code KeyboardInterrupt when set, else LK_OK. */
LK_MUST_USE enum lk_status lk_cancel_check(const struct lk_cancel *cancel, struct lk_error *err);

/* What the waiting thread does on the side, such as letting out text that was held to be joined
 * with more. Every wait knows the flag, so that is where it hangs: set, run and taken off by the
 * thread that waits. */
struct lk_chore {
    /* Does what is due; in how many ms more will be, -1 for never. */
    int64_t (*run)(struct lk_chore *chore);
};
/* Borrowed; NULL takes it off. */
void lk_cancel_set_chore(struct lk_cancel *cancel, struct lk_chore *chore);
/* Before each poll(2) for the flag's descriptor: does the chore, and says for how long to poll,
 * timeout_ms (-1: no limit) or less. */
int64_t lk_cancel_poll_ms(const struct lk_cancel *cancel, int64_t timeout_ms);

/* Waits until fd has one of events (poll(2)), the flag is set, or timeout_ms passed
 * (-1: no limit). LK_OK ready, LK_TIMEOUT, LK_CANCELLED. fd -1 waits for the flag only. */
LK_MUST_USE enum lk_status lk_cancel_poll(const struct lk_cancel *cancel, int fd, short events,
                                          int64_t timeout_ms, struct lk_error *err);

#endif
