/* %livy connect and what a connection then sends, over a real socket to a server of the test's
 * own. */
#include "magic/complete.h"
#include "magic/context.h"
#include "magic/run.h"

#include "base/file.h"
#include "support/assert.h"
#include "support/fake_cell.h"
#include "support/fake_clock.h"
#include "support/http_peer.h"
#include "support/temp_folder.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GUID     "11111111-1111-4111-8111-111111111111"
#define PASSWORD "hunter2-\xc3\xa4:x"
/* admin and that password */
#define GOOD "Authorization: Basic YWRtaW46aHVudGVyMi3DpDp4\r\n"

struct fixture {
    struct lk_context *context;
    struct fake_clock clock;
    struct lk_cancel *cancel;
    struct fake_cell cell;
    struct http_peer *peer;
    char *folder, *config;
    struct lk_error err;
    const char *answers_401_to; /* requests without this text */
    const char *headers;        /* of 401s */
    bool redirects;
};

/* An empty Livy, behind whatever the test has put in front of it. */
static void answer(void *data, size_t index, struct lk_str request, struct lk_buf *ret)
{
    const struct fixture *f = data;

    (void)index;
    if (f->redirects)
        http_peer_put(ret, 302, "Location: https://idp.example/login\r\n", "");
    else if (f->answers_401_to &&
             lk_str_find(request, lk_str_from(f->answers_401_to)) == request.len)
        http_peer_put(ret, 401, f->headers, "<html>Who are you?</html>");
    else
        http_peer_put(ret, 200, NULL, "{\"from\":0,\"total\":0,\"sessions\":[]}");
}

static const char *variable(const char *name)
{
    return strcmp(name, "LIVY_PASSWORD") == 0 ? PASSWORD
           : strcmp(name, "API_KEY") == 0     ? "k-12345"
           : strcmp(name, "WRONG") == 0       ? "not it"
           : strcmp(name, "TWO_LINES") == 0   ? "a\r\nX-Evil: b"
                                              : NULL;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct lk_context_options options = {.secret_variable = variable};

    fake_clock_init(&f->clock);
    f->folder = temp_folder_new();
    f->config = temp_folder_path(f->folder, "config.json");
    f->cancel = lk_cancel_new();
    fake_cell_init(&f->cell, f->cancel);
    f->peer = http_peer_new(answer, f);
    options.clock = &f->clock.clock;
    options.state_folder = options.local_home = f->folder;
    options.config_file = f->config;
    *state = f;
    return lk_context_new(&options, &f->context, &f->err);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    lk_context_free(f->context);
    http_peer_free(f->peer);
    fake_cell_done(&f->cell);
    lk_cancel_free(f->cancel);
    free(f->config);
    temp_folder_free(f->folder);
    free(f);
    return 0;
}

static enum lk_status run(struct fixture *f, const char *code)
{
    lk_error_clear(&f->err);
    fake_cell_clear(&f->cell);
    return lk_magic_run_cell(f->context, &f->cell.cell, lk_str_from(code), &f->err);
}

static void run_well(struct fixture *f, const char *code)
{
    assert_lk_ok(run(f, code), &f->err);
}

/* %livy connect to the peer, with these options. */
static enum lk_status connect_with(struct fixture *f, const char *options)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(4096);

    lk_buf_printf(&code, "%%livy connect http://127.0.0.1:%u/livy %s", http_peer_port(f->peer),
                  options);
    return run(f, lk_buf_cstr(&code));
}

static void connect_well(struct fixture *f, const char *options)
{
    assert_lk_ok(connect_with(f, options), &f->err);
}

static void assert_refused(struct fixture *f, const char *options, const char *code)
{
    enum lk_status st = connect_with(f, options);

    assert_int_not_equal(st, LK_OK);
    if (strcmp(f->err.code, code) != 0)
        fail_msg("'%s' is %s: %s", options, f->err.code, f->err.message);
    assert_true(f->err.next[0] || strcmp(code, "TooManyHeaders") == 0);
}

static void assert_sent(struct fixture *f, size_t index, const char *part)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf request = LK_BUF_INIT(1 << 20);

    http_peer_request(f->peer, index, &request);
    assert_contains(lk_buf_view(&request), part);
}

static void assert_not_sent(struct fixture *f, size_t index, const char *part)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf request = LK_BUF_INIT(1 << 20);

    http_peer_request(f->peer, index, &request);
    assert_lacks(lk_buf_view(&request), part);
}

