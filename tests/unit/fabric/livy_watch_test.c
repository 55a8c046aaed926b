#include "fabric/livy_watch_many.h"

#include "base/secret.h"
#include "support/fake_clock.h"
#include "support/fake_http.h"

#include <stdlib.h>
#include <string.h>

#define WS      "11111111-1111-4111-8111-111111111111"
#define LH      "22222222-2222-4222-8222-222222222222"
#define ROOT    "https://api.fabric.microsoft.com/v1/workspaces/" WS "/lakehouses/" LH
#define BASE    ROOT "/livyApi/versions/2023-12-01"
#define ID      "33333333-3333-4333-8333-333333333333"
#define RUNNING "{\"id\":\"" ID "\",\"state\":\"running\",\"name\":\"nightly\"}"
#define SUCCESS "{\"id\":\"" ID "\",\"state\":\"success\",\"result\":\"Succeeded\"}"

/* ---- the decision -------------------------------------------------------------------------------
 */

static const struct lk_livy_profile *profile(const char *kind)
{
    return lk_livy_profile_find(lk_str_from(kind));
}

static void the_pace_slows_down(void **state)
{
    static const int64_t paces[] = {1000, 2000, 3000,  5000,  5000, 5000,
                                    5000, 5000, 10000, 10000, 10000};
    struct lk_watch_state watch = {.polls = 0};
    struct lk_livy_batch batch = {.end = LK_BATCH_GOING};
    int64_t delay;

    (void)state;
    for (size_t i = 0; i < LK_COUNT(paces); i++) {
        assert_int_equal(lk_watch_next(profile("fabric"), &watch, LK_OK, &batch, -1, 0, 0, &delay),
                         LK_WATCH_POLL_AGAIN);
        assert_int_equal(delay, paces[i]);
    }
    (void)lk_watch_next(profile("fabric"), &watch, LK_OK, &batch, -1, 0, 1000, &delay);
    assert_int_equal(delay, 12000);
}

static void passing_trouble_never_ends_a_watch(void **state)
{
    static const enum lk_status troubles[] = {LK_NETWORK, LK_UNKNOWN,  LK_SERVICE, LK_THROTTLED,
                                              LK_TIMEOUT, LK_PROTOCOL, LK_LIMIT,   LK_IO};
    struct lk_livy_batch batch = {.end = LK_BATCH_GOING};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(troubles); i++) {
        struct lk_watch_state watch = {.seen = true};
        int64_t delay = 0;
        for (int j = 0; j < 1000; j++)
            assert_int_equal(
                lk_watch_next(profile("fabric"), &watch, troubles[i], &batch, -1, 0, 500, &delay),
                LK_WATCH_POLL_AGAIN);
        assert_true(delay >= 30000 && delay <= 36000);
    }
}

static void trouble_backs_off_and_one_answer_forgets_it(void **state)
{
    struct lk_watch_state watch = {.seen = true};
    struct lk_livy_batch batch = {.end = LK_BATCH_GOING};
    int64_t delay;

    (void)state;
    for (int64_t want = 1000; want <= 16000; want *= 2) {
        (void)lk_watch_next(profile("fabric"), &watch, LK_NETWORK, &batch, -1, 0, 0, &delay);
        assert_int_equal(delay, want);
    }
    (void)lk_watch_next(profile("fabric"), &watch, LK_OK, &batch, -1, 0, 0, &delay);
    assert_int_equal(watch.failures, 0);
    (void)lk_watch_next(profile("fabric"), &watch, LK_THROTTLED, &batch, 42000, 0, 0, &delay);
    assert_int_equal(delay, 42000);
    (void)lk_watch_next(profile("fabric"), &watch, LK_THROTTLED, &batch, 0, 0, 0, &delay);
    assert_int_equal(delay, 1000);
}

