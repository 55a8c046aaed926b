#include "base/json.h"
#include "support/assert.h"

#include <stdlib.h>
#include <string.h>

struct thing {
    struct lk_str name;
    int64_t id;
    bool done;
    json_t *info;
    json_t *log;
    json_t *any;
};

static const struct lk_json_field thing_fields[] = {
    LK_JSON_REQUIRED(struct thing, name, "name", LK_JSON_STR),
    LK_JSON_OPTIONAL(struct thing, id, "id", LK_JSON_I64),
    LK_JSON_OPTIONAL(struct thing, done, "done", LK_JSON_BOOL),
    LK_JSON_OPTIONAL(struct thing, info, "appInfo", LK_JSON_OBJECT),
    LK_JSON_OPTIONAL(struct thing, log, "log", LK_JSON_ARRAY),
    LK_JSON_OPTIONAL(struct thing, any, "any", LK_JSON_ANY),
};

static json_t *parse(const char *text)
{
    json_t *json = NULL;
    struct lk_error err;

    assert_lk_ok(lk_json_parse(lk_str_from(text), "the test", &json, &err), &err);
    return json;
}

static enum lk_status read_thing(const json_t *json, struct thing *ret, struct lk_error *err)
{
    return lk_json_read(json, "the batch", thing_fields, LK_COUNT(thing_fields), ret, err);
}

static void one_whole_document_of_any_type_is_taken(void **state)
{
    static const char *const good[] = {
        "{}",
        "[]",
        "\"text\"",
        "0",
        "-1.5e3",
        "true",
        "null",
        " \t\r\n[1, 2] \n",
        "{\"a\":{\"a\":1}}",
        "\"\\u0000\"",
        "\"\\ud83d\\ude00\"",
        "\"]]]]\\\"[[[[\"",
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(good); i++)
        json_decref(parse(good[i]));
}

static void broken_documents_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{'a':1}",
        "nul",
        "[1] [2]",
        "{}x",
        "\"\x80\"",
        "\"\xED\xA0\x80\"",
        "\"\\ud83d\"",
        "\"a\nb\"",
        "01",
        "1e999",
        "99999999999999999999",
        "{\"a\":1,\"a\":2}",
        "{\"\\u0000\":1}",
        "\xEF\xBB\xBF{}",
        "NaN",
        "\"open",
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(bad); i++) {
        json_t *json = NULL;
        struct lk_error err;

        assert_lk_status(LK_PROTOCOL, lk_json_parse(lk_str_from(bad[i]), "the reply", &json, &err),
                         &err);
        assert_null(json);
        assert_contains(err.message, "the reply");
    }
}

static void a_nul_byte_outside_a_string_is_refused(void **state)
{
    json_t *json = NULL;
    struct lk_error err;

    (void)state;
    assert_lk_status(LK_PROTOCOL, lk_json_parse(LK_STR("{}\0{}"), "it", &json, &err), &err);
    assert_lk_status(LK_PROTOCOL, lk_json_parse(LK_STR("\"a\0b\""), "it", &json, &err), &err);
}

static void what_is_wrong_is_told_with_its_place_but_not_quoted(void **state)
{
    json_t *json = NULL;
    struct lk_error err;

    (void)state;
    assert_lk_status(LK_PROTOCOL,
                     lk_json_parse(LK_STR("{\n \"access_token\": \"CANARY\" CANARY2 }"),
                                   "the token reply", &json, &err),
                     &err);
    assert_contains(err.message, "line 2");
    assert_lacks(err.message, "CANARY");
    assert_lk_status(LK_PROTOCOL,
                     lk_json_parse(LK_STR("{\"CANARY\":1,\"CANARY\":2}"), "it", &json, &err), &err);
    assert_lacks(err.message, "CANARY");
    assert_contains(err.message, "twice");
}

static void nesting_has_a_ceiling(void **state)
{
    char text[4 * LK_JSON_DEPTH_MAX + 2];
    json_t *json = NULL;
    struct lk_error err;

    (void)state;
    memset(text, '[', LK_JSON_DEPTH_MAX);
    memset(text + LK_JSON_DEPTH_MAX, ']', LK_JSON_DEPTH_MAX);
    assert_lk_ok(
        lk_json_parse((struct lk_str){text, (size_t)2 * LK_JSON_DEPTH_MAX}, "it", &json, &err),
        &err);
    lk_json_unref(&json);
    memset(text, '[', LK_JSON_DEPTH_MAX + 1);
    memset(text + LK_JSON_DEPTH_MAX + 1, ']', LK_JSON_DEPTH_MAX + 1);
    assert_lk_status(
        LK_PROTOCOL,
        lk_json_parse((struct lk_str){text, (size_t)2 * LK_JSON_DEPTH_MAX + 2}, "it", &json, &err),
        &err);
    assert_null(json);
}

