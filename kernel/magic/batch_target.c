#include "magic/batch_target.h"

#include "base/timefmt.h"
#include "fabric/livy_link.h"

#include <stdio.h>
#include <stdlib.h>

enum { JOURNAL_LOOK_BACK = 200 };

bool lk_batch_is_id(struct lk_str text)
{
    int64_t number;

    return lk_str_is_guid(text) || lk_str_to_i64(text, &number);
}

bool lk_batch_is_of_service(const struct lk_context *context, const struct lk_journal_entry *entry)
{
    return lk_journal_is_same_service(lk_str_from(entry->endpoint),
                                      lk_str_from(context->endpoint.base));
}

static void put_target(const char *id, const char *name, struct lk_livy_batch *ret)
{
    snprintf(ret->id, sizeof ret->id, "%s", id);
    snprintf(ret->name, sizeof ret->name, "%s", name);
}

/* The newest submission of that name, empty for any, that was accepted; no id when there is none.
 */
static enum lk_status find_in_journal(struct lk_context *context, struct lk_str name,
                                      struct lk_livy_batch *ret, struct lk_error *err)
{
    struct lk_journal_entry *entries = NULL;
    size_t count = 0, bad = 0;
    enum lk_status st;

    st = lk_journal_read(context->journal, JOURNAL_LOOK_BACK, &entries, &count, &bad, err);
    if (st)
        return st;
    for (size_t i = 0; i < count && !ret->id[0]; i++)
        if (entries[i].batch_id[0] && lk_batch_is_of_service(context, &entries[i]) &&
            (!name.len || lk_str_eq(lk_str_from(entries[i].name), name)))
            put_target(entries[i].batch_id, entries[i].name, ret);
    free(entries);
    return LK_OK;
}

static enum lk_status newest_in_journal(struct lk_context *context, struct lk_livy_batch *ret,
                                        struct lk_error *err)
{
    enum lk_status st = find_in_journal(context, LK_STR_EMPTY, ret, err);

    if (st || ret->id[0])
        return st;
    lk_error_set(err, LK_NOT_FOUND, "NoBatch", "no batch was submitted here yet");
    return lk_error_next(err, "%%batch submit PAYLOAD, or name a batch: %%batch list shows them.");
}

enum lk_status lk_batch_of_name(struct lk_context *context, const struct lk_livy_list *list,
                                struct lk_str name, struct lk_livy_batch *ret, struct lk_error *err)
{
    enum lk_status st = LK_OK;

    for (size_t i = 0; i < list->count && !ret->id[0]; i++) {
        const struct lk_livy_batch *batch = &list->batches[i];
        if (lk_str_eq(lk_str_from(batch->name), name) ||
            lk_str_eq(lk_livy_batch_service_name(batch), name))
            put_target(batch->id, batch->name, ret);
    }
    if (!ret->id[0])
        st = find_in_journal(context, name, ret, err);
    if (st || ret->id[0])
        return st;
    lk_error_set(err, LK_NOT_FOUND, "NoBatch", "no batch is called '%.*s' among the newest %d",
                 LK_STR_ARGS(name), LK_BATCH_NAMES_LOOK_BACK);
    return lk_error_next(err, "%%batch list shows what there is.");
}

static enum lk_status newest_of_name(struct lk_context *context, struct lk_str name,
                                     struct lk_cancel *cancel, struct lk_livy_batch *ret,
                                     struct lk_error *err)
{
    struct lk_livy_list list = {.batches = NULL};
    struct lk_livy *livy;
    enum lk_status st;

    st = lk_context_livy(context, &livy, err);
    if (!st)
        st = lk_livy_list(livy, LK_BATCH_NAMES_LOOK_BACK, cancel, &list, err);
    if (!st)
        st = lk_batch_of_name(context, &list, name, ret, err);
    lk_livy_list_done(&list);
    return st;
}

enum lk_status lk_batch_target(struct lk_context *context, struct lk_str text,
                               struct lk_cancel *cancel, struct lk_livy_batch *ret,
                               struct lk_error *err)
{
    struct lk_livy *livy;
    /* Not connected and not signed in come before "no batch". */
    enum lk_status st = lk_context_livy(context, &livy, err);

    if (st)
        return st;
    if (!text.len && context->last_batch[0]) {
        snprintf(ret->id, sizeof ret->id, "%s", context->last_batch);
        return LK_OK;
    }
    if (!text.len)
        return newest_in_journal(context, ret, err);
    if (lk_livy_is_link(text)) {
        st = lk_livy_link_read(&context->endpoint, text, &text, err);
        if (st)
            return st;
    }
    if (!lk_batch_is_id(text))
        return newest_of_name(context, text, cancel, ret, err);
    snprintf(ret->id, sizeof ret->id, "%.*s", LK_STR_ARGS(text));
    return LK_OK;
}

static void tell_gone(const struct lk_journal_entry *entry, struct lk_error *err)
{
    char when[LK_TIME_TEXT_MAX];

    lk_time_text(entry->intent_unix_ms, when);
    lk_error_set(err, LK_NOT_FOUND, "NotFound",
                 "batch '%s' (%s): the service no longer knows it; submitted from here at %s",
                 entry->name, entry->batch_id, when);
    lk_error_next(err, "It forgets batches that were cancelled, and old ones. `%%batch history` "
                       "has the submission, `%%batch list` what the service still knows.");
}

/* After LK_NOT_FOUND, for a batch that was submitted from here to a service that drops records: err
 * tells that instead, with the time of the submission. Else it stays. */
static void explain_gone(struct lk_context *context, struct lk_str id, struct lk_error *err)
{
    struct lk_journal_entry *entries = NULL;
    size_t count = 0, bad = 0, i = 0;
    struct lk_error ignored;

    if (!context->endpoint.profile->delete_drops_record ||
        lk_journal_read(context->journal, JOURNAL_LOOK_BACK, &entries, &count, &bad, &ignored))
        return;
    while (i < count && !(lk_str_eq(lk_str_from(entries[i].batch_id), id) &&
                          entries[i].outcome == LK_JOURNAL_ACCEPTED &&
                          lk_batch_is_of_service(context, &entries[i])))
        i++;
    if (i < count)
        tell_gone(&entries[i], err);
    free(entries);
}

enum lk_status lk_batch_ask(struct lk_context *context, struct lk_str text,
                            struct lk_cancel *cancel, struct lk_livy_batch *ret,
                            struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch target = LK_LIVY_BATCH_INIT;
    struct lk_livy *livy;
    enum lk_status st = lk_batch_target(context, text, cancel, &target, err);

    if (!st)
        st = lk_context_livy(context, &livy, err);
    if (!st)
        st = lk_livy_get(livy, lk_str_from(target.id), cancel, ret, err);
    if (st == LK_NOT_FOUND && target.id[0])
        explain_gone(context, lk_str_from(target.id), err);
    if (!st)
        lk_batch_seen(context, ret);
    return st;
}

void lk_batch_seen(struct lk_context *context, const struct lk_livy_batch *batch)
{
    lk_seen_add(&context->seen, LK_SEEN_BATCH, lk_str_from(batch->id), lk_str_from(batch->name),
                lk_str_from(batch->state));
}
