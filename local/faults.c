#include "local/faults.h"

#include "base/cancel.h"
#include "base/file.h"
#include "base/json.h"
#include "local/faults_edit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20, RULES_MAX = 64 };

struct rule {
    struct lk_str service, method, path_contains, reset;
    int64_t after, times, status, delay_ms, cut_at, drip_ms, hits;
    json_t *headers, *body, *when, *edit, *edit_items, *rename;
    bool work, lose, cut_body;
};

struct local_faults {
    pthread_mutex_t lock; /* of the three below */
    json_t *json;         /* what the rules borrow from */
    struct rule rules[RULES_MAX];
    size_t count;
    struct lk_cancel *stop;
};

/* What happens to one request; json keeps the rule's texts alive. */
struct hit {
    struct rule rule;
    json_t *json;
};

/* ---- rules --------------------------------------------------------------------------------- */

static bool is_reset(const struct rule *rule, const char *when)
{
    return lk_str_eq(rule->reset, lk_str_from(when));
}

static enum lk_status check_rule(const struct rule *rule, struct lk_error *err)
{
    const char *name;
    json_t *value;

    if (rule->reset.len && !is_reset(rule, "before") && !is_reset(rule, "during") &&
        !is_reset(rule, "after"))
        return lk_error_set(err, LK_INVALID, "BadFaults",
                            "reset must be \"before\", \"during\" or \"after\"");
    if (rule->status && (rule->status < 200 || rule->status > 599))
        return lk_error_set(err, LK_INVALID, "BadFaults", "status must be from 200 to 599");
    if (rule->body && !rule->status)
        return lk_error_set(err, LK_INVALID, "BadFaults", "a body wants a status");
    json_object_foreach(rule->headers, name, value)
    {
        if (!json_is_string(value))
            return lk_error_set(err, LK_INVALID, "BadFaults", "header %s must be text", name);
    }
    json_object_foreach(rule->rename, name, value)
    {
        if (!json_is_string(value))
            return lk_error_set(err, LK_INVALID, "BadFaults", "the other name of %s must be text",
                                name);
    }
    return LK_OK;
}

static enum lk_status read_rule(const json_t *json, struct rule *ret, struct lk_error *err)
{
    static const struct lk_json_field table[] = {
        LK_JSON_OPTIONAL(struct rule, service, "service", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct rule, method, "method", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct rule, path_contains, "path_contains", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct rule, reset, "reset", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct rule, after, "after", LK_JSON_I64),
        LK_JSON_OPTIONAL(struct rule, times, "times", LK_JSON_I64),
        LK_JSON_OPTIONAL(struct rule, status, "status", LK_JSON_I64),
        LK_JSON_OPTIONAL(struct rule, delay_ms, "delay_ms", LK_JSON_I64),
        LK_JSON_OPTIONAL(struct rule, headers, "headers", LK_JSON_OBJECT),
        LK_JSON_OPTIONAL(struct rule, body, "body", LK_JSON_ANY),
        LK_JSON_OPTIONAL(struct rule, when, "when", LK_JSON_OBJECT),
        LK_JSON_OPTIONAL(struct rule, work, "work", LK_JSON_BOOL),
        LK_JSON_OPTIONAL(struct rule, edit, "edit", LK_JSON_OBJECT),
        LK_JSON_OPTIONAL(struct rule, edit_items, "edit_items", LK_JSON_OBJECT),
        LK_JSON_OPTIONAL(struct rule, rename, "rename", LK_JSON_OBJECT),
        LK_JSON_OPTIONAL(struct rule, lose, "lose", LK_JSON_BOOL),
        LK_JSON_OPTIONAL(struct rule, cut_body, "cut_body", LK_JSON_BOOL),
        LK_JSON_OPTIONAL(struct rule, cut_at, "cut_at", LK_JSON_I64),
        LK_JSON_OPTIONAL(struct rule, drip_ms, "drip_ms", LK_JSON_I64),
    };
    enum lk_status st;

    *ret = (struct rule){.times = 1, .cut_at = LOCAL_NO_CUT};
    st = lk_json_read(json, "a fault", table, LK_COUNT(table), ret, err);
    return st ? st : check_rule(ret, err);
}

