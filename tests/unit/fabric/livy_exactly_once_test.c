/* Submit exactly once, on each kind of service and after each kind of lost, doubtful or refused
 * answer; and what stands in the way of another submission. */
#include "fabric/livy_settle.h"

#include "base/file.h"
#include "base/secret.h"
#include "fabric/livy_lookup.h"
#include "fabric/livy_marker.h"
#include "net/http_retry.h"
#include "support/assert.h"
#include "support/fake_clock.h"
#include "support/fake_livy.h"
#include "support/temp_folder.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const kinds[] = {"fabric", "synapse", "hdinsight", "apache"};

struct fixture {
    struct fake_livy service;
    struct fake_clock clock;
    struct lk_cancel *cancel;
    struct lk_livy_endpoint endpoint;
    char *folder, *journal_path;
    struct lk_journal *journal;
    struct lk_http *retry;
    struct lk_livy *livy;
    struct lk_livy_spec spec;
    struct lk_livy_batch batch;
    struct lk_error err;
};

static bool tell_submitter(void *of, struct lk_cancel *cancel, char ret[LK_LIVY_SUBMITTER_MAX])
{
    (void)of;
    (void)cancel;
    (void)snprintf(ret, LK_LIVY_SUBMITTER_MAX, "ME");
    return true;
}

static void use(struct fixture *f, const char *kind)
{
    static const struct lk_retry_policy policy = {0};

    lk_livy_free(f->livy);
    if (f->retry)
        f->retry->free(f->retry);
    lk_journal_free(f->journal);
    (void)unlink(f->journal_path);
    fake_livy_init(&f->service, kind, &f->clock);
    f->retry = lk_http_retry_new(&f->service.http, &f->clock.clock, &policy);
    f->journal = lk_journal_new(f->journal_path, &f->clock.clock);
    assert_lk_ok(lk_livy_endpoint_parse(lk_str_from(fake_livy_url(kind)), lk_str_from(kind),
                                        lk_cloud_builtin(LK_STR("public")), &f->endpoint, &f->err),
                 &f->err);
    f->livy = lk_livy_new(&(struct lk_livy_options){.endpoint = &f->endpoint,
                                                    .cloud = lk_cloud_builtin(LK_STR("public")),
                                                    .http = f->retry,
                                                    .clock = &f->clock.clock,
                                                    .journal = f->journal,
                                                    .submitter = tell_submitter});
    lk_livy_spec_done(&f->spec);
    f->spec = (struct lk_livy_spec){
        .body = json_pack("{s:s,s:s}", "name", "nightly", "file", "abfss://x/y.py")};
}

static int setup(void **state)
{
    struct fixture *f = lk_alloc(sizeof(*f));

    fake_clock_init(&f->clock);
    f->cancel = lk_cancel_new();
    f->folder = temp_folder_new();
    f->journal_path = temp_folder_path(f->folder, "submissions.jsonl");
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
    if (f->retry)
        f->retry->free(f->retry);
    lk_cancel_free(f->cancel);
    free(f->journal_path);
    temp_folder_free(f->folder);
    free(f);
    return 0;
}

static enum lk_status submit(struct fixture *f)
{
    lk_livy_batch_done(&f->batch);
    return lk_livy_submit(f->livy, &f->spec, f->cancel, &f->batch, &f->err);
}

static struct lk_journal_entry newest(struct fixture *f)
{
    struct lk_journal_entry *entries, ret;
    size_t count, bad;

    assert_lk_ok(lk_journal_read(f->journal, 1, &entries, &count, &bad, &f->err), &f->err);
    assert_int_equal(count, 1);
    ret = entries[0];
    free(entries);
    return ret;
}

static bool is_by_name(const char *kind)
{
    return lk_livy_profile_find(lk_str_from(kind))->marker == LK_LIVY_MARKER_NAME;
}

/* ---- every way a POST can go ----------------------------------------------------------------- */

