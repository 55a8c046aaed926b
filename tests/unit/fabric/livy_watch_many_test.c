#include "livy_sim.h"

#include <time.h>

static const char *const kinds[] = {"fabric", "synapse", "hdinsight", "apache"};

static enum lk_batch_end sim_any_end(struct sim *sim)
{
    unsigned drawn = sim_draw(sim, 10);

    return drawn < 7 ? LK_BATCH_SUCCEEDED : drawn < 9 ? LK_BATCH_FAILED : LK_BATCH_CANCELLED;
}

static const struct sim_batch *sim_find(const struct sim *sim, const char *id)
{
    for (size_t i = 0; i < sim->count; i++)
        if (strcmp(sim->batches[i].id, id) == 0)
            return &sim->batches[i];
    fail_msg("no batch %s", id);
    return NULL;
}

/* ---- watching, and checking every end against the real course of things ------------------------
 */

struct watcher {
    struct lk_watch_observer observer; /* first */
    struct sim *sim;
    struct lk_watch_many many;
    int64_t *seen_ms; /* unix, when each was seen to have its verdict */
    int64_t told_ms, longest_silence_ms;
    size_t told;
    char trouble[LK_ERROR_CODE_MAX];
    int64_t slept_ms, asked_after_sleep_ms;
    size_t requests_at_sleep;
};

/* A verdict must not come before the batch has ended, and must say how. */
static void check_item(const struct sim *sim, const struct lk_watched *item)
{
    const struct sim_batch *truth = sim_find(sim, item->batch.id);
    enum lk_batch_end said = item->batch.end;

    if (item->verdict == LK_WATCH_POLL_AGAIN)
        return;
    if (item->verdict != LK_WATCH_ENDED) {
        if (!truth->gone)
            fail_msg("%s is %d, and was there all the time", item->batch.id, item->verdict);
        return;
    }
    if (sim->time.now_unix_ms < truth->ended_ms)
        fail_msg("%s was said to have ended %lld ms before it did", item->batch.id,
                 (long long)(truth->ended_ms - sim->time.now_unix_ms));
    /* "killed" without a cancel is a failure, where state is all there is. */
    if (truth->end == LK_BATCH_CANCELLED && !sim_has_result(sim))
        assert_int_equal(said, LK_BATCH_FAILED);
    else
        assert_int_equal(said, truth->end);
}

static void on_progress(struct lk_watch_observer *observer, const struct lk_watch_look *look)
{
    struct watcher *w = (struct watcher *)observer;
    int64_t now_ms = w->sim->time.now_monotonic_ms;

    if (w->told && now_ms - w->told_ms > w->longest_silence_ms)
        w->longest_silence_ms = now_ms - w->told_ms;
    w->told_ms = now_ms;
    w->told++;
    strcpy(w->trouble, look->trouble ? look->trouble->code : "");
    if (look->slept_ms && !w->slept_ms) {
        w->slept_ms = look->slept_ms;
        w->requests_at_sleep = w->sim->requests;
        w->asked_after_sleep_ms = now_ms;
    }
    for (size_t i = 0; i < look->many->count; i++) {
        if (w->seen_ms[i] || look->many->items[i].verdict == LK_WATCH_POLL_AGAIN)
            continue;
        check_item(w->sim, &look->many->items[i]);
        w->seen_ms[i] = w->sim->time.now_unix_ms;
    }
}

static void watcher_init(struct watcher *w, struct sim *sim)
{
    *w = (struct watcher){.observer = {.progress = on_progress}, .sim = sim};
    w->seen_ms = calloc(SIM_BATCHES_MAX, sizeof *w->seen_ms);
    lk_watch_many_init(&w->many, sim->endpoint.profile);
}

static void watcher_done(struct watcher *w)
{
    lk_watch_many_done(&w->many);
    free(w->seen_ms);
}

static void watch_newest(struct watcher *w, size_t count)
{
    for (size_t i = w->sim->count - count; i < w->sim->count; i++)
        assert_non_null(lk_watch_many_add(&w->many, lk_str_from(w->sim->batches[i].id)));
}

