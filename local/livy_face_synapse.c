/* Synapse's face (livy.md §5). The shape of its errors is documented nowhere: the one of Azure's
 * other services is taken. */
#include "local/livy_service.h"

#include "local/livy_apache_request.h"
#include "local/livy_apache_view.h"
#include "local/livy_request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LIST_SIZE = 20, RING_MAX = 4 * 1024 * 1024, SEGMENTS = 3 };

static void answer_error(struct local_reply *reply, int status, const char *code, const char *fmt,
                         ...) LK_PRINTF(4, 5);
static void answer_error(struct local_reply *reply, int status, const char *code, const char *fmt,
                         ...)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf message = LK_BUF_INIT(LK_ERROR_MESSAGE_MAX);
    char request_id[LK_UUID_SIZE];
    json_t *error = json_object(), *json = json_object();
    va_list args;

    va_start(args, fmt);
    lk_buf_vprintf(&message, fmt, args);
    va_end(args);
    lk_uuid_v4(request_id);
    json_object_set_new(error, "code", json_string(code));
    json_object_set_new(error, "message", lk_json_text(lk_buf_view(&message)));
    json_object_set_new(json, "error", error);
    local_reply_json_take(reply, status, json);
    local_reply_header(reply, "x-ms-request-id", request_id);
}

static bool is_detailed(const struct local_request *request)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(16);

    return local_request_query(request, "detailed", &text) &&
           lk_str_eq_nocase(lk_buf_view(&text), LK_STR("true"));
}

/* The last lines, as everywhere in Livy. Lock held. */
static json_t *log_of(const struct local_livy *livy, const struct local_batch *batch)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(RING_MAX + 1);
    LK_CLEANUP(lk_json_unref) json_t *all = NULL;
    LK_CLEANUP(lk_json_unref) json_t *page = NULL;

    if (batch->phase < LOCAL_BATCH_STARTING)
        return json_null();
    local_livy_ring(livy, batch, &text);
    all = local_apache_log(LOCAL_FACE_SYNAPSE, batch, lk_buf_view(&text));
    page = local_apache_log_page(batch, all, -1, LOCAL_LIVY_VIEW_LINES);
    return json_incref(json_object_get(page, "log"));
}

static json_t *view_of(const struct local_livy *livy, const struct local_batch *batch,
                       bool detailed)
{
    LK_CLEANUP(lk_json_unref) json_t *log = log_of(livy, batch);

    return local_batch_synapse_reply(batch, &livy->runner.place, log, detailed);
}

/* name and file are required there, and nothing else is looked at before Spark does. */
static enum lk_status read_request(const struct local_request *request, json_t **ret,
                                   struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf body = LK_BUF_INIT(LOCAL_LIVY_REQUEST_MAX);
    LK_CLEANUP(lk_json_unref) json_t *made = NULL;
    static const char *const required[] = {"name", "file"};
    enum lk_status st = local_livy_read_body(request, &body, err);

    if (!st)
        st = local_livy_apache_read(LOCAL_LIVY_SYNAPSE, lk_buf_view(&body), &made, err);
    for (size_t i = 0; i < LK_COUNT(required) && !st; i++) {
        if (!lk_json_get_str(made, required[i]).len)
            st = lk_error_set(err, LK_INVALID, "InvalidInput", "'%s' is required.", required[i]);
    }
    if (st)
        return st;
    *ret = made;
    made = NULL;
    return LK_OK;
}

static void submit(struct local_livy *livy, const struct local_request *request,
                   const struct local_caller *caller, struct local_reply *reply)
{
    struct lk_error err = LK_ERROR_INIT;
    struct local_batch batch;
    json_t *spec = NULL;
    enum lk_status st = read_request(request, &spec, &err);
    bool full;

    if (!st)
        st = local_runner_check(&livy->runner, &err);
    if (st) {
        answer_error(reply, st == LK_LIMIT ? 413 : 400, err.code, "%s", err.message);
        json_decref(spec);
        return;
    }
    local_livy_make(livy, spec, caller, &batch);
    batch.face = LOCAL_FACE_SYNAPSE;
    pthread_mutex_lock(&livy->lock);
    full = local_livy_is_full(livy);
    if (!full) {
        batch.number = local_livy_next_number(livy, LOCAL_FACE_SYNAPSE);
        local_reply_json_take(
            reply, 200, view_of(livy, &local_livy_add(livy, &batch)->batch, is_detailed(request)));
    }
    pthread_mutex_unlock(&livy->lock);
    if (full) {
        local_batch_done(&batch);
        answer_error(reply, 429, "TooManyRequests", "More than %d batches are waiting.",
                     livy->limits.waiting);
        local_reply_header(reply, "Retry-After", "10");
    }
}

static int64_t query_number(const struct local_request *request, const char *name, int64_t fallback)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(64);
    int64_t ret;

    if (!local_request_query(request, name, &text))
        return fallback;
    return lk_str_to_i64(lk_buf_view(&text), &ret) && ret <= INT32_MAX ? ret : -1;
}