/* What the cell showed: values, displays and streams. */
static void put_shown(const struct fixture *f, struct lk_buf *ret)
{
    for (size_t i = 0; i < f->cell.display_count; i++)
        lk_json_write(f->cell.displays[i].data, false, ret);
    for (size_t i = 0; i < f->cell.value_count; i++)
        lk_json_write(f->cell.values[i].value, false, ret);
    lk_buf_put(ret, lk_buf_view(&f->cell.out));
    lk_buf_put(ret, lk_buf_view(&f->cell.errout));
    lk_buf_printf(ret, "%s %s %s %s", f->err.code, f->err.message, f->err.next, f->err.story);
    for (size_t i = 0; i < f->cell.asked; i++)
        lk_buf_printf(ret, "%s", f->cell.prompts[i]);
}

static void assert_shows_no_password(const struct fixture *f)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf shown = LK_BUF_INIT(1 << 20);

    put_shown(f, &shown);
    assert_lacks(lk_buf_view(&shown), "hunter2");
    assert_lacks(lk_buf_view(&shown), "aHVudGVyMi");
    assert_lacks(lk_buf_view(&shown), "k-12345");
}

static void assert_shows(const struct fixture *f, const char *part)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf shown = LK_BUF_INIT(1 << 20);

    put_shown(f, &shown);
    assert_contains(lk_buf_view(&shown), part);
}

/* ---- passwords ----------------------------------------------------------------------------- */

static void a_password_is_asked_for_once_and_sent_with_every_request(void **state)
{
    struct fixture *f = *state;

    f->answers_401_to = GOOD;
    f->cell.answers[0] = PASSWORD;
    connect_well(f, "--kind hdinsight");
    assert_int_equal(f->cell.asked, 1);
    assert_true(f->cell.was_password[0]);
    assert_string_equal(f->cell.prompts[0], "Password of admin at 127.0.0.1: ");
    assert_int_equal(http_peer_count(f->peer), 0); /* connecting sends nothing */
    assert_shows_no_password(f);
    assert_shows(f, "as admin");

    run_well(f, "%batch list\n%livy info");
    run_well(f, "%batch list");
    assert_sent(f, 0, GOOD);
    assert_sent(f, 1, GOOD);
    assert_int_equal(f->cell.asked, 1);
    assert_shows_no_password(f);

    /* The same place again, as when all cells are run: it is known. */
    connect_well(f, "--kind hdinsight");
    assert_int_equal(f->cell.asked, 1);
}

static void another_place_or_name_does_not_get_the_password(void **state)
{
    struct fixture *f = *state;

    f->cell.answers[0] = f->cell.answers[1] = f->cell.answers[2] = PASSWORD;
    connect_well(f, "--kind hdinsight");
    connect_well(f, "--kind hdinsight --user ada");
    assert_string_equal(f->cell.prompts[1], "Password of ada at 127.0.0.1: ");
    run_well(f, "%livy connect https://c.azurehdinsight.net");
    assert_string_equal(f->cell.prompts[2], "Password of admin at c.azurehdinsight.net: ");
    assert_int_equal(http_peer_count(f->peer), 0);
}

static void a_401_asks_again_in_the_cell_once(void **state)
{
    struct fixture *f = *state;

    f->answers_401_to = GOOD;
    f->cell.answers[0] = "wrong";
    f->cell.answers[1] = PASSWORD;
    connect_well(f, "--auth basic --user admin --kind apache");
    run_well(f, "%batch list");
    assert_int_equal(f->cell.asked, 2);
    assert_string_equal(f->cell.prompts[1], "It was not taken. Password of admin at 127.0.0.1: ");
    assert_int_equal(http_peer_count(f->peer), 2);
    assert_sent(f, 1, GOOD);
    assert_shows_no_password(f);

    run_well(f, "%batch list");
    assert_int_equal(f->cell.asked, 2);
}

static void two_wrong_passwords_fail_the_cell_and_the_next_one_asks_anew(void **state)
{
    struct fixture *f = *state;

    f->answers_401_to = GOOD;
    f->headers = "WWW-Authenticate: Basic realm=\"x\"\r\n";
    f->cell.answers[0] = "wrong";
    f->cell.answers[1] = "wrong, too";
    f->cell.answers[2] = PASSWORD;
    connect_well(f, "--kind hdinsight");
    assert_lk_status(LK_UNAUTHORIZED, run(f, "%batch list"), &f->err);
    assert_contains(f->err.next, "--auth basic --user NAME");
    assert_int_equal(f->cell.asked, 2);
    assert_int_equal(http_peer_count(f->peer), 2);
    run_well(f, "%batch list");
    assert_int_equal(f->cell.asked, 3);
    assert_string_equal(f->cell.prompts[2], "Password of admin at 127.0.0.1: ");
}

