#include "support/fake_livy.h"

#include "base/encoding.h"
#include "base/timefmt.h"
#include "base/uuid.h"
#include "support/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_kind(const struct fake_livy *f, const char *kind)
{
    return strcmp(f->kind, kind) == 0;
}

static bool has_unique_names(const struct fake_livy *f)
{
    return is_kind(f, "apache") || is_kind(f, "hdinsight");
}

const char *fake_livy_url(const char *kind)
{
    if (strcmp(kind, "fabric") == 0)
        return "https://api.fabric.microsoft.com/v1/workspaces/"
               "11111111-1111-4111-8111-111111111111/lakehouses/"
               "22222222-2222-4222-8222-222222222222/livyApi/versions/2023-12-01/batches";
    if (strcmp(kind, "synapse") == 0)
        return "https://ws.dev.azuresynapse.net/livyApi/versions/2019-11-01-preview/sparkPools/"
               "pool/batches";
    if (strcmp(kind, "hdinsight") == 0)
        return "https://cluster.azurehdinsight.net/livy/batches";
    return "https://livy.example.org/batches";
}

/* ---- records ------------------------------------------------------------------------------- */

struct fake_livy_record *fake_livy_add(struct fake_livy *f, const char *name, const char *submit_id)
{
    struct fake_livy_record *record = &f->records[f->count++];
    char uuid[LK_UUID_SIZE];

    assert_true(f->count <= FAKE_LIVY_RECORDS_MAX);
    *record = (struct fake_livy_record){.submitted_unix_ms = f->clock->now_unix_ms};
    lk_uuid_v4(uuid);
    if (is_kind(f, "fabric"))
        (void)snprintf(record->id, sizeof(record->id), "%s", uuid);
    else
        (void)snprintf(record->id, sizeof(record->id), "%d", f->next_number++);
    (void)snprintf(record->name, sizeof(record->name), "%s", name);
    (void)snprintf(record->submit_id, sizeof(record->submit_id), "%s", submit_id);
    return record;
}

static struct fake_livy_record *find(struct fake_livy *f, struct lk_str what)
{
    for (int i = 0; i < f->count; i++)
        if (lk_str_eq(what, lk_str_from(f->records[i].id)) ||
            (has_unique_names(f) && lk_str_eq(what, lk_str_from(f->records[i].name))))
            return &f->records[i];
    return NULL;
}

int fake_livy_phantoms(const struct fake_livy *f)
{
    int phantoms = 0;

    for (int i = 0; i < f->count; i++)
        phantoms += f->records[i].phantom;
    return phantoms;
}

int fake_livy_running(const struct fake_livy *f)
{
    return f->count - fake_livy_phantoms(f);
}

static json_t *describe(const struct fake_livy *f, const struct fake_livy_record *record,
                        bool with_tags)
{
    json_t *json = json_object();
    char when[LK_TIME_TEXT_MAX];

    if (is_kind(f, "fabric"))
        json_object_set_new(json, "id", json_string(record->id));
    else
        json_object_set_new(json, "id", json_integer(atoi(record->id)));
    json_object_set_new(json, "name", record->name[0] ? json_string(record->name) : json_null());
    json_object_set_new(json, "state", json_string(record->phantom ? "starting" : "running"));
    json_object_set_new(json, "appId", json_null());
    json_object_set_new(
        json, "log", record->phantom ? json_array() : json_pack("[s,s]", "stdout: ", "\nstderr: "));
    if (with_tags && !has_unique_names(f) && record->submit_id[0])
        json_object_set_new(json, "tags", json_pack("{s:s}", "submitId", record->submit_id));
    if (f->list_with_times) {
        lk_time_iso8601(record->submitted_unix_ms, when);
        json_object_set_new(json, "submittedAt", json_string(when));
    }
    return json;
}

/* ---- answers ------------------------------------------------------------------------------- */

static enum lk_status answer(struct lk_http_response *ret, int status, json_t *body_take)
{
    lk_http_response_done(ret);
    ret->status = status;
    lk_buf_init(&ret->body, 1 << 20);
    if (body_take)
        lk_json_write(body_take, false, &ret->body);
    json_decref(body_take);
    return LK_OK;
}

static enum lk_status answer_text(struct lk_http_response *ret, int status, const char *text)
{
    (void)answer(ret, status, NULL);
    lk_buf_put(&ret->body, lk_str_from(text));
    return LK_OK;
}

static enum lk_status lose(enum lk_status st, struct lk_error *err)
{
    return lk_error_set(err, st, "Lost", "the answer was lost");
}

/* ---- POST ---------------------------------------------------------------------------------- */

/* One arrival. NULL: the name is taken. */
static struct fake_livy_record *create(struct fake_livy *f, const json_t *request)
{
    struct lk_str name = lk_json_get_str(request, "name");
    struct lk_str tag = lk_json_get_str(json_object_get(request, "tags"), "submitId");