static void list(struct local_livy *livy, const struct local_request *request,
                 struct local_reply *reply)
{
    int64_t from = query_number(request, "from", 0);
    int64_t size = query_number(request, "size", LIST_SIZE);
    LK_CLEANUP(local_livy_jobs_done) struct local_livy_jobs jobs = {NULL};
    json_t *json, *sessions;

    if (from < 0 || size < 1 || size > LIST_SIZE) {
        answer_error(reply, 400, "InvalidInput", "from must be 0 or more and size 1 to %d.",
                     LIST_SIZE);
        return;
    }
    json = json_object();
    sessions = json_array();
    pthread_mutex_lock(&livy->lock);
    local_livy_jobs_of(livy, LOCAL_FACE_SYNAPSE, &jobs);
    for (int64_t i = from; i < from + size && i < (int64_t)jobs.count; i++)
        json_array_append_new(sessions, view_of(livy, &jobs.at[i]->batch, is_detailed(request)));
    pthread_mutex_unlock(&livy->lock);
    json_object_set_new(json, "from", json_integer(from));
    json_object_set_new(json, "total", json_integer((json_int_t)jobs.count));
    json_object_set_new(json, "sessions", sessions);
    local_reply_json_take(reply, 200, json);
}

static void answer_batch(struct local_livy *livy, struct lk_str id,
                         const struct local_request *request, const struct local_caller *caller,
                         struct local_reply *reply)
{
    struct local_livy_job *job = NULL;
    int64_t number;

    pthread_mutex_lock(&livy->lock);
    if (lk_str_to_i64(id, &number))
        job = local_livy_find_number(livy, LOCAL_FACE_SYNAPSE, number);
    if (job && request->method == LOCAL_DELETE) {
        local_livy_cancel(livy, job,
                          caller->is_user ? "User cancelled the Spark batch"
                                          : "An application cancelled the Spark batch");
        local_reply_text(reply, 200, "application/json; charset=utf-8", LK_STR_EMPTY);
    } else if (job) {
        local_reply_json_take(reply, 200, view_of(livy, &job->batch, is_detailed(request)));
    }
    pthread_mutex_unlock(&livy->lock);
    if (!job)
        answer_error(reply, 404, "BatchNotFound", "There is no batch '%.*s'.",
                     LK_STR_ARGS(lk_str_cut(id, 64)));
}

/* "/<pool>/batches[/<id>]": how many parts there are, 0 when it is none of that. */
static size_t split(struct lk_str rest, struct lk_str path[SEGMENTS])
{
    size_t count = 0;

    rest = lk_str_slice(rest, 1, rest.len);
    if (lk_str_ends(rest, LK_STR("/")))
        rest = lk_str_slice(rest, 0, rest.len - 1);
    while (rest.len && count < SEGMENTS)
        lk_str_split(rest, '/', &path[count++], &rest);
    return rest.len == 0 && count > 1 && lk_str_eq_nocase(path[1], LK_STR("batches")) ? count : 0;
}

void local_livy_answer_synapse(struct local_livy *livy, struct lk_str rest,
                               const struct local_request *request,
                               const struct local_caller *caller, struct local_reply *reply)
{
    struct lk_str path[SEGMENTS] = {0};
    size_t count = split(rest, path);
    bool is_get = request->method == LOCAL_GET || request->method == LOCAL_HEAD;

    if (!count)
        answer_error(reply, 404, "NotFound", "livy-local's Synapse has nothing there.");
    else if (!lk_str_eq_nocase(path[0], lk_str_from(livy->runner.place.workspace_name)))
        answer_error(reply, 404, "SparkPoolNotFound", "There is no Spark pool '%.*s'.",
                     LK_STR_ARGS(lk_str_cut(path[0], 64)));
    else if (count == 2 && request->method == LOCAL_POST)
        submit(livy, request, caller, reply);
    else if (count == 2 && is_get)
        list(livy, request, reply);
    else if (count == 3 && (is_get || request->method == LOCAL_DELETE))
        answer_batch(livy, path[2], request, caller, reply);
    else
        answer_error(reply, 405, "MethodNotAllowed", "The resource does not take this verb.");
}

void local_livy_handle_synapse(struct local_livy *livy, struct lk_str rest,
                               const struct local_request *request, struct local_reply *reply)
{
    static const char *const audiences[] = {"https://dev.azuresynapse.net", NULL};
    struct local_token_rules rules = {
        .issuer = livy->issuer, .audiences = audiences, .now_unix_s = lk_clock_unix_s(livy->clock)};
    struct local_caller caller;
    struct lk_error err = LK_ERROR_INIT;

    if (local_token_check(livy->key, local_request_header(request, "Authorization"), &rules,
                          &caller, &err)) {
        answer_error(reply, 401, "Unauthorized", "%s", err.message);
        local_reply_header(reply, "WWW-Authenticate", "Bearer");
        return;
    }
    local_livy_answer_synapse(livy, rest, request, &caller, reply);
}
