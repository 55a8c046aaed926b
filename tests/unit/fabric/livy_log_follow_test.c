#include "fabric/livy_log_follow.h"

#include "support/fake_clock.h"
#include "support/fake_http.h"
#include "support/golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FABRIC                                                                                     \
    "https://api.fabric.microsoft.com/v1/workspaces/11111111-1111-4111-8111-111111111111/"         \
    "lakehouses/22222222-2222-4222-8222-222222222222/livyApi/versions/2023-12-01"

/* ---- a service with logs, in both ways ----------------------------------------------------------
 */

enum { FILES = 4 };

struct service {
    struct lk_http http;
    struct lk_buf files[FILES]; /* by enum lk_log_source; the last: an older rolled stdout */
    bool is_there[FILES];
    bool is_deaf;        /* to offsets: the application has ended */
    size_t ring;         /* lines that /log shows, at most */
    int status;          /* of the next answers, when not 200 */
    const char *headers; /* of those */
    enum lk_status fail; /* of the next requests */
    int fails;           /* how many of them do */
    int requests;
    size_t longest; /* bytes of one answer */
};

static int64_t number_in(struct lk_str url, const char *name)
{
    size_t at = lk_str_find(url, lk_str_from(name));

    return at == url.len ? -1 : atoll(url.ptr + at + strlen(name));
}

static bool has(struct lk_str url, const char *part)
{
    return lk_str_find(url, lk_str_from(part)) < url.len;
}

static int file_of(struct lk_str url)
{
    if (has(url, "type=livy"))
        return LK_LOG_LIVY;
    if (has(url, "stdout-2026"))
        return FILES - 1;
    return has(url, "stderr") ? LK_LOG_STDERR : LK_LOG_STDOUT;
}

static void give_ring(struct service *self, struct lk_buf *ret)
{
    struct lk_str rest = lk_log_last_lines(lk_buf_view(&self->files[LK_LOG_STDOUT]), self->ring);
    LK_CLEANUP(lk_json_unref) json_t *lines = json_array();
    struct lk_str line;

    json_array_append_new(lines, json_string("stdout: "));
    while (lk_str_next_line(&rest, &line))
        json_array_append_new(lines, lk_json_text(line));
    json_array_append_new(lines, json_string("\nstderr: "));
    LK_CLEANUP(lk_json_unref) json_t *json = json_pack("{s:O}", "log", lines);
    lk_json_write(json, false, ret);
}

static void give_meta(struct service *self, struct lk_str url, int file, struct lk_buf *ret)
{
    if (has(url, "rollingdriver"))
        lk_buf_printf(ret,
                      "{\"containerLogMeta\":[{\"fileName\":\"stdout\",\"length\":%zu},"
                      "{\"fileName\":\"stdout-2026-11-24-01\",\"length\":%zu}]}",
                      self->files[LK_LOG_STDOUT].len, self->files[FILES - 1].len);
    else
        lk_buf_printf(ret, "{\"length\":%zu}", self->files[file].len);
}

static void give_bytes(struct service *self, const struct lk_http_request *request,
                       struct lk_str bytes, struct lk_http_response *ret)
{
    size_t offset = self->is_deaf ? 0 : (size_t)number_in(request->url, "offset=");

    if (!has(request->url, "isPartial")) {
        (void)request->sink->write(request->sink, bytes);
        return;
    }
    bytes = lk_str_slice(bytes, offset, offset + (size_t)number_in(request->url, "size="));
    self->longest = bytes.len > self->longest ? bytes.len : self->longest;
    lk_buf_put(&ret->body, bytes);
}

static enum lk_status answer(struct lk_http *http, const struct lk_http_request *request,
                             struct lk_cancel *cancel, struct lk_http_response *ret,
                             struct lk_error *err)
{
    struct service *self = (struct service *)http;
    int file = file_of(request->url);
    bool is_rolling = has(request->url, "rollingdriver");

