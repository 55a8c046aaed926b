/* Looking at batches, and stopping them. */
#include "fabric/livy.h"

#include "base/encoding.h"
#include "fabric/livy_client.h"
#include "fabric/livy_error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES_MAX = 50 };

static const struct lk_livy_manner usual = {.repeat = LK_HTTP_REPEAT_ALWAYS};

struct lk_livy *lk_livy_new(const struct lk_livy_options *options)
{
    struct lk_livy *livy = lk_alloc(sizeof(*livy));

    livy->options = *options;
    livy->profile = options->endpoint->profile;
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

/* ---- requests ------------------------------------------------------------------------------ */

void lk_livy_batch_url(const struct lk_livy *livy, struct lk_str id, struct lk_buf *ret)
{
    lk_buf_printf(ret, "%s/batches", livy->options.endpoint->base);
    if (id.len) {
        lk_buf_put_char(ret, '/');
        lk_percent_encode(id, ret);
    }
    if (livy->profile->query_suffix[0])
        lk_buf_printf(ret, "?%s", livy->profile->query_suffix);
}

bool lk_livy_session_url(const struct lk_livy *livy, struct lk_str id, struct lk_buf *ret)
{
    struct lk_str base = lk_str_from(livy->options.endpoint->base);
    size_t at = lk_str_find(base, LK_STR("/livyApi/"));

    if (livy->profile->log != LK_LIVY_LOG_MONITORING || at == base.len)
        return false;
    lk_buf_put(ret, lk_str_slice(base, 0, at));
    lk_buf_put(ret, LK_STR("/livySessions/"));
    lk_percent_encode(id, ret);
    return true;
}

struct lk_http_request lk_livy_request(enum lk_http_method method, const struct lk_buf *url)
{
    struct lk_http_request request = {.method = method,
                                      .url = lk_buf_view(url),
                                      .repeat = LK_HTTP_REPEAT_ALWAYS,
                                      .response_max = LK_LIVY_REPLY_MAX};

    lk_http_request_header(&request, LK_STR("Accept"), LK_STR("application/json"));
    /* Apache Livy may insist on it, nobody minds it (livy.md §6). */
    if (method != LK_HTTP_GET)
        lk_http_request_header(&request, LK_STR("X-Requested-By"), LK_STR("livy-kernel"));
    return request;
}

void lk_livy_what(struct lk_str name, char ret[LK_BATCH_TEXT_MAX + 16])
{
    name = lk_str_cut(name, LK_BATCH_TEXT_MAX - 1);
    (void)snprintf(ret, LK_BATCH_TEXT_MAX + 16, name.len ? "batch '%.*s'" : "the batch%.*s",
                   LK_STR_ARGS(name));
}

static enum lk_status get_json(struct lk_livy *livy, const struct lk_buf *url, const char *what,
                               struct lk_livy_manner manner, struct lk_cancel *cancel, json_t **ret,
                               int64_t *ret_retry_after_ms, struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    struct lk_http_request request = lk_livy_request(LK_HTTP_GET, url);
    enum lk_status st;

    request.repeat = manner.repeat;
    request.timeout_ms = manner.timeout_ms;
    request.response_max = LK_LIVY_LIST_MAX;
    st = lk_http_send(livy->options.http, &request, cancel, &reply, err);
    if (st)
        return st == LK_CANCELLED ? st : lk_error_prefix(err, "%s", what);
    if (ret_retry_after_ms)
        *ret_retry_after_ms = lk_livy_retry_after_ms(&reply, lk_clock_unix_s(livy->options.clock));
    if (reply.status != 200)
        return lk_livy_read_error(livy->profile, what, &reply, err);
    st = lk_json_parse(lk_buf_view(&reply.body), "Livy's answer", ret, err);
    if (st)
        return lk_error_next(err, "`%%livy info` shows the address: is there a Livy service?");
    return LK_OK;
}

enum lk_status lk_livy_get_json(struct lk_livy *livy, const struct lk_buf *url, const char *what,
                                struct lk_cancel *cancel, json_t **ret, struct lk_error *err)
{
    return get_json(livy, url, what, usual, cancel, ret, NULL, err);
}

enum lk_status lk_livy_poll(struct lk_livy *livy, struct lk_str id, struct lk_livy_manner manner,
                            struct lk_cancel *cancel, struct lk_livy_batch *ret,
                            int64_t *ret_retry_after_ms, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(LK_LIVY_URL_MAX);
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    char what[LK_BATCH_TEXT_MAX + 16];
    enum lk_status st;

    lk_livy_what(id, what);
    if (ret_retry_after_ms)
        *ret_retry_after_ms = -1;
    lk_livy_batch_url(livy, id, &url);
    st = get_json(livy, &url, what, manner, cancel, &json, ret_retry_after_ms, err);
    return st ? st : lk_livy_batch_read(livy->profile, json, ret, err);
}

enum lk_status lk_livy_get(struct lk_livy *livy, struct lk_str id, struct lk_cancel *cancel,
                           struct lk_livy_batch *ret, struct lk_error *err)
{
    return lk_livy_poll(livy, id, usual, cancel, ret, NULL, err);
}

enum lk_status lk_livy_history(struct lk_livy *livy, struct lk_str id, struct lk_livy_manner manner,
                               struct lk_cancel *cancel, struct lk_livy_batch *ret,
                               int64_t *ret_retry_after_ms, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(LK_LIVY_URL_MAX);
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    char what[LK_BATCH_TEXT_MAX + 16];
    enum lk_status st;

    if (ret_retry_after_ms)
        *ret_retry_after_ms = -1;
    if (!lk_livy_session_url(livy, id, &url))
        return lk_error_set(err, LK_UNSUPPORTED, "NoHistory", "%s keeps no history",
                            livy->profile->title);
    lk_livy_what(id, what);
    st = get_json(livy, &url, what, manner, cancel, &json, ret_retry_after_ms, err);
    return st ? st : lk_livy_batch_read(livy->profile, json, ret, err);
}

/* ---- the list ------------------------------------------------------------------------------ */

void lk_livy_list_done(struct lk_livy_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        lk_livy_batch_done(&list->batches[i]);
    free(list->batches);
    *list = (struct lk_livy_list){.batches = NULL};
}

/* Fabric has been seen with three names for the same list (livy.md §1.4). */
static const json_t *items_of(const json_t *json)
{
    static const char *const names[] = {"items", "sessions", "value"};

    if (json_is_array(json))
        return json;
    for (size_t i = 0; i < LK_COUNT(names); i++) {
        const json_t *items = json_object_get(json, names[i]);
        if (json_is_array(items))
            return items;
    }
    return NULL;
}

static int64_t total_of(const json_t *json)
{
    static const char *const names[] = {"totalCountOfMatchedItems", "total"};

    for (size_t i = 0; i < LK_COUNT(names); i++) {
        const json_t *total = json_object_get(json, names[i]);
        if (json_is_integer(total) && json_integer_value(total) >= 0)
            return json_integer_value(total);
    }
    return -1;
}

static bool has_batch(const struct lk_livy_list *list, const char *id)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->batches[i].id, id) == 0)
            return true;
    }
    return false;
}