static enum lk_status watch(struct watcher *w, int64_t timeout_ms, struct lk_error *err)
{
    return lk_livy_watch_many(w->sim->livy, &w->many, timeout_ms, &w->observer, w->sim->cancel,
                              err);
}

static void watch_to_the_end(struct watcher *w)
{
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(watch(w, 0, &err), &err);
    for (size_t i = 0; i < w->many.count; i++)
        assert_true(w->seen_ms[i] > 0);
}

/* The most requests in any minute. */
static size_t busiest_minute(const struct sim *sim)
{
    size_t most = 0, from = 0;

    for (size_t i = 0; i < sim->requests; i++) {
        while (sim->asked_ms[i] - sim->asked_ms[from] >= 60000)
            from++;
        most = i - from + 1 > most ? i - from + 1 : most;
    }
    return most;
}

static size_t budget_of_a_minute(const struct sim *sim)
{
    const struct lk_livy_profile *profile = sim->endpoint.profile;

    return (size_t)(60000 / profile->request_gap_ms + profile->request_burst);
}

static int64_t latest_news_ms(const struct watcher *w)
{
    int64_t worst = 0;

    for (size_t i = 0; i < w->many.count; i++) {
        const struct sim_batch *truth = sim_find(w->sim, w->many.items[i].batch.id);
        if (w->seen_ms[i] - truth->ended_ms > worst)
            worst = w->seen_ms[i] - truth->ended_ms;
    }
    return worst;
}

/* ---- any number ---------------------------------------------------------------------------------
 */

static void add_mixed(struct sim *sim, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sim_add(sim, 10000 + sim_draw(sim, 400000), 60000 + sim_draw(sim, 600000),
                sim_any_end(sim));
}

static void five_hundred_are_watched_within_the_quota(void **state)
{
    (void)state;
    for (size_t i = 0; i < LK_COUNT(kinds); i++) {
        LK_CLEANUP(sim_unref) struct sim *sim = sim_new(kinds[i], 7);
        struct watcher w;
        struct timespec before, after;
        double cpu_ms, percent;
        int64_t began_ms = sim->time.now_monotonic_ms, took_ms;

        watcher_init(&w, sim);
        add_mixed(sim, 300); /* other people's */
        add_mixed(sim, 500);
        watch_newest(&w, 500);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
        watch_to_the_end(&w);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
        took_ms = sim->time.now_monotonic_ms - began_ms;
        cpu_ms = (double)(after.tv_sec - before.tv_sec) * 1e3 +
                 (double)(after.tv_nsec - before.tv_nsec) / 1e6;
        percent = cpu_ms / (double)took_ms * 100;
        print_message("%-9s %zu requests (%zu lists) in %lld min, at most %zu a minute; last news "
                      "%lld s late; %.2f %% of a core, the service in this process included\n",
                      kinds[i], sim->requests, sim->pages, (long long)(took_ms / 60000),
                      busiest_minute(sim), (long long)(latest_news_ms(&w) / 1000), percent);
        assert_true(busiest_minute(sim) <= budget_of_a_minute(sim));
        /* One loop for each would ask each of them every 10 s. */
        assert_true(sim->requests < 500 * (size_t)(took_ms / 10000) / 8);
        assert_true(latest_news_ms(&w) < 60000);
        assert_true(w.longest_silence_ms <= 1200);
        assert_true(percent < 3);
        watcher_done(&w);
    }
}

static void a_few_are_asked_one_by_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < LK_COUNT(kinds); i++) {
        LK_CLEANUP(sim_unref) struct sim *sim = sim_new(kinds[i], 3);
        struct watcher w;

        watcher_init(&w, sim);
        add_mixed(sim, 50);
        watch_newest(&w, i % 2 ? 3 : 1);
        watch_to_the_end(&w);
        assert_int_equal(sim->pages, 0);
        assert_true(latest_news_ms(&w) < 13000);
        watcher_done(&w);
    }
}

