#include "fabric/journal.h"

#include "base/file.h"
#include "base/json.h"
#include "base/timefmt.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 16 << 10, FILE_MAX = 64 << 20 };

struct lk_journal {
    char *path;
    struct lk_clock *clock;
};

static const char *const outcome_names[] = {
    [LK_JOURNAL_ACCEPTED] = "accepted",
    [LK_JOURNAL_REFUSED] = "refused",
    [LK_JOURNAL_UNKNOWN] = "unknown",
};

struct lk_journal *lk_journal_new(const char *path, struct lk_clock *clock)
{
    struct lk_journal *journal = lk_alloc(sizeof *journal);

    *journal = (struct lk_journal){.path = lk_str_dup(lk_str_from(path)), .clock = clock};
    return journal;
}

void lk_journal_free(struct lk_journal *journal)
{
    if (!journal)
        return;
    free(journal->path);
    free(journal);
}

/* One write of one whole line: what a killed process leaves is whole lines and at most one cut
 * off, which the reader skips. A line begins with a newline of its own after a cut one. */
static enum lk_status append_take(struct lk_journal *journal, json_t *line, struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *copy = lk_str_dup(lk_str_from(journal->path));
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(LINE_MAX_BYTES);
    enum lk_status st = lk_file_make_folders(dirname(copy), 0700, err);

    lk_json_write(line, false, &text);
    json_decref(line);
    lk_buf_put_char(&text, '\n');
    if (!st)
        st = lk_buf_check(&text, "a line of the journal", err);
    if (!st)
        st = lk_file_append_sync(journal->path, 0600, lk_buf_view(&text), err);
    if (!st)
        return LK_OK;
    lk_error_prefix(err, "the journal of submissions");
    return lk_error_next(err, "Make %s writable; without the journal nothing is submitted.",
                         journal->path);
}

static json_t *new_line(struct lk_journal *journal, const char *event, struct lk_str submit_id)
{
    char when[LK_TIME_TEXT_MAX];
    json_t *line = json_object();

    lk_time_iso8601(journal->clock->unix_ms(journal->clock), when);
    json_object_set_new(line, "event", json_string(event));
    json_object_set_new(line, "submit_id", lk_json_text(submit_id));
    json_object_set_new(line, "time", json_string(when));
    return line;
}

enum lk_status lk_journal_intent(struct lk_journal *journal, struct lk_str submit_id,
                                 struct lk_str endpoint, struct lk_str name, struct lk_str file,
                                 struct lk_error *err)
{
    json_t *line = new_line(journal, "intent", submit_id);

    lk_json_set_text(line, "endpoint", endpoint);
    lk_json_set_text(line, "name", lk_str_slice(name, 0, 255));
    lk_json_set_text(line, "file", lk_str_slice(file, 0, 1023));
    return append_take(journal, line, err);
}

enum lk_status lk_journal_outcome(struct lk_journal *journal, struct lk_str submit_id,
                                  enum lk_journal_outcome outcome, struct lk_str batch_id,
                                  struct lk_error *err)
{
    json_t *line = new_line(journal, outcome_names[outcome], submit_id);

    lk_json_set_text(line, "batch_id", batch_id);
    return append_take(journal, line, err);
}

/* ---- reading ------------------------------------------------------------------------------- */

struct line {
    struct lk_str event, submit_id, time, endpoint, name, file, batch_id;
};

struct entries {
    struct lk_journal_entry *at;
    size_t count;
};

static void copy(char *to, size_t size, struct lk_str from)
{
    snprintf(to, size, "%.*s", LK_STR_ARGS(from));
}

static void add_intent(const struct line *line, struct entries *entries)
{
    struct lk_journal_entry *entry;

    entries->at = lk_realloc(entries->at, (entries->count + 1) * sizeof *entries->at);
    entry = &entries->at[entries->count++];
    memset(entry, 0, sizeof *entry);
    copy(entry->submit_id, sizeof entry->submit_id, line->submit_id);
    copy(entry->endpoint, sizeof entry->endpoint, line->endpoint);
    copy(entry->name, sizeof entry->name, line->name);
    copy(entry->file, sizeof entry->file, line->file);
    if (!lk_time_from_iso8601(line->time, &entry->intent_unix_ms))
        entry->intent_unix_ms = 0;
}

/* The newest intent of that id: outcomes follow closely. */
static bool add_outcome(const struct line *line, struct entries *entries)
{
    for (size_t which = 0; which < LK_COUNT(outcome_names); which++) {
        if (!lk_str_eq(line->event, lk_str_from(outcome_names[which])))
            continue;
        for (size_t i = entries->count; i > 0; i--) {
            struct lk_journal_entry *entry = &entries->at[i - 1];
            if (!lk_str_eq(line->submit_id, lk_str_from(entry->submit_id)))
                continue;
            entry->has_outcome = true;
            entry->outcome = (enum lk_journal_outcome)which;
            copy(entry->batch_id, sizeof entry->batch_id, line->batch_id);
            return true;
        }
    }
    return false;
}

static bool read_line(struct lk_str text, struct entries *entries)
{
    static const struct lk_json_field table[] = {
        LK_JSON_REQUIRED(struct line, event, "event", LK_JSON_STR),
        LK_JSON_REQUIRED(struct line, submit_id, "submit_id", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct line, time, "time", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct line, endpoint, "endpoint", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct line, name, "name", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct line, file, "file", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct line, batch_id, "batch_id", LK_JSON_STR),
    };
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    struct line line = {.event = LK_STR_EMPTY};

    if (lk_json_parse(text, "a line", &json, NULL) ||
        lk_json_read(json, "a line", table, LK_COUNT(table), &line, NULL))
        return false;
    if (!lk_str_eq(line.event, LK_STR("intent")))
        return add_outcome(&line, entries);
    add_intent(&line, entries);
    return true;
}

static void newest_first(struct entries *entries, size_t max)
{
    for (size_t i = 0, j = entries->count; i + 1 < j; i++) {
        struct lk_journal_entry swap = entries->at[i];
        entries->at[i] = entries->at[--j];
        entries->at[j] = swap;
    }
    if (entries->count > max)
        entries->count = max;
}

enum lk_status lk_journal_read(struct lk_journal *journal, size_t max,
                               struct lk_journal_entry **ret, size_t *ret_count,
                               size_t *ret_bad_lines, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(FILE_MAX);
    struct entries entries = {.at = NULL};
    struct lk_str rest, line;
    enum lk_status st = lk_file_read(journal->path, &text, err);

    *ret = NULL;
    *ret_count = *ret_bad_lines = 0;
    if (st == LK_NOT_FOUND)
        return LK_OK;
    if (st)
        return st;
    rest = lk_buf_view(&text);
    while (lk_str_next_line(&rest, &line))
        if (line.len && !read_line(line, &entries))
            ++*ret_bad_lines;
    newest_first(&entries, max);
    *ret = entries.at;
    *ret_count = entries.count;
    return LK_OK;
}
