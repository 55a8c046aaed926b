/* Apache Livy's face against what the real servers answered, word for word, and HDInsight's. */
#include "livy_fixture.h"

#include "local/livy_apache_request.h"

#include "base/json.h"
#include "base/secret.h"
#include "support/assert.h"
#include "support/golden.h"

#include <pthread.h>

#define FILES "file:///srv/livy/files/"

static const char *const srv_folders[] = {"/srv/livy/files", NULL};

/* ---- asking -------------------------------------------------------------------------------- */

struct answer {
    int status;
    char *type, *location, *body;
};

static void answer_done(struct answer *answer)
{
    free(answer->type);
    free(answer->location);
    free(answer->body);
}

static struct lk_str find_header(const void *transport, const char *name)
{
    return golden_header(lk_str_from(transport), name);
}

/* headers: "Name: value" lines. path: below the server's name. */
static struct answer ask(struct fixture *f, enum local_method method, const char *path,
                         const char *headers, struct lk_str body)
{
    char *only_path = strdup(path);
    char *query = strchr(only_path, '?');
    struct local_request request;
    struct local_reply reply;
    struct answer ret;

    if (query)
        *query++ = '\0';
    request = make_request(method, only_path, query ? query : "", body);
    request.find_header = find_header;
    request.transport = headers;
    local_reply_init(&reply);
    local_livy_handle(f->livy, &request, &reply);
    ret = (struct answer){.status = reply.status,
                          .type = strdup(reply_header(&reply, "Content-Type")),
                          .location = strdup(reply_header(&reply, "Location")),
                          .body = body_of(&reply)};
    local_reply_done(&reply);
    free(only_path);
    return ret;
}

static void expect(struct fixture *f, enum local_method method, const char *path, const char *body,
                   int status, const char *wanted)
{
    struct answer answer = ask(f, method, path, "X-Requested-By: me\r\n", lk_str_from(body));

    if (answer.status != status || (wanted && strcmp(answer.body, wanted) != 0))
        fail_msg("%s: %d %s\nwanted %d %s", path, answer.status, answer.body, status,
                 wanted ? wanted : "");
    answer_done(&answer);
}

/* A batch's view; release with json_decref(). */
static json_t *get(struct fixture *f, const char *path)
{
    struct answer answer = ask(f, LOCAL_GET, path, "", LK_STR_EMPTY);
    json_t *json = json_loads(answer.body, 0, NULL);

    if (answer.status != 200 || !json)
        fail_msg("%s: %d %s", path, answer.status, answer.body);
    answer_done(&answer);
    return json;
}

static void wait_for(struct fixture *f, const char *path, const char *state)
{
    for (int looks = 0;; looks++) {
        json_t *json = get(f, path);
        bool there = strcmp(text_at(json, "state"), state) == 0;

        if (!there && looks == LOOKS)
            fail_msg("%s is %s, not %s", path, text_at(json, "state"), state);
        json_decref(json);
        if (there)
            return;
        look_again_soon();
    }
}

/* Until the log has so many lines, separators included. */
static void wait_for_lines(struct fixture *f, const char *path, int total)
{
    for (int looks = 0;; looks++) {
        json_t *json = get(f, path);
        bool there = json_integer_value(json_object_get(json, "total")) == total;

        json_decref(json);
        if (there)
            return;
        if (looks == LOOKS)
            fail_msg("%s has not %d lines", path, total);
        look_again_soon();
    }
}

static void submit(struct fixture *f, const char *name, const char *file)
{
    char body[512];

    snprintf(body, sizeof body, "{\"name\":\"%s\",\"file\":\"" FILES "%s\"}", name, file);
    expect(f, LOCAL_POST, "/apache/batches", body, 201, NULL);
}

/* ---- captures ------------------------------------------------------------------------------ */

/* Where the reader stood in the request, and whether the process was seen to run already, is
 * chance in the captures. */
