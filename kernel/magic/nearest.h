/* "Did you mean …": the candidate closest to what was typed. Pure. */
#ifndef LK_MAGIC_NEAREST_H
#define LK_MAGIC_NEAREST_H

#include "base/str.h"

struct lk_nearest {
    struct lk_str typed;
    const char *best; /* NULL: nothing is close */
    size_t distance;
};

static inline struct lk_nearest lk_nearest_to(struct lk_str typed)
{
    return (struct lk_nearest){.typed = typed, .best = NULL, .distance = typed.len / 2 + 1};
}

static inline void lk_nearest_try(struct lk_nearest *nearest, const char *candidate)
{
    size_t distance = lk_str_distance(nearest->typed, lk_str_from(candidate));

    if (distance < nearest->distance) {
        nearest->best = candidate;
        nearest->distance = distance;
    }
}

#endif
