#include "fabric/journal_line.h"

#include "base/json.h"
#include "base/timefmt.h"

#include <string.h>

static const char *const outcome_names[] = {
    [LK_JOURNAL_ACCEPTED] = "accepted",
    [LK_JOURNAL_REFUSED] = "refused",
    [LK_JOURNAL_UNKNOWN] = "unknown",
};

static void set_text(json_t *json, const char *name, const char *text)
{
    lk_json_set_text(json, name, lk_str_from(text));
}

void lk_journal_line_write(const struct lk_journal_line *line, struct lk_buf *ret)
{
    LK_CLEANUP(lk_json_unref) json_t *json = json_object();
    const struct lk_journal_entry *entry = &line->entry;
    char when[LK_TIME_TEXT_MAX];

    lk_time_iso8601(entry->intent_unix_ms, when);
    set_text(json, "event", line->is_outcome ? "outcome" : "intent");
    set_text(json, "submit_id", entry->submit_id);
    set_text(json, "at", when);
    if (line->is_outcome) {
        set_text(json, "outcome", outcome_names[entry->outcome]);
        set_text(json, "batch_id", entry->batch_id);
    } else {
        set_text(json, "endpoint", entry->endpoint);
        set_text(json, "name", entry->name);
        set_text(json, "file", entry->file);
    }
    lk_json_write(json, false, ret);
    lk_buf_put_char(ret, '\n');
}

struct fields {
    struct lk_str event, submit_id, at, endpoint, name, file, outcome, batch_id;
};

static const struct lk_json_field line_fields[] = {
    LK_JSON_REQUIRED(struct fields, event, "event", LK_JSON_STR),
    LK_JSON_REQUIRED(struct fields, submit_id, "submit_id", LK_JSON_STR),
    LK_JSON_REQUIRED(struct fields, at, "at", LK_JSON_STR),
    LK_JSON_OPTIONAL(struct fields, endpoint, "endpoint", LK_JSON_STR),
    LK_JSON_OPTIONAL(struct fields, name, "name", LK_JSON_STR),
    LK_JSON_OPTIONAL(struct fields, file, "file", LK_JSON_STR),
    LK_JSON_OPTIONAL(struct fields, outcome, "outcome", LK_JSON_STR),
    LK_JSON_OPTIONAL(struct fields, batch_id, "batch_id", LK_JSON_STR),
};

static void put_text(struct lk_str text, char *ret, size_t size)
{
    text = lk_str_cut(text, size - 1);
    if (text.len)
        memcpy(ret, text.ptr, text.len);
    ret[text.len] = '\0';
}

static bool read_outcome(struct lk_str name, struct lk_journal_entry *ret)
{
    for (size_t i = 0; i < LK_COUNT(outcome_names); i++) {
        if (lk_str_eq(name, lk_str_from(outcome_names[i]))) {
            ret->outcome = (enum lk_journal_outcome)i;
            ret->has_outcome = true;
            return true;
        }
    }
    return false;
}

bool lk_journal_line_read(struct lk_str text, struct lk_journal_line *ret)
{
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    struct fields f = {.event = LK_STR_EMPTY};
    struct lk_journal_entry *entry = &ret->entry;

    memset(ret, 0, sizeof(*ret));
    if (lk_json_parse(text, "the line", &json, NULL) ||
        lk_json_read(json, "the line", line_fields, LK_COUNT(line_fields), &f, NULL) ||
        !f.submit_id.len || f.submit_id.len >= sizeof(entry->submit_id) ||
        !lk_time_from_iso8601(f.at, &entry->intent_unix_ms))
        return false;
    put_text(f.submit_id, entry->submit_id, sizeof(entry->submit_id));
    ret->is_outcome = lk_str_eq(f.event, LK_STR("outcome"));
    if (ret->is_outcome) {
        put_text(f.batch_id, entry->batch_id, sizeof(entry->batch_id));
        return read_outcome(f.outcome, entry);
    }
    put_text(f.endpoint, entry->endpoint, sizeof(entry->endpoint));
    put_text(f.name, entry->name, sizeof(entry->name));
    put_text(f.file, entry->file, sizeof(entry->file));
    return lk_str_eq(f.event, LK_STR("intent"));
}
