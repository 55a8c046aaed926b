#include "fabric/livy_log_follow.h"

#include "fabric/livy_client.h"
#include "fabric/livy_log_fetch.h"

#include <stdlib.h>
#include <string.h>

enum {
    START_BYTES = 8 << 20,   /* of a log that was there before, at most */
    LOOK_BYTES = 4 << 20,    /* in one look, at most */
    REMEMBERED_LINES = 2000, /* of a file, to find the place again in rolled ones */
    REWIND_BYTES = 1 << 20,  /* how far before the place to look for it */
    ROLLED_BYTES = 16 << 20, /* of rolled files, at most */
    RING_PACE_MS = 1000,     /* a ring forgets */
    NEWS_PACE_MS = 2000,     /* files after a look that brought something */
    QUIET_PACE_MS = 5000,    /* and after one that did not */
    TROUBLE_LONGEST_MS = 30000,
};

/* One stream of the log; the end of the chain bytes → lines → filter → sink. */
struct stream {
    struct lk_line_sink sink; /* first */
    struct lk_log_follower *owner;
    enum lk_log_stream which;
    struct lk_line_splitter split;
    struct lk_log_ring seen;
    struct lk_last_lines start; /* during the first look */
    int64_t at;                 /* bytes of the file that were read */
    struct lk_buf head;         /* its first ones */
};

struct lk_log_follower {
    struct lk_livy *livy; /* borrowed */
    struct lk_clock *clock;
    struct lk_log_want want;
    struct lk_log_sink *out;  /* borrowed */
    struct lk_cancel *cancel; /* of the call under way */
    struct stream streams[LK_LOG_STREAMS];
    char app_id[LK_BATCH_TEXT_MAX];
    bool started; /* the first look is over */
    bool begun;   /* there was a log */
    bool carried; /* files are not for us: what the batch carries is all */
    bool more;    /* the last look left something unread */
    int64_t lines, due_ms;
    int failures, quiet;
};

/* ---- lines ------------------------------------------------------------------------------------
 */

static void deliver(struct stream *stream, struct lk_str line)
{
    struct lk_log_follower *f = stream->owner;

    f->begun = true;
    if (f->want.filter && !lk_log_filter_matches(f->want.filter, line, f->cancel))
        return;
    if (!f->started && f->want.tail >= 0) {
        stream->start.sink.line(&stream->start.sink, line);
        return;
    }
    f->lines++;
    f->out->line(f->out, stream->which, line);
}

static void take_file_line(struct lk_line_sink *sink, struct lk_str line)
{
    struct stream *stream = (struct stream *)sink;

    lk_log_ring_append(&stream->seen, line, REMEMBERED_LINES);
    deliver(stream, line);
}

static void tell_gap(struct stream *stream, enum lk_log_seam seam)
{
    if (seam != LK_LOG_SEAMLESS && stream->owner->started)
        stream->owner->out->gap(stream->owner->out, stream->which, seam);
}

/* The first look is over: what it kept goes out. */
static void end_start(struct lk_log_follower *f)
{
    f->started = true;
    for (size_t i = 0; i < LK_LOG_STREAMS; i++) {
        struct lk_str kept = lk_last_lines_view(&f->streams[i].start), line;

        while (lk_str_next_line(&kept, &line)) {
            f->lines++;
            f->out->line(f->out, f->streams[i].which, line);
        }
        lk_last_lines_done(&f->streams[i].start);
    }
}

/* ---- a look at a list of lines ------------------------------------------------------------------
 */

static void merge_stream(struct stream *stream, const struct lk_str *lines, size_t count)
{
    struct lk_log_merge merge = lk_log_ring_merge(&stream->seen, lines, count);

    /* Diagnostics are written anew as a whole. */
    if (stream->which != LK_LOG_STREAM_DIAGNOSTICS)
        tell_gap(stream, merge.seam);
    for (size_t i = merge.first_new; i < count; i++)
        deliver(stream, lines[i]);
}

