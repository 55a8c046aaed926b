#include "wire/signature.h"

#include "support/assert.h"

#include <string.h>

/* Computed with Python's hmac, as jupyter_client does it. */
#define KEY   "9f2c6d1e-5b7a4c3d2e1f0a9b8c7d6e5f"
#define RIGHT "cb73d7f3798876ec147ecd0e4bb47e2fb11598390acc73d247173da3034b255e"

static const struct lk_str frames[4] = {LK_STR_INIT("{\"msg_id\":\"a\"}"), LK_STR_INIT("{}"),
                                        LK_STR_INIT("{}"), LK_STR_INIT("{\"x\":1}")};

static int set_key(void **state)
{
    static struct lk_secret key;

    lk_secret_set(&key, LK_STR(KEY));
    *state = &key;
    return 0;
}

static int drop_key(void **state)
{
    lk_secret_done(*state);
    return 0;
}

static void signs_as_other_kernels_do(void **state)
{
    char got[LK_SIGNATURE_HEX + 1];

    lk_signature_make(*state, frames, got);
    assert_string_equal(got, RIGHT);
    assert_true(lk_signature_check(*state, frames, LK_STR(RIGHT)));
}

/* RFC 4231, test case 2: the data may be split over the frames in any way. */
static void agrees_with_the_rfc(void **state)
{
    static const struct lk_str parts[4] = {LK_STR_INIT("what do ya "), LK_STR_INIT(""),
                                           LK_STR_INIT("want for "), LK_STR_INIT("nothing?")};
    struct lk_secret key = LK_SECRET_INIT;
    char got[LK_SIGNATURE_HEX + 1];

    (void)state;
    lk_secret_set(&key, LK_STR("Jefe"));
    lk_signature_make(&key, parts, got);
    assert_string_equal(got, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    lk_secret_done(&key);
}

static void one_wrong_digit_anywhere_is_wrong(void **state)
{
    char text[] = RIGHT;

    for (size_t i = 0; i < LK_SIGNATURE_HEX; i++) {
        text[i] ^= 1;
        assert_false(lk_signature_check(*state, frames, lk_str_from(text)));
        text[i] ^= 1;
    }
}

static void one_changed_bit_in_any_frame_is_noticed(void **state)
{
    for (int i = 0; i < 4; i++) {
        struct lk_str changed[4];
        char text[32] = "";
        memcpy(changed, frames, sizeof changed);
        memcpy(text, frames[i].ptr, frames[i].len);
        text[0] ^= 1;
        changed[i].ptr = text;
        assert_false(lk_signature_check(*state, changed, LK_STR(RIGHT)));
    }
}

static void a_signature_of_another_length_is_wrong(void **state)
{
    static const char longer[] = RIGHT "00";

    for (size_t len = 0; len < sizeof longer; len++)
        assert_int_equal(lk_signature_check(*state, frames, (struct lk_str){longer, len}),
                         len == LK_SIGNATURE_HEX);
}

static void another_key_signs_otherwise(void **state)
{
    struct lk_secret key = LK_SECRET_INIT;

    (void)state;
    lk_secret_set(&key, LK_STR(KEY "0"));
    assert_false(lk_signature_check(&key, frames, LK_STR(RIGHT)));
    lk_secret_done(&key);
}

static void without_a_key_only_no_signature_is_right(void **state)
{
    struct lk_secret none = LK_SECRET_INIT;
    char got[LK_SIGNATURE_HEX + 1] = "untouched";

    (void)state;
    lk_signature_make(&none, frames, got);
    assert_string_equal(got, "");
    assert_true(lk_signature_check(&none, frames, LK_STR_EMPTY));
    assert_false(lk_signature_check(&none, frames, LK_STR(RIGHT)));
    assert_false(lk_signature_check(&none, frames, LK_STR("0")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_as_other_kernels_do),
        cmocka_unit_test(agrees_with_the_rfc),
        cmocka_unit_test(one_wrong_digit_anywhere_is_wrong),
        cmocka_unit_test(one_changed_bit_in_any_frame_is_noticed),
        cmocka_unit_test(a_signature_of_another_length_is_wrong),
        cmocka_unit_test(another_key_signs_otherwise),
        cmocka_unit_test(without_a_key_only_no_signature_is_right),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, set_key, drop_key);
}
