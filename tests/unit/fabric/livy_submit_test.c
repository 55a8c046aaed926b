#include "fabric/livy.h"

#include "base/file.h"
#include "base/secret.h"
#include "net/http_retry.h"
#include "support/fake_clock.h"
#include "support/fake_http.h"
#include "support/temp_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WS "11111111-1111-4111-8111-111111111111"
#define LH "22222222-2222-4222-8222-222222222222"
#define BASE                                                                                       \
    "https://api.fabric.microsoft.com/v1/workspaces/" WS "/lakehouses/" LH                         \
    "/livyApi/versions/2023-12-01"
#define ID       "33333333-3333-4333-8333-333333333333"
#define OTHER    "44444444-4444-4444-8444-444444444444"
#define ACCEPTED "{\"id\":\"" ID "\",\"state\":\"not_started\",\"name\":\"nightly\"}"

struct fixture {
    struct fake_http *http;
    struct fake_clock clock;
    struct lk_http *retry;
    struct lk_cancel *cancel;
    struct lk_livy_endpoint endpoint;
    char *folder, *journal_path;
    struct lk_journal *journal;
    struct lk_livy *livy;
    struct lk_livy_spec spec;
    struct lk_livy_batch batch;
    struct lk_error err;
};

static int setup(void **state)
{
    static const struct lk_retry_policy policy = {0};
    struct fixture *f = lk_alloc(sizeof(*f));

    f->http = fake_http_new();
    fake_clock_init(&f->clock);
    f->retry = lk_http_retry_new(&f->http->http, &f->clock.clock, &policy);
    f->cancel = lk_cancel_new();
    if (lk_livy_endpoint_parse(LK_STR(BASE "/batches"), LK_STR_EMPTY,
                               lk_cloud_builtin(LK_STR("public")), &f->endpoint, &f->err))
        return -1;
    f->folder = temp_folder_new();
    f->journal_path = temp_folder_path(f->folder, "state/submissions.jsonl");
    f->journal = lk_journal_new(f->journal_path, &f->clock.clock);
    f->livy = lk_livy_new(&(struct lk_livy_options){.endpoint = &f->endpoint,
                                                    .cloud = lk_cloud_builtin(LK_STR("public")),
                                                    .http = f->retry,
                                                    .clock = &f->clock.clock,
                                                    .journal = f->journal});
    f->spec.body = json_pack("{s:s,s:s,s:{s:i}}", "name", "nightly", "file", "abfss://x/y.py",
                             "conf", "spark.x", 5);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    lk_livy_batch_done(&f->batch);
    lk_livy_spec_done(&f->spec);
    lk_livy_free(f->livy);
    lk_journal_free(f->journal);
    f->retry->free(f->retry);
    fake_http_free(f->http);
    lk_cancel_free(f->cancel);
    free(f->journal_path);
    temp_folder_free(f->folder);
    free(f);
    return 0;
}

static enum lk_status submit(struct fixture *f)
{
    return lk_livy_submit(f->livy, &f->spec, f->cancel, &f->batch, &f->err);
}

static size_t posts(const struct fixture *f)
{
    size_t count = 0;

    for (size_t i = 0; i < fake_http_count(f->http); i++)
        count += fake_http_request(f->http, i)->method == LK_HTTP_POST;
    return count;
}

/* The newest submission in the journal, or all zero. */
static struct lk_journal_entry newest(struct fixture *f)
{
    struct lk_journal_entry *entries, ret = {.has_outcome = false};
    size_t count, bad;

    assert_lk_ok(lk_journal_read(f->journal, 1, &entries, &count, &bad, &f->err), &f->err);
    assert_int_equal(bad, 0);
    if (count)
        ret = entries[0];
    free(entries);
    return ret;
}

/* ---- the plain way --------------------------------------------------------------------------- */

