/* HTTP requests to the Livy and monitoring API, and their answers. */
#include "local/livy_service.h"

#include "local/livy_request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LIST_DEFAULT = 100, LIST_MAX = 1000, LOG_MAX = 16 * 1024 };

void local_livy_error(struct local_reply *reply, int status, const char *code, const char *fmt, ...)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf message = LK_BUF_INIT(4096);
    json_t *json = json_object();
    char request_id[LK_UUID_SIZE];
    va_list args;

    va_start(args, fmt);
    lk_buf_vprintf(&message, fmt, args);
    va_end(args);
    lk_uuid_v4(request_id);
    json_object_set_new(json, "errorCode", json_string(code));
    json_object_set_new(json, "message", lk_json_text(lk_buf_view(&message)));
    json_object_set_new(json, "requestId", json_string(request_id));
    json_object_set_new(json, "isRetriable", json_boolean(status == 429 || status == 430));
    local_reply_json_take(reply, status, json);
    local_reply_header(reply, "RequestId", request_id);
    local_reply_header(reply, "x-ms-request-id", request_id);
}

static void reply_status(struct local_reply *reply, enum lk_status st, const struct lk_error *err)
{
    int status = st == LK_INVALID ? 400 : st == LK_LIMIT ? 413 : 500;
    local_livy_error(reply, status, err->code, "%s", err->message);
}

enum lk_status local_livy_read_body(const struct local_request *request, struct lk_buf *ret,
                                    struct lk_error *err)
{
    char bytes[16384];
    ssize_t n;
    off_t at = 0;

    if (request->body_fd < 0) {
        lk_buf_put(ret, request->body);
        return lk_buf_check(ret, "the request", err);
    }
    while ((n = pread(request->body_fd, bytes, sizeof bytes, at)) > 0 && !ret->full) {
        lk_buf_put(ret, (struct lk_str){bytes, (size_t)n});
        at += n;
    }
    if (n < 0)
        return lk_error_set(err, LK_IO, "InternalError", "The request's body cannot be read.");
    return lk_buf_check(ret, "the request", err);
}

/* livy.md §1.6: an HTTP status of its own. */
static void no_capacity(struct local_reply *reply)
{
    local_livy_error(
        reply, 430, "TooManyRequestsForCapacity",
        "[TooManyRequestsForCapacity] This spark job can't be run because you have hit "
        "a spark compute or API rate limit. To run this spark job, cancel an active "
        "Spark job through the Monitoring hub, choose a larger capacity SKU, or try "
        "again later. HTTP status code: 430");
}

static void answer_submit(struct local_livy *livy, const struct local_request *request,
                          const struct local_caller *caller, struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf body = LK_BUF_INIT(LOCAL_LIVY_REQUEST_MAX);
    struct lk_error err = LK_ERROR_INIT;
    struct local_batch batch;
    json_t *spec = NULL;
    enum lk_status st;
    bool full;

    st = local_livy_read_body(request, &body, &err);
    if (!st)
        st = local_livy_request_read(lk_buf_view(&body), &spec, &err);
    if (st) {
        reply_status(reply, st, &err);
        return;
    }
    /* A 4xx: the caller may be sure that nothing was started. */
    if (local_runner_check(&livy->runner, &err)) {
        json_decref(spec);
        local_livy_error(reply, 400, err.code, "%s. %s", err.message, err.next);
        return;
    }
    local_livy_make(livy, spec, caller, &batch);
    pthread_mutex_lock(&livy->lock);
    full = local_livy_is_full(livy);
    if (!full)
        local_reply_json_take(reply, 202,
                              local_batch_reply(&local_livy_add(livy, &batch)->batch,
                                                &livy->runner.place, LK_STR_EMPTY));
    pthread_mutex_unlock(&livy->lock);
    if (full) {
        local_batch_done(&batch);
        no_capacity(reply);
    }
}

/* A non-negative number in the query; fallback when absent, -1 when it is none. */
static int64_t query_number(const struct local_request *request, const char *name, int64_t fallback)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(64);
    int64_t ret;

    if (!local_request_query(request, name, &text))
        return fallback;
    return lk_str_to_i64(lk_buf_view(&text), &ret) && ret >= 0 ? ret : -1;
}

