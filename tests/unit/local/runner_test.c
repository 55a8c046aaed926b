#include "lake_requests.h"

#include "local/runner.h"

#include "base/file.h"

struct fixture {
    char *root;
    struct local_runner_options options;
    char spark_home[256], java_home[256];
};

static void make(const char *root, const char *folder)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", root, folder);
    assert_int_equal(lk_file_make_folders(path, 0700, NULL), LK_OK);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->root = make_folder();
    snprintf(f->spark_home, sizeof f->spark_home, "%s/spark", f->root);
    snprintf(f->java_home, sizeof f->java_home, "%s/java", f->root);
    make(f->root, "spark/bin");
    make(f->root, "spark/jars");
    make(f->root, "java/bin");
    make(f->root, DEMO_WS "/" DEMO_LH "/Files/jobs");
    make(f->root, DEMO_WS "/" DEMO_LH "/Tables");
    write_text(f->root, DEMO_WS "/" DEMO_LH "/Files/jobs/a b.py", "print(1)\n", 0644);
    write_text(f->root, DEMO_WS "/" DEMO_LH "/Files/lib.zip", "PK", 0644);
    write_text(f->root, DEMO_WS "/" DEMO_LH "/Files/x.jar", "PK", 0644);
    f->options = (struct local_runner_options){.onelake_root = f->root,
                                               .spark_home = f->spark_home,
                                               .java_home = f->java_home,
                                               .runner_file = "/opt/runner.py",
                                               .place = demo_place};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    local_remove_tree(f->root);
    free(f->root);
    free(f);
    return 0;
}

#define FILES "abfss://" DEMO_WS "@onelake.dfs.fabric.microsoft.com/" DEMO_LH "/Files/"

static json_t *request(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);

    assert_non_null(json);
    return json;
}

/* Index of word in the list; -1 when it is not there. */
static int find_word(char **words, const char *word)
{
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], word) == 0)
            return i;
    }
    return -1;
}

static void values_travel_without_a_shell(void **state)
{
    struct fixture *f = *state;
    struct local_runner_plan plan;
    json_t *spec = request("{\"file\":\"" FILES "jobs/a%20b.py\",\"name\":\"it's $HOME\","
                           "\"conf\":{\"spark.x\":\"a \\\"b\\\" $(id) 'c'\"},"
                           "\"args\":[\"--flag\",\"two words\",\"\"]}");
    int at;

    assert_int_equal(local_runner_plan(&f->options, spec, "/tmp/b", &plan, NULL), LK_OK);
    assert_true(plan.reports);
    assert_true(find_word(plan.argv, "it's $HOME") > 0);
    at = find_word(plan.argv, "spark.x=a \"b\" $(id) 'c'");
    assert_true(at > 0);
    assert_string_equal(plan.argv[at - 1], "--conf");
    at = find_word(plan.argv, "/opt/runner.py");
    assert_true(at > 0);
    assert_non_null(strstr(plan.argv[at + 1], "/Files/jobs/a b.py"));
    assert_string_equal(plan.argv[at + 2], "--flag");
    assert_string_equal(plan.argv[at + 3], "two words");
    assert_string_equal(plan.argv[at + 4], "");
    assert_null(plan.argv[at + 5]);
    local_runner_plan_done(&plan);
    json_decref(spec);
}

static void libraries_become_local_files(void **state)
{
    struct fixture *f = *state;
    struct local_runner_plan plan;
    json_t *spec =
        request("{\"file\":\"" FILES "jobs/a%20b.py\",\"pyFiles\":[\"" FILES
                "lib.zip\",\"https://onelake.blob.fabric.microsoft.com/demo/"
                "Lake.Lakehouse/Files/lib.zip\"],\"archives\":[\"" FILES "lib.zip#env\"]}");
    char joined[1024];
    int at;

    assert_int_equal(local_runner_plan(&f->options, spec, "/tmp/b", &plan, NULL), LK_OK);
    at = find_word(plan.argv, "--py-files");
    snprintf(joined, sizeof joined,
             "%s/" DEMO_WS "/" DEMO_LH "/Files/lib.zip,%s/" DEMO_WS "/" DEMO_LH "/Files/lib.zip",
             f->root, f->root);
    assert_string_equal(plan.argv[at + 1], joined);
    at = find_word(plan.argv, "--archives");
    assert_non_null(strstr(plan.argv[at + 1], "/Files/lib.zip#env"));
    local_runner_plan_done(&plan);
    json_decref(spec);
}

