/* Settling submissions of the journal whose outcome is unknown: the kernel was killed between the
 * intent and the outcome, or the answer was lost and the batch did not show in time. Never submits
 * anything. Executor thread. */
#ifndef LK_FABRIC_LIVY_SETTLE_H
#define LK_FABRIC_LIVY_SETTLE_H

#include "fabric/livy.h"

/* Looks for the batch of an entry of this service and writes what was found into the journal and
 * into entry. LK_OK: it was accepted, and ret is the batch. LK_EXISTS: it was refused; nothing
 * runs. LK_NOT_FOUND: the service shows none, and it stays unknown. Else the service could not be
 * asked, or LK_CANCELLED. */
LK_MUST_USE enum lk_status lk_livy_settle(struct lk_livy *livy, struct lk_journal_entry *entry,
                                          struct lk_cancel *cancel, struct lk_livy_batch *ret,
                                          struct lk_error *err);

/* A submission of the same work stands in the way of another while its outcome is unknown: the
 * newest one in the journal of the same service (livy-local on any port), name and file, whatever
 * its settings and arguments, sent within the last LK_LIVY_IN_THE_WAY_MS. One that another running
 * kernel is sending right now does not. */
#define LK_LIVY_IN_THE_WAY_MS (INT64_C(12) * 3600 * 1000)

/* LK_OK: nothing stands in the way; ret_followed is the submit id of an unknown one that `resubmit`
 * passes over, else empty. What stands in the way is looked for first: LK_EXISTS
 * "SubmittedBefore": it did arrive, and err.next says how to follow it. LK_UNKNOWN
 * "UnknownBefore": it is still unknown, and err.next has both ways out. */
LK_MUST_USE enum lk_status lk_livy_check_former(struct lk_livy *livy, struct lk_str name,
                                                struct lk_str file, bool resubmit,
                                                struct lk_cancel *cancel, char ret_followed[40],
                                                struct lk_error *err);

#endif
