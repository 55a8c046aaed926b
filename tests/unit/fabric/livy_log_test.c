#include "fabric/livy_log.h"

#include "support/fake_clock.h"
#include "support/fake_http.h"
#include "support/golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOT                                                                                       \
    "https://api.fabric.microsoft.com/v1/workspaces/11111111-1111-4111-8111-111111111111/"         \
    "lakehouses/22222222-2222-4222-8222-222222222222"
#define LOGS ROOT "/livySessions/b-1/applications/app_1/logs?type="

/* ---- a monitoring API with one log, behaving as asked -------------------------------------------
 */

struct logs {
    struct lk_http http;
    struct lk_buf text;
    bool deaf;   /* offsets are not heard: every range begins at 0 */
    bool whole;  /* nor are sizes */
    bool rolled; /* a list of files once asked for rollingdriver */
    bool none;
    int64_t offset_max; /* larger ones are refused; 0: none is */
    int requests;
    size_t moved; /* bytes of log that travelled */
    char last_url[4096];
};

static int64_t number_in(struct lk_str url, const char *name)
{
    size_t at = lk_str_find(url, lk_str_from(name));
    char text[32];

    if (at == url.len)
        return -1;
    at += strlen(name);
    (void)snprintf(text, sizeof(text), "%.*s", LK_STR_ARGS(lk_str_slice(url, at, at + 20)));
    return atoll(text);
}

static void give_meta(struct logs *self, bool rolling, struct lk_buf *ret)
{
    bool is_livy = strstr(self->last_url, "type=livy") != NULL;

    /* Three equal parts of the text, in no order. */
    if (rolling)
        lk_buf_printf(ret,
                      "{\"containerLogMeta\":[{\"fileName\":\"stderr-2026-11-24-01\",\"length\":"
                      "%zu},{\"fileName\":\"stderr-active\",\"length\":%zu},{\"fileName\":"
                      "\"stderr-2026-11-24-02\",\"length\":%zu},{\"fileName\":\"stdout\","
                      "\"length\":7},5]}",
                      self->text.len / 3, self->text.len / 3, self->text.len / 3);
    else
        lk_buf_printf(ret,
                      is_livy ? "{\"fileName\":\"livy.log\",\"length\":%zu}"
                              : "{\"containerId\":\"c\",\"containerLogMeta\":{\"length\":%zu}}",
                      self->text.len);
}

/* What of the text the file holds that the request names. */
static struct lk_str file_of(const struct logs *self, struct lk_str url)
{
    static const char *const names[] = {"stderr-2026-11-24-01", "stderr-2026-11-24-02",
                                        "stderr-active"};
    size_t part = self->text.len / 3;

    for (size_t i = 0; i < LK_COUNT(names); i++)
        if (lk_str_find(url, lk_str_from(names[i])) < url.len)
            return lk_str_slice(lk_buf_view(&self->text), i * part, (i + 1) * part);
    return lk_buf_view(&self->text);
}

static bool give(const struct lk_http_request *request, struct lk_str bytes,
                 struct lk_http_response *ret)
{
    lk_buf_init(&ret->body, request->response_max);
    if (!request->sink) {
        lk_buf_put(&ret->body, bytes);
        return !ret->body.full;
    }
    for (size_t at = 0; at < bytes.len; at += 1000) {
        if (!request->sink->write(request->sink, lk_str_slice(bytes, at, at + 1000)))
            return false;
    }
    return true;
}

static enum lk_status send_logs(struct lk_http *http, const struct lk_http_request *request,
                                struct lk_cancel *cancel, struct lk_http_response *ret,
                                struct lk_error *err)
{
    struct logs *self = (struct logs *)http;
    struct lk_str url = request->url, bytes = file_of(self, url);
    bool rolling = lk_str_find(url, LK_STR("rollingdriver")) < url.len;
    int64_t offset = number_in(url, "offset="), size = number_in(url, "size=");

