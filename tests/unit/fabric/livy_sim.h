/* A Livy service that lives in the test: batches that start and end by a fake clock, their records,
 * the list and Fabric's history, with faults between. One thread. */
#ifndef LK_TEST_LIVY_SIM_H
#define LK_TEST_LIVY_SIM_H

#include "base/secret.h"
#include "fabric/livy_watch_many.h"
#include "support/assert.h"
#include "support/fake_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIM_ROOT                                                                                   \
    "https://api.fabric.microsoft.com/v1/workspaces/11111111-1111-4111-8111-111111111111/"         \
    "lakehouses/22222222-2222-4222-8222-222222222222"

enum { SIM_BATCHES_MAX = 1200, SIM_REQUESTS_MAX = 200000 };

struct sim_batch {
    char id[64], name[64];
    int64_t submitted_ms, running_ms, ended_ms; /* unix; of the real course of things */
    enum lk_batch_end end;                      /* … and how it ends */
    bool gone;                                  /* its record is no longer there */
    int deletes;                                /* how often it was to be cancelled */
};

struct sim {
    struct lk_http http;   /* first */
    struct lk_clock clock; /* the watch's: may jump */
    struct fake_clock time;
    struct lk_livy_endpoint endpoint;
    struct lk_livy *livy;
    struct lk_cancel *cancel;
    struct sim_batch *batches; /* oldest first */
    size_t count;
    /* Faults: what to answer in place of the truth; 0 for the truth. Called for each request. */
    enum lk_status (*fault)(struct sim *sim, struct lk_str url, struct lk_http_response *ret);
    unsigned random;
    int64_t sleeps_at_ms, sleeps_ms; /* the wall clock jumps in the wait that reaches it */
    size_t page_max;                 /* 0: as many as were asked for */
    int64_t delete_takes_ms;         /* until DELETE answers, and until the batch is dead */
    enum lk_status delete_fails;     /* the answer of DELETE is lost that way, the effect is not */
    int64_t *asked_ms;               /* monotonic, of each request */
    size_t requests, pages;
    int64_t slept_told_ms, asked_at_wake_ms;
};

static inline struct sim *sim_of_clock(struct lk_clock *clock)
{
    return (struct sim *)((char *)clock - offsetof(struct sim, clock));
}

static int64_t sim_unix_ms(struct lk_clock *clock)
{
    return sim_of_clock(clock)->time.now_unix_ms;
}

static int64_t sim_monotonic_ms(struct lk_clock *clock)
{
    return sim_of_clock(clock)->time.now_monotonic_ms;
}

static enum lk_status sim_wait_ms(struct lk_clock *clock, int64_t ms, struct lk_cancel *cancel,
                                  struct lk_error *err)
{
    struct sim *sim = sim_of_clock(clock);
    enum lk_status st = sim->time.clock.wait_ms(&sim->time.clock, ms, cancel, err);

    if (sim->sleeps_ms && sim->time.now_monotonic_ms >= sim->sleeps_at_ms) {
        sim->time.now_unix_ms += sim->sleeps_ms; /* and the monotonic clock stood still */
        sim->sleeps_ms = 0;
    }
    return st;
}

static unsigned sim_draw(struct sim *sim, unsigned below)
{
    sim->random = sim->random * 1664525u + 1013904223u;
    return (sim->random >> 8) % below;
}

/* ---- what it says ---------------------------------------------------------------------------- */

static bool sim_is_fabric(const struct sim *sim)
{
    return strcmp(sim->endpoint.profile->kind, "fabric") == 0;
}

static bool sim_has_result(const struct sim *sim)
{
    return sim->endpoint.profile->auth == LK_LIVY_AUTH_ENTRA;
}

static const char *sim_state(const struct sim *sim, const struct sim_batch *batch)
{
    static const char *const ends[] = {[LK_BATCH_SUCCEEDED] = "success",
                                       [LK_BATCH_FAILED] = "dead",
                                       [LK_BATCH_CANCELLED] = "killed"};
    int64_t now_ms = sim->time.now_unix_ms;

    if (now_ms >= batch->ended_ms)
        return ends[batch->end];
    return now_ms >= batch->running_ms ? "running" : "starting";
}

static const char *sim_result(const struct sim *sim, const struct sim_batch *batch)
{
    static const char *const results[] = {[LK_BATCH_SUCCEEDED] = "Succeeded",
                                          [LK_BATCH_FAILED] = "Failed",
                                          [LK_BATCH_CANCELLED] = "Cancelled"};

    return sim->time.now_unix_ms >= batch->ended_ms ? results[batch->end] : "Uncertain";
}