static void pages_that_are_shorter_than_asked_for_are_read_all(void **state)
{
    LK_CLEANUP(sim_unref) struct sim *sim = sim_new("fabric", 5);
    struct watcher w;

    (void)state;
    sim->page_max = 40;
    watcher_init(&w, sim);
    add_mixed(sim, 400);
    watch_newest(&w, 200);
    watch_to_the_end(&w);
    assert_true(sim->pages > 20);
    assert_true(latest_news_ms(&w) < 60000);
    watcher_done(&w);
}

/* Newer batches of others push them to where no round looks. */
static void what_the_list_does_not_show_is_asked_by_itself(void **state)
{
    LK_CLEANUP(sim_unref) struct sim *sim = sim_new("fabric", 5);
    struct watcher w;

    (void)state;
    watcher_init(&w, sim);
    add_mixed(sim, 10);
    watch_newest(&w, 10);
    add_mixed(sim, 700);
    watch_to_the_end(&w);
    assert_true(latest_news_ms(&w) < 60000);
    watcher_done(&w);
}

/* ---- trouble ------------------------------------------------------------------------------------
 */

static int64_t fault_from_ms, fault_to_ms; /* monotonic */

static bool in_fault(const struct sim *sim)
{
    return sim->time.now_monotonic_ms >= fault_from_ms && sim->time.now_monotonic_ms < fault_to_ms;
}

static enum lk_status no_network(struct sim *sim, struct lk_str url, struct lk_http_response *ret)
{
    (void)url;
    (void)ret;
    return in_fault(sim) ? LK_NETWORK : LK_OK;
}

static void an_hour_without_network_costs_next_to_nothing(void **state)
{
    static const size_t counts[] = {1, 500};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(counts); i++) {
        LK_CLEANUP(sim_unref) struct sim *sim = sim_new("fabric", 11);
        struct watcher w;
        size_t during = 0;

        watcher_init(&w, sim);
        add_mixed(sim, counts[i]);
        watch_newest(&w, counts[i]);
        sim->fault = no_network;
        fault_from_ms = sim->time.now_monotonic_ms + 30000;
        fault_to_ms = fault_from_ms + 3600000;
        watch_to_the_end(&w);
        for (size_t j = 0; j < sim->requests; j++)
            during += sim->asked_ms[j] >= fault_from_ms && sim->asked_ms[j] < fault_to_ms;
        assert_true(during > 90 && during < 140);
        /* All have ended by then, and each failure is looked at in its record. */
        assert_true(sim->time.now_monotonic_ms - fault_to_ms < 600000);
        watcher_done(&w);
    }
}

static enum lk_status throttled(struct sim *sim, struct lk_str url, struct lk_http_response *ret)
{
    (void)url;
    if (!in_fault(sim))
        return LK_OK;
    ret->status = 429;
    lk_buf_put(&ret->headers, LK_STR("retry-after: 120\n"));
    return LK_OK;
}

static void one_throttled_answer_holds_back_all_questions(void **state)
{
    LK_CLEANUP(sim_unref) struct sim *sim = sim_new("fabric", 11);
    struct watcher w;
    size_t during = 0;

    (void)state;
    watcher_init(&w, sim);
    add_mixed(sim, 100);
    watch_newest(&w, 100);
    sim->fault = throttled;
    fault_from_ms = sim->time.now_monotonic_ms + 30000;
    fault_to_ms = fault_from_ms + 600000;
    watch_to_the_end(&w);
    for (size_t j = 0; j < sim->requests; j++)
        during += sim->asked_ms[j] >= fault_from_ms && sim->asked_ms[j] < fault_to_ms;
    assert_true(during >= 4 && during <= 6);
    watcher_done(&w);
}

static enum lk_status broken_list(struct sim *sim, struct lk_str url, struct lk_http_response *ret)
{
    static const int statuses[] = {403, 500, 400, 404};

    if (lk_str_find(url, LK_STR("/batches?")) == url.len)
        return LK_OK;
    ret->status = statuses[sim_draw(sim, LK_COUNT(statuses))];
    return LK_OK;
}