    lk_http_response_done(ret);
    self->requests++;
    if (lk_cancel_is_set(cancel))
        return lk_error_set(err, LK_CANCELLED, "KeyboardInterrupt", "interrupted");
    if (self->fails > 0) {
        self->fails--;
        return lk_error_set(err, self->fail, "Network", "no network");
    }
    ret->status = self->status ? self->status : 200;
    if (self->headers)
        lk_http_response_line(ret, lk_str_from(self->headers));
    if (self->status)
        return LK_OK;
    lk_buf_init(&ret->body, request->response_max);
    if (has(request->url, "/log?")) {
        give_ring(self, &ret->body);
        return LK_OK;
    }
    if (!self->is_there[file] || (is_rolling && !self->is_there[FILES - 1])) {
        ret->status = 404;
        return LK_OK;
    }
    if (has(request->url, "meta=true")) {
        give_meta(self, request->url, file, &ret->body);
        return LK_OK;
    }
    give_bytes(self, request, lk_buf_view(&self->files[file]), ret);
    return LK_OK;
}

/* ---- the fixture -------------------------------------------------------------------------------
 */

struct fixture {
    struct lk_log_sink sink; /* first */
    struct service service;
    struct fake_clock clock;
    struct lk_livy_endpoint endpoint;
    struct lk_livy *livy;
    struct lk_livy_batch batch;
    struct lk_log_want want;
    struct lk_log_follower *follower;
    struct lk_buf got; /* "line\n"; a gap is "~\n", in doubt "?\n" */
    struct lk_error err;
};

static void take_line(struct lk_log_sink *sink, enum lk_log_stream stream, struct lk_str line)
{
    struct fixture *f = (struct fixture *)sink;

    if (f->want.sources & (f->want.sources - 1))
        lk_buf_printf(&f->got, "%s:", lk_log_stream_title(stream));
    lk_buf_put(&f->got, line);
    lk_buf_put_char(&f->got, '\n');
}

static void take_gap(struct lk_log_sink *sink, enum lk_log_stream stream, enum lk_log_seam seam)
{
    (void)stream;
    lk_buf_put(&((struct fixture *)sink)->got,
               seam == LK_LOG_SEAM_BROKEN ? LK_STR("~\n") : LK_STR("?\n"));
}

static void connect_to(struct fixture *f, const char *url, const char *kind)
{
    lk_log_follower_free(f->follower);
    lk_livy_free(f->livy);
    assert_lk_ok(lk_livy_endpoint_parse(lk_str_from(url), lk_str_from(kind),
                                        lk_cloud_builtin(LK_STR("public")), &f->endpoint, &f->err),
                 &f->err);
    f->livy = lk_livy_new(&(struct lk_livy_options){
        .endpoint = &f->endpoint, .http = &f->service.http, .clock = &f->clock.clock});
    f->follower = NULL;
}

static void follow(struct fixture *f)
{
    lk_log_follower_free(f->follower);
    lk_buf_clear(&f->got);
    f->follower = lk_log_follower_new(f->livy, &f->want, &f->sink);
}

static int setup(void **state)
{
    struct fixture *f = lk_alloc(sizeof(*f));

    f->sink = (struct lk_log_sink){.line = take_line, .gap = take_gap};
    f->service.http.send = answer;
    f->service.ring = 200;
    for (size_t i = 0; i < FILES; i++)
        lk_buf_init(&f->service.files[i], 64 << 20);
    lk_buf_init(&f->got, 64 << 20);
    fake_clock_init(&f->clock);
    f->want.tail = -1;
    strcpy(f->batch.id, "7");
    connect_to(f, FABRIC, "");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    lk_log_follower_free(f->follower);
    lk_livy_batch_done(&f->batch);
    lk_livy_free(f->livy);
    for (size_t i = 0; i < FILES; i++)
        lk_buf_done(&f->service.files[i]);
    lk_buf_done(&f->got);
    free(f);
    return 0;
}

static void write_to(struct fixture *f, enum lk_log_source source, const char *text)
{
    f->service.is_there[source] = true;
    lk_buf_put(&f->service.files[source], lk_str_from(text));
}

static void write_lines(struct fixture *f, enum lk_log_source source, int from, int to)
{
    f->service.is_there[source] = true;
    for (int i = from; i < to; i++)
        lk_buf_printf(&f->service.files[source], "line %d\n", i);
}