enum lk_status local_faults_set(struct local_faults *faults, struct lk_str text, const char *name,
                                struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    struct rule rules[RULES_MAX];
    size_t count = 0;
    enum lk_status st = lk_json_parse(text, name, &json, err);

    if (st)
        return st;
    if (!json_is_array(json) || json_array_size(json) > RULES_MAX)
        return lk_error_set(err, LK_INVALID, "BadFaults", "%s is no list of at most %d faults",
                            name, RULES_MAX);
    for (; count < json_array_size(json); count++) {
        st = read_rule(json_array_get(json, count), &rules[count], err);
        if (st)
            return st;
    }
    pthread_mutex_lock(&faults->lock);
    json_decref(faults->json);
    faults->json = json;
    json = NULL;
    faults->count = count;
    memcpy(faults->rules, rules, count * sizeof rules[0]);
    pthread_mutex_unlock(&faults->lock);
    return LK_OK;
}

enum lk_status local_faults_read(const char *path, struct local_faults **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(FILE_MAX);
    struct local_faults *faults = lk_alloc(sizeof *faults);
    enum lk_status st;

    memset(faults, 0, sizeof *faults);
    pthread_mutex_init(&faults->lock, NULL);
    faults->stop = lk_cancel_new();
    st = lk_file_read(path, &text, err);
    if (!st)
        st = local_faults_set(faults, lk_buf_view(&text), path, err);
    if (st) {
        local_faults_free(faults);
        return st;
    }
    *ret = faults;
    return LK_OK;
}

void local_faults_stop(struct local_faults *faults)
{
    if (faults)
        lk_cancel_set(faults->stop);
}

void local_faults_free(struct local_faults *faults)
{
    if (!faults)
        return;
    lk_json_unref(&faults->json);
    lk_cancel_free(faults->stop);
    pthread_mutex_destroy(&faults->lock);
    free(faults);
}

/* ---- one request --------------------------------------------------------------------------- */

static const char *method_name(enum local_method method)
{
    static const char *const names[] = {
        [LOCAL_GET] = "GET", [LOCAL_HEAD] = "HEAD",   [LOCAL_POST] = "POST",
        [LOCAL_PUT] = "PUT", [LOCAL_PATCH] = "PATCH", [LOCAL_DELETE] = "DELETE",
    };

    return names[method];
}

static bool matches(const struct rule *rule, const char *service,
                    const struct local_request *request)
{
    return (!rule->service.len || lk_str_eq(rule->service, lk_str_from(service))) &&
           (!rule->method.len ||
            lk_str_eq(rule->method, lk_str_from(method_name(request->method)))) &&
           (!rule->path_contains.len ||
            lk_str_find(request->path, rule->path_contains) < request->path.len);
}

/* One request on its way through the rules. */
struct visit {
    const struct local_faulty *faulty;
    const struct local_request *request;
    struct local_reply *reply;
    bool worked; /* reply is the service's own */
};

static void work(struct visit *visit)
{
    if (!visit->worked)
        visit->faulty->handler(visit->faulty->service, visit->request, visit->reply);
    visit->worked = true;
}

/* The answer as a JSON object, new; NULL when it is none. */
static json_t *object_of(const struct local_reply *reply)
{
    json_t *json = NULL;

    if (reply->file_fd >= 0 || lk_json_parse(lk_buf_view(&reply->body), "answer", &json, NULL))
        return NULL;
    if (!json_is_object(json))
        lk_json_unref(&json);
    return json;
}

/* The answer that a rule with "when" waits for. */
static bool answer_fits(struct visit *visit, const json_t *when)
{
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;

    work(visit);
    json = object_of(visit->reply);
    return json && local_json_has(json, when);
}

/* The next rule from *at on that this request matches; it counts as hit unless it has a "when",
 * which is looked at without the lock. */
static bool next_rule(struct local_faults *faults, const struct visit *visit, size_t *at,
                      struct hit *ret)
{
    bool found = false;

    pthread_mutex_lock(&faults->lock);
    for (; *at < faults->count && !found; (*at)++) {
        struct rule *rule = &faults->rules[*at];
        if (rule->times <= 0 || !matches(rule, visit->faulty->name, visit->request))
            continue;
        *ret = (struct hit){.rule = *rule, .json = faults->json};
        found = true;
        if (rule->when)
            continue;
        if (rule->after > 0) {
            rule->after--;
            found = false;
            continue;
        }
        rule->times--;
        rule->hits++;
    }
    if (found)
        json_incref(ret->json);
    pthread_mutex_unlock(&faults->lock);
    return found;
}

/* jansson reads a count of references that another thread may be changing, so they all do it with
 * the lock. */
static void hit_done(struct local_faults *faults, struct hit *hit)
{
    pthread_mutex_lock(&faults->lock);
    lk_json_unref(&hit->json);
    pthread_mutex_unlock(&faults->lock);
}