    (void)cancel;
    lk_http_response_done(ret);
    self->requests++;
    (void)snprintf(self->last_url, sizeof(self->last_url), "%.*s", LK_STR_ARGS(url));
    ret->status = self->none || (rolling && !self->rolled) ? 404 : 200;
    if (ret->status == 404)
        return LK_OK;
    if (lk_str_find(url, LK_STR("meta=true")) < url.len) {
        give_meta(self, rolling, &ret->body);
        return LK_OK;
    }
    if (self->offset_max && offset > self->offset_max) {
        ret->status = 400;
        return LK_OK;
    }
    if (offset >= 0 && !self->whole)
        bytes = lk_str_slice(bytes, self->deaf ? 0 : (size_t)offset,
                             (self->deaf ? 0 : (size_t)offset) + (size_t)size);
    self->moved += bytes.len;
    if (give(request, bytes, ret))
        return LK_OK;
    lk_http_response_done(ret);
    return lk_error_set(err, LK_LIMIT, "TooLarge", "too large");
}

struct fixture {
    struct logs logs;
    struct fake_clock clock;
    struct lk_livy_endpoint endpoint;
    struct lk_livy *livy;
    struct lk_livy_batch batch;
    struct lk_buf log;
    struct lk_error err;
    bool cut;
    int64_t total;
};

static void connect_to(struct fixture *f, const char *url, const char *kind, struct lk_http *http)
{
    lk_livy_free(f->livy);
    assert_lk_ok(lk_livy_endpoint_parse(lk_str_from(url), lk_str_from(kind),
                                        lk_cloud_builtin(LK_STR("public")), &f->endpoint, &f->err),
                 &f->err);
    f->livy = lk_livy_new(&(struct lk_livy_options){
        .endpoint = &f->endpoint, .http = http, .clock = &f->clock.clock});
}

static int setup(void **state)
{
    struct fixture *f = lk_alloc(sizeof(*f));

    f->logs.http.send = send_logs;
    lk_buf_init(&f->logs.text, 64 << 20);
    lk_buf_init(&f->log, 1 << 20);
    fake_clock_init(&f->clock);
    connect_to(f, ROOT "/livyApi/versions/2023-12-01", "", &f->logs.http);
    strcpy(f->batch.id, "b-1");
    strcpy(f->batch.app_id, "app_1");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    lk_livy_batch_done(&f->batch);
    lk_livy_free(f->livy);
    lk_buf_done(&f->logs.text);
    lk_buf_done(&f->log);
    free(f);
    return 0;
}

static void fill_log(struct fixture *f, int lines)
{
    lk_buf_clear(&f->logs.text);
    for (int i = 0; i < lines; i++)
        lk_buf_printf(&f->logs.text, "line %06d\n", i);
}

static enum lk_status tail(struct fixture *f, enum lk_log_source source, size_t max)
{
    lk_buf_clear(&f->log);
    f->logs.moved = 0;
    return lk_livy_log_tail(f->livy, &f->batch, source, max, NULL, &f->log, &f->cut, &f->total,
                            &f->err);
}

static void a_short_log_comes_whole(void **state)
{
    struct fixture *f = *state;

    fill_log(f, 3);
    assert_lk_ok(tail(f, LK_LOG_STDOUT, 1000), &f->err);
    assert_str(lk_buf_view(&f->log), "line 000000\nline 000001\nline 000002\n");
    assert_false(f->cut);
    assert_int_equal(f->total, 36);
    assert_contains(f->logs.last_url, LOGS "driver&fileName=stdout");
}

static void of_a_huge_log_only_the_end_travels(void **state)
{
    struct fixture *f = *state;

    fill_log(f, 1000000);
    assert_lk_ok(tail(f, LK_LOG_STDERR, 100), &f->err);
    /* 100 bytes are 8 lines and a piece of one, which is left out. */
    assert_true(lk_str_starts(lk_buf_view(&f->log), LK_STR("line 999992\n")));
    assert_true(lk_str_ends(lk_buf_view(&f->log), LK_STR("line 999999\n")));
    assert_true(f->cut);
    assert_int_equal(f->total, 12000000);
    assert_int_equal(f->logs.moved, 100 + 512); /* and how it begins, to know that it is the end */
}

static void after_the_end_a_service_that_hears_offsets_is_still_asked_for_them(void **state)
{
    struct fixture *f = *state;

    f->batch.end = LK_BATCH_FAILED;
    fill_log(f, 100000);
    assert_lk_ok(tail(f, LK_LOG_STDERR, 100), &f->err);
    assert_true(lk_str_ends(lk_buf_view(&f->log), LK_STR("line 099999\n")));
    assert_true(f->logs.moved < 2000);
}

