#include "fabric/livy_log.h"

#include "base/encoding.h"
#include "base/json.h"

#include <stdio.h>
#include <string.h>

enum { URL_MAX = 4096, PIECE_MAX = 4 << 20, META_MAX = 1 << 20 };

static const char *const file_names[] = {
    [LK_LOG_STDOUT] = "stdout", [LK_LOG_STDERR] = "stderr", [LK_LOG_LIVY] = "livy.log"};

/* BASE is …/lakehouses/ID/livyApi/versions/…; the monitoring API hangs on the lakehouse
 * (livy.md §2). */
static bool log_url(const struct lk_livy *livy, const struct lk_livy_batch *batch,
                    enum lk_log_source source, const char *more, struct lk_buf *ret)
{
    const struct lk_livy_endpoint *endpoint = lk_livy_endpoint(livy);
    struct lk_str base = lk_str_from(endpoint->base);
    size_t cut = base.len;
    bool livy_log = source == LK_LOG_LIVY;

    for (size_t i = 0; i < base.len && cut == base.len; i++)
        if (lk_str_starts_nocase(lk_str_slice(base, i, base.len), LK_STR("/livyapi/")))
            cut = i;
    if (cut == base.len || (!livy_log && !batch->app_id[0]))
        return false;
    lk_buf_put(ret, lk_str_slice(base, 0, cut));
    lk_buf_put(ret, LK_STR("/livySessions/"));
    lk_percent_encode(lk_str_from(batch->id), ret);
    lk_buf_put(ret, LK_STR("/applications/"));
    lk_percent_encode(livy_log ? LK_STR("none") : lk_str_from(batch->app_id), ret);
    if (livy_log)
        lk_buf_put(ret, LK_STR("/logs?type=livy"));
    else
        lk_buf_printf(ret, "/logs?type=driver&fileName=%s", file_names[source]);
    lk_buf_put(ret, lk_str_from(more));
    return true;
}

static enum lk_status no_log(enum lk_log_source source, struct lk_error *err)
{
    lk_error_set(err, LK_NOT_FOUND, "NoLog", "there is no %s log of this batch%s",
                 file_names[source], source == LK_LOG_LIVY ? "" : " yet");
    return lk_error_next(err, "%%batch log --source livy shows the submission; drivers write once "
                              "Spark has started.");
}

static enum lk_status get(struct lk_livy *livy, const struct lk_livy_batch *batch,
                          enum lk_log_source source, const char *more, size_t max,
                          struct lk_cancel *cancel, struct lk_http_response *reply,
                          struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(URL_MAX);
    struct lk_http_request request = {
        .method = LK_HTTP_GET, .repeat = LK_HTTP_REPEAT_ALWAYS, .response_max = max};
    enum lk_status st;

    if (!log_url(livy, batch, source, more, &url))
        return no_log(source, err);
    request.url = lk_buf_view(&url);
    st = lk_http_send(lk_livy_options(livy)->http, &request, cancel, reply, err);
    if (st)
        return st;
    if (reply->status == 404)
        return no_log(source, err);
    if (reply->status != 200 && reply->status != 206)
        return lk_livy_read_error(lk_livy_endpoint(livy)->profile, "the log", reply, err);
    return LK_OK;
}

struct meta {
    json_t *log;
    int64_t length;
};

/* The length of a log file, without its bytes. */
static enum lk_status get_length(struct lk_livy *livy, const struct lk_livy_batch *batch,
                                 enum lk_log_source source, struct lk_cancel *cancel, int64_t *ret,
                                 struct lk_error *err)
{
    static const struct lk_json_field outer[] = {
        LK_JSON_OPTIONAL(struct meta, log, "containerLogMeta", LK_JSON_OBJECT),
        LK_JSON_OPTIONAL(struct meta, length, "length", LK_JSON_I64),
    };
    static const struct lk_json_field inner[] = {
        LK_JSON_OPTIONAL(struct meta, length, "length", LK_JSON_I64),
    };
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    struct meta meta = {.length = 0};
    enum lk_status st = get(livy, batch, source, "&meta=true", META_MAX, cancel, &reply, err);

