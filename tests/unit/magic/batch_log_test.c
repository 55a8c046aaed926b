/* %batch log in all its forms, and the story of a failure, on each service. */
#include "fabric/livy_log.h"
#include "magic/batch_failure.h"
#include "magic/run.h"

#include "support/assert.h"
#include "support/fake_cell.h"
#include "support/fake_clock.h"
#include "support/golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FABRIC                                                                                     \
    "https://api.fabric.microsoft.com/v1/workspaces/11111111-1111-4111-8111-111111111111/"         \
    "lakehouses/22222222-2222-4222-8222-222222222222/livyapi/versions/2023-12-01/batches"
#define SYNAPSE "https://ws.dev.azuresynapse.net/livyApi/versions/2019-11-01-preview/sparkPools/p"
#define APACHE  "http://127.0.0.1:8998"
#define ID      "33333333-3333-4333-8333-333333333333"

/* ---- a service with one batch and its logs ------------------------------------------------------
 */

enum { POLLS_MAX = 200 };

struct service {
    struct lk_http http;
    struct lk_buf text[3]; /* by enum lk_log_source; Livy's own list is the first */
    bool is_there[3];
    int polls, ends_after; /* questions about the batch; then it has ended */
    const char *end;       /* state at the end */
    const char *end_more;  /* members of the reply at the end, ", \"x\": 1" */
    const char *app_id;
    bool is_ring;
    bool lists_log; /* the reply carries the log */
    int lines_a_poll;
    int cuts; /* the next answers do not come */
    struct lk_cancel *cancel;
    int interrupt_after; /* polls; 0: never */
    int requests, log_requests;
    bool is_gone; /* the record is not there (any more) after that many polls */
    int gone_after;
};

static bool has(struct lk_str url, const char *part)
{
    return lk_str_find(url, lk_str_from(part)) < url.len;
}

static json_t *lines_of(const struct service *self)
{
    struct lk_str rest = lk_log_last_lines(lk_buf_view(&self->text[0]), 200), line;
    json_t *lines = json_array();

    json_array_append_new(lines, json_string("stdout: "));
    while (lk_str_next_line(&rest, &line))
        json_array_append_new(lines, lk_json_text(line));
    json_array_append_new(lines, json_string("\nstderr: "));
    return lines;
}

static void give_batch(struct service *self, struct lk_buf *ret)
{
    bool ended = self->ends_after && self->polls >= self->ends_after;
    LK_CLEANUP(lk_json_unref) json_t *lines = NULL;
    LK_CLEANUP(lk_buf_done) struct lk_buf log = LK_BUF_INIT(1 << 20);

    if (!ended)
        for (int i = 0; i < self->lines_a_poll; i++)
            lk_buf_printf(&self->text[0], "poll %d line %d\n", self->polls, i);
    if (self->interrupt_after && self->polls == self->interrupt_after)
        lk_cancel_set(self->cancel);
    self->polls++;
    lines = lines_of(self);
    lk_json_write(lines, false, &log);
    lk_buf_printf(ret, "{\"id\": \"%s\", \"name\": \"job\", \"state\": \"%s\", \"appId\": ",
                  self->is_ring || self->lists_log ? "5" : ID, ended ? self->end : "running");
    lk_buf_printf(ret, self->app_id ? "\"%s\"" : "null", self->app_id);
    if (self->lists_log)
        lk_buf_printf(ret, ", \"log\": %s", lk_buf_cstr(&log));
    lk_buf_printf(ret, "%s}", ended && self->end_more ? self->end_more : "");
}

static void give_ring(const struct service *self, struct lk_buf *ret)
{
    LK_CLEANUP(lk_json_unref) json_t *json = json_pack("{s:o}", "log", lines_of(self));

    lk_json_write(json, false, ret);
}

static int64_t number_in(struct lk_str url, const char *name)
{
    return atoll(url.ptr + lk_str_find(url, lk_str_from(name)) + strlen(name));
}