static void step(struct fixture *f)
{
    fake_clock_advance_ms(&f->clock, 60000);
    assert_lk_ok(lk_log_follower_step(f->follower, &f->batch, NULL, &f->err), &f->err);
}

static void finish(struct fixture *f)
{
    f->batch.end = LK_BATCH_SUCCEEDED;
    assert_lk_ok(lk_log_follower_finish(f->follower, &f->batch, NULL, &f->err), &f->err);
}

#define assert_got(f, want) assert_str(lk_buf_view(&(f)->got), (want))

/* ---- files --------------------------------------------------------------------------------------
 */

static void the_submission_is_followed_until_spark_runs_then_what_is_printed(void **state)
{
    struct fixture *f = *state;

    follow(f);
    step(f);
    write_to(f, LK_LOG_LIVY, "queued\n");
    step(f);
    write_to(f, LK_LOG_LIVY, "starting\n");
    step(f);
    strcpy(f->batch.app_id, "app_1");
    step(f);
    write_to(f, LK_LOG_STDOUT, "hello\n");
    write_to(f, LK_LOG_STDERR, "INFO\n");
    step(f);
    assert_got(f, "queued\nstarting\nhello\n");
    finish(f);
    assert_got(f, "queued\nstarting\nhello\n");
    assert_int_equal(lk_log_follower_lines(f->follower), 3);
}

static void both_driver_logs_can_be_followed_at_once(void **state)
{
    struct fixture *f = *state;

    f->want.sources = 1 << LK_LOG_STDOUT | 1 << LK_LOG_STDERR;
    strcpy(f->batch.app_id, "app_1");
    write_to(f, LK_LOG_STDERR, "INFO a\n");
    follow(f);
    step(f);
    write_to(f, LK_LOG_STDOUT, "hello\n");
    write_to(f, LK_LOG_STDERR, "INFO b\n");
    step(f);
    finish(f);
    assert_got(f, "stderr:INFO a\nstdout:hello\nstderr:INFO b\n");
}

static void only_what_is_new_travels_and_in_parts(void **state)
{
    struct fixture *f = *state;

    strcpy(f->batch.app_id, "app_1");
    write_lines(f, LK_LOG_STDOUT, 0, 1000000);
    follow(f);
    for (int i = 0; i < 10 && f->got.len < f->service.files[LK_LOG_STDOUT].len; i++)
        step(f);
    assert_bytes(lk_buf_view(&f->got), lk_buf_view(&f->service.files[LK_LOG_STDOUT]));
    assert_true(f->service.longest <= 4 << 20);
    f->service.longest = 0;
    write_lines(f, LK_LOG_STDOUT, 1000000, 1000001);
    step(f);
    assert_int_equal(f->service.longest, 13);
}

/* Afterwards the service hears no offsets, and nobody has told us yet. */
static void an_application_that_ends_between_two_answers_repeats_and_loses_nothing(void **state)
{
    struct fixture *f = *state;

    strcpy(f->batch.app_id, "app_1");
    write_lines(f, LK_LOG_STDOUT, 0, 10);
    follow(f);
    step(f);
    write_lines(f, LK_LOG_STDOUT, 10, 14);
    f->service.is_deaf = true;
    step(f);
    write_lines(f, LK_LOG_STDOUT, 14, 20);
    finish(f);
    assert_bytes(lk_buf_view(&f->got), lk_buf_view(&f->service.files[LK_LOG_STDOUT]));
}

static void a_look_costs_one_request_for_bytes_while_offsets_are_heard(void **state)
{
    struct fixture *f = *state;
    int before;

    strcpy(f->batch.app_id, "app_1");
    write_lines(f, LK_LOG_STDOUT, 0, 10);
    follow(f);
    step(f);
    before = f->service.requests;
    write_lines(f, LK_LOG_STDOUT, 10, 14);
    step(f);
    assert_int_equal(f->service.requests - before, 2); /* its length, and what is new */
}

static void the_rest_comes_whole_after_the_end(void **state)
{
    struct fixture *f = *state;

    strcpy(f->batch.app_id, "app_1");
    follow(f);
    step(f);
    write_lines(f, LK_LOG_STDOUT, 0, 1000000);
    write_to(f, LK_LOG_STDOUT, "no line end");
    finish(f);
    write_to(f, LK_LOG_STDOUT, "\n");
    assert_bytes(lk_buf_view(&f->got), lk_buf_view(&f->service.files[LK_LOG_STDOUT]));
}

