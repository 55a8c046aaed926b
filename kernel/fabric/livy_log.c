#include "fabric/livy_log.h"

#include "base/encoding.h"
#include "fabric/livy_client.h"

#include <stdio.h>
#include <string.h>

enum { PIECE_MAX = 4 << 20, META_MAX = 4 << 20, PROBE = 512, NAME_MAX_BYTES = 128 };

static const struct {
    const char *file, *title;
} sources[] = {
    [LK_LOG_STDOUT] = {"stdout", "stdout"},
    [LK_LOG_STDERR] = {"stderr", "stderr"},
    [LK_LOG_LIVY] = {"livy.log", "submission"},
};

/* A log file as the monitoring API has it (livy.md §2). */
struct log_file {
    struct lk_livy *livy;
    const struct lk_livy_batch *batch;
    enum lk_log_source source;
    struct lk_cancel *cancel;
    char name[NAME_MAX_BYTES]; /* as the service names it; of rolled files the newest */
    int64_t length;
    int64_t rolled; /* bytes in files before it */
};

static enum lk_status no_log(const struct log_file *log, struct lk_error *err)
{
    bool early = log->source != LK_LOG_LIVY && log->batch->end == LK_BATCH_GOING;

    lk_error_set(err, LK_NOT_FOUND, "NoLog", "the batch has no %s log%s",
                 sources[log->source].title, early ? " yet" : "");
    return lk_error_next(err, early ? "It begins once Spark has started; `%%batch log --source "
                                      "livy` shows the submission."
                                    : "`%%batch log --source livy` shows the submission; logs are "
                                      "kept for some days only.");
}

/* ---- requests ------------------------------------------------------------------------------ */

static bool write_url(const struct log_file *log, const char *type, const char *more,
                      struct lk_buf *ret)
{
    bool is_livy = log->source == LK_LOG_LIVY;

    if (!is_livy && !log->batch->app_id[0])
        return false;
    if (!lk_livy_session_url(log->livy, lk_str_from(log->batch->id), ret))
        return false;
    lk_buf_put(ret, LK_STR("/applications/"));
    lk_percent_encode(is_livy ? LK_STR("none") : lk_str_from(log->batch->app_id), ret);
    lk_buf_printf(ret, "/logs?type=%s%s", is_livy ? "livy" : type, more);
    return true;
}

static enum lk_status get(const struct log_file *log, const char *type, const char *more,
                          size_t max, struct lk_http_response *reply, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(LK_LIVY_URL_MAX);
    struct lk_http_request request;
    char what[64];
    enum lk_status st;

    if (!write_url(log, type, more, &url))
        return no_log(log, err);
    (void)snprintf(what, sizeof(what), "the %s log", sources[log->source].title);
    request = lk_livy_request(LK_HTTP_GET, &url);
    request.response_max = max;
    st = lk_http_send(log->livy->options.http, &request, log->cancel, reply, err);
    if (st)
        return st == LK_CANCELLED ? st : lk_error_prefix(err, "%s", what);
    if (reply->status == 404)
        return no_log(log, err);
    if (reply->status != 200 && reply->status != 206)
        return lk_livy_read_error(log->livy->profile, what, reply, err);
    return LK_OK;
}

/* "&fileName=…", nothing for the submission's log. */
static void put_file_name(const struct log_file *log, struct lk_buf *ret)
{
    if (log->source == LK_LOG_LIVY)
        return;
    lk_buf_put(ret, LK_STR("&fileName="));
    lk_percent_encode(lk_str_from(log->name), ret);
}

/* At most size bytes from offset; what an ended application sends instead is read_range()'s work.
 */
static enum lk_status get_piece(const struct log_file *log, int64_t offset, int64_t size,
                                struct lk_http_response *reply, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf more = LK_BUF_INIT(1024);

    put_file_name(log, &more);
    lk_buf_printf(&more, "&isDownload=true&isPartial=true&offset=%lld&size=%lld", (long long)offset,
                  (long long)size);
    return get(log, "driver", lk_buf_cstr(&more), (size_t)size + PROBE, reply, err);
}

/* ---- how long it is ------------------------------------------------------------------------- */