static const struct way {
    enum fake_livy_fault fault;
    int status;
    enum { RUNS, NOT, UNKNOWN } becomes;
} ways[] = {
    {FAKE_LIVY_FINE, 0, RUNS},
    {FAKE_LIVY_NO_CONNECTION, 0, NOT},
    {FAKE_LIVY_LOST_BEFORE, 0, UNKNOWN},
    {FAKE_LIVY_LOST_AFTER, 0, RUNS},
    {FAKE_LIVY_TIMEOUT_BEFORE, 0, UNKNOWN},
    {FAKE_LIVY_TIMEOUT_AFTER, 0, RUNS},
    {FAKE_LIVY_TOO_LONG_AFTER, 0, RUNS},
    {FAKE_LIVY_STATUS_BEFORE, 408, UNKNOWN},
    {FAKE_LIVY_STATUS_BEFORE, 500, UNKNOWN},
    {FAKE_LIVY_STATUS_BEFORE, 502, UNKNOWN},
    {FAKE_LIVY_STATUS_BEFORE, 503, UNKNOWN},
    {FAKE_LIVY_STATUS_BEFORE, 504, UNKNOWN},
    {FAKE_LIVY_STATUS_BEFORE, 401, NOT},
    {FAKE_LIVY_STATUS_BEFORE, 403, NOT},
    {FAKE_LIVY_STATUS_BEFORE, 404, NOT},
    {FAKE_LIVY_STATUS_BEFORE, 409, NOT},
    {FAKE_LIVY_STATUS_AFTER, 408, RUNS},
    {FAKE_LIVY_STATUS_AFTER, 500, RUNS},
    {FAKE_LIVY_STATUS_AFTER, 502, RUNS},
    {FAKE_LIVY_STATUS_AFTER, 504, RUNS},
    {FAKE_LIVY_CUT_AFTER, 0, RUNS},
    {FAKE_LIVY_EMPTY_AFTER, 0, RUNS},
    {FAKE_LIVY_PAGE_AFTER, 0, RUNS},
    {FAKE_LIVY_MIXED_UP_AFTER, 0, RUNS},
    {FAKE_LIVY_REFUSED, 0, NOT},
};

static void check_way(struct fixture *f, const char *kind, const struct way *way)
{
    enum lk_status st = submit(f);
    struct lk_journal_entry entry = newest(f);

    if ((st == LK_OK) != (way->becomes == RUNS))
        fail_msg("%s, fault %d, status %d: %s", kind, (int)way->fault, way->status, f->err.message);
    /* Only a new lakehouse is given time. */
    assert_int_equal(f->service.posts, way->status == 404 && strcmp(kind, "fabric") == 0 ? 4 : 1);
    assert_int_equal(fake_livy_phantoms(&f->service), 0);
    assert_int_equal(fake_livy_running(&f->service), way->becomes == RUNS);
    assert_true(entry.has_outcome);
    if (way->becomes == RUNS) {
        assert_int_equal(st, LK_OK);
        assert_int_equal(entry.outcome, LK_JOURNAL_ACCEPTED);
        assert_string_equal(entry.batch_id, f->service.records[0].id);
        assert_string_equal(f->batch.id, f->service.records[0].id);
        assert_string_equal(f->batch.submit_id, entry.submit_id);
        assert_string_equal(f->batch.name, "nightly");
    } else {
        assert_int_not_equal(st, LK_OK);
        assert_int_equal(entry.outcome,
                         way->becomes == NOT ? LK_JOURNAL_REFUSED : LK_JOURNAL_UNKNOWN);
        assert_int_equal(st == LK_UNKNOWN, way->becomes == UNKNOWN);
    }
}

static void every_answer_of_every_service_ends_with_one_batch_or_none_and_the_journal_knows(
    void **state)
{
    struct fixture *f = *state;

    for (size_t k = 0; k < LK_COUNT(kinds); k++)
        for (size_t i = 0; i < LK_COUNT(ways); i++) {
            use(f, kinds[k]);
            f->service.fault = ways[i].fault;
            f->service.status = ways[i].status;
            check_way(f, kinds[k], &ways[i]);
        }
}

static void a_batch_that_shows_late_is_found_on_every_service(void **state)
{
    struct fixture *f = *state;

    for (size_t k = 0; k < LK_COUNT(kinds); k++) {
        use(f, kinds[k]);
        f->service.fault = FAKE_LIVY_LOST_AFTER;
        f->service.hidden_looks = 3;
        f->service.list_without_tags = k % 2;
        assert_lk_ok(submit(f), &f->err);
        assert_string_equal(f->batch.id, f->service.records[0].id);
        assert_string_equal(newest(f).how, "found");
    }
}