/* Counts the rule at that place for an answer that fits; false when it does not strike. */
static bool count_fit(struct local_faults *faults, size_t at, const struct hit *hit)
{
    struct rule *rule = &faults->rules[at];
    bool strikes = false;

    pthread_mutex_lock(&faults->lock);
    /* The rules may be others by now, or spent by another thread. */
    if (faults->json == hit->json && rule->times > 0) {
        strikes = rule->after == 0;
        if (strikes) {
            rule->times--;
            rule->hits++;
        } else {
            rule->after--;
        }
    }
    pthread_mutex_unlock(&faults->lock);
    return strikes;
}

/* The rule that this request is hit by, counted. */
static bool take_rule(struct local_faults *faults, struct visit *visit, struct hit *ret)
{
    size_t at = 0;

    while (next_rule(faults, visit, &at, ret)) {
        if (!ret->rule.when ||
            (answer_fits(visit, ret->rule.when) && count_fit(faults, at - 1, ret)))
            return true;
        hit_done(faults, ret);
    }
    return false;
}

static void answer(const struct rule *rule, struct local_reply *reply)
{
    /* Nothing of what the service has said stays. */
    local_reply_done(reply);
    local_reply_init(reply);
    if (json_is_string(rule->body))
        local_reply_text(reply, (int)rule->status, "text/plain", lk_json_str(rule->body));
    else
        local_reply_json_take(reply, (int)rule->status,
                              rule->body ? json_deep_copy(rule->body) : json_object());
}

static void edit(const struct rule *rule, struct local_reply *reply)
{
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;

    if (!rule->edit && !rule->edit_items && !rule->rename)
        return;
    json = object_of(reply);
    if (!json)
        return;
    local_json_patch(json, rule->edit);
    local_json_patch_items(json, rule->edit_items);
    local_json_rename(json, rule->rename);
    lk_buf_clear(&reply->body);
    lk_json_write(json, false, &reply->body);
}

/* False when the service goes away meanwhile. */
static bool wait_first(const struct local_faulty *faulty, const struct rule *rule)
{
    struct lk_clock *clock = faulty->clock;

    return rule->delay_ms <= 0 ||
           clock->wait_ms(clock, rule->delay_ms, faulty->faults->stop, NULL) == LK_OK;
}

static void suffer(struct visit *visit, const struct rule *rule)
{
    const struct local_faulty *faulty = visit->faulty;
    struct local_reply *reply = visit->reply;
    const char *name;
    json_t *value;

    if (is_reset(rule, "during"))
        local_request_hang_up(visit->request);
    if (!wait_first(faulty, rule) || is_reset(rule, "before")) {
        reply->status = LOCAL_NO_ANSWER;
        return;
    }
    if (!rule->status || rule->work)
        work(visit);
    if (rule->lose && faulty->lose)
        faulty->lose(faulty->service);
    if (rule->status)
        answer(rule, reply);
    edit(rule, reply);
    if (rule->reset.len)
        reply->status = LOCAL_NO_ANSWER;
    json_object_foreach(rule->headers, name, value)
        local_reply_header(reply, name, json_string_value(value));
    reply->cut_body = rule->cut_body;
    reply->cut_at = rule->cut_at;
    reply->drip_ms = rule->drip_ms;
}

/* ---- the control endpoint ------------------------------------------------------------------ */

static void show_hits(struct local_faults *faults, struct local_reply *reply)
{
    json_t *list = json_array();

    pthread_mutex_lock(&faults->lock);
    for (size_t i = 0; i < faults->count; i++)
        json_array_append_new(list,
                              json_pack("{s:I, s:I}", "hits", (json_int_t)faults->rules[i].hits,
                                        "times", (json_int_t)faults->rules[i].times));
    pthread_mutex_unlock(&faults->lock);
    local_reply_json_take(reply, 200, list);
}

static void control(struct local_faults *faults, const struct local_request *request,
                    struct local_reply *reply)
{
    struct lk_error err = LK_ERROR_INIT;

    if (request->method == LOCAL_POST &&
        local_faults_set(faults, request->body, "the body", &err)) {
        local_reply_json_take(reply, 400, json_pack("{s:s}", "error", err.message));
        return;
    }
    show_hits(faults, reply);
}

void local_faults_handle(void *service, const struct local_request *request,
                         struct local_reply *reply)
{
    struct local_faulty *faulty = service;
    struct visit visit = {.faulty = faulty, .request = request, .reply = reply};
    struct hit hit;

    if (!faulty->faults) {
        work(&visit);
    } else if (lk_str_eq(request->path, LK_STR("/_faults"))) {
        control(faulty->faults, request, reply);
    } else if (take_rule(faulty->faults, &visit, &hit)) {
        suffer(&visit, &hit.rule);
        hit_done(faulty->faults, &hit);
    } else {
        work(&visit);
    }
}