struct meta {
    struct lk_str name;
    int64_t length;
};

static const struct lk_json_field meta_fields[] = {
    LK_JSON_OPTIONAL(struct meta, name, "fileName", LK_JSON_STR),
    LK_JSON_REQUIRED(struct meta, length, "length", LK_JSON_I64),
};

static bool read_meta(const json_t *json, struct meta *ret)
{
    *ret = (struct meta){.length = 0};
    return lk_json_read(json, "the log", meta_fields, LK_COUNT(meta_fields), ret, NULL) == LK_OK &&
           ret->length >= 0;
}

/* The later of two rolled files: "-active" is written to, then the date in the name decides. */
static bool is_later(struct lk_str name, struct lk_str than)
{
    size_t len = name.len < than.len ? name.len : than.len;
    int order;

    if (lk_str_ends(than, LK_STR("-active")))
        return false;
    if (lk_str_ends(name, LK_STR("-active")) || !than.len)
        return true;
    order = memcmp(name.ptr, than.ptr, len);
    return order ? order > 0 : name.len > than.len;
}

static void take_meta(struct log_file *log, const struct meta *meta)
{
    struct lk_str name = meta->name.len ? meta->name : lk_str_from(sources[log->source].file);

    if (name.len >= sizeof(log->name) ||
        !lk_str_starts(name, lk_str_from(sources[log->source].file)))
        return;
    if (!is_later(name, lk_str_from(log->name))) {
        log->rolled += meta->length;
        return;
    }
    log->rolled += log->length;
    log->length = meta->length;
    memcpy(log->name, name.ptr, name.len);
    log->name[name.len] = '\0';
}

/* One file or, once the application has ended, a list of rolled ones. */
static enum lk_status get_meta(struct log_file *log, const char *type, struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    LK_CLEANUP(lk_buf_done) struct lk_buf more = LK_BUF_INIT(256);
    bool is_rolling = strcmp(type, "rollingdriver") == 0;
    const json_t *inner;
    struct meta meta;
    enum lk_status st;

    log->name[0] = '\0';
    log->length = log->rolled = 0;
    lk_buf_printf(&more, "&meta=true");
    if (log->source != LK_LOG_LIVY)
        lk_buf_printf(&more, "&%s=%s", is_rolling ? "filenamePrefix" : "fileName",
                      sources[log->source].file);
    st = get(log, type, lk_buf_cstr(&more), META_MAX, &reply, err);
    if (!st)
        st = lk_json_parse(lk_buf_view(&reply.body), "the log's description", &json, err);
    if (st)
        return st;
    inner = json_object_get(json, "containerLogMeta");
    for (size_t i = 0; i < json_array_size(inner); i++) {
        if (read_meta(json_array_get(inner, i), &meta))
            take_meta(log, &meta);
    }
    if (!json_is_array(inner) && read_meta(json_is_object(inner) ? inner : json, &meta))
        take_meta(log, &meta);
    return log->name[0] ? LK_OK : no_log(log, err);
}

/* While it runs there is one file; afterwards there may be several, or still the one. */
static enum lk_status find_file(struct log_file *log, struct lk_error *err)
{
    enum lk_status st = LK_NOT_FOUND;

    if (log->source != LK_LOG_LIVY && log->batch->end != LK_BATCH_GOING)
        st = get_meta(log, "rollingdriver", err);
    if (st == LK_CANCELLED || st == LK_OK)
        return st;
    return get_meta(log, "driver", err);
}

/* ---- a range of it --------------------------------------------------------------------------- */

/* Lets a file pass and keeps the bytes [offset, offset + size) of it, then has enough. */
struct window {
    struct lk_http_sink sink;
    struct lk_buf *ret;
    int64_t offset, size; /* still to skip, still to keep */
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
    lk_buf_put(window->ret, bytes);
    return window->size > 0;
}