static char *without_chance(const char *text, bool any_state)
{
    struct lk_buf ret = LK_BUF_INIT(1 << 20);
    const char *column = "column: ", *starting = "\"state\":\"starting\"";

    while (*text) {
        if (strncmp(text, column, strlen(column)) == 0) {
            lk_buf_put(&ret, LK_STR("column: N"));
            text += strlen(column);
            text += strspn(text, "0123456789");
        } else if (any_state && strncmp(text, starting, strlen(starting)) == 0) {
            lk_buf_put(&ret, LK_STR("\"state\":\"running\""));
            text += strlen(starting);
        } else {
            lk_buf_put_char(&ret, *text++);
        }
    }
    return lk_buf_take(&ret);
}

static enum local_method method_named(struct lk_str name)
{
    return lk_str_eq(name, LK_STR("POST"))     ? LOCAL_POST
           : lk_str_eq(name, LK_STR("DELETE")) ? LOCAL_DELETE
           : lk_str_eq(name, LK_STR("PUT"))    ? LOCAL_PUT
                                               : LOCAL_GET;
}

/* Sends what was sent then and wants what came then. */
static void as_captured(struct fixture *f, const char *folder, const char *name)
{
    char path[256], file[128];
    struct golden_http was;
    struct answer now;
    char *headers, *was_body, *wanted, *got;

    snprintf(file, sizeof file, "livy/%s/%s.http", folder, name);
    was = golden_http(file, 0);
    snprintf(path, sizeof path, "/apache%.*s", LK_STR_ARGS(was.target));
    headers = lk_str_dup(was.request_headers);
    now = ask(f, method_named(was.method), path, headers, was.request_body);
    was_body = lk_str_dup(was.body);
    wanted = without_chance(was_body, now.status == 201);
    got = without_chance(now.body, now.status == 201);
    if (now.status != was.status ||
        !lk_str_eq(lk_str_trim(lk_str_from(got)), lk_str_trim(lk_str_from(wanted))))
        fail_msg("%s: %d %s\nwas %d %s", file, now.status, got, was.status, wanted);
    assert_str(golden_header(lk_str_from(was.headers), "Content-Type"), now.type);
    assert_str(golden_header(lk_str_from(was.headers), "Location"), now.location);
    free(headers);
    free(was_body);
    free(wanted);
    free(got);
    answer_done(&now);
}

/* Files/<script>, which waits until release() and then prints what the captured log holds. */
static void print_as_captured(struct fixture *f, const char *folder, const char *name,
                              const char *script, int before, int exit_code)
{
    struct lk_buf lines = LK_BUF_INIT(1 << 20);
    char file[128], text[512];
    json_t *json, *log;

    snprintf(file, sizeof file, "livy/%s/%s.http", folder, name);
    json = json_loadb(golden_http(file, 0).body.ptr, golden_http(file, 0).body.len, 0, NULL);
    log = json_object_get(json, "log");
    assert_true(json_array_size(log) > 2);
    for (int i = 0; i < before; i++)
        lk_buf_printf(&lines, "line %d\n", i);
    for (size_t i = 1; i + 1 < json_array_size(log); i++)
        lk_buf_printf(&lines, "%s\n", json_string_value(json_array_get(log, i)));
    json_decref(json);
    snprintf(file, sizeof file, "%s.log", script);
    write_payload(f, file, lk_buf_cstr(&lines));
    lk_buf_done(&lines);
    snprintf(text, sizeof text,
             "while [ ! -e Files/%s.go ]; do sleep 0.01; done\ncat Files/%s.log\nexit %d\n", script,
             script, exit_code);
    write_payload(f, script, text);
}

static void release(struct fixture *f, const char *script)
{
    char name[128];

    snprintf(name, sizeof name, "%s.go", script);
    write_payload(f, name, "");
}

static void restart(struct fixture *f, const struct local_livy_limits *limits)
{
    local_livy_free(f->livy);
    f->options.limits = *limits;
    start(f);
}

/* ---- tests --------------------------------------------------------------------------------- */