static void others_of_the_same_name_are_never_adopted(void **state)
{
    struct fixture *f = *state;

    for (size_t k = 0; k < LK_COUNT(kinds); k++) {
        use(f, kinds[k]);
        fake_livy_add(&f->service, "nightly", "");
        fake_livy_add(&f->service, is_by_name(kinds[k]) ? "nightly-0123456789ab" : "nightly",
                      "0123456789ab-not-ours");
        f->service.submitter = "somebody else";
        f->service.fault = FAKE_LIVY_LOST_BEFORE;
        assert_lk_status(LK_UNKNOWN, submit(f), &f->err);
        assert_int_equal(f->service.count, 2);
        assert_int_equal(f->service.deletes, 0);
    }
}

static void a_candidate_with_anothers_tag_is_asked_once(void **state)
{
    struct fixture *f = *state;

    use(f, "fabric");
    f->service.list_without_tags = true;
    f->service.submitter = "somebody else";
    fake_livy_add(&f->service, "nightly", "else");
    f->service.fault = FAKE_LIVY_LOST_BEFORE;
    assert_lk_status(LK_UNKNOWN, submit(f), &f->err);
    /* Eight lists in 30 s, and one question. */
    assert_in_range(f->service.looks, 7, 10);
}

/* ---- what the request carries ---------------------------------------------------------------- */

static void the_marker_is_a_tag_or_the_end_of_the_name(void **state)
{
    struct fixture *f = *state;

    for (size_t k = 0; k < LK_COUNT(kinds); k++) {
        const struct fake_livy_record *record = &f->service.records[0];
        struct lk_str name, digits;
        struct lk_journal_entry entry;
        use(f, kinds[k]);
        assert_lk_ok(submit(f), &f->err);
        entry = newest(f);
        assert_string_equal(entry.name, "nightly");
        assert_string_equal(entry.service, kinds[k]);
        assert_string_equal(f->batch.service_name, record->name);
        if (!is_by_name(kinds[k])) {
            assert_string_equal(record->name, "nightly");
            assert_string_equal(record->submit_id, entry.submit_id);
            assert_string_equal(entry.service_name, "");
            continue;
        }
        assert_string_equal(entry.service_name, record->name);
        assert_true(lk_livy_marker_split(lk_str_from(record->name), &name, &digits));
        assert_str(name, "nightly");
        assert_true(lk_livy_marker_is(digits, lk_str_from(entry.submit_id)));
    }
}

static void a_request_without_a_name_gets_one_of_its_file_where_the_name_is_the_marker(void **state)
{
    struct fixture *f = *state;

    use(f, "apache");
    json_object_del(f->spec.body, "name");
    json_object_set_new(f->spec.body, "file", json_string("file:///srv/clean_trips.py"));
    assert_lk_ok(submit(f), &f->err);
    assert_true(lk_str_starts(lk_str_from(f->service.records[0].name), LK_STR("clean_trips-")));
    assert_string_equal(f->batch.name, "clean_trips");
    use(f, "fabric");
    json_object_del(f->spec.body, "name");
    assert_lk_ok(submit(f), &f->err);
    assert_string_equal(f->service.records[0].name, "");
}

static void the_payloads_hash_is_in_the_journal(void **state)
{
    struct fixture *f = *state;

    use(f, "apache");
    (void)snprintf(f->spec.sha256, sizeof(f->spec.sha256), "%064d", 7);
    assert_lk_ok(submit(f), &f->err);
    assert_string_equal(newest(f).sha256, f->spec.sha256);
}

/* ---- refusals that leave a record ------------------------------------------------------------ */

static void a_refusal_keeps_its_reason_and_its_record_is_deleted(void **state)
{
    struct fixture *f = *state;

    use(f, "apache");
    f->service.fault = FAKE_LIVY_REFUSED;
    assert_lk_status(LK_INVALID, submit(f), &f->err);
    assert_contains(f->err.message, "cannot be added to user sessions");
    assert_int_equal(f->service.deletes, 1);
    /* Not before it was asked for again: a batch that is just being made looks the same. */
    assert_true(fake_clock_waited_ms(&f->clock) >= 1000);
    assert_true(fake_clock_waited_ms(&f->clock) <= 3000);
    assert_int_equal(f->service.looks, 3);
}

