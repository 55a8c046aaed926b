/* A sweep: one request run for every combination of some values ("--each year=2019..2024 --each
 * region=eu,us"). Pure; one owner. */
#ifndef LK_MAGIC_SWEEP_H
#define LK_MAGIC_SWEEP_H

#include "base/json.h"

enum {
    LK_SWEEP_AXES_MAX = 8,
    LK_SWEEP_MEMBERS_MAX = 1000,
    LK_SWEEP_VALUE_MAX = 200, /* bytes of one value */
};

struct lk_sweep_axis {
    char *name;    /* an identifier; owned */
    char **values; /* distinct; owned */
    size_t count;
};

struct lk_sweep {
    struct lk_sweep_axis axes[LK_SWEEP_AXES_MAX];
    size_t axis_count;
    size_t count; /* members: the product of all axes */
};

#define LK_SWEEP_INIT                                                                              \
    {                                                                                              \
        .count = 1                                                                                 \
    }
void lk_sweep_done(struct lk_sweep *sweep);
/* Adds an axis: NAME=VALUE[,VALUE…], each a text or a range: 1..12 (numbers, zeros in front kept),
 * 2024-01-28..2024-02-03 (days), 2024-01..2024-12 (months), also counting down; or NAME=[…],
 * a JSON list of texts and whole numbers, as a variable holds it. LK_INVALID says
 * what is wrong, LK_LIMIT that there are more than LK_SWEEP_MEMBERS_MAX members. */
LK_MUST_USE enum lk_status lk_sweep_add(struct lk_sweep *sweep, struct lk_str text,
                                        struct lk_error *err);
/* The last axis changes fastest. Borrowed. */
const char *lk_sweep_value(const struct lk_sweep *sweep, size_t member, size_t axis);
/* "year=2019,region=eu": tells a member from all others, in this sweep and in the same one written
 * again. */
void lk_sweep_key(const struct lk_sweep *sweep, size_t member, struct lk_buf *ret);
enum { LK_SWEEP_ID_SIZE = 40, LK_SWEEP_IDENTITY_SIZE = 13 };
/* What is the same for the same sweep of the same request, "4f1c09ab77e2": 12 hex digits of a
 * SHA-256. */
void lk_sweep_identity(const struct lk_sweep *sweep, const json_t *body,
                       char ret[LK_SWEEP_IDENTITY_SIZE]);
/* The member's request, new: {year} in any text of body is replaced by its value. An axis that no
 * text of body refers to goes to the payload as the arguments --year 2019; the name gets the values
 * behind it unless it refers to them. Texts in other braces stay as they are. */
LK_MUST_USE json_t *lk_sweep_request(const struct lk_sweep *sweep, size_t member,
                                     const json_t *body);

#endif
