#include "wire/replay.h"

#include "support/assert.h"

#include <stdio.h>

static bool check(struct lk_replay *replay, unsigned number)
{
    char signature[65];

    snprintf(signature, sizeof signature, "%08x%056x", number, number);
    return lk_replay_check(replay, lk_str_from(signature));
}

static void a_message_is_new_once(void **state)
{
    static struct lk_replay replay;

    (void)state;
    assert_false(check(&replay, 1));
    assert_false(check(&replay, 2));
    assert_true(check(&replay, 1));
    assert_true(check(&replay, 2));
    assert_true(check(&replay, 1));
    assert_false(check(&replay, 0)); /* even this one */
    assert_true(check(&replay, 0));
}

static void the_newest_are_remembered(void **state)
{
    static struct lk_replay replay;

    (void)state;
    for (unsigned i = 0; i < LK_REPLAY_MAX + 1; i++)
        assert_false(check(&replay, i));
    for (unsigned i = 1; i < LK_REPLAY_MAX + 1; i++)
        assert_true(check(&replay, i));
    assert_false(check(&replay, 0)); /* the oldest has made room */
}

static void digits_count_whatever_their_case(void **state)
{
    static struct lk_replay replay;

    (void)state;
    assert_false(lk_replay_check(&replay, LK_STR("00000000000000ab")));
    assert_true(lk_replay_check(&replay, LK_STR("00000000000000AB")));
    assert_false(lk_replay_check(&replay, LK_STR("00000000000000ac")));
}

static void without_a_signature_nothing_is_a_replay(void **state)
{
    static struct lk_replay replay;

    (void)state;
    assert_false(lk_replay_check(&replay, LK_STR_EMPTY));
    assert_false(lk_replay_check(&replay, LK_STR_EMPTY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_new_once),
        cmocka_unit_test(the_newest_are_remembered),
        cmocka_unit_test(digits_count_whatever_their_case),
        cmocka_unit_test(without_a_signature_nothing_is_a_replay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
