/* %batch compare: two runs beside each other: how they ended, what they took, what they were asked
 * to do. */
#include "base/timefmt.h"
#include "magic/batch_target.h"
#include "magic/batch_times.h"
#include "magic/batch_view.h"
#include "magic/view.h"

#include <stdlib.h>
#include <string.h>

enum {
    TEXT_SHOWN = 120,
    ROWS_SHOWN = 60,
    TITLE_SHOWN = 30,
    PERCENT_FROM_MS = 1000, /* of less, a share says nothing */
};

struct sides {
    struct lk_livy_batch batches[2];
};

static void sides_done(struct sides *sides)
{
    lk_livy_batch_done(&sides->batches[0]);
    lk_livy_batch_done(&sides->batches[1]);
}

/* ---- times --------------------------------------------------------------------------------- */

/* "+12 s (+8 %)" */
static void change_text(int64_t from, int64_t to, struct lk_buf *ret)
{
    int64_t by = to - from, size = by < 0 ? -by : by;
    const char *sign = by < 0 ? "−" : "+";
    char text[LK_DURATION_TEXT_MAX];
    int64_t percent = from >= PERCENT_FROM_MS ? (size * 100 + from / 2) / from : 0;

    if (from < 0 || to < 0)
        return;
    if (size < LK_BATCH_PHASE_SHOWN_MS) {
        lk_buf_put(ret, LK_STR("same"));
        return;
    }
    lk_duration_text(size, text);
    lk_buf_printf(ret, "%s%s", sign, text);
    if (percent)
        lk_buf_printf(ret, " (%s%lld %%)", sign, (long long)percent);
}

static void time_rows(const struct sides *sides, int64_t now, struct lk_table *table, json_t *times)
{
    struct lk_batch_times of[2];

    for (size_t side = 0; side < 2; side++) {
        lk_batch_times_read(&sides->batches[side], now, &of[side]);
        json_array_append_new(times, lk_batch_times_value(&of[side]));
    }
    for (size_t i = 0; i < LK_BATCH_TIMES; i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf change = LK_BUF_INIT(128);
        char left[LK_DURATION_TEXT_MAX], right[LK_DURATION_TEXT_MAX];
        lk_batch_time_text(of[0].ms[i], left);
        lk_batch_time_text(of[1].ms[i], right);
        change_text(of[0].ms[i], of[1].ms[i], &change);
        if (left[0] || right[0])
            lk_table_row(table,
                         (struct lk_str[]){lk_str_from(lk_batch_times_title(i)), lk_str_from(left),
                                           lk_str_from(right), lk_buf_view(&change)});
    }
}

/* ---- the requests -------------------------------------------------------------------------- */

/* What a batch was asked to do, as far as its service repeats it (livy.md §1.4). Borrowed. */
static const json_t *request_of(const struct lk_livy_batch *batch)
{
    return json_object_get(json_object_get(batch->raw, "livyInfo"), "jobCreationRequest");
}

static void value_text(const json_t *value, struct lk_buf *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf whole = LK_BUF_INIT(64 << 10);

    if (json_is_string(value))
        lk_buf_put(&whole, lk_json_str(value));
    else if (value && !json_is_null(value))
        lk_json_write(value, false, &whole);
    lk_text_shorten(lk_buf_view(&whole), TEXT_SHOWN, ret);
}

static bool is_nothing(const json_t *value)
{
    return !value || json_is_null(value) || (json_is_array(value) && !json_array_size(value)) ||
           (json_is_object(value) && !json_object_size(value)) ||
           (json_is_string(value) && !json_string_length(value));
}

/* One row where the two differ. Returns whether they do. */
static bool differing_row(const char *prefix, const char *name, const json_t *left,
                          const json_t *right, struct lk_table *table, json_t *differences)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf title = LK_BUF_INIT(512);
    LK_CLEANUP(lk_buf_done) struct lk_buf left_text = LK_BUF_INIT(TEXT_SHOWN * 4);
    LK_CLEANUP(lk_buf_done) struct lk_buf right_text = LK_BUF_INIT(TEXT_SHOWN * 4);

    if ((is_nothing(left) && is_nothing(right)) || (left && right && json_equal(left, right)))
        return false;
    lk_buf_printf(&title, "%s%s", prefix, name);
    value_text(left, &left_text);
    value_text(right, &right_text);
    lk_table_row(table, (struct lk_str[]){lk_buf_view(&title), lk_buf_view(&left_text),
                                          lk_buf_view(&right_text), LK_STR("differs")});
    json_object_set_new(differences, lk_buf_cstr(&title),
                        json_pack("[O?, O?]", (json_t *)left, (json_t *)right));
    return true;
}

/* Every field that either has, "conf" and "tags" key by key. Returns how many are the same. */
static size_t differing_rows(const char *prefix, const json_t *left, const json_t *right,
                             struct lk_table *table, json_t *differences)
{
    LK_CLEANUP(lk_json_unref) json_t *names = json_object();
    size_t same = 0;
    const char *name;
    json_t *value;

