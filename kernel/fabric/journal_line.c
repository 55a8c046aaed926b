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
        set_text(json, "how", entry->how);
    } else {
        set_text(json, "endpoint", entry->endpoint);
        set_text(json, "service", entry->service);
        set_text(json, "name", entry->name);
        set_text(json, "service_name", entry->service_name);
        set_text(json, "file", entry->file);
        set_text(json, "sha256", entry->sha256);
        set_text(json, "resubmit_of", entry->resubmit_of);
        set_text(json, "sweep", entry->sweep);
        if (entry->sweep[0])
            json_object_set_new(json, "member", json_integer(entry->member));
        json_object_set_new(json, "locked", json_boolean(entry->was_locked));
    }
    lk_json_write(json, false, ret);
    lk_buf_put_char(ret, '\n');
}

struct fields {
    struct lk_str event, submit_id, at;
    struct lk_str endpoint, service, name, service_name, file, sha256, resubmit_of, sweep;
    struct lk_str outcome, batch_id, how;
    int64_t member;
    bool locked;
};

/* Lines of older versions have fewer. */
static const struct lk_json_field line_fields[] = {
    LK_JSON_REQUIRED(struct fields, event, "event", LK_JSON_STR),
    LK_JSON_REQUIRED(struct fields, submit_id, "submit_id", LK_JSON_STR),
    LK_JSON_REQUIRED(struct fields, at, "at", LK_JSON_STR),
    LK_JSON_OPTIONAL(struct fields, endpoint, "endpoint", LK_JSON_STR),
    LK_JSON_OPTIONAL(struct fields, service, "service", LK_JSON_STR),
    LK_JSON_OPTIONAL(struct fields, name, "name", LK_JSON_STR),
    LK_JSON_OPTIONAL(struct fields, service_name, "service_name", LK_JSON_STR),
    LK_JSON_OPTIONAL(struct fields, file, "file", LK_JSON_STR),
    LK_JSON_OPTIONAL(struct fields, sha256, "sha256", LK_JSON_STR),
    LK_JSON_OPTIONAL(struct fields, resubmit_of, "resubmit_of", LK_JSON_STR),
    LK_JSON_OPTIONAL(struct fields, sweep, "sweep", LK_JSON_STR),
    LK_JSON_OPTIONAL(struct fields, member, "member", LK_JSON_I64),
    LK_JSON_OPTIONAL(struct fields, locked, "locked", LK_JSON_BOOL),
    LK_JSON_OPTIONAL(struct fields, outcome, "outcome", LK_JSON_STR),
    LK_JSON_OPTIONAL(struct fields, batch_id, "batch_id", LK_JSON_STR),
    LK_JSON_OPTIONAL(struct fields, how, "how", LK_JSON_STR),
};

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

static void read_intent(const struct fields *f, struct lk_journal_entry *ret)
{
    lk_str_copy(f->endpoint, ret->endpoint, sizeof(ret->endpoint));
    lk_str_copy(f->service, ret->service, sizeof(ret->service));
    lk_str_copy(f->name, ret->name, sizeof(ret->name));
    lk_str_copy(f->service_name, ret->service_name, sizeof(ret->service_name));
    lk_str_copy(f->file, ret->file, sizeof(ret->file));
    lk_str_copy(f->sha256, ret->sha256, sizeof(ret->sha256));
    lk_str_copy(f->resubmit_of, ret->resubmit_of, sizeof(ret->resubmit_of));
    lk_str_copy(f->sweep, ret->sweep, sizeof(ret->sweep));
    ret->member = f->member;
    ret->was_locked = f->locked;
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
    lk_str_copy(f.submit_id, entry->submit_id, sizeof(entry->submit_id));
    ret->is_outcome = lk_str_eq(f.event, LK_STR("outcome"));
    if (!ret->is_outcome) {
        read_intent(&f, entry);
        return lk_str_eq(f.event, LK_STR("intent"));
    }
    lk_str_copy(f.batch_id, entry->batch_id, sizeof(entry->batch_id));
    lk_str_copy(f.how, entry->how, sizeof(entry->how));
    return read_outcome(f.outcome, entry);
}

/* ---- judging ------------------------------------------------------------------------------- */

bool lk_journal_is_unsettled(const struct lk_journal_entry *entry)
{
    return entry->has_outcome ? entry->outcome == LK_JOURNAL_UNKNOWN : !entry->in_flight;
}

struct lk_str lk_journal_service(struct lk_str base)
{
    struct lk_str prefix = LK_STR("https://localhost:");
    struct lk_str rest = lk_str_slice(base, prefix.len, base.len);

    if (!lk_str_starts(base, prefix))
        return base;
    return lk_str_slice(rest, lk_str_find_char(rest, '/'), rest.len);
}

bool lk_journal_is_same_service(struct lk_str a, struct lk_str b)
{
    return lk_str_eq(lk_journal_service(a), lk_journal_service(b));
}
