/* The last resort: Fabric's monitoring API, which knows batches by name, submitter and time. */
#include "fabric/livy_lookup.h"

#include "fabric/livy_past.h"

#include <stdlib.h>
#include <string.h>

enum { PAGES_MAX = 5, JOURNAL_LOOK_BACK = 1000, SKEW_MS = 60000, LATE_MS = 15 * 60000 };

struct search {
    const struct lk_livy_profile *profile;
    const struct lk_livy_sought *sought;
    const char *submitter;
    struct lk_journal_entry *entries; /* of the journal */
    size_t entry_count;
    json_t *fitting; /* array of items */
};

static void search_done(struct search *search)
{
    free(search->entries);
    lk_json_unref(&search->fitting);
}

static bool is_anothers(const struct search *s, const char *id)
{
    for (size_t i = 0; i < s->entry_count; i++)
        if (strcmp(s->entries[i].batch_id, id) == 0 &&
            !lk_str_eq(lk_str_from(s->entries[i].submit_id), s->sought->submit_id))
            return true;
    for (size_t i = 0; i < s->sought->not_ours_count; i++)
        if (strcmp(s->sought->not_ours[i], id) == 0)
            return true;
    return false;
}

static bool fits(const struct search *s, const struct lk_livy_profile *profile, const json_t *item)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    struct lk_str type = lk_json_get_str(item, "jobType");
    struct lk_str who = lk_json_get_str(json_object_get(item, "submitter"), "id");

    return !lk_livy_batch_read(profile, item, &batch, NULL) &&
           (!type.len || lk_str_eq_nocase(type, LK_STR("SparkBatch"))) &&
           lk_str_eq(lk_str_from(batch.name), s->sought->name) &&
           lk_str_eq_nocase(who, lk_str_from(s->submitter)) &&
           batch.submitted_ms >= s->sought->began_unix_ms - SKEW_MS &&
           batch.submitted_ms <= s->sought->began_unix_ms + LATE_MS && !is_anothers(s, batch.id);
}

static bool keep_fitting(void *of, const json_t *item)
{
    struct search *s = of;

    if (fits(s, s->profile, item))
        json_array_append(s->fitting, (json_t *)item);
    return true;
}

static enum lk_status search_pages(struct lk_livy *livy, struct search *s, struct lk_cancel *cancel,
                                   struct lk_error *err)
{
    bool is_whole = false;
    enum lk_status st = lk_livy_past_each(livy, PAGES_MAX, keep_fitting, s, cancel, &is_whole, err);

    /* Not all of it was seen: another one may fit. */
    if (!st && !is_whole)
        return lk_error_set(err, LK_NOT_FOUND, "LongHistory", "the history of batches is too long");
    return st;
}

enum lk_status lk_livy_look_in_history(struct lk_livy *livy, const struct lk_livy_sought *sought,
                                       struct lk_cancel *cancel, struct lk_livy_batch *ret,
                                       struct lk_error *err)
{
    LK_CLEANUP(search_done)
    struct search s = {.profile = livy->profile, .sought = sought, .fitting = json_array()};
    char submitter[LK_LIVY_SUBMITTER_MAX];
    size_t bad;
    enum lk_status st;

    if (!sought->name.len || !livy->options.submitter ||
        !livy->options.submitter(livy->options.submitter_of, cancel, submitter))
        return lk_error_set(err, LK_NOT_FOUND, "NotFound", "nothing to look for in the history");
    s.submitter = submitter;
    st = lk_journal_read(livy->options.journal, JOURNAL_LOOK_BACK, &s.entries, &s.entry_count, &bad,
                         err);
    if (!st)
        st = search_pages(livy, &s, cancel, err);
    if (st)
        return st;
    if (json_array_size(s.fitting) != 1)
        return lk_error_set(err, LK_NOT_FOUND, "NotFound", "%zu batches of the history fit",
                            json_array_size(s.fitting));
    return lk_livy_batch_read(livy->profile, json_array_get(s.fitting, 0), ret, err);
}
