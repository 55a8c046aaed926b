#include "fabric/livy_marker.h"

#include "support/assert.h"

#include <stdlib.h>
#include <string.h>

#define ID "abcdefab-cdef-4a0a-8000-000000000001"

static void every_fresh_id_has_a_letter_in_its_first_digits(void **state)
{
    char id[LK_UUID_SIZE];
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(256);
    struct lk_str head, digits;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        lk_livy_submit_id_new(id);
        assert_true(lk_str_is_guid(lk_str_from(id)));
        lk_buf_clear(&name);
        lk_buf_printf(&name, "n-%.8s%.4s", id, id + 9);
        assert_true(lk_livy_marker_split(lk_buf_view(&name), &head, &digits));
        assert_str(head, "n");
        assert_true(lk_livy_marker_is(digits, lk_str_from(id)));
    }
}

static void only_a_marker_is_taken_off_a_name(void **state)
{
    static const struct {
        const char *whole, *name, *digits;
    } cases[] = {
        {"nightly-abcdefabcdef", "nightly", "abcdefabcdef"},
        {"a-b-0123456789ab", "a-b", "0123456789ab"},
        {"etl-202611240150", "etl-202611240150", ""}, /* a date */
        {"nightly-ABCDEFABCDEF", "nightly-ABCDEFABCDEF", ""},
        {"nightly-abcdefabcde", "nightly-abcdefabcde", ""},
        {"nightly-abcdefabcdefa", "nightly-abcdefabcdefa", ""},
        {"nightly_abcdefabcdef", "nightly_abcdefabcdef", ""},
        {"-abcdefabcdef", "-abcdefabcdef", ""}, /* a name has to be left */
        {"abcdefabcdef", "abcdefabcdef", ""},
        {"", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_str name, digits;
        bool found = lk_livy_marker_split(lk_str_from(cases[i].whole), &name, &digits);
        assert_int_equal(found, cases[i].digits[0] != '\0');
        assert_str(name, cases[i].name);
        assert_str(digits, cases[i].digits);
    }
}

static void an_id_is_known_whole_and_by_its_first_digits(void **state)
{
    (void)state;
    assert_true(lk_livy_marker_is(LK_STR("abcdefabcdef"), LK_STR(ID)));
    assert_true(lk_livy_marker_is(LK_STR(ID), LK_STR(ID)));
    assert_true(lk_livy_marker_is(LK_STR("ABCDEFAB-CDEF-4A0A-8000-000000000001"), LK_STR(ID)));
    assert_false(lk_livy_marker_is(LK_STR_EMPTY, LK_STR(ID)));
    assert_false(lk_livy_marker_is(LK_STR("abcdefab"), LK_STR(ID)));
    assert_false(lk_livy_marker_is(LK_STR("abcdefabcdee"), LK_STR(ID)));
    assert_false(lk_livy_marker_is(LK_STR_EMPTY, LK_STR_EMPTY));
}

static void put(const char *kind, const char *body_text, const char *name, const char *sent)
{
    LK_CLEANUP(lk_json_unref) json_t *body = json_loads(body_text, 0, NULL);
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
    char got[LK_BATCH_TEXT_MAX];

    lk_livy_marker_put(lk_livy_profile_find(lk_str_from(kind)), ID, body, got);
    lk_json_write(body, false, &text);
    assert_string_equal(got, name);
    assert_str(lk_buf_view(&text), sent);
}

static void a_request_gets_tag_or_name(void **state)
{
    (void)state;
    put("fabric", "{\"name\":\"n\"}", "n", "{\"name\":\"n\",\"tags\":{\"submitId\":\"" ID "\"}}");
    put("synapse", "{\"tags\":{\"a\":\"b\",\"submitId\":\"old\"}}", "",
        "{\"tags\":{\"a\":\"b\",\"submitId\":\"" ID "\"}}");
    put("apache", "{\"name\":\"n\"}", "n", "{\"name\":\"n-abcdefabcdef\"}");
    /* The request of an earlier batch, copied. */
    put("apache", "{\"name\":\"n-0123456789ab\"}", "n", "{\"name\":\"n-abcdefabcdef\"}");
    put("hdinsight", "{\"file\":\"wasbs:///a/clean.trips.py\"}", "clean",
        "{\"file\":\"wasbs:///a/clean.trips.py\",\"name\":\"clean-abcdefabcdef\"}");
    put("apache", "{\"file\":\"local:/a/\"}", "batch",
        "{\"file\":\"local:/a/\",\"name\":\"batch-abcdefabcdef\"}");
}

static void the_longest_name_that_passes_the_check_keeps_its_marker(void **state)
{
    const struct lk_livy_profile *profile = lk_livy_profile_find(LK_STR("apache"));
    struct lk_livy_spec spec = {.body = json_pack("{s:s}", "file", "file:///x.py")};
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    char name[LK_BATCH_TEXT_MAX], got[LK_BATCH_TEXT_MAX];
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    memset(name, 'n', sizeof(name));
    name[LK_BATCH_TEXT_MAX - 1 - LK_MARKER_LEN] = '\0';
    json_object_set_new(spec.body, "name", json_string(name));
    assert_lk_ok(lk_livy_spec_check(profile, &spec, &err), &err);
    lk_livy_marker_put(profile, ID, spec.body, got);
    assert_string_equal(got, name);
    json_object_set_new(spec.body, "id", json_integer(3));
    assert_lk_ok(lk_livy_batch_read(profile, spec.body, &batch, &err), &err);
    assert_string_equal(batch.name, name);
    assert_string_equal(batch.submit_id, "abcdefabcdef");
    json_object_set_new(
        spec.body, "name",
        lk_json_textf("%sn", json_string_value(json_object_get(spec.body, "name"))));
    json_object_del(spec.body, "id");
    assert_lk_status(LK_INVALID, lk_livy_spec_check(profile, &spec, &err), &err);
    lk_livy_spec_done(&spec);
}

static void a_batch_shows_the_name_as_it_was_given(void **state)
{
    static const struct {
        const char *kind, *json, *name, *service_name, *submit_id;
    } cases[] = {
        {"apache", "{\"id\":1,\"name\":\"n-abcdefabcdef\"}", "n", "n-abcdefabcdef", "abcdefabcdef"},
        {"apache", "{\"id\":1,\"name\":null}", "", "", ""},
        {"apache", "{\"id\":1,\"name\":\"other\"}", "other", "other", ""},
        {"fabric", "{\"id\":\"x\",\"name\":\"n-abcdefabcdef\"}", "n-abcdefabcdef", "n-abcdefabcdef",
         ""},
        {"fabric", "{\"id\":\"x\",\"name\":\"n\",\"tags\":{\"submitId\":\"" ID "\"}}", "n", "n",
         ID},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_json_unref) json_t *json = json_loads(cases[i].json, 0, NULL);
        LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
        struct lk_error err = LK_ERROR_INIT;
        assert_lk_ok(lk_livy_batch_read(lk_livy_profile_find(lk_str_from(cases[i].kind)), json,
                                        &batch, &err),
                     &err);
        assert_string_equal(batch.name, cases[i].name);
        assert_string_equal(batch.service_name, cases[i].service_name);
        assert_string_equal(batch.submit_id, cases[i].submit_id);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fresh_id_has_a_letter_in_its_first_digits),
        cmocka_unit_test(only_a_marker_is_taken_off_a_name),
        cmocka_unit_test(an_id_is_known_whole_and_by_its_first_digits),
        cmocka_unit_test(a_request_gets_tag_or_name),
        cmocka_unit_test(the_longest_name_that_passes_the_check_keeps_its_marker),
        cmocka_unit_test(a_batch_shows_the_name_as_it_was_given),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