/* Adds what can be read and is new; *ret_seen counts what came, and is 0 when all of it was there
 * before, as from a service that does not know pages. */
static enum lk_status add_items(const struct lk_livy *livy, const json_t *json, size_t max,
                                struct lk_livy_list *ret, size_t *ret_seen, struct lk_error *err)
{
    const json_t *items = items_of(json);
    size_t repeated = 0;

    if (!items)
        return lk_error_set(err, LK_PROTOCOL, "BadAnswer", "Livy's answer is no list of batches");
    *ret_seen = json_array_size(items);
    for (size_t i = 0; i < json_array_size(items) && ret->count < max; i++) {
        struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
        if (lk_livy_batch_read(livy->profile, json_array_get(items, i), &batch, NULL))
            continue;
        if (has_batch(ret, batch.id)) {
            lk_livy_batch_done(&batch);
            repeated++;
            continue;
        }
        if ((ret->count & (ret->count + 1)) == 0)
            ret->batches = lk_realloc(ret->batches, (2 * ret->count + 1) * sizeof(*ret->batches));
        ret->batches[ret->count++] = batch;
    }
    if (repeated == *ret_seen)
        *ret_seen = 0;
    return LK_OK;
}

static void page_url(const struct lk_livy *livy, int64_t skip, size_t size, struct lk_buf *ret)
{
    bool is_top = livy->profile->paging == LK_LIVY_PAGING_TOP_SKIP;

    lk_livy_batch_url(livy, LK_STR_EMPTY, ret);
    lk_buf_printf(ret, "%c%s=%lld&%s=%zu", livy->profile->query_suffix[0] ? '&' : '?',
                  is_top ? "$skip" : "from", (long long)skip, is_top ? "$top" : "size", size);
}

