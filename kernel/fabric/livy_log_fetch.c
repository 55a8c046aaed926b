#include "fabric/livy_log_fetch.h"

#include "base/encoding.h"
#include "fabric/livy_client.h"
#include "fabric/livy_error.h"

#include <stdio.h>
#include <string.h>

enum { PIECE_MAX = 4 << 20, META_MAX = 4 << 20 };

static const struct {
    const char *file, *title;
} sources[] = {
    [LK_LOG_STDOUT] = {"stdout", "stdout"},
    [LK_LOG_STDERR] = {"stderr", "stderr"},
    [LK_LOG_LIVY] = {"livy.log", "submission"},
};

enum lk_status lk_log_none(const struct lk_log_place *place, struct lk_error *err)
{
    bool early = place->source != LK_LOG_LIVY && place->batch->end == LK_BATCH_GOING;

    if (!lk_livy_log_has_sources(place->livy)) {
        lk_error_set(err, LK_NOT_FOUND, "NoLog", "the service has no log of the batch");
        return lk_error_next(err, "It keeps one as long as the batch: `%%batch list` shows what it "
                                  "still knows.");
    }
    lk_error_set(err, LK_NOT_FOUND, "NoLog", "the batch has no %s log%s",
                 sources[place->source].title, early ? " yet" : "");
    return lk_error_next(err, early ? "It begins once Spark has started; `%%batch log --source "
                                      "livy` shows the submission."
                                    : "`%%batch log --source livy` shows the submission; logs are "
                                      "kept for some days only.");
}

/* ---- requests ------------------------------------------------------------------------------ */

static bool write_url(const struct lk_log_place *place, const char *type, const char *more,
                      struct lk_buf *ret)
{
    bool is_livy = place->source == LK_LOG_LIVY;

    if (!is_livy && !place->batch->app_id[0])
        return false;
    if (!lk_livy_session_url(place->livy, lk_str_from(place->batch->id), ret))
        return false;
    lk_buf_put(ret, LK_STR("/applications/"));
    lk_percent_encode(is_livy ? LK_STR("none") : lk_str_from(place->batch->app_id), ret);
    lk_buf_printf(ret, "/logs?type=%s%s", is_livy ? "livy" : type, more);
    return true;
}

/* sink: NULL for an answer that is read as a whole, of at most max bytes. */
static enum lk_status send(struct lk_log_place *place, const struct lk_buf *url,
                           struct lk_http_sink *sink, size_t max, struct lk_http_response *reply,
                           struct lk_error *err)
{
    struct lk_http_request request = lk_livy_request(LK_HTTP_GET, url);
    char what[64];
    enum lk_status st;

    (void)snprintf(what, sizeof(what), "the %s log", sources[place->source].title);
    request.response_max = max;
    request.sink = sink;
    request.repeat = place->repeat;
    place->retry_after_ms = -1;
    st = lk_http_send(place->livy->options.http, &request, place->cancel, reply, err);
    if (st)
        return st == LK_CANCELLED ? st : lk_error_prefix(err, "%s", what);
    if (reply->status == 404)
        return lk_log_none(place, err);
    if (reply->status == 200 || reply->status == 206)
        return LK_OK;
    place->retry_after_ms =
        lk_livy_retry_after_ms(reply, lk_clock_unix_s(place->livy->options.clock));
    return lk_livy_read_error(place->livy->profile, what, reply, err);
}

static enum lk_status get(struct lk_log_place *place, const char *type, const char *more,
                          size_t max, struct lk_http_response *reply, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(LK_LIVY_URL_MAX);

    if (!write_url(place, type, more, &url))
        return lk_log_none(place, err);
    return send(place, &url, NULL, max, reply, err);
}

/* "&fileName=…", nothing for the submission's log. */
static void put_file_name(const struct lk_log_place *place, const char *name, struct lk_buf *ret)
{
    if (place->source == LK_LOG_LIVY)
        return;
    lk_buf_put(ret, LK_STR("&fileName="));
    lk_percent_encode(lk_str_from(name), ret);
}

/* ---- which files there are ------------------------------------------------------------------ */

