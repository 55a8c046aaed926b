/* Where %livy connect leads: saved connections, the service on this machine, tokens, and what else
 * knows of them. */
#include "connect_fixture.h"

#include "magic/complete.h"

#include <unistd.h>

/* ---- saved connections --------------------------------------------------------------------- */

static void assert_config_lacks(struct fixture *f, const char *part)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 20);

    assert_lk_ok(lk_file_read(f->config, &text, &f->err), &f->err);
    assert_lacks(lk_buf_view(&text), part);
}

static void a_name_brings_back_everything_but_secrets(void **state)
{
    struct fixture *f = *state;

    f->answers_401_to = GOOD;
    f->cell.answers[0] = f->cell.answers[1] = PASSWORD;
    connect_well(f, "--kind hdinsight --header 'X-Team: data' --header-env X-Api-Key=API_KEY "
                    "--do-as eve --save prod");
    assert_config_lacks(f, "hunter2");
    assert_config_lacks(f, "k-12345");

    run_well(f, "%livy connect https://c.azurehdinsight.net --auth none");
    run_well(f, "%livy connect prod");
    assert_int_equal(f->cell.asked, 2); /* the password is not in the file */
    run_well(f, "%batch list");
    assert_sent(f, 0, GOOD);
    assert_sent(f, 0, "\r\nX-Team: data\r\n");
    assert_sent(f, 0, "\r\nX-Api-Key: k-12345\r\n");
    assert_sent(f, 0, "doAs=eve");

    /* What the line says counts more. */
    run_well(f, "%livy connect prod --header 'x-team: ops' --do-as ada");
    run_well(f, "%batch list");
    assert_sent(f, 1, "\r\nx-team: ops\r\n");
    assert_not_sent(f, 1, "X-Team: data");
    assert_sent(f, 1, "doAs=ada");
}

static void a_saved_connection_is_checked_as_if_a_stranger_had_written_it(void **state)
{
    static const struct {
        const char *settings, *code;
    } cases[] = {
        {"\"headers\":{\"X-A\":\"b\\r\\nX-Evil: c\"}", "BadHeader"},
        {"\"headers\":{\"X-A\\r\\nX-Evil\":\"c\"}", "BadHeader"},
        {"\"headers\":{\"Cookie\":\"hunter2\"}", "SecretHeader"},
        {"\"header_env\":{\"X-A\":\"a b\"}", "BadVariable"},
        {"\"user\":\"a:b\"", "BadUser"},
        {"\"auth\":\"magic\"", "UnknownAuth"},
        {"\"kind\":\"magic\"", "UnknownKind"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
        lk_buf_printf(&text, "{\"connections\":{\"x\":{\"url\":\"http://127.0.0.1:8998\",%s}}}",
                      cases[i].settings);
        assert_lk_ok(lk_file_write(f->config, 0600, lk_buf_view(&text), &f->err), &f->err);
        assert_int_not_equal(run(f, "%livy connect x"), LK_OK);
        assert_string_equal(f->err.code, cases[i].code);
    }
}

static void a_connection_before_the_first_cell_asks_in_the_first_that_needs_it(void **state)
{
    struct fixture *f = *state;
    struct lk_context_options options = f->context->options;

    f->answers_401_to = GOOD;
    f->cell.answers[0] = f->cell.answers[1] = PASSWORD;
    connect_well(f, "--kind hdinsight --header 'X-Team: data' --save prod");
    lk_context_free(f->context);
    options.endpoint = "prod";
    assert_lk_ok(lk_context_new(&options, &f->context, &f->err), &f->err);
    run_well(f, "%livy info");
    assert_shows(f, "the password will be asked for");
    assert_int_equal(f->cell.asked, 1);
    run_well(f, "%batch list");
    assert_int_equal(f->cell.asked, 2);
    assert_sent(f, 0, "\r\nX-Team: data\r\n");
}

static void a_silent_cell_asks_nobody(void **state)
{
    struct fixture *f = *state;
    struct lk_context_options options = f->context->options;

    lk_context_free(f->context);
    options.endpoint = "https://c.azurehdinsight.net/livy";
    assert_lk_ok(lk_context_new(&options, &f->context, &f->err), &f->err);
    f->cell.cell.read_only = true;
    assert_lk_status(LK_UNSUPPORTED, run(f, "%batch list"), &f->err);
    assert_string_equal(f->err.code, "NoPassword");
}

/* ---- the service on this machine ----------------------------------------------------------- */

/* As livy-local writes it; whose process is ours, so that it lives. */
static void write_state(const struct fixture *f, const char *more)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(8192);
    LK_CLEANUP(lk_free_ptr) char *path = temp_folder_path(f->folder, "state.json");
    struct lk_error err = LK_ERROR_INIT;

    lk_buf_printf(
        &text,
        "{\"version\":1,\"name\":\"local\",\"pid\":%d,"
        "\"authority\":\"https://localhost:1\",\"fabric\":\"https://localhost:2\","
        "\"onelake_blob\":\"https://localhost:3\",\"onelake_dfs\":\"https://localhost:3\","
        "\"abfss_host\":\"onelake.dfs.fabric.microsoft.com\",\"ca_file\":\"%s/ca.pem\","
        "\"livy_endpoint\":\"https://localhost:2/v1/workspaces/" GUID "/lakehouses/" GUID
        "/livyapi/versions/2023-12-01/batches\"%s}",
        (int)getpid(), f->folder, more);
    assert_lk_ok(lk_file_write(path, 0600, lk_buf_view(&text), &err), &err);
}

