#include "fabric/log_ring.h"

#include <stdlib.h>
#include <string.h>

void lk_log_ring_done(struct lk_log_ring *ring)
{
    free(ring->prints);
    *ring = (struct lk_log_ring){.prints = NULL};
}

static bool says_something(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (unsigned char)c >= 0x80;
}

/* FNV-1a. Whoever forges two lines with the same print hides a line of his own log. The lowest bit
 * says whether the line does: blank lines and rulers are all alike. */
static uint64_t print_of(struct lk_str line)
{
    uint64_t print = UINT64_C(0xcbf29ce484222325);
    bool says = false;

    for (size_t i = 0; i < line.len; i++) {
        print = (print ^ (unsigned char)line.ptr[i]) * UINT64_C(0x100000001b3);
        says = says || says_something(line.ptr[i]);
    }
    return says ? print | 1 : print & ~UINT64_C(1);
}

static uint64_t *prints_of(const struct lk_str *lines, size_t count)
{
    uint64_t *prints = lk_alloc((count + 1) * sizeof(*prints));

    for (size_t i = 0; i < count; i++)
        prints[i] = print_of(lines[i]);
    return prints;
}

/* ---- where two looks meet ------------------------------------------------------------------- */

/* A row of prints, read backwards. */
struct row {
    const uint64_t *prints;
    size_t count;
};

static uint64_t backwards(struct row row, size_t i)
{
    return row.prints[row.count - 1 - i];
}

/* fall[i]: of the row's backward reading, the longest proper beginning that also ends at i (the
 * failure function of Knuth, Morris and Pratt). Of the forward reading it is an overlap. */
static size_t *overlaps_within(struct row row)
{
    size_t *fall = lk_alloc((row.count + 1) * sizeof(*fall));

    for (size_t i = 1, len = 0; i < row.count; i++) {
        while (len && backwards(row, i) != backwards(row, len))
            len = fall[len - 1];
        len += backwards(row, i) == backwards(row, len);
        fall[i] = len;
    }
    return fall;
}

/* The most lines that end old and begin new: walks new backwards from its end, matching old's end,
 * and is left with what still matches at new's beginning. */
static size_t longest_overlap(struct row old, struct row new)
{
    size_t *fall = overlaps_within(old);
    size_t len = 0;

    for (size_t i = new.count < old.count ? 0 : new.count - old.count; i < new.count; i++) {
        if (len == old.count)
            len = fall[len - 1];
        while (len && backwards(new, i) != backwards(old, len))
            len = fall[len - 1];
        len += old.count && backwards(new, i) == backwards(old, len);
    }
    free(fall);
    return len;
}

/* Behind the first place in new where the whole of old lies; 0 when it lies nowhere. */
static size_t first_whole(struct row old, struct row new)
{
    size_t *fall = overlaps_within(old);
    size_t len = 0, found = 0;

    for (size_t i = 0; i < new.count &&old.count; i++) {
        if (len == old.count)
            len = fall[len - 1];
        while (len && backwards(new, i) != backwards(old, len))
            len = fall[len - 1];
        len += backwards(new, i) == backwards(old, len);
        if (len == old.count) /* read backwards, the last one met is the first one forward */
            found = new.count - 1 - i + old.count;
    }
    free(fall);
    return found;
}

/* ---- whether that proves anything ------------------------------------------------------------ */

static int compare_prints(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

    return a < b ? -1 : a > b;
}

static uint64_t *sorted(struct row row)
{
    uint64_t *copy = lk_alloc((row.count + 1) * sizeof(*copy));

    if (row.count) {
        memcpy(copy, row.prints, row.count * sizeof(*copy));
        qsort(copy, row.count, sizeof(*copy), compare_prints);
    }
    return copy;
}

static bool is_single(const uint64_t *in_order, size_t count, uint64_t print)
{
    const uint64_t *hit = bsearch(&print, in_order, count, sizeof(print), compare_prints);

    return hit && (hit == in_order || hit[-1] != print) &&
           (hit == in_order + count - 1 || hit[1] != print);
}

/* A line that says something and occurs once in each look is taken for the same line. */
static bool has_single_line(struct row old, struct row new, size_t overlap)
{
    uint64_t *of_old = sorted(old), *of_new = sorted(new);
    bool found = false;

    for (size_t i = 0; i < overlap && !found; i++)
        found = (new.prints[i] & 1) && is_single(of_old, old.count, new.prints[i]) &&
                is_single(of_new, new.count, new.prints[i]);
    free(of_old);
    free(of_new);
    return found;
}

/* ---- merging --------------------------------------------------------------------------------- */

static enum lk_log_seam seam_of(struct row old, struct row new, size_t overlap)
{
    if (!old.count || !new.count)
        return LK_LOG_SEAMLESS;
    if (!overlap)
        return LK_LOG_SEAM_BROKEN;
    /* All of the look before is still there: the ring has not begun to turn, or stands still. */
    if (overlap == old.count || has_single_line(old, new, overlap))
        return LK_LOG_SEAMLESS;
    return LK_LOG_SEAM_IN_DOUBT;
}

static struct lk_log_merge settle(struct lk_log_ring *ring, uint64_t *prints, size_t count,
                                  struct lk_log_merge merge)
{
    bool was_in_doubt = ring->in_doubt;

    ring->in_doubt = merge.seam == LK_LOG_SEAM_IN_DOUBT;
    if (ring->in_doubt && was_in_doubt)
        merge.seam = LK_LOG_SEAMLESS;
    free(ring->prints);
    ring->prints = prints;
    ring->count = ring->room = count;
    return merge;
}

static struct lk_log_merge merge(struct lk_log_ring *ring, const struct lk_str *lines, size_t count,
                                 bool may_begin_before)
{
    size_t skipped = count > LK_LOG_RING_MAX ? count - LK_LOG_RING_MAX : 0, overlap;
    uint64_t *prints = prints_of(lines + skipped, count - skipped);
    struct row old = {ring->prints, ring->count}, new = {prints, count - skipped};
    struct lk_log_merge ret;

    if (!count) {
        free(prints);
        return (struct lk_log_merge){.first_new = 0};
    }
    overlap = may_begin_before ? first_whole(old, new) : 0;
    if (overlap) {
        ret = (struct lk_log_merge){.first_new = skipped + overlap};
    } else {
        overlap = longest_overlap(old, new);
        ret = (struct lk_log_merge){.first_new = old.count ? skipped + overlap : 0,
                                    .seam = seam_of(old, new, overlap)};
    }
    return settle(ring, prints, new.count, ret);
}

struct lk_log_merge lk_log_ring_merge(struct lk_log_ring *ring, const struct lk_str *lines,
                                      size_t count)
{
    return merge(ring, lines, count, false);
}

struct lk_log_merge lk_log_ring_find(struct lk_log_ring *ring, const struct lk_str *lines,
                                     size_t count)
{
    return merge(ring, lines, count, true);
}

void lk_log_ring_append(struct lk_log_ring *ring, struct lk_str line, size_t max)
{
    /* Twice the room, so that moving is rare. */
    if (ring->count >= 2 * max) {
        memmove(ring->prints, ring->prints + ring->count - max, max * sizeof(*ring->prints));
        ring->count = max;
    }
    if (ring->count == ring->room) {
        ring->room = ring->room ? 2 * ring->room : 64;
        ring->prints = lk_realloc(ring->prints, ring->room * sizeof(*ring->prints));
    }
    ring->prints[ring->count++] = print_of(line);
}