/* The captures of 0.9.0 are one story; it is told again in its order. */
static void livy_0_9_answers_as_captured(void **state)
{
    struct fixture *f = *state;
    const char *const folder = "apache";

    restart(f, &(struct local_livy_limits){.at_once = 20, .folders = srv_folders});
    print_as_captured(f, folder, "batch-log-all-200", "ok.py", 0, 0);
    print_as_captured(f, folder, "batch-get-dead-exit-1-200", "exit1.py", 0, 1);
    print_as_captured(f, folder, "batch-get-dead-exception-200", "raise.py", 0, 1);
    print_as_captured(f, folder, "batch-get-dead-file-missing-200", "not-there.py", 0, 2);
    print_as_captured(f, folder, "batch-log-ring-all-200", "ring.py", 300, 0);
    as_captured(f, folder, "batch-list-empty-200");
    as_captured(f, folder, "batch-create-201");
    wait_for(f, "/apache/batches/0", "running");
    as_captured(f, folder, "batch-get-running-200");
    as_captured(f, folder, "batch-state-running-200");
    as_captured(f, folder, "batch-state-by-name-200");
    as_captured(f, folder, "batch-create-duplicate-name-400");
    release(f, "ok.py");
    wait_for(f, "/apache/batches/0", "success");
    as_captured(f, folder, "batch-get-success-200");
    as_captured(f, folder, "batch-state-success-200");
    as_captured(f, folder, "batch-log-all-200");
    as_captured(f, folder, "batch-log-default-200");
    as_captured(f, folder, "batch-log-from-size-200");
    as_captured(f, folder, "batch-log-past-end-200");
    as_captured(f, folder, "batch-log-bad-from-400");
    as_captured(f, folder, "batch-create-name-of-finished-400");
    as_captured(f, folder, "batch-create-no-file-400");
    as_captured(f, folder, "batch-create-numeric-name-400");
    as_captured(f, folder, "batch-create-path-not-allowed-400");
    as_captured(f, folder, "batch-get-phantom-of-refused-200");
    as_captured(f, folder, "batch-create-name-of-refused-400");
    as_captured(f, folder, "batch-delete-phantom-200");
    as_captured(f, folder, "batch-create-relative-path-400");
    as_captured(f, folder, "batch-create-deploy-mode-conf-400");
    as_captured(f, folder, "batch-create-bad-json-400");
    as_captured(f, folder, "batch-create-empty-body-400");
    as_captured(f, folder, "batch-create-unknown-field-400");
    as_captured(f, folder, "batch-create-wrong-type-400");
    as_captured(f, folder, "batch-create-text-plain-201");
    wait_for(f, "/apache/batches/9", "running");
    as_captured(f, folder, "batch-list-200");
    as_captured(f, folder, "batch-list-page-200");
    as_captured(f, folder, "batch-get-not-found-404");
    as_captured(f, folder, "batch-get-name-not-found-404");
    as_captured(f, folder, "batch-log-not-found-404");
    as_captured(f, folder, "batch-delete-not-found-404");
    as_captured(f, folder, "batch-put-405");
    as_captured(f, folder, "unknown-path-404");
    submit(f, "job-10", "ok.py");
    submit(f, "job-11", "ok.py");
    submit(f, "job-dead", "exit1.py");
    submit(f, "job-raise", "raise.py");
    submit(f, "job-missing", "not-there.py");
    as_captured(f, folder, "batch-create-conf-not-strings-201");
    submit(f, "job-ring", "ring.py");
    release(f, "exit1.py");
    release(f, "raise.py");
    release(f, "not-there.py");
    release(f, "ring.py");
    wait_for(f, "/apache/batches/12", "dead");
    as_captured(f, folder, "batch-get-dead-exit-1-200");
    wait_for(f, "/apache/batches/13", "dead");
    as_captured(f, folder, "batch-get-dead-exception-200");
    wait_for(f, "/apache/batches/14", "dead");
    as_captured(f, folder, "batch-get-dead-file-missing-200");
    wait_for(f, "/apache/batches/16", "success");
    as_captured(f, folder, "batch-log-ring-all-200");
    as_captured(f, folder, "batch-log-ring-default-200");
    as_captured(f, folder, "batch-log-ring-from-0-200");
    as_captured(f, folder, "batch-log-ring-tail-200");
    write_payload(f, "slow.py", "sleep 1000 & sleep 1000\n");
    submit(f, "job-slow", "slow.py");
    wait_for(f, "/apache/batches/17", "running");
    as_captured(f, folder, "batch-delete-running-200");
    as_captured(f, folder, "batch-get-after-delete-404");
    as_captured(f, folder, "batch-delete-again-404");
    as_captured(f, folder, "batch-delete-finished-200");
    f->livy->limits.apache_csrf = true;
    as_captured(f, folder, "batch-create-no-x-requested-by-400");
}