static void an_accepted_batch_is_handed_over_and_in_the_journal(void **state)
{
    struct fixture *f = *state;
    const struct fake_http_request *request;
    LK_CLEANUP(lk_json_unref) json_t *sent = NULL;
    struct lk_journal_entry entry;

    fake_http_reply(f->http, 202, NULL, ACCEPTED);
    assert_lk_ok(submit(f), &f->err);
    assert_string_equal(f->batch.id, ID);

    request = fake_http_request(f->http, 0);
    assert_str(request->url, BASE "/batches");
    assert_str(fake_http_request_header(f->http, 0, "X-Requested-By"), "livy-kernel");
    assert_str(fake_http_request_header(f->http, 0, "Content-Type"), "application/json");
    assert_int_equal(request->repeat, LK_HTTP_REPEAT_REFUSED);
    assert_lk_ok(lk_json_parse(request->body, "body", &sent, &f->err), &f->err);
    entry = newest(f);
    assert_true(lk_str_is_guid(lk_str_from(entry.submit_id)));
    assert_str(lk_json_get_str(json_object_get(sent, "tags"), "submitId"), entry.submit_id);
    assert_str(lk_json_get_str(json_object_get(sent, "conf"), "spark.x"), "5");
    assert_int_equal(entry.outcome, LK_JOURNAL_ACCEPTED);
    assert_string_equal(entry.batch_id, ID);
    assert_string_equal(entry.endpoint, BASE);
    assert_string_equal(entry.name, "nightly");
    assert_string_equal(entry.file, "abfss://x/y.py");
}

static void the_callers_request_is_left_as_it_was(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 202, NULL, ACCEPTED);
    assert_lk_ok(submit(f), &f->err);
    assert_null(json_object_get(f->spec.body, "tags"));
    assert_true(json_is_integer(json_object_get(json_object_get(f->spec.body, "conf"), "spark.x")));
}

static void a_copied_request_gets_a_tag_of_its_own(void **state)
{
    struct fixture *f = *state;

    json_object_set_new(f->spec.body, "tags",
                        json_pack("{s:s,s:s}", "submitId", "old", "team", "a"));
    fake_http_reply(f->http, 202, NULL, ACCEPTED);
    assert_lk_ok(submit(f), &f->err);
    assert_lacks(fake_http_request(f->http, 0)->body, "\"old\"");
    assert_contains(fake_http_request(f->http, 0)->body, "\"team\":\"a\"");
}

/* Looks at the journal in the moment of the POST. */
struct peeking {
    struct lk_http http;
    struct fixture *f;
    bool intent_was_there;
};

static enum lk_status peek(struct lk_http *http, const struct lk_http_request *request,
                           struct lk_cancel *cancel, struct lk_http_response *ret,
                           struct lk_error *err)
{
    struct peeking *self = (struct peeking *)http;
    struct lk_journal_entry entry = newest(self->f);

    self->intent_was_there =
        entry.submit_id[0] && !entry.has_outcome &&
        lk_str_find(request->body, lk_str_from(entry.submit_id)) < request->body.len;
    return lk_http_send(&self->f->http->http, request, cancel, ret, err);
}

static void the_intent_is_on_disk_before_the_first_byte_leaves(void **state)
{
    struct fixture *f = *state;
    struct peeking peeking = {.http = {.send = peek}, .f = f};
    struct lk_livy_options options = *lk_livy_options(f->livy);
    struct lk_livy *livy;

    options.http = &peeking.http;
    livy = lk_livy_new(&options);
    fake_http_reply(f->http, 202, NULL, ACCEPTED);
    assert_lk_ok(lk_livy_submit(livy, &f->spec, f->cancel, &f->batch, &f->err), &f->err);
    assert_true(peeking.intent_was_there);
    lk_livy_free(livy);
}

static void without_a_journal_nothing_is_sent(void **state)
{
    struct fixture *f = *state;
    struct lk_error err;
    char *blocker = temp_folder_path(f->folder, "state");

    /* A file where the journal's folder should be. */
    assert_lk_ok(lk_file_write(blocker, 0600, LK_STR("x"), &err), &err);
    assert_lk_status(LK_IO, submit(f), &f->err);
    assert_int_equal(fake_http_count(f->http), 0);
    assert_contains(f->err.message, "journal");
    free(blocker);
}

static void a_preview_sends_nothing_and_shows_what_would_be_sent(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_json_unref) json_t *request = NULL;

    assert_lk_ok(lk_livy_preview(f->livy, &f->spec, &request, &f->err), &f->err);
    assert_int_equal(fake_http_count(f->http), 0);
    assert_true(lk_str_is_guid(lk_json_get_str(json_object_get(request, "tags"), "submitId")));
    assert_false(lk_file_exists(f->journal_path));
}