    if (!st)
        st = lk_json_parse(lk_buf_view(&reply.body), "the log's description", &json, err);
    if (!st)
        st = lk_json_read(json, "the log's description", outer, LK_COUNT(outer), &meta, err);
    if (!st && meta.log)
        st = lk_json_read(meta.log, "the log's description", inner, LK_COUNT(inner), &meta, err);
    *ret = meta.length;
    return st;
}

static enum lk_status get_piece(struct lk_livy *livy, const struct lk_livy_batch *batch,
                                enum lk_log_source source, int64_t offset, int64_t size,
                                struct lk_cancel *cancel, struct lk_buf *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    char more[128];
    enum lk_status st;

    snprintf(more, sizeof more, "&isDownload=true&isPartial=true&offset=%lld&size=%lld",
             (long long)offset, (long long)size);
    st = get(livy, batch, source, more, (size_t)size + 4096, cancel, &reply, err);
    if (!st)
        lk_buf_put(ret, lk_buf_view(&reply.body));
    return st;
}

/* Services without the monitoring API put the last lines into the batch itself. */
static void inline_log(const struct lk_livy_batch *batch, struct lk_buf *ret)
{
    size_t i;
    json_t *line;

    json_array_foreach(json_object_get(batch->raw, "log"), i, line)
    {
        lk_buf_put(ret, lk_json_str(line));
        lk_buf_put_char(ret, '\n');
    }
}

static bool has_monitoring(const struct lk_livy *livy)
{
    return lk_livy_endpoint(livy)->profile->log == LK_LIVY_LOG_MONITORING;
}

/* Begins at a line's start once something was left out before it. */
static void drop_partial_line(struct lk_buf *log)
{
    size_t at = lk_str_find_char(lk_buf_view(log), '\n');

    if (at < log->len)
        lk_buf_consume(log, at + 1);
}

enum lk_status lk_livy_log_tail(struct lk_livy *livy, const struct lk_livy_batch *batch,
                                enum lk_log_source source, size_t max, struct lk_cancel *cancel,
                                struct lk_buf *ret, bool *cut, int64_t *ret_total,
                                struct lk_error *err)
{
    int64_t total = 0, from;
    enum lk_status st = LK_OK;

    if (!has_monitoring(livy)) {
        inline_log(batch, ret);
        *cut = false;
        *ret_total = (int64_t)ret->len;
        return ret->len ? LK_OK : no_log(source, err);
    }
    st = get_length(livy, batch, source, cancel, &total, err);
    if (st)
        return st;
    from = total > (int64_t)max ? total - (int64_t)max : 0;
    *cut = from > 0;
    *ret_total = total;
    while (!st && from < total) {
        int64_t left = total - from, size = left < PIECE_MAX ? left : PIECE_MAX;
        size_t before = ret->len;
        st = get_piece(livy, batch, source, from, size, cancel, ret, err);
        if (ret->len == before)
            break;
        from += (int64_t)(ret->len - before);
    }
    if (!st && *cut)
        drop_partial_line(ret);
    return st;
}

enum lk_status lk_livy_log_next(struct lk_livy *livy, const struct lk_livy_batch *batch,
                                enum lk_log_source source, int64_t *at, struct lk_cancel *cancel,
                                struct lk_buf *ret, struct lk_error *err)
{
    int64_t total = 0, left, room = (int64_t)(ret->max - ret->len);
    size_t before = ret->len;
    enum lk_status st;

    if (!has_monitoring(livy))
        return no_log(source, err);
    st = get_length(livy, batch, source, cancel, &total, err);
    if (st || total <= *at)
        return st;
    left = total - *at;
    if (left > room)
        left = room;
    st = get_piece(livy, batch, source, *at, left < PIECE_MAX ? left : PIECE_MAX, cancel, ret, err);
    if (!st)
        *at += (int64_t)(ret->len - before);
    return st;
}