static void merge_list(struct lk_log_follower *f, const json_t *json)
{
    size_t room = json_array_size(json_object_get(json, "log"));
    struct lk_str *lines = lk_alloc((room + 1) * sizeof(*lines));

    for (size_t i = 0; i < LK_LOG_STREAMS; i++) {
        struct lk_log_list list = lk_log_list_of(json);
        struct lk_str line;
        size_t count = 0;

        while (lk_log_list_next(&list, &line))
            if (list.stream == f->streams[i].which)
                lines[count++] = line;
        merge_stream(&f->streams[i], lines, count);
    }
    free(lines);
}

static enum lk_status look_at_list(struct lk_log_follower *f, struct lk_log_place *place,
                                   struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    enum lk_status st =
        f->carried ? lk_log_carried_list(place, &json, err) : lk_log_get_list(place, &json, err);

    if (!st)
        merge_list(f, json);
    return st;
}

/* ---- a look at files ----------------------------------------------------------------------------
 */

struct byte_sink {
    struct lk_http_sink sink;
    struct stream *stream;
};

static bool take_bytes(struct lk_http_sink *sink, struct lk_str bytes)
{
    struct stream *stream = ((struct byte_sink *)sink)->stream;

    stream->at += (int64_t)bytes.len;
    lk_line_splitter_put(&stream->split, bytes);
    return true;
}

/* The file is another one now: a new attempt, or one that was rolled away. */
static void begin_anew(struct stream *stream)
{
    lk_line_splitter_end(&stream->split);
    stream->split.skip = false;
    stream->at = 0;
    tell_gap(stream, LK_LOG_SEAM_BROKEN);
}

static enum lk_status read_on(struct stream *stream, struct lk_log_place *place,
                              const struct lk_log_files *files, struct lk_error *err)
{
    struct lk_log_follower *f = stream->owner;
    struct byte_sink sink = {.sink = {.write = take_bytes}, .stream = stream};
    int64_t before, left;
    enum lk_status st;

    if (files->length < stream->at)
        begin_anew(stream);
    if (!f->started && f->want.tail >= 0 && files->length > START_BYTES) {
        stream->at = files->length - START_BYTES;
        stream->split.skip = true;
    }
    before = stream->at;
    left = files->length - stream->at;
    /* What was there at the start is one look. */
    if (left > LOOK_BYTES && (f->started || f->want.tail < 0))
        left = LOOK_BYTES;
    st = lk_log_read_range(place, files, stream->at, left, &sink.sink, err);
    f->more |= stream->at > before && stream->at < files->length;
    return st;
}

struct lines {
    struct lk_line_sink sink;
    struct lk_buf text; /* they borrow from it */
    struct lk_str *at;
    size_t count, room;
};

static void note_line(struct lk_line_sink *sink, struct lk_str line)
{
    struct lines *lines = (struct lines *)sink;

    if (lines->count == lines->room) {
        lines->room = lines->room ? 2 * lines->room : 256;
        lines->at = lk_realloc(lines->at, lines->room * sizeof(*lines->at));
    }
    lines->at[lines->count++] = line;
}

struct keep_sink {
    struct lk_http_sink sink;
    struct lk_buf *text;
};

static bool keep_bytes(struct lk_http_sink *sink, struct lk_str bytes)
{
    lk_buf_put(((struct keep_sink *)sink)->text, bytes);
    return true;
}

/* Rolled files need not begin where the one file did that was read while the batch ran: the place
 * is found again by the lines around it. */
static enum lk_status read_rolled(struct stream *stream, struct lk_log_place *place,
                                  const struct lk_log_files *files, struct lk_error *err)
{
    struct lines lines = {.sink = {.line = note_line}, .text = LK_BUF_INIT(ROLLED_BYTES)};
    struct keep_sink sink = {.sink = {.write = keep_bytes}, .text = &lines.text};
    int64_t from = stream->at - REWIND_BYTES, least = files->length - LOOK_BYTES;
    struct lk_str rest, line;
    struct lk_log_merge merge;
    enum lk_status st;

    from = from < least ? from : least;
    if (from < files->length - ROLLED_BYTES)
        from = files->length - ROLLED_BYTES;
    if (from < 0)
        from = 0;
    st = lk_log_read_range(place, files, from, files->length - from, &sink.sink, err);
    rest = lk_buf_view(&lines.text);
    if (from > 0)
        (void)lk_str_next_line(&rest, &line);
    while (!st && lk_str_next_line(&rest, &line))
        note_line(&lines.sink, line);
    if (!st) {
        /* The line that was half there is whole now. */
        lk_buf_clear(&stream->split.held);
        merge = lk_log_ring_find(&stream->seen, lines.at, lines.count);
        tell_gap(stream, from > 0 && !stream->at ? LK_LOG_SEAM_BROKEN : merge.seam);
        stream->at = files->length;
        for (size_t i = merge.first_new; i < lines.count; i++)
            deliver(stream, lines.at[i]);
    }
    lk_buf_done(&lines.text);
    free(lines.at);
    return st;
}

