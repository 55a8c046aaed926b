/* %batch recover: settles submissions whose answer was lost, or whose kernel died in between. */
#include "fabric/livy_marker.h"
#include "fabric/livy_settle.h"
#include "magic/batch_target.h"
#include "magic/journal_view.h"

#include <stdio.h>
#include <stdlib.h>

enum { JOURNAL_LOOK_BACK = 2000, ASKED_MAX = 50, ROWS_SHOWN = 50, PREFIX_MIN = 8 };

#define RECENT_MS (INT64_C(7) * 24 * 3600 * 1000)

static const struct lk_option options[] = {
    {"all", NULL, "those older than a week and those submitted again as well", false},
};

struct recovery {
    struct lk_context *context;
    struct lk_livy *livy;
    struct lk_str target; /* empty: all that is unsettled */
    bool all;
    size_t matched, unknown, put_off;
    json_t *submissions;
    struct lk_table *table;
};

static bool is_meant(struct lk_str target, const struct lk_journal_entry *entry)
{
    struct lk_str submit_id = lk_str_from(entry->submit_id);

    return lk_str_eq(target, lk_str_from(entry->name)) ||
           lk_str_eq(target, lk_str_from(entry->service_name)) ||
           lk_str_eq(target, lk_str_from(entry->batch_id)) ||
           lk_livy_marker_is(target, submit_id) ||
           (target.len >= PREFIX_MIN && lk_str_starts(submit_id, target));
}

/* Whether it is looked at. What is settled is only told about when it was named. */
static bool is_wanted(const struct recovery *r, const struct lk_journal_entry *entry)
{
    struct lk_clock *clock = r->context->options.clock;
    int64_t age_ms = clock->unix_ms(clock) - entry->intent_unix_ms;

    if (!lk_journal_is_same_service(lk_str_from(entry->endpoint),
                                    lk_str_from(r->context->endpoint.base)))
        return false;
    if (r->target.len)
        return is_meant(r->target, entry);
    return (lk_journal_is_unsettled(entry) || (!entry->has_outcome && entry->in_flight)) &&
           (r->all || (age_ms < RECENT_MS && !entry->resubmitted));
}

static void remember(struct recovery *r, const struct lk_livy_batch *batch)
{
    struct lk_context *context = r->context;

    lk_batch_seen(context, batch);
    if (!context->last_batch[0])
        snprintf(context->last_batch, sizeof context->last_batch, "%s", batch->id);
}

static enum lk_status recover_one(struct recovery *r, struct lk_journal_entry *entry, bool ask,
                                  struct lk_cancel *cancel, struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    const char *state = entry->in_flight ? "another kernel is at it" : "";
    enum lk_status st = LK_NOT_FOUND;

    if (lk_journal_is_unsettled(entry) && ask)
        st = lk_livy_settle(r->livy, entry, cancel, &batch, err);
    else if (lk_journal_is_unsettled(entry))
        r->put_off++;
    if (!st)
        remember(r, &batch);
    if (st == LK_EXISTS)
        state = "never started";
    if (lk_journal_is_unsettled(entry)) {
        r->unknown++;
        state = "not there";
    }
    json_array_append_new(r->submissions, lk_journal_value(entry, st ? NULL : &batch));
    lk_journal_row(entry, st ? NULL : &batch, state, false, r->table);
    return st == LK_EXISTS || st == LK_NOT_FOUND ? LK_OK : st;
}

static int compare_last_looked_for(const void *left, const void *right)
{
    const struct lk_journal_entry *const *a = left, *const *b = right;
    int64_t x = (*a)->outcome_unix_ms, y = (*b)->outcome_unix_ms;

    return x < y ? -1 : x > y;
}

/* Those that are asked for now: of many, the ones that were looked for longest ago. Else what is
 * not there would hide what is, each time anew. */
static size_t choose(const struct recovery *r, struct lk_journal_entry *entries, size_t count,
                     const struct lk_journal_entry **ret)
{
    size_t chosen = 0;

    for (size_t i = 0; i < count; i++)
        if (is_wanted(r, &entries[i]) && lk_journal_is_unsettled(&entries[i]))
            ret[chosen++] = &entries[i];
    if (chosen)
        qsort(ret, chosen, sizeof *ret, compare_last_looked_for);
    return chosen < ASKED_MAX ? chosen : ASKED_MAX;
}

