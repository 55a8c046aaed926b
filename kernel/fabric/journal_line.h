/* One line of the journal: text ↔ struct. Pure; any thread. */
#ifndef LK_FABRIC_JOURNAL_LINE_H
#define LK_FABRIC_JOURNAL_LINE_H

#include "base/buf.h"
#include "fabric/journal.h"

struct lk_journal_line {
    bool is_outcome;               /* else an intent */
    struct lk_journal_entry entry; /* of an outcome only submit_id, outcome and batch_id */
};

/* Appends the line with its "\n"; never a line break inside. */
void lk_journal_line_write(const struct lk_journal_line *line, struct lk_buf *ret);
/* false for anything that is no such line, a torn one included. */
LK_MUST_USE bool lk_journal_line_read(struct lk_str text, struct lk_journal_line *ret);
/* What tells a service: its base address, but of livy-local without the port. Borrowed from base.
 */
struct lk_str lk_journal_service(struct lk_str base);

#endif