enum lk_status lk_livy_page(struct lk_livy *livy, int64_t skip, size_t size, int64_t timeout_ms,
                            struct lk_cancel *cancel, struct lk_livy_list *ret,
                            int64_t *ret_retry_after_ms, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(LK_LIVY_URL_MAX);
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    struct lk_livy_manner once = {.repeat = LK_HTTP_REPEAT_NEVER, .timeout_ms = timeout_ms};
    struct lk_livy_list list = {.total = -1};
    size_t seen;
    enum lk_status st;

    *ret_retry_after_ms = -1;
    page_url(livy, skip, size, &url);
    st = get_json(livy, &url, "the list of batches", once, cancel, &json, ret_retry_after_ms, err);
    if (st)
        return st;
    list.total = total_of(json);
    st = add_items(livy, json, size, &list, &seen, err);
    if (st)
        lk_livy_list_done(&list);
    else
        *ret = list;
    return st;
}

static enum lk_status add_page(struct lk_livy *livy, int64_t skip, size_t max,
                               struct lk_cancel *cancel, struct lk_livy_list *ret, size_t *ret_seen,
                               struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(LK_LIVY_URL_MAX);
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    size_t page = (size_t)livy->profile->page_max, left = max - ret->count;
    enum lk_status st;

    page_url(livy, skip, left < page ? left : page, &url);
    st = get_json(livy, &url, "the list of batches", usual, cancel, &json, NULL, err);
    if (st)
        return st;
    ret->total = total_of(json);
    return add_items(livy, json, max, ret, ret_seen, err);
}

static enum lk_status add_pages(struct lk_livy *livy, int64_t skip, size_t max,
                                struct lk_cancel *cancel, struct lk_livy_list *ret,
                                struct lk_error *err)
{
    enum lk_status st = LK_OK;
    size_t seen = 1;

    for (int i = 0; i < PAGES_MAX && !st && seen && ret->count < max; i++) {
        st = add_page(livy, skip, max, cancel, ret, &seen, err);
        skip += (int64_t)seen;
        if (!st && ret->total >= 0 && skip >= ret->total)
            break;
    }
    return st;
}

/* Newer when it was submitted later; services without times count their ids up. */
static int compare_age(const struct lk_livy_batch *a, const struct lk_livy_batch *b)
{
    int64_t left = a->submitted_ms, right = b->submitted_ms;

    if (!left && !right &&
        (!lk_str_to_i64(lk_str_from(a->id), &left) || !lk_str_to_i64(lk_str_from(b->id), &right)))
        return 0;
    return left < right ? -1 : left > right;
}

static int compare_newest_first(const void *left, const void *right)
{
    return compare_age(right, left);
}

enum lk_status lk_livy_list(struct lk_livy *livy, size_t max, struct lk_cancel *cancel,
                            struct lk_livy_list *ret, struct lk_error *err)
{
    struct lk_livy_list list = {.total = -1};
    size_t seen = 0;
    enum lk_status st = add_page(livy, 0, max, cancel, &list, &seen, err);

    /* Nobody promises an order: when the oldest come first, the newest are at the end. */
    if (!st && list.total > (int64_t)list.count && list.count > 1 &&
        compare_age(&list.batches[0], &list.batches[list.count - 1]) < 0) {
        int64_t skip = list.total - (int64_t)max;
        lk_livy_list_done(&list);
        st = add_pages(livy, skip > 0 ? skip : 0, max, cancel, &list, err);
    } else if (!st && seen && list.count < max && (list.total < 0 || list.total > (int64_t)seen)) {
        st = add_pages(livy, (int64_t)seen, max, cancel, &list, err);
    }
    if (st) {
        lk_livy_list_done(&list);
        return st;
    }
    if (list.count)
        qsort(list.batches, list.count, sizeof(*list.batches), compare_newest_first);
    *ret = list;
    return LK_OK;
}

/* ---- stopping ------------------------------------------------------------------------------ */

enum lk_status lk_livy_cancel(struct lk_livy *livy, struct lk_str id, struct lk_cancel *cancel,
                              bool *already_gone, struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(LK_LIVY_URL_MAX);
    struct lk_http_request request;
    char what[LK_BATCH_TEXT_MAX + 16];
    enum lk_status st;

    lk_livy_what(id, what);
    lk_livy_batch_url(livy, id, &url);
    request = lk_livy_request(LK_HTTP_DELETE, &url);
    request.timeout_ms = livy->profile->delete_max_ms;
    /* Where it waits for the job's end, a second one would only wait beside the first. */
    if (livy->profile->delete_drops_record)
        request.repeat = LK_HTTP_REPEAT_REFUSED;
    st = lk_http_send(livy->options.http, &request, cancel, &reply, err);
    if (st)
        return st == LK_CANCELLED ? st : lk_error_prefix(err, "%s", what);
    *already_gone = reply.status == 404;
    if (reply.status == 200 || reply.status == 202 || reply.status == 204 || *already_gone)
        return LK_OK;
    return lk_livy_read_error(livy->profile, what, &reply, err);
}
