#include "fabric/livy_batch.h"

#include "support/assert.h"

#include <stdlib.h>
#include <string.h>

static enum lk_status check(const char *kind, const char *text, json_t **ret, struct lk_error *err)
{
    struct lk_livy_spec spec = LK_LIVY_SPEC_INIT;
    enum lk_status st = lk_json_parse(lk_str_from(text), "the test", &spec.body, err);

    if (st)
        fail_msg("%s: %s", text, err->message);
    st = lk_livy_spec_check(lk_livy_profile_find(lk_str_from(kind)), &spec, err);
    if (ret)
        *ret = json_incref(spec.body);
    lk_livy_spec_done(&spec);
    return st;
}

static void what_a_service_takes_passes_and_is_normalised(void **state)
{
    static const struct {
        const char *kind, *in, *out;
    } cases[] = {
        {"fabric", "{\"file\":\"abfss://f\",\"name\":\"n\"}",
         "{\"file\":\"abfss://f\",\"name\":\"n\"}"},
        {"fabric", "{\"file\":\"abfss://f\",\"conf\":{\"a\":5,\"b\":true,\"c\":0.6,\"d\":\"x\"}}",
         "{\"file\":\"abfss://"
         "f\",\"conf\":{\"a\":\"5\",\"b\":\"true\",\"c\":\"0.6\",\"d\":\"x\"}}"},
        {"fabric", "{\"file\":\"abfss://f\",\"tags\":{\"n\":1},\"args\":[\"a\",2,false]}",
         "{\"file\":\"abfss://f\",\"tags\":{\"n\":\"1\"},\"args\":[\"a\",\"2\",\"false\"]}"},
        {"fabric", "{\"file\":\"abfss://f\",\"driverCores\":\"4\",\"numExecutors\":2}",
         "{\"file\":\"abfss://f\",\"driverCores\":4,\"numExecutors\":2}"},
        {"fabric",
         "{\"file\":\"abfss://f\",\"className\":null,\"jars\":[],\"driverMemory\":\"28g\"}",
         "{\"file\":\"abfss://f\",\"jars\":[],\"driverMemory\":\"28g\"}"},
        {"fabric",
         "{\"file\":\"abfss://f\",\"conf\":{\"spark.fabric.environmentDetails\":"
         "\"{\\\"id\\\": \\\"11111111-1111-4111-8111-111111111111\\\"}\"}}",
         "{\"file\":\"abfss://f\",\"conf\":{\"spark.fabric.environmentDetails\":"
         "\"{\\\"id\\\": \\\"11111111-1111-4111-8111-111111111111\\\"}\"}}"},
        {"apache", "{\"file\":\"abfss://f\",\"queue\":\"q\",\"proxyUser\":\"u\"}",
         "{\"file\":\"abfss://f\",\"queue\":\"q\",\"proxyUser\":\"u\"}"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_json_unref) json_t *body = NULL;
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(65536);
        struct lk_error err = LK_ERROR_INIT;
        assert_lk_ok(check(cases[i].kind, cases[i].in, &body, &err), &err);
        lk_json_write(body, false, &text);
        assert_str(lk_buf_view(&text), cases[i].out);
    }
}

