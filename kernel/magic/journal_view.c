#include "magic/journal_view.h"

#include "base/timefmt.h"
#include "magic/batch_view.h"

#include <string.h>

enum { NAME_SHOWN = 40 };

const char *lk_journal_outcome_text(const struct lk_journal_entry *entry)
{
    if (!entry->has_outcome)
        return entry->in_flight ? "being submitted" : "unknown";
    switch (entry->outcome) {
    case LK_JOURNAL_ACCEPTED:
        return "accepted";
    case LK_JOURNAL_REFUSED:
        return "refused";
    case LK_JOURNAL_UNKNOWN:
        break;
    }
    return "unknown";
}

static void set(json_t *value, const char *name, const char *text)
{
    lk_json_set_text(value, name, lk_str_from(text));
}

json_t *lk_journal_value(const struct lk_journal_entry *entry, const struct lk_livy_batch *batch)
{
    json_t *value = json_object();
    char when[LK_TIME_TEXT_MAX];

    lk_time_iso8601(entry->intent_unix_ms, when);
    set(value, "submit_id", entry->submit_id);
    set(value, "name", entry->name);
    set(value, "service_name", entry->service_name);
    set(value, "file", entry->file);
    set(value, "sha256", entry->sha256);
    set(value, "service", entry->service);
    set(value, "endpoint", entry->endpoint);
    set(value, "outcome", lk_journal_outcome_text(entry));
    set(value, "how", entry->how);
    set(value, "batch_id", entry->batch_id);
    set(value, "submitted", when);
    set(value, "resubmit_of", entry->resubmit_of);
    if (entry->resubmitted)
        json_object_set_new(value, "resubmitted", json_true());
    if (!batch)
        return value;
    set(value, "state", batch->state);
    set(value, "batch_outcome", lk_batch_end_name(batch->end));
    return value;
}

struct lk_table *lk_journal_table_new(void)
{
    return lk_table_new(7, "Batch", "Submission", "State", "Submitted (UTC)", "Service", "Batch id",
                        "Submit id");
}

static const char *outcome_mark(const struct lk_journal_entry *entry)
{
    if (lk_journal_is_unsettled(entry))
        return "?";
    return !entry->has_outcome ? "…" : entry->outcome == LK_JOURNAL_ACCEPTED ? "✓" : "✗";
}

void lk_journal_row(const struct lk_journal_entry *entry, const struct lk_livy_batch *batch,
                    const char *state, bool with_service, struct lk_table *table)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(NAME_SHOWN * 4);
    LK_CLEANUP(lk_buf_done) struct lk_buf outcome = LK_BUF_INIT(128);
    LK_CLEANUP(lk_buf_done) struct lk_buf shown = LK_BUF_INIT(256);
    LK_CLEANUP(lk_buf_done) struct lk_buf id = LK_BUF_INIT(256);
    LK_CLEANUP(lk_buf_done) struct lk_buf submit_id = LK_BUF_INIT(256);
    char when[LK_TIME_TEXT_MAX];

    lk_text_shorten(lk_str_from(entry->name[0] ? entry->name : "(no name)"), NAME_SHOWN, &name);
    lk_buf_printf(&outcome, "%s %s%s", outcome_mark(entry), lk_journal_outcome_text(entry),
                  entry->resubmitted ? ", submitted again" : "");
    if (batch)
        lk_buf_printf(&shown, "%s %s", lk_batch_mark(batch->end),
                      batch->end == LK_BATCH_GOING ? batch->state : lk_batch_end_name(batch->end));
    else
        lk_buf_put(&shown, lk_str_from(state));
    lk_time_text_short(entry->intent_unix_ms, when);
    lk_markdown_code(lk_str_from(entry->batch_id), &id);
    lk_markdown_code(lk_str_from(entry->submit_id), &submit_id);
    lk_table_row_rich(
        table,
        (struct lk_str[]){lk_buf_view(&name), lk_buf_view(&outcome), lk_buf_view(&shown),
                          lk_str_from(when), lk_str_from(with_service ? entry->service : ""),
                          lk_str_from(entry->batch_id), lk_str_from(entry->submit_id)},
        (struct lk_str[]){LK_STR_EMPTY, LK_STR_EMPTY, LK_STR_EMPTY, LK_STR_EMPTY, LK_STR_EMPTY,
                          lk_buf_view(&id), lk_buf_view(&submit_id)});
}