static void without_a_list_the_records_do(void **state)
{
    LK_CLEANUP(sim_unref) struct sim *sim = sim_new("apache", 2);
    struct watcher w;

    (void)state;
    watcher_init(&w, sim);
    add_mixed(sim, 60);
    watch_newest(&w, 60);
    sim->fault = broken_list;
    watch_to_the_end(&w);
    assert_true(latest_news_ms(&w) < 60000);
    watcher_done(&w);
}

static void a_sleep_is_told_and_asked_through_at_once(void **state)
{
    static const size_t counts[] = {1, 50};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(counts); i++) {
        LK_CLEANUP(sim_unref) struct sim *sim = sim_new("fabric", 1);
        struct watcher w;

        watcher_init(&w, sim);
        for (size_t j = 0; j < counts[i]; j++)
            sim_add(sim, 5000, 3600000, LK_BATCH_SUCCEEDED);
        watch_newest(&w, counts[i]);
        sim->sleeps_at_ms = sim->time.now_monotonic_ms + 105000;
        sim->sleeps_ms = INT64_C(8) * 3600000;
        watch_to_the_end(&w);
        assert_int_equal(w.slept_ms, INT64_C(8) * 3600000);
        assert_true(sim->asked_ms[w.requests_at_sleep] - w.asked_after_sleep_ms < 100);
        /* It had ended in the meantime, so that one look at each was enough. */
        assert_true(sim->time.now_monotonic_ms - w.asked_after_sleep_ms < 3000);
        watcher_done(&w);
    }
}

static void a_throttling_outlives_a_short_sleep(void **state)
{
    struct lk_watch_many many;
    struct lk_error trouble = LK_ERROR_INIT;
    struct lk_livy_batch none = LK_LIVY_BATCH_INIT;
    struct lk_watch_ask ask;

    (void)state;
    lk_watch_many_init(&many, lk_livy_profile_find(LK_STR("fabric")));
    lk_watched_accepted(lk_watch_many_add(&many, LK_STR("a")), LK_STR("n"), LK_STR_EMPTY);
    ask = lk_watch_plan(&many, 1000);
    lk_watch_take_batch(
        &many, &ask,
        &(struct lk_watch_answer){
            .st = LK_THROTTLED, .trouble = &trouble, .retry_after_ms = 600000, .now_ms = 1000},
        &none);
    assert_int_equal(lk_watch_plan(&many, 1000).at_ms, 601000);
    lk_watch_slept(&many, 60000, 2000);
    assert_int_equal(lk_watch_plan(&many, 2000).at_ms, 541000);
    lk_watch_many_done(&many);
}

/* ---- 404, and ids that start again --------------------------------------------------------------
 */

static void records_that_vanish_are_unknown_and_never_a_success(void **state)
{
    (void)state;
    for (size_t i = 0; i < LK_COUNT(kinds); i++) {
        LK_CLEANUP(sim_unref) struct sim *sim = sim_new(kinds[i], 9);
        struct watcher w;
        struct lk_error err = LK_ERROR_INIT;

        watcher_init(&w, sim);
        for (size_t j = 0; j < 12; j++)
            sim_add(sim, 1000, 7200000, LK_BATCH_SUCCEEDED);
        watch_newest(&w, 12);
        assert_lk_status(LK_TIMEOUT, watch(&w, 60000, &err), &err);
        for (size_t j = 0; j < 12; j += 2)
            sim->batches[j].gone = true;
        watch_to_the_end(&w);
        for (size_t j = 0; j < 12; j++) {
            const struct lk_watched *item = &w.many.items[j];
            assert_int_equal(item->verdict, j % 2 ? LK_WATCH_ENDED : LK_WATCH_GONE);
            if (j % 2)
                continue;
            assert_int_equal(item->batch.end, LK_BATCH_GOING);
            assert_string_equal(item->trouble->code, "BatchGone");
            assert_contains(item->trouble->message, "unknown");
        }
        watcher_done(&w);
    }
}

