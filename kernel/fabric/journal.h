/* The journal of submissions: append-only JSON lines in the state folder, 0600, each
 * line fsynced before the next step, so that no batch is ever lost (DESIGN §4.1, §4.2).
 * Never holds a token. Executor thread; several processes may append.
 *
 * A submission is an intent, written before the request leaves, and an outcome after it. An intent
 * without an outcome is either under way in a process that lives, or its process died in between.
 * The two are told apart by a lock on one byte of a file beside the journal, which the system drops
 * when its owner dies, however it dies: no process ids, which mean nothing in another container and
 * are given out again. */
#ifndef LK_FABRIC_JOURNAL_H
#define LK_FABRIC_JOURNAL_H

#include "base/clock.h"
#include "base/error.h"

#include <stdint.h>

struct lk_journal;

/* Opens nothing yet: the file is made at the first append. Copies path. */
LK_MUST_USE struct lk_journal *lk_journal_new(const char *path, struct lk_clock *clock);
/* Submissions still under way are left to be settled by the next process. */
void lk_journal_free(struct lk_journal *journal);

/* What is about to be sent. Everything but submit_id and endpoint may be empty. */
struct lk_journal_intent {
    struct lk_str submit_id;    /* a fresh UUID */
    struct lk_str endpoint;     /* the service's base address */
    struct lk_str service;      /* kind of the service: "fabric", … */
    struct lk_str name;         /* as the user gave it */
    struct lk_str service_name; /* as it is sent, where it differs (livy_marker.h) */
    struct lk_str file;         /* its query stays out: lk_journal_file() */
    struct lk_str sha256;       /* of the payload, in hex, when it is known */
    struct lk_str resubmit_of;  /* submit id of the unknown one that this one follows */
    struct lk_str sweep;        /* what it is a member of; empty: of nothing */
    int64_t member;             /* which one, counted from 0 */
};
/* Before the POST. From here to its outcome the submission counts as under way. */
LK_MUST_USE enum lk_status lk_journal_begin(struct lk_journal *journal,
                                            const struct lk_journal_intent *intent,
                                            struct lk_error *err);

/* A file's address as the journal has it: without a query, for that is where a signature stands
 * that lets anybody read it (SAS). Borrows. Pure. */
struct lk_str lk_journal_file(struct lk_str file);

enum lk_journal_outcome { LK_JOURNAL_ACCEPTED, LK_JOURNAL_REFUSED, LK_JOURNAL_UNKNOWN };
/* After it. batch_id is empty unless accepted. how: one word on where it was learnt, "answered",
 * "found", "recovered". The submission is no longer under way, also when the line cannot be
 * written. */
LK_MUST_USE enum lk_status lk_journal_outcome(struct lk_journal *journal, struct lk_str submit_id,
                                              enum lk_journal_outcome outcome,
                                              struct lk_str batch_id, const char *how,
                                              struct lk_error *err);

/* An intent with what became of it. Of several outcomes accepted counts before refused and refused
 * before unknown, for processes may look and write at the same time. */
struct lk_journal_entry {
    char submit_id[40];
    char endpoint[1024];
    char service[16];
    char name[256];
    char service_name[256]; /* empty: as name */
    char file[1024];
    char sha256[65];
    char resubmit_of[40];
    char sweep[40]; /* empty: it is no member of a sweep */
    int64_t member;
    bool was_locked; /* the intent was written under the lock */

    char batch_id[64];
    char how[16];
    int64_t intent_unix_ms;
    int64_t outcome_unix_ms; /* when the outcome was written last; 0: there is none */
    bool has_outcome;
    bool in_flight;   /* no outcome, and the process that sends it is alive */
    bool resubmitted; /* a newer submission follows this one */
    enum lk_journal_outcome outcome;
};
/* Whether it may run without anybody knowing: an outcome of unknown, or none from a dead process.
 */
bool lk_journal_is_unsettled(const struct lk_journal_entry *entry);
/* The newest max submissions, newest first; lines that make no sense are skipped and counted.
 * *ret is malloc'd. A missing file is no submissions. */
LK_MUST_USE enum lk_status lk_journal_read(struct lk_journal *journal, size_t max,
                                           struct lk_journal_entry **ret, size_t *ret_count,
                                           size_t *ret_bad_lines, struct lk_error *err);
/* All that were not refused of every sweep whose id begins with `sweep`, newest first, as above. A
 * full service refuses members by the thousand, and those must not push out what was accepted. */
LK_MUST_USE enum lk_status lk_journal_read_sweep(struct lk_journal *journal, struct lk_str sweep,
                                                 struct lk_journal_entry **ret, size_t *ret_count,
                                                 struct lk_error *err);
/* Claims some work at a service by name, for as long as this process lives or until it is given
 * back. LK_EXISTS: another one that lives is at it. Where the file system knows no locks every
 * claim is granted. What the journal says of that work is read under the claim, or it may be old.
 */
LK_MUST_USE enum lk_status lk_journal_claim(struct lk_journal *journal, struct lk_str endpoint,
                                            struct lk_str name, struct lk_error *err);
void lk_journal_unclaim(struct lk_journal *journal, struct lk_str endpoint, struct lk_str name);
/* Whether two base addresses are one service: livy-local has other ports after each start, and is
 * the same service all the same. Pure. */
bool lk_journal_is_same_service(struct lk_str a, struct lk_str b);

#endif
