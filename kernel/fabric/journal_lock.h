/* "This submission is under way", as a lock that dies with its process. One byte for each
 * submission, in a file beside the journal that stays empty. Inside fabric/ only. */
#ifndef LK_FABRIC_JOURNAL_LOCK_H
#define LK_FABRIC_JOURNAL_LOCK_H

#include "base/str.h"

struct lk_journal_lock {
    char *path; /* owned */
    int fd;     /* -1: not opened yet, or it cannot be */
};

/* For the journal at path. */
void lk_journal_lock_init(struct lk_journal_lock *ret, const char *journal_path);
/* Drops every lock taken. */
void lk_journal_lock_done(struct lk_journal_lock *lock);
/* false where the file system knows no locks; then the age of an intent has to tell. */
LK_MUST_USE bool lk_journal_lock_take(struct lk_journal_lock *lock, struct lk_str submit_id);
void lk_journal_lock_drop(struct lk_journal_lock *lock, struct lk_str submit_id);
/* Whether a living process, this one included, has taken it. */
bool lk_journal_lock_is_taken(const struct lk_journal_lock *lock, struct lk_str submit_id);

#endif
