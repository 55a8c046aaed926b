/* %batch times: what queueing, packaging, starting and running cost, batch by batch. */
#include "magic/batch_times.h"

#include "base/timefmt.h"
#include "magic/batch_find.h"
#include "magic/batch_target.h"
#include "magic/batch_view.h"
#include "magic/timeline_svg.h"
#include "magic/view.h"

#include <stdlib.h>
#include <string.h>

enum {
    NAME_SHOWN = 40,
    ROWS_SHOWN = 50,
    ASKED_MAX = 50, /* one request each, where the list does not tell the phases */
    PICTURED_MAX = 12,
    PICTURE_FROM_MS = 1000
};

static const struct {
    const char *phase, *title;
} columns[LK_BATCH_TIMES] = {{"queued", "Queued"},
                             {"packaging", "Packaging"},
                             {"starting", "Starting"},
                             {"running", "Running"},
                             {"total", "Total"}};

/* ---- one batch ----------------------------------------------------------------------------- */

const char *lk_batch_times_title(size_t i)
{
    return columns[i].title;
}

void lk_batch_times_read(const struct lk_livy_batch *batch, int64_t now_ms,
                         struct lk_batch_times *ret)
{
    struct lk_batch_phase phases[LK_BATCH_PHASES_MAX];
    size_t count = lk_livy_batch_phases(batch, now_ms, phases);

    for (size_t i = 0; i < LK_BATCH_TIMES; i++)
        ret->ms[i] = -1;
    for (size_t i = 0; i < count; i++)
        for (size_t at = 0; at < LK_BATCH_TIMES; at++)
            if (strcmp(phases[i].name, columns[at].phase) == 0)
                ret->ms[at] = phases[i].to_ms - phases[i].from_ms;
    if (count)
        ret->ms[LK_BATCH_TIMES - 1] = phases[count - 1].to_ms - phases[0].from_ms;
}

json_t *lk_batch_times_value(const struct lk_batch_times *times)
{
    json_t *value = json_object();

    for (size_t i = 0; i < LK_BATCH_TIMES; i++)
        if (times->ms[i] >= 0)
            json_object_set_new(value, columns[i].phase, json_integer(times->ms[i]));
    return value;
}

void lk_batch_time_text(int64_t ms, char ret[32])
{
    ret[0] = '\0';
    if (ms >= 0)
        lk_duration_text(ms, ret);
}

void lk_batch_times_show_picture(struct lk_context *context, struct lk_cell *cell,
                                 const struct lk_livy_batch *batches, size_t count)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf svg = LK_BUF_INIT(256 << 10);
    struct lk_timeline rows[PICTURED_MAX];
    int64_t longest = 0, now = context->options.clock->unix_ms(context->options.clock);
    size_t filled = 0;

    for (size_t i = 0; i < count && filled < PICTURED_MAX; i++) {
        struct lk_timeline *row = &rows[filled];
        int64_t ms;
        row->count = lk_livy_batch_phases(&batches[i], now, row->phases);
        if (!row->count)
            continue;
        row->title = lk_str_from(batches[i].name[0] ? batches[i].name : batches[i].id);
        row->end = batches[i].end;
        ms = row->phases[row->count - 1].to_ms - row->phases[0].from_ms;
        longest = ms > longest ? ms : longest;
        filled++;
    }
    if (cell->terminal || longest < PICTURE_FROM_MS)
        return;
    lk_timelines_svg(rows, filled, &svg);
    lk_picture_show(cell, lk_buf_view(&svg), LK_STR("(a picture of the times above)"));
}

/* ---- all of them --------------------------------------------------------------------------- */

static int compare_ms(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return a < b ? -1 : a > b;
}

/* Of what is told; -1 when nothing is. */
static int64_t median(const struct lk_batch_times *times, size_t count, size_t column)
{
    int64_t *known = lk_alloc((count + 1) * sizeof *known), ret = -1;
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        if (times[i].ms[column] >= 0)
            known[n++] = times[i].ms[column];
    qsort(known, n, sizeof *known, compare_ms);
    if (n)
        ret = n % 2 ? known[n / 2] : (known[n / 2 - 1] + known[n / 2]) / 2;
    free(known);
    return ret;
}

static int64_t sum(const struct lk_batch_times *times, size_t count, size_t column)
{
    int64_t ret = -1;

    for (size_t i = 0; i < count; i++)
        if (times[i].ms[column] >= 0)
            ret = (ret < 0 ? 0 : ret) + times[i].ms[column];
    return ret;
}

static void put_row(struct lk_table *table, struct lk_str name, const char *state,
                    const struct lk_batch_times *times)
{
    char texts[LK_BATCH_TIMES][LK_DURATION_TEXT_MAX];
    struct lk_str cells[2 + LK_BATCH_TIMES] = {name, lk_str_from(state)};

    for (size_t i = 0; i < LK_BATCH_TIMES; i++) {
        lk_batch_time_text(times->ms[i], texts[i]);
        cells[2 + i] = lk_str_from(texts[i]);
    }
    lk_table_row(table, cells);
}

static void show(const struct lk_livy_list *list, const struct lk_batch_times *times,
                 const struct lk_batch_times *middle, const struct lk_batch_times *all,
                 struct lk_answer *ret)
{
    struct lk_table *table =
        lk_table_new(2 + LK_BATCH_TIMES, "Batch", "End", columns[0].title, columns[1].title,
                     columns[2].title, columns[3].title, columns[4].title);