static void an_id_that_nobody_knows_is_told_as_such(void **state)
{
    (void)state;
    for (size_t i = 0; i < LK_COUNT(kinds); i++) {
        LK_CLEANUP(sim_unref) struct sim *sim = sim_new(kinds[i], 9);
        struct watcher w;
        struct lk_error err = LK_ERROR_INIT;

        watcher_init(&w, sim);
        sim_add(sim, 1000, 1000, LK_BATCH_SUCCEEDED)->gone = true;
        watch_newest(&w, 1);
        assert_lk_ok(watch(&w, 0, &err), &err);
        assert_string_equal(w.many.items[0].trouble->code, "NoBatch");
        /* The journal knows better. */
        w.many.items[0].verdict = LK_WATCH_POLL_AGAIN;
        w.many.items[0].ask_history = false;
        lk_watched_accepted(&w.many.items[0], LK_STR("n"), LK_STR("s"));
        assert_lk_ok(watch(&w, 0, &err), &err);
        assert_string_equal(w.many.items[0].trouble->code, "BatchGone");
        watcher_done(&w);
    }
}

/* The server was started again: its ids begin at 0, with other people's batches. */
static void an_id_with_another_name_is_not_ours(void **state)
{
    static const size_t counts[] = {1, 40};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(counts); i++) {
        LK_CLEANUP(sim_unref) struct sim *sim = sim_new("apache", 9);
        struct watcher w;
        struct lk_error err = LK_ERROR_INIT;

        watcher_init(&w, sim);
        for (size_t j = 0; j < counts[i]; j++)
            sim_add(sim, 1000, 7200000, LK_BATCH_SUCCEEDED);
        watch_newest(&w, counts[i]);
        assert_lk_status(LK_TIMEOUT, watch(&w, 60000, &err), &err);
        for (size_t j = 0; j < counts[i]; j++) {
            snprintf(sim->batches[j].name, sizeof sim->batches[j].name, "other-%zu", j);
            sim->batches[j].ended_ms = sim->time.now_unix_ms;
            memset(&w.seen_ms[j], 0xff, sizeof w.seen_ms[j]); /* judged below */
        }
        assert_lk_ok(watch(&w, 0, &err), &err);
        for (size_t j = 0; j < counts[i]; j++) {
            assert_int_equal(w.many.items[j].verdict, LK_WATCH_GONE);
            assert_int_equal(w.many.items[j].batch.end, LK_BATCH_GOING);
            assert_contains(w.many.items[j].trouble->message, "another batch's now ('other-");
            assert_contains(w.many.items[j].batch.name, "job-");
        }
        watcher_done(&w);
    }
}

static void the_journal_tells_which_record_is_ours(void **state)
{
    static const struct {
        const char *kind, *sent, *submit_id, *reply;
        bool same;
    } cases[] = {
        {"apache", "nightly", "f3a1b2c4-d5e6-4f00-8000-000000000000",
         "{\"id\":0,\"name\":\"nightly-f3a1b2c4d5e6\"}", true},
        {"apache", "nightly", "f3a1b2c4-d5e6-4f00-8000-000000000000",
         "{\"id\":0,\"name\":\"nightly\"}", true},
        {"apache", "nightly", "f3a1b2c4-d5e6-4f00-8000-000000000000",
         "{\"id\":0,\"name\":\"nightly-000000000000\"}", false},
        {"apache", "nightly", "f3a1b2c4-d5e6-4f00-8000-000000000000", "{\"id\":0,\"name\":null}",
         false},
        {"hdinsight", "", "f3a1b2c4-d5e6-4f00-8000-000000000000", "{\"id\":0,\"name\":null}", true},
        {"apache", "", "", "{\"id\":0,\"name\":\"whatever\"}", true},
        {"fabric", "nightly", "f3a1b2c4-d5e6-4f00-8000-000000000000",
         "{\"id\":\"a\",\"name\":\"renamed\"}", true},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        const struct lk_livy_profile *profile = lk_livy_profile_find(lk_str_from(cases[i].kind));
        LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
        LK_CLEANUP(lk_json_unref) json_t *json = json_loads(cases[i].reply, 0, NULL);
        struct lk_watched item = {.batch = LK_LIVY_BATCH_INIT};

        if (cases[i].submit_id[0])
            lk_watched_accepted(&item, lk_str_from(cases[i].sent), lk_str_from(cases[i].submit_id));
        assert_lk_ok(lk_livy_batch_read(profile, json, &batch, NULL), NULL);
        if (lk_watched_is_same(profile, &item, &batch) != cases[i].same)
            fail_msg("%s", cases[i].reply);
    }
}