/* Whether the number of all batches is wanted; it is unless $count=false. False when answered. */
static bool read_count(const struct local_request *request, bool *ret, struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(16);
    bool asked = local_request_query(request, "$count", &text);

    *ret = !asked || lk_str_eq_nocase(lk_buf_view(&text), LK_STR("true"));
    if (*ret || lk_str_eq_nocase(lk_buf_view(&text), LK_STR("false")))
        return true;
    local_livy_error(reply, 400, "InvalidInput", "$count must be true or false.");
    return false;
}

/* The list has no such parameter (livy.md §1.2). False when answered. */
static bool lacks(const struct local_request *request, const char *name, struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1024);

    if (!local_request_query(request, name, &text))
        return true;
    local_livy_error(reply, 400, "InvalidInput", "The list of batches takes no %s.", name);
    return false;
}

static void answer_list(struct local_livy *livy, const struct local_request *request,
                        struct local_reply *reply)
{
    int64_t top = query_number(request, "$top", LIST_DEFAULT);
    int64_t skip = query_number(request, "$skip", 0);
    LK_CLEANUP(local_livy_jobs_done) struct local_livy_jobs jobs = {NULL};
    json_t *json, *items;
    bool counted;

    if (!read_count(request, &counted, reply) || !lacks(request, "$filter", reply) ||
        !lacks(request, "$orderby", reply))
        return;
    if (top < 1 || top > LIST_MAX || skip < 0) {
        local_livy_error(reply, 400, "InvalidInput", "$top must be 1 to %d and $skip 0 or more.",
                         LIST_MAX);
        return;
    }
    json = json_object();
    items = json_array();
    pthread_mutex_lock(&livy->lock);
    local_livy_jobs_of(livy, LOCAL_FACE_FABRIC, &jobs);
    for (int64_t i = (int64_t)jobs.count - 1 - skip; i >= 0 && top > 0; i--, top--)
        json_array_append_new(items,
                              local_batch_list_item(&jobs.at[i]->batch, &livy->runner.place));
    pthread_mutex_unlock(&livy->lock);
    if (counted)
        json_object_set_new(json, "totalCountOfMatchedItems", json_integer((json_int_t)jobs.count));
    json_object_set_new(json, "pageSize", json_integer((json_int_t)json_array_size(items)));
    json_object_set_new(json, "items", items);
    local_reply_json_take(reply, 200, json);
}

void local_livy_no_batch(struct local_reply *reply, struct lk_str id)
{
    local_livy_error(reply, 404, "SparkCoreSessionNotFound", "There is no batch '%.*s'.",
                     LK_STR_ARGS(lk_str_cut(id, 64)));
}

static void answer_batch(struct local_livy *livy, const struct local_livy_route *route,
                         enum local_method method, const struct local_caller *caller,
                         struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf log = LK_BUF_INIT(LOG_MAX);
    struct local_livy_job *job;

    pthread_mutex_lock(&livy->lock);
    job = local_livy_find(livy, route->id);
    if (job && method == LOCAL_DELETE) {
        local_livy_cancel(livy, job,
                          caller->is_user ? "User cancelled the Spark batch"
                                          : "An application cancelled the Spark batch");
        reply->status = 200;
    } else if (job) {
        local_livy_log_tail(livy, &job->batch, &log);
        local_reply_json_take(
            reply, 200, local_batch_reply(&job->batch, &livy->runner.place, lk_buf_view(&log)));
    }
    pthread_mutex_unlock(&livy->lock);
    if (!job)
        local_livy_no_batch(reply, route->id);
}

static bool place_exists(const struct local_livy *livy, const struct local_livy_route *route,
                         struct local_reply *reply)
{
    const struct local_place *place = &livy->runner.place;

    if (!lk_str_is_guid(route->workspace) ||
        (route->lakehouse.len && !lk_str_is_guid(route->lakehouse))) {
        local_livy_error(reply, 400, "InvalidInput", "Workspace and lakehouse are GUIDs here.");
        return false;
    }
    if (!lk_str_eq_nocase(route->workspace, lk_str_from(place->workspace_id))) {
        local_livy_error(reply, 404, "WorkspaceNotFound", "There is no workspace '%.*s'.",
                         LK_STR_ARGS(route->workspace));
        return false;
    }
    if (route->lakehouse.len &&
        !lk_str_eq_nocase(route->lakehouse, lk_str_from(place->lakehouse_id))) {
        local_livy_error(reply, 404, "LakehouseNotFound",
                         "There is no lakehouse '%.*s' in the workspace.",
                         LK_STR_ARGS(route->lakehouse));
        return false;
    }
    return true;
}

