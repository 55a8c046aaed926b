#include "auth/token_claims.h"

#include "base/encoding.h"
#include "support/assert.h"

#include <string.h>

/* A JWT with these claims and a signature of no meaning. */
static enum lk_status read_claims(struct lk_str claims, struct lk_token_claims *ret,
                                  struct lk_error *err)
{
    LK_CLEANUP(lk_secret_done) struct lk_secret token = LK_SECRET_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 20);

    *err = (struct lk_error)LK_ERROR_INIT;
    lk_buf_put(&text, LK_STR("eyJhbGciOiJub25lIn0."));
    lk_base64url_encode(claims, &text);
    lk_buf_put(&text, LK_STR(".c2ln"));
    lk_secret_set(&token, lk_buf_view(&text));
    return lk_token_claims_read(&token, ret, err);
}

static void a_users_token_says_who_and_what_for(void **state)
{
    struct lk_token_claims claims;
    struct lk_error err;

    (void)state;
    assert_lk_ok(
        read_claims(LK_STR("{\"aud\":\"https://api.fabric.microsoft.com\",\"tid\":\"t-1\","
                           "\"appid\":\"a-1\",\"upn\":\"ann@contoso.com\",\"scp\":\"A.Read B.Run\","
                           "\"iat\":1795485000,\"exp\":1795488599,\"roles\":[\"ignored\"]}"),
                    &claims, &err),
        &err);
    assert_string_equal(claims.audience, "https://api.fabric.microsoft.com");
    assert_string_equal(claims.tenant, "t-1");
    assert_string_equal(claims.app_id, "a-1");
    assert_string_equal(claims.who, "ann@contoso.com");
    assert_string_equal(claims.scopes, "A.Read B.Run");
    assert_true(claims.is_user);
    assert_int_equal(claims.issued_unix_s, 1795485000);
    assert_int_equal(claims.expires_unix_s, 1795488599);
}

static void an_applications_token_lists_its_roles(void **state)
{
    struct lk_token_claims claims;
    struct lk_error err;

    (void)state;
    assert_lk_ok(read_claims(LK_STR("{\"azp\":\"a-2\",\"app_displayname\":\"Nightly\","
                                    "\"roles\":[\"One\",\"Two\"],\"exp\":\"1795488599\"}"),
                             &claims, &err),
                 &err);
    assert_string_equal(claims.app_id, "a-2");
    assert_string_equal(claims.who, "Nightly");
    assert_string_equal(claims.scopes, "One Two");
    assert_false(claims.is_user);
    assert_int_equal(claims.expires_unix_s, 1795488599);
}

static void the_best_name_wins(void **state)
{
    static const struct {
        const char *claims, *who;
    } cases[] = {
        {"{\"preferred_username\":\"p\",\"unique_name\":\"u\",\"appid\":\"a\"}", "p"},
        {"{\"unique_name\":\"u\",\"app_displayname\":\"d\"}", "u"},
        {"{\"appid\":\"a\",\"oid\":\"o\"}", "a"},
        {"{\"oid\":\"o\"}", "o"},
        {"{}", ""},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_token_claims claims;
        struct lk_error err;
        assert_lk_ok(read_claims(lk_str_from(cases[i].claims), &claims, &err), &err);
        assert_string_equal(claims.who, cases[i].who);
        assert_string_equal(claims.scopes, "");
    }
}

static void long_claims_are_cut_to_their_room(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 16);
    struct lk_token_claims claims;
    struct lk_error err;

    (void)state;
    lk_buf_put(&text, LK_STR("{\"upn\":\"x"));
    for (int i = 0; i < 3000; i++)
        lk_buf_put(&text, LK_STR("\xe2\x82\xac"));
    lk_buf_put(&text, LK_STR("\"}"));
    assert_lk_ok(read_claims(lk_buf_view(&text), &claims, &err), &err);
    assert_true(strlen(claims.who) < sizeof claims.who);
    assert_true(lk_str_is_utf8(lk_str_from(claims.who)));
}

static void roles_of_any_size_and_type_do_no_harm(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 16);
    struct lk_token_claims claims;
    struct lk_error err;

    (void)state;
    lk_buf_put(&text, LK_STR("{\"roles\":[7,null,{}"));
    for (int i = 0; i < 1000; i++)
        lk_buf_put(&text, LK_STR(",\"Item.ReadWrite.All\""));
    lk_buf_put(&text, LK_STR("]}"));
    assert_lk_ok(read_claims(lk_buf_view(&text), &claims, &err), &err);
    assert_true(strlen(claims.scopes) < sizeof claims.scopes);
}

static void what_is_no_jwt_is_opaque(void **state)
{
    static const char *const tokens[] = {
        "",
        "opaque",
        "a.b",
        "a..c",
        "...",
        "a.!!!.c",
        "e30.bm8ganNvbg.c",
        "e30.W10.c",
        "e30.eyJhdWQiOjd9.c" /* aud is a number */,
        "e30.eyJhdWQi.c",
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(tokens); i++) {
        LK_CLEANUP(lk_secret_done) struct lk_secret token = LK_SECRET_INIT;
        struct lk_token_claims claims;
        struct lk_error err = LK_ERROR_INIT;
        lk_secret_set(&token, lk_str_from(tokens[i]));
        assert_lk_status(LK_PROTOCOL, lk_token_claims_read(&token, &claims, &err), &err);
        assert_lacks(err.message, "eyJhdWQ");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_users_token_says_who_and_what_for),
        cmocka_unit_test(an_applications_token_lists_its_roles),
        cmocka_unit_test(the_best_name_wins),
        cmocka_unit_test(long_claims_are_cut_to_their_room),
        cmocka_unit_test(roles_of_any_size_and_type_do_no_harm),
        cmocka_unit_test(what_is_no_jwt_is_opaque),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