static void brackets_in_a_string_do_not_count(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1000);
    json_t *json = NULL;
    struct lk_error err;

    (void)state;
    lk_buf_put(&text, LK_STR("\"\\\\\\\""));
    for (int i = 0; i < 2 * LK_JSON_DEPTH_MAX; i++)
        lk_buf_put_char(&text, '[');
    lk_buf_put_char(&text, '"');
    assert_lk_ok(lk_json_parse(lk_buf_view(&text), "it", &json, &err), &err);
    lk_json_unref(&json);
}

static void a_million_brackets_do_not_reach_the_stack(void **state)
{
    size_t len = 1000000;
    char *text = lk_alloc(len);
    json_t *json = NULL;
    struct lk_error err;

    (void)state;
    memset(text, '[', len);
    assert_lk_status(LK_PROTOCOL, lk_json_parse((struct lk_str){text, len}, "it", &json, &err),
                     &err);
    free(text);
}

static void the_table_fills_the_struct(void **state)
{
    LK_CLEANUP(lk_json_unref)
    json_t *json =
        parse("{\"name\":\"a\\u0000b\",\"id\":7,\"done\":true,\"appInfo\":{},\"log\":[1],\"any\":3,"
              "\"unknown\":[]}");
    struct thing thing = {.id = 0};
    struct lk_error err;

    (void)state;
    assert_lk_ok(read_thing(json, &thing, &err), &err);
    assert_bytes(thing.name, LK_STR("a\0b"));
    assert_int_equal(thing.id, 7);
    assert_true(thing.done);
    assert_true(json_is_object(thing.info));
    assert_int_equal(json_array_size(thing.log), 1);
    assert_int_equal(json_integer_value(thing.any), 3);
}

static void absent_and_null_optional_fields_leave_the_target(void **state)
{
    LK_CLEANUP(lk_json_unref)
    json_t *json = parse("{\"name\":\"\",\"id\":null,\"appInfo\":null,\"any\":null}");
    struct thing thing = {.id = 42, .done = true};
    struct lk_error err;

    (void)state;
    assert_lk_ok(read_thing(json, &thing, &err), &err);
    assert_int_equal(thing.id, 42);
    assert_true(thing.done);
    assert_null(thing.info);
    assert_null(thing.any);
}

static void what_the_services_write_instead_is_taken(void **state)
{
    static const struct {
        const char *text;
        int64_t id;
        bool done;
    } cases[] = {
        {"{\"name\":\"\",\"id\":\"3599\",\"done\":\"true\"}", 3599, true},
        {"{\"name\":\"\",\"id\":3599.0,\"done\":\"False\"}", 3599, false},
        {"{\"name\":\"\",\"id\":-9223372036854775808,\"done\":false}", INT64_MIN, false},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_json_unref) json_t *json = parse(cases[i].text);
        struct thing thing = {.done = !cases[i].done};
        struct lk_error err;

        assert_lk_ok(read_thing(json, &thing, &err), &err);
        assert_true(thing.id == cases[i].id);
        assert_int_equal(thing.done, cases[i].done);
    }
}

static void a_wrong_type_names_the_field(void **state)
{
    static const struct {
        const char *text, *named;
    } cases[] = {
        {"{}", "\"name\""},
        {"{\"name\":null}", "\"name\""},
        {"{\"name\":1}", "\"name\""},
        {"{\"name\":\"\",\"id\":\"x\"}", "\"id\""},
        {"{\"name\":\"\",\"id\":\"\"}", "\"id\""},
        {"{\"name\":\"\",\"id\":1.5}", "\"id\""},
        {"{\"name\":\"\",\"id\":1e300}", "\"id\""},
        {"{\"name\":\"\",\"id\":\"99999999999999999999\"}", "\"id\""},
        {"{\"name\":\"\",\"id\":true}", "\"id\""},
        {"{\"name\":\"\",\"done\":\"yes\"}", "\"done\""},
        {"{\"name\":\"\",\"done\":1}", "\"done\""},
        {"{\"name\":\"\",\"appInfo\":[]}", "\"appInfo\""},
        {"{\"name\":\"\",\"log\":{}}", "\"log\""},
        {"{\"name\":\"\",\"log\":\"line\"}", "\"log\""},
        {"[]", "object"},
        {"\"bare string\"", "object"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_json_unref) json_t *json = parse(cases[i].text);
        struct thing thing = {.id = 0};
        struct lk_error err;

        assert_lk_status(LK_PROTOCOL, read_thing(json, &thing, &err), &err);
        assert_contains(err.message, "the batch");
        assert_contains(err.message, cases[i].named);
    }
    assert_int_equal(read_thing(NULL, &(struct thing){.id = 0}, NULL), LK_PROTOCOL);
}