static void what_a_service_does_not_take_is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *kind, *in;
        enum lk_status status;
        const char *says, *next;
    } cases[] = {
        {"fabric", "[]", LK_INVALID, "no JSON object", "abfss"},
        {"fabric", "\"x\"", LK_INVALID, "no JSON object", ""},
        {"fabric", "{\"name\":\"n\"}", LK_INVALID, "no file", "%%payload"},
        {"fabric", "{\"file\":\"\"}", LK_INVALID, "'file'", ""},
        {"fabric", "{\"file\":5}", LK_INVALID, "'file'", ""},
        {"fabric", "{\"file\":\"abfss://f\",\"pyfiles\":[]}", LK_INVALID, "'pyfiles'",
         "mean pyFiles"},
        {"fabric", "{\"file\":\"abfss://f\",\"excutorCores\":1}", LK_INVALID, "'excutorCores'",
         "mean executorCores"},
        {"fabric", "{\"file\":\"abfss://f\",\"spark.targetTable\":\"t\"}", LK_INVALID,
         "spark.targetTable", "conf"},
        {"fabric", "{\"file\":\"abfss://f\",\"queue\":\"q\"}", LK_UNSUPPORTED, "queue", "Leave"},
        {"fabric", "{\"file\":\"abfss://f\",\"proxyUser\":\"q\"}", LK_UNSUPPORTED, "proxyUser", ""},
        {"apache", "{\"file\":\"abfss://f\",\"tags\":{\"a\":\"b\"}}", LK_UNSUPPORTED, "tags", ""},
        {"hdinsight", "{\"file\":\"abfss://f\",\"tags\":{}}", LK_UNSUPPORTED, "tags", ""},
        {"synapse", "{\"file\":\"abfss://f\"}", LK_INVALID, "name", "--name"},
        {"apache", "{\"file\":\"abfss://f\",\"name\":\"123\"}", LK_INVALID, "digits", "--name"},
        {"fabric", "{\"file\":\"abfss://f\",\"args\":\"x\"}", LK_INVALID, "no list", "["},
        {"fabric", "{\"file\":\"abfss://f\",\"args\":[{}]}", LK_INVALID, "no text", ""},
        {"fabric", "{\"file\":\"abfss://f\",\"args\":[null]}", LK_INVALID, "no text", ""},
        {"fabric", "{\"file\":\"abfss://f\",\"conf\":[]}", LK_INVALID, "no object", "{"},
        {"fabric", "{\"file\":\"abfss://f\",\"conf\":{\"a\":{}}}", LK_INVALID, "'a'", "quotes"},
        {"fabric", "{\"file\":\"abfss://f\",\"conf\":{\"a\":null}}", LK_INVALID, "'a'", ""},
        {"fabric", "{\"file\":\"abfss://f\",\"driverCores\":0}", LK_INVALID, "between", ""},
        {"fabric", "{\"file\":\"abfss://f\",\"driverCores\":4.5}", LK_INVALID, "whole number", ""},
        {"fabric", "{\"file\":\"abfss://f\",\"driverCores\":99999999999}", LK_INVALID, "between",
         ""},
        {"fabric", "{\"file\":\"abfss://f\",\"numExecutors\":\"two\"}", LK_INVALID, "whole number",
         ""},
        {"fabric",
         "{\"file\":\"abfss://f\",\"conf\":{\"spark.fabric.environmentDetails\":\"{id: x}\"}}",
         LK_INVALID, "environmentDetails", "--environment"},
        {"synapse",
         "{\"file\":\"abfss://"
         "f\",\"name\":\"n\",\"conf\":{\"spark.fabric.environmentDetails\":\"x\"}}",
         LK_UNSUPPORTED, "environments", "--environment"},
        {"fabric", "{\"file\":\"Files/x.py\"}", LK_INVALID, "where the file is", "%%payload"},
        {"fabric", "{\"file\":\"/x.py\"}", LK_INVALID, "where the file is", "abfss://"},
        {"fabric", "{\"file\":\"file:///x.py\"}", LK_INVALID, "cannot read", "abfss://"},
        {"fabric", "{\"file\":\"FILE:///x.py\"}", LK_INVALID, "cannot read", ""},
        {"synapse", "{\"name\":\"n\",\"file\":\"local:/x.py\"}", LK_INVALID, "cannot read",
         "core.windows.net"},
        {"hdinsight", "{\"file\":\"file:///x.py\"}", LK_INVALID, "cannot read", "wasbs://"},
        {"apache", "{\"file\":\"x.py\"}", LK_INVALID, "where the file is", "hdfs://"},
        {"apache", "{\"file\":\"file:///x.py\",\"jars\":[\"a.jar\"]}", LK_INVALID, "'jars'",
         "file:///"},
        {"apache", "{\"file\":\"hdfs:///x.py\",\"conf\":{\"spark.submit.deployMode\":\"client\"}}",
         LK_UNSUPPORTED, "deployMode", "Leave it out"},
        {"hdinsight",
         "{\"file\":\"wasbs:///x.py\",\"conf\":{\"spark.submit.deploymode\":\"client\"}}",
         LK_UNSUPPORTED, "deploymode", ""},
        {"fabric", "{\"file\":\"abfss://f\",\"driverMemory\":\"28 GB\"}", LK_INVALID,
         "'driverMemory'", "28g"},
        {"fabric", "{\"file\":\"abfss://f\",\"executorMemory\":\"g\"}", LK_INVALID,
         "'executorMemory'", "28g"},
        {"fabric", "{\"file\":\"abfss://f\",\"executorMemory\":{}}", LK_INVALID, "'executorMemory'",
         ""},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_error err = LK_ERROR_INIT;
        assert_lk_status(cases[i].status, check(cases[i].kind, cases[i].in, NULL, &err), &err);
        assert_contains(err.message, cases[i].says);
        assert_contains(err.next, cases[i].next);
    }
}