/* Spark ends before its batch is said to have ended. */
static void a_service_deaf_to_offsets_is_noticed_whatever_it_says_of_the_batch(void **state)
{
    struct fixture *f = *state;

    fill_log(f, 100000);
    for (int i = 0; i < 4; i++) {
        f->batch.end = i / 2 ? LK_BATCH_FAILED : LK_BATCH_GOING;
        f->logs.deaf = i % 2 == 0;
        f->logs.whole = i % 2 == 1;
        lk_buf_clear(&f->log);
        assert_lk_ok(tail(f, LK_LOG_STDERR, 100), &f->err);
        assert_true(lk_str_starts(lk_buf_view(&f->log), LK_STR("line 099992\n")));
        assert_true(lk_str_ends(lk_buf_view(&f->log), LK_STR("line 099999\n")));
    }
}

/* livy.md §2: the documentation gives offsets a limit that no log keeps to. */
static void where_large_offsets_are_refused_the_whole_file_is_read(void **state)
{
    struct fixture *f = *state;

    f->logs.offset_max = 20000;
    fill_log(f, 100000);
    assert_lk_ok(tail(f, LK_LOG_STDERR, 100), &f->err);
    assert_true(lk_str_starts(lk_buf_view(&f->log), LK_STR("line 099992\n")));
    assert_true(lk_str_ends(lk_buf_view(&f->log), LK_STR("line 099999\n")));
}

/* Sizes are not heard either, and the file is short enough to come all the same. */
static void a_short_log_that_only_comes_whole_is_cut_here(void **state)
{
    struct fixture *f = *state;

    f->logs.whole = true;
    fill_log(f, 10000);
    assert_lk_ok(tail(f, LK_LOG_STDERR, 119988), &f->err);
    assert_true(lk_str_starts(lk_buf_view(&f->log), LK_STR("line 000002\n")));
    assert_true(lk_str_ends(lk_buf_view(&f->log), LK_STR("line 009999\n")));
}

static void after_the_end_rolled_files_are_one_log(void **state)
{
    struct fixture *f = *state;

    f->batch.end = LK_BATCH_FAILED;
    f->logs.rolled = true;
    fill_log(f, 9);
    assert_lk_ok(tail(f, LK_LOG_STDERR, 1000), &f->err);
    assert_bytes(lk_buf_view(&f->log), lk_buf_view(&f->logs.text));
    assert_contains(f->logs.last_url, "&fileName=stderr-active");
    assert_int_equal(f->total, 108);
    assert_false(f->cut);
    /* The last four lines are in two of them. */
    assert_lk_ok(tail(f, LK_LOG_STDERR, 50), &f->err);
    assert_str(lk_buf_view(&f->log), "line 000005\nline 000006\nline 000007\nline 000008\n");
    assert_true(f->cut);
}

static void the_submissions_log_needs_no_application(void **state)
{
    struct fixture *f = *state;

    f->batch.app_id[0] = '\0';
    fill_log(f, 1);
    assert_lk_ok(tail(f, LK_LOG_LIVY, 1000), &f->err);
    assert_contains(f->logs.last_url, "/livySessions/b-1/applications/none/logs?type=livy");
    assert_lk_status(LK_NOT_FOUND, tail(f, LK_LOG_STDOUT, 1000), &f->err);
    assert_contains(f->err.message, "yet");
    assert_contains(f->err.next, "--source livy");
}

static void what_the_batch_carries_is_the_fall_back(void **state)
{
    struct fixture *f = *state;

    f->logs.none = true;
    assert_lk_status(LK_NOT_FOUND, tail(f, LK_LOG_STDERR, 1000), &f->err);
    f->batch.raw = json_pack("{s:[s,s,s]}", "log", "stdout: ", "hello", "\nstderr: ");
    assert_lk_ok(tail(f, LK_LOG_STDERR, 1000), &f->err);
    assert_str(lk_buf_view(&f->log), "hello\n");
}

struct counter {
    struct lk_line_sink sink;
    size_t lines;
    int64_t last; /* number of the line that came last */
    bool in_order;
};

static void count_line(struct lk_line_sink *sink, struct lk_str line)
{
    struct counter *counter = (struct counter *)sink;
    int64_t number = -1;

    counter->in_order &= lk_str_to_i64(lk_str_slice(line, 5, line.len), &number) &&
                         (!counter->lines || number == counter->last + 1);
    counter->last = number;
    counter->lines++;
}

