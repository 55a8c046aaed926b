#include "fabric/journal.h"

#include "base/file.h"
#include "fabric/journal_line.h"
#include "support/assert.h"
#include "support/fake_clock.h"
#include "support/temp_folder.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
    char *folder, *path;
    struct fake_clock clock;
    struct lk_journal *journal;
    struct lk_error err;
};

static int setup(void **state)
{
    struct fixture *f = lk_alloc(sizeof(*f));

    f->folder = temp_folder_new();
    f->path = temp_folder_path(f->folder, "a/b/submissions.jsonl");
    fake_clock_init(&f->clock);
    f->journal = lk_journal_new(f->path, &f->clock.clock);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    lk_journal_free(f->journal);
    temp_folder_free(f->folder);
    free(f->path);
    free(f);
    return 0;
}

static enum lk_status begin(struct lk_journal *journal, const char *submit_id, const char *name,
                            struct lk_error *err)
{
    return lk_journal_begin(journal,
                            &(struct lk_journal_intent){.submit_id = lk_str_from(submit_id),
                                                        .endpoint = LK_STR("https://e"),
                                                        .name = lk_str_from(name),
                                                        .file = LK_STR("abfss://f")},
                            err);
}

static void intend(struct fixture *f, const char *submit_id, const char *name)
{
    assert_lk_ok(begin(f->journal, submit_id, name, &f->err), &f->err);
}

static void settle(struct fixture *f, const char *submit_id, enum lk_journal_outcome outcome,
                   const char *batch_id)
{
    assert_lk_ok(lk_journal_outcome(f->journal, lk_str_from(submit_id), outcome,
                                    lk_str_from(batch_id), "answered", &f->err),
                 &f->err);
}

static struct lk_journal_entry *read_all(struct fixture *f, size_t max, size_t *count, size_t *bad)
{
    struct lk_journal_entry *entries;

    assert_lk_ok(lk_journal_read(f->journal, max, &entries, count, bad, &f->err), &f->err);
    return entries;
}

static void submissions_come_back_newest_first_with_their_outcome(void **state)
{
    struct fixture *f = *state;
    struct lk_journal_entry *entries;
    size_t count, bad;

    intend(f, "one", "a");
    settle(f, "one", LK_JOURNAL_ACCEPTED, "id-1");
    fake_clock_advance_ms(&f->clock, 60000);
    intend(f, "two", "b");
    intend(f, "three", "c\nwith a break and \"quotes\" and \xff");
    settle(f, "two", LK_JOURNAL_UNKNOWN, "");
    settle(f, "two", LK_JOURNAL_ACCEPTED, "id-2");

    entries = read_all(f, 10, &count, &bad);
    assert_int_equal(count, 3);
    assert_int_equal(bad, 0);
    assert_string_equal(entries[0].submit_id, "three");
    assert_false(entries[0].has_outcome);
    assert_contains(entries[0].name, "c\nwith a break and \"quotes\" and \xEF\xBF\xBD");
    assert_string_equal(entries[1].submit_id, "two");
    assert_int_equal(entries[1].outcome, LK_JOURNAL_ACCEPTED);
    assert_string_equal(entries[1].batch_id, "id-2");
    assert_string_equal(entries[2].batch_id, "id-1");
    assert_int_equal(entries[1].intent_unix_ms - entries[2].intent_unix_ms, 60000);
    free(entries);
}

static void no_more_than_asked_for_are_read(void **state)
{
    struct fixture *f = *state;
    struct lk_journal_entry *entries;
    size_t count, bad;

    for (int i = 0; i < 9; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "s%d", i);
        intend(f, id, "x");
        settle(f, id, LK_JOURNAL_REFUSED, "");
    }
    entries = read_all(f, 2, &count, &bad);
    assert_int_equal(count, 2);
    assert_string_equal(entries[0].submit_id, "s8");
    assert_string_equal(entries[1].submit_id, "s7");
    assert_true(entries[1].has_outcome);
    free(entries);
}

static void a_missing_journal_is_no_submissions(void **state)
{
    struct fixture *f = *state;
    size_t count = 7, bad = 7;

    free(read_all(f, 10, &count, &bad));
    assert_int_equal(count, 0);
    assert_int_equal(bad, 0);
    assert_false(lk_file_exists(f->path));
}