static bool is_among(const struct lk_journal_entry *entry,
                     const struct lk_journal_entry *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == entry)
            return true;
    return false;
}

static enum lk_status recover_all(struct recovery *r, struct lk_cancel *cancel,
                                  struct lk_error *err)
{
    struct lk_journal_entry *entries = NULL;
    const struct lk_journal_entry **asked;
    size_t count = 0, bad = 0, asked_count;
    enum lk_status st =
        lk_journal_read(r->context->journal, JOURNAL_LOOK_BACK, &entries, &count, &bad, err);

    if (st)
        return st;
    asked = lk_alloc((count + 1) * sizeof *asked);
    asked_count = choose(r, entries, count, asked);
    for (size_t i = 0; i < count && !st; i++)
        if (is_wanted(r, &entries[i])) {
            r->matched++;
            st =
                recover_one(r, &entries[i], is_among(&entries[i], asked, asked_count), cancel, err);
        }
    free(asked);
    free(entries);
    return st;
}

static enum lk_status tell_none(const struct recovery *r, struct lk_answer *ret,
                                struct lk_error *err)
{
    if (r->target.len) {
        lk_error_set(err, LK_NOT_FOUND, "NoSubmission",
                     "the journal has no submission '%.*s' to this service",
                     LK_STR_ARGS(lk_str_cut(r->target, LK_TITLE_SHOWN)));
        return lk_error_next(err, "%%batch history shows those it has; --all those to other "
                                  "services, too.");
    }
    ret->place = LK_VALUE_HIDDEN;
    lk_buf_put(&ret->plain, LK_STR("Every submission to this service is settled."));
    lk_buf_put(&ret->markdown, lk_buf_view(&ret->plain));
    return LK_OK;
}

/* Unknown is no success: a script must be able to tell. */
static enum lk_status tell_unknown(const struct recovery *r, struct lk_error *err)
{
    lk_error_set(err, LK_UNKNOWN, "StillUnknown",
                 "%zu submission%s still unknown: the service shows no such batch", r->unknown,
                 r->unknown == 1 ? " is" : "s are");
    if (r->put_off)
        return lk_error_next(err,
                             "%zu of them were not asked for: `%%batch recover` goes on with "
                             "them.",
                             r->put_off);
    return lk_error_next(err, "Look again later. When you know that it does not run, or may run "
                              "twice, `%%batch submit … --resubmit` submits it again.");
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    struct recovery r = {
        .context = context, .target = lk_args_positional(args, 0), .all = lk_args_has(args, "all")};
    enum lk_status st = lk_context_livy(context, &r.livy, err);

    (void)body;
    if (st)
        return st;
    ret->value = json_object();
    json_object_set_new(ret->value, "kind", json_string("batch.recover"));
    json_object_set_new(ret->value, "submissions", r.submissions = json_array());
    r.table = lk_journal_table_new();
    st = recover_all(&r, cell->cancel, err);
    json_object_set_new(ret->value, "unknown", json_integer((json_int_t)r.unknown));
    if (r.matched)
        lk_table_write(r.table, ROWS_SHOWN, &ret->markdown, &ret->plain);
    lk_table_free(r.table);
    if (!st && !r.matched)
        return tell_none(&r, ret, err);
    return st || !r.unknown ? st : tell_unknown(&r, err);
}

const struct lk_magic lk_magic_batch_recover = {
    .name = "batch",
    .verb = "recover",
    .summary = "find out what became of submissions whose answer was lost",
    .usage = "%batch recover [ID | NAME] [--all]",
    .details = "Looks for each by its marker and writes what it finds into the journal; it never "
               "submits anything. Without ID or NAME: every submission to this service of the last "
               "seven days whose outcome is unknown. ID is a submit id (or its first 8 digits) or "
               "a batch's id. What another running kernel is submitting right now is left alone.",
    .options = options,
    .option_count = LK_COUNT(options),
    .positional_max = 1,
    .takes = {{LK_TAKES_BATCH}},
    .flags = LK_MAGIC_LINE | LK_MAGIC_ACTS,
    .run = run,
};
