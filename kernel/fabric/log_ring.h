/* A log that only shows its last lines (Livy's ring, livy.md §3), read again and again and put
 * together: which lines of a look are new, and whether some were lost since the look before.
 * Pure; one thread. */
#ifndef LK_FABRIC_LOG_RING_H
#define LK_FABRIC_LOG_RING_H

#include "base/str.h"

#include <stdbool.h>

enum { LK_LOG_RING_MAX = 65536 }; /* lines of one look; of more, the last ones count */

/* The look before, as a fingerprint of each line. Zero-initialised: nothing was seen. */
struct lk_log_ring {
    uint64_t *prints; /* owned; oldest first */
    size_t count, room;
    bool in_doubt; /* the last merge was */
};
void lk_log_ring_done(struct lk_log_ring *ring);

/* How sure it is that nothing lies between the look before and the first new line. */
enum lk_log_seam {
    LK_LOG_SEAMLESS,
    /* The looks only meet in lines that occur several times, so that lines may be missing. Told
     * once, until looks join for certain again. */
    LK_LOG_SEAM_IN_DOUBT,
    /* The looks do not meet: lines are missing, but for the rare case that exactly as many came as
     * the ring holds. */
    LK_LOG_SEAM_BROKEN,
};

struct lk_log_merge {
    size_t first_new; /* index into lines; count when nothing is new */
    enum lk_log_seam seam;
};

/* Merges the next look by the longest overlap: the most lines that end the look before and begin
 * this one. What follows from that:
 *   - no line is ever given twice;
 *   - lines are left out, unmarked, only where the ring looks as if less had been added than was: a
 *     program that fills it with copies of what it held, or the same line at both edges of the gap
 *     and nowhere else in sight;
 *   - whenever all lines differ, the result is the true log, with BROKEN exactly where lines of it
 *     are missing (or might be, see above).
 * An empty look forgets nothing: a server that started again has an empty ring for a while. */
struct lk_log_merge lk_log_ring_merge(struct lk_log_ring *ring, const struct lk_str *lines,
                                      size_t count);
/* The same for a look that may begin long before the one before it, such as a file read anew: the
 * lines that end the look before may lie anywhere in it, and are looked for from its beginning. */
struct lk_log_merge lk_log_ring_find(struct lk_log_ring *ring, const struct lk_str *lines,
                                     size_t count);
/* Lines that are known to follow on what was seen; the last max lines are remembered. */
void lk_log_ring_append(struct lk_log_ring *ring, struct lk_str line, size_t max);

#endif