static void an_empty_answer_leaves_the_former_connection(void **state)
{
    struct fixture *f = *state;

    connect_well(f, "--kind apache");
    f->cell.answers[0] = "";
    assert_lk_status(LK_CANCELLED, connect_with(f, "--kind hdinsight"), &f->err);
    run_well(f, "%livy info");
    assert_shows(f, "\"service\":\"apache\"");
}

static void a_password_comes_from_the_environment(void **state)
{
    struct fixture *f = *state;

    f->answers_401_to = GOOD;
    f->cell.cell.allow_stdin = false;
    connect_well(f, "--kind hdinsight --password-env LIVY_PASSWORD");
    assert_shows(f, "LIVY_PASSWORD");
    run_well(f, "%batch list");
    assert_sent(f, 0, GOOD);
    assert_shows_no_password(f);

    /* One that is not taken is not asked about. */
    f->cell.cell.allow_stdin = true;
    connect_well(f, "--kind hdinsight --password-env WRONG");
    assert_lk_status(LK_UNAUTHORIZED, run(f, "%batch list"), &f->err);
    assert_int_equal(f->cell.asked, 0);
}

static void without_anybody_to_ask_the_way_out_is_named(void **state)
{
    struct fixture *f = *state;

    f->cell.cell.allow_stdin = false;
    assert_refused(f, "--kind hdinsight", "NoPassword");
    assert_contains(f->err.next, "--password-env");
    assert_false(f->context->connected);
}

/* ---- what is refused ----------------------------------------------------------------------- */

static void what_does_not_fit_is_refused_before_anybody_is_asked(void **state)
{
    static const struct {
        const char *options, *code;
    } cases[] = {
        {"--kind apache --auth digest", "UnknownAuth"},
        {"--kind hdinsight --auth entra", "UnfitAuth"},
        {"--kind apache --auth basic", "BadUser"},
        {"--kind hdinsight --user a:b", "BadUser"},
        {"--kind apache --auth none --user ada", "UnfitUser"},
        {"--kind apache --auth negotiate --password-env LIVY_PASSWORD", "UnfitUser"},
        {"--kind hdinsight --password-env hunter2!", "BadVariable"},
        {"--kind hdinsight --password-env NOT_THERE", "NoSecret"},
        {"--kind apache --header hunter2", "BadHeader"},
        {"--kind apache --header 'Host: x'", "BadHeader"},
        {"--kind apache --header 'Authorization: Bearer hunter2'", "SecretHeader"},
        {"--kind apache --header 'X-Api-Key: hunter2'", "SecretHeader"},
        {"--kind apache --header 'X-Team: Basic aHVudGVyMi'", "SecretHeader"},
        {"--kind apache --header-env X-Api-Key", "BadVariable"},
        {"--kind apache --header-env X-Api-Key=hunter2!", "BadVariable"},
        {"--kind apache --header-env X-Api-Key=NOT_THERE", "NoSecret"},
        {"--kind apache --header-env X-Api-Key=TWO_LINES", "BadHeader"},
        {"--kind apache --header-env 'X Y=API_KEY'", "BadHeader"},
        {"--kind hdinsight --header-env Authorization=API_KEY", "TwoSignIns"},
        {"--kind apache --auth entra", "ForeignHost"},
        {"--kind apache --header A:1 --header B:1 --header C:1 --header D:1 --header E:1 "
         "--header F:1 --header G:1 --header H:1 --header I:1",
         "TooManyHeaders"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        assert_refused(f, cases[i].options, cases[i].code);
        assert_shows_no_password(f);
    }
    assert_int_equal(f->cell.asked, 0);
    assert_false(f->context->connected);
}

static void line_ends_do_not_get_into_headers(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_json_unref) json_t *evil = json_string("x\r\nX-Evil: y");

    assert_lk_ok(lk_vars_set(f->context->vars, LK_STR("evil"), evil, &f->err), &f->err);
    assert_refused(f, "--kind apache --header 'X-Team: {evil}'", "BadHeader");
    assert_refused(f, "--kind hdinsight --user '{evil}'", "BadUser");
    connect_well(f, "--kind apache --do-as '{evil}'");
    run_well(f, "%batch list");
    assert_sent(f, 0, "&doAs=x%0D%0AX-Evil%3A%20y HTTP/1.1\r\n");
    assert_not_sent(f, 0, "\nX-Evil");
}