static void refused_credentials_end_it(void **state)
{
    static const struct {
        enum lk_status st;
        bool seen;
        enum lk_watch_verdict verdict;
    } cases[] = {
        {LK_UNAUTHORIZED, false, LK_WATCH_GIVE_UP},   {LK_DENIED, false, LK_WATCH_GIVE_UP},
        {LK_UNAUTHORIZED, true, LK_WATCH_POLL_AGAIN}, {LK_DENIED, true, LK_WATCH_POLL_AGAIN},
        {LK_INVALID, false, LK_WATCH_GIVE_UP},        {LK_INVALID, true, LK_WATCH_POLL_AGAIN},
        {LK_UNSUPPORTED, false, LK_WATCH_GIVE_UP},
    };
    struct lk_livy_batch batch = {.end = LK_BATCH_GOING};
    int64_t delay;

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_watch_state watch = {.seen = cases[i].seen};
        assert_int_equal(
            lk_watch_next(profile("fabric"), &watch, cases[i].st, &batch, -1, 0, 0, &delay),
            cases[i].verdict);
    }
}

static void a_stray_refusal_is_no_reason_to_leave_but_three_are(void **state)
{
    struct lk_livy_batch batch = {.end = LK_BATCH_GOING};
    struct lk_watch_state watch = {.seen = true};
    int64_t delay;

    (void)state;
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 2; i++)
            assert_int_equal(lk_watch_next(profile("fabric"), &watch,
                                           i ? LK_DENIED : LK_UNAUTHORIZED, &batch, -1, 0, 0,
                                           &delay),
                             LK_WATCH_POLL_AGAIN);
        assert_int_equal(lk_watch_next(profile("fabric"), &watch, LK_OK, &batch, -1, 0, 0, &delay),
                         LK_WATCH_POLL_AGAIN);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(
            lk_watch_next(profile("fabric"), &watch, LK_DENIED, &batch, -1, 0, 0, &delay),
            i < 2 ? LK_WATCH_POLL_AGAIN : LK_WATCH_GIVE_UP);
}

static void a_good_answer_may_ask_for_a_longer_pause(void **state)
{
    struct lk_livy_batch batch = {.end = LK_BATCH_GOING};
    struct lk_watch_state watch = {.seen = true};
    int64_t delay;

    (void)state;
    (void)lk_watch_next(profile("fabric"), &watch, LK_OK, &batch, 20000, 0, 0, &delay);
    assert_int_equal(delay, 20000);
    (void)lk_watch_next(profile("fabric"), &watch, LK_OK, &batch, 3600000, 0, 0, &delay);
    assert_int_equal(delay, 60000);
    (void)lk_watch_next(profile("fabric"), &watch, LK_OK, &batch, 0, 0, 0, &delay);
    assert_int_equal(delay, 3000);
}

static void a_404_counts_as_gone_when_the_service_means_it(void **state)
{
    static const struct {
        const char *kind;
        bool seen;
        int times;
    } cases[] = {{"apache", true, 1},  {"apache", false, 1}, {"hdinsight", true, 1},
                 {"fabric", true, 20}, {"fabric", false, 4}, {"synapse", true, 5}};
    struct lk_livy_batch batch = {.end = LK_BATCH_GOING};
    int64_t delay;

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_watch_state watch = {.seen = cases[i].seen};
        for (int j = 1; j <= cases[i].times; j++)
            assert_int_equal(lk_watch_next(profile(cases[i].kind), &watch, LK_NOT_FOUND, &batch, -1,
                                           0, 0, &delay),
                             j < cases[i].times ? LK_WATCH_POLL_AGAIN : LK_WATCH_GONE);
    }
}

static void a_network_error_between_starts_the_count_of_404s_anew(void **state)
{
    struct lk_watch_state watch = {.seen = false};
    struct lk_livy_batch batch = {.end = LK_BATCH_GOING};
    int64_t delay;

    (void)state;
    for (int i = 0; i < 50; i++)
        assert_int_equal(lk_watch_next(profile("fabric"), &watch,
                                       i % 3 == 2 ? LK_NETWORK : LK_NOT_FOUND, &batch, -1, 0, 0,
                                       &delay),
                         LK_WATCH_POLL_AGAIN);
}

