#include "auth/pkce.h"

#include "base/json.h"
#include "support/assert.h"
#include "support/golden.h"

#include <string.h>

static json_t *vectors(const char *name)
{
    json_t *all = NULL, *one;
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_json_parse(golden("msal/capture-vectors.json"), "vectors", &all, &err), &err);
    one = json_incref(json_object_get(all, name));
    json_decref(all);
    assert_true(json_array_size(one) > 0);
    return one;
}

/* RFC 7636 appendix B, and what MSAL sent. */
static void challenges_agree_with_the_rfc(void **state)
{
    LK_CLEANUP(lk_json_unref) json_t *cases = vectors("pkce_s256");
    size_t i;
    json_t *one;

    (void)state;
    json_array_foreach(cases, i, one)
    {
        LK_CLEANUP(lk_secret_done) struct lk_secret verifier = LK_SECRET_INIT;
        LK_CLEANUP(lk_buf_done) struct lk_buf challenge = LK_BUF_INIT(128);
        lk_secret_set(&verifier, lk_json_get_str(one, "verifier"));
        lk_pkce_challenge(&verifier, &challenge);
        assert_bytes(lk_buf_view(&challenge), lk_json_get_str(one, "challenge"));
    }
}

static void the_nonce_travels_as_its_digest(void **state)
{
    LK_CLEANUP(lk_json_unref) json_t *cases = vectors("nonce_sha256_hex");
    LK_CLEANUP(lk_secret_done) struct lk_secret nonce = LK_SECRET_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf sent = LK_BUF_INIT(128);
    const json_t *one = json_array_get(cases, 0);

    (void)state;
    lk_secret_set(&nonce, lk_json_get_str(one, "nonce"));
    lk_pkce_nonce_sent(&nonce, &sent);
    assert_bytes(lk_buf_view(&sent), lk_json_get_str(one, "sent"));
}

/* RFC 7636 §4.1: 43 to 128 unreserved characters. */
static void a_verifier_is_long_enough_and_never_the_same(void **state)
{
    LK_CLEANUP(lk_secret_done) struct lk_secret one = LK_SECRET_INIT;
    LK_CLEANUP(lk_secret_done) struct lk_secret two = LK_SECRET_INIT;
    struct lk_str text;

    (void)state;
    lk_pkce_random(&one);
    lk_pkce_random(&two);
    text = lk_secret_reveal(&one);
    assert_int_equal(text.len, 43);
    for (size_t i = 0; i < text.len; i++)
        assert_non_null(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
                               text.ptr[i]));
    assert_false(lk_secret_equals(&two, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(challenges_agree_with_the_rfc),
        cmocka_unit_test(the_nonce_travels_as_its_digest),
        cmocka_unit_test(a_verifier_is_long_enough_and_never_the_same),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