static void a_refusal_whose_answer_was_lost_is_recognised_by_its_record(void **state)
{
    static const enum fake_livy_fault faults[] = {FAKE_LIVY_REFUSED_LOST, FAKE_LIVY_REFUSED_TWICE};
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(faults); i++) {
        use(f, "apache");
        f->service.fault = faults[i];
        assert_lk_status(LK_INVALID, submit(f), &f->err);
        assert_contains(f->err.message, "never started");
        assert_contains(f->err.next, "Submit it again");
        assert_int_equal(f->service.count, 0);
        assert_int_equal(newest(f).outcome, LK_JOURNAL_REFUSED);
    }
}

static void a_duplicate_of_our_own_fresh_name_is_our_batch(void **state)
{
    struct fixture *f = *state;

    for (size_t k = 0; k < LK_COUNT(kinds); k++) {
        if (!is_by_name(kinds[k]))
            continue;
        use(f, kinds[k]);
        f->service.fault = FAKE_LIVY_TWICE;
        f->service.next_number = 7;
        f->service.hidden_looks = 1;
        assert_lk_ok(submit(f), &f->err);
        /* 8 is the number in the message, which is the refused copy's. */
        assert_string_equal(f->batch.id, "7");
        assert_int_equal(fake_livy_running(&f->service), 1);
        assert_string_equal(newest(f).batch_id, "7");
    }
}

static void a_duplicate_that_cannot_be_looked_up_is_unknown(void **state)
{
    struct fixture *f = *state;

    use(f, "apache");
    f->service.fault = FAKE_LIVY_TWICE;
    f->service.looks_fail = true;
    assert_lk_status(LK_UNKNOWN, submit(f), &f->err);
    assert_int_equal(newest(f).outcome, LK_JOURNAL_UNKNOWN);
    assert_contains(f->err.next, "%batch recover");
}

/* ---- the last resort --------------------------------------------------------------------------
 */

static void the_history_counts_only_when_exactly_one_fits(void **state)
{
    struct fixture *f = *state;

    use(f, "fabric");
    f->service.fault = FAKE_LIVY_LOST_AFTER;
    f->service.never_listed = true;
    f->service.submitter = "me";
    assert_lk_ok(submit(f), &f->err);
    assert_string_equal(f->batch.id, f->service.records[0].id);

    use(f, "fabric");
    f->service.fault = FAKE_LIVY_LOST_AFTER;
    f->service.never_listed = true;
    f->service.submitter = "me";
    fake_livy_add(&f->service, "nightly", "");
    assert_lk_status(LK_UNKNOWN, submit(f), &f->err);

    use(f, "fabric");
    f->service.fault = FAKE_LIVY_LOST_AFTER;
    f->service.never_listed = true;
    f->service.submitter = "somebody else";
    assert_lk_status(LK_UNKNOWN, submit(f), &f->err);
}

static void a_batch_of_the_history_that_another_submission_owns_does_not_fit(void **state)
{
    struct fixture *f = *state;

    use(f, "fabric");
    f->service.submitter = "me";
    assert_lk_ok(submit(f), &f->err);
    f->service.never_listed = true;
    f->service.fault = FAKE_LIVY_LOST_BEFORE;
    assert_lk_status(LK_UNKNOWN, submit(f), &f->err);
    f->service.fault = FAKE_LIVY_LOST_AFTER;
    f->spec.resubmit = true;
    assert_lk_ok(submit(f), &f->err);
    assert_string_equal(f->batch.id, f->service.records[1].id);
}

/* ---- a former one in the way ----------------------------------------------------------------- */

static void lose_one(struct fixture *f, const char *kind, enum fake_livy_fault fault)
{
    use(f, kind);
    f->service.fault = fault;
    f->service.hidden_looks = 1000;
    assert_lk_status(LK_UNKNOWN, submit(f), &f->err);
    f->service.fault = FAKE_LIVY_FINE;
}