static void livy_0_7_answers_as_captured(void **state)
{
    struct fixture *f = *state;
    const char *const folder = "apache-0.7.1";

    restart(f, &(struct local_livy_limits){
                   .at_once = 20, .apache_version = "0.7.1", .folders = srv_folders});
    print_as_captured(f, folder, "batch-log-all-ring-200", "ok.py", 113, 0);
    as_captured(f, folder, "batch-create-201");
    as_captured(f, folder, "version-200");
    as_captured(f, folder, "batch-create-duplicate-name-400");
    as_captured(f, folder, "batch-create-unknown-field-400");
    as_captured(f, folder, "batch-create-path-not-allowed-400");
    wait_for(f, "/apache/batches/0", "running");
    as_captured(f, folder, "batch-state-200");
    release(f, "ok.py");
    wait_for(f, "/apache/batches/0", "success");
    as_captured(f, folder, "batch-get-success-200");
    as_captured(f, folder, "batch-log-all-ring-200");
    as_captured(f, folder, "batch-log-from-0-after-ring-200");
    as_captured(f, folder, "batch-log-past-end-200");
    as_captured(f, folder, "batch-create-no-file-400");
    as_captured(f, folder, "batch-create-numeric-name-400");
    as_captured(f, folder, "batch-create-bad-json-400");
    write_payload(f, "slow.py", "exec sleep 1000\n");
    submit(f, "slow", "slow.py");
    wait_for(f, "/apache/batches/slow", "running");
    as_captured(f, folder, "batch-delete-running-200");
    as_captured(f, folder, "batch-get-after-delete-404");
    f->livy->numbers[LOCAL_FACE_APACHE] = 9;
    as_captured(f, folder, "batch-create-conf-not-strings-201");
}

static void a_name_or_a_number_finds_a_batch_and_only_on_its_own_face(void **state)
{
    struct fixture *f = *state;

    restart(f, &(struct local_livy_limits){.folders = srv_folders});
    write_payload(f, "ok.py", "true\n");
    submit(f, "job", "ok.py");
    wait_for(f, "/apache/batches/job", "success");
    wait_for(f, "/apache/batches/0/", "success");
    expect(f, LOCAL_GET, "/apache/batches/00", "", 200, NULL);
    expect(f, LOCAL_GET, "/apache/batches/99999999999999999999", "", 404, NULL);
    expect(f, LOCAL_GET, "/apache/batches/job/nothing", "", 404, "");
    expect(f, LOCAL_GET, "/apache/sessions", "", 200, "{\"from\":0,\"total\":0,\"sessions\":[]}");
    expect(f, LOCAL_GET, "/hdinsight/livy/batches/0", "", 401, NULL);
    assert_null(local_livy_find(f->livy, lk_str_from(f->livy->jobs[0]->batch.id)));
}

