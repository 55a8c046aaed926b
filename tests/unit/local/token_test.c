/* Bearer tokens: what one service signs, the other two accept; nothing else. */
#include "support/assert.h"
#include "support/fake_clock.h"

#include "base/encoding.h"
#include "base/json.h"
#include "base/secret.h"
#include "local/jwt.h"
#include "local/keys.h"
#include "local/pki.h"
#include "local/token.h"

#include <stdlib.h>
#include <string.h>

#define NOW   FAKE_CLOCK_START_UNIX_S
#define STORE "https://storage.azure.com"

struct fixture {
    struct local_signing_key *key, *other_key;
};

static const char *const audiences[] = {STORE, "https://api.fabric.microsoft.com/", NULL};
static const struct local_token_rules rules = {.issuer = "https://issuer/",
                                               .audiences = audiences,
                                               .scope = "user_impersonation",
                                               .now_unix_s = NOW};
static const struct local_token_claims user = {.tenant = "tenant",
                                               .audience = STORE,
                                               .app_id = "app",
                                               .user_oid = "oid",
                                               .user_name = "ada",
                                               .scopes = "other user_impersonation",
                                               .issued_unix_s = NOW,
                                               .expires_unix_s = NOW + 60};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    lk_secret_setup();
    f->key = local_signing_key_new();
    f->other_key = local_signing_key_new();
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    local_signing_key_free(f->key);
    local_signing_key_free(f->other_key);
    free(f);
    return 0;
}

static enum lk_status check_text(const struct fixture *f, const char *text,
                                 const struct local_token_rules *with, struct local_caller *ret,
                                 struct lk_error *err)
{
    return local_token_check(f->key, lk_str_from(text), with, ret, err);
}

static enum lk_status check(const struct fixture *f, const struct local_token_claims *claims,
                            const struct local_token_rules *with, struct local_caller *ret,
                            struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(16384);

    lk_buf_put(&text, LK_STR("Bearer "));
    local_token_sign(f->key, "https://issuer/", claims, &text);
    return check_text(f, lk_buf_cstr(&text), with, ret, err);
}

static void a_users_token_tells_who_and_what_for(void **state)
{
    struct local_caller caller;
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(check(*state, &user, &rules, &caller, &err), &err);
    assert_true(caller.is_user);
    assert_string_equal(caller.name, "ada");
    assert_string_equal(caller.oid, "oid");
    assert_string_equal(caller.app_id, "app");
    assert_string_equal(caller.tenant, "tenant");
    assert_string_equal(caller.scopes, "other user_impersonation");
}

static void an_applications_token_needs_no_scope(void **state)
{
    struct local_token_claims claims = user;
    struct local_caller caller;
    struct lk_error err = LK_ERROR_INIT;

    claims.user_oid = claims.user_name = claims.scopes = NULL;
    assert_lk_ok(check(*state, &claims, &rules, &caller, &err), &err);
    assert_false(caller.is_user);
    assert_string_equal(caller.name, "app");
}

static void a_slash_at_the_end_of_an_audience_makes_no_difference(void **state)
{
    struct local_token_claims claims = user;
    struct local_caller caller;
    struct lk_error err = LK_ERROR_INIT;

    claims.audience = STORE "/";
    assert_lk_ok(check(*state, &claims, &rules, &caller, &err), &err);
    claims.audience = "https://api.fabric.microsoft.com";
    assert_lk_ok(check(*state, &claims, &rules, &caller, &err), &err);
}

static void what_does_not_fit_is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *issuer, *audience, *scopes;
        int64_t now;
        enum lk_status status;
        const char *part;
    } table[] = {
        {"https://other/", STORE, "user_impersonation", NOW, LK_UNAUTHORIZED, "issuer"},
        {"https://issuer/", "https://graph", "user_impersonation", NOW, LK_UNAUTHORIZED,
         "audience"},
        {"https://issuer/", STORE "//", "user_impersonation", NOW, LK_UNAUTHORIZED, "audience"},
        {"https://issuer/", STORE, "user_impersonation", NOW + 60, LK_UNAUTHORIZED, "expired"},
        {"https://issuer/", STORE, "user_impersonation", NOW - 1, LK_UNAUTHORIZED, "not valid yet"},
        {"https://issuer/", STORE, "impersonation", NOW, LK_DENIED, "user_impersonation"},
        {"https://issuer/", STORE, "user_impersonation2", NOW, LK_DENIED, "user_impersonation"},
    };

    for (size_t i = 0; i < LK_COUNT(table); i++) {
        struct local_token_claims claims = user;
        struct local_token_rules with = rules;
        struct local_caller caller;
        struct lk_error err = LK_ERROR_INIT;
        claims.audience = table[i].audience;
        claims.scopes = table[i].scopes;
        with.issuer = table[i].issuer;
        with.now_unix_s = table[i].now;
        assert_lk_status(table[i].status, check(*state, &claims, &with, &caller, &err), &err);
        assert_contains(err.message, table[i].part);
    }
}