static bool give_file(struct service *self, struct lk_str url, struct lk_buf *ret)
{
    int file = has(url, "type=livy") ? LK_LOG_LIVY
               : has(url, "stderr")  ? LK_LOG_STDERR
                                     : LK_LOG_STDOUT;
    struct lk_str bytes = lk_buf_view(&self->text[file]);

    if (!self->is_there[file] || has(url, "rollingdriver"))
        return false;
    if (has(url, "meta=true"))
        lk_buf_printf(ret, "{\"length\": %zu}", bytes.len);
    else
        lk_buf_put(ret,
                   lk_str_slice(bytes, (size_t)number_in(url, "offset="),
                                (size_t)(number_in(url, "offset=") + number_in(url, "size="))));
    return true;
}

static enum lk_status answer(struct lk_http *http, const struct lk_http_request *request,
                             struct lk_cancel *cancel, struct lk_http_response *ret,
                             struct lk_error *err)
{
    struct service *self = (struct service *)http;
    struct lk_str url = lk_str_slice(request->url, 8, request->url.len);

    lk_http_response_done(ret);
    if (self->is_gone && self->polls >= self->gone_after) {
        ret->status = 404;
        lk_buf_put(&ret->body, LK_STR("{\"msg\":\"Session '5' not found.\"}"));
        return LK_OK;
    }
    if (++self->requests > 10000)
        fail_msg("it never ends");
    if (lk_cancel_is_set(cancel))
        return lk_error_set(err, LK_CANCELLED, "KeyboardInterrupt", "interrupted");
    if (self->cuts > 0) {
        self->cuts--;
        return lk_error_set(err, LK_NETWORK, "NoConnection",
                            "no connection to \033]0;the\007 service");
    }
    ret->status = 200;
    lk_buf_init(&ret->body, request->response_max);
    self->log_requests += has(url, "/log");
    if (has(url, "/log?"))
        give_ring(self, &ret->body);
    else if (!has(url, "/logs?"))
        give_batch(self, &ret->body);
    else if (!give_file(self, url, &ret->body))
        ret->status = 404;
    return LK_OK;
}

/* ---- the fixture -------------------------------------------------------------------------------
 */

struct fixture {
    struct lk_context context;
    struct service service;
    struct fake_clock clock;
    struct lk_cancel *cancel;
    struct fake_cell cell;
    struct lk_error err;
};

static void connect_to(struct fixture *f, const char *url, const char *kind)
{
    lk_livy_free(f->context.livy);
    f->context.livy = NULL;
    assert_lk_ok(lk_livy_endpoint_parse(lk_str_from(url), lk_str_from(kind), &f->context.cloud,
                                        &f->context.endpoint, &f->err),
                 &f->err);
    f->service.is_ring = strcmp(kind, "apache") == 0;
    f->service.lists_log = strcmp(kind, "synapse") == 0;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    fake_clock_init(&f->clock);
    f->cancel = lk_cancel_new();
    fake_cell_init(&f->cell, f->cancel);
    f->service.http.send = answer;
    f->service.end = "success";
    f->service.cancel = f->cancel;
    for (size_t i = 0; i < 3; i++)
        lk_buf_init(&f->service.text[i], 64 << 20);
    f->context.options.clock = &f->clock.clock;
    f->context.vars = lk_vars_new();
    f->context.journal = lk_journal_new("/nowhere/journal", &f->clock.clock);
    f->context.cloud = *lk_cloud_builtin(LK_STR("public"));
    f->context.connected = true;
    f->context.fabric_http = f->context.storage_http = &f->service.http;
    connect_to(f, FABRIC, "fabric");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    lk_livy_free(f->context.livy);
    fake_cell_done(&f->cell);
    lk_cancel_free(f->cancel);
    lk_vars_free(f->context.vars);
    lk_journal_free(f->context.journal);
    lk_seen_done(&f->context.seen);
    for (size_t i = 0; i < 3; i++)
        lk_buf_done(&f->service.text[i]);
    free(f);
    return 0;
}

