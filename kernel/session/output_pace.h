/* How fast outputs may leave: a bucket that takes `burst` at once and then `per_s`. Pure:
 * the time is an argument. */
#ifndef LK_SESSION_OUTPUT_PACE_H
#define LK_SESSION_OUTPUT_PACE_H

#include <stddef.h>
#include <stdint.h>

struct lk_pace {
    int64_t burst, per_s;
    int64_t level; /* thousandths */
    int64_t at_ms; /* of level */
};

void lk_pace_init(struct lk_pace *ret, int64_t burst, int64_t per_s);
/* How long to wait before the next one, of whatever size; 0: none. */
int64_t lk_pace_wait_ms(const struct lk_pace *pace, int64_t now_ms);
void lk_pace_spend(struct lk_pace *pace, int64_t now_ms, size_t amount);

#endif