static void an_uncertain_result_gets_fifteen_seconds(void **state)
{
    struct lk_watch_state watch = {.polls = 0};
    struct lk_livy_batch batch = {.end = LK_BATCH_SUCCEEDED, .result_pending = true};
    int64_t now = 0, delay;

    (void)state;
    while (lk_watch_next(profile("fabric"), &watch, LK_OK, &batch, -1, now, 0, &delay) ==
           LK_WATCH_POLL_AGAIN) {
        assert_int_equal(delay, 2000);
        now += delay;
    }
    assert_int_equal(now, 16000);
    batch.result_pending = false;
    assert_int_equal(lk_watch_next(profile("fabric"), &watch, LK_OK, &batch, -1, now, 0, &delay),
                     LK_WATCH_ENDED);
}

/* ---- the loop
 * ------------------------------------------------------------------------------------- */

struct fixture {
    struct lk_watch_observer observer; /* first */
    struct fake_http *http;
    struct fake_clock clock;
    struct lk_cancel *cancel;
    struct lk_livy_endpoint endpoint;
    struct lk_livy *livy;
    struct lk_livy_batch batch;
    struct lk_error err;
    int told, troubles;
    int64_t longest_silence_ms, told_ms, slept_ms;
    char last_state[48], last_trouble[LK_ERROR_CODE_MAX];
};

static void on_progress(struct lk_watch_observer *observer, const struct lk_watch_look *look)
{
    struct fixture *f = (struct fixture *)observer;
    int64_t now = f->clock.now_monotonic_ms;

    if (f->told && now - f->told_ms > f->longest_silence_ms)
        f->longest_silence_ms = now - f->told_ms;
    f->told_ms = now;
    f->told++;
    f->troubles += look->trouble != NULL;
    if (look->slept_ms > f->slept_ms)
        f->slept_ms = look->slept_ms;
    strcpy(f->last_state, look->many->items[0].batch.state);
    strcpy(f->last_trouble, look->trouble ? look->trouble->code : "");
}

static int setup(void **state)
{
    struct fixture *f = lk_alloc(sizeof(*f));

    f->observer.progress = on_progress;
    f->http = fake_http_new();
    fake_clock_init(&f->clock);
    f->cancel = lk_cancel_new();
    if (lk_livy_endpoint_parse(LK_STR(BASE), LK_STR_EMPTY, lk_cloud_builtin(LK_STR("public")),
                               &f->endpoint, &f->err))
        return -1;
    f->livy = lk_livy_new(&(struct lk_livy_options){.endpoint = &f->endpoint,
                                                    .cloud = lk_cloud_builtin(LK_STR("public")),
                                                    .http = &f->http->http,
                                                    .clock = &f->clock.clock});
    strcpy(f->batch.id, ID);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    lk_livy_batch_done(&f->batch);
    lk_livy_free(f->livy);
    fake_http_free(f->http);
    lk_cancel_free(f->cancel);
    free(f);
    return 0;
}

static enum lk_status watch(struct fixture *f, int64_t timeout_ms)
{
    return lk_livy_watch(f->livy, &f->batch, timeout_ms, &f->observer, f->cancel, &f->err);
}

static void a_batch_is_followed_to_its_end(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 200, NULL, "{\"id\":\"" ID "\"}");
    for (int i = 0; i < 5; i++)
        fake_http_reply(f->http, 200, NULL, RUNNING);
    fake_http_reply(f->http, 200, NULL, SUCCESS);
    assert_lk_ok(watch(f, 0), &f->err);
    assert_int_equal(f->batch.end, LK_BATCH_SUCCEEDED);
    assert_str(fake_http_request(f->http, 3)->url, BASE "/batches/" ID);
    assert_int_equal(fake_http_request(f->http, 3)->repeat, LK_HTTP_REPEAT_NEVER);
    assert_true(f->longest_silence_ms <= 1000);
    assert_true(fake_clock_waited_ms(&f->clock) >= 21000);
    assert_int_equal(f->troubles, 0);
}

