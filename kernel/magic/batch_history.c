/* %batch history: what was submitted from here, by any kernel, and what the service still says. */
#include "fabric/livy_marker.h"
#include "magic/context.h"
#include "magic/journal_view.h"

#include <stdlib.h>
#include <string.h>

enum {
    HISTORY_DEFAULT = 20,
    HISTORY_MAX = 500,
    JOURNAL_LOOK_BACK = 2000,
    LISTED_MAX = 100,
    ROWS_SHOWN = 30
};

static const struct lk_option options[] = {
    {"max", "N", "how many; 20 by default", false},
    {"all", NULL, "submissions to every service, not only to this one", false},
};

struct history {
    struct lk_context *context;
    struct lk_journal_entry *entries; /* those shown, newest first */
    size_t count, bad_lines;
    struct lk_livy_list list; /* of the service; empty when it was not asked */
    bool was_asked;
    struct lk_error why_not; /* it was asked and did not answer */
};

static void history_done(struct history *h)
{
    free(h->entries);
    lk_livy_list_done(&h->list);
}

static bool is_here(const struct lk_context *context, const struct lk_journal_entry *entry)
{
    return context->connected && lk_journal_is_same_service(lk_str_from(entry->endpoint),
                                                            lk_str_from(context->endpoint.base));
}

static enum lk_status read_journal(struct history *h, size_t max, bool all, struct lk_error *err)
{
    size_t count = 0, kept = 0;
    enum lk_status st = lk_journal_read(h->context->journal, all ? max : JOURNAL_LOOK_BACK,
                                        &h->entries, &count, &h->bad_lines, err);

    for (size_t i = 0; i < count && kept < max && !st; i++)
        if (all || is_here(h->context, &h->entries[i]))
            h->entries[kept++] = h->entries[i];
    h->count = kept;
    return st;
}

/* One list call, when there is anything to learn. The journal is worth showing without it. */
static enum lk_status ask_service(struct history *h, struct lk_cancel *cancel, struct lk_error *err)
{
    struct lk_livy *livy;
    bool any = false;
    enum lk_status st;

    for (size_t i = 0; i < h->count; i++)
        any = any || (h->entries[i].batch_id[0] && is_here(h->context, &h->entries[i]));
    if (!any)
        return LK_OK;
    st = lk_context_livy(h->context, &livy, &h->why_not);
    if (!st)
        st = lk_livy_list(livy, LISTED_MAX, cancel, &h->list, &h->why_not);
    h->was_asked = !st;
    if (st != LK_CANCELLED)
        return LK_OK;
    *err = h->why_not;
    return st;
}

/* Ids of some services begin at 0 again when the server restarts: the marker must be ours, too. */
static const struct lk_livy_batch *batch_of(const struct history *h,
                                            const struct lk_journal_entry *entry)
{
    bool by_name = h->context->endpoint.profile->marker == LK_LIVY_MARKER_NAME;

    for (size_t i = 0; i < h->list.count; i++) {
        const struct lk_livy_batch *batch = &h->list.batches[i];
        struct lk_str shown = lk_str_from(batch->submit_id);
        if (strcmp(batch->id, entry->batch_id) != 0)
            continue;
        if ((!shown.len && !by_name) || lk_livy_marker_is(shown, lk_str_from(entry->submit_id)))
            return batch;
    }
    return NULL;
}

static const char *state_without(const struct history *h, const struct lk_journal_entry *entry)
{
    bool is_whole = h->list.total >= 0 && (size_t)h->list.total <= h->list.count;

    return h->was_asked && is_whole && entry->batch_id[0] ? "not there any more" : "";
}

static void write_rows(const struct history *h, bool all, json_t *submissions,
                       struct lk_answer *ret)
{
    struct lk_table *table = lk_journal_table_new();

    for (size_t i = 0; i < h->count; i++) {
        const struct lk_journal_entry *entry = &h->entries[i];
        bool here = is_here(h->context, entry);
        const struct lk_livy_batch *batch = here && entry->batch_id[0] ? batch_of(h, entry) : NULL;
        json_array_append_new(submissions, lk_journal_value(entry, batch));
        lk_journal_row(entry, batch, here ? state_without(h, entry) : "", all, table);
    }
    lk_table_write(table, ROWS_SHOWN, &ret->markdown, &ret->plain);
    lk_table_free(table);
}

static void put_note(struct lk_answer *ret, struct lk_str note)
{
    lk_buf_put(&ret->markdown, LK_STR("\n\n"));
    lk_markdown_escape(note, &ret->markdown);
    if (ret->plain.len && !lk_str_ends(lk_buf_view(&ret->plain), LK_STR("\n")))
        lk_buf_put_char(&ret->plain, '\n');
    lk_buf_put(&ret->plain, note);
}

static void write_notes(const struct history *h, struct lk_answer *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf note = LK_BUF_INIT(4096);
    size_t unsettled = 0;

    for (size_t i = 0; i < h->count; i++)
        unsettled += lk_journal_is_unsettled(&h->entries[i]) && !h->entries[i].resubmitted;
    if (unsettled)
        lk_buf_printf(&note, "%zu unknown: %%batch recover looks for them. ", unsettled);
    if (h->why_not.message[0])
        lk_buf_printf(&note, "The service was not asked: %s. ", h->why_not.message);
    if (h->bad_lines)
        lk_buf_printf(&note, "%zu lines of the journal cannot be read.", h->bad_lines);
    if (note.len)
        put_note(ret, lk_str_trim(lk_buf_view(&note)));
}

static enum lk_status read_max(const struct lk_args *args, int64_t *ret, struct lk_error *err)
{
    *ret = HISTORY_DEFAULT;
    return lk_args_number(args, "max", 1, HISTORY_MAX, "%batch history --max 50", ret, err);
}

static void say_none(bool all, struct lk_answer *ret)
{
    ret->place = LK_VALUE_HIDDEN;
    lk_buf_printf(&ret->plain, "Nothing was submitted%s from this machine yet.%s",
                  all ? "" : " to this service", all ? "" : " --all shows other services, too.");
    lk_buf_put(&ret->markdown, lk_buf_view(&ret->plain));
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    LK_CLEANUP(history_done) struct history h = {.context = context, .list = {.total = -1}};
    /* Before a service is chosen there is nothing to leave out. */
    bool all = lk_args_has(args, "all") || !context->connected;
    json_t *submissions;
    int64_t max;
    enum lk_status st = read_max(args, &max, err);

    (void)body;
    if (!st)
        st = read_journal(&h, (size_t)max, all, err);
    if (!st)
        st = ask_service(&h, cell->cancel, err);
    if (st)
        return st;
    ret->value = json_object();
    json_object_set_new(ret->value, "kind", json_string("batch.history"));
    json_object_set_new(ret->value, "submissions", submissions = json_array());
    if (h.count)
        write_rows(&h, all, submissions, ret);
    else
        say_none(all, ret);
    write_notes(&h, ret);
    return LK_OK;
}

const struct lk_magic lk_magic_batch_history = {
    .name = "batch",
    .verb = "history",
    .summary = "what was submitted from this machine, and what became of it",
    .usage = "%batch history [--max N] [--all]",
    .details = "Reads the journal of every kernel of this user on this machine, and asks the "
               "service once for what it still knows. %batch list shows what others submitted.",
    .options = options,
    .option_count = LK_COUNT(options),
    .flags = LK_MAGIC_LINE,
    .run = run,
};
