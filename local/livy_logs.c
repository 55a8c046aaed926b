/* Driver and submission logs, streamed from disk (livy.md §2). They may be gigabytes. */
#include "local/livy_service.h"

#include "base/file.h"
#include "base/timefmt.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PART_DEFAULT = 1024 * 1024, PART_MAX = 16 * 1024 * 1024, VALUE_MAX = 256 };
enum { FILE_OFFSET_MAX = 20000, FILES_MAX = 3000 }; /* of rolling logs */

static bool query_is(const struct local_request *request, const char *name, const char *value)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(VALUE_MAX);

    return local_request_query(request, name, &text) &&
           lk_str_eq_nocase(lk_buf_view(&text), lk_str_from(value));
}

/* False when it is there and no number from 0 to max. */
static bool query_range(const struct local_request *request, const char *name, int64_t max,
                        int64_t *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(VALUE_MAX);

    if (!local_request_query(request, name, &text))
        return true;
    return lk_str_to_i64(lk_buf_view(&text), ret) && *ret >= 0 && *ret <= max;
}

static void set_time(json_t *json, const char *name, int64_t unix_ms)
{
    char text[LK_TIME_TEXT_MAX];

    lk_time_iso8601(unix_ms, text);
    json_object_set_new(json, name, json_string(text));
}

static json_t *meta_of(const char *name, const struct stat *info, const struct local_batch *batch)
{
    json_t *json = json_object();

    json_object_set_new(json, "fileName", json_string(name));
    json_object_set_new(json, "length", json_integer(info->st_size));
    set_time(json, "lastModified", (int64_t)info->st_mtime * 1000);
    set_time(json, "creationTime", batch->at_ms[LOCAL_BATCH_QUEUED]);
    json_object_set_new(json, "metaData", json_object());
    return json;
}

static json_t *container_meta(json_t *meta)
{
    json_t *json = json_object();

    json_object_set_new(json, "containerId", json_string("container_1"));
    json_object_set_new(json, "nodeId", json_string("localhost"));
    json_object_set_new(json, "containerLogMeta", meta);
    return json;
}

static void send_file(int fd, int64_t from, int64_t len, struct local_reply *reply)
{
    reply->status = 200;
    reply->file_fd = fd;
    reply->file_offset = from;
    reply->file_len = len;
    local_reply_header(reply, "Content-Type", "application/octet-stream");
}

/* Takes fd. "Offset is only valid while the application is running" (livy.md §2): of an ended
 * driver's log each part is its beginning. */
static void send_part(int fd, const struct stat *info, bool heeds_offset,
                      const struct local_request *request, struct local_reply *reply)
{
    int64_t from = 0, len = PART_DEFAULT, end = info->st_size;

    if (!query_range(request, "offset", INT64_MAX / 2, &from) ||
        !query_range(request, "size", PART_MAX, &len)) {
        lk_fd_close(&fd);
        local_livy_error(reply, 400, "InvalidInput",
                         "offset must be 0 or more and size 0 to %d bytes.", PART_MAX);
        return;
    }
    if (!heeds_offset)
        from = 0;
    if (from > end)
        from = end;
    send_file(fd, from, len < end - from ? len : end - from, reply);
}

struct log_request {
    const char *file;  /* on our disk */
    const char *shown; /* fileName in meta */
    bool is_driver;
};

static int open_log(const struct local_livy *livy, const struct local_batch *batch,
                    const char *name, struct stat *info)
{
    LK_CLEANUP(lk_free_ptr) char *folder = local_livy_folder(livy, batch->id);
    LK_CLEANUP(lk_free_ptr) char *path = lk_path_join(folder, lk_str_from(name));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd >= 0 && fstat(fd, info) != 0)
        lk_fd_close(&fd);
    return fd;
}

static void answer_file(const struct local_livy *livy, const struct local_batch *batch,
                        const struct log_request *log, const struct local_request *request,
                        struct local_reply *reply)
{
    struct stat info;
    int fd = open_log(livy, batch, log->file, &info);