static void after_a_cancel_a_missing_record_is_the_end(void **state)
{
    LK_CLEANUP(sim_unref) struct sim *sim = sim_new("apache", 9);
    struct watcher w;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    watcher_init(&w, sim);
    sim_add(sim, 1000, 7200000, LK_BATCH_SUCCEEDED);
    watch_newest(&w, 1);
    assert_lk_status(LK_TIMEOUT, watch(&w, 10000, &err), &err);
    w.many.items[0].state.cancel_asked = true;
    sim->batches[0].gone = true;
    w.seen_ms[0] = 1;
    assert_lk_ok(watch(&w, 0, &err), &err);
    assert_int_equal(w.many.items[0].verdict, LK_WATCH_ENDED);
    assert_int_equal(w.many.items[0].batch.end, LK_BATCH_CANCELLED);
    assert_string_equal(w.many.items[0].batch.phase, "cancelled");
    watcher_done(&w);
}

/* ---- anything at all ----------------------------------------------------------------------------
 */

static void put_garbage(struct sim *sim, struct lk_http_response *ret)
{
    static const char *const bodies[] = {
        "",
        "null",
        "[]",
        "{}",
        "\"a bare string\"",
        "{\"id\":\"other\",\"state\":\"success\"}",
        "{\"state\":\"success\",\"result\":\"Succeeded\"}",
        "{\"id\":null,\"state\":\"dead\"}",
        "<html><title>Sign in</title></html>",
        "{\"id\":-1}",
        "{\"items\":{}}",
        "{\"sessions\":7}",
        "{\"sessions\":[null,5,{},{\"id\":\"\"}],\"total\":-3}",
        "{\"items\":[],\"value\":[]}",
        "{\"total\":99999999,\"sessions\":[]}",
        "\xff\xfe",
        "{\"id\":[1],\"log\":\"x\"",
    };

    ret->status = sim_draw(sim, 3) ? 200 : (int)(200 + sim_draw(sim, 200));
    lk_buf_put(&ret->body, lk_str_from(bodies[sim_draw(sim, LK_COUNT(bodies))]));
}

/* Two of three answers are lies or none at all, but for the 404s, which mean something. */
static enum lk_status anything(struct sim *sim, struct lk_str url, struct lk_http_response *ret)
{
    static const enum lk_status failures[] = {LK_NETWORK, LK_UNKNOWN, LK_TIMEOUT, LK_LIMIT,
                                              LK_PROTOCOL};
    static const int statuses[] = {408, 409, 418, 429, 430, 500, 502, 503, 504, 301, 100};
    static const char *const waits[] = {"retry-after: 3\n", "retry-after: soon\n",
                                        "retry-after: -5\n", "retry-after-ms: 700\n",
                                        "retry-after: Tue, 24 Nov 2026 01:50:00 GMT\n"};

    (void)url;
    switch (sim_draw(sim, 9)) {
    case 0:
    case 1:
        return failures[sim_draw(sim, LK_COUNT(failures))];
    case 2:
    case 3:
        ret->status = statuses[sim_draw(sim, LK_COUNT(statuses))];
        lk_buf_put(&ret->headers, lk_str_from(waits[sim_draw(sim, LK_COUNT(waits))]));
        return LK_OK;
    case 4:
    case 5:
        put_garbage(sim, ret);
        return LK_OK;
    default:
        return LK_OK;
    }
}