    if (has_unique_names(f) && name.len && find(f, name)) {
        f->next_number++; /* a refused batch has a number, too */
        return NULL;
    }
    return fake_livy_add(f, name.ptr ? name.ptr : "", tag.ptr ? tag.ptr : "");
}

static enum lk_status answer_created(const struct fake_livy *f,
                                     const struct fake_livy_record *record,
                                     struct lk_http_response *ret)
{
    int status = is_kind(f, "fabric") ? 202 : is_kind(f, "synapse") ? 200 : 201;

    return answer(ret, status, describe(f, record, true));
}

static enum lk_status answer_duplicate(const struct fake_livy *f, const json_t *request,
                                       struct lk_http_response *ret)
{
    json_t *body = json_object();

    json_object_set_new(body, "msg",
                        lk_json_textf("Rejected, Reason: Duplicate session name: Some(%s) for "
                                      "session %d",
                                      json_string_value(json_object_get(request, "name")),
                                      f->next_number - 1));
    return answer(ret, 400, body);
}

static enum lk_status answer_refused(struct fake_livy *f, const json_t *request,
                                     struct lk_http_response *ret)
{
    struct fake_livy_record *record;

    if (!has_unique_names(f))
        return answer(ret, 400,
                      json_pack("{s:s,s:s}", "errorCode", "BadRequest", "message", "No."));
    record = create(f, request);
    if (!record)
        return answer_duplicate(f, request, ret);
    record->phantom = true;
    return answer(ret, 400,
                  json_pack("{s:s}", "msg",
                            "requirement failed: Local path /srv/trips.py cannot be added to user "
                            "sessions."));
}

static enum lk_status cut_in_half(struct lk_http_response *ret)
{
    lk_buf_truncate(&ret->body, ret->body.len / 2);
    return LK_OK;
}

static bool is_done(enum fake_livy_fault fault)
{
    return fault == FAKE_LIVY_FINE || fault == FAKE_LIVY_LOST_AFTER ||
           fault == FAKE_LIVY_TIMEOUT_AFTER || fault == FAKE_LIVY_TOO_LONG_AFTER ||
           fault == FAKE_LIVY_STATUS_AFTER || fault == FAKE_LIVY_CUT_AFTER ||
           fault == FAKE_LIVY_EMPTY_AFTER || fault == FAKE_LIVY_PAGE_AFTER ||
           fault == FAKE_LIVY_MIXED_UP_AFTER || fault == FAKE_LIVY_TWICE;
}

static enum lk_status post(struct fake_livy *f, const json_t *request, struct lk_http_response *ret,
                           struct lk_error *err)
{
    const struct fake_livy_record *record = is_done(f->fault) ? create(f, request) : NULL;

    f->posts++;
    if (is_done(f->fault) && !record)
        return answer_duplicate(f, request, ret);
    switch (f->fault) {
    case FAKE_LIVY_FINE:
        return answer_created(f, record, ret);
    case FAKE_LIVY_NO_CONNECTION:
        return lose(LK_NETWORK, err);
    case FAKE_LIVY_NO_TOKEN:
        lk_http_response_done(ret);
        ret->unsent = true;
        return lose(LK_PROTOCOL, err);
    case FAKE_LIVY_LOST_BEFORE:
    case FAKE_LIVY_LOST_AFTER:
        return lose(LK_UNKNOWN, err);
    case FAKE_LIVY_TIMEOUT_BEFORE:
    case FAKE_LIVY_TIMEOUT_AFTER:
        return lose(LK_TIMEOUT, err);
    case FAKE_LIVY_TOO_LONG_AFTER:
        return lose(LK_LIMIT, err);
    case FAKE_LIVY_STATUS_BEFORE:
    case FAKE_LIVY_STATUS_AFTER:
        return answer_text(ret, f->status, "<html><title>Bad gateway</title></html>");
    case FAKE_LIVY_CUT_AFTER:
        (void)answer_created(f, record, ret);
        return cut_in_half(ret);
    case FAKE_LIVY_EMPTY_AFTER:
        return answer_text(ret, 202, "");
    case FAKE_LIVY_PAGE_AFTER:
        return answer_text(ret, 200, "<html><title>Sign in</title></html>");
    case FAKE_LIVY_MIXED_UP_AFTER:
        return answer_created(
            f, &(struct fake_livy_record){.id = "77", .name = "other", .submit_id = "else"}, ret);
    case FAKE_LIVY_REFUSED:
        return answer_refused(f, request, ret);
    case FAKE_LIVY_REFUSED_LOST:
        (void)answer_refused(f, request, ret);
        lk_http_response_done(ret);
        return lose(LK_UNKNOWN, err);
    case FAKE_LIVY_REFUSED_TWICE:
        (void)answer_refused(f, request, ret);
        f->next_number++;
        return answer_duplicate(f, request, ret);
    case FAKE_LIVY_TWICE:
        break;
    }
    record = create(f, request);
    return record ? answer_created(f, record, ret) : answer_duplicate(f, request, ret);
}

