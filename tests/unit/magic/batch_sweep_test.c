/* Sweeps against a Livy service in memory, where nothing ends: what the journal brings back. */
#include "base/file.h"
#include "magic/sweep.h"
#include "unit/magic/submit_fixture.h"

#include <stdio.h>
#include <string.h>

#define SWEEP "%batch submit file:///srv/trips.py --each n=0..2 --timeout 5s"

/* Every member is accepted and goes on. */
static void begin(struct fixture *f)
{
    assert_lk_status(LK_TIMEOUT, run(f, SWEEP), &f->err);
    assert_int_equal(f->service.posts, 3);
    assert_int_equal(json_integer_value(json_object_get(value(f), "running")), 3);
}

static void a_resumed_sweep_submits_nothing_that_was_accepted(void **state)
{
    static const char *const kinds[] = {"apache", "hdinsight", "synapse", "fabric"};
    static const char *const files[] = {"file:///srv/trips.py", "wasbs:///x/trips.py",
                                        "abfss://c@a.dfs.core.windows.net/trips.py",
                                        "abfss://w@onelake.dfs.fabric.microsoft.com/l/x.py"};
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(kinds); i++) {
        char line[300], resumed[320];
        (void)snprintf(line, sizeof line, "%%batch submit %s --each n=0..2 --timeout 5s", files[i]);
        (void)snprintf(resumed, sizeof resumed, "%s --resume", line);
        use(f, kinds[i]);
        assert_lk_status(LK_TIMEOUT, run(f, line), &f->err);
        assert_lk_status(LK_TIMEOUT, run(f, resumed), &f->err);
        assert_int_equal(json_integer_value(json_object_get(value(f), "running")), 3);
        assert_int_equal(f->service.posts, 3);
    }
}

/* Apache Livy numbers its batches from 0 again after a restart. */
static void a_member_whose_id_is_anothers_now_is_unknown_and_never_that_others_success(void **state)
{
    struct fixture *f = *state;

    begin(f);
    (void)snprintf(f->service.records[1].name, sizeof f->service.records[1].name, "else");
    assert_lk_status(LK_TIMEOUT, run(f, SWEEP " --resume"), &f->err);
    assert_int_equal(json_integer_value(json_object_get(value(f), "running")), 2);
    assert_int_equal(json_integer_value(json_object_get(value(f), "unknown")), 1);
    assert_int_equal(f->service.posts, 3);
}

/* A service that is full refuses a member again and again, and each time stands in the journal. */
static void many_refusals_do_not_hide_what_was_accepted(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf journal = LK_BUF_INIT(16 << 20);
    LK_CLEANUP(lk_buf_done) struct lk_buf first = LK_BUF_INIT(1 << 16);
    struct lk_str line, rest, id;

    begin(f);
    assert_lk_ok(lk_file_read(f->journal_path, &journal, &f->err), &f->err);
    rest = lk_buf_view(&journal);
    assert_true(lk_str_next_line(&rest, &line));
    lk_buf_put(&first, line);
    id = lk_str_slice(line, lk_str_find(line, LK_STR("\"submit_id\":\"")) + 13, line.len);
    for (int i = 0; i < 6000; i++) {
        size_t at = (size_t)(id.ptr - line.ptr);
        lk_buf_printf(&journal, "%.*s%08d%s\n", (int)at, lk_buf_cstr(&first), i,
                      lk_buf_cstr(&first) + at + 8);
        lk_buf_printf(&journal,
                      "{\"event\":\"outcome\",\"submit_id\":\"%08d%.28s\","
                      "\"at\":\"2026-01-01T00:00:00Z\",\"outcome\":\"refused\"}\n",
                      i, lk_buf_cstr(&first) + at + 8);
    }
    assert_lk_ok(lk_file_write(f->journal_path, 0600, lk_buf_view(&journal), &f->err), &f->err);
    assert_lk_status(LK_TIMEOUT, run(f, SWEEP " --resume"), &f->err);
    assert_int_equal(f->service.posts, 3);
    assert_int_equal(json_integer_value(json_object_get(value(f), "running")), 3);
}

/* The cause may be mended outside the request, and then the same line is right. */
static void a_sweep_of_which_nothing_was_accepted_can_be_begun_again(void **state)
{
    struct fixture *f = *state;

    f->service.fault = FAKE_LIVY_STATUS_BEFORE;
    f->service.status = 403;
    assert_lk_status(LK_DENIED, run(f, SWEEP), &f->err);
    f->service.fault = FAKE_LIVY_FINE;
    f->service.posts = 0;
    begin(f);
}