static void an_environment_becomes_a_string_of_json(void **state)
{
    struct lk_livy_spec spec = {.body = json_object()};
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_ok(
        lk_livy_spec_environment(&spec, LK_STR("11111111-1111-4111-8111-111111111111"), &err),
        &err);
    assert_str(
        lk_json_get_str(json_object_get(spec.body, "conf"), "spark.fabric.environmentDetails"),
        "{\"id\":\"11111111-1111-4111-8111-111111111111\"}");
    json_object_set_new(spec.body, "file", json_string("abfss://f"));
    assert_lk_ok(lk_livy_spec_check(lk_livy_profile_find(LK_STR("fabric")), &spec, &err), &err);

    assert_lk_status(LK_INVALID, lk_livy_spec_environment(&spec, LK_STR("my-env"), &err), &err);
    assert_contains(err.message, "my-env");
    json_object_set_new(spec.body, "conf", json_array());
    assert_lk_status(
        LK_INVALID,
        lk_livy_spec_environment(&spec, LK_STR("11111111-1111-4111-8111-111111111111"), &err),
        &err);
    lk_livy_spec_done(&spec);
}

static void a_name_past_its_room_is_refused(void **state)
{
    struct lk_livy_spec spec = {.body = json_object()};
    struct lk_error err = LK_ERROR_INIT;
    char name[LK_BATCH_TEXT_MAX + 1];

    (void)state;
    memset(name, 'n', sizeof(name));
    name[LK_BATCH_TEXT_MAX] = '\0';
    json_object_set_new(spec.body, "file", json_string("abfss://f"));
    json_object_set_new(spec.body, "name", json_string(name));
    assert_lk_status(LK_INVALID,
                     lk_livy_spec_check(lk_livy_profile_find(LK_STR("fabric")), &spec, &err), &err);
    lk_livy_spec_done(&spec);
}

/* ---- what is taken and hardly meant ---------------------------------------------------------- */

#define ENV "{\\\"id\\\": \\\"11111111-1111-4111-8111-111111111111\\\"}"

