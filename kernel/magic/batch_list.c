/* %batch list: the newest batches of the service. */
#include "base/timefmt.h"
#include "magic/batch_find.h"
#include "magic/batch_view.h"
#include "magic/view.h"

enum { ROWS_SHOWN = 30, NAME_SHOWN = 40 };

static const struct lk_option options[] = {LK_BATCH_FIND_OPTIONS};

/* Who submitted it is told where it may have been anybody. */
static void batch_row(const struct lk_context *context, const struct lk_livy_batch *batch,
                      bool tell_who, struct lk_table *table)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf state = LK_BUF_INIT(256);
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(256);
    LK_CLEANUP(lk_buf_done) struct lk_buf id = LK_BUF_INIT(256);
    LK_CLEANUP(lk_buf_done) struct lk_buf who = LK_BUF_INIT(1024);
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
    lk_markdown_id(lk_str_from(batch->id), &id);
    if (tell_who)
        lk_markdown_id(lk_str_from(batch->submitter), &who);
    lk_text_shorten(lk_str_from(batch->name[0] ? batch->name : "(no name)"), NAME_SHOWN, &name);
    lk_table_row_rich(table,
                      (struct lk_str[]){lk_buf_view(&name), lk_buf_view(&state),
                                        lk_str_from(duration), lk_str_from(when),
                                        tell_who ? lk_str_from(batch->submitter) : LK_STR_EMPTY,
                                        lk_str_from(batch->id)},
                      (struct lk_str[]){LK_STR_EMPTY, LK_STR_EMPTY, LK_STR_EMPTY, LK_STR_EMPTY,
                                        lk_buf_view(&who), lk_buf_view(&id)});
}

static void say_none(const struct lk_batch_found *found, struct lk_answer *ret)
{
    bool is_filtered = found->looked_at > 0;

    ret->place = LK_VALUE_HIDDEN;
    lk_buf_put(&ret->plain, is_filtered ? LK_STR("No such batches.\n")
                                        : LK_STR("No batches. Next: %batch submit\n"));
    lk_buf_put(&ret->markdown, is_filtered ? LK_STR("No such batches.\n")
                                           : LK_STR("No batches. Next: `%batch submit`\n"));
}

static json_t *list_value(const struct lk_context *context, const struct lk_livy_list *list)
{
    json_t *value = json_object(), *batches = json_array();

    json_object_set_new(value, "kind", json_string("batch.list"));
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(batches, lk_batch_value(context, &list->batches[i]));
    json_object_set_new(value, "batches", batches);
    if (list->total >= 0)
        json_object_set_new(value, "total", json_integer(list->total));
    return value;
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    LK_CLEANUP(lk_batch_found_done) struct lk_batch_found found = {.more = false};
    struct lk_table *table;
    enum lk_status st = lk_batch_find(context, args, cell->cancel, &found, err);

    (void)body;
    if (st)
        return st;
    ret->value = list_value(context, &found.list);
    table = lk_table_new(6, "Batch", "State", "Time", "Submitted (UTC)", "By", "Id");
    for (size_t i = 0; i < found.list.count; i++)
        batch_row(context, &found.list.batches[i], lk_args_has(args, "past"), table);
    if (found.list.count)
        lk_table_write(table, ROWS_SHOWN, &ret->markdown, &ret->plain);
    else
        say_none(&found, ret);
    lk_table_free(table);
    lk_batch_found_note(&found, &ret->markdown, &ret->plain);
    return LK_OK;
}

const struct lk_magic lk_magic_batch_list = {
    .name = "batch",
    .verb = "list",
    .summary = "the newest batches of the service",
    .usage = "%batch list [--name TEXT] [--state STATE] [--since DURATION] [--past] "
             "[--max N] [--skip N]",
    .options = options,
    .option_count = LK_COUNT(options),
    .flags = LK_MAGIC_LINE,
    .run = run,
};
