/* The judge of client assertions, on assertions that a second implementation has judged. */
#include "entra_fixture.h"

#define AUDIENCE "https://login.example/" TENANT "/oauth2/v2.0/token"

static struct lk_str jwt_named(const struct entra_fixture *f, const char *part)
{
    json_t *one;
    size_t i;

    json_array_foreach(json_object_get(f->captured, "assertions"), i,
                       one) if (strstr(json_string_value(json_object_get(one, "name")),
                                       part)) return lk_json_get_str(one, "jwt");
    fail_msg("no assertion is named '%s'", part);
    return LK_STR_EMPTY;
}

static bool judge(struct entra_fixture *f, struct lk_str jwt, struct local_entra_error *err)
{
    return local_entra_check_assertion(f->entra, jwt, AUDIENCE, lk_clock_unix_s(&f->clock.clock),
                                       err);
}

static void each_captured_assertion_gets_the_verdict_it_was_captured_with(void **state)
{
    struct entra_fixture *f = *state;
    struct local_entra_error err;
    size_t i, accepted = 0;
    json_t *one;

    json_array_foreach(json_object_get(f->captured, "assertions"), i, one)
    {
        const char *name = json_string_value(json_object_get(one, "name"));
        bool wanted = lk_str_eq(lk_json_get_str(one, "verdict"), LK_STR("accept"));
        new_entra(f); /* several share a jti on purpose */
        if (judge(f, lk_json_get_str(one, "jwt"), &err) != wanted)
            fail_msg("'%s' should be %s: %ld %s", name, wanted ? "accepted" : "refused", err.number,
                     err.text);
        accepted += wanted;
    }
    assert_int_equal(i, 17);
    assert_int_equal(accepted, 5);
}

static void a_refusal_has_entras_number(void **state)
{
    static const struct {
        const char *name;
        long number;
    } table[] = {
        {"salt 222", 700027},
        {"salt 0", 700027},
        {"header says PS256", 700027},
        {"SHA-256 thumbprint in x5t", 700027},
        {"unknown thumbprint", 700027},
        {"no thumbprint", 700027},
        {"alg none", 700027},
        {"payload changed", 700027},
        {"audience of another tenant", 700023},
        {"iss differs", 700021},
        {"expired", 700024},
        {"not yet valid", 700024},
    };
    struct entra_fixture *f = *state;
    struct local_entra_error err;

    for (size_t i = 0; i < LK_COUNT(table); i++) {
        assert_false(judge(f, jwt_named(f, table[i].name), &err));
        if (err.number != table[i].number)
            fail_msg("'%s': %ld, not %ld", table[i].name, err.number, table[i].number);
        assert_string_equal(err.error, "invalid_client");
        assert_int_equal(err.status, 401);
    }
}

static void a_refusal_shows_the_thumbprint_as_the_portal_does(void **state)
{
    struct entra_fixture *f = *state;
    struct local_entra_error err;

    assert_false(judge(f, jwt_named(f, "payload changed"), &err));
    assert_contains(err.text, "Thumbprint of key used by client: 'D96E23ACF50CFF8A2FF3B07615");
}

static void the_same_assertion_is_good_until_it_expires(void **state)
{
    struct entra_fixture *f = *state;
    struct lk_str jwt = jwt_named(f, "PS256, salt 32");
    struct local_entra_error err;

    assert_true(judge(f, jwt, &err));
    assert_true(judge(f, jwt, &err));
    fake_clock_advance_ms(&f->clock, 3600 * 1000);
    assert_false(judge(f, jwt, &err));
    assert_int_equal(err.number, 700024);
}

static json_t *part_of(struct lk_str jwt, size_t index)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(65536);
    struct lk_error err = LK_ERROR_INIT;
    struct lk_str part = jwt;
    json_t *json = NULL;

    for (size_t i = 0; i <= index; i++)
        lk_str_split(jwt, '.', &part, &jwt);
    assert_true(lk_base64_decode(part, &text));
    assert_lk_ok(lk_json_parse(lk_buf_view(&text), "part", &json, &err), &err);
    return json;
}

/* Two captured assertions that are good each and carry one jti. */
static void a_jti_in_other_bytes_is_a_replay(void **state)
{
    struct entra_fixture *f = *state;
    struct lk_str first = jwt_named(f, "PS256, salt 32"), second = jwt_named(f, "RS256, x5t unp");
    json_t *a = part_of(first, 1), *b = part_of(second, 1);
    struct local_entra_error err;

    assert_true(lk_str_eq(lk_json_get_str(a, "jti"), lk_json_get_str(b, "jti")));
    assert_true(judge(f, first, &err));
    assert_false(judge(f, second, &err));
    assert_int_equal(err.number, 700028);
    json_decref(a);
    json_decref(b);
}

static void what_is_no_assertion_is_refused(void **state)
{
    static const char *const table[] = {"",
                                        ".",
                                        "..",
                                        "...",
                                        "a.b.c",
                                        "e30.e30.",
                                        "e30.e30.e30",
                                        "bnVsbA.bnVsbA.AA",
                                        "W10.W10.AA",
                                        "\xFF.\xFF.\xFF"};
    struct entra_fixture *f = *state;
    struct local_entra_error err;

    for (size_t i = 0; i < LK_COUNT(table); i++)
        assert_false(judge(f, lk_str_from(table[i]), &err));
}

static void every_cut_and_every_changed_byte_is_refused(void **state)
{
    struct entra_fixture *f = *state;
    struct lk_str jwt = jwt_named(f, "RS256, x5t unpadded");
    struct local_entra_error err;

    for (size_t len = 0; len < jwt.len; len += 7)
        assert_false(judge(f, lk_str_slice(jwt, 0, len), &err));
    for (size_t i = 0; i + 1 < jwt.len; i += 5) {
        LK_CLEANUP(lk_free_ptr) char *copy = lk_str_dup(jwt);
        copy[i] = copy[i] == 'A' ? 'B' : 'A';
        if (judge(f, lk_str_from(copy), &err))
            fail_msg("accepted with byte %zu changed", i);
    }
}

static void an_expired_certificate_is_refused(void **state)
{
    struct entra_fixture *f = *state;
    struct local_entra_error err;

    f->clock.now_unix_ms = INT64_C(2200000000) * 1000;
    assert_false(judge(f, jwt_named(f, "PS256, salt 32"), &err));
    assert_int_equal(err.number, 700027);
    assert_contains(err.text, "expired");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_captured_assertion_gets_the_verdict_it_was_captured_with,
                               entra_set_up),
        cmocka_unit_test_setup(a_refusal_has_entras_number, entra_set_up),
        cmocka_unit_test_setup(a_refusal_shows_the_thumbprint_as_the_portal_does, entra_set_up),
        cmocka_unit_test_setup(the_same_assertion_is_good_until_it_expires, entra_set_up),
        cmocka_unit_test_setup(a_jti_in_other_bytes_is_a_replay, entra_set_up),
        cmocka_unit_test_setup(what_is_no_assertion_is_refused, entra_set_up),
        cmocka_unit_test_setup(every_cut_and_every_changed_byte_is_refused, entra_set_up),
        cmocka_unit_test_setup(an_expired_certificate_is_refused, entra_set_up),
    };

    return cmocka_run_group_tests(tests, entra_group_set_up, entra_group_tear_down);
}
