#include "fabric/livy.h"

#include "base/encoding.h"
#include "base/json.h"
#include "base/uuid.h"
#include "fabric/livy_endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SPEC_MAX = 4 << 20,
    REPLY_MAX = 16 << 20,
    URL_MAX = 4096,
    LOOK_UP_MS = 30000, /* how long a batch whose answer was lost is looked for (livy.md §7.2) */
    LOOK_UP_PAUSE_MS = 3000,
    LOOK_UP_COUNT = 50,
};

static const char tag_name[] = "submitId";

struct lk_livy {
    struct lk_livy_options options;
};

struct lk_livy *lk_livy_new(const struct lk_livy_options *options)
{
    struct lk_livy *livy = lk_alloc(sizeof *livy);

    livy->options = *options;
    return livy;
}

void lk_livy_free(struct lk_livy *livy)
{
    free(livy);
}

const struct lk_livy_endpoint *lk_livy_endpoint(const struct lk_livy *livy)
{
    return livy->options.endpoint;
}

const struct lk_livy_options *lk_livy_options(const struct lk_livy *livy)
{
    return &livy->options;
}

static const struct lk_livy_profile *profile_of(const struct lk_livy *livy)
{
    return livy->options.endpoint->profile;
}

static const char *title_of(const struct lk_livy *livy)
{
    return profile_of(livy)->title;
}

/* ---- one exchange -------------------------------------------------------------------------- */

/* BASE/batches[/id][?query][&suffix] */
static void write_url(const struct lk_livy *livy, struct lk_str id, const char *query,
                      struct lk_buf *ret)
{
    const char *suffix = profile_of(livy)->query_suffix;

    lk_buf_printf(ret, "%s/batches", livy->options.endpoint->base);
    if (id.len) {
        lk_buf_put_char(ret, '/');
        lk_percent_encode(id, ret);
    }
    if (query[0] || suffix[0])
        lk_buf_printf(ret, "?%s%s%s", query, query[0] && suffix[0] ? "&" : "", suffix);
}

struct exchange {
    enum lk_http_method method;
    struct lk_str id;
    const char *query;
    struct lk_str body;
    enum lk_http_repeat repeat;
};

static enum lk_status send(struct lk_livy *livy, const struct exchange *exchange,
                           struct lk_cancel *cancel, struct lk_http_response *reply,
                           struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(URL_MAX);
    struct lk_http_request request = {.method = exchange->method,
                                      .body = exchange->body,
                                      .repeat = exchange->repeat,
                                      .response_max = REPLY_MAX};
    enum lk_status st;

    write_url(livy, exchange->id, exchange->query, &url);
    request.url = lk_buf_view(&url);
    lk_http_request_header(&request, LK_STR("Accept"), LK_STR("application/json"));
    if (exchange->body.len)
        lk_http_request_header(&request, LK_STR("Content-Type"), LK_STR("application/json"));
    /* Livy servers with CSRF protection want it on writes; it does no harm elsewhere. */
    lk_http_request_header(&request, LK_STR("X-Requested-By"), LK_STR("livy-kernel"));
    st = lk_http_send(livy->options.http, &request, cancel, reply, err);
    if (st && st != LK_CANCELLED)
        lk_error_prefix(err, "%s", title_of(livy));
    return st;
}

static enum lk_status read_reply(struct lk_livy *livy, const struct lk_http_response *reply,
                                 struct lk_livy_batch *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    enum lk_status st = lk_json_parse(lk_buf_view(&reply->body), "Livy's answer", &json, err);

    return st ? st : lk_livy_batch_read(profile_of(livy), json, ret, err);
}

/* ---- submitting, exactly once -------------------------------------------------------------- */

/* The marker by which a batch is found again when its answer was lost: a tag where the service
 * knows tags, otherwise a part of the name, which is unique there. */
static void mark(const struct lk_livy *livy, const char *submit_id, struct lk_livy_spec *spec)
{
    json_t *tags = json_object_get(spec->body, "tags");
    struct lk_str name = lk_json_get_str(spec->body, "name");

    if (!(profile_of(livy)->fields & LK_LIVY_FIELD_TAGS)) {
        json_object_set_new(
            spec->body, "name",
            lk_json_textf("%.*s%s%s", LK_STR_ARGS(name), name.len ? "-" : "batch-", submit_id));
        return;
    }
    if (!tags) {
        tags = json_object();
        json_object_set_new(spec->body, "tags", tags);
    }
    json_object_set_new(tags, tag_name, json_string(submit_id));
}

enum lk_status lk_livy_preview(struct lk_livy *livy, struct lk_livy_spec *spec, json_t **ret,
                               struct lk_error *err)
{
    struct lk_livy_spec copy = {.body = json_deep_copy(spec->body)};
    enum lk_status st = lk_livy_spec_check(profile_of(livy), &copy, err);