static void plain_http_beyond_this_machine_wants_a_word(void **state)
{
    struct fixture *f = *state;

    assert_lk_status(LK_INVALID, run(f, "%livy connect http://livy.example.org:8998"), &f->err);
    assert_contains(f->err.next, "--insecure-http");
    run_well(f, "%livy connect http://livy.example.org:8998 --insecure-http");
    assert_shows(f, "plain http");
    run_well(f, "%livy connect http://livy.example.org:8998 --auth none");
    assert_shows(f, "plain http");
    assert_lk_status(LK_DENIED,
                     run(f, "%livy connect http://livy.example.org:8998 --auth basic --user ada "
                            "--insecure-http"),
                     &f->err);
    assert_lk_status(LK_DENIED,
                     run(f, "%livy connect http://livy.example.org:8998 --auth none "
                            "--insecure-http --header-env X-Api-Key=API_KEY"),
                     &f->err);
    assert_int_equal(f->cell.asked, 0);
}

/* ---- what is sent -------------------------------------------------------------------------- */

static void headers_and_another_name_go_with_every_request(void **state)
{
    struct fixture *f = *state;

    connect_well(f, "--kind apache --header 'X-Team: data' --header X-Requested-By:ada "
                    "--header-env X-Api-Key=API_KEY --do-as 'eve & co'");
    assert_shows(f, "\"headers\":[\"X-Team\",\"X-Requested-By\",\"X-Api-Key\"]");
    assert_shows(f, "eve & co");
    assert_shows_no_password(f);
    run_well(f, "%batch list");
    assert_sent(f, 0, "\r\nX-Team: data\r\n");
    assert_sent(f, 0, "\r\nX-Requested-By: ada\r\n");
    assert_sent(f, 0, "\r\nX-Api-Key: k-12345\r\n");
    assert_sent(f, 0, "&doAs=eve%20%26%20co HTTP/1.1\r\n");
    assert_not_sent(f, 0, "Authorization");
}

static void a_redirect_is_told_and_not_followed(void **state)
{
    struct fixture *f = *state;

    f->redirects = true;
    f->cell.answers[0] = PASSWORD;
    connect_well(f, "--kind hdinsight");
    assert_lk_status(LK_PROTOCOL, run(f, "%batch list"), &f->err);
    assert_contains(f->err.next, "idp.example");
    assert_int_equal(http_peer_count(f->peer), 1);
}

static void without_a_kerberos_ticket_kinit_is_named(void **state)
{
    struct fixture *f = *state;

    setenv("KRB5CCNAME", "FILE:/nowhere/ticket", 1);
    connect_well(f, "--kind apache --auth negotiate");
    assert_shows(f, "Kerberos");
    assert_lk_status(LK_UNAUTHORIZED, run(f, "%batch list"), &f->err);
    assert_string_equal(f->err.code, "NoTicket");
    assert_contains(f->err.next, "kinit");
    assert_int_equal(http_peer_count(f->peer), 0);
    unsetenv("KRB5CCNAME");
}

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

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_password_is_asked_for_once_and_sent_with_every_request),
        TEST(another_place_or_name_does_not_get_the_password),
        TEST(a_401_asks_again_in_the_cell_once),
        TEST(two_wrong_passwords_fail_the_cell_and_the_next_one_asks_anew),
        TEST(an_empty_answer_leaves_the_former_connection),
        TEST(a_password_comes_from_the_environment),
        TEST(without_anybody_to_ask_the_way_out_is_named),
        TEST(what_does_not_fit_is_refused_before_anybody_is_asked),
        TEST(line_ends_do_not_get_into_headers),
        TEST(plain_http_beyond_this_machine_wants_a_word),
        TEST(headers_and_another_name_go_with_every_request),
        TEST(a_redirect_is_told_and_not_followed),
        TEST(without_a_kerberos_ticket_kinit_is_named),
        TEST(a_name_brings_back_everything_but_secrets),
        TEST(a_saved_connection_is_checked_as_if_a_stranger_had_written_it),
        TEST(a_connection_before_the_first_cell_asks_in_the_first_that_needs_it),
        TEST(a_silent_cell_asks_nobody),
        TEST(the_service_on_this_machine_plays_all_four),
        TEST(a_livy_local_without_that_face_is_told_apart),
        TEST(kinds_and_sign_ins_are_completed),
        TEST(the_doctor_sees_a_service_of_any_kind),
        TEST(every_service_has_tokens_of_its_own),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
