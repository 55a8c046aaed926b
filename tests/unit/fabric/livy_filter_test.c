#include "fabric/livy_filter.h"

#include "support/assert.h"

#include <stdio.h>
#include <string.h>

static struct lk_livy_batch batch_of(const char *name, const char *state, enum lk_batch_end end,
                                     int64_t submitted_ms)
{
    struct lk_livy_batch batch = {.end = end, .submitted_ms = submitted_ms};

    snprintf(batch.name, sizeof batch.name, "%s", name);
    snprintf(batch.state, sizeof batch.state, "%s", state);
    return batch;
}

static void names_match_by_part_or_pattern(void **state)
{
    static const struct {
        const char *wanted, *name;
        bool taken;
    } cases[] = {
        {"trips", "clean_trips", true},
        {"TRIPS", "clean_trips", true},
        {"trips", "Clean_Trips", true},
        {"trips", "clean", false},
        {"clean*", "clean_trips", true},
        {"trips*", "clean_trips", false},
        {"clean_?rips", "clean_trips", true},
        {"*", "", true},
        {"x", "", false},
        {"*.py", "a.py", true},
        {"[x", "a[xb", true},
        {"caf?", "caf\xC3\xA9", true},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_livy_filter filter = {.name = lk_str_from(cases[i].wanted)};
        struct lk_livy_batch batch = batch_of(cases[i].name, "running", LK_BATCH_GOING, 0);
        if (lk_livy_filter_takes(&filter, &batch) != cases[i].taken)
            fail_msg("'%s' on '%s'", cases[i].wanted, cases[i].name);
    }
}

static void a_name_longer_than_any_matches_none(void **state)
{
    char wanted[2 * LK_BATCH_TEXT_MAX] = "";
    struct lk_livy_filter filter;
    struct lk_livy_batch batch = batch_of("aaaa", "running", LK_BATCH_GOING, 0);

    (void)state;
    memset(wanted, 'a', sizeof wanted - 1);
    filter = (struct lk_livy_filter){.name = lk_str_from(wanted)};
    assert_false(lk_livy_filter_takes(&filter, &batch));
}

static void states_match_by_outcome_or_the_services_word(void **state)
{
    static const struct {
        const char *wanted, *state;
        enum lk_batch_end end;
        bool taken;
    } cases[] = {
        {"active", "starting", LK_BATCH_GOING, true},
        {"active", "no_such_state", LK_BATCH_GOING, true},
        {"active", "success", LK_BATCH_SUCCEEDED, false},
        {"succeeded", "success", LK_BATCH_SUCCEEDED, true},
        {"success", "success", LK_BATCH_SUCCEEDED, true},
        {"failed", "dead", LK_BATCH_FAILED, true},
        {"Dead", "dead", LK_BATCH_FAILED, true},
        {"failed", "killed", LK_BATCH_CANCELLED, false},
        {"canceled", "killed", LK_BATCH_CANCELLED, true},
        {"cancelled", "killed", LK_BATCH_CANCELLED, true},
        /* The outcome of a batch that goes on is called running too; its state is not. */
        {"running", "starting", LK_BATCH_GOING, false},
        {"running", "running", LK_BATCH_GOING, true},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_livy_filter filter = {.state = lk_str_from(cases[i].wanted)};
        struct lk_livy_batch batch = batch_of("x", cases[i].state, cases[i].end, 0);
        if (lk_livy_filter_takes(&filter, &batch) != cases[i].taken)
            fail_msg("'%s' on '%s'", cases[i].wanted, cases[i].state);
    }
}

static void times_match_from_their_ms_on(void **state)
{
    struct lk_livy_filter filter = {.since_ms = 1000};
    struct lk_livy_batch before = batch_of("x", "dead", LK_BATCH_FAILED, 999);
    struct lk_livy_batch at = batch_of("x", "dead", LK_BATCH_FAILED, 1000);
    struct lk_livy_batch untold = batch_of("x", "dead", LK_BATCH_FAILED, 0);

    (void)state;
    assert_false(lk_livy_filter_takes(&filter, &before));
    assert_true(lk_livy_filter_takes(&filter, &at));
    assert_false(lk_livy_filter_takes(&filter, &untold));
    filter.since_ms = 0;
    assert_true(lk_livy_filter_is_empty(&filter));
    assert_true(lk_livy_filter_takes(&filter, &untold));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_match_by_part_or_pattern),
        cmocka_unit_test(a_name_longer_than_any_matches_none),
        cmocka_unit_test(states_match_by_outcome_or_the_services_word),
        cmocka_unit_test(times_match_from_their_ms_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