static void a_jar_runs_by_its_class_and_without_the_runner(void **state)
{
    struct fixture *f = *state;
    struct local_runner_plan plan;
    json_t *spec = request("{\"file\":\"" FILES "x.jar\",\"className\":\"a.B\"}");
    int at;

    assert_int_equal(local_runner_plan(&f->options, spec, "/tmp/b", &plan, NULL), LK_OK);
    assert_false(plan.reports);
    at = find_word(plan.argv, "--class");
    assert_string_equal(plan.argv[at + 1], "a.B");
    assert_int_equal(find_word(plan.argv, "/opt/runner.py"), -1);
    local_runner_plan_done(&plan);
    json_decref(spec);
}

static void the_machine_decides_what_the_pool_decides_in_fabric(void **state)
{
    struct fixture *f = *state;
    struct local_runner_plan plan;
    json_t *spec =
        request("{\"file\":\"" FILES "jobs/a%20b.py\",\"conf\":{\"spark.master\":\"yarn\","
                "\"spark.driver.memory\":\"28g\","
                "\"spark.driver.extraJavaOptions\":\"-Dmine=1\"}}");
    int at, count = 0;

    assert_int_equal(local_runner_plan(&f->options, spec, "/tmp/b", &plan, NULL), LK_OK);
    assert_int_equal(find_word(plan.argv, "spark.master=yarn"), -1);
    assert_int_equal(find_word(plan.argv, "spark.driver.memory=28g"), -1);
    for (at = 0; plan.argv[at]; at++) {
        if (strncmp(plan.argv[at], "spark.driver.extraJavaOptions=", 30) == 0) {
            assert_non_null(strstr(plan.argv[at], "SerialGC"));
            assert_non_null(strstr(plan.argv[at], " -Dmine=1"));
            count++;
        }
    }
    assert_int_equal(count, 1);
    local_runner_plan_done(&plan);
    json_decref(spec);
}

static void the_client_secret_is_in_the_settings_file_only(void **state)
{
    struct fixture *f = *state;
    struct local_runner_plan plan;
    json_t *spec = request("{\"file\":\"" FILES "jobs/a%20b.py\"}");

    f->options.trust_store = "/tmp/trust.p12";
    f->options.abfss = (struct local_livy_abfss){.endpoint = "127.0.0.1:1",
                                                 .token_url = "https://localhost:1/t",
                                                 .client_id = "cid",
                                                 .client_secret = "s3:cret",
                                                 .ca_file = "/tmp/ca.pem"};
    assert_int_equal(local_runner_plan(&f->options, spec, "/tmp/b", &plan, NULL), LK_OK);
    assert_non_null(strstr(lk_buf_cstr(&plan.defaults), "s3\\:cret"));
    for (int i = 0; plan.argv[i]; i++)
        assert_null(strstr(plan.argv[i], "cret"));
    for (int i = 0; plan.env[i]; i++)
        assert_null(strstr(plan.env[i], "cret"));
    local_runner_plan_done(&plan);
    json_decref(spec);
}