    if (st) {
        lk_livy_spec_done(&copy);
        return st;
    }
    mark(livy, "00000000-0000-4000-8000-000000000000", &copy);
    *ret = copy.body;
    return LK_OK;
}

/* 4xx but for those that say nothing about the effect: the batch was not made. */
static bool is_refusal(int status)
{
    return status >= 400 && status < 500 && status != 408;
}

static bool has_marker(const struct lk_livy *livy, const struct lk_livy_batch *batch,
                       const char *submit_id)
{
    struct lk_str name = lk_str_from(batch->name);

    if (profile_of(livy)->fields & LK_LIVY_FIELD_TAGS)
        return strcmp(batch->submit_id, submit_id) == 0;
    return lk_str_ends(name, lk_str_from(submit_id));
}

/* One look through the newest batches. Lists may leave tags out: candidates without one are asked
 * for themselves. LK_NOT_FOUND: not there (yet). */
static enum lk_status look_once(struct lk_livy *livy, const char *submit_id, struct lk_str name,
                                struct lk_cancel *cancel, struct lk_livy_batch *ret,
                                struct lk_error *err)
{
    struct lk_livy_list list = {.batches = NULL};
    enum lk_status st = lk_livy_list(livy, LOOK_UP_COUNT, cancel, &list, err);
    bool found = false;

    if (st)
        return st;
    for (size_t i = 0; i < list.count && !found; i++) {
        struct lk_livy_batch *batch = &list.batches[i];
        if (!batch->submit_id[0] && !lk_str_eq(lk_str_from(batch->name), name) &&
            !has_marker(livy, batch, submit_id))
            continue;
        lk_livy_batch_done(ret);
        *ret = (struct lk_livy_batch)LK_LIVY_BATCH_INIT;
        found = lk_livy_get(livy, lk_str_from(batch->id), cancel, ret, err) == LK_OK &&
                has_marker(livy, ret, submit_id);
    }
    lk_livy_list_done(&list);
    return found ? LK_OK : LK_NOT_FOUND;
}

static enum lk_status look_for(struct lk_livy *livy, const char *submit_id, struct lk_str name,
                               struct lk_cancel *cancel, struct lk_livy_batch *ret)
{
    struct lk_clock *clock = livy->options.clock;
    int64_t deadline = clock->monotonic_ms(clock) + LOOK_UP_MS;
    struct lk_error ignored = LK_ERROR_INIT;
    enum lk_status st;

    do {
        st = look_once(livy, submit_id, name, cancel, ret, &ignored);
        if (!st || st == LK_CANCELLED)
            return st;
        st = clock->wait_ms(clock, LOOK_UP_PAUSE_MS, cancel, &ignored);
    } while (!st && clock->monotonic_ms(clock) < deadline);
    return st ? st : LK_NOT_FOUND;
}

static enum lk_status tell_unknown(const struct lk_livy *livy, const char *submit_id,
                                   struct lk_str name, const struct lk_error *why,
                                   struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *cause = lk_str_dup(lk_str_from(why->message));

    lk_error_set(err, LK_UNKNOWN, "OutcomeUnknown",
                 "batch '%.*s': the answer was lost (%s), and %s shows no batch with our mark",
                 LK_STR_ARGS(name), cause, title_of(livy));
    return lk_error_next(err,
                         "Look before you submit again: %%batch list, and the Monitoring hub. The "
                         "journal holds it as %s.",
                         submit_id);
}

/* A submission under way. */
struct submission {
    struct lk_livy *livy;
    char submit_id[LK_UUID_SIZE];
    struct lk_str name; /* of the request; borrows from the spec */
};

static enum lk_status finish(struct submission *submission, enum lk_journal_outcome outcome,
                             const char *id, struct lk_error *err)
{
    return lk_journal_outcome(submission->livy->options.journal, lk_str_from(submission->submit_id),
                              outcome, lk_str_from(id), err);
}

static enum lk_status adopt(struct submission *submission, const struct lk_error *why,
                            struct lk_cancel *cancel, struct lk_livy_batch *ret,
                            struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch found = LK_LIVY_BATCH_INIT;
    struct lk_error lost = *why, ignored = LK_ERROR_INIT;
    enum lk_status st =
        look_for(submission->livy, submission->submit_id, submission->name, cancel, &found);

    if (st) {
        if (finish(submission, LK_JOURNAL_UNKNOWN, "", &ignored))
            lk_error_clear(&ignored);
        return tell_unknown(submission->livy, submission->submit_id, submission->name, &lost, err);
    }
    st = finish(submission, LK_JOURNAL_ACCEPTED, found.id, err);
    if (st)
        return st;
    *ret = found;
    found = (struct lk_livy_batch)LK_LIVY_BATCH_INIT;
    return LK_OK;
}