/* ---- looking ------------------------------------------------------------------------------- */

static bool is_hidden(struct fake_livy *f)
{
    return f->never_listed || f->looks++ < f->hidden_looks;
}

static int64_t number_after(struct lk_str url, const char *name)
{
    size_t at = lk_str_find(url, lk_str_from(name));
    struct lk_str rest = lk_str_slice(url, at + strlen(name), url.len);
    int64_t number = 0;

    (void)lk_str_to_i64(lk_str_slice(rest, 0, lk_str_find_char(rest, '&')), &number);
    return at < url.len ? number : 0;
}

/* Fabric shows the newest first, the others the oldest. */
static enum lk_status list(struct fake_livy *f, struct lk_str url, struct lk_http_response *ret)
{
    bool fabric = is_kind(f, "fabric"), hidden = is_hidden(f);
    int64_t from = number_after(url, fabric ? "$skip=" : "from=");
    int64_t size = number_after(url, fabric ? "$top=" : "size=");
    int count = hidden ? 0 : f->count;
    json_t *items = json_array(), *body = json_object();

    for (int64_t i = from; i < count && i < from + size; i++)
        json_array_append_new(
            items, describe(f, &f->records[fabric ? count - 1 - i : i], !f->list_without_tags));
    json_object_set_new(body, fabric ? "totalCountOfMatchedItems" : "total", json_integer(count));
    json_object_set_new(body, fabric ? "items" : "sessions", items);
    return answer(ret, 200, body);
}

static enum lk_status history(struct fake_livy *f, struct lk_http_response *ret)
{
    json_t *items = json_array();

    for (int i = 0; i < f->count; i++) {
        char when[LK_TIME_TEXT_MAX];
        lk_time_iso8601(f->records[i].submitted_unix_ms, when);
        json_array_append_new(items, json_pack("{s:s,s:s,s:s,s:s,s:s,s:{s:s,s:s}}", "livyId",
                                               f->records[i].id, "livyName", f->records[i].name,
                                               "jobType", "SparkBatch", "state", "InProgress",
                                               "submittedDateTime", when, "submitter", "id",
                                               f->submitter ? f->submitter : "x", "type", "User"));
    }
    return answer(
        ret, 200,
        json_pack("{s:o,s:n,s:n}", "value", items, "continuationToken", "continuationUri"));
}

static enum lk_status look_or_delete(struct fake_livy *f, const struct lk_http_request *request,
                                     struct lk_str what, struct lk_http_response *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(4096);
    struct fake_livy_record *record;

    what = lk_str_slice(what, 0, lk_str_find_char(what, '?'));
    if (!lk_percent_decode(what, false, &name))
        return answer_text(ret, 400, "");
    record = find(f, lk_buf_view(&name));
    if (request->method == LK_HTTP_DELETE)
        f->deletes++;
    else if (is_hidden(f))
        record = NULL;
    if (!record)
        return answer(ret, 404, json_pack("{s:s}", "msg", "Session not found."));
    if (request->method == LK_HTTP_GET)
        return answer(ret, 200, describe(f, record, true));
    memmove(record, record + 1, (size_t)(&f->records[f->count] - (record + 1)) * sizeof(*record));
    f->count--;
    return answer(ret, 200, json_pack("{s:s}", "msg", "deleted"));
}

static enum lk_status serve(struct lk_http *http, const struct lk_http_request *request,
                            struct lk_cancel *cancel, struct lk_http_response *ret,
                            struct lk_error *err)
{
    struct fake_livy *f = (struct fake_livy *)http;
    size_t at = lk_str_find(request->url, LK_STR("/batches"));
    struct lk_str rest = lk_str_slice(request->url, at + 8, request->url.len);
    enum lk_status st = lk_cancel_check(cancel, err);

    if (st)
        return st;
    if (request->method == LK_HTTP_POST) {
        LK_CLEANUP(lk_json_unref) json_t *body = NULL;
        assert_lk_ok(lk_json_parse(request->body, "the request", &body, err), err);
        return post(f, body, ret, err);
    }
    if (f->looks_fail)
        return answer_text(ret, 503, "");
    if (lk_str_find(request->url, LK_STR("/livySessions")) < request->url.len)
        return history(f, ret);
    return lk_str_starts(rest, LK_STR("/"))
               ? look_or_delete(f, request, lk_str_slice(rest, 1, rest.len), ret)
               : list(f, request->url, ret);
}

void fake_livy_init(struct fake_livy *f, const char *kind, struct fake_clock *clock)
{
    *f = (struct fake_livy){.http = {.send = serve}, .clock = clock, .kind = kind};
}
