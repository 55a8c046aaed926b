/* The monitoring API's livySessions (livy.md §2): newest first, in pages. */
#include "local/livy_service.h"

#include "base/encoding.h"

#include <stdio.h>

enum { TOKEN_MAX = 256, VALUE_MAX = 256 };

/* What of the list is asked for. */
struct wanted {
    struct lk_buf state, submitter; /* empty: any */
};

static void wanted_done(struct wanted *wanted)
{
    lk_buf_done(&wanted->state);
    lk_buf_done(&wanted->submitter);
}

static bool query_is_true(const struct local_request *request, const char *name)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(VALUE_MAX);

    return local_request_query(request, name, &text) &&
           lk_str_eq_nocase(lk_buf_view(&text), LK_STR("true"));
}

/* false, as what could not be read. */
static bool refuse(struct local_reply *reply, const char *what)
{
    local_livy_error(reply, 400, "InvalidInput", "The list cannot be given so: %s.", what);
    return false;
}

/* A list that ignored a filter would be a lie: what is not understood is refused. */
static bool read_filters(const struct local_request *request, struct wanted *ret,
                         struct local_reply *reply)
{
    static const char *const unknown[] = {"submittedDateTime", "endDateTime"};
    LK_CLEANUP(lk_buf_done) struct lk_buf ignored = LK_BUF_INIT(VALUE_MAX);
    bool filters = local_request_query(request, "state", &ret->state);

    filters = local_request_query(request, "submitter.Id", &ret->submitter) || filters;
    if (filters && !query_is_true(request, "beta"))
        return refuse(reply, "filters want beta=true");
    for (size_t i = 0; i < LK_COUNT(unknown); i++) {
        if (local_request_query(request, unknown[i], &ignored))
            return refuse(reply, "livy-local has no filter by time");
    }
    return true;
}

static bool fits(const struct wanted *wanted, const json_t *item)
{
    struct lk_str submitter = lk_json_get_str(json_object_get(item, "submitter"), "id");

    return (!wanted->state.len ||
            lk_str_eq_nocase(lk_buf_view(&wanted->state), lk_json_get_str(item, "state"))) &&
           (!wanted->submitter.len || lk_str_eq_nocase(lk_buf_view(&wanted->submitter), submitter));
}

/* The token names the last batch of the page before: new ones move nothing. False (and answered)
 * when it names none. */
static bool read_token(const struct local_request *request, const struct local_livy_jobs *jobs,
                       size_t *end, struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf token = LK_BUF_INIT(TOKEN_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf id = LK_BUF_INIT(TOKEN_MAX);

    *end = jobs->count;
    if (!local_request_query(request, "continuationToken", &token) || !token.len)
        return true;
    if (lk_base64_decode(lk_buf_view(&token), &id)) {
        while (*end > 0) {
            (*end)--;
            if (lk_str_eq(lk_buf_view(&id), lk_str_from(jobs->at[*end]->batch.id)))
                return true;
        }
    }
    return refuse(reply, "continuationToken names nothing that is there (any more)");
}

static void put_next(json_t *json, const struct local_request *request, const char *last_id)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf token = LK_BUF_INIT(TOKEN_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf more = LK_BUF_INIT(TOKEN_MAX * 3);
    struct lk_str host = local_request_header(request, "Host");

    if (!last_id) {
        json_object_set_new(json, "continuationToken", json_null());
        json_object_set_new(json, "continuationUri", json_null());
        return;
    }
    lk_base64_encode(lk_str_from(last_id), &token);
    lk_form_put(&more, LK_STR("continuationToken"), lk_buf_view(&token));
    json_object_set_new(json, "continuationToken", lk_json_text(lk_buf_view(&token)));
    json_object_set_new(json, "continuationUri",
                        lk_json_textf("https://%.*s%.*s?%s", LK_STR_ARGS(lk_str_cut(host, 256)),
                                      LK_STR_ARGS(request->raw_path), lk_buf_cstr(&more)));
}

/* Where an entry is to be found. */
static json_t *item_of(const struct local_livy *livy, const struct local_batch *batch,
                       const struct local_request *request)
{
    const struct local_place *place = &livy->runner.place;
    json_t *json = local_batch_session_item(batch, place, livy->clock->unix_ms(livy->clock));
    struct lk_str host = local_request_header(request, "Host");

    json_object_set_new(json, "livySessionItemResourceUri",
                        lk_json_textf("https://%.*s/v1/workspaces/%s/lakehouses/%s/livySessions/%s",
                                      LK_STR_ARGS(lk_str_cut(host, 256)), place->workspace_id,
                                      place->lakehouse_id, batch->id));
    return json;
}

void local_livy_answer_history(struct local_livy *livy, const struct local_request *request,
                               struct local_reply *reply)
{
    LK_CLEANUP(local_livy_jobs_done) struct local_livy_jobs jobs = {NULL};
    LK_CLEANUP(wanted_done)
    struct wanted wanted = {LK_BUF_INIT(VALUE_MAX), LK_BUF_INIT(VALUE_MAX)};
    json_t *json, *value = json_array();
    const char *last_id = NULL;
    size_t end;

    pthread_mutex_lock(&livy->lock);
    local_livy_jobs_of(livy, LOCAL_FACE_FABRIC, &jobs);
    if (!read_filters(request, &wanted, reply) || !read_token(request, &jobs, &end, reply)) {
        json_decref(value);
        pthread_mutex_unlock(&livy->lock);
        return;
    }
    for (; end > 0 && json_array_size(value) < LOCAL_LIVY_HISTORY_PAGE; end--) {
        json_t *item = item_of(livy, &jobs.at[end - 1]->batch, request);

        if (fits(&wanted, item))
            json_array_append(value, item);
        json_decref(item);
        last_id = jobs.at[end - 1]->batch.id;
    }
    json = json_object();
    json_object_set_new(json, "value", value);
    put_next(json, request, end > 0 ? last_id : NULL);
    local_reply_json_take(reply, 200, json);
    pthread_mutex_unlock(&livy->lock);
}

void local_livy_answer_history_entry(struct local_livy *livy, const struct local_livy_route *route,
                                     const struct local_request *request, struct local_reply *reply)
{
    struct local_livy_job *job;

    pthread_mutex_lock(&livy->lock);
    job = local_livy_find(livy, route->id);
    if (job)
        local_reply_json_take(reply, 200, item_of(livy, &job->batch, request));
    pthread_mutex_unlock(&livy->lock);
    if (!job)
        local_livy_no_batch(reply, route->id);
}