static void paths_are_held_to_the_folders(void **state)
{
    static const struct {
        const char *file;
        const char *refusal; /* NULL: taken */
    } table[] = {
        {"file:///srv/livy/files/a%20b.py", NULL},
        {"file:/srv/livy/files/a.py", NULL},
        {"/srv/livy/files/a.py", NULL},
        {"hdfs:///jobs/a.py", NULL},
        {"wasbs://c@a.blob.core.windows.net/a.py", NULL},
        {"abfss://demo@onelake.dfs.fabric.microsoft.com/Lake.Lakehouse/Files/a.py", NULL},
        {"file:///srv/livy/files/../../../etc/passwd", "Local path"},
        {"file:///srv/livy/files/%2e%2e/%2e%2e/x.py", "Local path"},
        {"file:///srv/livy/files%00/x.py", "Local path"},
        {"file:///srv/livy/filesystem/x.py", "Local path"},
        {"file:///srv/livy/files", "Local path"},
        {"file://elsewhere/srv/livy/files/x.py", "Local path"},
        {"/etc/passwd", "Local path /etc/passwd cannot be added"},
        {"a.py", "Path 'a.py' is not absolute."},
    };
    static const char *const lists[] = {"jars", "files", "pyFiles", "archives"};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(table); i++) {
        json_t *request = json_pack("{s:s}", "file", table[i].file);
        struct lk_error err = LK_ERROR_INIT;
        enum lk_status st;

        st = local_livy_apache_check(request, srv_folders, NULL, &err);
        if (!table[i].refusal)
            assert_lk_ok(st, &err);
        else
            assert_contains(err.message, table[i].refusal);
        json_decref(request);
    }
    for (size_t i = 0; i < LK_COUNT(lists); i++) {
        json_t *request =
            json_pack("{s:s, s:[s]}", "file", "/srv/livy/files/a.py", lists[i], "/etc/x.zip#alias");
        assert_lk_status(LK_INVALID, local_livy_apache_check(request, srv_folders, NULL, NULL),
                         NULL);
        json_decref(request);
    }
}

/* 0.9.0 never takes the deploy mode; 0.7.1 takes it, where its administrator has not forbidden it.
 */
static void a_setting_is_refused_by_the_release_that_refuses_it(void **state)
{
    json_t *request = json_pack("{s:s, s:{s:s}}", "file", "/srv/livy/files/a.py", "conf",
                                "spark.submit.deployMode", "cluster");
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_status(
        LK_INVALID,
        local_livy_apache_check(request, srv_folders, local_livy_edition("0.9.0")->refused, &err),
        NULL);
    assert_contains(err.message, "session config: spark.submit.deployMode");
    assert_lk_ok(
        local_livy_apache_check(request, srv_folders, local_livy_edition("0.7.1")->refused, &err),
        &err);
    json_decref(request);
}

