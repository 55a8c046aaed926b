/* Submitting against the answers of real Apache Livy servers (tests/data/livy). */
#include "fabric/livy.h"

#include "base/secret.h"
#include "net/http_retry.h"
#include "support/assert.h"
#include "support/fake_clock.h"
#include "support/golden.h"
#include "support/temp_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 8 };

/* Captured answers in order. In their bodies our fresh name stands for the captured one. */
struct replay {
    struct lk_http http;
    const char *files[STEPS_MAX];
    bool keep_names; /* the answers are about others */
    char our_name[300];
    size_t next;
    char asked[STEPS_MAX][400]; /* "GET https://…" */
};

static void remember_name(struct replay *self, struct lk_str body)
{
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;

    if (lk_json_parse(body, "the request", &json, NULL) == LK_OK)
        (void)snprintf(self->our_name, sizeof(self->our_name), "%s",
                       json_string_value(json_object_get(json, "name")));
}

/* The captured records' names; ours is put in their place. */
static void put_renamed(const struct replay *self, struct lk_str body, struct lk_buf *ret)
{
    static const struct lk_str captured[] = {LK_STR_INIT("job-a"), LK_STR_INIT("job-w"),
                                             LK_STR_INIT("job-s1")};

    while (body.len) {
        size_t taken = 0;
        for (size_t i = 0; i < LK_COUNT(captured) && !self->keep_names; i++)
            if (lk_str_starts(body, captured[i]))
                taken = captured[i].len;
        lk_buf_put(ret, taken ? lk_str_from(self->our_name) : lk_str_slice(body, 0, 1));
        body = lk_str_slice(body, taken ? taken : 1, body.len);
    }
}

static enum lk_status replay(struct lk_http *http, const struct lk_http_request *request,
                             struct lk_cancel *cancel, struct lk_http_response *ret,
                             struct lk_error *err)
{
    struct replay *self = (struct replay *)http;
    struct golden_http captured;

    (void)cancel;
    (void)err;
    assert_true(self->next < STEPS_MAX && self->files[self->next]);
    (void)snprintf(self->asked[self->next], sizeof(self->asked[0]), "%s %.*s",
                   lk_http_method_name(request->method), LK_STR_ARGS(request->url));
    if (request->method == LK_HTTP_POST)
        remember_name(self, request->body);
    captured = golden_http(self->files[self->next++], 0);
    lk_http_response_done(ret);
    ret->status = captured.status;
    lk_buf_init(&ret->body, 1 << 20);
    put_renamed(self, captured.body, &ret->body);
    return LK_OK;
}

struct fixture {
    struct fake_clock clock;
    struct lk_cancel *cancel;
    struct lk_livy_endpoint endpoint;
    char *folder, *journal_path;
    struct lk_journal *journal;
    struct lk_livy_spec spec;
    struct lk_livy_batch batch;
    struct lk_error err;
};

static int setup(void **state)
{
    struct fixture *f = lk_alloc(sizeof(*f));

    fake_clock_init(&f->clock);
    f->cancel = lk_cancel_new();
    f->folder = temp_folder_new();
    f->journal_path = temp_folder_path(f->folder, "submissions.jsonl");
    f->journal = lk_journal_new(f->journal_path, &f->clock.clock);
    f->spec.body = json_pack("{s:s,s:s}", "name", "job", "file", "file:///srv/livy/files/ok.py");
    *state = f;
    return lk_livy_endpoint_parse(LK_STR("https://livy.example.org/batches"), LK_STR("apache"),
                                  lk_cloud_builtin(LK_STR("public")), &f->endpoint, &f->err) != 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    lk_livy_batch_done(&f->batch);
    lk_livy_spec_done(&f->spec);
    lk_journal_free(f->journal);
    lk_cancel_free(f->cancel);
    free(f->journal_path);
    temp_folder_free(f->folder);
    free(f);
    return 0;
}

static enum lk_status submit(struct fixture *f, struct replay *r)
{
    struct lk_livy *livy;
    enum lk_status st;

    r->http.send = replay;
    livy = lk_livy_new(&(struct lk_livy_options){.endpoint = &f->endpoint,
                                                 .cloud = lk_cloud_builtin(LK_STR("public")),
                                                 .http = &r->http,
                                                 .clock = &f->clock.clock,
                                                 .journal = f->journal});
    st = lk_livy_submit(livy, &f->spec, f->cancel, &f->batch, &f->err);
    lk_livy_free(livy);
    assert_true(r->next == STEPS_MAX || !r->files[r->next]);
    return st;
}

static enum lk_journal_outcome outcome(struct fixture *f)
{
    struct lk_journal_entry *entries;
    enum lk_journal_outcome ret;
    size_t count, bad;

    assert_lk_ok(lk_journal_read(f->journal, 1, &entries, &count, &bad, &f->err), &f->err);
    assert_int_equal(count, 1);
    assert_true(entries[0].has_outcome);
    ret = entries[0].outcome;
    free(entries);
    return ret;
}