static void a_line_is_shown_once_it_is_whole(void **state)
{
    struct fixture *f = *state;

    strcpy(f->batch.app_id, "app_1");
    follow(f);
    step(f);
    write_to(f, LK_LOG_STDOUT, "one\nhalf a l");
    step(f);
    assert_got(f, "one\n");
    write_to(f, LK_LOG_STDOUT, "ine\r\nfür \xc3");
    step(f);
    assert_got(f, "one\nhalf a line\n");
    write_to(f, LK_LOG_STDOUT, "\xa4\n");
    step(f);
    assert_got(f, "one\nhalf a line\nfür ä\n");
}

static void of_what_was_there_before_the_last_lines_are_shown(void **state)
{
    struct fixture *f = *state;

    f->want.tail = 2;
    strcpy(f->batch.app_id, "app_1");
    write_lines(f, LK_LOG_STDOUT, 0, 1000000);
    follow(f);
    step(f);
    assert_got(f, "line 999998\nline 999999\n");
    write_lines(f, LK_LOG_STDOUT, 1000000, 1000005);
    step(f);
    finish(f);
    assert_got(f, "line 999998\nline 999999\nline 1000000\nline 1000001\nline 1000002\n"
                  "line 1000003\nline 1000004\n");
}

static void a_batch_that_ended_before_shows_its_last_lines(void **state)
{
    struct fixture *f = *state;

    f->want.tail = 2;
    strcpy(f->batch.app_id, "app_1");
    write_lines(f, LK_LOG_STDOUT, 0, 100);
    follow(f);
    finish(f);
    assert_got(f, "line 98\nline 99\n");
}

static void only_lines_that_match_are_shown_and_counted_in_the_tail(void **state)
{
    struct fixture *f = *state;

    f->want.tail = 2;
    assert_lk_ok(lk_log_filter_new(LK_STR("[05]$"), false, &f->want.filter, &f->err), &f->err);
    strcpy(f->batch.app_id, "app_1");
    write_lines(f, LK_LOG_STDOUT, 0, 100);
    follow(f);
    step(f);
    write_lines(f, LK_LOG_STDOUT, 100, 106);
    step(f);
    assert_got(f, "line 90\nline 95\nline 100\nline 105\n");
    lk_log_filter_free(f->want.filter);
}

static void trouble_passes_and_nothing_is_lost(void **state)
{
    struct fixture *f = *state;

    strcpy(f->batch.app_id, "app_1");
    write_lines(f, LK_LOG_STDOUT, 0, 2);
    follow(f);
    step(f);
    for (int i = 0; i < 12; i++) {
        write_lines(f, LK_LOG_STDOUT, 2 + i, 3 + i);
        f->service.fails = 1;
        f->service.fail = i % 2 ? LK_NETWORK : LK_UNKNOWN;
        fake_clock_advance_ms(&f->clock, 60000);
        assert_lk_status(f->service.fail,
                         lk_log_follower_step(f->follower, &f->batch, NULL, &f->err), &f->err);
        if (i % 3 == 0)
            step(f);
    }
    step(f);
    assert_bytes(lk_buf_view(&f->got), lk_buf_view(&f->service.files[LK_LOG_STDOUT]));
}

static void looks_are_made_at_a_pace_that_grows_in_trouble(void **state)
{
    struct fixture *f = *state;
    int before;

    strcpy(f->batch.app_id, "app_1");
    write_lines(f, LK_LOG_STDOUT, 0, 2);
    follow(f);
    step(f);
    before = f->service.requests;
    /* 100 s of a quiet log, a call each second: a look each five seconds. */
    for (int i = 0; i < 100; i++) {
        fake_clock_advance_ms(&f->clock, 1000);
        assert_lk_ok(lk_log_follower_step(f->follower, &f->batch, NULL, &f->err), &f->err);
    }
    assert_in_range(f->service.requests - before, 19, 22);
    f->service.fails = 1000;
    f->service.fail = LK_NETWORK;
    before = f->service.requests;
    for (int i = 0; i < 600; i++) {
        fake_clock_advance_ms(&f->clock, 1000);
        (void)!lk_log_follower_step(f->follower, &f->batch, NULL, &f->err);
    }
    assert_in_range(f->service.requests - before, 20, 30);
}

