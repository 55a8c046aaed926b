#include "session/output_pace.h"

#include "support/assert.h"

static void a_burst_is_free_and_then_the_rate_holds(void **state)
{
    struct lk_pace pace;
    int64_t now = 5000, begun = now;

    (void)state;
    lk_pace_init(&pace, 10, 100);
    for (int i = 0; i < 11; i++) {
        assert_int_equal(lk_pace_wait_ms(&pace, now), 0);
        lk_pace_spend(&pace, now, 1);
    }
    for (int i = 0; i < 200; i++) {
        now += lk_pace_wait_ms(&pace, now);
        assert_int_equal(lk_pace_wait_ms(&pace, now), 0);
        lk_pace_spend(&pace, now, 1);
    }
    assert_int_equal(now - begun, 2000);
}

static void a_pause_gives_the_burst_back_and_no_more(void **state)
{
    struct lk_pace pace;

    (void)state;
    lk_pace_init(&pace, 1000, 100);
    lk_pace_spend(&pace, 0, 5000);
    assert_int_equal(lk_pace_wait_ms(&pace, 0), 40000);
    assert_int_equal(lk_pace_wait_ms(&pace, 39999), 1);
    assert_int_equal(lk_pace_wait_ms(&pace, 40000), 0);
    lk_pace_spend(&pace, 10000000, 1001);
    assert_int_equal(lk_pace_wait_ms(&pace, 10000000), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_free_and_then_the_rate_holds),
        cmocka_unit_test(a_pause_gives_the_burst_back_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
