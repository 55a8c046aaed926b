#include "auth/token_request.h"

#include "base/encoding.h"
#include "base/json.h"
#include "support/assert.h"
#include "support/golden.h"

#include <string.h>

#define CLIENT "fedcba98-7654-3210-0123-456789abcdef"

/* A form as an object; the same name twice fails the test. */
static json_t *form_of(struct lk_str form)
{
    json_t *ret = json_object();
    struct lk_str pair, name;

    while (form.len) {
        LK_CLEANUP(lk_buf_done) struct lk_buf value = LK_BUF_INIT(1 << 16);
        LK_CLEANUP(lk_free_ptr) char *key = NULL;
        struct lk_str whole = form;
        lk_str_split(form, '&', &pair, &form);
        lk_str_split(pair, '=', &name, &pair);
        key = lk_str_dup(name);
        assert_null(json_object_get(ret, key));
        assert_true(lk_form_get(whole, name, &value));
        json_object_set_new(ret, key, lk_json_text(lk_buf_view(&value)));
    }
    return ret;
}

/* The same fields with the same values, whatever their order. */
static void assert_form(const struct lk_buf *got, struct lk_str want)
{
    LK_CLEANUP(lk_json_unref) json_t *ours = form_of(lk_buf_view(got));
    LK_CLEANUP(lk_json_unref) json_t *theirs = form_of(want);

    assert_true(json_equal(ours, theirs));
}

/* The field as it was captured. */
static void captured(struct lk_str form, const char *name, struct lk_secret *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf value = LK_BUF_INIT(1 << 16);

    assert_true(lk_form_get(form, lk_str_from(name), &value));
    lk_secret_set(ret, lk_buf_view(&value));
}

/* The body of the exchange of that index, without the notes below it. */
static struct lk_str captured_form(const char *name, size_t index)
{
    struct lk_str form = golden_http(name, index).request_body;

    return lk_str_trim(lk_str_slice(form, 0, lk_str_find_char(form, '\n')));
}

static void a_secret_is_sent_as_msal_sends_it(void **state)
{
    struct lk_str form = captured_form("msal/capture-secret.http", 0);
    LK_CLEANUP(lk_secret_done) struct lk_secret secret = LK_SECRET_INIT;
    LK_CLEANUP(lk_secret_done) struct lk_secret scope = LK_SECRET_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(LK_TOKEN_REQUEST_MAX);

    (void)state;
    captured(form, "client_secret", &secret);
    captured(form, "scope", &scope);
    lk_token_request_secret(LK_STR(CLIENT), lk_secret_reveal(&scope), &secret, &got);
    assert_form(&got, form);
}

static void an_assertion_is_sent_as_msal_sends_it(void **state)
{
    struct lk_str form = captured_form("msal/capture-certificate-thumbprint.http", 0);
    LK_CLEANUP(lk_secret_done) struct lk_secret assertion = LK_SECRET_INIT;
    LK_CLEANUP(lk_secret_done) struct lk_secret scope = LK_SECRET_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(LK_TOKEN_REQUEST_MAX);

    (void)state;
    captured(form, "client_assertion", &assertion);
    captured(form, "scope", &scope);
    lk_token_request_assertion(LK_STR(CLIENT), lk_secret_reveal(&scope), &assertion, &got);
    assert_form(&got, form);
}

#define FABRIC "https://api.fabric.microsoft.com/"

static void a_code_is_redeemed_as_msal_redeems_it(void **state)
{
    struct lk_str form = captured_form("msal/capture-browser.http",
                                       golden_http_count("msal/capture-browser.http") - 1);
    LK_CLEANUP(lk_secret_done) struct lk_secret code = LK_SECRET_INIT;
    LK_CLEANUP(lk_secret_done) struct lk_secret verifier = LK_SECRET_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(LK_TOKEN_REQUEST_MAX);

    (void)state;
    captured(form, "code", &code);
    captured(form, "code_verifier", &verifier);
    lk_token_request_code(LK_STR(CLIENT),
                          LK_STR(FABRIC "Lakehouse.Read.All " FABRIC "Item.ReadWrite.All " FABRIC
                                        "Lakehouse.Execute.All"),
                          LK_STR("http://localhost:45131"), &code, &verifier, &got);
    assert_form(&got, form);
}

static void a_refresh_is_asked_as_msal_asks_it(void **state)
{
    struct lk_str form = captured_form("msal/capture-refresh-forced.http", 0);
    LK_CLEANUP(lk_secret_done) struct lk_secret refresh = LK_SECRET_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(LK_TOKEN_REQUEST_MAX);

    (void)state;
    captured(form, "refresh_token", &refresh);
    lk_token_request_refresh(LK_STR(CLIENT),
                             LK_STR(FABRIC "Item.ReadWrite.All " FABRIC
                                           "Lakehouse.Execute.All " FABRIC "Lakehouse.Read.All"),
                             &refresh, &got);
    assert_form(&got, form);
}

static void what_is_special_in_a_form_is_escaped(void **state)
{
    LK_CLEANUP(lk_json_unref) json_t *vectors = NULL;
    struct lk_error err = LK_ERROR_INIT;
    const json_t *one;
    size_t i;

    (void)state;
    assert_lk_ok(lk_json_parse(golden("msal/capture-vectors.json"), "vectors", &vectors, &err),
                 &err);
    json_array_foreach(json_object_get(vectors, "form_encoding"), i, one)
    {
        LK_CLEANUP(lk_secret_done) struct lk_secret secret = LK_SECRET_INIT;
        LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(LK_TOKEN_REQUEST_MAX);
        lk_secret_set(&secret, lk_json_get_str(one, "value"));
        lk_token_request_secret(LK_STR(CLIENT), LK_STR("s"), &secret, &got);
        assert_contains(lk_buf_cstr(&got), lk_json_get_str(one, "encoded").ptr);
    }
    assert_true(i > 0);
}

static void a_users_scopes_are_sorted_whole_and_without_repeats(void **state)
{
    static const struct {
        const char *scopes, *want;
    } cases[] = {
        {"", "offline_access openid profile"},
        {"b a", "a b offline_access openid profile"},
        {" b  b openid a ", "a b offline_access openid profile"},
        {"z", "offline_access openid profile z"},
        {"open openidx", "offline_access open openid openidx profile"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(4096);
        lk_scopes_for_user(lk_str_from(cases[i].scopes), &got);
        assert_string_equal(lk_buf_cstr(&got), cases[i].want);
    }
}

static void endless_scopes_do_no_harm(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf many = LK_BUF_INIT(1 << 16);
    LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(1 << 16);

    (void)state;
    for (int i = 0; i < 5000; i++)
        lk_buf_printf(&many, "s%d ", i);
    lk_scopes_for_user(lk_buf_view(&many), &got);
    assert_contains(lk_buf_cstr(&got), "openid");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_is_sent_as_msal_sends_it),
        cmocka_unit_test(an_assertion_is_sent_as_msal_sends_it),
        cmocka_unit_test(a_code_is_redeemed_as_msal_redeems_it),
        cmocka_unit_test(a_refresh_is_asked_as_msal_asks_it),
        cmocka_unit_test(what_is_special_in_a_form_is_escaped),
        cmocka_unit_test(a_users_scopes_are_sorted_whole_and_without_repeats),
        cmocka_unit_test(endless_scopes_do_no_harm),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