static void what_may_run_is_not_submitted_again(void **state)
{
    struct fixture *f = *state;

    for (size_t k = 0; k < LK_COUNT(kinds); k++) {
        lose_one(f, kinds[k], FAKE_LIVY_LOST_BEFORE);
        assert_lk_status(LK_UNKNOWN, submit(f), &f->err);
        assert_string_equal(f->err.code, "UnknownBefore");
        assert_contains(f->err.next, "%batch recover");
        assert_contains(f->err.next, "--resubmit");
        assert_int_equal(f->service.posts, 1);
        /* Other settings are the same work; another name or file is other work. */
        json_object_set_new(f->spec.body, "conf", json_pack("{s:s}", "spark.x", "1"));
        assert_lk_status(LK_UNKNOWN, submit(f), &f->err);
        json_object_set_new(f->spec.body, "name", json_string("other"));
        assert_lk_ok(submit(f), &f->err);
        json_object_set_new(f->spec.body, "name", json_string("nightly"));
        json_object_set_new(f->spec.body, "file", json_string("abfss://x/z.py"));
        assert_lk_ok(submit(f), &f->err);
    }
}

static void what_did_arrive_is_told_and_not_submitted_again(void **state)
{
    struct fixture *f = *state;

    for (size_t k = 0; k < LK_COUNT(kinds); k++)
        for (int again = 0; again < 2; again++) {
            lose_one(f, kinds[k], FAKE_LIVY_LOST_AFTER);
            f->service.hidden_looks = 0;
            f->spec.resubmit = again;
            assert_lk_status(LK_EXISTS, submit(f), &f->err);
            assert_string_equal(f->err.code, "SubmittedBefore");
            assert_contains(f->err.next, f->service.records[0].id);
            assert_int_equal(fake_livy_running(&f->service), 1);
            assert_int_equal(newest(f).outcome, LK_JOURNAL_ACCEPTED);
            assert_string_equal(newest(f).how, "recovered");
            /* It is settled now, so a second run is a second run. */
            assert_lk_ok(submit(f), &f->err);
            assert_int_equal(fake_livy_running(&f->service), 2);
        }
}

static void resubmit_submits_again_and_the_journal_says_so(void **state)
{
    struct fixture *f = *state;
    struct lk_journal_entry former;

    for (size_t k = 0; k < LK_COUNT(kinds); k++) {
        lose_one(f, kinds[k], FAKE_LIVY_LOST_BEFORE);
        former = newest(f);
        f->spec.resubmit = true;
        assert_lk_ok(submit(f), &f->err);
        assert_string_equal(f->spec.followed, former.submit_id);
        assert_string_equal(newest(f).resubmit_of, former.submit_id);
        assert_int_equal(fake_livy_running(&f->service), 1);
    }
}

static void half_a_day_later_it_is_new_work(void **state)
{
    struct fixture *f = *state;

    lose_one(f, "apache", FAKE_LIVY_LOST_BEFORE);
    fake_clock_advance_ms(&f->clock, LK_LIVY_IN_THE_WAY_MS + 60000);
    assert_lk_ok(submit(f), &f->err);
}

static struct lk_journal *begin_elsewhere(struct fixture *f, const char *submit_id)
{
    struct lk_journal *other = lk_journal_new(f->journal_path, &f->clock.clock);

    assert_lk_ok(
        lk_journal_begin(other,
                         &(struct lk_journal_intent){.submit_id = lk_str_from(submit_id),
                                                     .endpoint = lk_str_from(f->endpoint.base),
                                                     .name = LK_STR("nightly"),
                                                     .file = LK_STR("abfss://x/y.py")},
                         &f->err),
        &f->err);
    return other;
}

static void one_that_another_kernel_is_sending_is_not_in_the_way_and_one_that_died_is(void **state)
{
    struct fixture *f = *state;
    struct lk_journal *other;

    use(f, "apache");
    other = begin_elsewhere(f, "aaaaaaaa-0000-4000-8000-000000000000");
    assert_lk_ok(submit(f), &f->err);
    lk_journal_free(other);
    other = begin_elsewhere(f, "aaaaaaaa-0000-4000-8000-000000000001");
    lk_journal_free(other);
    assert_lk_status(LK_UNKNOWN, submit(f), &f->err);
    assert_string_equal(f->err.code, "UnknownBefore");
}