static struct stream *stream_of(struct lk_log_follower *f, enum lk_log_source source)
{
    static const enum lk_log_stream streams[] = {[LK_LOG_STDOUT] = LK_LOG_STREAM_STDOUT,
                                                 [LK_LOG_STDERR] = LK_LOG_STREAM_STDERR,
                                                 [LK_LOG_LIVY] = LK_LOG_STREAM_LIVY};

    return &f->streams[streams[source]];
}

static enum lk_status look_at_file(struct lk_log_follower *f, struct lk_log_place *place,
                                   struct lk_error *err)
{
    LK_CLEANUP(lk_log_files_done) struct lk_log_files files = {.files = NULL};
    struct stream *stream = stream_of(f, place->source);
    enum lk_status st = lk_log_find_files(place, &files, err);

    if (st)
        return st;
    f->begun = true;
    place->head = files.count > 1 ? NULL : &stream->head;
    return files.count > 1 ? read_rolled(stream, place, &files, err)
                           : read_on(stream, place, &files, err);
}

static unsigned sources_of(const struct lk_log_follower *f, const struct lk_livy_batch *batch)
{
    if (f->want.sources)
        return f->want.sources;
    return 1u << (batch->app_id[0] ? LK_LOG_STDOUT : LK_LOG_LIVY);
}

/* Another application is another attempt, with logs of its own. */
static void note_application(struct lk_log_follower *f, const struct lk_livy_batch *batch)
{
    if (!batch->app_id[0] || strcmp(f->app_id, batch->app_id) == 0)
        return;
    for (size_t i = 0; i < LK_LOG_STREAMS && f->app_id[0]; i++)
        if (f->streams[i].at && f->streams[i].which != LK_LOG_STREAM_LIVY)
            begin_anew(&f->streams[i]);
    memcpy(f->app_id, batch->app_id, sizeof(f->app_id));
}

/* A log that is not there fails nothing as long as another is. */
static enum lk_status look_at_files(struct lk_log_follower *f, struct lk_log_place *place,
                                    struct lk_error *err)
{
    unsigned sources = sources_of(f, place->batch);
    bool found = false;

    note_application(f, place->batch);
    for (int source = 0; source < LK_LOG_SOURCES; source++) {
        enum lk_status st;
        if (!(sources & 1u << source))
            continue;
        place->source = (enum lk_log_source)source;
        st = look_at_file(f, place, err);
        if (st && st != LK_NOT_FOUND)
            return st;
        found |= st == LK_OK;
    }
    return found ? LK_OK : LK_NOT_FOUND;
}

/* ---- pace --------------------------------------------------------------------------------------
 */

static enum lk_status look(struct lk_log_follower *f, struct lk_log_place *place,
                           struct lk_error *err)
{
    enum lk_status st;

    f->more = false;
    if (!lk_livy_log_has_sources(f->livy) || f->carried)
        return look_at_list(f, place, err);
    st = look_at_files(f, place, err);
    if (st != LK_DENIED)
        return st;
    f->carried = true;
    return look_at_list(f, place, err);
}

static int64_t trouble_ms(int failures)
{
    int64_t ms = 1000;

    for (int i = 1; i < failures && ms < TROUBLE_LONGEST_MS; i++)
        ms *= 2;
    return ms < TROUBLE_LONGEST_MS ? ms : TROUBLE_LONGEST_MS;
}