/* What the JSON reader of the server makes of values. */
static void scalars_become_text_and_the_rest_is_refused(void **state)
{
    static const struct {
        const char *body, *wanted; /* the request, or a part of the refusal */
    } table[] = {
        {"{\"name\":5,\"args\":[1,true,2.5],\"conf\":{\"a\":5,\"b\":null},\"queue\":null}",
         "{\"name\":\"5\",\"args\":[\"1\",\"true\",\"2.5\"],\"conf\":{\"a\":\"5\"}}"},
        {"{\"numExecutors\":\"3\",\"driverCores\":2}", "{\"numExecutors\":3,\"driverCores\":2}"},
        {"{\"proxyUser\":\"u\",\"queue\":\"q\"}", "{\"proxyUser\":\"u\",\"queue\":\"q\"}"},
        {"{\"numExecutors\":\"many\"}", "java.lang.Integer"},
        {"{\"numExecutors\":3000000000}", "type `int`"},
        {"{\"name\":{}}", "`java.lang.String` from Object value"},
        {"{\"args\":[[]]}", "`java.lang.String` from Array value"},
        {"{\"conf\":{\"a\":{}}}", "`java.lang.String` from Object value"},
        {"{\"conf\":[]}", "Map<java.lang.String,java.lang.String>"},
        {"{\"conf\":{\"a=b\":\"c\"}}", "no Spark property"},
        {"{\"artifactId\":\"x\"}", "Unrecognized field \"artifactId\""},
        {"[]", "not an Object"},
        {"{\"name\":\"a\",\"name\":\"b\"}", "Unexpected input"},
        {"nonsense", "Unexpected input"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(table); i++) {
        struct lk_error err = LK_ERROR_INIT;
        struct lk_buf text = LK_BUF_INIT(4096);
        json_t *json = NULL;

        if (local_livy_apache_read(LOCAL_LIVY_APACHE, lk_str_from(table[i].body), &json, &err) ==
            LK_OK) {
            lk_json_write(json, false, &text);
            assert_str(lk_buf_view(&text), table[i].wanted);
        } else {
            assert_contains(err.message, table[i].wanted);
        }
        lk_buf_done(&text);
        json_decref(json);
    }
}

static void too_many_that_wait_are_refused_and_leave_nothing(void **state)
{
    struct fixture *f = *state;
    json_t *json;

    restart(f, &(struct local_livy_limits){.at_once = 1, .waiting = 1, .folders = srv_folders});
    write_payload(f, "slow.py", "exec sleep 1000\n");
    submit(f, "first", "slow.py");
    wait_for(f, "/apache/batches/first", "running");
    submit(f, "second", "slow.py");
    wait_for(f, "/apache/batches/second", "starting");
    json = get(f, "/apache/batches/second");
    assert_int_equal(json_array_size(json_object_get(json, "log")), 2); /* so no phantom */
    json_decref(json);
    expect(f, LOCAL_POST, "/apache/batches", "{\"name\":\"third\"}", 400,
           "{\"msg\":\"Rejected, too many sessions are being created!\"}");
    expect(f, LOCAL_GET, "/apache/batches/third", "", 404, NULL);
    expect(f, LOCAL_DELETE, "/apache/batches/second", "", 200, "{\"msg\":\"deleted\"}");
    expect(f, LOCAL_DELETE, "/apache/batches/first", "", 200, "{\"msg\":\"deleted\"}");
}

static void an_ended_batch_and_its_name_are_kept_for_a_time(void **state)
{
    struct fixture *f = *state;

    restart(f, &(struct local_livy_limits){.folders = srv_folders});
    write_payload(f, "ok.py", "true\n");
    submit(f, "job", "ok.py");
    wait_for(f, "/apache/batches/job", "success");
    f->clock.ahead_ms = 590000;
    expect(f, LOCAL_GET, "/apache/batches/job", "", 200, NULL);
    f->clock.ahead_ms = 601000;
    expect(f, LOCAL_GET, "/apache/batches/job", "", 404, "{\"msg\":\"Session 'job' not found.\"}");
    submit(f, "job", "ok.py");
    wait_for(f, "/apache/batches/1", "success");
}

static void a_restart_keeps_the_batches_or_forgets_them(void **state)
{
    struct fixture *f = *state;

    restart(f, &(struct local_livy_limits){.folders = srv_folders});
    write_payload(f, "ok.py", "echo hello\n");
    write_payload(f, "slow.py", "exec sleep 1000\n");
    submit(f, "done", "ok.py");
    submit(f, "slow", "slow.py");
    submit(f, "gone", "ok.py");
    wait_for(f, "/apache/batches/done", "success");
    wait_for(f, "/apache/batches/slow", "running");
    wait_for(f, "/apache/batches/gone", "success");
    expect(f, LOCAL_DELETE, "/apache/batches/gone", "", 200, NULL);
    restart(f, &(struct local_livy_limits){.folders = srv_folders});
    wait_for(f, "/apache/batches/slow", "killed");
    expect(f, LOCAL_GET, "/apache/batches/0/log", "", 200,
           "{\"id\":0,\"from\":0,\"total\":3,\"log\":[\"stdout: \",\"hello\",\"\\nstderr: \"]}");
    submit(f, "next", "ok.py");
    expect(f, LOCAL_GET, "/apache/batches/3", "", 200, NULL); /* 2 is never given again */
    wait_for(f, "/apache/batches/3", "success");
    restart(f, &(struct local_livy_limits){.apache_forgets = true, .folders = srv_folders});
    expect(f, LOCAL_GET, "/apache/batches", "", 200, "{\"from\":0,\"total\":0,\"sessions\":[]}");
    submit(f, "new", "ok.py");
    wait_for(f, "/apache/batches/0", "success");
}

/* Asserts in other threads would not reach the test. */
static void *remove_slow(void *arg)
{
    struct answer answer = ask(arg, LOCAL_DELETE, "/apache/batches/slow", "", LK_STR_EMPTY);
    bool done = answer.status == 200;

    answer_done(&answer);
    return done ? arg : NULL;
}

/* It must not be true to those who were told that the record is gone. */
static void removing_waits_for_the_end_of_the_process(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[2];

    restart(f, &(struct local_livy_limits){.folders = srv_folders});
    write_payload(f, "slow.py",
                  "trap 'sleep 0.2; echo over >Files/over; exit 1' TERM\necho ready\n"
                  "sleep 1000 & wait\n");
    submit(f, "slow", "slow.py");
    wait_for_lines(f, "/apache/batches/slow/log", 3);
    for (size_t i = 0; i < LK_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, remove_slow, f), 0);
    for (size_t i = 0; i < LK_COUNT(threads); i++) {
        void *done = NULL;
        pthread_join(threads[i], &done);
        assert_non_null(done);
    }
    {
        LK_CLEANUP(lk_free_ptr) char *lakehouse = local_runner_lakehouse(&f->livy->runner);
        LK_CLEANUP(lk_free_ptr) char *over = lk_path_join(lakehouse, LK_STR("Files/over"));
        assert_true(lk_file_exists(over));
    }
}