static void write_log(struct fixture *f, enum lk_log_source source, const char *text)
{
    f->service.is_there[source] = true;
    lk_buf_put(&f->service.text[source], lk_str_from(text));
}

static enum lk_status try_run(struct fixture *f, const char *code)
{
    fake_cell_clear(&f->cell);
    lk_error_clear(&f->err);
    return lk_magic_run_cell(&f->context, &f->cell.cell, lk_str_from(code), &f->err);
}

static void run(struct fixture *f, const char *code)
{
    assert_lk_ok(try_run(f, code), &f->err);
}

#define assert_out(f, want) assert_str(lk_buf_view(&(f)->cell.out), (want))

/* What the answer says below the lines. */
static struct lk_str said(const struct fixture *f)
{
    assert_true(f->cell.display_count > 0);
    return fake_cell_shown(&f->cell, f->cell.display_count - 1, "text/plain");
}

/* ---- the end of a log
 * ----------------------------------------------------------------------------- */

static void the_last_lines_are_shown_of_the_source_that_is_named(void **state)
{
    struct fixture *f = *state;

    f->service.app_id = "app_1";
    write_log(f, LK_LOG_STDOUT, "a\nb\nc\n");
    write_log(f, LK_LOG_STDERR, "INFO 1\nINFO 2\n");
    write_log(f, LK_LOG_LIVY, "queued\n");
    run(f, "%batch log " ID " --tail 2");
    assert_out(f, "b\nc\n");
    run(f, "%batch log " ID " --source stderr");
    assert_out(f, "INFO 1\nINFO 2\n");
    run(f, "%batch log " ID " --source livy");
    assert_out(f, "queued\n");
    run(f, "%batch log " ID " --source driver --tail 1");
    assert_out(f, "==> stdout <==\nc\n==> stderr <==\nINFO 2\n");
}

static void before_spark_has_started_the_submission_is_shown(void **state)
{
    struct fixture *f = *state;

    write_log(f, LK_LOG_LIVY, "queued\n");
    run(f, "%batch log " ID);
    assert_out(f, "queued\n");
    assert_contains(said(f), "Spark has not started");
    assert_lk_status(LK_NOT_FOUND, try_run(f, "%batch log " ID " --source stdout"), &f->err);
    assert_contains(f->err.next, "--source livy");
}

static void the_last_lines_that_match_are_shown(void **state)
{
    struct fixture *f = *state;

    f->service.app_id = "app_1";
    f->service.is_there[0] = true;
    for (int i = 0; i < 200000; i++)
        lk_buf_printf(&f->service.text[0], "line %d of the log\n", i);
    run(f, "%batch log " ID " --grep '^LINE [0-9]*99 ' --ignore-case --tail 2");
    assert_out(f, "line 199899 of the log\nline 199999 of the log\n");
    assert_contains(said(f), "The last 2 of 2000 lines that match");
    run(f, "%batch log " ID " --grep '^LINE'");
    assert_out(f, "");
    assert_contains(said(f), "No line matches in ");
    run(f, "%batch log " ID " --grep ' 7 of'");
    assert_out(f, "line 7 of the log\n");
    assert_contains(said(f), "1 line matches in ");
}

static void what_cannot_be_asked_for_is_refused_before_anybody_is_asked(void **state)
{
    struct fixture *f = *state;

    assert_lk_status(LK_INVALID, try_run(f, "%batch log " ID " --grep 'a(b'"), &f->err);
    assert_contains(f->err.message, "a(b");
    assert_contains(f->err.next, "POSIX");
    assert_lk_status(LK_INVALID, try_run(f, "%batch log " ID " --ignore-case"), &f->err);
    assert_lk_status(LK_INVALID, try_run(f, "%batch log " ID " --source x"), &f->err);
    assert_lk_status(LK_INVALID, try_run(f, "%batch log " ID " --tail 0 --follow"), &f->err);
    assert_int_equal(f->service.requests, 0);
}