/* ---- refusals -----------------------------------------------------------------------------------
 */

static void submit_waits_as_long_as_the_service_asks(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 429, "Retry-After: 7", NULL);
    fake_http_reply(f->http, 202, NULL, ACCEPTED);
    assert_lk_ok(submit(f), &f->err);
    assert_int_equal(fake_clock_waited_ms(&f->clock), 7000);
    assert_int_equal(posts(f), 2);
}

static void a_refusal_is_told_with_code_request_and_next_step(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 403, NULL,
                    "{\"errorCode\":\"InsufficientScopes\",\"message\":\"No.\",\"requestId\":"
                    "\"7f3c\"}");
    assert_lk_status(LK_DENIED, submit(f), &f->err);
    assert_string_equal(f->err.message,
                        "batch 'nightly': Livy answered 403 InsufficientScopes (request 7f3c): "
                        "No.");
    assert_contains(f->err.next, "Contributor");
    assert_int_equal(f->err.http_status, 403);
    assert_int_equal(newest(f).outcome, LK_JOURNAL_REFUSED);
    assert_int_equal(posts(f), 1);
}

static void a_new_lakehouse_is_given_time(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 404, NULL, "{\"errorCode\":\"LakehouseNotFound\",\"message\":\"x\"}");
    fake_http_reply(f->http, 404, NULL, "");
    fake_http_reply(f->http, 202, NULL, ACCEPTED);
    assert_lk_ok(submit(f), &f->err);
    assert_int_equal(fake_clock_waited_ms(&f->clock), 9000);
    assert_int_equal(posts(f), 3);
}

static void a_lakehouse_that_stays_away_is_a_404_in_the_end(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 4; i++)
        fake_http_reply(f->http, 404, NULL,
                        "{\"errorCode\":\"LakehouseNotFound\",\"message\":\"x\"}");
    assert_lk_status(LK_NOT_FOUND, submit(f), &f->err);
    assert_contains(f->err.next, "%livy info");
    assert_int_equal(newest(f).outcome, LK_JOURNAL_REFUSED);
}

static void a_wrong_workspace_is_told_at_once(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 404, NULL, "{\"errorCode\":\"WorkspaceNotFound\",\"message\":\"x\"}");
    assert_lk_status(LK_NOT_FOUND, submit(f), &f->err);
    assert_int_equal(fake_clock_waited_ms(&f->clock), 0);
}

static void what_never_left_is_no_doubt(void **state)
{
    static const enum lk_status ways[] = {LK_NETWORK, LK_UNAUTHORIZED, LK_DENIED};
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(ways); i++) {
        fake_http_fail(f->http, ways[i]);
        assert_lk_status(ways[i], submit(f), &f->err);
        assert_int_equal(newest(f).outcome, LK_JOURNAL_REFUSED);
    }
    assert_int_equal(posts(f), LK_COUNT(ways));
}

/* ---- doubt
 * --------------------------------------------------------------------------------------- */

/* Answers the POST by losing it, and any look-up with our batch or without. */
struct lossy {
    struct lk_http http;
    enum lk_status lose_with; /* LK_OK: answer status instead */
    int status;
    const char *body;
    bool tags_in_list, found;
    int lists_without; /* so many lists do not show it yet */
    char submit_id[64];
    int posts, lists, gets;
};

static void answer(struct lk_http_response *ret, int status, const char *fmt, const char *submit_id)
{
    lk_http_response_done(ret);
    ret->status = status;
    lk_buf_init(&ret->body, 1 << 20);
    for (struct lk_str rest = lk_str_from(fmt); rest.len;) {
        size_t at = lk_str_find(rest, LK_STR("{TAG}"));
        lk_buf_put(&ret->body, lk_str_slice(rest, 0, at));
        if (at < rest.len)
            lk_buf_put(&ret->body, lk_str_from(submit_id));
        rest = lk_str_slice(rest, at + 5, rest.len);
    }
}

