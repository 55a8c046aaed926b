/* The batches of a watch, and whether an answer is about one of them. */
#include "fabric/livy_marker.h"
#include "fabric/livy_watch_many.h"

#include <stdlib.h>
#include <string.h>

void lk_watch_many_init(struct lk_watch_many *many, const struct lk_livy_profile *profile)
{
    *many = (struct lk_watch_many){.profile = profile,
                                   .page_size = (size_t)profile->page_max,
                                   .size = (size_t)profile->page_max};
}

void lk_watch_many_done(struct lk_watch_many *many)
{
    for (size_t i = 0; i < many->count; i++) {
        lk_livy_batch_done(&many->items[i].batch);
        free(many->items[i].trouble);
    }
    free(many->items);
    many->items = NULL;
    many->count = 0;
}

struct lk_watched *lk_watch_many_add(struct lk_watch_many *many, struct lk_str id)
{
    struct lk_watched *item;

    for (size_t i = 0; i < many->count; i++) {
        if (lk_str_eq_nocase(lk_str_from(many->items[i].batch.id), id))
            return &many->items[i];
    }
    if (many->count == LK_WATCH_MANY_MAX)
        return NULL;
    if ((many->count & (many->count + 1)) == 0)
        many->items = lk_realloc(many->items, (2 * many->count + 1) * sizeof(*many->items));
    item = &many->items[many->count++];
    *item = (struct lk_watched){.record_due_ms = INT64_MAX};
    lk_str_copy(id, item->batch.id, sizeof(item->batch.id));
    return item;
}

void lk_watched_know(struct lk_watched *watched, struct lk_livy_batch *batch_take)
{
    lk_str_copy(lk_livy_batch_service_name(batch_take), watched->service_name,
                sizeof(watched->service_name));
    /* A record without a name does not take one away that is known. */
    if (!batch_take->name[0])
        memcpy(batch_take->name, watched->batch.name, sizeof(batch_take->name));
    memcpy(batch_take->id, watched->batch.id, sizeof(batch_take->id));
    lk_livy_batch_done(&watched->batch);
    watched->batch = *batch_take;
    *batch_take = (struct lk_livy_batch)LK_LIVY_BATCH_INIT;
    watched->state.seen = true;
}

void lk_watched_accepted(struct lk_watched *watched, struct lk_str name, struct lk_str submit_id)
{
    if (!watched->batch.name[0])
        lk_str_copy(name, watched->batch.name, sizeof(watched->batch.name));
    lk_str_copy(submit_id, watched->submit_id, sizeof(watched->submit_id));
    watched->state.seen = true;
}

/* ---- the same batch? ------------------------------------------------------------------------- */

static bool differ(const char *a, const char *b)
{
    return a[0] && b[0] && strcmp(a, b) != 0;
}

bool lk_watched_is_same(const struct lk_livy_profile *profile, const struct lk_watched *watched,
                        const struct lk_livy_batch *batch)
{
    struct lk_str name = lk_livy_batch_service_name(batch);

    if (!profile->ids_start_again)
        return true;
    if (differ(watched->batch.app_id, batch->app_id))
        return false;
    /* Seen before: what it was called then. */
    if (watched->batch.raw)
        return lk_str_eq(lk_str_from(watched->service_name),
                         lk_str_cut(name, LK_BATCH_TEXT_MAX - 1));
    /* Of the journal: its marker, or without one the name as it was sent. */
    return !watched->submit_id[0] ||
           lk_livy_marker_is(lk_str_from(batch->submit_id), lk_str_from(watched->submit_id)) ||
           lk_str_eq(lk_str_from(watched->batch.name), name);
}