static void write_faces(const struct fixture *f)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf more = LK_BUF_INIT(4096);
    LK_CLEANUP(lk_free_ptr) char *path = temp_folder_path(f->folder, "password");
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_file_write(path, 0600, LK_STR(PASSWORD "\n"), &err), &err);
    lk_buf_printf(&more,
                  ",\"apache_endpoint\":\"https://localhost:2/apache/batches\","
                  "\"hdinsight_endpoint\":\"https://localhost:2/hdinsight/livy/batches\","
                  "\"synapse_endpoint\":\"https://localhost:2/synapse/livyApi/versions/"
                  "2019-11-01-preview/sparkPools/demo/batches\","
                  "\"demo\":{\"basic_user\":\"admin\",\"basic_password_file\":\"%s\"}",
                  path);
    write_state(f, lk_buf_cstr(&more));
}

static void the_service_on_this_machine_plays_all_four(void **state)
{
    static const struct {
        const char *code, *says, *base;
        enum lk_livy_auth auth;
    } cases[] = {
        {"%livy connect local", "Microsoft Fabric on this machine",
         "https://localhost:2/v1/workspaces/" GUID "/lakehouses/" GUID
         "/livyApi/versions/2023-12-01",
         LK_LIVY_AUTH_ENTRA},
        {"%livy connect local --kind fabric", "Microsoft Fabric on this machine",
         "https://localhost:2/v1/workspaces/" GUID "/lakehouses/" GUID
         "/livyApi/versions/2023-12-01",
         LK_LIVY_AUTH_ENTRA},
        {"%livy connect local --kind apache", "Apache Livy on this machine",
         "https://localhost:2/apache", LK_LIVY_AUTH_NONE},
        {"%livy connect local --kind HDInsight --save hdi", "Azure HDInsight on this machine",
         "https://localhost:2/hdinsight/livy", LK_LIVY_AUTH_BASIC},
        {"%livy connect local --kind synapse", "Azure Synapse on this machine",
         "https://localhost:2/synapse/livyApi/versions/2019-11-01-preview/sparkPools/demo",
         LK_LIVY_AUTH_ENTRA},
        {"%livy connect hdi", "Azure HDInsight on this machine",
         "https://localhost:2/hdinsight/livy", LK_LIVY_AUTH_BASIC},
    };
    struct fixture *f = *state;

    write_faces(f);
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        run_well(f, cases[i].code);
        assert_shows(f, cases[i].says);
        assert_shows_no_password(f);
        assert_string_equal(f->context->endpoint.base, cases[i].base);
        assert_int_equal(f->context->auth, cases[i].auth);
        assert_string_equal(f->context->cloud.name, "local");
    }
    assert_int_equal(f->cell.asked, 0); /* the demo's password is known */
    assert_str(lk_secret_reveal(&f->context->access->password), PASSWORD);
    f->cell.answers[0] = "another";
    run_well(f, "%livy connect hdi --user eve");
    assert_int_equal(f->cell.asked, 1);
}

static void a_livy_local_without_that_face_is_told_apart(void **state)
{
    struct fixture *f = *state;

    write_state(f, "");
    assert_lk_status(LK_UNSUPPORTED, run(f, "%livy connect local --kind synapse"), &f->err);
    assert_string_equal(f->err.code, "NoSuchFace");
    assert_lk_status(LK_INVALID, run(f, "%livy connect local --kind magic"), &f->err);
    assert_string_equal(f->err.code, "UnknownKind");
}

static void the_service_is_started_with_the_folder_we_are_in(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_free_ptr) char *program = temp_folder_path(f->folder, "livy-local");
    LK_CLEANUP(lk_free_ptr) char *said = temp_folder_path(f->folder, "said");
    LK_CLEANUP(lk_free_ptr) char *here = getcwd(NULL, 0);
    LK_CLEANUP(lk_buf_done) struct lk_buf script = LK_BUF_INIT(4096);
    LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(4096);
    LK_CLEANUP(lk_buf_done) struct lk_buf want = LK_BUF_INIT(4096);

    lk_buf_printf(&script, "#!/bin/sh\necho \"$@\" >%s\nexit 1\n", said);
    assert_lk_ok(lk_file_write(program, 0700, lk_buf_view(&script), &f->err), &f->err);
    f->context->options.local_program = program;
    f->context->options.clock = lk_clock_system(); /* that one is not waited for in no time */
    assert_lk_status(LK_FAILED, run(f, "%livy connect local --kind apache"), &f->err);
    f->context->options.local_program = NULL;
    f->context->options.clock = &f->clock.clock;
    assert_lk_ok(lk_file_read(said, &got, &f->err), &f->err);
    lk_buf_printf(&want, "--local-dir %s\n", here);
    assert_contains(lk_buf_view(&got), lk_buf_cstr(&want));
}