static void no_answer_whatever_ends_a_watch_wrongly(void **state)
{
    enum { SEEDS = 24 };

    (void)state;
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        LK_CLEANUP(sim_unref) struct sim *sim = sim_new(kinds[seed % LK_COUNT(kinds)], seed);
        struct watcher w;
        size_t count = 1 + sim_draw(sim, seed % 3 ? 12 : 150);

        watcher_init(&w, sim);
        add_mixed(sim, sim_draw(sim, 100));
        add_mixed(sim, count);
        watch_newest(&w, count);
        for (size_t i = 0; i < count; i++) /* else a 409 at first sight means a wrong id */
            lk_watched_accepted(&w.many.items[i], LK_STR_EMPTY, LK_STR_EMPTY);
        sim->fault = anything;
        watch_to_the_end(&w);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(w.many.items[i].verdict, LK_WATCH_ENDED);
        watcher_done(&w);
    }
}

/* ---- leaving ------------------------------------------------------------------------------------
 */

static void a_watch_that_was_left_goes_on_where_it_was(void **state)
{
    LK_CLEANUP(sim_unref) struct sim *sim = sim_new("synapse", 4);
    struct watcher w;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    watcher_init(&w, sim);
    add_mixed(sim, 30);
    watch_newest(&w, 30);
    fake_clock_interrupt_after_ms(&sim->time, sim->cancel, 300000);
    assert_lk_status(LK_CANCELLED, watch(&w, 0, &err), &err);
    lk_cancel_clear(sim->cancel);
    assert_lk_status(LK_TIMEOUT, watch(&w, 60000, &err), &err);
    assert_string_equal(err.code, "WatchTimeout");
    assert_contains(err.message, "of 30 batches did not end in time");
    watch_to_the_end(&w);
    watcher_done(&w);
}

static enum lk_status signed_out(struct sim *sim, struct lk_str url, struct lk_http_response *ret)
{
    (void)url;
    if (in_fault(sim))
        ret->status = 401;
    return LK_OK;
}

static void refused_credentials_stop_it_and_it_can_go_on_later(void **state)
{
    LK_CLEANUP(sim_unref) struct sim *sim = sim_new("fabric", 4);
    struct watcher w;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    watcher_init(&w, sim);
    add_mixed(sim, 30);
    watch_newest(&w, 30);
    sim->fault = signed_out;
    fault_from_ms = sim->time.now_monotonic_ms + 60000;
    fault_to_ms = fault_from_ms + 60000;
    assert_lk_status(LK_UNAUTHORIZED, watch(&w, 0, &err), &err);
    assert_contains(err.next, "%entra login");
    fault_to_ms = 0;
    watch_to_the_end(&w);
    watcher_done(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_hundred_are_watched_within_the_quota),
        cmocka_unit_test(a_few_are_asked_one_by_one),
        cmocka_unit_test(pages_that_are_shorter_than_asked_for_are_read_all),
        cmocka_unit_test(what_the_list_does_not_show_is_asked_by_itself),
        cmocka_unit_test(an_hour_without_network_costs_next_to_nothing),
        cmocka_unit_test(one_throttled_answer_holds_back_all_questions),
        cmocka_unit_test(without_a_list_the_records_do),
        cmocka_unit_test(a_sleep_is_told_and_asked_through_at_once),
        cmocka_unit_test(a_throttling_outlives_a_short_sleep),
        cmocka_unit_test(records_that_vanish_are_unknown_and_never_a_success),
        cmocka_unit_test(an_id_that_nobody_knows_is_told_as_such),
        cmocka_unit_test(an_id_with_another_name_is_not_ours),
        cmocka_unit_test(the_journal_tells_which_record_is_ours),
        cmocka_unit_test(after_a_cancel_a_missing_record_is_the_end),
        cmocka_unit_test(no_answer_whatever_ends_a_watch_wrongly),
        cmocka_unit_test(a_watch_that_was_left_goes_on_where_it_was),
        cmocka_unit_test(refused_credentials_stop_it_and_it_can_go_on_later),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