static void a_token_of_another_key_is_refused(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(16384);
    struct local_caller caller;
    struct lk_error err = LK_ERROR_INIT;

    lk_buf_put(&text, LK_STR("Bearer "));
    local_token_sign(f->other_key, "https://issuer/", &user, &text);
    assert_lk_status(LK_UNAUTHORIZED, check_text(f, lk_buf_cstr(&text), &rules, &caller, &err),
                     &err);
    assert_contains(err.message, "signature");
}

static void what_is_no_bearer_token_is_refused(void **state)
{
    static const char *const table[] = {"",          "Bearer",          "Bearer ",
                                        "Basic eA",  "Bearer a.b",      "Bearer a.b.c.d",
                                        "Bearer ..", "Bearer e30.e30.", "Bearer \xFF.\xFF.\xFF"};
    struct local_caller caller;

    for (size_t i = 0; i < LK_COUNT(table); i++)
        assert_lk_status(LK_UNAUTHORIZED, check_text(*state, table[i], &rules, &caller, NULL),
                         NULL);
}

/* "alg": "none" and friends: only what we sign ourselves counts. */
static void a_token_cannot_choose_its_own_algorithm(void **state)
{
    static const char *const headers[] = {"{\"alg\":\"none\"}", "{\"alg\":\"HS256\"}",
                                          "{\"alg\":\"PS256\"}", "{}", "{\"alg\":1}"};
    struct fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf good = LK_BUF_INIT(16384);
    struct local_caller caller;

    local_token_sign(f->key, "https://issuer/", &user, &good);
    for (size_t i = 0; i < LK_COUNT(headers); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(16384);
        struct lk_str head, rest;
        lk_str_split(lk_buf_view(&good), '.', &head, &rest);
        lk_buf_put(&text, LK_STR("Bearer "));
        lk_base64url_encode(lk_str_from(headers[i]), &text);
        lk_buf_printf(&text, ".%.*s", LK_STR_ARGS(rest));
        assert_lk_status(LK_UNAUTHORIZED, check_text(f, lk_buf_cstr(&text), &rules, &caller, NULL),
                         NULL);
    }
}

static void the_published_key_is_the_one_that_signs(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(local_jwt_done) struct local_jwt jwt = {.header = NULL};
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(16384);
    json_t *keys = local_signing_key_jwks(f->key);
    json_t *key = json_array_get(json_object_get(keys, "keys"), 0);

    local_token_sign(f->key, "https://issuer/", &user, &text);
    assert_true(local_jwt_read(lk_buf_view(&text), &jwt));
    assert_bytes(lk_json_get_str(jwt.header, "kid"), lk_json_get_str(key, "kid"));
    assert_str(lk_json_get_str(key, "e"), "AQAB");
    assert_int_equal(lk_json_get_str(key, "n").len, 342); /* 2048 bits */
    assert_null(json_object_get(key, "d"));
    json_decref(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_users_token_tells_who_and_what_for),
        cmocka_unit_test(an_applications_token_needs_no_scope),
        cmocka_unit_test(a_slash_at_the_end_of_an_audience_makes_no_difference),
        cmocka_unit_test(what_does_not_fit_is_refused_with_the_reason),
        cmocka_unit_test(a_token_of_another_key_is_refused),
        cmocka_unit_test(what_is_no_bearer_token_is_refused),
        cmocka_unit_test(a_token_cannot_choose_its_own_algorithm),
        cmocka_unit_test(the_published_key_is_the_one_that_signs),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