static void a_log_is_scanned_line_by_line_as_far_back_as_wanted(void **state)
{
    struct fixture *f = *state;
    struct counter counter = {.sink = {.line = count_line}, .in_order = true};
    int64_t scanned;

    fill_log(f, 1000000);
    assert_lk_ok(lk_livy_log_scan(f->livy, &f->batch, LK_LOG_STDOUT, 1 << 30, NULL, &counter.sink,
                                  &scanned, &f->total, &f->err),
                 &f->err);
    assert_int_equal(counter.lines, 1000000);
    assert_true(counter.in_order);
    assert_int_equal(scanned, 12000000);
    counter.lines = 0;
    f->logs.moved = 0;
    assert_lk_ok(lk_livy_log_scan(f->livy, &f->batch, LK_LOG_STDOUT, 125, NULL, &counter.sink,
                                  &scanned, &f->total, &f->err),
                 &f->err);
    assert_int_equal(counter.lines, 10);
    assert_int_equal(scanned, 125);
    assert_int_equal(f->total, 12000000);
    assert_int_equal(f->logs.moved, 125 + 512);
}

/* From its beginning no offset is needed, but for the second piece of it. */
static void a_long_log_of_a_service_deaf_to_offsets_is_read_once(void **state)
{
    struct fixture *f = *state;
    struct counter counter = {.sink = {.line = count_line}, .in_order = true};
    int64_t scanned;

    f->batch.end = LK_BATCH_SUCCEEDED;
    f->logs.deaf = true;
    fill_log(f, 1000000);
    f->logs.moved = 0;
    assert_lk_ok(lk_livy_log_scan(f->livy, &f->batch, LK_LOG_STDOUT, 1 << 30, NULL, &counter.sink,
                                  &scanned, &f->total, &f->err),
                 &f->err);
    assert_int_equal(counter.lines, 1000000);
    assert_true(counter.in_order);
    assert_true(f->logs.moved < 2 * f->logs.text.len);
}

static void apache_livys_ring_is_read_without_its_separators(void **state)
{
    struct fixture *f = *state;
    struct fake_http *http = fake_http_new();

    connect_to(f, "http://localhost:8998", "apache", &http->http);
    fake_http_reply(http, 200, NULL,
                    golden_http("livy/apache/batch-log-ring-all-200.http", 0).body);
    assert_lk_ok(tail(f, LK_LOG_STDOUT, 1 << 20), &f->err);
    assert_str(fake_http_request(http, 0)->url, "http://localhost:8998/batches/b-1/log?size=-1");
    assert_true(f->log.len > 100);
    assert_lacks(lk_buf_view(&f->log), "stderr: \n");
    fake_http_reply(http, 200, NULL,
                    golden_http("livy/apache/batch-log-ring-all-200.http", 0).body);
    assert_lk_ok(tail(f, LK_LOG_STDOUT, 60), &f->err);
    assert_true(f->log.len <= 60 && f->cut);
    fake_http_reply(http, 404, NULL,
                    golden_http("livy/apache/batch-log-not-found-404.http", 0).body);
    assert_lk_status(LK_NOT_FOUND, tail(f, LK_LOG_STDOUT, 60), &f->err);
    fake_http_free(http);
}

/* ---- the pure parts
 * --------------------------------------------------------------------------------- */

