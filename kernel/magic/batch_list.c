/* %batch list: the newest batches of the service. */
#include "base/timefmt.h"
#include "magic/batch_target.h"
#include "magic/batch_view.h"
#include "magic/view.h"

enum { LIST_DEFAULT = 20, LIST_MAX = 500, ROWS_SHOWN = 30, NAME_SHOWN = 40 };

static const struct lk_option options[] = {
    {"max", "N", "how many; 20 by default", false},
};

static void batch_row(const struct lk_context *context, const struct lk_livy_batch *batch,
                      struct lk_table *table)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf state = LK_BUF_INIT(256);
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(256);
    LK_CLEANUP(lk_buf_done) struct lk_buf id = LK_BUF_INIT(256);
    char when[LK_TIME_TEXT_MAX] = "";
    char duration[LK_DURATION_TEXT_MAX] = "";
    int64_t ms =
        lk_batch_duration_ms(batch, context->options.clock->unix_ms(context->options.clock));

    lk_buf_printf(&state, "%s %s", lk_batch_mark(batch->end),
                  batch->end == LK_BATCH_GOING ? (batch->state[0] ? batch->state : batch->phase)
                                               : lk_batch_end_name(batch->end));
    if (batch->submitted_ms)
        lk_time_text_short(batch->submitted_ms, when);
    if (ms >= LK_BATCH_PHASE_SHOWN_MS)
        lk_duration_text(ms, duration);
    lk_markdown_code(lk_str_from(batch->id), &id);
    lk_text_shorten(lk_str_from(batch->name[0] ? batch->name : "(no name)"), NAME_SHOWN, &name);
    lk_table_row_rich(table,
                      (struct lk_str[]){lk_buf_view(&name), lk_buf_view(&state),
                                        lk_str_from(duration), lk_str_from(when),
                                        lk_str_from(batch->id)},
                      (struct lk_str[]){LK_STR_EMPTY, LK_STR_EMPTY, LK_STR_EMPTY, LK_STR_EMPTY,
                                        lk_buf_view(&id)});
}

static enum lk_status read_max(const struct lk_args *args, int64_t *ret, struct lk_error *err)
{
    *ret = LIST_DEFAULT;
    if (!lk_args_has(args, "max") ||
        (lk_str_to_i64(lk_args_get(args, "max"), ret) && *ret > 0 && *ret <= LIST_MAX))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "BadNumber", "--max takes a number from 1 to %d", LIST_MAX);
    return lk_error_next(err, "%%batch list --max 50");
}

static void say_none(struct lk_answer *ret)
{
    ret->place = LK_VALUE_HIDDEN;
    lk_buf_put(&ret->plain, LK_STR("No batches. Next: %batch submit"));
    lk_buf_put(&ret->markdown, LK_STR("No batches. Next: `%batch submit`"));
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    struct lk_livy_list list = {.batches = NULL};
    struct lk_livy *livy;
    struct lk_table *table;
    json_t *batches;
    int64_t max;
    enum lk_status st;

    (void)body;
    st = read_max(args, &max, err);
    if (!st)
        st = lk_context_livy(context, &livy, err);
    if (!st)
        st = lk_livy_list(livy, (size_t)max, cell->cancel, &list, err);
    if (st)
        return st;
    ret->value = json_object();
    json_object_set_new(ret->value, "kind", json_string("batch.list"));
    json_object_set_new(ret->value, "batches", batches = json_array());
    if (list.total >= 0)
        json_object_set_new(ret->value, "total", json_integer(list.total));
    table = lk_table_new(5, "Batch", "State", "Time", "Submitted (UTC)", "Id");
    for (size_t i = 0; i < list.count; i++) {
        json_array_append_new(batches, lk_batch_value(context, &list.batches[i]));
        batch_row(context, &list.batches[i], table);
    }
    for (size_t i = list.count; i > 0; i--)
        lk_batch_seen(context, &list.batches[i - 1]);
    if (list.count)
        lk_table_write(table, ROWS_SHOWN, &ret->markdown, &ret->plain);
    else
        say_none(ret);
    lk_table_free(table);
    lk_livy_list_done(&list);
    return LK_OK;
}

const struct lk_magic lk_magic_batch_list = {
    .name = "batch",
    .verb = "list",
    .summary = "the newest batches of the service",
    .usage = "%batch list [--max N]",
    .options = options,
    .option_count = LK_COUNT(options),
    .flags = LK_MAGIC_LINE,
    .run = run,
};