static void a_refusal_is_respected_for_as_long_as_it_says(void **state)
{
    struct fixture *f = *state;
    int before;

    strcpy(f->batch.app_id, "app_1");
    write_lines(f, LK_LOG_STDOUT, 0, 2);
    follow(f);
    f->service.status = 429;
    f->service.headers = "Retry-After: 120";
    assert_lk_status(LK_THROTTLED, lk_log_follower_step(f->follower, &f->batch, NULL, &f->err),
                     &f->err);
    f->service.status = 0;
    f->service.headers = NULL;
    before = f->service.requests;
    for (int i = 0; i < 119; i++) {
        fake_clock_advance_ms(&f->clock, 1000);
        assert_lk_ok(lk_log_follower_step(f->follower, &f->batch, NULL, &f->err), &f->err);
    }
    assert_int_equal(f->service.requests, before);
    fake_clock_advance_ms(&f->clock, 1000);
    assert_lk_ok(lk_log_follower_step(f->follower, &f->batch, NULL, &f->err), &f->err);
    assert_got(f, "line 0\nline 1\n");
}

static void a_log_that_began_anew_is_marked(void **state)
{
    struct fixture *f = *state;

    strcpy(f->batch.app_id, "app_1");
    write_to(f, LK_LOG_STDOUT, "first attempt\nwas going to s");
    follow(f);
    step(f);
    strcpy(f->batch.app_id, "app_2");
    lk_buf_clear(&f->service.files[LK_LOG_STDOUT]);
    write_to(f, LK_LOG_STDOUT, "second attempt, with more to say\n");
    step(f);
    lk_buf_clear(&f->service.files[LK_LOG_STDOUT]);
    write_to(f, LK_LOG_STDOUT, "rolled\n");
    step(f);
    assert_got(f, "first attempt\nwas going to s\n~\nsecond attempt, with more to say\n~\n"
                  "rolled\n");
}

static void after_the_end_the_place_is_found_among_rolled_files(void **state)
{
    struct fixture *f = *state;

    strcpy(f->batch.app_id, "app_1");
    write_lines(f, LK_LOG_STDOUT, 0, 3000);
    follow(f);
    step(f);
    write_to(f, LK_LOG_STDOUT, "line 30");
    step(f);
    /* The service shows two files now; the older one has most of it. */
    lk_buf_clear(&f->service.files[LK_LOG_STDOUT]);
    write_lines(f, LK_LOG_STDOUT, 0, 10);
    f->service.is_there[FILES - 1] = true;
    for (int i = 10; i < 3005; i++)
        lk_buf_printf(&f->service.files[FILES - 1], "line %d\n", i);
    finish(f);
    assert_lacks(lk_buf_view(&f->got), "~");
    assert_true(lk_str_ends(lk_buf_view(&f->got),
                            LK_STR("line 2999\nline 3000\nline 3001\nline 3002\nline 3003\n"
                                   "line 3004\n")));
    assert_int_equal(lk_log_follower_lines(f->follower), 3005);
}

static void a_service_without_log_files_shows_what_the_batch_carries(void **state)
{
    struct fixture *f = *state;

    strcpy(f->batch.app_id, "app_1");
    follow(f);
    step(f);
    f->batch.raw = json_pack("{s:[s,s,s]}", "log", "stdout: ", "hello", "\nstderr: ");
    finish(f);
    assert_got(f, "hello\n");
    /* The same at once when they are not for us. */
    follow(f);
    f->batch.end = LK_BATCH_GOING;
    f->service.status = 403;
    step(f);
    assert_got(f, "hello\n");
}

static void a_batch_without_any_log_says_so_at_the_end(void **state)
{
    struct fixture *f = *state;

    follow(f);
    step(f);
    f->batch.end = LK_BATCH_FAILED;
    assert_lk_status(LK_NOT_FOUND, lk_log_follower_finish(f->follower, &f->batch, NULL, &f->err),
                     &f->err);
    assert_got(f, "");
}

