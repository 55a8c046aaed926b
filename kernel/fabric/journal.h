/* The journal of submissions: append-only JSON lines in the state folder, 0600, each
 * line fsynced before the next step, so that no batch is ever lost (DESIGN §4.1, §4.2).
 * Never holds a token. Executor thread; several processes may append. */
#ifndef LK_FABRIC_JOURNAL_H
#define LK_FABRIC_JOURNAL_H

#include "base/clock.h"
#include "base/error.h"

#include <stdint.h>

struct lk_journal;

/* Opens nothing yet: the file is made at the first append. Copies path. */
LK_MUST_USE struct lk_journal *lk_journal_new(const char *path, struct lk_clock *clock);
void lk_journal_free(struct lk_journal *journal);

/* Before the POST. submit_id is a fresh UUID. */
LK_MUST_USE enum lk_status lk_journal_intent(struct lk_journal *journal, struct lk_str submit_id,
                                             struct lk_str endpoint, struct lk_str name,
                                             struct lk_str file, struct lk_error *err);
enum lk_journal_outcome { LK_JOURNAL_ACCEPTED, LK_JOURNAL_REFUSED, LK_JOURNAL_UNKNOWN };
/* After it. batch_id is empty unless accepted. */
LK_MUST_USE enum lk_status lk_journal_outcome(struct lk_journal *journal, struct lk_str submit_id,
                                              enum lk_journal_outcome outcome,
                                              struct lk_str batch_id, struct lk_error *err);

struct lk_journal_entry {
    char submit_id[40];
    char endpoint[1024];
    char name[256];
    char file[1024];
    char batch_id[64];
    int64_t intent_unix_ms;
    bool has_outcome;
    enum lk_journal_outcome outcome;
};
/* The newest max submissions, newest first; lines that make no sense are skipped and counted.
 * *ret is malloc'd. A missing file is no submissions. */
LK_MUST_USE enum lk_status lk_journal_read(struct lk_journal *journal, size_t max,
                                           struct lk_journal_entry **ret, size_t *ret_count,
                                           size_t *ret_bad_lines, struct lk_error *err);

#endif