static json_t *sim_record(const struct sim *sim, const struct sim_batch *batch, bool in_list)
{
    json_t *json = json_object();
    int64_t id;

    if (lk_str_to_i64(lk_str_from(batch->id), &id))
        json_object_set_new(json, "id", json_integer(id));
    else
        json_object_set_new(json, "id", json_string(batch->id));
    json_object_set_new(json, "name", json_string(batch->name));
    json_object_set_new(json, in_list && sim_is_fabric(sim) ? "livyState" : "state",
                        json_string(sim_state(sim, batch)));
    if (sim_has_result(sim))
        json_object_set_new(json, "result", json_string(sim_result(sim, batch)));
    return json;
}

static void sim_answer(struct lk_http_response *ret, int status, json_t *json_take)
{
    ret->status = status;
    if (json_take)
        lk_json_write(json_take, false, &ret->body);
    json_decref(json_take);
}

static int64_t sim_number(struct lk_str url, const char *name)
{
    size_t at = lk_str_find(url, lk_str_from(name));
    struct lk_str rest = lk_str_slice(url, at + strlen(name), url.len);
    int64_t ret = 0;

    assert_true(at < url.len);
    assert_true(lk_str_to_i64(lk_str_slice(rest, 0, lk_str_find_char(rest, '&')), &ret));
    return ret;
}

static void sim_list(struct sim *sim, struct lk_str url, struct lk_http_response *ret)
{
    bool newest_first = sim_is_fabric(sim);
    int64_t skip = sim_number(url, newest_first ? "$skip=" : "from=");
    int64_t size = sim_number(url, newest_first ? "$top=" : "size=");
    json_t *json = json_object(), *items = json_array();
    int64_t total = 0;

    sim->pages++;
    if (sim->page_max && size > (int64_t)sim->page_max)
        size = (int64_t)sim->page_max;
    for (size_t i = 0; i < sim->count; i++) {
        const struct sim_batch *batch = &sim->batches[newest_first ? sim->count - 1 - i : i];
        if (batch->gone)
            continue;
        if (total >= skip && total < skip + size)
            json_array_append_new(items, sim_record(sim, batch, true));
        total++;
    }
    json_object_set_new(json, newest_first ? "items" : "sessions", items);
    json_object_set_new(json, newest_first ? "totalCountOfMatchedItems" : "total",
                        json_integer(total));
    sim_answer(ret, 200, json);
}

/* Apache answers when the job is dead, and drops the record; others take note. */
static void sim_delete(struct sim *sim, struct sim_batch *batch, struct lk_http_response *ret)
{
    bool drops = sim->endpoint.profile->delete_drops_record;
    int64_t dead_ms = sim->time.now_unix_ms + sim->delete_takes_ms;

    batch->deletes++;
    if (dead_ms < batch->ended_ms) {
        batch->ended_ms = dead_ms;
        batch->end = LK_BATCH_CANCELLED;
    }
    batch->gone = drops;
    if (drops)
        fake_clock_advance_ms(&sim->time, sim->delete_takes_ms);
    sim_answer(ret, 200, json_pack("{s:s}", "msg", "deleted"));
}

static void sim_log(struct lk_http_response *ret)
{
    sim_answer(ret, 200,
               json_pack("{s:i,s:i,s:i,s:[s,s,s]}", "id", 0, "from", 0, "total", 3, "log",
                         "stdout: ", "the last words", "\nstderr: "));
}

static void sim_truth(struct sim *sim, enum lk_http_method method, struct lk_str url,
                      struct lk_http_response *ret)
{
    struct lk_str path = lk_str_slice(url, 0, lk_str_find_char(url, '?'));
    struct lk_str id = path;

    if (lk_str_ends(path, LK_STR("/batches"))) {
        sim_list(sim, url, ret);
        return;
    }
    if (lk_str_ends(path, LK_STR("/log"))) {
        sim_log(ret);
        return;
    }
    while (lk_str_find_char(id, '/') < id.len)
        id = lk_str_slice(id, lk_str_find_char(id, '/') + 1, id.len);
    for (size_t i = 0; i < sim->count; i++) {
        if (sim->batches[i].gone || !lk_str_eq(lk_str_from(sim->batches[i].id), id))
            continue;
        if (method == LK_HTTP_DELETE)
            sim_delete(sim, &sim->batches[i], ret);
        else
            sim_answer(ret, 200, sim_record(sim, &sim->batches[i], false));
        return;
    }
    sim_answer(ret, 404, json_pack("{s:s}", "msg", "Session not found."));
}

