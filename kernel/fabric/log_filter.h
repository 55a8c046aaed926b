/* Lines of a log that match a pattern: POSIX extended regular expressions over bytes, with the work
 * for a line and the memory bounded whatever pattern and log are. Pure; one thread. */
#ifndef LK_FABRIC_LOG_FILTER_H
#define LK_FABRIC_LOG_FILTER_H

#include "base/cancel.h"
#include "fabric/log_lines.h"

enum {
    LK_LOG_PATTERN_MAX = 256,
    /* A line is looked at in overlapping pieces of this size: what matches in a span of half of it
     * is found wherever it lies. */
    LK_LOG_PIECE_MAX = 2 << 10,
};

/* A sink that hands on what matches. */
struct lk_log_filter;

/* LK_INVALID with the reason for a pattern that is none: besides what regcomp(3) refuses, back
 * references and repetitions that multiply to more than the matcher can do in bounded time. */
LK_MUST_USE enum lk_status lk_log_filter_new(struct lk_str pattern, bool ignore_case,
                                             struct lk_log_filter **ret, struct lk_error *err);
void lk_log_filter_free(struct lk_log_filter *filter);
/* Never takes long before it looks at the flag, and says no once that is set. */
LK_MUST_USE bool lk_log_filter_matches(struct lk_log_filter *filter, struct lk_str line,
                                       const struct lk_cancel *cancel);

#endif