static void the_last_lines_are_the_last_lines(void **state)
{
    static const struct {
        const char *log;
        size_t n;
        const char *want;
    } cases[] = {
        {"a\nb\nc\n", 2, "b\nc"},
        {"a\nb\nc", 2, "b\nc"},
        {"a\nb\nc\n", 9, "a\nb\nc"},
        {"", 3, ""},
        {"\n", 1, ""},
        {"a", 1, "a"},
        {"a\n\nb\n", 2, "\nb"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++)
        assert_str(lk_log_last_lines(lk_str_from(cases[i].log), cases[i].n), cases[i].want);
}

#define FRAMES                                                                                     \
    "Traceback (most recent call last):\n  File \"/tmp/x.py\", line 9, in <module>\n    main()\n"

static void a_traceback_is_found_and_trimmed(void **state)
{
    static const struct {
        const char *log, *want;
    } cases[] = {
        {"26/11/24 00:19:02 INFO A: b\n" FRAMES "ValueError: no\n26/11/24 00:19:02 INFO C: d\n",
         FRAMES "ValueError: no"},
        {FRAMES "KeyError: 'first'\n\nDuring handling of the above exception, another exception "
                "occurred:\n\n" FRAMES "ValueError: second\n",
         FRAMES "ValueError: second"},
        {FRAMES "pyspark.errors.exceptions.captured.AnalysisException: [TABLE_OR_VIEW_NOT_FOUND] "
                "The table\nIf you did not qualify\n26/11/24 00:19:02 INFO X: y\n",
         FRAMES "pyspark.errors.exceptions.captured.AnalysisException: [TABLE_OR_VIEW_NOT_FOUND] "
                "The table\nIf you did not qualify"},
        {FRAMES "py4j.protocol.Py4JJavaError: An error occurred while calling o45.save.\n: "
                "org.apache.spark.SparkException: Job aborted\n\tat org.apache.x(Y.scala:1)\n",
         FRAMES "py4j.protocol.Py4JJavaError: An error occurred while calling o45.save.\n: "
                "org.apache.spark.SparkException: Job aborted"},
        {"Exception in thread \"main\" java.lang.IllegalStateException: x\n\tat a.b(C.java:1)\n",
         "Exception in thread \"main\" java.lang.IllegalStateException: x"},
        {"INFO\njava.lang.OutOfMemoryError: Java heap space\n\tat a\n",
         "java.lang.OutOfMemoryError: Java heap space"},
        {"all is well\nERROR is a word\n", ""},
        {"", ""},
        {FRAMES, "Traceback (most recent call last):\n  File \"/tmp/x.py\", line 9, in <module>\n"
                 "    main()"},
        {"Traceback (most recent call last):", "Traceback (most recent call last):"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++)
        assert_str(lk_log_find_traceback(lk_str_from(cases[i].log)), cases[i].want);
}

static void known_causes_are_named_with_a_way_out(void **state)
{
    static const struct {
        const char *traceback, *cause, *next;
    } cases[] = {
        {"AnalysisException: [TABLE_OR_VIEW_NOT_FOUND] The table or view `green_trips` cannot be "
         "found.",
         "the table or view `green_trips` does not exist", "%lakehouse ls Tables"},
        {"[TABLE_OR_VIEW_NOT_FOUND] The table or view `a`.`b` cannot be found", "view `a`.`b` does",
         "%lakehouse"},
        {"[TABLE_OR_VIEW_NOT_FOUND] no quotes", "that the payload wants", "%lakehouse"},
        {"[TABLE_OR_VIEW_NOT_FOUND] `open", "that the payload wants", ""},
        {"[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column `totl` cannot", "column `totl`", "lists"},
        {"[PATH_NOT_FOUND] Path does not exist: file:/x", "not there", "%lakehouse ls Files"},
        {"ModuleNotFoundError: No module named 'deltalake'", "'deltalake'", "--py-files"},
        {"  File x\nSyntaxError: invalid syntax", "no valid Python", "%%payload"},
        {"java.lang.OutOfMemoryError: Java heap space", "memory", "collect()"},
        {"[TooManyRequestsForCapacity] HTTP status code: 430", "capacity", "%batch submit"},
        {"Operation failed: \"Forbidden\", 403, HEAD", "may not", "Contributor"},
        {"FileNotFoundError: [Errno 2] No such file or directory: 'a.csv'", "'a.csv'",
         "/lakehouse/default"},
        {"python: can't open file '/srv/x.py': [Errno 2]", "payload '/srv/x.py'", "upload"},
        {"java.lang.ClassNotFoundException: com.example.Main", "class com.example.Main is",
         "--class"},
        {"Error: Failed to load class com.example.Main.", "class com.example.Main is", "--jars"},
        {"Error: No main class set in JAR; please specify one with --class.", "which class",
         "--class"},
        {"org.apache.hadoop.security.AccessControlException: Permission denied: user=livy, "
         "access=WRITE",
         "may not read or write", "names the user"},
        {"PermissionError: [Errno 13] Permission denied: '/root/x'", "'/root/x'", "folder"},
        {"IllegalArgumentException: spark.executor.cores should be int, but was abc", "setting",
         "--conf"},
        {"ExecutorLostFailure: Container killed by YARN for exceeding memory limits. 5.5 GB",
         "memory", "partitions"},
        {"Container exited with a non-zero exit code 137", "killed", "larger nodes"},
        {"HTTP status code: 430. Reason", "capacity", "%batch submit"},
    };
    const struct lk_livy_profile *apache = lk_livy_profile_find(LK_STR("apache"));

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf cause = LK_BUF_INIT(512);
        LK_CLEANUP(lk_buf_done) struct lk_buf next = LK_BUF_INIT(512);
        assert_true(lk_log_explain(lk_livy_profile_find(LK_STR("fabric")),
                                   lk_str_from(cases[i].traceback), &cause, &next));
        assert_contains(lk_buf_view(&cause), cases[i].cause);
        assert_contains(lk_buf_view(&next), cases[i].next);
        /* Other services have no environments and no payloads of ours. */
        lk_buf_clear(&cause);
        lk_buf_clear(&next);
        assert_true(lk_log_explain(apache, lk_str_from(cases[i].traceback), &cause, &next));
        assert_contains(lk_buf_view(&cause), cases[i].cause);
        assert_lacks(lk_buf_view(&next), "environment");
        assert_lacks(lk_buf_view(&next), "%%payload");
    }
}

static void an_unknown_cause_is_not_guessed_at(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf cause = LK_BUF_INIT(512);
    LK_CLEANUP(lk_buf_done) struct lk_buf next = LK_BUF_INIT(512);

    (void)state;
    assert_false(lk_log_explain(lk_livy_profile_find(LK_STR("fabric")), LK_STR("ValueError: no"),
                                &cause, &next));
    assert_false(
        lk_log_explain(lk_livy_profile_find(LK_STR("fabric")), LK_STR_EMPTY, &cause, &next));
    assert_int_equal(cause.len + next.len, 0);
}

static void a_log_without_a_traceback_is_searched_for_words_that_prove_something(void **state)
{
    static const struct {
        const char *log, *cause, *line;
    } cases[] = {
        {"INFO a\nERROR Container killed by YARN for exceeding memory limits\nINFO b\n", "memory",
         "ERROR Container killed by YARN for exceeding memory limits"},
        {"python: can't open file 'x.py': [Errno 2]", "'x.py'",
         "python: can't open file 'x.py': [Errno 2]"},
        /* Words that any payload may print. */
        {"INFO retried after a SyntaxError\n", NULL, NULL},
        {"the path: Path does not exist\n", NULL, NULL},
        {"", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf cause = LK_BUF_INIT(512);
        LK_CLEANUP(lk_buf_done) struct lk_buf next = LK_BUF_INIT(512);
        struct lk_str line = LK_STR_EMPTY;
        assert_int_equal(lk_log_explain_log(lk_livy_profile_find(LK_STR("fabric")),
                                            lk_str_from(cases[i].log), &cause, &next, &line),
                         cases[i].cause != NULL);
        if (!cases[i].cause)
            continue;
        assert_contains(lk_buf_view(&cause), cases[i].cause);
        assert_str(line, cases[i].line);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_short_log_comes_whole),
        TEST(of_a_huge_log_only_the_end_travels),
        TEST(after_the_end_a_service_that_hears_offsets_is_still_asked_for_them),
        TEST(a_service_deaf_to_offsets_is_noticed_whatever_it_says_of_the_batch),
        TEST(where_large_offsets_are_refused_the_whole_file_is_read),
        TEST(a_short_log_that_only_comes_whole_is_cut_here),
        TEST(after_the_end_rolled_files_are_one_log),
        TEST(the_submissions_log_needs_no_application),
        TEST(what_the_batch_carries_is_the_fall_back),
        TEST(a_log_is_scanned_line_by_line_as_far_back_as_wanted),
        TEST(a_long_log_of_a_service_deaf_to_offsets_is_read_once),
        TEST(apache_livys_ring_is_read_without_its_separators),
        cmocka_unit_test(the_last_lines_are_the_last_lines),
        cmocka_unit_test(a_traceback_is_found_and_trimmed),
        cmocka_unit_test(known_causes_are_named_with_a_way_out),
        cmocka_unit_test(an_unknown_cause_is_not_guessed_at),
        cmocka_unit_test(a_log_without_a_traceback_is_searched_for_words_that_prove_something),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