static enum lk_status sim_send(struct lk_http *http, const struct lk_http_request *request,
                               struct lk_cancel *cancel, struct lk_http_response *ret,
                               struct lk_error *err)
{
    struct sim *sim = (struct sim *)http;
    enum lk_status st = lk_cancel_check(cancel, err);

    lk_http_response_done(ret);
    if (st)
        return st;
    assert_true(sim->requests < SIM_REQUESTS_MAX);
    sim->asked_ms[sim->requests++] = sim->time.now_monotonic_ms;
    fake_clock_advance_ms(&sim->time, 20 + sim_draw(sim, 100));
    if (sim->fault)
        st = sim->fault(sim, request->url, ret);
    if (st)
        return lk_error_set(err, st, "Fault", "a fault of the test");
    if (!ret->status)
        sim_truth(sim, request->method, request->url, ret);
    if (request->method != LK_HTTP_DELETE || !sim->delete_fails)
        return LK_OK;
    lk_http_response_done(ret);
    return lk_error_set(err, sim->delete_fails, "Lost", "the answer was lost");
}

/* ---- a world --------------------------------------------------------------------------------- */

static void sim_free(struct sim *sim)
{
    lk_livy_free(sim->livy);
    lk_cancel_free(sim->cancel);
    free(sim->asked_ms);
    free(sim->batches);
    free(sim);
}

static inline void sim_unref(struct sim **sim)
{
    if (*sim)
        sim_free(*sim);
}

/* An address as each service has one. */
static const char *sim_address(const char *kind)
{
    static const struct {
        const char *kind, *address;
    } rows[] = {
        {"fabric", SIM_ROOT "/livyApi/versions/2023-12-01"},
        {"synapse", "https://ws.dev.azuresynapse.net/livyApi/versions/2019-11-01-preview/"
                    "sparkPools/pool"},
        {"hdinsight", "https://cluster.azurehdinsight.net/livy"},
        {"apache", "https://livy.example"},
    };

    for (size_t i = 0; i < LK_COUNT(rows); i++)
        if (strcmp(rows[i].kind, kind) == 0)
            return rows[i].address;
    fail_msg("no address for '%s'", kind);
    return "";
}

static struct sim *sim_new(const char *kind, unsigned seed)
{
    struct sim *sim = calloc(1, sizeof *sim);
    struct lk_error err = LK_ERROR_INIT;

    assert_non_null(sim);
    sim->http.send = sim_send;
    sim->clock = (struct lk_clock){sim_unix_ms, sim_monotonic_ms, sim_wait_ms};
    fake_clock_init(&sim->time);
    sim->random = seed;
    sim->cancel = lk_cancel_new();
    sim->asked_ms = calloc(SIM_REQUESTS_MAX, sizeof *sim->asked_ms);
    sim->batches = calloc(SIM_BATCHES_MAX, sizeof *sim->batches);
    assert_lk_ok(lk_livy_endpoint_parse(lk_str_from(sim_address(kind)), lk_str_from(kind),
                                        lk_cloud_builtin(LK_STR("public")), &sim->endpoint, &err),
                 &err);
    sim->livy = lk_livy_new(&(struct lk_livy_options){.endpoint = &sim->endpoint,
                                                      .cloud = lk_cloud_builtin(LK_STR("public")),
                                                      .http = &sim->http,
                                                      .clock = &sim->clock});
    return sim;
}

/* Submitted now; it runs after wait_ms for run_ms. */
static struct sim_batch *sim_add(struct sim *sim, int64_t wait_ms, int64_t run_ms,
                                 enum lk_batch_end end)
{
    struct sim_batch *batch = &sim->batches[sim->count];

    assert_true(sim->count < SIM_BATCHES_MAX);
    if (sim->endpoint.profile->guid_ids)
        snprintf(batch->id, sizeof batch->id, "33333333-3333-4333-8333-%012zu", sim->count);
    else
        snprintf(batch->id, sizeof batch->id, "%zu", sim->count);
    snprintf(batch->name, sizeof batch->name, "job-%zu", sim->count);
    sim->count++;
    batch->submitted_ms = sim->time.now_unix_ms;
    batch->running_ms = batch->submitted_ms + wait_ms;
    batch->ended_ms = batch->running_ms + run_ms;
    batch->end = end;
    return batch;
}

#endif
