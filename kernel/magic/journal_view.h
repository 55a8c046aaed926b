/* Submissions of the journal as value and row; shared by %batch recover and %batch history. */
#ifndef LK_MAGIC_JOURNAL_VIEW_H
#define LK_MAGIC_JOURNAL_VIEW_H

#include "fabric/livy.h"
#include "magic/view.h"

/* "accepted", "refused", "unknown", "being submitted" by another kernel. An intent without an
 * outcome from a process that died is unknown. */
const char *lk_journal_outcome_text(const struct lk_journal_entry *entry);
/* {"submit_id", "name", "service_name", "file", "sha256", "service", "endpoint", "outcome", "how",
 * "batch_id", "submitted", "resubmit_of", "resubmitted", "state", "batch_outcome"}. batch may be
 * NULL. New. */
LK_MUST_USE json_t *lk_journal_value(const struct lk_journal_entry *entry,
                                     const struct lk_livy_batch *batch);
/* Batch, outcome, state, time, service, batch id, submit id. batch may be NULL; then state says why
 * there is none. */
LK_MUST_USE struct lk_table *lk_journal_table_new(void);
void lk_journal_row(const struct lk_journal_entry *entry, const struct lk_livy_batch *batch,
                    const char *state, bool with_service, struct lk_table *table);

#endif