static enum lk_status lossy_send(struct lk_http *http, const struct lk_http_request *request,
                                 struct lk_cancel *cancel, struct lk_http_response *ret,
                                 struct lk_error *err)
{
    struct lossy *self = (struct lossy *)http;
    bool is_list = lk_str_find(request->url, LK_STR("$top")) < request->url.len;
    enum lk_status st = lk_cancel_check(cancel, err);

    if (st)
        return st;
    if (request->method == LK_HTTP_POST) {
        size_t at = lk_str_find(request->body, LK_STR("submitId\":\""));
        struct lk_str id = lk_str_slice(request->body, at + 11, at + 47);
        self->posts++;
        (void)snprintf(self->submit_id, sizeof(self->submit_id), "%.*s", LK_STR_ARGS(id));
        if (self->lose_with)
            return lk_error_set(err, self->lose_with, "Lost", "lost");
        answer(ret, self->status, self->body, self->submit_id);
    } else if (is_list) {
        bool shown = self->found && self->lists++ >= self->lists_without;
        answer(ret, 200,
               !shown ? "{\"totalCountOfMatchedItems\":1,\"items\":[{\"id\":\"" OTHER
                        "\",\"name\":\"other\",\"tags\":{"
                        "\"submitId\":\"else\"}}]}"
               : self->tags_in_list ? "{\"totalCountOfMatchedItems\":1,\"items\":[{\"id\":\"" ID
                                      "\",\"name\":\"nightly\",\"tags\":{\"submitId\":"
                                      "\"{TAG}\"}}]}"
                                    : "{\"totalCountOfMatchedItems\":1,\"items\":[{\"id\":\"" OTHER
                                      "\",\"name\":\"nightly\"},{\"id\":\"" ID
                                      "\",\"name\":\"nightly\"}]}",
               self->submit_id);
    } else {
        bool ours = lk_str_ends(request->url, LK_STR(ID));
        self->gets++;
        answer(ret, 200,
               ours ? "{\"id\":\"" ID "\",\"name\":\"nightly\",\"state\":\"running\",\"tags\":{"
                      "\"submitId\":\"{TAG}\"}}"
                    : "{\"id\":\"" OTHER "\",\"name\":\"nightly\",\"tags\":{\"submitId\":"
                      "\"else\"}}",
               self->submit_id);
    }
    return LK_OK;
}

static enum lk_status submit_over(struct fixture *f, struct lossy *lossy)
{
    struct lk_livy_options options = *lk_livy_options(f->livy);
    struct lk_livy *livy;
    enum lk_status st;

    lossy->http.send = lossy_send;
    options.http = &lossy->http;
    livy = lk_livy_new(&options);
    st = lk_livy_submit(livy, &f->spec, f->cancel, &f->batch, &f->err);
    lk_livy_free(livy);
    return st;
}

static void a_lost_answer_is_looked_up_by_its_tag_and_adopted(void **state)
{
    static const struct lossy ways[] = {
        {.lose_with = LK_UNKNOWN},
        {.lose_with = LK_TIMEOUT},
        {.lose_with = LK_LIMIT},
        {.status = 408, .body = ""},
        {.status = 500, .body = "<html><title>Oops</title></html>"},
        {.status = 503, .body = ""},
        {.status = 202, .body = "{\"id\":"},
        {.status = 202, .body = "{\"state\":\"starting\"}"},
        {.status = 202, .body = ""},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(ways) * 2; i++) {
        struct lossy lossy = ways[i / 2];
        lossy.found = true;
        lossy.tags_in_list = i % 2;
        assert_lk_ok(submit_over(f, &lossy), &f->err);
        assert_string_equal(f->batch.id, ID);
        assert_int_equal(lossy.posts, 1);
        assert_int_equal(newest(f).outcome, LK_JOURNAL_ACCEPTED);
        assert_string_equal(newest(f).batch_id, ID);
        lk_livy_batch_done(&f->batch);
    }
}

static void a_batch_that_shows_up_late_is_still_adopted(void **state)
{
    struct fixture *f = *state;
    struct lossy lossy = {
        .lose_with = LK_UNKNOWN, .found = true, .tags_in_list = true, .lists_without = 4};

    assert_lk_ok(submit_over(f, &lossy), &f->err);
    assert_string_equal(f->batch.id, ID);
    assert_int_equal(lossy.posts, 1);
    assert_true(fake_clock_waited_ms(&f->clock) >= 8000);
}

