/* %batch log: the end of a batch's log, or its lines that match; batch_log_follow.c follows it. */
#include "magic/batch_log.h"

#include "base/timefmt.h"
#include "fabric/livy_log.h"
#include "magic/batch_target.h"
#include "magic/batch_view.h"
#include "magic/view.h"

#include <string.h>

enum { LINES_DEFAULT = 25, LINES_MAX = 100000, TAIL_BYTES_MAX = 12 << 20 };

/* Of a log that is searched: what travels in a minute or so. */
static const int64_t searched_max = INT64_C(1) << 30;

static const struct lk_option options[] = {
    {"follow", NULL, "show new lines until the batch ends; an interrupt leaves, the batch goes on",
     false},
    {"tail", "N", "how many lines; 25 by default", false},
    {"source",
     "WHICH",
     "stdout (the default: what the payload printed), stderr (Spark), driver "
     "(both), livy (the submission)",
     false,
     {.choices = "stdout|stderr|driver|livy"}},
    {"grep", "PATTERN", "only lines that match a POSIX extended regular expression", false},
    {"ignore-case", NULL, "upper and lower case (ASCII) are the same to --grep", false},
};

static const struct {
    const char *name;
    unsigned sources;
} source_names[] = {
    {"stdout", 1 << LK_LOG_STDOUT},
    {"stderr", 1 << LK_LOG_STDERR},
    {"driver", 1 << LK_LOG_STDOUT | 1 << LK_LOG_STDERR},
    {"livy", 1 << LK_LOG_LIVY},
};

/* ---- what is asked for ------------------------------------------------------------------------
 */

static enum lk_status read_source(struct lk_str text, unsigned *ret, struct lk_error *err)
{
    *ret = 0;
    if (!text.len)
        return LK_OK;
    for (size_t i = 0; i < LK_COUNT(source_names); i++)
        if (lk_str_eq(text, lk_str_from(source_names[i].name))) {
            *ret = source_names[i].sources;
            return LK_OK;
        }
    lk_error_set(err, LK_INVALID, "UnknownSource", "--source %.*s is not known", LK_STR_ARGS(text));
    return lk_error_next(err, "Use stdout, stderr, driver or livy.");
}

static enum lk_status read_tail(const struct lk_args *args, int64_t *ret, struct lk_error *err)
{
    *ret = LINES_DEFAULT;
    return lk_args_number(args, "tail", 1, LINES_MAX, "%batch log --tail 100", ret, err);
}

static enum lk_status read_pattern(const struct lk_args *args, struct lk_log_ask *ret,
                                   struct lk_error *err)
{
    bool ignore_case = lk_args_has(args, "ignore-case");

    if (lk_args_has(args, "grep")) {
        ret->pattern = lk_args_get(args, "grep");
        return lk_log_filter_new(ret->pattern, ignore_case, &ret->filter, err);
    }
    if (!ignore_case)
        return LK_OK;
    lk_error_set(err, LK_INVALID, "MissingOption", "--ignore-case goes with --grep");
    return lk_error_next(err, "%%batch log --grep error --ignore-case");
}

static enum lk_status read_ask(const struct lk_args *args, struct lk_log_ask *ret,
                               struct lk_error *err)
{
    enum lk_status st;

    ret->source = lk_args_get(args, "source");
    st = read_source(ret->source, &ret->sources, err);
    if (!st)
        st = read_tail(args, &ret->tail, err);
    return st ? st : read_pattern(args, ret, err);
}

static void ask_done(struct lk_log_ask *ask)
{
    lk_log_filter_free(ask->filter);
}

json_t *lk_log_value(const struct lk_livy_batch *batch, const struct lk_log_ask *ask)
{
    json_t *value = json_object();

    json_object_set_new(value, "kind", json_string("batch.log"));
    lk_json_set_text(value, "id", lk_str_from(batch->id));
    lk_json_set_text(value, "source", ask->source.len ? ask->source : LK_STR("stdout"));
    lk_json_set_text(value, "pattern", ask->pattern);
    return value;
}

/* ---- the end of it -----------------------------------------------------------------------------
 */

/* What was shown of how much; of several sources the sums. */
struct shown {
    bool is_mute;        /* the value alone is wanted */
    struct lk_buf *text; /* takes the lines, for the value; NULL: it does without */
    int64_t bytes, total;
    int64_t lines;             /* of those that match: */
    int64_t matched, searched; /* how many there are in so many bytes */
};