/* The sweep is claimed, whatever run of it, and given back at the end. */
static void two_kernels_never_run_the_same_sweep_at_once(void **state)
{
    struct fixture *f = *state;
    struct lk_str endpoint = lk_str_from(f->context.endpoint.base), identity;
    struct lk_journal *other = lk_journal_new(f->journal_path, &f->clock.clock);
    struct lk_journal_entry *entries;
    size_t count, bad;

    begin(f);
    assert_lk_ok(lk_journal_read(f->context.journal, 1, &entries, &count, &bad, &f->err), &f->err);
    identity = lk_str_slice(lk_str_from(entries[0].sweep), 0, LK_SWEEP_IDENTITY_SIZE - 1);
    assert_lk_ok(lk_journal_claim(other, endpoint, identity, &f->err), &f->err);
    assert_lk_status(LK_EXISTS, run(f, SWEEP), &f->err);
    assert_string_equal(f->err.code, "SweepAtWork");
    assert_lk_status(LK_EXISTS, run(f, SWEEP " --resume"), &f->err);
    assert_int_equal(f->service.posts, 3);

    lk_journal_unclaim(other, endpoint, identity);
    assert_lk_status(LK_TIMEOUT, run(f, SWEEP), &f->err);
    assert_int_equal(f->service.posts, 6);
    assert_lk_ok(lk_journal_claim(other, endpoint, identity, &f->err), &f->err);
    /* The same work at another service is other work. */
    assert_lk_ok(
        lk_journal_claim(f->context.journal, LK_STR("https://other.example"), identity, &f->err),
        &f->err);
    free(entries);
    lk_journal_free(other);
}

static void options_of_a_sweep_without_one_submit_nothing(void **state)
{
    static const char *const options[] = {"--resume", "--max-parallel 4",
                                          "--resume --retry-failed"};
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(options); i++) {
        char line[200];
        (void)snprintf(line, sizeof line, "%%batch submit file:///srv/trips.py %s", options[i]);
        assert_lk_status(LK_INVALID, run(f, line), &f->err);
        assert_contains(f->err.message, "goes with --each");
    }
    assert_int_equal(f->service.posts, 0);
}

/* The first thing that is shown; the last table takes its place in the cell. */
static char first_shown[1000];

static void keep_first(struct lk_cell *cell, const struct lk_bundle *bundle, const char *display_id)
{
    struct fake_display *shown = &((struct fake_cell *)cell)->displays[0];

    if (((struct fake_cell *)cell)->display_count)
        return;
    ((struct fake_cell *)cell)->display_count = 1;
    (void)snprintf(shown->id, sizeof shown->id, "%s", display_id);
    shown->data = json_deep_copy(bundle->data);
    (void)snprintf(first_shown, sizeof first_shown, "%.*s",
                   LK_STR_ARGS(lk_json_get_str(bundle->data, "text/plain")));
}

/* In a terminal the line is all there is. */
static void a_full_service_is_told_while_members_wait_for_it(void **state)
{
    struct fixture *f = *state;

    f->cell.cell.terminal = true;
    f->cell.cell.display = keep_first;
    f->service.fault = FAKE_LIVY_STATUS_BEFORE;
    f->service.status = 430;
    assert_lk_status(LK_TIMEOUT, run(f, SWEEP), &f->err);
    assert_contains(first_shown, "3 members: 3 waiting, to be tried again: ");
    assert_contains(first_shown, "430");
}

static void what_is_hardly_meant_is_told_of_a_sweep_as_well(void **state)
{
    struct fixture *f = *state;

    assert_lk_status(LK_TIMEOUT, run(f, SWEEP " --conf table=t"), &f->err);
    assert_contains(fake_cell_shown(&f->cell, 0, "text/plain"), "Spark drops the setting 'table'");
    RUN(f, SWEEP " --conf table=t --dry-run");
    assert_contains(shown(f, "text/plain"), "Spark drops the setting 'table'");
    assert_int_equal(json_array_size(json_object_get(value(f), "warnings")), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_kernels_never_run_the_same_sweep_at_once),
        TEST(a_resumed_sweep_submits_nothing_that_was_accepted),
        TEST(a_member_whose_id_is_anothers_now_is_unknown_and_never_that_others_success),
        TEST(many_refusals_do_not_hide_what_was_accepted),
        TEST(what_is_hardly_meant_is_told_of_a_sweep_as_well),
        TEST(options_of_a_sweep_without_one_submit_nothing),
        TEST(a_full_service_is_told_while_members_wait_for_it),
        TEST(a_sweep_of_which_nothing_was_accepted_can_be_begun_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
