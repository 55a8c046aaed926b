#include "magic/sweep_journal.h"

#include <stdio.h>
#include <string.h>

static bool is_here(const struct lk_sweep_log *log, const struct lk_journal_entry *entry)
{
    return entry->sweep[0] &&
           lk_journal_is_same_service(lk_str_from(entry->endpoint), log->endpoint);
}

bool lk_sweep_newest_run(const struct lk_sweep_log *log, const char *identity,
                         char ret_id[LK_SWEEP_ID_SIZE])
{
    for (size_t i = 0; i < log->count; i++) {
        const struct lk_journal_entry *entry = &log->entries[i];
        struct lk_str of, run;
        if (!is_here(log, entry) || !lk_str_split(lk_str_from(entry->sweep), '-', &of, &run) ||
            !lk_str_eq(of, lk_str_from(identity)))
            continue;
        snprintf(ret_id, LK_SWEEP_ID_SIZE, "%s", entry->sweep);
        return true;
    }
    return false;
}

const struct lk_journal_entry *lk_sweep_entry(const struct lk_sweep_log *log, const char *id,
                                              size_t member)
{
    for (size_t i = 0; i < log->count; i++)
        if (is_here(log, &log->entries[i]) && strcmp(log->entries[i].sweep, id) == 0 &&
            log->entries[i].member == (int64_t)member)
            return &log->entries[i];
    return NULL;
}

static int attempts_of(const struct lk_sweep_log *log, const char *id, size_t member)
{
    int count = 0;

    for (size_t i = 0; i < log->count; i++) {
        const struct lk_journal_entry *entry = &log->entries[i];
        count += is_here(log, entry) && strcmp(entry->sweep, id) == 0 &&
                 entry->member == (int64_t)member &&
                 !(entry->has_outcome && entry->outcome == LK_JOURNAL_REFUSED);
    }
    return count;
}

size_t lk_sweep_recall(const struct lk_sweep_log *log, const char *id, struct lk_sweep_plan *plan)
{
    size_t accepted = 0;

    for (size_t i = 0; i < plan->count; i++) {
        const struct lk_journal_entry *entry = lk_sweep_entry(log, id, i);
        struct lk_sweep_member *member = &plan->members[i];
        if (!entry)
            continue;
        member->attempts = attempts_of(log, id, i);
        if (!entry->has_outcome || entry->outcome == LK_JOURNAL_UNKNOWN) {
            member->state = LK_MEMBER_UNKNOWN;
            snprintf(member->why, sizeof member->why, "its submission was not answered");
        } else if (entry->outcome == LK_JOURNAL_ACCEPTED) {
            member->state = LK_MEMBER_GOING;
            member->recalled = true;
            snprintf(member->batch_id, sizeof member->batch_id, "%s", entry->batch_id);
            accepted++;
        }
    }
    return accepted;
}
