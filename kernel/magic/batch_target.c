#include "magic/batch_target.h"

#include "fabric/livy_link.h"

#include <stdio.h>
#include <stdlib.h>

enum { JOURNAL_LOOK_BACK = 200, NAMES_LOOK_BACK = 200 };

static bool looks_like_id(struct lk_str text)
{
    int64_t number;

    return lk_str_is_guid(text) || lk_str_to_i64(text, &number);
}

static enum lk_status newest_in_journal(struct lk_context *context, struct lk_livy_batch *ret,
                                        struct lk_error *err)
{
    struct lk_journal_entry *entries = NULL;
    size_t count = 0, bad = 0;
    enum lk_status st;

    st = lk_journal_read(context->journal, JOURNAL_LOOK_BACK, &entries, &count, &bad, err);
    if (st)
        return st;
    for (size_t i = 0; i < count && !ret->id[0]; i++)
        if (entries[i].batch_id[0] &&
            lk_journal_is_same_service(lk_str_from(entries[i].endpoint),
                                       lk_str_from(context->endpoint.base))) {
            snprintf(ret->id, sizeof ret->id, "%s", entries[i].batch_id);
            snprintf(ret->name, sizeof ret->name, "%s", entries[i].name);
        }
    free(entries);
    if (ret->id[0])
        return LK_OK;
    lk_error_set(err, LK_NOT_FOUND, "NoBatch", "no batch was submitted here yet");
    return lk_error_next(err, "%%batch submit PAYLOAD, or name a batch: %%batch list shows them.");
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
        st = lk_livy_list(livy, NAMES_LOOK_BACK, cancel, &list, err);
    if (st)
        return st;
    for (size_t i = 0; i < list.count && !ret->id[0]; i++)
        if (lk_str_eq(lk_str_from(list.batches[i].name), name) ||
            lk_str_eq(lk_str_from(list.batches[i].service_name), name)) {
            snprintf(ret->id, sizeof ret->id, "%s", list.batches[i].id);
            snprintf(ret->name, sizeof ret->name, "%s", list.batches[i].name);
        }
    lk_livy_list_done(&list);
    if (ret->id[0])
        return LK_OK;
    lk_error_set(err, LK_NOT_FOUND, "NoBatch", "no batch is called '%.*s' among the newest %d",
                 LK_STR_ARGS(name), NAMES_LOOK_BACK);
    return lk_error_next(err, "%%batch list shows what there is.");
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
    if (!looks_like_id(text))
        return newest_of_name(context, text, cancel, ret, err);
    snprintf(ret->id, sizeof ret->id, "%.*s", LK_STR_ARGS(text));
    return LK_OK;
}

void lk_batch_seen(struct lk_context *context, const struct lk_livy_batch *batch)
{
    lk_seen_add(&context->seen, LK_SEEN_BATCH, lk_str_from(batch->id), lk_str_from(batch->name),
                lk_str_from(batch->state));
}