static void lines_that_would_steer_a_terminal_do_not(void **state)
{
    struct fixture *f = *state;

    connect_to(f, APACHE, "apache");
    write_log(f, LK_LOG_STDOUT, "a\x1b[2J\x07 b\n");
    run(f, "%batch log 5");
    assert_out(f, "a?[2J? b\n");
    f->service.ends_after = 2;
    run(f, "%batch log 5 --follow");
    assert_out(f, "a?[2J? b\n");
}

/* ---- following
 * ------------------------------------------------------------------------------------- */

static void a_log_is_followed_to_the_end_on_every_service(void **state)
{
    static const struct {
        const char *url, *kind, *code;
    } cases[] = {{FABRIC, "fabric", "%batch log " ID " --follow"},
                 {SYNAPSE, "synapse", "%batch log 5 --follow"},
                 {APACHE, "apache", "%batch log 5 --follow"}};
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf want = LK_BUF_INIT(1 << 20);
        connect_to(f, cases[i].url, cases[i].kind);
        f->service.app_id = "app_1";
        f->service.lines_a_poll = 30;
        f->service.polls = 0;
        f->service.ends_after = 20;
        f->service.is_there[0] = true;
        lk_buf_clear(&f->service.text[0]);
        run(f, cases[i].code);
        /* The first look shows the last lines only. */
        lk_buf_put(&want, lk_str_slice(lk_buf_view(&f->service.text[0]),
                                       5 * strlen("poll 0 line 0\n"), SIZE_MAX));
        assert_bytes(lk_buf_view(&f->cell.out), lk_buf_view(&want));
        assert_contains(said(f), "The batch has ended: succeeded. 595 lines.");
    }
}

static void a_followed_log_survives_a_network_that_is_gone_for_a_while(void **state)
{
    struct fixture *f = *state;

    f->service.app_id = "app_1";
    f->service.lines_a_poll = 1;
    f->service.ends_after = 8;
    f->service.is_there[0] = true;
    f->service.cuts = 0;
    connect_to(f, APACHE, "apache");
    f->service.lines_a_poll = 2;
    f->service.cuts = 25;
    run(f, "%batch log 5 --follow --tail 1000");
    assert_bytes(lk_buf_view(&f->cell.out), lk_buf_view(&f->service.text[0]));
    assert_contains(lk_buf_view(&f->cell.errout), "(no answer; trying on");
    assert_contains(lk_buf_view(&f->cell.errout), "no connection to ?]0;the? service)\n");
    assert_null(strstr(strstr(lk_buf_cstr(&f->cell.errout), "trying on") + 1, "trying on"));
}

static void lost_lines_are_marked_where_they_are_missing(void **state)
{
    struct fixture *f = *state;

    connect_to(f, APACHE, "apache");
    f->service.lines_a_poll = 450;
    f->service.ends_after = 3;
    run(f, "%batch log 5 --follow --tail 1000");
    assert_contains(lk_buf_view(&f->cell.out),
                    "poll 0 line 449\n--- lines are missing here ---\npoll 1 line 250\n");
    assert_contains(said(f), "Lines are missing where it says so");
}

static void a_monitor_shows_the_log_while_it_runs(void **state)
{
    struct fixture *f = *state;

    connect_to(f, APACHE, "apache");
    f->service.lines_a_poll = 10;
    f->service.ends_after = 5;
    run(f, "%batch monitor 5 --log");
    assert_bytes(lk_buf_view(&f->cell.out), lk_buf_view(&f->service.text[0]));
    run(f, "%batch monitor 5");
    assert_out(f, "");
}

static void a_batch_that_vanishes_is_no_success(void **state)
{
    struct fixture *f = *state;

    connect_to(f, APACHE, "apache");
    f->service.lines_a_poll = 1;
    f->service.is_gone = true;
    f->service.gone_after = 3;
    assert_lk_status(LK_UNKNOWN, try_run(f, "%batch log 5 --follow"), &f->err);
    assert_contains(lk_buf_view(&f->cell.out), "poll 1 line 0\n");
    f->service.gone_after = 0;
    assert_lk_status(LK_NOT_FOUND, try_run(f, "%batch log 5 --follow"), &f->err);
}