/* ---- settling ---------------------------------------------------------------------------------
 */

/* A kernel that is killed in the moment after the request, before the answer. */
static void die_in_between(struct fixture *f)
{
    int exit_status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        char id[] = "abcdefab-cdef-4000-8000-000000000001";
        if (lk_journal_begin(
                f->journal,
                &(struct lk_journal_intent){.submit_id = lk_str_from(id),
                                            .endpoint = lk_str_from(f->endpoint.base),
                                            .service = LK_STR("x"),
                                            .name = LK_STR("nightly"),
                                            .service_name = is_by_name(f->service.kind)
                                                                ? LK_STR("nightly-abcdefabcdef")
                                                                : LK_STR_EMPTY,
                                            .file = LK_STR("abfss://x/y.py")},
                &f->err))
            _exit(1);
        (void)raise(SIGKILL);
    }
    assert_int_equal(waitpid(child, &exit_status, 0), child);
    assert_true(WIFSIGNALED(exit_status));
}

static void what_a_killed_kernel_submitted_is_found_again(void **state)
{
    struct fixture *f = *state;
    struct lk_journal_entry entry;

    for (size_t k = 0; k < LK_COUNT(kinds); k++) {
        use(f, kinds[k]);
        die_in_between(f);
        fake_livy_add(&f->service, is_by_name(kinds[k]) ? "nightly-abcdefabcdef" : "nightly",
                      "abcdefab-cdef-4000-8000-000000000001");
        fake_livy_add(&f->service, "other", "else");
        entry = newest(f);
        assert_true(lk_journal_is_unsettled(&entry));
        assert_lk_ok(lk_livy_settle(f->livy, &entry, f->cancel, &f->batch, &f->err), &f->err);
        assert_string_equal(f->batch.id, f->service.records[0].id);
        assert_int_equal(entry.outcome, LK_JOURNAL_ACCEPTED);
        assert_string_equal(newest(f).batch_id, f->batch.id);
        assert_int_equal(f->service.posts, 0);
        lk_livy_batch_done(&f->batch);
    }
}

/* Found by the campaign of submit_faults_test: only the newest hundred were looked at. */
static void it_is_found_behind_hundreds_of_newer_ones(void **state)
{
    struct fixture *f = *state;
    struct lk_journal_entry entry;
    char name[32];

    for (size_t k = 0; k < LK_COUNT(kinds); k++) {
        use(f, kinds[k]);
        die_in_between(f);
        fake_livy_add(&f->service, is_by_name(kinds[k]) ? "nightly-abcdefabcdef" : "nightly",
                      "abcdefab-cdef-4000-8000-000000000001");
        for (int i = 0; i < 450; i++) {
            fake_clock_advance_ms(&f->clock, 1000);
            (void)snprintf(name, sizeof name, "newer%d", i);
            fake_livy_add(&f->service, name, "else");
        }
        entry = newest(f);
        assert_lk_ok(lk_livy_settle(f->livy, &entry, f->cancel, &f->batch, &f->err), &f->err);
        assert_string_equal(f->batch.id, f->service.records[0].id);
        lk_livy_batch_done(&f->batch);
    }
}

static void a_new_one_is_looked_for_among_the_newest_only(void **state)
{
    struct fixture *f = *state;

    use(f, "fabric");
    for (int i = 0; i < 450; i++)
        fake_livy_add(&f->service, "another", "else");
    f->service.fault = FAKE_LIVY_LOST_BEFORE;
    assert_lk_status(LK_UNKNOWN, submit(f), &f->err);
    /* One request each time. */
    assert_in_range(f->service.looks, 5, 12);
}

/* How far the list is read is told by the time of the submission. */
static void what_is_older_than_the_submission_is_not_looked_at(void **state)
{
    struct fixture *f = *state;
    struct lk_journal_entry entry;

    use(f, "fabric");
    for (int i = 0; i < 300; i++)
        fake_livy_add(&f->service, "older", "else");
    fake_clock_advance_ms(&f->clock, 3600000);
    die_in_between(f);
    entry = newest(f);
    assert_lk_status(LK_NOT_FOUND, lk_livy_settle(f->livy, &entry, f->cancel, &f->batch, &f->err),
                     &f->err);
    assert_int_equal(f->service.looks, 1);
}