static enum lk_status judge(struct submission *submission, const struct lk_http_response *reply,
                            struct lk_cancel *cancel, struct lk_livy_batch *ret,
                            struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    char what[LK_BATCH_TEXT_MAX + 16];
    struct lk_error ignored = LK_ERROR_INIT;
    enum lk_status st;

    snprintf(what, sizeof what, "batch '%.*s'", LK_STR_ARGS(submission->name));
    if (reply->status >= 200 && reply->status < 300) {
        st = read_reply(submission->livy, reply, &batch, err);
        /* Accepted, but the answer makes no sense: the batch is there all the same. */
        if (st)
            return adopt(submission, err, cancel, ret, err);
        st = finish(submission, LK_JOURNAL_ACCEPTED, batch.id, err);
        if (st)
            return lk_error_prefix(err, "batch %s was accepted, but the journal cannot be written",
                                   batch.id);
        *ret = batch;
        batch = (struct lk_livy_batch)LK_LIVY_BATCH_INIT;
        return LK_OK;
    }
    st = lk_livy_read_error(profile_of(submission->livy), what, reply, err);
    if (!is_refusal(reply->status))
        return adopt(submission, err, cancel, ret, err);
    if (finish(submission, LK_JOURNAL_REFUSED, "", &ignored))
        lk_error_clear(&ignored);
    return st;
}

static enum lk_status post(struct submission *submission, struct lk_str body,
                           struct lk_cancel *cancel, struct lk_livy_batch *ret,
                           struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    struct exchange exchange = {
        .method = LK_HTTP_POST, .query = "", .body = body, .repeat = LK_HTTP_REPEAT_REFUSED};
    struct lk_error ignored = LK_ERROR_INIT;
    enum lk_status st = send(submission->livy, &exchange, cancel, &reply, err);

    if (!st)
        return judge(submission, &reply, cancel, ret, err);
    /* Nothing left, or never began: certain. Everything else is settled by looking. */
    if (st == LK_UNKNOWN || st == LK_TIMEOUT || st == LK_PROTOCOL || st == LK_LIMIT)
        return adopt(submission, err, cancel, ret, err);
    if (finish(submission, st == LK_CANCELLED ? LK_JOURNAL_UNKNOWN : LK_JOURNAL_REFUSED, "",
               &ignored))
        lk_error_clear(&ignored);
    if (st == LK_CANCELLED)
        return lk_error_next(err, "It may have been submitted: %%batch list shows it.");
    return st;
}

enum lk_status lk_livy_submit(struct lk_livy *livy, struct lk_livy_spec *spec,
                              struct lk_cancel *cancel, struct lk_livy_batch *ret,
                              struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf body = LK_BUF_INIT(SPEC_MAX);
    struct submission submission = {.livy = livy};
    enum lk_status st = lk_livy_spec_check(profile_of(livy), spec, err);

    if (st)
        return st;
    lk_uuid_v4(submission.submit_id);
    mark(livy, submission.submit_id, spec);
    submission.name = lk_json_get_str(spec->body, "name");
    lk_json_write(spec->body, false, &body);
    st = lk_buf_check(&body, "the batch request", err);
    if (!st)
        st = lk_cancel_check(cancel, err);
    if (!st)
        st = lk_journal_intent(livy->options.journal, lk_str_from(submission.submit_id),
                               lk_str_from(livy->options.endpoint->base), submission.name,
                               lk_json_get_str(spec->body, "file"), err);
    return st ? st : post(&submission, lk_buf_view(&body), cancel, ret, err);
}

/* ---- looking ------------------------------------------------------------------------------- */

enum lk_status lk_livy_get(struct lk_livy *livy, struct lk_str id, struct lk_cancel *cancel,
                           struct lk_livy_batch *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    struct exchange exchange = {
        .method = LK_HTTP_GET, .id = id, .query = "", .repeat = LK_HTTP_REPEAT_ALWAYS};
    char what[LK_BATCH_ID_MAX + 16];
    enum lk_status st = send(livy, &exchange, cancel, &reply, err);

    if (st)
        return st;
    snprintf(what, sizeof what, "batch '%.*s'", LK_STR_ARGS(lk_str_slice(id, 0, LK_BATCH_ID_MAX)));
    if (reply.status != 200)
        return lk_livy_read_error(profile_of(livy), what, &reply, err);
    return read_reply(livy, &reply, ret, err);
}

/* The three names under which services put their list. */
static const json_t *list_items(const json_t *json)
{
    static const char *const names[] = {"items", "sessions", "value"};

    for (size_t i = 0; i < LK_COUNT(names); i++)
        if (json_is_array(json_object_get(json, names[i])))
            return json_object_get(json, names[i]);
    return NULL;
}

