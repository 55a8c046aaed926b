#include "magic/seen.h"

#include <stdlib.h>
#include <string.h>

static size_t bytes_of(const struct lk_seen_entry *entry)
{
    return strlen(entry->text) + strlen(entry->name) + strlen(entry->detail);
}

static void entry_done(struct lk_seen_entry *entry)
{
    free(entry->text);
    free(entry->name);
    free(entry->detail);
}

static struct lk_seen_entry take_out(struct lk_seen_list *list, size_t i)
{
    struct lk_seen_entry entry = list->entries[i];

    list->count--;
    list->bytes -= bytes_of(&entry);
    memmove(list->entries + i, list->entries + i + 1, (list->count - i) * sizeof entry);
    return entry;
}

void lk_seen_done(struct lk_seen *seen)
{
    for (size_t kind = 0; kind < LK_SEEN_KINDS; kind++) {
        struct lk_seen_list *list = &seen->lists[kind];
        for (size_t i = 0; i < list->count; i++)
            entry_done(&list->entries[i]);
        free(list->entries);
        *list = (struct lk_seen_list){.entries = NULL};
    }
}

static void replace(char **kept, struct lk_str text)
{
    if (*kept && !text.len)
        return;
    free(*kept);
    *kept = lk_str_dup(lk_str_cut(text, LK_SEEN_TEXT_MAX));
}

void lk_seen_add(struct lk_seen *seen, enum lk_seen_kind kind, struct lk_str text,
                 struct lk_str name, struct lk_str detail)
{
    struct lk_seen_list *list = &seen->lists[kind];
    struct lk_seen_entry entry = {.text = NULL};

    if (!text.len || text.len > LK_SEEN_TEXT_MAX)
        return;
    for (size_t i = list->count; i > 0 && !entry.text; i--)
        if (lk_str_eq(lk_str_from(list->entries[i - 1].text), text))
            entry = take_out(list, i - 1);
    if (!entry.text)
        entry.text = lk_str_dup(text);
    replace(&entry.name, name);
    replace(&entry.detail, detail);
    while (list->count &&
           (list->count == LK_SEEN_MAX || list->bytes + bytes_of(&entry) > LK_SEEN_BYTES_MAX)) {
        struct lk_seen_entry oldest = take_out(list, 0);
        entry_done(&oldest);
    }
    list->entries = lk_realloc(list->entries, (list->count + 1) * sizeof entry);
    list->entries[list->count++] = entry;
    list->bytes += bytes_of(&entry);
}

const struct lk_seen_entry *lk_seen_nth(const struct lk_seen *seen, enum lk_seen_kind kind,
                                        size_t i)
{
    const struct lk_seen_list *list = &seen->lists[kind];

    return i < list->count ? &list->entries[list->count - 1 - i] : NULL;
}

const struct lk_seen_entry *lk_seen_find(const struct lk_seen *seen, enum lk_seen_kind kind,
                                         struct lk_str text)
{
    const struct lk_seen_entry *entry;

    for (size_t i = 0; (entry = lk_seen_nth(seen, kind, i)); i++)
        if (lk_str_eq(lk_str_from(entry->text), text))
            return entry;
    for (size_t i = 0; (entry = lk_seen_nth(seen, kind, i)); i++)
        if (text.len && lk_str_eq(lk_str_from(entry->name), text))
            return entry;
    return NULL;
}
