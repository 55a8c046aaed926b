/* What the journal of submissions knows of a sweep: every member's intent and outcome stand there
 * with the sweep's id ("<identity>-<run>", livy_spec.h) and the member's number. Pure. */
#ifndef LK_MAGIC_SWEEP_JOURNAL_H
#define LK_MAGIC_SWEEP_JOURNAL_H

#include "fabric/journal.h"
#include "magic/sweep.h"
#include "magic/sweep_plan.h"

/* Entries newest first, as lk_journal_read() gives them, of any service. */
struct lk_sweep_log {
    const struct lk_journal_entry *entries;
    size_t count;
    struct lk_str endpoint; /* base address of the service that is meant */
};

/* The newest run of a sweep with that identity at that service; false when there is none. */
bool lk_sweep_newest_run(const struct lk_sweep_log *log, const char *identity,
                         char ret_id[LK_SWEEP_ID_SIZE]);
/* The newest entry of a member; NULL when it was never submitted. */
const struct lk_journal_entry *lk_sweep_entry(const struct lk_sweep_log *log, const char *id,
                                              size_t member);
/* Puts into a fresh plan what the journal says for sure: members that were accepted go on, as far
 * as it knows. What is unsettled (lk_journal_is_unsettled()) becomes unknown, for its caller to
 * settle. Returns how many members were accepted at all. */
size_t lk_sweep_recall(const struct lk_sweep_log *log, const char *id, struct lk_sweep_plan *plan);

#endif