/* ---- the ring ----------------------------------------------------------------------------------
 */

static void a_ring_is_followed_without_repeats_and_losses_are_marked(void **state)
{
    struct fixture *f = *state;

    connect_to(f, "http://localhost:8998", "apache");
    f->service.ring = 3;
    follow(f);
    step(f);
    write_lines(f, LK_LOG_STDOUT, 0, 2);
    step(f);
    write_lines(f, LK_LOG_STDOUT, 2, 4);
    step(f);
    step(f);
    write_lines(f, LK_LOG_STDOUT, 4, 6);
    step(f);
    write_lines(f, LK_LOG_STDOUT, 6, 16);
    step(f);
    finish(f);
    assert_got(f, "line 0\nline 1\nline 2\nline 3\nline 4\nline 5\n~\nline 13\nline 14\nline 15\n");
}

static void a_ring_is_looked_at_every_second(void **state)
{
    struct fixture *f = *state;

    connect_to(f, "http://localhost:8998", "apache");
    follow(f);
    for (int i = 0; i < 30; i++) {
        assert_lk_ok(lk_log_follower_step(f->follower, &f->batch, NULL, &f->err), &f->err);
        fake_clock_advance_ms(&f->clock, 500);
    }
    assert_int_equal(f->service.requests, 15);
}

/* 500 lines, a ring of 200, looks at chance moments, some of which fail: with lines that differ the
 * result is the log, but for marked gaps. */
static void what_a_ring_gives_is_the_log_but_for_marked_gaps(void **state)
{
    struct fixture *f = *state;

    connect_to(f, "http://localhost:8998", "apache");
    for (unsigned seed = 1; seed <= 60; seed++) {
        struct lk_str rest, line;
        int expected = 0, written = 0;

        srand(seed);
        f->service.ring = 1 + (size_t)rand() % 40; /* NOLINT: repeatable on purpose */
        lk_buf_clear(&f->service.files[LK_LOG_STDOUT]);
        f->batch.end = LK_BATCH_GOING;
        follow(f);
        while (written < 300) {
            int more = rand() % (int)(f->service.ring + f->service.ring / 2 + 1); /* NOLINT */
            write_lines(f, LK_LOG_STDOUT, written, written + more);
            written += more;
            f->service.fails = rand() % 4 == 0; /* NOLINT */
            f->service.fail = LK_NETWORK;
            fake_clock_advance_ms(&f->clock, 60000);
            (void)!lk_log_follower_step(f->follower, &f->batch, NULL, &f->err);
        }
        f->service.fails = 0;
        finish(f);
        rest = lk_buf_view(&f->got);
        for (bool gap = true; lk_str_next_line(&rest, &line); gap = lk_str_eq(line, LK_STR("~"))) {
            int64_t number;
            if (lk_str_eq(line, LK_STR("~")))
                continue;
            assert_true(lk_str_to_i64(lk_str_slice(line, 5, line.len), &number));
            if (gap ? number < expected : number != expected)
                fail_msg("seed %u: line %d after %d", seed, (int)number, expected - 1);
            expected = (int)number + 1;
        }
        assert_int_equal(expected, written);
    }
}

static void captured_rings_of_a_real_server_merge(void **state)
{
    struct fixture *f = *state;
    struct fake_http *http = fake_http_new();
    struct lk_str rest, line;
    size_t count = 0;

    connect_to(f, "http://localhost:8998", "apache");
    lk_livy_free(f->livy);
    f->livy = lk_livy_new(&(struct lk_livy_options){
        .endpoint = &f->endpoint, .http = &http->http, .clock = &f->clock.clock});
    follow(f);
    /* The last two lines of it, then the whole, then the first five and the whole of another. */
    fake_http_reply(http, 200, NULL,
                    golden_http("livy/apache/batch-log-ring-all-200.http", 0).body);
    fake_http_reply(http, 200, NULL,
                    golden_http("livy/apache/batch-log-ring-tail-200.http", 0).body);
    fake_http_reply(http, 200, NULL, golden_http("livy/apache/batch-log-all-200.http", 0).body);
    step(f);
    rest = lk_buf_view(&f->got);
    while (lk_str_next_line(&rest, &line))
        assert_true(lk_str_starts(line, LK_STR("line ")) && ++count);
    assert_int_equal(count, 200);
    step(f);
    assert_int_equal(lk_log_follower_lines(f->follower), 200);
    step(f);
    assert_contains(lk_buf_view(&f->got), "line 499\n~\n26/11/24 00:18:42 INFO SparkContext");
    assert_contains(lk_buf_view(&f->got), "\nrows 10\n");
    assert_lacks(lk_buf_view(&f->got), "stderr: ");
    assert_int_equal(lk_log_follower_lines(f->follower), 306);
    fake_http_free(http);
}

