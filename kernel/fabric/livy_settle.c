#include "fabric/livy_settle.h"

#include "base/log.h"
#include "base/timefmt.h"
#include "fabric/livy_lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JOURNAL_LOOK_BACK = 1000, ASK_AGAIN_MS = 3000 };

/* ---- one entry ----------------------------------------------------------------------------- */

/* The intent is on disk, so what cannot be written now is found again later. */
static void write_outcome(struct lk_livy *livy, struct lk_journal_entry *entry,
                          enum lk_journal_outcome outcome, const char *batch_id)
{
    struct lk_error err;

    if (lk_journal_outcome(livy->options.journal, lk_str_from(entry->submit_id), outcome,
                           lk_str_from(batch_id), "recovered", &err))
        lk_log(LK_LOG_WARN, "%s", err.message);
    entry->has_outcome = true;
    entry->outcome = outcome;
    (void)snprintf(entry->batch_id, sizeof(entry->batch_id), "%s", batch_id);
    (void)snprintf(entry->how, sizeof(entry->how), "recovered");
}

static enum lk_status look(struct lk_livy *livy, const struct lk_journal_entry *entry,
                           struct lk_cancel *cancel, struct lk_livy_batch *ret,
                           struct lk_error *err)
{
    struct lk_livy_sought sought = {
        .submit_id = lk_str_from(entry->submit_id),
        .name = lk_str_from(entry->name),
        .service_name = lk_str_from(entry->service_name[0] ? entry->service_name : entry->name),
        .began_unix_ms = entry->intent_unix_ms,
    };
    /* Once, but a record that looks refused is asked for again. */
    const struct lk_livy_patience patience = {.window_ms = ASK_AGAIN_MS};
    enum lk_status st = lk_livy_look_for(livy, &sought, &patience, cancel, ret, err);

    if (st != LK_NOT_FOUND)
        return st;
    return lk_livy_look_in_history(livy, &sought, cancel, ret, err);
}

enum lk_status lk_livy_settle(struct lk_livy *livy, struct lk_journal_entry *entry,
                              struct lk_cancel *cancel, struct lk_livy_batch *ret,
                              struct lk_error *err)
{
    enum lk_status st = look(livy, entry, cancel, ret, err);

    if (!st)
        write_outcome(livy, entry, LK_JOURNAL_ACCEPTED, ret->id);
    else if (st == LK_EXISTS)
        write_outcome(livy, entry, LK_JOURNAL_REFUSED, "");
    else if (st == LK_NOT_FOUND) /* once more: when it was looked for last is worth knowing */
        write_outcome(livy, entry, LK_JOURNAL_UNKNOWN, "");
    return st;
}

/* ---- one in the way -------------------------------------------------------------------------- */

static bool is_same_work(const struct lk_livy *livy, const struct lk_journal_entry *entry,
                         struct lk_str name, struct lk_str file)
{
    return lk_str_eq(lk_str_from(entry->name), name) &&
           lk_str_eq(lk_journal_file(lk_str_from(entry->file)),
                     lk_str_cut(lk_journal_file(file), sizeof(entry->file) - 1)) &&
           lk_journal_is_same_service(lk_str_from(entry->endpoint),
                                      lk_str_from(livy->options.endpoint->base));
}

/* The newest of the same work; all zero when there is none. */
static enum lk_status newest_of(struct lk_livy *livy, struct lk_str name, struct lk_str file,
                                struct lk_journal_entry *ret, struct lk_error *err)
{
    struct lk_journal_entry *entries = NULL;
    size_t count = 0, bad = 0;
    enum lk_status st =
        lk_journal_read(livy->options.journal, JOURNAL_LOOK_BACK, &entries, &count, &bad, err);

    memset(ret, 0, sizeof(*ret));
    for (size_t i = 0; i < count && !st; i++)
        if (is_same_work(livy, &entries[i], name, file)) {
            *ret = entries[i];
            break;
        }
    free(entries);
    return st;
}

static enum lk_status tell_arrived(const struct lk_journal_entry *entry,
                                   const struct lk_livy_batch *batch, struct lk_error *err)
{
    char when[LK_TIME_TEXT_MAX];

    lk_time_text(entry->intent_unix_ms, when);
    lk_error_set(err, LK_EXISTS, "SubmittedBefore",
                 "the submission of '%s' of %s, whose answer was lost, did arrive: it is batch %s "
                 "(%s). Nothing was submitted now",
                 entry->name, when, batch->id,
                 batch->end == LK_BATCH_GOING ? batch->state : lk_batch_end_name(batch->end));
    return lk_error_next(err,
                         "`%%batch monitor %s` follows it. To run it a second time, submit "
                         "again.",
                         batch->id);
}

/* looked: how the look for it ended. Silence is not the same as "not there". */
static enum lk_status tell_unknown(const struct lk_journal_entry *entry, enum lk_status looked,
                                   struct lk_error *err)
{
    char when[LK_TIME_TEXT_MAX];

    lk_time_text(entry->intent_unix_ms, when);
    lk_error_set(err, LK_UNKNOWN, "UnknownBefore",
                 "the answer to the submission of '%s' of %s was lost, and Livy %s: it may run. "
                 "Nothing was submitted now",
                 entry->name, when,
                 looked == LK_NOT_FOUND ? "shows no such batch yet"
                                        : "does not tell whether it has such a batch");
    return lk_error_next(err, "`%%batch recover` looks for it again and never submits. When you "
                              "know that it does not run, or may run twice, add --resubmit.");
}

enum lk_status lk_livy_check_former(struct lk_livy *livy, struct lk_str name, struct lk_str file,
                                    bool resubmit, struct lk_cancel *cancel, char ret_followed[40],
                                    struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    struct lk_clock *clock = livy->options.clock;
    struct lk_journal_entry entry;
    enum lk_status st = newest_of(livy, name, file, &entry, err);

    ret_followed[0] = '\0';
    if (st || !entry.submit_id[0] || !lk_journal_is_unsettled(&entry) ||
        clock->unix_ms(clock) - entry.intent_unix_ms > LK_LIVY_IN_THE_WAY_MS)
        return st;
    st = lk_livy_settle(livy, &entry, cancel, &batch, err);
    if (st == LK_CANCELLED)
        return st;
    if (!st)
        return tell_arrived(&entry, &batch, err);
    if (st == LK_EXISTS) /* the service refused it */
        return LK_OK;
    if (!resubmit)
        return tell_unknown(&entry, st, err);
    (void)snprintf(ret_followed, 40, "%s", entry.submit_id);
    return LK_OK;
}