static void the_journal_is_for_its_owner_only(void **state)
{
    struct fixture *f = *state;
    char *folder = temp_folder_path(f->folder, "a/b");
    struct stat info;

    intend(f, "one", "a");
    assert_int_equal(stat(f->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(stat(folder, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    free(folder);
}

static void a_torn_line_costs_itself_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    struct lk_journal_entry *entries;
    size_t count, bad;

    intend(f, "one", "a");
    assert_lk_ok(lk_file_append_sync(f->path, 0600, LK_STR("{\"event\":\"int"), &f->err), &f->err);
    entries = read_all(f, 10, &count, &bad);
    assert_int_equal(count, 1);
    assert_int_equal(bad, 1);
    free(entries);

    intend(f, "two", "b");
    entries = read_all(f, 10, &count, &bad);
    assert_int_equal(count, 2);
    assert_int_equal(bad, 1);
    assert_string_equal(entries[0].submit_id, "two");
    free(entries);
}

static void lines_that_make_no_sense_are_counted_and_skipped(void **state)
{
    static const char *const lines[] = {
        "garbage\n",
        "{}\n",
        "[]\n",
        "{\"event\":\"intent\",\"submit_id\":5,\"at\":\"2026-11-24T01:50:00Z\"}\n",
        "{\"event\":\"intent\",\"submit_id\":\"\",\"at\":\"2026-11-24T01:50:00Z\"}\n",
        "{\"event\":\"intent\",\"submit_id\":\"x\",\"at\":\"yesterday\"}\n",
        "{\"event\":\"outcome\",\"submit_id\":\"x\",\"at\":\"2026-11-24T01:50:00Z\",\"outcome\":"
        "\"maybe\"}\n",
        "{\"event\":\"other\",\"submit_id\":\"x\",\"at\":\"2026-11-24T01:50:00Z\"}\n",
        "\xff\xfe\n",
        "\n",
    };
    struct fixture *f = *state;
    struct lk_journal_entry *entries;
    size_t count, bad;

    intend(f, "one", "a");
    for (size_t i = 0; i < LK_COUNT(lines); i++)
        assert_lk_ok(lk_file_append_sync(f->path, 0600, lk_str_from(lines[i]), &f->err), &f->err);
    intend(f, "two", "b");
    entries = read_all(f, 10, &count, &bad);
    assert_int_equal(count, 2);
    assert_int_equal(bad, LK_COUNT(lines) - 1);
    free(entries);
}

static void texts_past_their_room_are_cut_and_the_line_stays_whole(void **state)
{
    struct fixture *f = *state;
    struct lk_buf big = LK_BUF_INIT(100000);
    struct lk_journal_entry *entries;
    size_t count, bad;

    while (!big.full)
        lk_buf_put(&big, LK_STR("\xC3\xA9"));
    assert_lk_ok(lk_journal_begin(f->journal,
                                  &(struct lk_journal_intent){.submit_id = LK_STR("one"),
                                                              .endpoint = lk_buf_view(&big),
                                                              .name = lk_buf_view(&big),
                                                              .service_name = lk_buf_view(&big),
                                                              .file = lk_buf_view(&big)},
                                  &f->err),
                 &f->err);
    entries = read_all(f, 10, &count, &bad);
    assert_int_equal(count, 1);
    assert_int_equal(strlen(entries[0].name), 254);
    assert_true(lk_str_is_utf8(lk_str_from(entries[0].file)));
    free(entries);
    lk_buf_done(&big);
}

/* The child appends until it is killed; every line it was told to be safe must be there. */
static void append_for_ever(struct fixture *f, int told)
{
    for (int i = 0;; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "s%d", i);
        if (begin(f->journal, id, "name", &f->err))
            _exit(1);
        if (write(told, &i, sizeof(i)) != sizeof(i))
            _exit(1);
    }
}

static void kill_9_at_any_instant_loses_no_line_that_was_written(void **state)
{
    struct fixture *f = *state;
    int safe, number = -1, ends[2], exit_status;
    struct lk_journal_entry *entries;
    size_t count, bad;
    pid_t child;

    for (int round = 0; round < 5; round++) {
        assert_int_equal(pipe(ends), 0);
        child = fork();
        assert_true(child >= 0);
        if (child == 0)
            append_for_ever(f, ends[1]);
        close(ends[1]);
        for (int i = 0; i < 20 + 7 * round; i++)
            assert_int_equal(read(ends[0], &number, sizeof(number)), sizeof(number));
        safe = number;
        assert_int_equal(kill(child, SIGKILL), 0);
        while (read(ends[0], &number, sizeof(number)) == sizeof(number))
            safe = number;
        close(ends[0]);
        assert_int_equal(waitpid(child, &exit_status, 0), child);
        assert_true(WIFSIGNALED(exit_status));
        assert_true(safe >= 19 + 7 * round);
        entries = read_all(f, 100000, &count, &bad);
        assert_true(bad <= 1);
        /* Newest first: the last that was told, or one more that was not told any more. */
        assert_true(atoi(entries[0].submit_id + 1) >= safe);
        for (int i = 0; i <= safe; i++) {
            char id[16];
            size_t at = (size_t)(atoi(entries[0].submit_id + 1) - i);
            (void)snprintf(id, sizeof(id), "s%d", i);
            assert_string_equal(entries[at].submit_id, id);
        }
        free(entries);
        assert_int_equal(unlink(f->path), 0);
    }
}

static void several_processes_append_whole_lines(void **state)
{
    enum { PROCESSES = 4, LINES = 40 };
    struct fixture *f = *state;
    struct lk_journal_entry *entries;
    size_t count, bad;

    intend(f, "first", "x");
    for (int i = 0; i < PROCESSES; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        for (int j = 0; child == 0 && j < LINES; j++) {
            char id[16];
            (void)snprintf(id, sizeof(id), "p%d-%d", i, j);
            if (begin(f->journal, id, "n", &f->err))
                _exit(1);
        }
        if (child == 0)
            _exit(0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int exit_status;
        assert_true(wait(&exit_status) > 0);
        assert_int_equal(exit_status, 0);
    }
    entries = read_all(f, 1000, &count, &bad);
    assert_int_equal(count, PROCESSES * LINES + 1);
    assert_int_equal(bad, 0);
    free(entries);
}

/* ---- under way, or lost ---------------------------------------------------------------------- */

static struct lk_journal_entry newest(struct fixture *f)
{
    size_t count, bad;
    struct lk_journal_entry *entries = read_all(f, 1, &count, &bad), ret;

    assert_int_equal(count, 1);
    ret = entries[0];
    free(entries);
    return ret;
}

static void an_intent_is_under_way_until_its_outcome_is_written(void **state)
{
    struct fixture *f = *state;

    intend(f, "one", "a");
    assert_true(newest(f).was_locked);
    assert_true(newest(f).in_flight);
    assert_false(lk_journal_is_unsettled(&(struct lk_journal_entry){.in_flight = true}));
    /* However long it takes: the lock tells, not the clock. */
    fake_clock_advance_ms(&f->clock, 24 * 3600000);
    assert_true(newest(f).in_flight);
    settle(f, "one", LK_JOURNAL_UNKNOWN, "");
    assert_false(newest(f).in_flight);
    assert_true(newest(f).has_outcome);
}

static void what_a_killed_process_was_at_is_lost_and_what_a_living_one_is_at_is_not(void **state)
{
    struct fixture *f = *state;
    int ends[2], exit_status;
    struct lk_journal_entry entry;
    char one;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (begin(f->journal, "theirs", "a", &f->err) || write(ends[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &one, 1), 1);
    close(ends[0]);
    entry = newest(f);
    assert_true(entry.in_flight);
    assert_false(lk_journal_is_unsettled(&entry));

    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &exit_status, 0), child);
    entry = newest(f);
    assert_false(entry.in_flight);
    assert_true(lk_journal_is_unsettled(&entry));
}

static void without_locks_the_age_of_an_intent_tells(void **state)
{
    struct fixture *f = *state;
    char *blocker = temp_folder_path(f->folder, "a/b/submissions.jsonl.lock");

    /* A folder where the file of locks should be. */
    assert_lk_ok(lk_file_make_folders(blocker, 0700, &f->err), &f->err);
    intend(f, "one", "a");
    assert_false(newest(f).was_locked);
    assert_true(newest(f).in_flight);
    fake_clock_advance_ms(&f->clock, 11 * 60000);
    assert_false(newest(f).in_flight);
    free(blocker);
}

static void unknown_never_takes_back_what_was_learnt(void **state)
{
    struct fixture *f = *state;

    intend(f, "one", "a");
    settle(f, "one", LK_JOURNAL_ACCEPTED, "id-1");
    settle(f, "one", LK_JOURNAL_UNKNOWN, "");
    settle(f, "one", LK_JOURNAL_REFUSED, "");
    assert_int_equal(newest(f).outcome, LK_JOURNAL_ACCEPTED);
    assert_string_equal(newest(f).batch_id, "id-1");
    assert_string_equal(newest(f).how, "answered");
}

static void one_that_was_submitted_again_knows_it(void **state)
{
    struct fixture *f = *state;
    struct lk_journal_entry *entries;
    size_t count, bad;

    intend(f, "one", "a");
    settle(f, "one", LK_JOURNAL_UNKNOWN, "");
    assert_lk_ok(lk_journal_begin(f->journal,
                                  &(struct lk_journal_intent){.submit_id = LK_STR("two"),
                                                              .resubmit_of = LK_STR("one"),
                                                              .sha256 = LK_STR("0a1b"),
                                                              .service = LK_STR("apache"),
                                                              .service_name = LK_STR("a-x")},
                                  &f->err),
                 &f->err);
    entries = read_all(f, 10, &count, &bad);
    assert_int_equal(count, 2);
    assert_string_equal(entries[0].resubmit_of, "one");
    assert_string_equal(entries[0].sha256, "0a1b");
    assert_string_equal(entries[0].service, "apache");
    assert_string_equal(entries[0].service_name, "a-x");
    assert_false(entries[0].resubmitted);
    assert_true(entries[1].resubmitted);
    free(entries);
}

static void a_line_of_an_older_version_is_read(void **state)
{
    struct fixture *f = *state;

    intend(f, "one", "a");
    settle(f, "one", LK_JOURNAL_REFUSED, "");
    assert_lk_ok(
        lk_file_append_sync(f->path, 0600,
                            LK_STR("{\"event\":\"intent\",\"submit_id\":\"old\",\"at\":"
                                   "\"2026-11-23T01:50:00Z\",\"endpoint\":\"https://e\",\"name\":"
                                   "\"n\",\"file\":\"abfss://f\"}\n"),
                            &f->err),
        &f->err);
    assert_string_equal(newest(f).submit_id, "old");
    assert_false(newest(f).in_flight);
}

static void the_local_service_is_the_same_on_another_port(void **state)
{
    (void)state;
    assert_true(lk_journal_is_same_service(LK_STR("https://localhost:1/v1/x"),
                                           LK_STR("https://localhost:2/v1/x")));
    assert_false(lk_journal_is_same_service(LK_STR("https://localhost:1/v1/x"),
                                            LK_STR("https://localhost:1/v1/y")));
    assert_false(lk_journal_is_same_service(LK_STR("http://livy:1/x"), LK_STR("http://livy:2/x")));
}

static void a_line_reads_back_as_it_was_written(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(65536);
    struct lk_journal_line line = {.is_outcome = true}, back;

    (void)state;
    (void)snprintf(line.entry.submit_id, sizeof(line.entry.submit_id), "one");
    (void)snprintf(line.entry.batch_id, sizeof(line.entry.batch_id), "id");
    line.entry.outcome = LK_JOURNAL_UNKNOWN;
    line.entry.intent_unix_ms = 1795485000123;
    lk_journal_line_write(&line, &text);
    assert_int_equal(lk_str_find_char(lk_buf_view(&text), '\n'), text.len - 1);
    assert_true(lk_journal_line_read(lk_str_trim(lk_buf_view(&text)), &back));
    assert_true(back.is_outcome && back.entry.has_outcome);
    assert_int_equal(back.entry.outcome, LK_JOURNAL_UNKNOWN);
    assert_int_equal(back.entry.intent_unix_ms, 1795485000123);
    assert_string_equal(back.entry.batch_id, "id");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(submissions_come_back_newest_first_with_their_outcome),
        TEST(no_more_than_asked_for_are_read),
        TEST(a_missing_journal_is_no_submissions),
        TEST(the_journal_is_for_its_owner_only),
        TEST(a_torn_line_costs_itself_and_nothing_else),
        TEST(lines_that_make_no_sense_are_counted_and_skipped),
        TEST(texts_past_their_room_are_cut_and_the_line_stays_whole),
        TEST(kill_9_at_any_instant_loses_no_line_that_was_written),
        TEST(several_processes_append_whole_lines),
        TEST(an_intent_is_under_way_until_its_outcome_is_written),
        TEST(what_a_killed_process_was_at_is_lost_and_what_a_living_one_is_at_is_not),
        TEST(without_locks_the_age_of_an_intent_tells),
        TEST(unknown_never_takes_back_what_was_learnt),
        TEST(one_that_was_submitted_again_knows_it),
        TEST(a_line_of_an_older_version_is_read),
        TEST(the_local_service_is_the_same_on_another_port),
        TEST(a_line_reads_back_as_it_was_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