static void an_interrupt_leaves_and_the_batch_goes_on(void **state)
{
    struct fixture *f = *state;

    connect_to(f, APACHE, "apache");
    f->service.lines_a_poll = 1;
    f->service.interrupt_after = 3;
    assert_lk_status(LK_CANCELLED, try_run(f, "%batch log 5 --follow"), &f->err);
    assert_contains(f->err.message, "The batch goes on");
    assert_contains(f->err.next, "%batch log 5 --follow");
}

static void following_fails_when_the_batch_does_and_names_the_cause_once(void **state)
{
    struct fixture *f = *state;

    connect_to(f, APACHE, "apache");
    write_log(f, LK_LOG_STDOUT,
              "Traceback (most recent call last):\n  File \"x.py\", line 1\n"
              "ModuleNotFoundError: No module named 'deltalake'\n");
    f->service.ends_after = 2;
    f->service.end = "dead";
    assert_lk_status(LK_FAILED, try_run(f, "%batch log 5 --follow"), &f->err);
    assert_contains(lk_buf_view(&f->cell.out), "No module named 'deltalake'");
    assert_contains(f->err.message, "the Python module 'deltalake' is not installed there");
    assert_string_equal(f->err.story, "");
}

/* ---- the story of a failure ---------------------------------------------------------------------
 */

struct failure {
    const char *url, *kind;
    const char *stdout_text, *stderr_text, *livy_text, *batch; /* NULL: there is none */
    const char *message, *story, *next;
};

static void judge(struct fixture *f, const struct failure *failure)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    const char *texts[] = {failure->stdout_text, failure->stderr_text, failure->livy_text};
    struct lk_livy *livy;

    connect_to(f, failure->url, failure->kind);
    for (size_t i = 0; i < LK_COUNT(texts); i++) {
        lk_buf_clear(&f->service.text[i]);
        f->service.is_there[i] = texts[i] != NULL;
        lk_buf_put(&f->service.text[i], lk_str_from(texts[i]));
    }
    assert_lk_ok(lk_json_parse(lk_str_from(failure->batch), "batch", &json, &f->err), &f->err);
    assert_lk_ok(lk_livy_batch_read(f->context.endpoint.profile, json, &batch, &f->err), &f->err);
    assert_lk_ok(lk_context_livy(&f->context, &livy, &f->err), &f->err);
    assert_lk_status(LK_FAILED, lk_batch_judge(livy, &f->cell.cell, &batch, &f->err), &f->err);
    assert_contains(f->err.message, failure->message);
    assert_contains(f->err.story, failure->story);
    assert_contains(f->err.next, failure->next);
}

#define TRACEBACK                                                                                  \
    "Traceback (most recent call last):\n  File \"x.py\", line 3, in <module>\n    main()\n"

