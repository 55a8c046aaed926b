#include "wire/replay.h"

#include "base/digest.h"
#include "support/assert.h"

#include <stdio.h>

/* Signatures are random; these are SHA-256 of a number. */
static bool check(struct lk_replay *replay, unsigned number)
{
    struct lk_digest digest =
        lk_digest_of(LK_DIGEST_SHA256, (struct lk_str){(const char *)&number, sizeof number});
    char signature[65];

    for (size_t i = 0; i < digest.len; i++)
        snprintf(signature + 2 * i, 3, "%02x", digest.bytes[i]);
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
    assert_false(check(&replay, 0));
    assert_true(check(&replay, 0));
}

static void the_newest_are_remembered_and_the_oldest_make_room(void **state)
{
    static struct lk_replay replay;
    const unsigned all = LK_REPLAY_BUCKETS * LK_REPLAY_DEPTH * 4;
    unsigned forgotten = 0;

    (void)state;
    for (unsigned i = 0; i < all; i++)
        assert_false(check(&replay, i));
    for (unsigned i = all - 2000; i < all; i++)
        forgotten += !check(&replay, i);
    assert_in_range(forgotten, 0, 2);
    assert_false(check(&replay, 0));
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
        cmocka_unit_test(the_newest_are_remembered_and_the_oldest_make_room),
        cmocka_unit_test(digits_count_whatever_their_case),
        cmocka_unit_test(without_a_signature_nothing_is_a_replay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