static void what_is_not_there_stays_unknown_and_is_never_submitted(void **state)
{
    struct fixture *f = *state;
    struct lk_journal_entry entry;

    for (size_t k = 0; k < LK_COUNT(kinds); k++) {
        use(f, kinds[k]);
        die_in_between(f);
        entry = newest(f);
        assert_lk_status(LK_NOT_FOUND,
                         lk_livy_settle(f->livy, &entry, f->cancel, &f->batch, &f->err), &f->err);
        assert_int_equal(newest(f).outcome, LK_JOURNAL_UNKNOWN);
        assert_true(newest(f).has_outcome);
        assert_int_equal(f->service.posts, 0);
    }
}

static void what_a_service_refused_is_settled_as_refused(void **state)
{
    struct fixture *f = *state;
    struct lk_journal_entry entry;

    use(f, "hdinsight");
    die_in_between(f);
    fake_livy_add(&f->service, "nightly-abcdefabcdef", "")->phantom = true;
    entry = newest(f);
    assert_lk_status(LK_EXISTS, lk_livy_settle(f->livy, &entry, f->cancel, &f->batch, &f->err),
                     &f->err);
    assert_int_equal(newest(f).outcome, LK_JOURNAL_REFUSED);
    assert_int_equal(f->service.count, 0);
}

static void what_was_refused_before_is_not_in_the_way(void **state)
{
    struct fixture *f = *state;

    use(f, "apache");
    die_in_between(f);
    fake_livy_add(&f->service, "nightly-abcdefabcdef", "")->phantom = true;
    assert_lk_ok(submit(f), &f->err);
    assert_int_equal(fake_livy_phantoms(&f->service), 0);
    assert_int_equal(fake_livy_running(&f->service), 1);
    assert_string_equal(f->spec.followed, "");
}

static void a_service_that_does_not_answer_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct lk_journal_entry entry;

    use(f, "fabric");
    die_in_between(f);
    f->service.looks_fail = true;
    entry = newest(f);
    assert_lk_status(LK_SERVICE, lk_livy_settle(f->livy, &entry, f->cancel, &f->batch, &f->err),
                     &f->err);
    assert_false(newest(f).has_outcome);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(every_answer_of_every_service_ends_with_one_batch_or_none_and_the_journal_knows),
        TEST(a_batch_that_shows_late_is_found_on_every_service),
        TEST(others_of_the_same_name_are_never_adopted),
        TEST(a_candidate_with_anothers_tag_is_asked_once),
        TEST(the_marker_is_a_tag_or_the_end_of_the_name),
        TEST(a_request_without_a_name_gets_one_of_its_file_where_the_name_is_the_marker),
        TEST(the_payloads_hash_is_in_the_journal),
        TEST(a_refusal_keeps_its_reason_and_its_record_is_deleted),
        TEST(a_refusal_whose_answer_was_lost_is_recognised_by_its_record),
        TEST(a_duplicate_of_our_own_fresh_name_is_our_batch),
        TEST(a_duplicate_that_cannot_be_looked_up_is_unknown),
        TEST(the_history_counts_only_when_exactly_one_fits),
        TEST(a_batch_of_the_history_that_another_submission_owns_does_not_fit),
        TEST(what_may_run_is_not_submitted_again),
        TEST(what_did_arrive_is_told_and_not_submitted_again),
        TEST(resubmit_submits_again_and_the_journal_says_so),
        TEST(half_a_day_later_it_is_new_work),
        TEST(one_that_another_kernel_is_sending_is_not_in_the_way_and_one_that_died_is),
        TEST(what_a_killed_kernel_submitted_is_found_again),
        TEST(it_is_found_behind_hundreds_of_newer_ones),
        TEST(a_new_one_is_looked_for_among_the_newest_only),
        TEST(what_is_older_than_the_submission_is_not_looked_at),
        TEST(what_is_not_there_stays_unknown_and_is_never_submitted),
        TEST(what_a_service_refused_is_settled_as_refused),
        TEST(what_was_refused_before_is_not_in_the_way),
        TEST(a_service_that_does_not_answer_changes_nothing),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