    for (size_t i = 0; i < list->count; i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(NAME_SHOWN * 4);
        const struct lk_livy_batch *batch = &list->batches[i];
        lk_text_shorten(lk_str_from(batch->name[0] ? batch->name : batch->id), NAME_SHOWN, &name);
        put_row(table, lk_buf_view(&name), lk_batch_mark(batch->end), &times[i]);
    }
    if (list->count > 1) {
        put_row(table, LK_STR("Median"), "", middle);
        put_row(table, LK_STR("Sum"), "", all);
    }
    lk_table_write(table, ROWS_SHOWN + 2, &ret->markdown, &ret->plain);
    lk_table_free(table);
}

static json_t *times_value(const struct lk_livy_list *list, const struct lk_batch_times *times,
                           const struct lk_batch_times *middle, const struct lk_batch_times *all)
{
    json_t *value = json_object(), *batches = json_array();

    json_object_set_new(value, "kind", json_string("batch.times"));
    for (size_t i = 0; i < list->count; i++) {
        json_t *one = json_object();
        lk_json_set_text(one, "id", lk_str_from(list->batches[i].id));
        lk_json_set_text(one, "name", lk_str_from(list->batches[i].name));
        json_object_set_new(one, "outcome", json_string(lk_batch_end_name(list->batches[i].end)));
        json_object_set_new(one, "ms", lk_batch_times_value(&times[i]));
        json_array_append_new(batches, one);
    }
    json_object_set_new(value, "batches", batches);
    json_object_set_new(value, "median_ms", lk_batch_times_value(middle));
    json_object_set_new(value, "sum_ms", lk_batch_times_value(all));
    return value;
}

/* ---- which --------------------------------------------------------------------------------- */

/* Lists tell less than the batches themselves. */
static enum lk_status ask_each(struct lk_context *context, struct lk_cancel *cancel,
                               struct lk_livy_list *list, struct lk_error *err)
{
    struct lk_livy *livy;
    enum lk_status st = lk_context_livy(context, &livy, err);

    for (size_t i = 0; !st && i < list->count && i < ASKED_MAX; i++) {
        LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch whole = LK_LIVY_BATCH_INIT;
        st = lk_livy_get(livy, lk_str_from(list->batches[i].id), cancel, &whole, err);
        if (st == LK_NOT_FOUND) { /* between the two requests; what the list said stands */
            st = LK_OK;
            continue;
        }
        if (st)
            return st;
        lk_livy_batch_done(&list->batches[i]);
        list->batches[i] = whole;
        whole = (struct lk_livy_batch)LK_LIVY_BATCH_INIT;
    }
    return st;
}

static enum lk_status find_named(struct lk_context *context, const struct lk_args *args,
                                 struct lk_cancel *cancel, struct lk_livy_list *ret,
                                 struct lk_error *err)
{
    size_t count = lk_args_positional_count(args);
    enum lk_status st = LK_OK;

    ret->batches = lk_alloc((count + 1) * sizeof *ret->batches);
    for (size_t i = 0; !st && i < count; i++) {
        struct lk_livy_batch *batch = &ret->batches[ret->count++];
        *batch = (struct lk_livy_batch)LK_LIVY_BATCH_INIT;
        st = lk_batch_target(context, lk_args_positional(args, i), cancel, batch, err);
    }
    return st;
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    LK_CLEANUP(lk_batch_found_done) struct lk_batch_found found = {.more = false};
    struct lk_batch_times *times, middle, all;
    int64_t now;
    enum lk_status st;

    (void)body;
    st = lk_args_positional_count(args) ? find_named(context, args, cell->cancel, &found.list, err)
                                        : lk_batch_find(context, args, cell->cancel, &found, err);
    if (!st)
        st = ask_each(context, cell->cancel, &found.list, err);
    if (st)
        return st;
    now = context->options.clock->unix_ms(context->options.clock);
    times = lk_alloc((found.list.count + 1) * sizeof *times);
    for (size_t i = 0; i < found.list.count; i++)
        lk_batch_times_read(&found.list.batches[i], now, &times[i]);
    for (size_t i = 0; i < LK_BATCH_TIMES; i++) {
        middle.ms[i] = median(times, found.list.count, i);
        all.ms[i] = sum(times, found.list.count, i);
    }
    ret->value = times_value(&found.list, times, &middle, &all);
    if (all.ms[LK_BATCH_TIMES - 1] >= 0) {
        show(&found.list, times, &middle, &all, ret);
    } else {
        lk_buf_put(&ret->markdown, LK_STR("The service tells no times of these batches.\n"));
        lk_buf_put(&ret->plain, LK_STR("The service tells no times of these batches.\n"));
    }
    free(times);
    lk_batch_found_note(&found, &ret->markdown, &ret->plain);
    lk_answer_show_view(cell, ret);
    lk_batch_times_show_picture(context, cell, found.list.batches, found.list.count);
    return LK_OK;
}

static const struct lk_option options[] = {LK_BATCH_FIND_OPTIONS};

const struct lk_magic lk_magic_batch_times = {
    .name = "batch",
    .verb = "times",
    .summary = "where the time of batches went",
    .usage = "%batch times [ID | NAME …] [--name TEXT] [--state STATE] [--since DURATION]",
    .details = "Queueing, packaging, starting and running of each, with their median and sum: what "
               "a capacity, an environment or a setting costs.",
    .options = options,
    .option_count = LK_COUNT(options),
    .positional_max = ASKED_MAX,
    .takes = {{LK_TAKES_BATCH}},
    .flags = LK_MAGIC_LINE,
    .run = run,
};
