#include "session/history.h"

#include "base/glob.h"

#include <stdlib.h>

/* Entries are JSON objects {line, input, output} in an array, oldest first. */
struct lk_history {
    json_t *entries;
    size_t bytes; /* of all inputs and outputs */
};

struct lk_history *lk_history_new(void)
{
    struct lk_history *history = lk_alloc(sizeof *history);

    history->entries = json_array();
    return history;
}

void lk_history_free(struct lk_history *history)
{
    if (!history)
        return;
    json_decref(history->entries);
    free(history);
}

static size_t bytes_of(const json_t *entry)
{
    return json_string_length(json_object_get(entry, "input")) +
           json_string_length(json_object_get(entry, "output"));
}

void lk_history_add(struct lk_history *history, int64_t line, struct lk_str input,
                    struct lk_str output)
{
    json_t *entry = json_object();

    input = lk_str_cut(input, LK_HISTORY_INPUT_MAX);
    json_object_set_new(entry, "line", json_integer(line));
    json_object_set_new(entry, "input", lk_json_text(input));
    json_object_set_new(entry, "output", lk_json_text(lk_str_cut(output, LK_HISTORY_INPUT_MAX)));
    json_array_append_new(history->entries, entry);
    history->bytes += bytes_of(entry);
    while (json_array_size(history->entries) > LK_HISTORY_MAX ||
           history->bytes > LK_HISTORY_BYTES_MAX) {
        history->bytes -= bytes_of(json_array_get(history->entries, 0));
        json_array_remove(history->entries, 0);
    }
}

struct query {
    struct lk_str access_type, pattern;
    int64_t n, start, stop, session;
    bool output, unique;
};

static bool matches(const struct query *query, const json_t *entry)
{
    int64_t line = json_integer_value(json_object_get(entry, "line"));

    if (lk_str_eq(query->access_type, LK_STR("range")))
        return line >= query->start && line < query->stop;
    if (lk_str_eq(query->access_type, LK_STR("search")))
        return lk_glob_matches(query->pattern, lk_json_get_str(entry, "input"));
    return true;
}

/* Negative line numbers count from the end, as in IPython: -1 is the newest line. */
static void count_from_end(const struct lk_history *history, struct query *query)
{
    size_t count = json_array_size(history->entries);
    const json_t *newest = count ? json_array_get(history->entries, count - 1) : NULL;
    int64_t end = json_integer_value(json_object_get(newest, "line")) + 1;

    if (query->start < 0)
        query->start = query->start < -end ? 0 : query->start + end;
    if (query->stop < 0)
        query->stop = query->stop < -end ? 0 : query->stop + end;
}

/* (session, line, input) or (session, line, (input, output)). */
static json_t *row(const struct query *query, const json_t *entry)
{
    json_t *input = json_object_get(entry, "input");
    json_t *line = json_object_get(entry, "line");
    json_t *output = json_object_get(entry, "output");

    if (query->output)
        return json_pack("[i, O, [O, O]]", 0, line, input, output);
    return json_pack("[i, O, O]", 0, line, input);
}

static bool seen_before(const json_t *rows, const json_t *entry)
{
    size_t i;
    json_t *other;

    json_array_foreach((json_t *)rows, i, other)
    {
        const json_t *input = json_array_get(other, 2);
        if (json_equal(json_is_array(input) ? json_array_get(input, 0) : input,
                       json_object_get(entry, "input")))
            return true;
    }
    return false;
}

json_t *lk_history_answer(const struct lk_history *history, const json_t *request)
{
    static const struct lk_json_field table[] = {
        LK_JSON_OPTIONAL(struct query, access_type, "hist_access_type", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct query, pattern, "pattern", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct query, n, "n", LK_JSON_I64),
        LK_JSON_OPTIONAL(struct query, start, "start", LK_JSON_I64),
        LK_JSON_OPTIONAL(struct query, stop, "stop", LK_JSON_I64),
        LK_JSON_OPTIONAL(struct query, session, "session", LK_JSON_I64),
        LK_JSON_OPTIONAL(struct query, output, "output", LK_JSON_BOOL),
        LK_JSON_OPTIONAL(struct query, unique, "unique", LK_JSON_BOOL),
    };
    struct query query = {
        .access_type = LK_STR("tail"), .pattern = LK_STR("*"), .n = -1, .stop = INT64_MAX};
    json_t *rows = json_array();
    size_t i;

    if (lk_json_read(request, "history_request", table, LK_COUNT(table), &query, NULL))
        return rows;
    /* Session 0 is this one, and the only one there is. */
    if (lk_str_eq(query.access_type, LK_STR("range")) && query.session != 0)
        return rows;
    count_from_end(history, &query);
    /* Newest first, so that n keeps the newest; turned round by inserting at the front. */
    for (i = json_array_size(history->entries); i > 0; i--) {
        const json_t *entry = json_array_get(history->entries, i - 1);
        if (query.n >= 0 && !lk_str_eq(query.access_type, LK_STR("range")) &&
            (int64_t)json_array_size(rows) >= query.n)
            break;
        if (matches(&query, entry) && !(query.unique && seen_before(rows, entry)))
            json_array_insert_new(rows, 0, row(&query, entry));
    }
    return rows;
}
