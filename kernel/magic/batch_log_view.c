#include "magic/batch_log_view.h"

#include "magic/view.h"

#include <stdlib.h>

enum { TEXT_MAX = LK_LOG_LINE_MAX + 256, TEXT_OUT = 64 << 10 };

struct lk_batch_log {
    struct lk_log_sink sink; /* first */
    struct lk_log_follower *follower;
    struct lk_cell *cell;
    struct lk_buf text; /* whole lines that wait to be shown together */
    bool named;         /* a stream's name stood over its lines, or need not */
    enum lk_log_stream stream;
    int64_t gaps;
};

static void show(struct lk_batch_log *log)
{
    lk_stream_foreign(log->cell, lk_buf_view(&log->text));
    lk_buf_clear(&log->text);
}

/* As tail -f does it with several files. */
static void name_stream(struct lk_batch_log *log, enum lk_log_stream stream)
{
    if (!log->named || log->stream != stream)
        lk_buf_printf(&log->text, "==> %s <==\n", lk_log_stream_title(stream));
    log->named = true;
    log->stream = stream;
}

static void put_line(struct lk_batch_log *log, enum lk_log_stream stream, struct lk_str line)
{
    if (log->text.len + line.len > TEXT_OUT)
        show(log);
    name_stream(log, stream);
    lk_buf_put(&log->text, line);
    lk_buf_put_char(&log->text, '\n');
}

static void take_line(struct lk_log_sink *sink, enum lk_log_stream stream, struct lk_str line)
{
    put_line((struct lk_batch_log *)sink, stream, line);
}

static void take_gap(struct lk_log_sink *sink, enum lk_log_stream stream, enum lk_log_seam seam)
{
    struct lk_batch_log *log = (struct lk_batch_log *)sink;

    log->gaps++;
    put_line(log, stream,
             seam == LK_LOG_SEAM_BROKEN ? LK_STR("--- lines are missing here ---")
                                        : LK_STR("--- lines may be missing here ---"));
}

struct lk_batch_log *lk_batch_log_new(struct lk_livy *livy, struct lk_cell *cell,
                                      const struct lk_log_want *want)
{
    struct lk_batch_log *log = lk_alloc(sizeof(*log));

    *log = (struct lk_batch_log){
        .sink = {.line = take_line, .gap = take_gap},
        .cell = cell,
        .text = LK_BUF_INIT(TEXT_MAX),
        /* One stream needs no name. */
        .named = !(want->sources & (want->sources - 1)),
    };
    if (want->sources == 1u << LK_LOG_STDERR)
        log->stream = LK_LOG_STREAM_STDERR;
    if (want->sources == 1u << LK_LOG_LIVY)
        log->stream = LK_LOG_STREAM_LIVY;
    /* Where all is one log, its own order is told by headings as they come. */
    if (!lk_livy_log_has_sources(livy)) {
        log->named = true;
        log->stream = LK_LOG_STREAM_STDOUT;
    }
    log->follower = lk_log_follower_new(livy, want, &log->sink);
    return log;
}

void lk_batch_log_free(struct lk_batch_log *log)
{
    if (!log)
        return;
    lk_log_follower_free(log->follower);
    lk_buf_done(&log->text);
    free(log);
}

enum lk_status lk_batch_log_look(struct lk_batch_log *log, const struct lk_livy_batch *batch,
                                 struct lk_error *err)
{
    enum lk_status st = lk_log_follower_step(log->follower, batch, log->cell->cancel, err);

    show(log);
    return st;
}

enum lk_status lk_batch_log_finish(struct lk_batch_log *log, const struct lk_livy_batch *batch,
                                   struct lk_error *err)
{
    enum lk_status st = lk_log_follower_finish(log->follower, batch, log->cell->cancel, err);

    show(log);
    return st;
}

int64_t lk_batch_log_lines(const struct lk_batch_log *log)
{
    return lk_log_follower_lines(log->follower);
}

int64_t lk_batch_log_gaps(const struct lk_batch_log *log)
{
    return log->gaps;
}
