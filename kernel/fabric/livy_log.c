#include "fabric/livy_log.h"

#include "fabric/livy_client.h"
#include "fabric/livy_log_fetch.h"

bool lk_livy_log_has_sources(const struct lk_livy *livy)
{
    return livy->profile->log == LK_LIVY_LOG_MONITORING;
}

bool lk_livy_log_ends_with_record(const struct lk_livy *livy)
{
    return livy->profile->log == LK_LIVY_LOG_RING;
}

/* ---- from lines --------------------------------------------------------------------------------
 */

/* A heading stands where another stream begins, but not over the first, which is all there is as a
 * rule. */
static void put_lines(const json_t *json, struct lk_buf *ret)
{
    struct lk_log_list list = lk_log_list_of(json);
    enum lk_log_stream stream = LK_LOG_STREAM_STDOUT;
    struct lk_str line;

    while (lk_log_list_next(&list, &line)) {
        if (list.stream != stream && ret->len)
            lk_buf_printf(ret, "==> %s <==\n", lk_log_stream_title(list.stream));
        stream = list.stream;
        lk_buf_put(ret, line);
        lk_buf_put_char(ret, '\n');
    }
}

/* Begins at a line's start once something was left out before it. */
static void drop_partial_line(struct lk_buf *log)
{
    size_t at = lk_str_find_char(lk_buf_view(log), '\n');

    if (at < log->len)
        lk_buf_consume(log, at + 1);
}

static void tail_of_list(const json_t *json, size_t max, struct lk_buf *ret, bool *cut,
                         int64_t *ret_total)
{
    /* The separators and the commas of the reply made it longer than this. */
    LK_CLEANUP(lk_buf_done) struct lk_buf all = LK_BUF_INIT(LK_LIVY_LIST_MAX);

    put_lines(json, &all);
    *ret_total = (int64_t)all.len;
    *cut = all.len > max;
    if (*cut) {
        lk_buf_consume(&all, all.len - max);
        drop_partial_line(&all);
    }
    lk_buf_put(ret, lk_buf_view(&all));
}

static int64_t scan_list(const json_t *json, struct lk_line_sink *sink)
{
    struct lk_log_list list = lk_log_list_of(json);
    struct lk_str line;
    int64_t total = 0;

    while (lk_log_list_next(&list, &line)) {
        total += (int64_t)line.len + 1;
        sink->line(sink, line);
    }
    return total;
}

/* ---- from files --------------------------------------------------------------------------------
 */

/* Of services with files LK_NOT_FOUND too when only the batch's own lines are left; those are in
 * *ret_list then. */
static enum lk_status find(struct lk_log_place *place, struct lk_log_files *ret, json_t **ret_list,
                           struct lk_error *err)
{
    struct lk_error own = LK_ERROR_INIT;
    enum lk_status st;

    if (!lk_livy_log_has_sources(place->livy))
        return lk_log_get_list(place, ret_list, err);
    st = lk_log_find_files(place, ret, &own);
    /* What the batch carries is better than nothing. */
    if ((st == LK_NOT_FOUND || st == LK_DENIED) &&
        lk_log_carried_list(place, ret_list, NULL) == LK_OK)
        return LK_OK;
    if (st && err)
        *err = own;
    return st;
}

static struct lk_log_place place_of(struct lk_livy *livy, const struct lk_livy_batch *batch,
                                    enum lk_log_source source, struct lk_cancel *cancel)
{
    return (struct lk_log_place){.livy = livy,
                                 .batch = batch,
                                 .source = source,
                                 .repeat = LK_HTTP_REPEAT_ALWAYS,
                                 .cancel = cancel};
}

/* Where the last max bytes begin. */
static int64_t tail_from(const struct lk_log_files *files, int64_t max)
{
    return files->length > max ? files->length - max : 0;
}

struct buf_sink {
    struct lk_http_sink sink;
    struct lk_buf *ret;
};

static bool put_bytes(struct lk_http_sink *sink, struct lk_str bytes)
{
    lk_buf_put(((struct buf_sink *)sink)->ret, bytes);
    return true;
}

enum lk_status lk_livy_log_tail(struct lk_livy *livy, const struct lk_livy_batch *batch,
                                enum lk_log_source source, size_t max, struct lk_cancel *cancel,
                                struct lk_buf *ret, bool *cut, int64_t *ret_total,
                                struct lk_error *err)
{
    LK_CLEANUP(lk_log_files_done) struct lk_log_files files = {.files = NULL};
    LK_CLEANUP(lk_json_unref) json_t *list = NULL;
    struct lk_log_place place = place_of(livy, batch, source, cancel);
    struct buf_sink sink = {.sink = {.write = put_bytes}, .ret = ret};
    enum lk_status st;
    int64_t from;

    *cut = false;
    *ret_total = 0;
    st = find(&place, &files, &list, err);
    if (st)
        return st;
    if (list) {
        tail_of_list(list, max, ret, cut, ret_total);
        return LK_OK;
    }
    from = tail_from(&files, (int64_t)max);
    *ret_total = files.length;
    *cut = from > 0;
    st = lk_log_read_range(&place, &files, from, files.length - from, &sink.sink, err);
    if (!st && from > 0)
        drop_partial_line(ret);
    return st;
}

struct split_sink {
    struct lk_http_sink sink;
    struct lk_line_splitter split;
};

static bool split_bytes(struct lk_http_sink *sink, struct lk_str bytes)
{
    lk_line_splitter_put(&((struct split_sink *)sink)->split, bytes);
    return true;
}

enum lk_status lk_livy_log_scan(struct lk_livy *livy, const struct lk_livy_batch *batch,
                                enum lk_log_source source, int64_t max, struct lk_cancel *cancel,
                                struct lk_line_sink *sink, int64_t *ret_scanned, int64_t *ret_total,
                                struct lk_error *err)
{
    LK_CLEANUP(lk_log_files_done) struct lk_log_files files = {.files = NULL};
    LK_CLEANUP(lk_json_unref) json_t *list = NULL;
    struct lk_log_place place = place_of(livy, batch, source, cancel);
    struct split_sink split = {.sink = {.write = split_bytes}};
    enum lk_status st = find(&place, &files, &list, err);
    int64_t from;

    if (st)
        return st;
    if (list) {
        *ret_total = *ret_scanned = scan_list(list, sink);
        return LK_OK;
    }
    from = tail_from(&files, max);
    *ret_total = files.length;
    *ret_scanned = files.length - from;
    lk_line_splitter_init(&split.split, sink);
    split.split.skip = from > 0;
    st = lk_log_read_range(&place, &files, from, files.length - from, &split.sink, err);
    if (!st)
        lk_line_splitter_end(&split.split);
    lk_line_splitter_done(&split.split);
    return st;
}