/* One file or, once the application has ended, a list of rolled ones. */
static enum lk_status get_meta(struct lk_log_place *place, const char *type,
                               struct lk_log_files *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    LK_CLEANUP(lk_buf_done) struct lk_buf more = LK_BUF_INIT(256);
    bool is_rolling = strcmp(type, "rollingdriver") == 0;
    const char *name = sources[place->source].file;
    enum lk_status st;

    lk_buf_printf(&more, "&meta=true");
    if (place->source != LK_LOG_LIVY)
        lk_buf_printf(&more, "&%s=%s", is_rolling ? "filenamePrefix" : "fileName", name);
    st = get(place, type, lk_buf_cstr(&more), META_MAX, &reply, err);
    if (!st)
        st = lk_json_parse(lk_buf_view(&reply.body), "the log's description", &json, err);
    if (st)
        return st;
    lk_log_files_read(json, lk_str_from(name), ret);
    if (ret->count)
        return LK_OK;
    lk_log_files_done(ret);
    return lk_log_none(place, err);
}

enum lk_status lk_log_find_files(struct lk_log_place *place, struct lk_log_files *ret,
                                 struct lk_error *err)
{
    enum lk_status st = LK_NOT_FOUND;

    if (place->source != LK_LOG_LIVY && place->batch->end != LK_BATCH_GOING)
        st = get_meta(place, "rollingdriver", ret, err);
    if (st == LK_CANCELLED || st == LK_OK)
        return st;
    return get_meta(place, "driver", ret, err);
}

/* ---- a range of one file ----------------------------------------------------------------------
 */

/* At most size bytes from offset; what an ended application sends instead is read_file()'s work. */
static enum lk_status get_piece(struct lk_log_place *place, const char *name, int64_t offset,
                                int64_t size, struct lk_http_response *reply, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf more = LK_BUF_INIT(1024);

    put_file_name(place, name, &more);
    lk_buf_printf(&more, "&isDownload=true&isPartial=true&offset=%lld&size=%lld", (long long)offset,
                  (long long)size);
    return get(place, "driver", lk_buf_cstr(&more), (size_t)size + LK_LOG_HEAD_MAX, reply, err);
}

/* Lets a file pass and hands on the bytes [offset, offset + size) of it, then has enough. */
struct window {
    struct lk_http_sink sink;
    struct lk_http_sink *to;
    int64_t offset, size; /* still to skip, still to hand on */
};

static bool window_write(struct lk_http_sink *sink, struct lk_str bytes)
{
    struct window *window = (struct window *)sink;
    size_t skipped = window->offset < (int64_t)bytes.len ? (size_t)window->offset : bytes.len;

    window->offset -= (int64_t)skipped;
    bytes = lk_str_slice(bytes, skipped, bytes.len);
    if ((int64_t)bytes.len > window->size)
        bytes.len = (size_t)window->size;
    window->size -= (int64_t)bytes.len;
    return window->to->write(window->to, bytes) && window->size > 0;
}