static void a_line_without_its_end_waits_and_a_flood_is_read_from_its_end(void **state)
{
    struct fixture *f = *state;
    json_t *json;

    restart(f, &(struct local_livy_limits){.folders = srv_folders});
    write_payload(f, "half.py",
                  "echo whole; printf half; while [ ! -e Files/half.py.go ]; do "
                  "sleep 0.01; done\n");
    write_payload(f, "flood.py",
                  "i=0; while [ $i -lt 3000 ]; do echo "
                  "\"$i 456789012345678901234567890123456789012345678901234567\"; "
                  "i=$((i+1)); done; echo out; echo err >&2\n");
    submit(f, "half", "half.py");
    wait_for_lines(f, "/apache/batches/half/log", 3);
    release(f, "half.py");
    wait_for(f, "/apache/batches/half", "success");
    expect(f, LOCAL_GET, "/apache/batches/half/log?size=2", "", 200,
           "{\"id\":0,\"from\":2,\"total\":4,\"log\":[\"half\",\"\\nstderr: \"]}");
    submit(f, "flood", "flood.py");
    wait_for(f, "/apache/batches/flood", "success");
    expect(f, LOCAL_GET, "/apache/batches/flood/log?from=198&size=3", "", 200,
           "{\"id\":1,\"from\":198,\"total\":202,\"log\":[\"2999 "
           "456789012345678901234567890123456789012345678901234567\",\"out\",\"err\"]}");
    json = get(f, "/apache/batches/flood/log?size=-1");
    assert_int_equal(json_array_size(json_object_get(json, "log")), 202);
    json_decref(json);
}

/* ---- HDInsight ----------------------------------------------------------------------------- */

#define HDI "/hdinsight/livy/batches"

