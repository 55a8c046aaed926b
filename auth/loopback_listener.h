/* The listener that the browser's redirect comes to: 127.0.0.1 and, when it can be had,
 * the same port on ::1, since "localhost" may be either. Executor thread. */
#ifndef LK_AUTH_LOOPBACK_LISTENER_H
#define LK_AUTH_LOOPBACK_LISTENER_H

#include "auth/redirect.h"
#include "base/cancel.h"
#include "base/clock.h"

struct lk_listener;

/* port 0: chosen by the system. clock (borrowed) times visits and the wait as a whole; sockets
 * are real, so it is the real one but in tests of the time limits. */
LK_MUST_USE enum lk_status lk_listener_open(uint16_t port, struct lk_clock *clock,
                                            struct lk_listener **ret, struct lk_error *err);
void lk_listener_close(struct lk_listener *listener);
void lk_listener_unref(struct lk_listener **listener); /* cleanup */
uint16_t lk_listener_port(const struct lk_listener *listener);
/* Serves visits, several at once, until one brings the state. LK_TIMEOUT, LK_CANCELLED. */
LK_MUST_USE enum lk_status lk_listener_wait(struct lk_listener *listener,
                                            const struct lk_secret *state, int64_t timeout_ms,
                                            struct lk_cancel *cancel, struct lk_redirect *ret,
                                            struct lk_error *err);

#endif
