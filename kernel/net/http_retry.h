/* Repeats what may be repeated (enum lk_http_repeat), with Retry-After, else back-off
 * with jitter, within a budget; every wait can be interrupted. */
#ifndef LK_NET_HTTP_RETRY_H
#define LK_NET_HTTP_RETRY_H

#include "base/clock.h"
#include "net/http.h"

/* The decision, pure: what to do after try number tries (1, 2, …) ended with st and, when st is
 * LK_OK, with response. */
struct lk_retry_policy {
    int tries_max;    /* in all; 0: 4 */
    int64_t first_ms; /* 0: 800; doubles each time */
    int64_t
        longest_ms; /* 0: 30 s. A Retry-After beyond it ends the repetition: the caller is told */
};

/* ms to wait before the next try, -1 for "hand this result to the caller". jitter is 0…1000. */
int64_t lk_retry_delay_ms(const struct lk_retry_policy *policy, enum lk_http_repeat repeat,
                          int tries, enum lk_status st, const struct lk_http_response *response,
                          int64_t now_unix_s, unsigned jitter);

/* Wraps inner (borrowed, must outlive it). */
LK_MUST_USE struct lk_http *lk_http_retry_new(struct lk_http *inner, struct lk_clock *clock,
                                              const struct lk_retry_policy *policy);

#endif