/* The whole file travels as far as it must. */
static enum lk_status read_whole(const struct log_file *log, int64_t offset, int64_t size,
                                 struct lk_buf *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(LK_LIVY_URL_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf more = LK_BUF_INIT(512);
    struct window window = {
        .sink = {.write = window_write}, .ret = ret, .offset = offset, .size = size};
    struct lk_http_request request;
    enum lk_status st;

    put_file_name(log, &more);
    if (!write_url(log, "driver", lk_buf_cstr(&more), &url))
        return no_log(log, err);
    request = lk_livy_request(LK_HTTP_GET, &url);
    request.sink = &window.sink;
    st = lk_http_send(log->livy->options.http, &request, log->cancel, &reply, err);
    if (st == LK_LIMIT && window.size == 0)
        return LK_OK; /* we stopped it ourselves */
    if (!st && reply.status != 200 && reply.status != 206)
        st = lk_livy_read_error(log->livy->profile, "the log", &reply, err);
    return st;
}

/* "Offset is only valid while the application is running", says the documentation: afterwards the
 * file may begin anew whatever was asked for. Its first bytes tell. */
static enum lk_status offset_works(const struct log_file *log, struct lk_str piece, bool *ret,
                                   struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    size_t len = piece.len < PROBE ? piece.len : PROBE;
    enum lk_status st = get_piece(log, 0, PROBE, &reply, err);

    *ret = !lk_str_eq(lk_str_slice(lk_buf_view(&reply.body), 0, len), lk_str_slice(piece, 0, len));
    return st;
}

/* Appends the bytes [offset, offset + size) of the file, fewer when it ends before. */
static enum lk_status read_range(const struct log_file *log, int64_t offset, int64_t size,
                                 struct lk_buf *ret, struct lk_error *err)
{
    bool doubt = offset > 0 && log->batch->end != LK_BATCH_GOING;
    enum lk_status st = LK_OK;

    while (!st && size > 0) {
        LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
        int64_t part = size < PIECE_MAX ? size : PIECE_MAX;
        struct lk_str piece;
        bool works = true;
        st = get_piece(log, offset, part, &reply, err);
        /* More than was asked for, or asked in vain: offsets are not heard. */
        if (st == LK_LIMIT && offset > 0)
            return read_whole(log, offset, size, ret, err);
        piece = lk_str_slice(lk_buf_view(&reply.body), 0, (size_t)part);
        if (!st && doubt && piece.len)
            st = offset_works(log, piece, &works, err);
        if (!st && !works)
            return read_whole(log, offset, size, ret, err);
        if (st || !piece.len)
            return st;
        doubt = false;
        lk_buf_put(ret, piece);
        offset += (int64_t)piece.len;
        size -= (int64_t)piece.len;
    }
    return st;
}

/* ---- services that put the log elsewhere ------------------------------------------------------
 */

/* Apache's ring is never longer than a few hundred lines; its index moves, so all is read. */
static enum lk_status fetch_ring(struct log_file *log, json_t **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(LK_LIVY_URL_MAX);
    struct lk_http_request request;
    enum lk_status st;

    lk_livy_batch_url(log->livy, lk_str_from(log->batch->id), &url);
    lk_buf_put(&url, LK_STR("/log?size=-1"));
    request = lk_livy_request(LK_HTTP_GET, &url);
    st = lk_http_send(log->livy->options.http, &request, log->cancel, &reply, err);
    if (!st && reply.status == 404)
        st = no_log(log, err);
    else if (!st && reply.status != 200)
        st = lk_livy_read_error(log->livy->profile, "the log", &reply, err);
    return st ? st : lk_json_parse(lk_buf_view(&reply.body), "the log", ret, err);
}

/* "stdout: " and the like are Livy's own lines between the streams. */
static bool is_separator(struct lk_str line)
{
    static const struct lk_str names[] = {LK_STR_INIT("stdout:"), LK_STR_INIT("stderr:"),
                                          LK_STR_INIT("YARN Diagnostics:"),
                                          LK_STR_INIT("Kubernetes Diagnostics:")};

    line = lk_str_trim(line);
    for (size_t i = 0; i < LK_COUNT(names); i++) {
        if (lk_str_eq(line, names[i]))
            return true;
    }
    return false;
}

static void put_lines(const json_t *lines, struct lk_buf *ret)
{
    for (size_t i = 0; i < json_array_size(lines); i++) {
        struct lk_str line = lk_json_str(json_array_get(lines, i));
        if (is_separator(line))
            continue;
        lk_buf_put(ret, line);
        if (!lk_str_ends(line, LK_STR("\n")))
            lk_buf_put_char(ret, '\n');
    }
}

/* What the batch itself carries, and the ring where there is one: one log for both streams. */
static enum lk_status read_lines(struct log_file *log, struct lk_buf *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *ring = NULL;
    enum lk_status st;

    if (log->livy->profile->log != LK_LIVY_LOG_RING) {
        put_lines(json_object_get(log->batch->raw, "log"), ret);
        return ret->len ? LK_OK : no_log(log, err);
    }
    st = fetch_ring(log, &ring, err);
    if (!st)
        put_lines(json_object_get(ring, "log"), ret);
    return st;
}

/* ---- the two ways to read ----------------------------------------------------------------------
 */

/* Begins at a line's start once something was left out before it. */
static void drop_partial_line(struct lk_buf *log)
{
    size_t at = lk_str_find_char(lk_buf_view(log), '\n');

    if (at < log->len)
        lk_buf_consume(log, at + 1);
}

static enum lk_status tail_of_lines(struct log_file *log, size_t max, struct lk_buf *ret, bool *cut,
                                    int64_t *ret_total, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf all = LK_BUF_INIT(LK_LIVY_REPLY_MAX);
    enum lk_status st = read_lines(log, &all, err);

    if (st)
        return st;
    *ret_total = (int64_t)all.len;
    *cut = all.len > max;
    if (*cut) {
        lk_buf_consume(&all, all.len - max);
        drop_partial_line(&all);
    }
    lk_buf_put(ret, lk_buf_view(&all));
    return LK_OK;
}

enum lk_status lk_livy_log_tail(struct lk_livy *livy, const struct lk_livy_batch *batch,
                                enum lk_log_source source, size_t max, struct lk_cancel *cancel,
                                struct lk_buf *ret, bool *cut, int64_t *ret_total,
                                struct lk_error *err)
{
    struct log_file log = {.livy = livy, .batch = batch, .source = source, .cancel = cancel};
    struct lk_error own = LK_ERROR_INIT;
    enum lk_status st;
    int64_t from;

    *cut = false;
    *ret_total = 0;
    if (livy->profile->log != LK_LIVY_LOG_MONITORING)
        return tail_of_lines(&log, max, ret, cut, ret_total, err);
    st = find_file(&log, &own);
    /* What the batch carries is better than nothing. */
    if ((st == LK_NOT_FOUND || st == LK_DENIED) &&
        tail_of_lines(&log, max, ret, cut, ret_total, NULL) == LK_OK)
        return LK_OK;
    if (st && err)
        *err = own;
    if (st)
        return st;
    from = log.length > (int64_t)max ? log.length - (int64_t)max : 0;
    *ret_total = log.rolled + log.length;
    *cut = from > 0 || log.rolled > 0;
    st = read_range(&log, from, log.length - from, ret, err);
    if (!st && from > 0)
        drop_partial_line(ret);
    return st;
}

enum lk_status lk_livy_log_next(struct lk_livy *livy, const struct lk_livy_batch *batch,
                                enum lk_log_source source, int64_t *at, struct lk_cancel *cancel,
                                struct lk_buf *ret, struct lk_error *err)
{
    struct log_file log = {.livy = livy, .batch = batch, .source = source, .cancel = cancel};
    size_t before = ret->len;
    int64_t room = (int64_t)(ret->max - ret->len), left;
    enum lk_status st;

    if (livy->profile->log != LK_LIVY_LOG_MONITORING) {
        lk_error_set(err, LK_UNSUPPORTED, "NoFollow", "%s has no log that can be followed",
                     livy->profile->title);
        return lk_error_next(err, "`%%batch log` shows its last lines.");
    }
    st = get_meta(&log, "driver", err);
    left = log.length - *at;
    if (st || left <= 0)
        return st;
    st = read_range(&log, *at, left < room ? left : room, ret, err);
    *at += (int64_t)(ret->len - before);
    return st;
}