static int64_t pace_ms(struct lk_log_follower *f, enum lk_status st, bool news,
                       int64_t retry_after_ms)
{
    f->failures = st && st != LK_NOT_FOUND ? f->failures + 1 : 0;
    f->quiet = news ? 0 : f->quiet + 1;
    if (f->failures)
        return retry_after_ms > 0 ? retry_after_ms : trouble_ms(f->failures);
    if (f->more)
        return 0;
    if (f->livy->profile->log == LK_LIVY_LOG_RING)
        return RING_PACE_MS;
    if (f->livy->profile->log == LK_LIVY_LOG_INLINE || f->carried)
        return 0; /* nobody is asked */
    return f->quiet ? QUIET_PACE_MS : NEWS_PACE_MS;
}

static int64_t bytes_read(const struct lk_log_follower *f)
{
    int64_t sum = 0;

    for (size_t i = 0; i < LK_LOG_STREAMS; i++)
        sum += f->streams[i].at;
    return sum;
}

enum lk_status lk_log_follower_step(struct lk_log_follower *f, const struct lk_livy_batch *batch,
                                    struct lk_cancel *cancel, struct lk_error *err)
{
    struct lk_log_place place = {.livy = f->livy,
                                 .batch = batch,
                                 .repeat = LK_HTTP_REPEAT_NEVER,
                                 .cancel = cancel,
                                 .retry_after_ms = -1};
    int64_t before = bytes_read(f);
    enum lk_status st;

    if (f->clock->monotonic_ms(f->clock) < f->due_ms)
        return LK_OK;
    f->cancel = cancel;
    st = look(f, &place, err);
    if (!f->started && (!st || st == LK_NOT_FOUND))
        end_start(f);
    f->due_ms = f->clock->monotonic_ms(f->clock) +
                pace_ms(f, st, bytes_read(f) != before, place.retry_after_ms);
    return st == LK_NOT_FOUND ? LK_OK : st;
}

enum lk_status lk_log_follower_finish(struct lk_log_follower *f, const struct lk_livy_batch *batch,
                                      struct lk_cancel *cancel, struct lk_error *err)
{
    struct lk_log_place place = {.livy = f->livy,
                                 .batch = batch,
                                 .repeat = LK_HTTP_REPEAT_ALWAYS,
                                 .cancel = cancel,
                                 .retry_after_ms = -1};
    enum lk_status st;

    f->cancel = cancel;
    do
        st = look(f, &place, err);
    while (!st && f->more);
    if (st == LK_NOT_FOUND && !f->begun && !f->carried) {
        f->carried = true;
        st = look_at_list(f, &place, err);
    }
    for (size_t i = 0; i < LK_LOG_STREAMS && st != LK_CANCELLED; i++)
        lk_line_splitter_end(&f->streams[i].split);
    if (!f->started && st != LK_CANCELLED)
        end_start(f);
    return st == LK_NOT_FOUND && f->begun ? LK_OK : st;
}

/* ---- its life ----------------------------------------------------------------------------------
 */

struct lk_log_follower *lk_log_follower_new(struct lk_livy *livy, const struct lk_log_want *want,
                                            struct lk_log_sink *sink)
{
    struct lk_log_follower *f = lk_alloc(sizeof(*f));

    f->livy = livy;
    f->clock = livy->options.clock;
    f->want = *want;
    f->out = sink;
    for (size_t i = 0; i < LK_LOG_STREAMS; i++) {
        struct stream *stream = &f->streams[i];

        stream->sink.line = take_file_line;
        stream->owner = f;
        stream->which = (enum lk_log_stream)i;
        lk_line_splitter_init(&stream->split, &stream->sink);
        lk_buf_init(&stream->head, LK_LOG_HEAD_MAX);
        lk_last_lines_init(&stream->start, want->tail > 0 ? (size_t)want->tail : 0, START_BYTES);
    }
    return f;
}

void lk_log_follower_free(struct lk_log_follower *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < LK_LOG_STREAMS; i++) {
        lk_line_splitter_done(&f->streams[i].split);
        lk_log_ring_done(&f->streams[i].seen);
        lk_last_lines_done(&f->streams[i].start);
        lk_buf_done(&f->streams[i].head);
    }
    free(f);
}

int64_t lk_log_follower_lines(const struct lk_log_follower *f)
{
    return f->lines;
}