static void a_failure_tells_its_story_on_every_service(void **state)
{
    static const char dead[] = "{\"id\": \"" ID "\", \"state\": \"dead\", \"appId\": \"app_1\"}";
    static const char dead_5[] = "{\"id\": 5, \"state\": \"dead\"}";
    static const struct failure failures[] = {
        {FABRIC, "fabric", "", "INFO a\n" TRACEBACK "ValueError: no\nINFO b\n", NULL, dead,
         "failed", "ValueError: no", "--source stderr"},
        {FABRIC, "fabric", TRACEBACK "[TABLE_OR_VIEW_NOT_FOUND] view `t` cannot\n", "INFO b\n",
         NULL, dead, "`t` does not exist", "TABLE_OR_VIEW", "%lakehouse ls Tables"},
        {FABRIC, "fabric", "", "INFO\nERROR Container exited with exit code 137\nINFO b\n",
         "done\n", dead, "exit code 137", "exit code 137\nINFO b", "larger nodes"},
        {FABRIC, "fabric", NULL, NULL, "queued\ngave up\n", dead, "failed", "queued\ngave up",
         "%batch log"},
        {FABRIC, "fabric", NULL, NULL, "queued\n",
         "{\"id\": \"" ID "\", \"state\": \"dead\", \"errorInfo\": [{\"message\": "
         "\"[TooManyRequestsForCapacity] This spark job can't be run. HTTP status code: 430\"}]}",
         "cores were all in use", "queued", "%batch submit"},
        {SYNAPSE, "synapse", NULL, NULL, NULL,
         "{\"id\": 5, \"state\": \"dead\", \"log\": [\"stdout: \", \"Traceback (most recent call "
         "last):\", \"  File x\", \"MemoryError\", \"\\nstderr: \"]}",
         "driver's Python ran out of memory", "MemoryError", "collect()"},
        {APACHE, "apache", TRACEBACK "PermissionError: [Errno 13] Permission denied: '/x'\n", NULL,
         NULL, dead_5, "may not open '/x'", "PermissionError", "folder"},
        {APACHE, "apache", TRACEBACK "[TABLE_OR_VIEW_NOT_FOUND] view `t` cannot\n", NULL, NULL,
         dead_5, "`t` does not exist", "TABLE_OR_VIEW", "%batch log 5 --tail 100"},
        {APACHE, "apache", "about to fail\n", NULL, NULL, dead_5, "failed", "about to fail",
         "%batch log 5 --tail 100"},
        {APACHE, "apache", "", NULL, NULL, dead_5, "failed", "", "%batch log"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(failures); i++)
        judge(f, &failures[i]);
}

/* Bodies that a real server sent. */
static void captured_failures_tell_their_story(void **state)
{
    static const struct {
        const char *file, *message, *story;
    } cases[] = {
        {"livy/apache/batch-get-dead-exception-200.http", "failed", "no such column: total"},
        {"livy/apache/batch-get-dead-file-missing-200.http",
         "'/srv/livy/files/not-there.py' is not", "can't open file"},
        {"livy/apache/batch-get-dead-exit-1-200.http", "failed", "about to fail"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf body = LK_BUF_INIT(1 << 20);
        /* As Synapse has it: the log in the reply, which is of the same make. */
        struct failure failure = {SYNAPSE, "synapse",        NULL,           NULL, NULL,
                                  NULL,    cases[i].message, cases[i].story, ""};
        lk_buf_put(&body, golden_http(cases[i].file, 0).body);
        failure.batch = lk_buf_cstr(&body);
        judge(f, &failure);
    }
}

static void one_log_for_all_is_read_once(void **state)
{
    struct fixture *f = *state;
    static const struct failure failure = {
        APACHE, "apache", "x\n", NULL, NULL, "{\"id\": 5, \"state\": \"dead\"}", "failed", "x", ""};

    judge(f, &failure);
    assert_int_equal(f->service.log_requests, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_last_lines_are_shown_of_the_source_that_is_named),
        TEST(before_spark_has_started_the_submission_is_shown),
        TEST(the_last_lines_that_match_are_shown),
        TEST(what_cannot_be_asked_for_is_refused_before_anybody_is_asked),
        TEST(lines_that_would_steer_a_terminal_do_not),
        TEST(a_log_is_followed_to_the_end_on_every_service),
        TEST(a_followed_log_survives_a_network_that_is_gone_for_a_while),
        TEST(lost_lines_are_marked_where_they_are_missing),
        TEST(a_monitor_shows_the_log_while_it_runs),
        TEST(a_batch_that_vanishes_is_no_success),
        TEST(an_interrupt_leaves_and_the_batch_goes_on),
        TEST(following_fails_when_the_batch_does_and_names_the_cause_once),
        TEST(a_failure_tells_its_story_on_every_service),
        TEST(captured_failures_tell_their_story),
        TEST(one_log_for_all_is_read_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
