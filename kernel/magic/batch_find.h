/* The batches that %batch list and %batch times are about: the service's newest, through filters
 * and in pages. */
#ifndef LK_MAGIC_BATCH_FIND_H
#define LK_MAGIC_BATCH_FIND_H

#include "magic/context.h"
#include "magic/magic.h"

/* Rows of a magic's option table. */
#define LK_BATCH_FIND_OPTIONS                                                                      \
    {"max", "N", "how many; 20 by default", false},                                                \
        {"skip", "N", "leave out the N newest of them: the next page", false},                     \
        {"name", "TEXT", "whose name has this text in it; * and ? make it a pattern", false},      \
        {"state",                                                                                  \
         "STATE",                                                                                  \
         "active, succeeded, failed, cancelled, or a state in the service's own word",             \
         false,                                                                                    \
         {.choices = "active|succeeded|failed|cancelled"}},                                        \
        {"past", NULL, "ask the service's monitoring, which remembers longer (Fabric)", false},    \
    {                                                                                              \
        "since", "DURATION", "submitted in the last 2h, 7d, …", false                              \
    }

struct lk_batch_found {
    struct lk_livy_list list; /* newest first; total is that of the service, unfiltered */
    int64_t next_skip;        /* the --skip of the next page */
    size_t looked_at;         /* batches that the filters saw */
    bool more;                /* there are more of them than list holds */
};
LK_MUST_USE enum lk_status lk_batch_find(struct lk_context *context, const struct lk_args *args,
                                         struct lk_cancel *cancel, struct lk_batch_found *ret,
                                         struct lk_error *err);
void lk_batch_found_done(struct lk_batch_found *found);
/* What stands below the table: the next page, or what was not looked at. Nothing when there is
 * nothing to say. */
void lk_batch_found_note(const struct lk_batch_found *found, struct lk_buf *markdown,
                         struct lk_buf *plain);

#endif