static void what_is_taken_but_hardly_meant_is_warned_of(void **state)
{
    static const struct {
        const char *kind, *in;
        size_t count;
        const char *says; /* one of them */
    } cases[] = {
        {"fabric", "{\"file\":\"abfss://f\",\"conf\":{\"spark.targetTable\":\"t\"}}", 0, ""},
        {"fabric", "{\"file\":\"abfss://f\",\"conf\":{\"spark.sql.shuffle.partitions\":4}}", 0, ""},
        {"fabric",
         "{\"file\":\"abfss://f\",\"conf\":{\"spark.fabric.environmentDetails\":\"" ENV "\"}}", 1,
         "starter pool is lost to the environment"},
        {"fabric",
         "{\"file\":\"abfss://f\",\"conf\":{\"spark.executor.cores\":4,\"spark.a\":1,"
         "\"spark.livy.session.idle.timeout\":\"20m\"}}",
         1, "lost to spark.executor.cores, spark.livy.session.idle.timeout"},
        {"apache", "{\"file\":\"hdfs:///f\",\"conf\":{\"spark.executor.cores\":4}}", 0, ""},
        {"fabric", "{\"file\":\"abfss://f\",\"driverMemory\":\"28g\",\"driverCores\":4}", 1,
         "ignore memory"},
        {"fabric", "{\"file\":\"abfss://f\",\"driverMemory\":\"4g\"}", 2, "28g, 56g"},
        {"fabric", "{\"file\":\"abfss://f\",\"executorCores\":3}", 2, "4, 8, 16 or 32"},
        {"apache", "{\"file\":\"hdfs:///f\",\"driverMemory\":\"4g\",\"driverCores\":3}", 0, ""},
        {"apache", "{\"file\":\"hdfs:///f\",\"args\":[\"--year 2024\"]}", 1,
         "--arg=--year --arg=2024"},
        {"apache", "{\"file\":\"hdfs:///f\",\"args\":[\"--year=20 24\",\"a b\",\"--x\"]}", 0, ""},
        {"apache", "{\"file\":\"hdfs:///f\",\"conf\":{\"target\":\"t\"}}", 1, "'target'"},
        {"fabric", "{\"file\":\"abfss://f\",\"conf\":{\"spark.fabric.environment.id\":\"x\"}}", 1,
         "--environment"},
        {"apache", "{\"file\":\"/user/x.py\"}", 1, "hdfs://"},
        {"fabric", "{\"file\":\"abfss://f\",\"name\":\"2024\"}", 1, "digits"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        const struct lk_livy_profile *profile = lk_livy_profile_find(lk_str_from(cases[i].kind));
        struct lk_livy_spec spec = {.body = json_loads(cases[i].in, 0, NULL)};
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(65536);
        struct lk_error err = LK_ERROR_INIT;
        assert_lk_ok(lk_livy_spec_check(profile, &spec, &err), &err);
        lk_livy_spec_warn(profile, &spec);
        if (json_array_size(spec.warnings) != cases[i].count)
            fail_msg("%s: %zu warnings", cases[i].in, json_array_size(spec.warnings));
        for (size_t j = 0; j < json_array_size(spec.warnings); j++)
            lk_buf_put(&text, lk_json_str(json_array_get(spec.warnings, j)));
        assert_contains(lk_buf_cstr(&text), cases[i].says);
        lk_livy_spec_done(&spec);
    }
}

static void a_file_is_known_by_its_scheme(void **state)
{
    static const struct {
        const char *file, *scheme;
    } cases[] = {{"abfss://a@b/c.py", "abfss"},
                 {"local:/x.py", "local"},
                 {"/x.py", ""},
                 {"x.py", ""},
                 {"a:b", ""},
                 {"", ""},
                 {"C:/x.py", "C"},
                 {"dir/a:/b", ""}};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++)
        assert_str(lk_livy_file_scheme(lk_str_from(cases[i].file)), cases[i].scheme);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_service_takes_passes_and_is_normalised),
        cmocka_unit_test(what_a_service_does_not_take_is_refused_with_the_reason),
        cmocka_unit_test(what_is_taken_but_hardly_meant_is_warned_of),
        cmocka_unit_test(a_file_is_known_by_its_scheme),
        cmocka_unit_test(an_environment_becomes_a_string_of_json),
        cmocka_unit_test(a_name_past_its_room_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