static int64_t list_total(const json_t *json)
{
    const json_t *total = json_object_get(json, "totalCountOfMatchedItems");

    if (!json_is_integer(total))
        total = json_object_get(json, "total");
    return json_is_integer(total) ? json_integer_value(total) : -1;
}

static enum lk_status get_page(struct lk_livy *livy, int64_t from, int64_t size,
                               struct lk_cancel *cancel, json_t **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    bool top_skip = profile_of(livy)->paging == LK_LIVY_PAGING_TOP_SKIP;
    struct exchange exchange = {.method = LK_HTTP_GET, .repeat = LK_HTTP_REPEAT_ALWAYS};
    char query[96];
    enum lk_status st;

    snprintf(query, sizeof query, top_skip ? "$skip=%lld&$top=%lld" : "from=%lld&size=%lld",
             (long long)from, (long long)size);
    exchange.query = query;
    st = send(livy, &exchange, cancel, &reply, err);
    if (st)
        return st;
    if (reply.status != 200)
        return lk_livy_read_error(profile_of(livy), "the list of batches", &reply, err);
    return lk_json_parse(lk_buf_view(&reply.body), "Livy's list", ret, err);
}

static void add_items(struct lk_livy *livy, const json_t *items, struct lk_livy_list *list)
{
    size_t i;
    json_t *item;

    json_array_foreach((json_t *)items, i, item)
    {
        struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
        struct lk_error ignored;
        /* One item that makes no sense must not hide the others. */
        if (lk_livy_batch_read(profile_of(livy), item, &batch, &ignored))
            continue;
        list->batches = lk_realloc(list->batches, (list->count + 1) * sizeof *list->batches);
        list->batches[list->count++] = batch;
    }
}

/* Newest first, whatever order the service keeps; without times, its order turned round where ids
 * grow. */
static int compare_batches(const void *a, const void *b)
{
    const struct lk_livy_batch *x = a, *y = b;
    int64_t i, j;

    if (x->submitted_ms != y->submitted_ms)
        return x->submitted_ms > y->submitted_ms ? -1 : 1;
    if (lk_str_to_i64(lk_str_from(x->id), &i) && lk_str_to_i64(lk_str_from(y->id), &j))
        return (i < j) - (i > j);
    return 0;
}

/* Services with from/size list the oldest first: the newest are at the end. */
static enum lk_status find_start(struct lk_livy *livy, int64_t max, struct lk_cancel *cancel,
                                 int64_t *from, struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    int64_t total;
    enum lk_status st;

    *from = 0;
    if (profile_of(livy)->paging == LK_LIVY_PAGING_TOP_SKIP)
        return LK_OK;
    st = get_page(livy, 0, 1, cancel, &json, err);
    if (st)
        return st;
    total = list_total(json);
    *from = total > max ? total - max : 0;
    return LK_OK;
}

enum lk_status lk_livy_list(struct lk_livy *livy, size_t max, struct lk_cancel *cancel,
                            struct lk_livy_list *ret, struct lk_error *err)
{
    int64_t page = profile_of(livy)->page_max, from;
    enum lk_status st = find_start(livy, (int64_t)max, cancel, &from, err);

    *ret = (struct lk_livy_list){.total = -1};
    while (!st && ret->count < max) {
        LK_CLEANUP(lk_json_unref) json_t *json = NULL;
        int64_t left = (int64_t)(max - ret->count), size = left < page ? left : page;
        st = get_page(livy, from, size, cancel, &json, err);
        if (st)
            break;
        ret->total = list_total(json);
        add_items(livy, list_items(json), ret);
        if ((int64_t)json_array_size(list_items(json)) < size)
            break;
        from += size;
    }
    if (st) {
        lk_livy_list_done(ret);
        return st;
    }
    if (ret->count)
        qsort(ret->batches, ret->count, sizeof *ret->batches, compare_batches);
    return LK_OK;
}

void lk_livy_list_done(struct lk_livy_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        lk_livy_batch_done(&list->batches[i]);
    free(list->batches);
    *list = (struct lk_livy_list){.total = -1};
}

enum lk_status lk_livy_cancel(struct lk_livy *livy, struct lk_str id, struct lk_cancel *cancel,
                              bool *already_gone, struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    struct exchange exchange = {
        .method = LK_HTTP_DELETE, .id = id, .query = "", .repeat = LK_HTTP_REPEAT_ALWAYS};
    char what[LK_BATCH_ID_MAX + 16];
    enum lk_status st = send(livy, &exchange, cancel, &reply, err);

    if (st)
        return st;
    *already_gone = reply.status == 404;
    if (*already_gone || (reply.status >= 200 && reply.status < 300))
        return LK_OK;
    snprintf(what, sizeof what, "batch '%.*s'", LK_STR_ARGS(lk_str_slice(id, 0, LK_BATCH_ID_MAX)));
    return lk_livy_read_error(profile_of(livy), what, &reply, err);
}