static bool method_fits(enum local_livy_resource resource, enum local_method method)
{
    if (method == LOCAL_GET)
        return true;
    return (resource == LOCAL_LIVY_BATCHES && method == LOCAL_POST) ||
           (resource == LOCAL_LIVY_BATCH && method == LOCAL_DELETE);
}

void local_livy_answer(struct local_livy *livy, const struct local_livy_route *route,
                       const struct local_request *request, const struct local_caller *caller,
                       struct local_reply *reply)
{
    if (route->resource == LOCAL_LIVY_NOWHERE) {
        local_livy_error(reply, 404, "EndpointNotFound",
                         "The Fabric API of livy-local has nothing at '%.*s'.",
                         LK_STR_ARGS(lk_str_slice(request->path, 0, 256)));
        return;
    }
    if (!place_exists(livy, route, reply))
        return;
    if (!method_fits(route->resource, request->method)) {
        local_livy_error(reply, 405, "UnsupportedHttpVerb",
                         "The resource does not take this verb.");
        return;
    }
    if (route->resource == LOCAL_LIVY_BATCHES && request->method == LOCAL_POST)
        answer_submit(livy, request, caller, reply);
    else if (route->resource == LOCAL_LIVY_BATCHES)
        answer_list(livy, request, reply);
    else if (route->resource == LOCAL_LIVY_BATCH)
        answer_batch(livy, route, request->method, caller, reply);
    else if (route->resource == LOCAL_LIVY_HISTORY)
        local_livy_answer_history(livy, request, reply);
    else if (route->resource == LOCAL_LIVY_HISTORY_ENTRY)
        local_livy_answer_history_entry(livy, route, request, reply);
    else
        local_livy_answer_logs(livy, route, request, reply);
}

static bool holds_scope(const struct local_caller *caller, const char *wanted)
{
    struct lk_str rest = lk_str_from(caller->scopes), scope;

    while (rest.len) {
        lk_str_split(rest, ' ', &scope, &rest);
        if (lk_str_eq(scope, lk_str_from(wanted)))
            return true;
    }
    return false;
}

/* Applications need no scope; users consented to theirs (livy.md §1.1, §2). */
static const char *missing_scope(const struct local_caller *caller,
                                 enum local_livy_resource resource)
{
    static const char *const readers[] = {"Lakehouse.Read.All", "Lakehouse.ReadWrite.All",
                                          "Item.Read.All", "Item.ReadWrite.All"};

    if (!caller->is_user || resource == LOCAL_LIVY_NOWHERE)
        return NULL;
    if (resource == LOCAL_LIVY_BATCHES || resource == LOCAL_LIVY_BATCH)
        return holds_scope(caller, "Lakehouse.Execute.All") ? NULL : "Lakehouse.Execute.All";
    for (size_t i = 0; i < LK_COUNT(readers); i++) {
        if (holds_scope(caller, readers[i]))
            return NULL;
    }
    return readers[0];
}

void local_livy_handle(void *service, const struct local_request *request,
                       struct local_reply *reply)
{
    static const char *const audiences[] = {"https://api.fabric.microsoft.com",
                                            "https://analysis.windows.net/powerbi/api", NULL};
    struct local_livy *livy = service;
    struct local_livy_route route = local_livy_route(request->path);
    struct lk_str rest;
    enum local_face face = local_livy_face_of(request->path, &rest);
    struct local_token_rules rules = {
        .issuer = livy->issuer, .audiences = audiences, .now_unix_s = lk_clock_unix_s(livy->clock)};
    struct local_caller caller;
    struct lk_error err = LK_ERROR_INIT;
    const char *missing;

    if (face == LOCAL_FACE_SYNAPSE) {
        local_livy_handle_synapse(livy, rest, request, reply);
        return;
    }
    if (face != LOCAL_FACE_FABRIC) {
        local_livy_handle_apache(livy, face, rest, request, reply);
        return;
    }
    if (local_token_check(livy->key, local_request_header(request, "Authorization"), &rules,
                          &caller, &err)) {
        local_livy_error(reply, 401, strstr(err.code, "Expired") ? "TokenExpired" : "Unauthorized",
                         "%s", err.message);
        local_reply_header(reply, "WWW-Authenticate", "Bearer");
        return;
    }
    missing = missing_scope(&caller, route.resource);
    if (missing) {
        local_livy_error(reply, 403, "InsufficientScopes", "The token lacks the scope %s.",
                         missing);
        return;
    }
    local_livy_answer(livy, &route, request, &caller, reply);
}