static void single_texts_are_empty_when_absent(void **state)
{
    LK_CLEANUP(lk_json_unref) json_t *json = parse("{\"a\":\"x\",\"b\":1}");

    (void)state;
    assert_str(lk_json_get_str(json, "a"), "x");
    assert_str(lk_json_get_str(json, "b"), "");
    assert_str(lk_json_get_str(json, "c"), "");
    assert_str(lk_json_get_str(NULL, "a"), "");
    assert_str(lk_json_str(json), "");
}

static void invalid_utf8_is_written_as_replacement(void **state)
{
    static const struct {
        struct lk_str text;
        const char *want;
    } cases[] = {
        {LK_STR_INIT("fine \xC3\xA9"), "\"fine \xC3\xA9\""},
        {LK_STR_INIT("a\xFFz"), "\"a\xEF\xBF\xBDz\""},
        {LK_STR_INIT("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {LK_STR_INIT("cut \xE2\x82"), "\"cut \xEF\xBF\xBD\xEF\xBF\xBD\""},
        {LK_STR_INIT("a\0b\n"), "\"a\\u0000b\\n\""},
        {LK_STR_INIT(""), "\"\""},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_json_unref) json_t *json = lk_json_text(cases[i].text);
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1000);

        lk_json_write(json, false, &text);
        assert_string_equal(lk_buf_cstr(&text), cases[i].want);
    }
}

static void writing_keeps_the_order_and_skips_empty_text(void **state)
{
    LK_CLEANUP(lk_json_unref) json_t *json = json_object();
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1000);

    (void)state;
    lk_json_set_text(json, "zebra", LK_STR("1"));
    lk_json_set_text(json, "none", LK_STR_EMPTY);
    json_object_set_new(json, "apple", lk_json_textf("%d %s", 2, "\xFF"));
    lk_json_write(json, false, &text);
    assert_string_equal(lk_buf_cstr(&text), "{\"zebra\":\"1\",\"apple\":\"2 \xEF\xBF\xBD\"}");
    lk_buf_clear(&text);
    lk_json_write(json, true, &text);
    assert_string_equal(lk_buf_cstr(&text),
                        "{\n  \"zebra\": \"1\",\n  \"apple\": \"2 \xEF\xBF\xBD\"\n}");
}

static void writing_stops_at_the_ceiling(void **state)
{
    LK_CLEANUP(lk_json_unref) json_t *json = json_array();
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(64);
    struct lk_error err;

    (void)state;
    for (int i = 0; i < 10000; i++)
        json_array_append_new(json, json_integer(i));
    lk_json_write(json, false, &text);
    assert_lk_status(LK_LIMIT, lk_buf_check(&text, "the list", &err), &err);
    assert_int_equal(text.len, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_whole_document_of_any_type_is_taken),
        cmocka_unit_test(broken_documents_are_refused),
        cmocka_unit_test(a_nul_byte_outside_a_string_is_refused),
        cmocka_unit_test(what_is_wrong_is_told_with_its_place_but_not_quoted),
        cmocka_unit_test(nesting_has_a_ceiling),
        cmocka_unit_test(brackets_in_a_string_do_not_count),
        cmocka_unit_test(a_million_brackets_do_not_reach_the_stack),
        cmocka_unit_test(the_table_fills_the_struct),
        cmocka_unit_test(absent_and_null_optional_fields_leave_the_target),
        cmocka_unit_test(what_the_services_write_instead_is_taken),
        cmocka_unit_test(a_wrong_type_names_the_field),
        cmocka_unit_test(single_texts_are_empty_when_absent),
        cmocka_unit_test(invalid_utf8_is_written_as_replacement),
        cmocka_unit_test(writing_keeps_the_order_and_skips_empty_text),
        cmocka_unit_test(writing_stops_at_the_ceiling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