static void gaps_are_shown_and_waited_through(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 200, NULL, RUNNING);
    fake_http_fail(f->http, LK_NETWORK);
    fake_http_reply(f->http, 503, NULL, "<html>");
    fake_http_reply(f->http, 429, "Retry-After: 20", NULL);
    fake_http_reply(f->http, 200, NULL, "garbage");
    fake_http_reply(f->http, 404, NULL, "");
    fake_http_fail(f->http, LK_UNKNOWN);
    fake_http_reply(f->http, 200, NULL, SUCCESS);
    assert_lk_ok(watch(f, 0), &f->err);
    assert_int_equal(f->batch.end, LK_BATCH_SUCCEEDED);
    assert_true(f->troubles > 6);
    assert_true(fake_clock_waited_ms(&f->clock) >= 1000 + 1000 + 2000 + 20000 + 8000);
}

static void trouble_keeps_the_last_known_state_on_show(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 200, NULL, RUNNING);
    fake_http_fail(f->http, LK_NETWORK);
    fake_clock_interrupt_after_ms(&f->clock, f->cancel, 1900);
    assert_lk_status(LK_CANCELLED, watch(f, 0), &f->err);
    assert_string_equal(f->last_state, "running");
    assert_string_equal(f->last_trouble, "ScriptedFailure");
}

static void an_interrupt_stops_watching_and_touches_nothing(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 200, NULL, RUNNING);
    fake_clock_interrupt_after_ms(&f->clock, f->cancel, 500);
    assert_lk_status(LK_CANCELLED, watch(f, 0), &f->err);
    assert_int_equal(fake_http_count(f->http), 1);
    assert_string_equal(f->batch.name, "nightly");
}

static void a_time_limit_ends_the_watch_on_time(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 20; i++)
        fake_http_reply(f->http, 200, NULL, RUNNING);
    assert_lk_status(LK_TIMEOUT, watch(f, 10500), &f->err);
    assert_int_equal(fake_clock_waited_ms(&f->clock), 10500);
    assert_contains(f->err.message, "batch 'nightly'");
    assert_int_equal(f->batch.end, LK_BATCH_GOING);
}

/* The answer of a service that hangs is awaited for as long as there is time, and no longer. */
static void a_time_limit_counts_for_the_answers_too(void **state)
{
    struct fixture *f = *state;
    int64_t left_ms = 10500;

    for (int i = 0; i < 20; i++)
        fake_http_reply(f->http, 200, NULL, RUNNING);
    assert_lk_status(LK_TIMEOUT, watch(f, 10500), &f->err);
    assert_int_equal(fake_http_request(f->http, 0)->timeout_ms, 10500);
    for (size_t i = 1; i < fake_http_count(f->http); i++) {
        int64_t next_ms = fake_http_request(f->http, i)->timeout_ms;
        assert_true(next_ms > 0 && next_ms <= left_ms - 1000);
        left_ms = next_ms;
    }
}

static void without_a_time_limit_answers_have_the_usual_time(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 200, NULL, "{\"id\":\"" ID "\",\"state\":\"success\"}");
    assert_lk_ok(watch(f, 0), &f->err);
    assert_int_equal(fake_http_request(f->http, 0)->timeout_ms, 0);
}

static void refused_credentials_are_told_with_the_way_back(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 200, NULL, RUNNING);
    for (int i = 0; i < 3; i++)
        fake_http_reply(f->http, 401, NULL, "{\"errorCode\":\"TokenExpired\",\"message\":\"x\"}");
    assert_lk_status(LK_UNAUTHORIZED, watch(f, 0), &f->err);
    assert_contains(f->err.next, "%entra login");
}

static void a_forgotten_batch_is_asked_of_the_history(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 200, NULL, RUNNING);
    for (int i = 0; i < 20; i++)
        fake_http_reply(f->http, 404, NULL, "");
    fake_http_reply(f->http, 200, NULL,
                    "{\"livyId\":\"" ID "\",\"state\":\"Failed\",\"livyName\":\"nightly\"}");
    assert_lk_ok(watch(f, 0), &f->err);
    assert_int_equal(f->batch.end, LK_BATCH_FAILED);
    assert_str(fake_http_request(f->http, 21)->url, ROOT "/livySessions/" ID);
}