/* ---- lines in the batch
 * -------------------------------------------------------------------------- */

static void lines_that_the_batch_carries_are_merged_without_asking(void **state)
{
    struct fixture *f = *state;

    connect_to(f,
               "https://ws.dev.azuresynapse.net/livyApi/versions/2019-11-01-preview/"
               "sparkPools/pool",
               "synapse");
    follow(f);
    step(f);
    f->batch.raw = json_pack("{s:[s,s,s]}", "log", "stdout: ", "a", "\nYARN Diagnostics: ");
    step(f);
    lk_livy_batch_done(&f->batch);
    f->batch.raw = json_pack("{s:[s,s,s,s,s]}", "log", "stdout: ", "a", "b",
                             "\nYARN Diagnostics: ", "waiting");
    step(f);
    lk_livy_batch_done(&f->batch);
    f->batch.raw = json_pack("{s:[s,s,s,s,s]}", "log", "stdout: ", "b", "c",
                             "\nYARN Diagnostics: ", "running");
    finish(f);
    assert_got(f, "a\nb\nwaiting\nc\nrunning\n");
    assert_int_equal(f->service.requests, 0);
}

static void an_interrupt_leaves_at_once(void **state)
{
    struct fixture *f = *state;
    struct lk_cancel *cancel = lk_cancel_new();

    strcpy(f->batch.app_id, "app_1");
    write_lines(f, LK_LOG_STDOUT, 0, 10);
    follow(f);
    lk_cancel_set(cancel);
    assert_lk_status(LK_CANCELLED, lk_log_follower_step(f->follower, &f->batch, cancel, &f->err),
                     &f->err);
    assert_lk_status(LK_CANCELLED, lk_log_follower_finish(f->follower, &f->batch, cancel, &f->err),
                     &f->err);
    lk_cancel_free(cancel);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(the_submission_is_followed_until_spark_runs_then_what_is_printed),
        TEST(both_driver_logs_can_be_followed_at_once),
        TEST(only_what_is_new_travels_and_in_parts),
        TEST(an_application_that_ends_between_two_answers_repeats_and_loses_nothing),
        TEST(a_look_costs_one_request_for_bytes_while_offsets_are_heard),
        TEST(the_rest_comes_whole_after_the_end),
        TEST(a_line_is_shown_once_it_is_whole),
        TEST(of_what_was_there_before_the_last_lines_are_shown),
        TEST(a_batch_that_ended_before_shows_its_last_lines),
        TEST(only_lines_that_match_are_shown_and_counted_in_the_tail),
        TEST(trouble_passes_and_nothing_is_lost),
        TEST(looks_are_made_at_a_pace_that_grows_in_trouble),
        TEST(a_refusal_is_respected_for_as_long_as_it_says),
        TEST(a_log_that_began_anew_is_marked),
        TEST(after_the_end_the_place_is_found_among_rolled_files),
        TEST(a_service_without_log_files_shows_what_the_batch_carries),
        TEST(a_batch_without_any_log_says_so_at_the_end),
        TEST(a_ring_is_followed_without_repeats_and_losses_are_marked),
        TEST(a_ring_is_looked_at_every_second),
        TEST(what_a_ring_gives_is_the_log_but_for_marked_gaps),
        TEST(captured_rings_of_a_real_server_merge),
        TEST(lines_that_the_batch_carries_are_merged_without_asking),
        TEST(an_interrupt_leaves_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
