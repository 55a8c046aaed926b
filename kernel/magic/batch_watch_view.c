#include "magic/batch_watch_view.h"

#include "base/timefmt.h"
#include "magic/view.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_SHOWN = 40, MESSAGE_SHOWN = 100 };

/* In the order of a table: what wants attention first. */
enum kind { FAILED, UNKNOWN, CANCELLED, RUNNING, STARTING, QUEUED, SUCCEEDED, KINDS };

static const char *const kind_words[KINDS] = {
    [FAILED] = "failed",       [UNKNOWN] = "unknown",   [CANCELLED] = "cancelled",
    [RUNNING] = "running",     [STARTING] = "starting", [QUEUED] = "queued",
    [SUCCEEDED] = "succeeded",
};

static int64_t now_ms(const struct lk_context *context)
{
    return context->options.clock->unix_ms(context->options.clock);
}

static bool is_word(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static enum kind kind_of(const struct lk_watched *item)
{
    static const char *const running[] = {"running", "busy", "idle", "recovering", NULL};
    static const char *const queued[] = {"", "not_started", "not_submitted", "notstarted", NULL};
    const struct lk_livy_batch *batch = &item->batch;

    if (item->verdict == LK_WATCH_GONE || item->verdict == LK_WATCH_GIVE_UP)
        return UNKNOWN;
    switch (batch->end) {
    case LK_BATCH_SUCCEEDED:
        return SUCCEEDED;
    case LK_BATCH_FAILED:
        return FAILED;
    case LK_BATCH_CANCELLED:
        return CANCELLED;
    case LK_BATCH_GOING:
        break;
    }
    if (is_word(batch->state, running))
        return RUNNING;
    return strcmp(batch->phase, "queued") == 0 || is_word(batch->state, queued) ? QUEUED : STARTING;
}

/* ---- counts -------------------------------------------------------------------------------- */

static size_t *slot(struct lk_batch_counts *counts, enum kind kind)
{
    size_t *const slots[KINDS] = {
        [FAILED] = &counts->failed,       [UNKNOWN] = &counts->unknown,
        [CANCELLED] = &counts->cancelled, [RUNNING] = &counts->running,
        [STARTING] = &counts->starting,   [QUEUED] = &counts->queued,
        [SUCCEEDED] = &counts->succeeded,
    };

    return slots[kind];
}

void lk_batch_count(const struct lk_watch_many *many, struct lk_batch_counts *ret)
{
    memset(ret, 0, sizeof *ret);
    for (size_t i = 0; i < many->count; i++)
        (*slot(ret, kind_of(&many->items[i])))++;
}

void lk_batch_counts_text(const struct lk_batch_counts *counts, struct lk_buf *ret)
{
    static const enum kind order[] = {RUNNING, STARTING,  QUEUED, SUCCEEDED,
                                      FAILED,  CANCELLED, UNKNOWN};
    struct lk_batch_counts copy = *counts;
    const char *between = "";

    for (size_t i = 0; i < LK_COUNT(order); i++) {
        size_t count = *slot(&copy, order[i]);
        if (!count)
            continue;
        lk_buf_printf(ret, "%s%zu %s", between, count, kind_words[order[i]]);
        between = ", ";
    }
}

/* ---- value --------------------------------------------------------------------------------- */

static json_t *item_value(const struct lk_context *context, const struct lk_watched *item)
{
    json_t *value = lk_batch_value(context, &item->batch);

    if (kind_of(item) == UNKNOWN)
        json_object_set_new(value, "outcome", json_string("unknown"));
    if (item->trouble)
        lk_json_set_text(value, "trouble", lk_str_from(item->trouble->message));
    return value;
}

json_t *lk_batch_watch_value(const struct lk_context *context, const struct lk_watch_many *many,
                             bool with_batches)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf state = LK_BUF_INIT(512);
    struct lk_batch_counts counts;
    json_t *value = json_object(), *batches;

    lk_batch_count(many, &counts);
    lk_batch_counts_text(&counts, &state);
    json_object_set_new(value, "kind", json_string("batch.watch"));
    json_object_set_new(value, "count", json_integer((json_int_t)many->count));
    lk_json_set_text(value, "state", lk_buf_view(&state));
    for (int kind = 0; kind < KINDS; kind++)
        json_object_set_new(value, kind_words[kind],
                            json_integer((json_int_t)*slot(&counts, (enum kind)kind)));
    if (!with_batches)
        return value;
    json_object_set_new(value, "batches", batches = json_array());
    for (size_t i = 0; i < many->count; i++)
        json_array_append_new(batches, item_value(context, &many->items[i]));
    return value;
}

/* ---- table --------------------------------------------------------------------------------- */

static int64_t age_of(const struct lk_watched *item)
{
    return item->batch.submitted_ms;
}

static int compare_interest(const void *left, const void *right)
{
    const struct lk_watched *a = *(const struct lk_watched *const *)left;
    const struct lk_watched *b = *(const struct lk_watched *const *)right;
    enum kind x = kind_of(a), y = kind_of(b);

    if (x != y)
        return x < y ? -1 : 1;
    if (age_of(a) != age_of(b))
        return age_of(a) > age_of(b) ? -1 : 1;
    return a < b ? -1 : a > b; /* as they were named */
}