static void hdinsight_wants_password_and_header(void **state)
{
    static const char basic[] = "Authorization: Basic YWRtaW46czNjcmV0Og==\r\n"; /* admin:s3cret: */
    static const char both[] = "Authorization: Basic YWRtaW46czNjcmV0Og==\r\n"
                               "X-Requested-By: admin\r\n";
    static const char wrong[] = "Authorization: Basic YWRtaW46d3Jvbmc=\r\nX-Requested-By: me\r\n";
    struct fixture *f = *state;
    struct lk_secret password = LK_SECRET_INIT;
    struct lk_str body = LK_STR("{\"file\":\"" FILES "ok.py\",\"name\":\"job\"}");
    struct answer answer;
    json_t *json;

    lk_secret_set(&password, LK_STR("s3cret:"));
    f->options.basic_user = "admin";
    f->options.basic_password = &password;
    restart(f, &(struct local_livy_limits){.folders = srv_folders});
    write_payload(f, "ok.py",
                  "echo '{\"event\":\"application\",\"id\":\"application_1\"}' "
                  ">>$LIVY_LOCAL_STATUS\n");
    answer = ask(f, LOCAL_GET, HDI, "", LK_STR_EMPTY);
    assert_int_equal(answer.status, 401);
    answer_done(&answer);
    answer = ask(f, LOCAL_GET, HDI, wrong, LK_STR_EMPTY);
    assert_int_equal(answer.status, 401);
    answer_done(&answer);
    answer = ask(f, LOCAL_POST, HDI, basic, body);
    assert_int_equal(answer.status, 400);
    assert_contains(answer.body, "Missing Required Header for CSRF protection.");
    answer_done(&answer);
    answer = ask(f, LOCAL_POST, HDI "?doAs=eve", both, body);
    assert_int_equal(answer.status, 201);
    assert_string_equal(answer.location, "/batches/0");
    answer_done(&answer);
    for (int looks = 0; looks < LOOKS; looks++) {
        bool ended;

        answer = ask(f, LOCAL_GET, HDI "/job", basic, LK_STR_EMPTY);
        json = json_loads(answer.body, 0, NULL);
        ended = strcmp(text_at(json, "state"), "success") == 0;
        answer_done(&answer);
        if (ended)
            break;
        json_decref(json);
        look_again_soon();
    }
    assert_string_equal(text_at(json, "owner"), "admin");
    assert_string_equal(text_at(json, "proxyUser"), "eve");
    assert_string_equal(text_at(json, "appId"), "application_1");
    assert_string_equal(json_string_value(json_array_get(json_object_get(json, "log"), 2)),
                        "\nYARN Diagnostics: ");
    json_decref(json);
    lk_secret_done(&password);
    f->options.basic_password = NULL;
    f->livy->basic_password = NULL;
    f->livy->basic_user = NULL;
}

/* ---- who may come in --------------------------------------------------------------------------
 */

static bool is_somebody_else(const void *transport)
{
    (void)transport;
    return false;
}

static void another_users_program_may_not_even_look(void **state)
{
    struct fixture *f = *state;
    const enum local_method methods[] = {LOCAL_GET, LOCAL_POST};

    for (size_t i = 0; i < LK_COUNT(methods); i++) {
        struct local_request request =
            make_request(methods[i], "/apache/batches", "", LK_STR("{\"file\":\"/x\"}"));
        struct local_reply reply;

        request.is_own_user = is_somebody_else;
        local_reply_init(&reply);
        local_livy_handle(f->livy, &request, &reply);
        assert_int_equal(reply.status, 403);
        local_reply_done(&reply);
    }
    assert_int_equal(f->livy->job_count, 0);
}

/* The browser is our own user's program; the page that tells it what to send is not. */
static void a_web_page_may_not_submit(void **state)
{
    struct fixture *f = *state;
    struct answer answer = ask(f, LOCAL_POST, "/apache/batches",
                               "Origin: https://evil.example\r\nContent-Type: text/plain\r\n",
                               LK_STR("{\"file\":\"/srv/livy/files/x.py\"}"));

    assert_int_equal(answer.status, 403);
    assert_int_equal(f->livy->job_count, 0);
    answer_done(&answer);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(livy_0_9_answers_as_captured),
        TEST(livy_0_7_answers_as_captured),
        TEST(a_name_or_a_number_finds_a_batch_and_only_on_its_own_face),
        TEST(paths_are_held_to_the_folders),
        TEST(a_setting_is_refused_by_the_release_that_refuses_it),
        TEST(scalars_become_text_and_the_rest_is_refused),
        TEST(too_many_that_wait_are_refused_and_leave_nothing),
        TEST(an_ended_batch_and_its_name_are_kept_for_a_time),
        TEST(a_restart_keeps_the_batches_or_forgets_them),
        TEST(removing_waits_for_the_end_of_the_process),
        TEST(a_line_without_its_end_waits_and_a_flood_is_read_from_its_end),
        TEST(hdinsight_wants_password_and_header),
        TEST(another_users_program_may_not_even_look),
        TEST(a_web_page_may_not_submit),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
