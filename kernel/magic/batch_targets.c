#include "magic/batch_targets.h"

#include "magic/batch_target.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    JOURNAL_LOOK_BACK = 1000,
    LIST_LOOK_BACK = 500,
    ASKED_MAX = 100, /* batches of the journal that the list does not show */
};

/* No service runs a Spark batch for longer. */
#define OWN_LOOK_BACK_MS INT64_C(604800000)

static enum lk_status too_many(struct lk_error *err)
{
    lk_error_set(err, LK_LIMIT, "TooManyBatches", "more than %d batches", LK_WATCH_MANY_MAX);
    return lk_error_next(err, "Name fewer of them.");
}

/* ---- the journal --------------------------------------------------------------------------- */

struct journal {
    struct lk_journal_entry *entries; /* newest first; owned */
    size_t count;
};

static void journal_done(struct journal *journal)
{
    free(journal->entries);
}

static enum lk_status read_journal(struct lk_context *context, struct journal *ret,
                                   struct lk_error *err)
{
    size_t bad;

    return lk_journal_read(context->journal, JOURNAL_LOOK_BACK, &ret->entries, &ret->count, &bad,
                           err);
}

/* The newest submission with that id; ids that start again name several. */
static const struct lk_journal_entry *entry_of(const struct lk_context *context,
                                               const struct journal *journal, const char *id)
{
    for (size_t i = 0; i < journal->count; i++)
        if (lk_str_eq_nocase(lk_str_from(journal->entries[i].batch_id), lk_str_from(id)) &&
            lk_batch_is_of_service(context, &journal->entries[i]))
            return &journal->entries[i];
    return NULL;
}

static void recall(const struct lk_context *context, const struct journal *journal,
                   struct lk_watched *item)
{
    const struct lk_journal_entry *entry = entry_of(context, journal, item->batch.id);

    if (entry)
        lk_watched_accepted(item, lk_str_from(entry->name), lk_str_from(entry->submit_id));
}

void lk_batch_recall(struct lk_context *context, struct lk_watch_many *many)
{
    LK_CLEANUP(journal_done) struct journal journal = {.entries = NULL};

    if (read_journal(context, &journal, NULL))
        return;
    for (size_t i = 0; i < many->count; i++)
        recall(context, &journal, &many->items[i]);
}

/* ---- by id and name ------------------------------------------------------------------------ */

struct lookup {
    struct lk_context *context;
    struct lk_cancel *cancel;
    struct lk_livy_list list; /* asked for once, however many names there are */
    bool listed;
};

static void lookup_done(struct lookup *lookup)
{
    lk_livy_list_done(&lookup->list);
}

static enum lk_status find_name(struct lookup *lookup, struct lk_str name,
                                struct lk_livy_batch *ret, struct lk_error *err)
{
    struct lk_livy *livy;
    enum lk_status st = LK_OK;

    if (!lookup->listed)
        st = lk_context_livy(lookup->context, &livy, err);
    if (!st && !lookup->listed)
        st = lk_livy_list(livy, LK_BATCH_NAMES_LOOK_BACK, lookup->cancel, &lookup->list, err);
    if (st)
        return st;
    lookup->listed = true;
    return lk_batch_of_name(lookup->context, &lookup->list, name, ret, err);
}

static enum lk_status add_named(struct lookup *lookup, struct lk_str text,
                                struct lk_watch_many *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch target = LK_LIVY_BATCH_INIT;
    bool is_name = text.len && !lk_batch_is_id(text) && lk_str_find_char(text, '/') == text.len;
    struct lk_watched *item;
    enum lk_status st;

    if (is_name)
        st = find_name(lookup, text, &target, err);
    else
        st = lk_batch_target(lookup->context, text, lookup->cancel, &target, err);
    if (st)
        return st;
    item = lk_watch_many_add(ret, lk_str_from(target.id));
    if (!item)
        return too_many(err);
    snprintf(item->batch.name, sizeof item->batch.name, "%s", target.name);
    return LK_OK;
}

static enum lk_status add_line(struct lk_context *context, const struct lk_args *args,
                               struct lk_cancel *cancel, struct lk_watch_many *ret,
                               struct lk_error *err)
{
    LK_CLEANUP(lookup_done) struct lookup lookup = {.context = context, .cancel = cancel};
    size_t count = lk_args_positional_count(args);
    enum lk_status st = LK_OK;

    for (size_t i = 0; i < (count ? count : 1) && !st; i++)
        st = add_named(&lookup, lk_args_positional(args, i), ret, err);
    return st;
}

/* ---- all that go on ------------------------------------------------------------------------ */

static bool is_listed(const struct lk_livy_list *list, const char *id)
{
    for (size_t i = 0; i < list->count; i++)
        if (lk_str_eq_nocase(lk_str_from(list->batches[i].id), lk_str_from(id)))
            return true;
    return false;
}

