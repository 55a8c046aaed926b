#include "magic/sweep_plan.h"

#include "support/assert.h"

#include <stdio.h>
#include <stdlib.h>

static void submit(struct lk_sweep_plan *plan, int64_t now_ms, size_t want)
{
    struct lk_sweep_next next = lk_sweep_next(plan, now_ms);
    char id[16];

    assert_int_equal(next.step, LK_SWEEP_SUBMIT);
    assert_int_equal(next.member, want);
    snprintf(id, sizeof id, "%zu", want);
    lk_sweep_accepted(plan, want, id);
}

static void end(struct lk_sweep_plan *plan, size_t member, enum lk_batch_end how)
{
    struct lk_livy_batch batch = {.end = how, .message = "it broke"};

    lk_sweep_news(plan, member, &batch);
}

static void no_more_go_on_than_were_asked_for(void **state)
{
    LK_CLEANUP(lk_sweep_plan_done) struct lk_sweep_plan plan;

    (void)state;
    lk_sweep_plan_init(&plan, 4, 2);
    submit(&plan, 0, 0);
    submit(&plan, 0, 1);
    assert_int_equal(lk_sweep_next(&plan, 0).step, LK_SWEEP_WATCH);
    end(&plan, 0, LK_BATCH_GOING);
    assert_int_equal(lk_sweep_next(&plan, 0).step, LK_SWEEP_WATCH);
    end(&plan, 1, LK_BATCH_FAILED);
    submit(&plan, 0, 2);
    assert_int_equal(lk_sweep_next(&plan, 0).step, LK_SWEEP_WATCH);
    end(&plan, 0, LK_BATCH_SUCCEEDED);
    end(&plan, 2, LK_BATCH_CANCELLED);
    submit(&plan, 0, 3);
    end(&plan, 3, LK_BATCH_SUCCEEDED);
    assert_int_equal(lk_sweep_next(&plan, 0).step, LK_SWEEP_DONE);
    assert_int_equal(lk_sweep_count(&plan, LK_MEMBER_SUCCEEDED), 2);
    assert_string_equal(plan.members[1].why, "it broke");
}

static void without_a_limit_all_are_submitted(void **state)
{
    LK_CLEANUP(lk_sweep_plan_done) struct lk_sweep_plan plan;

    (void)state;
    lk_sweep_plan_init(&plan, 500, 0);
    for (size_t i = 0; i < 500; i++)
        submit(&plan, 0, i);
    assert_int_equal(lk_sweep_next(&plan, 0).step, LK_SWEEP_WATCH);
}

static void a_full_service_is_asked_later_and_ever_more_rarely(void **state)
{
    static const int64_t waits[] = {5000, 10000, 20000, 40000, 80000, 120000, 120000};
    struct lk_error full = {.status = LK_THROTTLED, .message = "full"};
    LK_CLEANUP(lk_sweep_plan_done) struct lk_sweep_plan plan;
    int64_t now = 1000;

    (void)state;
    lk_sweep_plan_init(&plan, 2, 0);
    for (size_t i = 0; i < LK_COUNT(waits); i++) {
        struct lk_sweep_next next;
        lk_sweep_not_accepted(&plan, 0, &full, -1, now);
        next = lk_sweep_next(&plan, now);
        assert_int_equal(next.step, LK_SWEEP_WATCH);
        assert_int_equal(next.until_ms, now + waits[i]);
        assert_int_equal(lk_sweep_next(&plan, now + waits[i] - 1).step, LK_SWEEP_WATCH);
        now += waits[i];
        assert_int_equal(lk_sweep_next(&plan, now).step, LK_SWEEP_SUBMIT);
    }
    lk_sweep_not_accepted(&plan, 0, &full, 700, now);
    assert_int_equal(lk_sweep_next(&plan, now).until_ms, now + 700);
    assert_int_equal(plan.members[0].state, LK_MEMBER_WAITING);
    assert_int_equal(plan.members[0].attempts, 0);
    submit(&plan, now + 700, 0);
    submit(&plan, now + 700, 1); /* it takes them again: nothing is held back any more */
}

static void a_refusal_stops_what_was_not_submitted(void **state)
{
    struct lk_error wrong = {.status = LK_INVALID, .message = "no such field"};
    LK_CLEANUP(lk_sweep_plan_done) struct lk_sweep_plan plan;

    (void)state;
    lk_sweep_plan_init(&plan, 3, 0);
    submit(&plan, 0, 0);
    lk_sweep_not_accepted(&plan, 1, &wrong, -1, 0);
    assert_int_equal(lk_sweep_next(&plan, 0).step, LK_SWEEP_WATCH);
    end(&plan, 0, LK_BATCH_SUCCEEDED);
    assert_int_equal(lk_sweep_next(&plan, 0).step, LK_SWEEP_DONE);
    assert_int_equal(plan.members[1].state, LK_MEMBER_REFUSED);
    assert_int_equal(plan.members[2].state, LK_MEMBER_WAITING);
}