/* The whole file travels as far as it must. */
static enum lk_status read_whole(struct lk_log_place *place, const char *name, int64_t offset,
                                 int64_t size, struct lk_http_sink *sink, struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(LK_LIVY_URL_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf more = LK_BUF_INIT(512);
    struct window window = {
        .sink = {.write = window_write}, .to = sink, .offset = offset, .size = size};
    enum lk_status st;

    put_file_name(place, name, &more);
    if (!write_url(place, "driver", lk_buf_cstr(&more), &url))
        return lk_log_none(place, err);
    st = send(place, &url, &window.sink, 0, &reply, err);
    return st == LK_LIMIT && window.size == 0 ? LK_OK : st; /* we stopped it ourselves */
}

static void keep_head(struct lk_log_place *place, struct lk_str piece)
{
    if (!place->head)
        return;
    lk_buf_clear(place->head);
    lk_buf_put(place->head, lk_str_slice(piece, 0, LK_LOG_HEAD_MAX));
}

static bool begins_alike(struct lk_str head, struct lk_str piece)
{
    size_t len = piece.len < head.len ? piece.len : head.len;

    return lk_str_eq(lk_str_slice(head, 0, len), lk_str_slice(piece, 0, len));
}

/* "Offset is only valid while the application is running", says the documentation: afterwards the
 * file may begin anew whatever was asked for. When it ends nobody can say, for it may between any
 * two answers; but its first bytes tell. */
static enum lk_status offset_works(struct lk_log_place *place, const char *name,
                                   struct lk_str piece, bool *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    enum lk_status st = LK_OK;

    *ret = place->head && place->head->len && !begins_alike(lk_buf_view(place->head), piece);
    if (*ret)
        return LK_OK;
    st = get_piece(place, name, 0, LK_LOG_HEAD_MAX, &reply, err);
    if (st)
        return st;
    keep_head(place, lk_buf_view(&reply.body));
    *ret = !begins_alike(lk_str_slice(lk_buf_view(&reply.body), 0, LK_LOG_HEAD_MAX), piece);
    return LK_OK;
}

/* Hands on the bytes [offset, offset + size) of the file, fewer when it ends before. */
static enum lk_status read_file(struct lk_log_place *place, const char *name, int64_t offset,
                                int64_t size, struct lk_http_sink *sink, struct lk_error *err)
{
    enum lk_status st = LK_OK;

    while (!st && size > 0) {
        LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
        int64_t part = size < PIECE_MAX ? size : PIECE_MAX;
        struct lk_str piece;
        bool works = true;
        st = get_piece(place, name, offset, part, &reply, err);
        /* More than was asked for, or asked in vain: offsets are not heard. */
        if (st == LK_LIMIT && offset > 0)
            return read_whole(place, name, offset, size, sink, err);
        piece = lk_str_slice(lk_buf_view(&reply.body), 0, (size_t)part);
        if (!st && piece.len && offset == 0)
            keep_head(place, piece);
        else if (!st && piece.len)
            st = offset_works(place, name, piece, &works, err);
        if (!st && !works)
            return read_whole(place, name, offset, size, sink, err);
        if (st || !piece.len || !sink->write(sink, piece))
            return st;
        offset += (int64_t)piece.len;
        size -= (int64_t)piece.len;
    }
    return st;
}

enum lk_status lk_log_read_range(struct lk_log_place *place, const struct lk_log_files *files,
                                 int64_t offset, int64_t size, struct lk_http_sink *sink,
                                 struct lk_error *err)
{
    enum lk_status st = LK_OK;

    for (size_t i = 0; i < files->count && size > 0 && !st; i++) {
        const struct lk_log_file *file = &files->files[i];
        int64_t part = file->length - offset;

        if (part > size)
            part = size;
        if (part > 0) {
            st = read_file(place, file->name, offset, part, sink, err);
            size -= part;
        }
        offset = offset > file->length ? offset - file->length : 0;
    }
    return st;
}

/* ---- services that put the log elsewhere ------------------------------------------------------
 */

/* Apache's ring is never longer than a few hundred lines, and its index moves: all is read, or the
 * last lines of it where lines are so long that all is too much. */
static enum lk_status get_ring(struct lk_log_place *place, json_t **ret, struct lk_error *err)
{
    static const int sizes[] = {-1, 50, 10, 1};
    enum lk_status st = LK_LIMIT;

    for (size_t i = 0; i < LK_COUNT(sizes) && st == LK_LIMIT; i++) {
        LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
        LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(LK_LIVY_URL_MAX);

        lk_livy_batch_url(place->livy, lk_str_from(place->batch->id), &url);
        lk_buf_printf(&url, "/log?size=%d", sizes[i]);
        st = send(place, &url, NULL, LK_LIVY_REPLY_MAX, &reply, err);
        if (!st)
            st = lk_json_parse(lk_buf_view(&reply.body), "the log", ret, err);
    }
    return st;
}

enum lk_status lk_log_carried_list(const struct lk_log_place *place, json_t **ret,
                                   struct lk_error *err)
{
    if (!json_array_size(json_object_get(place->batch->raw, "log")))
        return lk_log_none(place, err);
    *ret = json_incref(place->batch->raw);
    return LK_OK;
}

enum lk_status lk_log_get_list(struct lk_log_place *place, json_t **ret, struct lk_error *err)
{
    if (place->livy->profile->log == LK_LIVY_LOG_RING)
        return get_ring(place, ret, err);
    return lk_log_carried_list(place, ret, err);
}