    if (fd < 0) {
        local_livy_error(reply, 404, "SparkCoreLogNotFound", "The batch has no %s yet.",
                         log->shown);
        return;
    }
    if (query_is(request, "meta", "true")) {
        json_t *meta = meta_of(log->shown, &info, batch);

        lk_fd_close(&fd);
        local_reply_json_take(reply, 200, log->is_driver ? container_meta(meta) : meta);
        return;
    }
    if (query_is(request, "isDownload", "true") && query_is(request, "isPartial", "true"))
        send_part(fd, &info, !log->is_driver || !local_batch_has_ended(batch), request, reply);
    else
        send_file(fd, 0, info.st_size, reply);
}

/* The list of a finished driver's files; here each stream is one file. */
static void answer_rolling(const struct local_livy *livy, const struct local_batch *batch,
                           const struct local_request *request, struct local_reply *reply)
{
    static const char *const names[] = {"stderr", "stdout"};
    LK_CLEANUP(lk_buf_done) struct lk_buf prefix = LK_BUF_INIT(VALUE_MAX);
    int64_t skip = 0, top = FILES_MAX;
    json_t *list;

    if (!query_range(request, "offset", FILE_OFFSET_MAX, &skip) ||
        !query_range(request, "maxResults", FILES_MAX, &top) || top < 1) {
        local_livy_error(reply, 400, "InvalidInput",
                         "offset must be 0 to %d files and maxResults 1 to %d.", FILE_OFFSET_MAX,
                         FILES_MAX);
        return;
    }
    list = json_array();
    (void)!local_request_query(request, "filenamePrefix", &prefix);
    for (size_t i = 0; i < LK_COUNT(names); i++) {
        struct stat info;
        LK_CLEANUP(lk_fd_close) int fd = open_log(livy, batch, names[i], &info);

        if (fd < 0 || !lk_str_starts(lk_str_from(names[i]), lk_buf_view(&prefix)) || skip-- > 0)
            continue;
        if ((int64_t)json_array_size(list) < top)
            json_array_append_new(list, meta_of(names[i], &info, batch));
    }
    local_reply_json_take(reply, 200, container_meta(list));
}

static void answer_driver(const struct local_livy *livy, const struct local_batch *batch,
                          const struct local_request *request, struct local_reply *reply)
{
    struct log_request log = {.is_driver = true};

    if (query_is(request, "fileName", "stdout"))
        log.file = log.shown = "stdout";
    else if (query_is(request, "fileName", "stderr"))
        log.file = log.shown = "stderr";
    if (log.file)
        answer_file(livy, batch, &log, request, reply);
    else
        local_livy_error(reply, 400, "InvalidInput", "fileName must be stdout or stderr.");
}

/* What of a batch the log answers need, taken under the lock. */
static bool look_up(struct local_livy *livy, struct lk_str id, struct local_batch *ret)
{
    struct local_livy_job *job;

    pthread_mutex_lock(&livy->lock);
    job = local_livy_find(livy, id);
    if (job)
        *ret = job->batch;
    pthread_mutex_unlock(&livy->lock);
    ret->request = NULL;
    return job != NULL;
}

void local_livy_answer_logs(struct local_livy *livy, const struct local_livy_route *route,
                            const struct local_request *request, struct local_reply *reply)
{
    static const struct log_request livy_log = {.file = "livy.log", .shown = "livy.log"};
    struct local_batch batch = {.request = NULL};
    bool is_app;

    if (!look_up(livy, route->id, &batch)) {
        local_livy_no_batch(reply, route->id);
        return;
    }
    if (query_is(request, "type", "livy")) {
        answer_file(livy, &batch, &livy_log, request, reply);
        return;
    }
    is_app = batch.app_id[0] && lk_str_eq(route->app, lk_str_from(batch.app_id));
    if (!is_app)
        local_livy_error(reply, 404, "SparkCoreApplicationNotFound",
                         "The batch has no application '%.*s'.",
                         LK_STR_ARGS(lk_str_slice(route->app, 0, 64)));
    else if (query_is(request, "type", "driver"))
        answer_driver(livy, &batch, request, reply);
    else if (query_is(request, "type", "rollingdriver") && query_is(request, "meta", "true"))
        answer_rolling(livy, &batch, request, reply);
    else
        local_livy_error(reply, 400, "InvalidInput",
                         "type must be livy, driver, or rollingdriver with meta=true.");
}