static void give(struct lk_cell *cell, struct shown *to, struct lk_str lines)
{
    if (!to->is_mute)
        lk_stream_foreign(cell, lines);
    if (to->text)
        lk_buf_put(to->text, lines);
    to->bytes += (int64_t)lines.len;
}

static enum lk_status show_tail(struct lk_livy *livy, struct lk_cell *cell,
                                const struct lk_livy_batch *batch, enum lk_log_source source,
                                const struct lk_log_ask *ask, struct shown *ret,
                                struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf log = LK_BUF_INIT(TAIL_BYTES_MAX);
    struct lk_str lines;
    int64_t total = 0;
    bool cut = false;
    enum lk_status st = lk_livy_log_tail(livy, batch, source, TAIL_BYTES_MAX, cell->cancel, &log,
                                         &cut, &total, err);

    if (st)
        return st;
    lines = lk_log_last_lines(lk_buf_view(&log), (size_t)ask->tail);
    give(cell, ret, lines);
    ret->total += total;
    return LK_OK;
}

/* Counts what matches and passes it on. */
struct match_sink {
    struct lk_line_sink sink; /* first */
    struct lk_log_filter *filter;
    struct lk_cancel *cancel;
    struct lk_last_lines last;
    int64_t matched;
};

static void match_line(struct lk_line_sink *sink, struct lk_str line)
{
    struct match_sink *self = (struct match_sink *)sink;

    if (!lk_log_filter_matches(self->filter, line, self->cancel))
        return;
    self->matched++;
    self->last.sink.line(&self->last.sink, line);
}

static enum lk_status show_matches(struct lk_livy *livy, struct lk_cell *cell,
                                   const struct lk_livy_batch *batch, enum lk_log_source source,
                                   const struct lk_log_ask *ask, struct shown *ret,
                                   struct lk_error *err)
{
    struct match_sink sink = {
        .sink = {.line = match_line}, .filter = ask->filter, .cancel = cell->cancel};
    int64_t searched = 0, total = 0;
    struct lk_str lines;
    enum lk_status st;

    lk_last_lines_init(&sink.last, (size_t)ask->tail, TAIL_BYTES_MAX);
    st = lk_livy_log_scan(livy, batch, source, searched_max, cell->cancel, &sink.sink, &searched,
                          &total, err);
    if (!st)
        st = lk_cancel_check(cell->cancel, err);
    if (!st) {
        lines = lk_last_lines_view(&sink.last);
        give(cell, ret, lines);
        ret->lines += (int64_t)sink.last.count;
        ret->matched += sink.matched;
        ret->searched += searched;
        ret->total += total;
    }
    lk_last_lines_done(&sink.last);
    return st;
}

/* A source that is not there (yet) fails nothing as long as another is. */
static enum lk_status show_sources(struct lk_livy *livy, struct lk_cell *cell,
                                   const struct lk_livy_batch *batch, unsigned sources,
                                   const struct lk_log_ask *ask, struct shown *ret,
                                   struct lk_error *err)
{
    bool several = sources & (sources - 1), found = false;

    for (int i = 0; i < LK_LOG_SOURCES; i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf heading = LK_BUF_INIT(64);
        enum lk_status st;

        if (!(sources & 1u << i))
            continue;
        if (several)
            lk_buf_printf(&heading, "==> %s <==\n", i == LK_LOG_STDOUT ? "stdout" : "stderr");
        if (several && !ret->is_mute)
            cell->stream(cell, LK_STREAM_STDOUT, lk_buf_view(&heading));
        if (ret->text)
            lk_buf_put(ret->text, lk_buf_view(&heading));
        st = (ask->filter ? show_matches : show_tail)(livy, cell, batch, (enum lk_log_source)i, ask,
                                                      ret, err);
        if (st && st != LK_NOT_FOUND)
            return st;
        found |= !st;
    }
    return found ? LK_OK : LK_NOT_FOUND;
}

/* Before Spark has started the submission's log is all there is. */
static unsigned sources_now(struct lk_livy *livy, const struct lk_livy_batch *batch,
                            const struct lk_log_ask *ask)
{
    if (!lk_livy_log_has_sources(livy))
        return 1u << LK_LOG_STDOUT; /* one log for all */
    if (ask->sources)
        return ask->sources;
    return 1u << (batch->app_id[0] ? LK_LOG_STDOUT : LK_LOG_LIVY);
}

static void say_what_is_shown(const struct shown *shown, struct lk_buf *ret)
{
    char part[LK_SIZE_TEXT_MAX], whole[LK_SIZE_TEXT_MAX];

    lk_size_text(shown->bytes, part);
    lk_size_text(shown->total, whole);
    if (!shown->bytes)
        lk_buf_put(ret, LK_STR("The log is empty so far."));
    /* A last line without its end is still whole. */
    else if (shown->bytes + 1 < shown->total)
        lk_buf_printf(ret, "The last %s of %s; --tail N shows more.", part, whole);
}