static void an_unknown_member_is_never_submitted_again_by_itself(void **state)
{
    struct lk_error lost = {.status = LK_UNKNOWN, .message = "no answer"};
    LK_CLEANUP(lk_sweep_plan_done) struct lk_sweep_plan plan;

    (void)state;
    lk_sweep_plan_init(&plan, 2, 1);
    lk_sweep_not_accepted(&plan, 0, &lost, -1, 0);
    submit(&plan, 0, 1);
    lk_sweep_lost(&plan, 1, &lost);
    assert_int_equal(lk_sweep_next(&plan, 0).step, LK_SWEEP_DONE);
    assert_int_equal(lk_sweep_count(&plan, LK_MEMBER_UNKNOWN), 2);
}

static void an_end_is_for_ever(void **state)
{
    LK_CLEANUP(lk_sweep_plan_done) struct lk_sweep_plan plan;

    (void)state;
    lk_sweep_plan_init(&plan, 1, 0);
    plan.retry_recalled = true;
    submit(&plan, 0, 0);
    end(&plan, 0, LK_BATCH_FAILED);
    end(&plan, 0, LK_BATCH_SUCCEEDED);
    assert_int_equal(plan.members[0].state, LK_MEMBER_FAILED);
    assert_int_equal(lk_sweep_next(&plan, 0).step, LK_SWEEP_DONE);
}

static void recalled_members_that_failed_are_retried_once_on_request(void **state)
{
    LK_CLEANUP(lk_sweep_plan_done) struct lk_sweep_plan plan;

    (void)state;
    lk_sweep_plan_init(&plan, 3, 0);
    plan.retry_recalled = true;
    for (size_t i = 0; i < 3; i++) {
        submit(&plan, 0, i);
        plan.members[i].recalled = true;
    }
    end(&plan, 0, LK_BATCH_SUCCEEDED);
    end(&plan, 1, LK_BATCH_FAILED);
    end(&plan, 2, LK_BATCH_CANCELLED);
    submit(&plan, 0, 1);
    submit(&plan, 0, 2);
    assert_int_equal(plan.members[0].attempts, 1);
    assert_int_equal(plan.members[1].attempts, 2);
    end(&plan, 1, LK_BATCH_FAILED);
    end(&plan, 2, LK_BATCH_SUCCEEDED);
    assert_int_equal(lk_sweep_next(&plan, 0).step, LK_SWEEP_DONE);
}

/* Whatever happens, no member is submitted while it goes on, none twice without a retry, and the
 * limit holds. */
static void random_histories_never_double_a_member(void **state)
{
    static const enum lk_status refusals[] = {LK_THROTTLED, LK_NETWORK, LK_UNKNOWN};

    (void)state;
    srandom(1);
    for (int round = 0; round < 300; round++) {
        LK_CLEANUP(lk_sweep_plan_done) struct lk_sweep_plan plan;
        size_t count = 1 + (size_t)random() % 20, most = (size_t)random() % 5;
        int submissions[20] = {0};
        int64_t now = 0;
        lk_sweep_plan_init(&plan, count, most);
        for (int step = 0; step < 2000; step++) {
            struct lk_sweep_next next = lk_sweep_next(&plan, now);
            struct lk_error err = {.status = refusals[random() % 3]};
            if (next.step == LK_SWEEP_DONE)
                break;
            if (next.step == LK_SWEEP_SUBMIT) {
                assert_int_equal(plan.members[next.member].state, LK_MEMBER_WAITING);
                if (random() % 4 == 0) {
                    lk_sweep_not_accepted(&plan, next.member, &err, random() % 2 ? -1 : 50, now);
                    submissions[next.member] += err.status == LK_UNKNOWN;
                } else {
                    lk_sweep_accepted(&plan, next.member, "x");
                    submissions[next.member]++;
                }
                assert_true(!most || lk_sweep_count(&plan, LK_MEMBER_GOING) <= most);
            } else {
                now = next.until_ms > now ? next.until_ms : now + 10;
                end(&plan, (size_t)random() % count, (enum lk_batch_end)(random() % 4));
            }
        }
        assert_int_equal(lk_sweep_next(&plan, now).step, LK_SWEEP_DONE);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(submissions[i], 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_go_on_than_were_asked_for),
        cmocka_unit_test(without_a_limit_all_are_submitted),
        cmocka_unit_test(a_full_service_is_asked_later_and_ever_more_rarely),
        cmocka_unit_test(a_refusal_stops_what_was_not_submitted),
        cmocka_unit_test(an_unknown_member_is_never_submitted_again_by_itself),
        cmocka_unit_test(an_end_is_for_ever),
        cmocka_unit_test(recalled_members_that_failed_are_retried_once_on_request),
        cmocka_unit_test(random_histories_never_double_a_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