static void what_is_not_found_is_unknown_and_never_sent_again(void **state)
{
    struct fixture *f = *state;
    struct lossy lossy = {.lose_with = LK_UNKNOWN};

    assert_lk_status(LK_UNKNOWN, submit_over(f, &lossy), &f->err);
    assert_int_equal(lossy.posts, 1);
    assert_true(fake_clock_waited_ms(&f->clock) > 20000);
    assert_true(fake_clock_waited_ms(&f->clock) <= 30000);
    assert_string_equal(f->err.code, "OutcomeUnknown");
    assert_contains(f->err.message, "batch 'nightly'");
    assert_contains(f->err.message, lossy.submit_id);
    assert_contains(f->err.next, "%batch list");
    assert_int_equal(newest(f).outcome, LK_JOURNAL_UNKNOWN);
    assert_string_equal(f->batch.id, "");
}

static void an_interrupt_during_the_post_leaves_it_unknown(void **state)
{
    struct fixture *f = *state;

    fake_http_interrupt(f->http, f->cancel);
    assert_lk_status(LK_CANCELLED, submit(f), &f->err);
    assert_contains(f->err.message, "may have accepted");
    assert_contains(f->err.next, "%batch recover");
    assert_int_equal(newest(f).outcome, LK_JOURNAL_UNKNOWN);
}

static void an_interrupt_before_the_request_has_left_says_so(void **state)
{
    struct fixture *f = *state;

    fake_http_interrupt_early(f->http, f->cancel);
    assert_lk_status(LK_CANCELLED, submit(f), &f->err);
    assert_string_equal(f->err.code, "KeyboardInterrupt");
    assert_contains(f->err.message, "has not accepted");
    assert_int_equal(newest(f).outcome, LK_JOURNAL_REFUSED);
}

static void an_interrupt_during_the_look_up_ends_it(void **state)
{
    struct fixture *f = *state;
    struct lossy lossy = {.lose_with = LK_UNKNOWN};

    fake_clock_interrupt_after_ms(&f->clock, f->cancel, 4000);
    assert_lk_status(LK_CANCELLED, submit_over(f, &lossy), &f->err);
    assert_int_equal(fake_clock_waited_ms(&f->clock), 4000);
    assert_int_equal(newest(f).outcome, LK_JOURNAL_UNKNOWN);
}

static void an_interrupt_before_it_leaves_no_trace(void **state)
{
    struct fixture *f = *state;

    lk_cancel_set(f->cancel);
    assert_lk_status(LK_CANCELLED, submit(f), &f->err);
    assert_int_equal(fake_http_count(f->http), 0);
    assert_false(lk_file_exists(f->journal_path));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(an_accepted_batch_is_handed_over_and_in_the_journal),
        TEST(the_callers_request_is_left_as_it_was),
        TEST(a_copied_request_gets_a_tag_of_its_own),
        TEST(the_intent_is_on_disk_before_the_first_byte_leaves),
        TEST(without_a_journal_nothing_is_sent),
        TEST(a_preview_sends_nothing_and_shows_what_would_be_sent),
        TEST(submit_waits_as_long_as_the_service_asks),
        TEST(a_refusal_is_told_with_code_request_and_next_step),
        TEST(a_new_lakehouse_is_given_time),
        TEST(a_lakehouse_that_stays_away_is_a_404_in_the_end),
        TEST(a_wrong_workspace_is_told_at_once),
        TEST(what_never_left_is_no_doubt),
        TEST(a_lost_answer_is_looked_up_by_its_tag_and_adopted),
        TEST(a_batch_that_shows_up_late_is_still_adopted),
        TEST(what_is_not_found_is_unknown_and_never_sent_again),
        TEST(an_interrupt_during_the_post_leaves_it_unknown),
        TEST(an_interrupt_before_the_request_has_left_says_so),
        TEST(an_interrupt_during_the_look_up_ends_it),
        TEST(an_interrupt_before_it_leaves_no_trace),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