static void a_batch_that_the_history_only_calls_over_is_unknown_and_not_watched_for_ever(
    void **state)
{
    static const char *const words[] = {
        "{\"livyId\":\"" ID "\",\"state\":\"Stopped\",\"endDateTime\":null}",
        "{\"livyId\":\"" ID "\",\"state\":\"Unknown\",\"endDateTime\":\"2026-11-24T01:02:03Z\"}",
    };
    struct fixture *f = *state;

    for (size_t w = 0; w < LK_COUNT(words); w++) {
        fake_http_reply(f->http, 200, NULL, RUNNING);
        for (int i = 0; i < 20; i++)
            fake_http_reply(f->http, 404, NULL, "");
        fake_http_reply(f->http, 200, NULL, words[w]);
        assert_lk_status(LK_NOT_FOUND, watch(f, 0), &f->err);
        assert_string_equal(f->err.code, "BatchGone");
        assert_int_equal(f->batch.end, LK_BATCH_GOING);
    }
}

/* The year 1 is what a service says that has nothing to say. */
static void a_batch_that_goes_on_in_the_history_is_watched_on(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 200, NULL, RUNNING);
    for (int i = 0; i < 20; i++)
        fake_http_reply(f->http, 404, NULL, "");
    fake_http_reply(f->http, 200, NULL,
                    "{\"livyId\":\"" ID "\",\"state\":\"InProgress\","
                    "\"endDateTime\":\"0001-01-01T00:00:00\"}");
    fake_http_reply(f->http, 200, NULL, "{\"id\":\"" ID "\",\"state\":\"success\"}");
    assert_lk_ok(watch(f, 0), &f->err);
    assert_int_equal(f->batch.end, LK_BATCH_SUCCEEDED);
}

static void a_batch_that_nobody_knows_any_more_is_unknown_and_no_success(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 200, NULL, RUNNING);
    for (int i = 0; i < 21; i++)
        fake_http_reply(f->http, 404, NULL, "");
    assert_lk_status(LK_NOT_FOUND, watch(f, 0), &f->err);
    assert_string_equal(f->err.code, "BatchGone");
    assert_contains(f->err.message, "unknown");
    assert_int_equal(f->batch.end, LK_BATCH_GOING);
}

static void a_wrong_id_is_told_within_seconds(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 5; i++)
        fake_http_reply(f->http, 404, NULL, "");
    assert_lk_status(LK_NOT_FOUND, watch(f, 0), &f->err);
    assert_string_equal(f->err.code, "NoBatch");
    assert_contains(f->err.next, "%batch list");
    assert_true(fake_clock_waited_ms(&f->clock) < 10000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pace_slows_down),
        cmocka_unit_test(passing_trouble_never_ends_a_watch),
        cmocka_unit_test(trouble_backs_off_and_one_answer_forgets_it),
        cmocka_unit_test(refused_credentials_end_it),
        cmocka_unit_test(a_stray_refusal_is_no_reason_to_leave_but_three_are),
        cmocka_unit_test(a_good_answer_may_ask_for_a_longer_pause),
        cmocka_unit_test(a_404_counts_as_gone_when_the_service_means_it),
        cmocka_unit_test(a_network_error_between_starts_the_count_of_404s_anew),
        cmocka_unit_test(an_uncertain_result_gets_fifteen_seconds),
        TEST(a_batch_is_followed_to_its_end),
        TEST(gaps_are_shown_and_waited_through),
        TEST(trouble_keeps_the_last_known_state_on_show),
        TEST(an_interrupt_stops_watching_and_touches_nothing),
        TEST(a_time_limit_ends_the_watch_on_time),
        TEST(a_time_limit_counts_for_the_answers_too),
        TEST(without_a_time_limit_answers_have_the_usual_time),
        TEST(refused_credentials_are_told_with_the_way_back),
        TEST(a_forgotten_batch_is_asked_of_the_history),
        TEST(a_batch_that_the_history_only_calls_over_is_unknown_and_not_watched_for_ever),
        TEST(a_batch_that_goes_on_in_the_history_is_watched_on),
        TEST(a_batch_that_nobody_knows_any_more_is_unknown_and_no_success),
        TEST(a_wrong_id_is_told_within_seconds),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
