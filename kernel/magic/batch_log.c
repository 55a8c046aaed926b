/* %batch log: the end of a batch's log. */
#include "base/timefmt.h"
#include "fabric/livy_log.h"
#include "magic/batch_target.h"
#include "magic/batch_view.h"
#include "magic/view.h"

#include <string.h>

enum { LINES_DEFAULT = 25, LINES_MAX = 100000, TAIL_BYTES_MAX = 12 << 20 };

static const struct lk_option options[] = {
    {"tail", "N", "how many lines; 25 by default", false},
    {"source",
     "WHICH",
     "stdout (the default: what the payload printed), stderr (Spark), driver "
     "(the same as stderr), livy (the submission)",
     false,
     {.choices = "stdout|stderr|driver|livy"}},
};

static enum lk_status read_source(struct lk_str text, enum lk_log_source *ret, struct lk_error *err)
{
    static const struct {
        const char *name;
        enum lk_log_source source;
    } names[] = {{"stdout", LK_LOG_STDOUT},
                 {"stderr", LK_LOG_STDERR},
                 {"driver", LK_LOG_STDERR},
                 {"livy", LK_LOG_LIVY}};

    *ret = LK_LOG_STDOUT;
    if (!text.len)
        return LK_OK;
    for (size_t i = 0; i < LK_COUNT(names); i++)
        if (lk_str_eq(text, lk_str_from(names[i].name))) {
            *ret = names[i].source;
            return LK_OK;
        }
    lk_error_set(err, LK_INVALID, "UnknownSource", "--source %.*s is not known", LK_STR_ARGS(text));
    return lk_error_next(err, "Use stdout, stderr, driver or livy.");
}

static enum lk_status read_tail(const struct lk_args *args, int64_t *ret, struct lk_error *err)
{
    *ret = LINES_DEFAULT;
    if (!lk_args_has(args, "tail") ||
        (lk_str_to_i64(lk_args_get(args, "tail"), ret) && *ret > 0 && *ret <= LINES_MAX))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "BadNumber", "--tail takes a number from 1 to %d", LINES_MAX);
    return lk_error_next(err, "%%batch log --tail 100");
}

static json_t *log_value(const struct lk_livy_batch *batch, struct lk_str source,
                         struct lk_str lines, int64_t total)
{
    json_t *value = json_object();

    json_object_set_new(value, "kind", json_string("batch.log"));
    lk_json_set_text(value, "id", lk_str_from(batch->id));
    lk_json_set_text(value, "source", source.len ? source : LK_STR("stdout"));
    json_object_set_new(value, "bytes", json_integer(total));
    json_object_set_new(value, "shown", json_integer((json_int_t)lines.len));
    return value;
}

static void say_what_is_shown(int64_t shown, int64_t total, struct lk_answer *ret)
{
    char part[LK_SIZE_TEXT_MAX], whole[LK_SIZE_TEXT_MAX];

    lk_size_text(shown, part);
    lk_size_text(total, whole);
    if (!shown)
        lk_buf_put(&ret->plain, LK_STR("The log is empty so far."));
    /* A last line without its end is still whole. */
    else if (shown + 1 < total)
        lk_buf_printf(&ret->plain, "The last %s of %s; --tail N shows more.", part, whole);
    lk_buf_put(&ret->markdown, lk_buf_view(&ret->plain));
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch target = LK_LIVY_BATCH_INIT;
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf log = LK_BUF_INIT(TAIL_BYTES_MAX);
    enum lk_log_source source;
    struct lk_livy *livy;
    struct lk_str lines;
    int64_t tail, total = 0;
    bool cut = false;
    enum lk_status st;

    (void)body;
    st = read_source(lk_args_get(args, "source"), &source, err);
    if (!st)
        st = read_tail(args, &tail, err);
    if (!st)
        st = lk_batch_target(context, lk_args_positional(args, 0), cell->cancel, &target, err);
    if (!st)
        st = lk_context_livy(context, &livy, err);
    if (!st)
        st = lk_livy_get(livy, lk_str_from(target.id), cell->cancel, &batch, err);
    if (!st)
        st = lk_livy_log_tail(livy, &batch, source, TAIL_BYTES_MAX, cell->cancel, &log, &cut,
                              &total, err);
    if (st)
        return st;
    lk_batch_seen(context, &batch);
    lines = lk_log_last_lines(lk_buf_view(&log), (size_t)tail);
    lk_stream_foreign(cell, lines);
    ret->value = log_value(&batch, lk_args_get(args, "source"), lines, total);
    ret->place = LK_VALUE_HIDDEN;
    say_what_is_shown((int64_t)lines.len, total, ret);
    return LK_OK;
}

const struct lk_magic lk_magic_batch_log = {
    .name = "batch",
    .verb = "log",
    .summary = "the end of a batch's log",
    .usage = "%batch log [ID | NAME] [--tail N] [--source stdout|stderr|driver|livy]",
    .options = options,
    .option_count = LK_COUNT(options),
    .positional_max = 1,
    .takes = {{LK_TAKES_BATCH}},
    .flags = LK_MAGIC_LINE,
    .run = run,
};