static const struct lk_watched **sorted(const struct lk_watch_many *many)
{
    const struct lk_watched **ret = lk_alloc((many->count + 1) * sizeof *ret);

    for (size_t i = 0; i < many->count; i++)
        ret[i] = &many->items[i];
    qsort(ret, many->count, sizeof *ret, compare_interest);
    return ret;
}

static void put_state(const struct lk_watched *item, struct lk_buf *ret)
{
    enum kind kind = kind_of(item);
    bool going = kind == RUNNING || kind == STARTING || kind == QUEUED;
    const char *phase = item->batch.phase[0] ? item->batch.phase : kind_words[kind];

    lk_buf_printf(ret, "%s %s", kind == UNKNOWN ? "?" : lk_batch_mark(item->batch.end),
                  going ? phase : kind_words[kind]);
}

static void put_message(const struct lk_watched *item, struct lk_buf *ret)
{
    struct lk_str rest = lk_str_from(item->trouble ? item->trouble->message : item->batch.message);
    struct lk_str line = LK_STR_EMPTY;

    if (item->batch.end == LK_BATCH_SUCCEEDED)
        return;
    lk_str_next_line(&rest, &line);
    lk_text_shorten(line, MESSAGE_SHOWN, ret);
}

static void add_row(const struct lk_watched *item, int64_t now, struct lk_table *table)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(NAME_SHOWN * 4 + 4);
    LK_CLEANUP(lk_buf_done) struct lk_buf state = LK_BUF_INIT(512);
    LK_CLEANUP(lk_buf_done) struct lk_buf message = LK_BUF_INIT(MESSAGE_SHOWN * 4 + 4);
    LK_CLEANUP(lk_buf_done) struct lk_buf id = LK_BUF_INIT(256);
    const struct lk_livy_batch *batch = &item->batch;
    char duration[LK_DURATION_TEXT_MAX] = "";
    int64_t ms = lk_batch_duration_ms(batch, now);

    lk_text_shorten(lk_str_from(batch->name[0] ? batch->name : "(no name)"), NAME_SHOWN, &name);
    put_state(item, &state);
    put_message(item, &message);
    if (ms >= LK_BATCH_PHASE_SHOWN_MS)
        lk_duration_text_whole(ms, duration);
    lk_markdown_id(lk_str_from(batch->id), &id);
    lk_table_row_rich(table,
                      (struct lk_str[]){lk_buf_view(&name), lk_buf_view(&state),
                                        lk_str_from(duration), lk_buf_view(&message),
                                        lk_str_from(batch->id)},
                      (struct lk_str[]){LK_STR_EMPTY, LK_STR_EMPTY, LK_STR_EMPTY, LK_STR_EMPTY,
                                        lk_buf_view(&id)});
}

static void put_rest(const struct lk_watched *const *rest, size_t count, struct lk_buf *ret)
{
    struct lk_batch_counts counts = {.running = 0};

    for (size_t i = 0; i < count; i++)
        (*slot(&counts, kind_of(rest[i])))++;
    lk_buf_printf(ret, "… and %zu more: ", count);
    lk_batch_counts_text(&counts, ret);
    lk_buf_put_char(ret, '\n');
}

void lk_batch_watch_line(const struct lk_context *context, const struct lk_watch_many *many,
                         const struct lk_batch_look *look, struct lk_buf *ret)
{
    struct lk_batch_counts counts;

    lk_batch_count(many, &counts);
    lk_buf_printf(ret, "%zu batches: ", many->count);
    lk_batch_counts_text(&counts, ret);
    if (!look)
        return;
    lk_buf_put(ret, LK_STR(", "));
    lk_batch_look_text(look, now_ms(context), ret);
}

void lk_batch_watch_table(const struct lk_context *context, const struct lk_watch_many *many,
                          const struct lk_batch_look *look, size_t rows, struct lk_buf *markdown,
                          struct lk_buf *plain)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf line = LK_BUF_INIT(8192);
    struct lk_table *table = lk_table_new(5, "Batch", "State", "Time", "Message", "Id");
    const struct lk_watched **order = sorted(many);
    size_t shown = many->count <= rows ? many->count : rows;
    int64_t now = now_ms(context);

    lk_batch_watch_line(context, many, look, &line);
    lk_buf_printf(plain, "%s\n", lk_buf_cstr(&line));
    lk_markdown_escape(lk_buf_view(&line), markdown);
    lk_buf_put(markdown, LK_STR("\n\n"));
    for (size_t i = 0; i < shown; i++)
        add_row(order[i], now, table);
    lk_table_write(table, shown, markdown, plain);
    lk_buf_clear(&line);
    if (many->count > shown) {
        put_rest(order + shown, many->count - shown, &line);
        lk_buf_put(plain, lk_buf_view(&line));
        lk_buf_put_char(markdown, '\n');
        lk_markdown_escape(lk_buf_view(&line), markdown);
        lk_buf_put_char(markdown, '\n');
    }
    lk_table_free(table);
    free((void *)order);
}