static void say_what_matched(const struct shown *shown, struct lk_buf *ret)
{
    char part[LK_SIZE_TEXT_MAX], whole[LK_SIZE_TEXT_MAX];

    lk_size_text(shown->searched, part);
    lk_size_text(shown->total, whole);
    if (!shown->matched)
        lk_buf_printf(ret, "No line matches in %s.", part);
    else if (shown->lines < shown->matched)
        lk_buf_printf(ret, "The last %lld of %lld lines that match; --tail N shows more.",
                      (long long)shown->lines, (long long)shown->matched);
    else
        lk_buf_printf(ret, "%lld line%s in %s.", (long long)shown->matched,
                      shown->matched == 1 ? " matches" : "s match", part);
    if (shown->searched < shown->total)
        lk_buf_printf(ret, " Only the last %s of %s were searched.", part, whole);
}

/* The value has the lines where nothing else does: for programs, and where it is kept. In a
 * notebook they stand in the cell, and a second time would only make its file grow. */
static bool wants_text(const struct lk_cell *cell, const struct lk_args *args)
{
    return cell->terminal || lk_args_has(args, "json") || lk_args_has(args, "as");
}

static enum lk_status show_end(struct lk_context *context, struct lk_cell *cell,
                               const struct lk_args *args, const struct lk_log_ask *ask,
                               struct lk_answer *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(2 * TAIL_BYTES_MAX);
    struct shown shown = {.is_mute = lk_args_has(args, "json"),
                          .text = wants_text(cell, args) ? &text : NULL};
    struct lk_livy *livy;
    unsigned sources;
    enum lk_status st = lk_context_livy(context, &livy, err);

    if (!st)
        st = lk_batch_ask(context, lk_args_positional(args, 0), cell->cancel, &batch, err);
    if (st)
        return st;
    sources = sources_now(livy, &batch, ask);
    st = show_sources(livy, cell, &batch, sources, ask, &shown, err);
    if (st)
        return st;
    ret->value = lk_log_value(&batch, ask);
    if (!ask->source.len && sources == 1u << LK_LOG_LIVY) {
        json_object_set_new(ret->value, "source", json_string("livy"));
        lk_buf_put(&ret->plain, LK_STR("The submission; Spark has not started. "));
    }
    json_object_set_new(ret->value, "bytes", json_integer(shown.total));
    json_object_set_new(ret->value, "shown", json_integer(shown.bytes));
    if (shown.text)
        json_object_set_new(ret->value, "text", lk_json_text(lk_buf_view(&text)));
    if (ask->filter)
        json_object_set_new(ret->value, "matched", json_integer(shown.matched));
    ret->place = LK_VALUE_HIDDEN;
    (ask->filter ? say_what_matched : say_what_is_shown)(&shown, &ret->plain);
    lk_buf_put(&ret->markdown, lk_buf_view(&ret->plain));
    return LK_OK;
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch target = LK_LIVY_BATCH_INIT;
    LK_CLEANUP(ask_done) struct lk_log_ask ask = {.filter = NULL};
    enum lk_status st;

    (void)body;
    st = read_ask(args, &ask, err);
    if (!st && !lk_args_has(args, "follow"))
        return show_end(context, cell, args, &ask, ret, err);
    if (!st)
        st = lk_batch_target(context, lk_args_positional(args, 0), cell->cancel, &target, err);
    return st ? st : lk_log_follow_in_cell(context, cell, &target, &ask, ret, err);
}

const struct lk_magic lk_magic_batch_log = {
    .name = "batch",
    .verb = "log",
    .summary = "the end of a batch's log, or its lines as they come",
    .usage = "%batch log [ID | NAME] [--follow] [--tail N] [--source stdout|stderr|driver|livy] "
             "[--grep PATTERN [--ignore-case]]",
    .details =
        "--follow shows what is new until the batch ends, and fails when the batch does. Apache "
        "Livy and HDInsight keep a log's last 200 lines only: where more came between two looks, a "
        "line says so. With --grep, --tail N means the last N lines that match. The value has the "
        "lines as \"text\" with --json or --as, and in a terminal.",
    .options = options,
    .option_count = LK_COUNT(options),
    .positional_max = 1,
    .takes = {{LK_TAKES_BATCH}},
    .flags = LK_MAGIC_LINE,
    .run = run,
};