/* ---- what else knows of it ----------------------------------------------------------------- */

static void assert_offered(struct fixture *f, const char *code, const char *want)
{
    LK_CLEANUP(lk_json_unref)
    json_t *reply = lk_magic_complete(f->context, lk_str_from(code), strlen(code));
    LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(10000);
    size_t i;
    json_t *match;

    json_array_foreach(json_object_get(reply, "matches"), i, match)
    {
        lk_buf_printf(&got, "%s|", json_string_value(match));
    }
    assert_string_equal(lk_buf_cstr(&got), want);
}

static void kinds_and_sign_ins_are_completed(void **state)
{
    struct fixture *f = *state;

    assert_offered(f, "%livy connect x --auth ", "entra|basic|none|negotiate|");
    assert_offered(f, "%livy connect x --kind ", "fabric|synapse|hdinsight|apache|");
    assert_offered(f, "%livy connect x --header", "--header|--header-env|");
    assert_offered(f, "%entra token --for sy", "synapse|");
}

static void the_doctor_sees_a_service_of_any_kind(void **state)
{
    struct fixture *f = *state;

    f->answers_401_to = GOOD;
    f->headers = "WWW-Authenticate: Basic realm=\"x\"\r\n";
    connect_well(f, "--kind hdinsight --password-env LIVY_PASSWORD");
    run_well(f, "%doctor");
    assert_shows(f, "name and password, as admin");
    assert_sent(f, 0, GOOD);
    connect_well(f, "--kind hdinsight --password-env WRONG");
    assert_lk_status(LK_FAILED, run(f, "%doctor"), &f->err);
    assert_shows(f, "--auth basic --user NAME");
    assert_shows_no_password(f);
}

/* ---- scopes -------------------------------------------------------------------------------- */

static void every_service_has_tokens_of_its_own(void **state)
{
    static const struct {
        const char *url, *audience, *scope, *consent;
    } cases[] = {
        {"https://ws.dev.azuresynapse.net/livyApi/versions/2019-11-01-preview/sparkPools/p",
         "synapse", "https://dev.azuresynapse.net/.default",
         "https://dev.azuresynapse.net/user_impersonation"},
        {"https://ws.dev.azuresynapse.azure.cn/livyApi/versions/2019-11-01-preview/sparkPools/p",
         "synapse", "https://dev.azuresynapse.azure.cn/.default",
         "https://dev.azuresynapse.azure.cn/user_impersonation"},
    };
    struct fixture *f = *state;

    assert_str(lk_context_audience(f->context), "fabric");
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(4096);
        LK_CLEANUP(lk_buf_done) struct lk_buf scopes = LK_BUF_INIT(4096);
        lk_buf_printf(&code, "%%livy connect %s", cases[i].url);
        run_well(f, lk_buf_cstr(&code));
        assert_str(lk_context_audience(f->context), cases[i].audience);
        f->context->is_user = false;
        assert_lk_ok(lk_context_scopes(f->context, LK_STR("synapse"), &scopes, &f->err), &f->err);
        assert_str(lk_buf_view(&scopes), cases[i].scope);
        f->context->is_user = true;
        assert_lk_ok(lk_context_scopes(f->context, LK_STR("synapse"), &scopes, &f->err), &f->err);
        assert_str(lk_buf_view(&scopes), cases[i].consent);
        /* What was consented to for one service is not asked of another. */
        strcpy(f->context->user_scopes, "https://x/y");
        strcpy(f->context->user_audience, "synapse");
        assert_lk_ok(lk_context_scopes(f->context, LK_STR("synapse"), &scopes, &f->err), &f->err);
        assert_str(lk_buf_view(&scopes), "https://x/y");
        assert_lk_ok(lk_context_scopes(f->context, LK_STR("fabric"), &scopes, &f->err), &f->err);
        assert_lacks(lk_buf_view(&scopes), "https://x/y");
        f->context->user_scopes[0] = '\0';
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_name_brings_back_everything_but_secrets),
        TEST(a_saved_connection_is_checked_as_if_a_stranger_had_written_it),
        TEST(a_connection_before_the_first_cell_asks_in_the_first_that_needs_it),
        TEST(a_silent_cell_asks_nobody),
        TEST(the_service_on_this_machine_plays_all_four),
        TEST(a_livy_local_without_that_face_is_told_apart),
        TEST(the_service_is_started_with_the_folder_we_are_in),
        TEST(kinds_and_sign_ins_are_completed),
        TEST(the_doctor_sees_a_service_of_any_kind),
        TEST(every_service_has_tokens_of_its_own),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