static const struct {
    const char *request;
    enum lk_status status;
} bad[] = {
    {"{\"file\":\"" FILES "missing.py\"}", LK_NOT_FOUND},
    {"{\"file\":\"" FILES "jobs\"}", LK_NOT_FOUND},
    {"{\"file\":\"" FILES "../../../../etc/passwd\"}", LK_INVALID},
    {"{\"file\":\"" FILES "%2e%2e/%2e%2e/x\"}", LK_INVALID},
    {"{\"file\":\"/etc/passwd\"}", LK_INVALID},
    {"{\"file\":\"file:///etc/passwd\"}", LK_INVALID},
    {"{\"file\":\"https://example.com/demo/Lake.Lakehouse/Files/x.py\"}", LK_INVALID},
    {"{\"file\":\"abfss://onelake.dfs.fabric.microsoft.com/x\"}", LK_INVALID},
    {"{\"file\":\"abfss://" DEMO_WS "@onelake.dfs.fabric.microsoft.com/Lake.Lakehouse/Files/a\"}",
     LK_INVALID},
    {"{\"file\":\"abfss://other@onelake.dfs.fabric.microsoft.com/Lake.Lakehouse/Files/a\"}",
     LK_NOT_FOUND},
    {"{\"file\":\"" FILES "x.jar\",\"jars\":[\"" FILES "missing.jar\"]}", LK_NOT_FOUND},
    {"{\"file\":\"abfss://@\"}", LK_INVALID},
    {"{\"file\":\"abfss://\"}", LK_INVALID},
};

static void a_file_that_is_not_in_onelake_is_refused(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(bad); i++) {
        struct local_runner_plan plan;
        json_t *spec = request(bad[i].request);
        enum lk_status st = local_runner_plan(&f->options, spec, "/tmp/b", &plan, NULL);

        if (st != bad[i].status)
            fail_msg("%s: %d", bad[i].request, st);
        json_decref(spec);
    }
}

static void a_link_in_place_of_a_payload_is_refused(void **state)
{
    struct fixture *f = *state;
    struct local_runner_plan plan;
    json_t *spec = request("{\"file\":\"" FILES "link.py\"}");
    char path[512];

    snprintf(path, sizeof path, "%s/" DEMO_WS "/" DEMO_LH "/Files/link.py", f->root);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(local_runner_plan(&f->options, spec, "/tmp/b", &plan, NULL), LK_NOT_FOUND);
    json_decref(spec);
}

static void what_is_missing_is_named_with_the_command_that_installs_it(void **state)
{
    struct fixture *f = *state;
    struct lk_error err = LK_ERROR_INIT;

    assert_int_equal(local_runner_check(&f->options, &err), LK_UNSUPPORTED);
    assert_string_equal(err.code, "SparkNotInstalled");
    assert_non_null(strstr(err.message, "Spark is not installed"));
    assert_non_null(strstr(err.next, "./notebooks/install spark"));
    write_text(f->spark_home, "bin/spark-submit", "#!/bin/sh\n", 0755);
    assert_int_equal(local_runner_check(&f->options, &err), LK_UNSUPPORTED);
    assert_non_null(strstr(err.message, "Delta"));
    write_text(f->spark_home, "jars/delta-spark_2.12-3.2.0.jar", "", 0644);
    assert_int_equal(local_runner_check(&f->options, &err), LK_UNSUPPORTED);
    assert_non_null(strstr(err.message, "Java"));
    write_text(f->java_home, "bin/java", "#!/bin/sh\n", 0755);
    assert_int_equal(local_runner_check(&f->options, &err), LK_OK);
}

static void a_half_written_status_line_is_skipped(void **state)
{
    struct local_runner_status status;

    (void)state;
    local_runner_read_status(LK_STR("{\"event\":\"running\"}\n{\"event\":\"application\","
                                    "\"id\":\"local-1\"}\nnonsense\n{\"event\":\"err"),
                             &status);
    assert_true(status.running);
    assert_string_equal(status.app_id, "local-1");
    assert_string_equal(status.error_type, "");
    local_runner_read_status(LK_STR_EMPTY, &status);
    assert_false(status.running);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_travel_without_a_shell, set_up, tear_down),
        cmocka_unit_test_setup_teardown(libraries_become_local_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_jar_runs_by_its_class_and_without_the_runner, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_machine_decides_what_the_pool_decides_in_fabric, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_client_secret_is_in_the_settings_file_only, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_in_onelake_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_link_in_place_of_a_payload_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_missing_is_named_with_the_command_that_installs_it,
                                        set_up, tear_down),
        cmocka_unit_test(a_half_written_status_line_is_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
