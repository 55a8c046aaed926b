#include "local/faults.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20, RULES_MAX = 64 };

struct rule {
    struct lk_str service, method, path_contains, reset;
    int64_t after, times, status, delay_ms;
    json_t *headers, *body;
};

struct local_faults {
    json_t *json; /* what the rules borrow from */
    struct rule rules[RULES_MAX];
    size_t count;
    pthread_mutex_t lock; /* of after and times */
};

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
    };

    *ret = (struct rule){.times = 1};
    return lk_json_read(json, "a fault", table, LK_COUNT(table), ret, err);
}

enum lk_status local_faults_read(const char *path, struct local_faults **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(FILE_MAX);
    struct local_faults *faults = lk_alloc(sizeof *faults);
    enum lk_status st;
    size_t i;
    json_t *json;

    memset(faults, 0, sizeof *faults);
    pthread_mutex_init(&faults->lock, NULL);
    st = lk_file_read(path, &text, err);
    if (!st)
        st = lk_json_parse(lk_buf_view(&text), path, &faults->json, err);
    if (!st && (!json_is_array(faults->json) || json_array_size(faults->json) > RULES_MAX))
        st = lk_error_set(err, LK_INVALID, "BadFaults", "%s is no list of at most %d faults", path,
                          RULES_MAX);
    json_array_foreach(faults->json, i, json) if (!st) st =
        read_rule(json, &faults->rules[faults->count++], err);
    if (st) {
        local_faults_free(faults);
        return st;
    }
    *ret = faults;
    return LK_OK;
}

void local_faults_free(struct local_faults *faults)
{
    if (!faults)
        return;
    lk_json_unref(&faults->json);
    pthread_mutex_destroy(&faults->lock);
    free(faults);
}

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
           lk_str_find(request->path, rule->path_contains) + rule->path_contains.len <=
               request->path.len;
}

/* The rule that this request is hit by, counted; NULL for none. */
static const struct rule *take_rule(struct local_faults *faults, const char *service,
                                    const struct local_request *request)
{
    const struct rule *hit = NULL;

    pthread_mutex_lock(&faults->lock);
    for (size_t i = 0; i < faults->count && !hit; i++) {
        struct rule *rule = &faults->rules[i];
        if (!rule->times || !matches(rule, service, request))
            continue;
        if (rule->after > 0) {
            rule->after--;
            continue;
        }
        rule->times--;
        hit = rule;
    }
    pthread_mutex_unlock(&faults->lock);
    return hit;
}

static void answer(const struct rule *rule, struct local_reply *reply)
{
    const char *name;
    json_t *value;

    if (json_is_string(rule->body))
        local_reply_text(reply, (int)rule->status, "text/plain", lk_json_str(rule->body));
    else
        local_reply_json_take(reply, (int)rule->status,
                              rule->body ? json_incref(rule->body) : json_object());
    json_object_foreach(rule->headers, name, value)
        local_reply_header(reply, name, json_string_value(value));
}

void local_faults_handle(void *service, const struct local_request *request,
                         struct local_reply *reply)
{
    struct local_faulty *faulty = service;
    struct lk_clock *clock = lk_clock_system();
    const struct rule *rule =
        faulty->faults ? take_rule(faulty->faults, faulty->name, request) : NULL;
    struct lk_error ignored;

    if (rule && rule->delay_ms > 0 && clock->wait_ms(clock, rule->delay_ms, NULL, &ignored))
        return;
    if (rule && rule->status) {
        answer(rule, reply);
        return;
    }
    if (!rule || !lk_str_eq(rule->reset, LK_STR("before")))
        faulty->handler(faulty->service, request, reply);
    if (rule && rule->reset.len)
        reply->status = -1;
}
