#include "support/ledger.h"

#include "fabric/livy_marker.h"
#include "support/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES_MAX = 100000 };

static void hold(struct ledger *ledger, struct lk_str name, json_t *record)
{
    LK_CLEANUP(lk_free_ptr) char *key = lk_str_dup(name);
    json_t *records = json_object_get(ledger->held, key);

    if (!records)
        json_object_set_new(ledger->held, key, records = json_array());
    json_array_append(records, record);
}

void ledger_read(struct local_service *service, struct lk_journal *journal, const char *kind,
                 struct ledger *ret)
{
    LK_CLEANUP(lk_json_unref) json_t *all = local_service_batches(service);
    struct lk_error err = LK_ERROR_INIT;
    size_t i, bad = 0;
    json_t *record;

    ret->profile = lk_livy_profile_find(lk_str_from(kind));
    ret->held = json_object();
    json_array_foreach(all, i, record)
    {
        struct lk_str name = lk_json_get_str(json_object_get(record, "request"), "name"), digits;
        if (!lk_str_eq(lk_json_get_str(record, "face"), lk_str_from(kind)))
            continue;
        if (ret->profile->marker == LK_LIVY_MARKER_NAME)
            (void)lk_livy_marker_split(name, &name, &digits);
        hold(ret, name, record);
    }
    assert_lk_ok(lk_journal_read(journal, ENTRIES_MAX, &ret->entries, &ret->count, &bad, &err),
                 &err);
}

void ledger_done(struct ledger *ledger)
{
    lk_json_unref(&ledger->held);
    free(ledger->entries);
}

const struct lk_journal_entry *ledger_entry(const struct ledger *ledger, const char *name)
{
    for (size_t i = 0; i < ledger->count; i++)
        if (strcmp(ledger->entries[i].name, name) == 0 &&
            strcmp(ledger->entries[i].service, ledger->profile->kind) == 0)
            return &ledger->entries[i];
    return NULL;
}

size_t ledger_held(const struct ledger *ledger, const char *name)
{
    return json_array_size(json_object_get(ledger->held, name));
}

static bool is_same_batch(const struct ledger *ledger, const json_t *record,
                          const struct lk_journal_entry *entry)
{
    const json_t *request = json_object_get(record, "request");
    struct lk_str id = lk_json_get_str(record, "id"), name, mark = LK_STR_EMPTY;
    char number[24];

    snprintf(number, sizeof number, "%lld",
             (long long)json_integer_value(json_object_get(record, "number")));
    if (!ledger->profile->guid_ids)
        id = lk_str_from(number);
    if (ledger->profile->marker == LK_LIVY_MARKER_TAG)
        mark = lk_json_get_str(json_object_get(request, "tags"), "submitId");
    else
        (void)lk_livy_marker_split(lk_json_get_str(request, "name"), &name, &mark);
    return lk_livy_marker_is(mark, lk_str_from(entry->submit_id)) &&
           lk_str_eq(lk_str_from(entry->batch_id), id);
}

const char *ledger_loss(const struct ledger *ledger, const char *name)
{
    const struct lk_journal_entry *entry = ledger_entry(ledger, name);
    const json_t *records = json_object_get(ledger->held, name);
    bool accepted = entry && entry->has_outcome && entry->outcome == LK_JOURNAL_ACCEPTED;

    if (!records)
        return accepted ? "accepted, says the journal, and there is none" : NULL;
    if (!entry)
        return "it runs, and the journal has never heard of it";
    if (!accepted)
        return "it runs, and the journal does not know";
    for (size_t i = 0; i < json_array_size(records); i++)
        if (is_same_batch(ledger, json_array_get(records, i), entry))
            return NULL;
    return "the journal has another's id";
}