    json_object_update(names, (json_t *)left);
    json_object_update(names, (json_t *)right);
    json_object_foreach(names, name, value)
    {
        const json_t *a = json_object_get(left, name), *b = json_object_get(right, name);
        if (!prefix[0] && json_is_object(value)) {
            LK_CLEANUP(lk_buf_done) struct lk_buf inner = LK_BUF_INIT(256);
            lk_buf_printf(&inner, "%s ", name);
            same += differing_rows(lk_buf_cstr(&inner), a, b, table, differences);
        } else if (strcmp(name, "submitId") != 0) {
            same += !differing_row(prefix, name, a, b, table, differences);
        }
    }
    return same;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void put_state(const struct lk_livy_batch *batch, struct lk_buf *ret)
{
    lk_buf_printf(ret, "%s %s", lk_batch_mark(batch->end), lk_batch_end_name(batch->end));
}

static void state_row(const struct sides *sides, struct lk_table *table)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf left = LK_BUF_INIT(128);
    LK_CLEANUP(lk_buf_done) struct lk_buf right = LK_BUF_INIT(128);
    bool is_same = sides->batches[0].end == sides->batches[1].end;

    put_state(&sides->batches[0], &left);
    put_state(&sides->batches[1], &right);
    lk_table_row(table, (struct lk_str[]){LK_STR("State"), lk_buf_view(&left), lk_buf_view(&right),
                                          is_same ? LK_STR_EMPTY : LK_STR("differs")});
}

/* Runs of the same name are told apart by the beginning of their ids. */
static void put_title(const struct sides *sides, size_t side, struct lk_buf *ret)
{
    const struct lk_livy_batch *batch = &sides->batches[side];
    bool is_telling = strcmp(sides->batches[0].name, sides->batches[1].name) != 0;

    lk_text_shorten(lk_str_from(batch->name), TITLE_SHOWN, ret);
    if (!is_telling || !batch->name[0])
        lk_buf_printf(ret, "%s%.8s", ret->len ? " " : "", batch->id);
}

static struct lk_table *new_table(const struct sides *sides)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf left = LK_BUF_INIT(TITLE_SHOWN * 4 + 16);
    LK_CLEANUP(lk_buf_done) struct lk_buf right = LK_BUF_INIT(TITLE_SHOWN * 4 + 16);

    put_title(sides, 0, &left);
    put_title(sides, 1, &right);
    return lk_table_new(4, "What", lk_buf_cstr(&left), lk_buf_cstr(&right), "Change");
}

static void compare(struct lk_context *context, const struct sides *sides, struct lk_answer *ret)
{
    const json_t *left = request_of(&sides->batches[0]), *right = request_of(&sides->batches[1]);
    int64_t now = context->options.clock->unix_ms(context->options.clock);
    json_t *times = json_array(), *differences = json_object();
    LK_CLEANUP(lk_buf_done) struct lk_buf note = LK_BUF_INIT(256);
    struct lk_table *table = new_table(sides);
    size_t same = 0;

    state_row(sides, table);
    time_rows(sides, now, table, times);
    if (left && right)
        same = differing_rows("", left, right, table, differences);
    lk_table_write(table, ROWS_SHOWN, &ret->markdown, &ret->plain);
    lk_table_free(table);
    if (left && right)
        lk_buf_printf(&note, "%zu %s of the requests %s the same.", same,
                      same == 1 ? "field" : "fields", same == 1 ? "is" : "are");
    else
        lk_buf_put(&note, LK_STR("The service does not repeat the requests, so they are not "
                                 "compared."));
    lk_buf_printf(&ret->plain, "%s\n", lk_buf_cstr(&note));
    lk_buf_printf(&ret->markdown, "\n%s\n", lk_buf_cstr(&note));
    ret->value = json_object();
    json_object_set_new(ret->value, "kind", json_string("batch.compare"));
    json_object_set_new(ret->value, "batches",
                        json_pack("[o, o]", lk_batch_value(context, &sides->batches[0]),
                                  lk_batch_value(context, &sides->batches[1])));
    json_object_set_new(ret->value, "times_ms", times);
    json_object_set_new(ret->value, "request_differences", differences);
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    LK_CLEANUP(sides_done)
    struct sides sides = {.batches = {LK_LIVY_BATCH_INIT, LK_LIVY_BATCH_INIT}};
    enum lk_status st = LK_OK;

    (void)body;
    if (lk_args_positional_count(args) != 2) {
        lk_error_set(err, LK_INVALID, "TwoBatches", "%%batch compare wants two batches");
        return lk_error_next(err, "%%batch compare ID ID; %%batch list shows what there is.");
    }
    for (size_t i = 0; !st && i < 2; i++)
        st = lk_batch_ask(context, lk_args_positional(args, i), cell->cancel, &sides.batches[i],
                          err);
    if (st)
        return st;
    compare(context, &sides, ret);
    lk_answer_show_view(cell, ret);
    lk_batch_times_show_picture(context, cell, sides.batches, 2);
    return LK_OK;
}

const struct lk_magic lk_magic_batch_compare = {
    .name = "batch",
    .verb = "compare",
    .summary = "two runs beside each other",
    .usage = "%batch compare ID|NAME ID|NAME",
    .details = "How they ended, what each phase took, and, where the service repeats the request, "
               "which settings, arguments and files differ.",
    .positional_max = 2,
    .takes = {{LK_TAKES_BATCH}},
    .flags = LK_MAGIC_LINE,
    .run = run,
};