static void both_versions_accept_a_batch(void **state)
{
    static const char *const files[] = {"livy/apache/batch-create-201.http",
                                        "livy/apache-0.7.1/batch-create-201.http"};
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(files); i++) {
        struct replay r = {.files = {files[i]}};
        assert_lk_ok(submit(f, &r), &f->err);
        assert_string_equal(f->batch.name, "job");
        assert_string_equal(f->batch.service_name, r.our_name);
        assert_true(f->batch.id[0] >= '0' && f->batch.id[0] <= '9');
        assert_int_equal(outcome(f), LK_JOURNAL_ACCEPTED);
    }
}

/* The bodies are a bare string, an object with msg, and a web page. */
static void a_refusal_without_a_record_is_told_in_its_own_words(void **state)
{
    static const struct {
        const char *file, *says;
    } cases[] = {
        {"livy/apache/batch-create-unknown-field-400.http", "Unrecognized field"},
        {"livy/apache/batch-create-bad-json-400.http", "Unexpected end-of-input"},
        {"livy/apache/batch-create-empty-body-400.http", ""},
        {"livy/apache/batch-create-wrong-type-400.http", ""},
        {"livy/apache/batch-create-numeric-name-400.http", "Invalid session name"},
        {"livy/apache/batch-create-no-x-requested-by-400.http", "400"},
        {"livy/apache-0.7.1/batch-create-unknown-field-400.http", "Unrecognized field"},
        {"livy/apache-0.7.1/batch-create-no-x-requested-by-400.http", "400"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct replay r = {
            .files = {cases[i].file, "livy/apache/batch-get-name-not-found-404.http"}};
        char url[400];
        assert_lk_status(LK_INVALID, submit(f, &r), &f->err);
        assert_contains(f->err.message, "batch 'job': Livy answered 400");
        assert_contains(f->err.message, cases[i].says);
        (void)snprintf(url, sizeof(url), "GET https://livy.example.org/batches/%s", r.our_name);
        assert_string_equal(r.asked[1], url);
        assert_int_equal(outcome(f), LK_JOURNAL_REFUSED);
    }
}

static void the_record_of_a_refused_request_is_deleted_by_name_and_the_reason_kept(void **state)
{
    static const struct {
        const char *file, *says;
    } cases[] = {
        {"livy/apache/batch-create-path-not-allowed-400.http", "cannot be added"},
        {"livy/apache/batch-create-no-file-400.http", "File is required"},
        {"livy/apache/batch-create-relative-path-400.http", "not absolute"},
        {"livy/apache/batch-create-deploy-mode-conf-400.http", "deployMode"},
    };
    static const char phantom[] = "livy/apache/batch-get-phantom-of-refused-200.http";
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct replay r = {.files = {cases[i].file, phantom, phantom, phantom,
                                     "livy/apache/batch-delete-phantom-200.http"}};
        char url[400];
        assert_lk_status(LK_INVALID, submit(f, &r), &f->err);
        assert_contains(f->err.message, cases[i].says);
        (void)snprintf(url, sizeof(url), "DELETE https://livy.example.org/batches/%s", r.our_name);
        assert_string_equal(r.asked[4], url);
        assert_int_equal(outcome(f), LK_JOURNAL_REFUSED);
    }
}

/* In the moment of its making a batch has the shape of a record that was refused. */
static void a_duplicate_that_is_just_starting_is_adopted_once_it_moves(void **state)
{
    static const char *const duplicates[] = {
        "livy/apache/batch-create-duplicate-name-400.http",
        "livy/apache-0.7.1/batch-create-duplicate-name-400.http"};
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(duplicates); i++) {
        struct replay r = {.files = {duplicates[i], "livy/apache/batch-get-name-not-found-404.http",
                                     "livy/apache/batch-get-starting-200.http",
                                     "livy/apache/batch-get-by-name-200.http"}};
        assert_lk_ok(submit(f, &r), &f->err);
        /* Of the record, not of the message, whose number is the refused one's. */
        assert_string_equal(f->batch.id, "0");
        assert_int_equal(outcome(f), LK_JOURNAL_ACCEPTED);
    }
}

/* After a restart of the server ids begin at 0 again, and the id is another's. */
static void a_record_of_another_name_is_not_ours(void **state)
{
    struct fixture *f = *state;
    struct replay r = {.files = {"livy/apache-0.7.1/batch-create-path-not-allowed-400.http",
                                 "livy/apache-0.7.1/batch-get-by-name-200.http"},
                       .keep_names = true};

    assert_lk_status(LK_INVALID, submit(f, &r), &f->err);
    assert_int_equal(outcome(f), LK_JOURNAL_REFUSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(both_versions_accept_a_batch),
        TEST(a_refusal_without_a_record_is_told_in_its_own_words),
        TEST(the_record_of_a_refused_request_is_deleted_by_name_and_the_reason_kept),
        TEST(a_duplicate_that_is_just_starting_is_adopted_once_it_moves),
        TEST(a_record_of_another_name_is_not_ours),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