/* The record is that of the submission, and not of another one that got its id. */
static bool is_of_entry(const struct lk_watch_many *many, const struct lk_journal_entry *entry,
                        const struct lk_livy_batch *batch)
{
    struct lk_watched expected = {.batch = LK_LIVY_BATCH_INIT};

    lk_watched_accepted(&expected, lk_str_from(entry->name), lk_str_from(entry->submit_id));
    return lk_watched_is_same(many->profile, &expected, batch);
}

static enum lk_status add_known(struct lk_watch_many *many, struct lk_livy_batch *batch_take,
                                struct lk_error *err)
{
    struct lk_watched *item = lk_watch_many_add(many, lk_str_from(batch_take->id));

    if (!item)
        return too_many(err);
    lk_watched_know(item, batch_take);
    return LK_OK;
}

/* Takes those of the list that go on out of it, but for their ids. */
static enum lk_status add_listed(const struct lk_context *context, const struct journal *journal,
                                 enum lk_batch_reach reach, struct lk_livy_list *list,
                                 struct lk_watch_many *ret, struct lk_error *err)
{
    enum lk_status st = LK_OK;

    for (size_t i = 0; i < list->count && !st; i++) {
        struct lk_livy_batch *batch = &list->batches[i], copy = *batch;
        const struct lk_journal_entry *entry = entry_of(context, journal, batch->id);
        bool is_own = entry && is_of_entry(ret, entry, batch);
        if (batch->end != LK_BATCH_GOING || (reach == LK_BATCH_OWN && !is_own))
            continue;
        batch->raw = NULL;
        st = add_known(ret, &copy, err);
    }
    return st;
}

static bool may_go_on(const struct lk_context *context, const struct lk_journal_entry *entry)
{
    int64_t now_ms = context->options.clock->unix_ms(context->options.clock);

    return entry->batch_id[0] && lk_batch_is_of_service(context, entry) &&
           now_ms - entry->intent_unix_ms < OWN_LOOK_BACK_MS;
}

/* Submissions that the list was too short for are asked for one by one. */
static enum lk_status add_unlisted(struct lk_context *context, const struct journal *journal,
                                   const struct lk_livy_list *list, struct lk_cancel *cancel,
                                   struct lk_watch_many *ret, struct lk_error *err)
{
    struct lk_livy *livy;
    enum lk_status st = lk_context_livy(context, &livy, err);
    int asked = 0;

    for (size_t i = 0; i < journal->count && !st && asked < ASKED_MAX; i++) {
        LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
        const struct lk_journal_entry *entry = &journal->entries[i];
        if (!may_go_on(context, entry) || is_listed(list, entry->batch_id) ||
            entry_of(context, journal, entry->batch_id) != entry)
            continue;
        asked++;
        st = lk_livy_get(livy, lk_str_from(entry->batch_id), cancel, &batch, err);
        if (!st && batch.end == LK_BATCH_GOING && is_of_entry(ret, entry, &batch))
            st = add_known(ret, &batch, err);
        if (st == LK_NOT_FOUND)
            st = LK_OK;
    }
    return st;
}

static enum lk_status add_all(struct lk_context *context, enum lk_batch_reach reach,
                              struct lk_cancel *cancel, struct lk_watch_many *ret,
                              struct lk_error *err)
{
    LK_CLEANUP(journal_done) struct journal journal = {.entries = NULL};
    LK_CLEANUP(lk_livy_list_done) struct lk_livy_list list = {.batches = NULL};
    struct lk_livy *livy;
    enum lk_status st = read_journal(context, &journal, err);

    if (!st)
        st = lk_context_livy(context, &livy, err);
    if (!st)
        st = lk_livy_list(livy, LIST_LOOK_BACK, cancel, &list, err);
    if (!st)
        st = add_listed(context, &journal, reach, &list, ret, err);
    /* A list that is whole has no more of them. */
    if (!st && (list.count >= LIST_LOOK_BACK || list.total > (int64_t)list.count))
        st = add_unlisted(context, &journal, &list, cancel, ret, err);
    return st;
}

enum lk_status lk_batch_targets(struct lk_context *context, const struct lk_args *args,
                                enum lk_batch_reach reach, struct lk_cancel *cancel,
                                struct lk_watch_many *ret, struct lk_error *err)
{
    struct lk_livy *livy;
    enum lk_status st;

    *ret = (struct lk_watch_many){.count = 0};
    st = lk_context_livy(context, &livy, err);
    if (st)
        return st;
    lk_watch_many_init(ret, context->endpoint.profile);
    if (reach == LK_BATCH_NAMED)
        st = add_line(context, args, cancel, ret, err);
    else
        st = add_all(context, reach, cancel, ret, err);
    if (!st)
        lk_batch_recall(context, ret);
    return st;
}
