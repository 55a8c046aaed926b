/* %batch submit, %%batch, recover and history against a Livy service in memory. */
#include "base/file.h"
#include "unit/magic/submit_fixture.h"

#include <stdio.h>
#include <string.h>

#define SUBMIT "%batch submit file:///srv/trips.py"

/* ---- submitting ------------------------------------------------------------------------------ */

static void a_batch_is_shown_by_the_name_it_was_given(void **state)
{
    struct fixture *f = *state;

    RUN(f, SUBMIT);
    assert_str(lk_json_get_str(value(f), "name"), "trips");
    assert_str(lk_json_get_str(value(f), "service_name"), f->service.records[0].name);
    assert_true(lk_str_is_guid(lk_json_get_str(value(f), "submit_id")));
    assert_lacks(shown(f, "text/plain"), f->service.records[0].name);
    RUN(f, "%batch list");
    assert_contains(shown(f, "text/plain"), "trips");
    assert_lacks(shown(f, "text/plain"), f->service.records[0].name);
}

/* As after `%livy connect local --kind …`. */
static void play_local(struct fixture *f, const char *kind)
{
    use(f, kind);
    f->context.connection = json_pack("{s:{s:s, s:s, s:[s]}}", "demo", "workspace",
                                      "11111111-1111-4111-8111-111111111111", "lakehouse",
                                      "22222222-2222-4222-8222-222222222222", "folders", "/srv/a");
}

#define LOCAL_ADDRESS                                                                              \
    "abfss://11111111-1111-4111-8111-111111111111@onelake.dfs.fabric.microsoft.com/"               \
    "22222222-2222-4222-8222-222222222222/Files/trips.py"

static void the_local_service_says_how_a_file_gets_to_it(void **state)
{
    static const struct {
        const char *kind, *code;
    } cases[] = {
        {"apache", "%batch submit trips.py"},    {"apache", SUBMIT},
        {"hdinsight", "%batch submit trips.py"}, {"hdinsight", SUBMIT},
        {"synapse", "%batch submit ./trips.py"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        play_local(f, cases[i].kind);
        f->service.fault = FAKE_LIVY_REFUSED;
        assert_lk_status(LK_INVALID, run(f, cases[i].code), &f->err);
        assert_contains(f->err.next,
                        "`%livy connect local`, `%entra login`, `%lakehouse put trips.py Files/`");
        assert_contains(f->err.next, cases[i].kind);
        assert_contains(f->err.next, "`%batch submit " LOCAL_ADDRESS "`");
        /* Only Apache Livy reads the machine's own files. */
        if (strcmp(cases[i].kind, "apache") == 0)
            assert_contains(f->err.next, "file:///srv/a/");
        else
            assert_lacks(f->err.next, "file://");
        /* Nor does the lakehouse stop at saying that there is none. */
        assert_lk_status(LK_UNSUPPORTED, run(f, "%lakehouse ls"), &f->err);
        assert_contains(f->err.next, "`%livy connect local`");
        lk_json_unref(&f->context.connection);
    }
}

static void a_real_apache_livy_is_told_by_its_setting(void **state)
{
    struct fixture *f = *state;

    f->service.fault = FAKE_LIVY_REFUSED;
    assert_lk_status(LK_INVALID, run(f, SUBMIT), &f->err);
    assert_contains(f->err.next, "livy.file.local-dir-whitelist");
    assert_lacks(f->err.next, "%lakehouse");
    assert_lk_status(LK_INVALID, run(f, "%batch submit trips.py"), &f->err);
    assert_contains(f->err.next, "livy.file.local-dir-whitelist");
}

static void a_batch_that_the_service_forgot_is_told_by_the_journal(void **state)
{
    static const char *const looks[] = {"%batch status 0", "%batch log 0", "%batch open 0",
                                        "%batch attach 0", "%batch compare 0 0"};
    struct fixture *f = *state;

    RUN(f, SUBMIT);
    f->service.count = 0;
    for (size_t i = 0; i < LK_COUNT(looks); i++) {
        assert_lk_status(LK_NOT_FOUND, run(f, looks[i]), &f->err);
        assert_contains(f->err.message, "batch 'trips' (0): the service no longer knows it; "
                                        "submitted from here at ");
        assert_contains(f->err.next, "`%batch history`");
    }
    /* One that nobody submitted here is another matter. */
    assert_lk_status(LK_NOT_FOUND, run(f, "%batch status 17"), &f->err);
    assert_lacks(f->err.message, "submitted from here");
}

static void both_names_find_a_batch(void **state)
{
    struct fixture *f = *state;
    char code[400];

    RUN(f, SUBMIT);
    RUN(f, "%batch status trips");
    assert_str(lk_json_get_str(value(f), "id"), "0");
    (void)snprintf(code, sizeof code, "%%batch status %s", f->service.records[0].name);
    RUN(f, code);
    assert_str(lk_json_get_str(value(f), "id"), "0");
}

static void a_dry_run_shows_the_request_of_every_service_and_sends_nothing(void **state)
{
    static const struct {
        const char *kind, *code, *has;
    } cases[] = {
        {"apache", SUBMIT " --queue q --dry-run", "\"queue\":\"q\""},
        {"hdinsight", "%batch submit wasbs:///x/trips.py --dry-run", "\"name\":\"trips-"},
        {"synapse", "%batch submit abfss://c@a.dfs.core.windows.net/trips.py --dry-run",
         "\"submitId\":"},
        {"fabric", "%batch submit abfss://w@onelake.dfs.fabric.microsoft.com/l/x.py --dry-run",
         "\"submitId\":"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 16);
        use(f, cases[i].kind);
        RUN(f, cases[i].code);
        lk_json_write(json_object_get(value(f), "request"), false, &text);
        assert_contains(lk_buf_cstr(&text), cases[i].has);
        assert_int_equal(f->service.posts, 0);
        assert_false(lk_file_exists(f->journal_path));
    }
}

static void what_is_hardly_meant_is_shown_with_the_answer_and_in_a_dry_run(void **state)
{
    static const char *const codes[] = {SUBMIT " --conf table=t",
                                        SUBMIT " --conf table=t --dry-run"};
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(codes); i++) {
        RUN(f, codes[i]);
        assert_contains(shown(f, "text/markdown"), "⚠");
        assert_contains(shown(f, "text/plain"), "Spark drops the setting 'table'");
        assert_int_equal(json_array_size(json_object_get(value(f), "warnings")), 1);
    }
}

static void a_file_that_the_service_cannot_reach_is_refused_before_anything_is_sent(void **state)
{
    struct fixture *f = *state;

    assert_lk_status(LK_INVALID, run(f, "%batch submit trips.py"), &f->err);
    assert_contains(f->err.next, "file:///");
    use(f, "hdinsight");
    assert_lk_status(LK_INVALID, run(f, SUBMIT), &f->err);
    assert_contains(f->err.next, "wasbs://");
    assert_int_equal(f->service.posts, 0);
    assert_false(lk_file_exists(f->journal_path));
}

/* ---- %%batch --------------------------------------------------------------------------------- */

static void the_body_may_be_json_or_the_tutorials_dict(void **state)
{
    static const char *const bodies[] = {
        "{\"name\": \"n\", \"file\": \"file:///x.py\", \"conf\": {\"spark.a\": \"t\"}}",
        "{'name': 'n', 'file': 'file:///x.py', 'conf': {'spark.a': 't',},}",
        "payload_data = {\n  \"name\": \"n\",  # the name\n  \"file\": \"file:///x.py\",\n"
        "  \"conf\": {\"spark.a\": \"{table}\"}\n}",
    };
    struct fixture *f = *state;

    RUN(f, "%set table=t");
    for (size_t i = 0; i < LK_COUNT(bodies); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(4096);
        const json_t *request;
        lk_buf_printf(&code, "%%%%batch --dry-run\n%s", bodies[i]);
        RUN(f, lk_buf_cstr(&code));
        request = json_object_get(value(f), "request");
        assert_str(lk_json_get_str(request, "file"), "file:///x.py");
        assert_str(lk_json_get_str(json_object_get(request, "conf"), "spark.a"), "t");
    }
}

static void python_that_would_have_to_run_is_refused_in_a_sentence(void **state)
{
    static const struct {
        const char *body, *says, *next;
    } cases[] = {
        {"{\"name\": f\"n_{table}\"}", "f-string", "Leave the f out"},
        {"{\"conf\": {\"e\": json.dumps({\"id\": env})}}", "a call", "--environment GUID"},
        {"{\"name\": \"n_\" + table}", "expression", "{name}"},
        {"{\"name\": \"n_%s\" % table}", "expression", "{name}"},
        {"payload_data = {\"name\": \"n_{}\".format(table)}", "expression", "{name}"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(4096);
        lk_buf_printf(&code, "%%%%batch\n%s", cases[i].body);
        assert_lk_status(LK_INVALID, run(f, lk_buf_cstr(&code)), &f->err);
        assert_string_equal(f->err.code, "NeedsPython");
        assert_contains(f->err.message, cases[i].says);
        assert_contains(f->err.next, cases[i].next);
    }
    assert_int_equal(f->service.posts, 0);
}

/* ---- recover ----------------------------------------------------------------------------------
 */

static void lose_one(struct fixture *f, enum fake_livy_fault fault)
{
    f->service.fault = fault;
    f->service.hidden_looks = 1000;
    assert_lk_status(LK_UNKNOWN, run(f, SUBMIT), &f->err);
    f->service.fault = FAKE_LIVY_FINE;
    f->service.hidden_looks = 0;
}

static void recover_finds_what_arrived_and_takes_it_up(void **state)
{
    struct fixture *f = *state;
    const json_t *one;

    lose_one(f, FAKE_LIVY_LOST_AFTER);
    RUN(f, "%batch recover");
    one = json_array_get(json_object_get(value(f), "submissions"), 0);
    assert_str(lk_json_get_str(one, "outcome"), "accepted");
    assert_str(lk_json_get_str(one, "batch_id"), "0");
    assert_str(lk_json_get_str(one, "state"), "running");
    assert_contains(shown(f, "text/plain"), "trips");
    assert_string_equal(f->context.last_batch, "0");
    RUN(f, "%batch recover");
    assert_contains(shown(f, "text/plain"), "settled");
    assert_int_equal(f->service.posts, 1);
}

static void recover_says_what_stays_unknown_and_never_submits(void **state)
{
    struct fixture *f = *state;

    lose_one(f, FAKE_LIVY_LOST_BEFORE);
    assert_lk_status(LK_UNKNOWN, run(f, "%batch recover"), &f->err);
    assert_string_equal(f->err.code, "StillUnknown");
    assert_contains(f->err.next, "--resubmit");
    assert_contains(shown(f, "text/plain"), "? unknown");
    assert_int_equal(f->service.posts, 1);

    assert_lk_status(LK_UNKNOWN, run(f, SUBMIT), &f->err);
    assert_string_equal(f->err.code, "UnknownBefore");
    RUN(f, SUBMIT " --resubmit");
    assert_true(lk_str_is_guid(lk_json_get_str(value(f), "resubmit_of")));
    assert_contains(shown(f, "text/plain"), "still unknown");
    assert_int_equal(f->service.posts, 2);
    /* The first is history now; --all asks for it all the same. */
    RUN(f, "%batch recover");
    assert_lk_status(LK_UNKNOWN, run(f, "%batch recover --all"), &f->err);
}

static void recover_takes_names_and_ids(void **state)
{
    struct fixture *f = *state;
    struct lk_journal_entry *entries;
    size_t count, bad;
    char codes[3][100] = {"%batch recover trips"};

    lose_one(f, FAKE_LIVY_LOST_AFTER);
    assert_lk_ok(lk_journal_read(f->context.journal, 1, &entries, &count, &bad, &f->err), &f->err);
    (void)snprintf(codes[1], sizeof codes[1], "%%batch recover %s", entries[0].submit_id);
    (void)snprintf(codes[2], sizeof codes[2], "%%batch recover %.8s", entries[0].submit_id);
    free(entries);
    for (size_t i = 0; i < LK_COUNT(codes); i++) {
        RUN(f, codes[i]);
        assert_int_equal(json_array_size(json_object_get(value(f), "submissions")), 1);
    }
    assert_lk_status(LK_NOT_FOUND, run(f, "%batch recover nobody"), &f->err);
    assert_contains(f->err.next, "%batch history");
}

/* It asks for fifty at a time: not each time for the same. */
static void recover_comes_to_all_of_many(void **state)
{
    enum { NOT_THERE = 70 };
    struct fixture *f = *state;
    char code[100];

    lose_one(f, FAKE_LIVY_LOST_AFTER);
    for (int i = 0; i < NOT_THERE; i++) {
        f->service.fault = FAKE_LIVY_LOST_BEFORE;
        (void)snprintf(code, sizeof code, "%s --name not%d", SUBMIT, i);
        assert_lk_status(LK_UNKNOWN, run(f, code), &f->err);
    }
    assert_lk_status(LK_UNKNOWN, run(f, "%batch recover"), &f->err);
    fake_clock_advance_ms(&f->clock, 1000);
    assert_lk_status(LK_UNKNOWN, run(f, "%batch recover"), &f->err);
    assert_contains(f->err.message, "70 submissions");
    RUN(f, "%batch recover trips");
    assert_contains(shown(f, "text/plain"), "accepted");
    assert_int_equal(f->service.posts, 1 + NOT_THERE);
}

static void what_another_kernel_is_sending_is_left_alone(void **state)
{
    struct fixture *f = *state;
    struct lk_journal *other = lk_journal_new(f->journal_path, &f->clock.clock);

    assert_lk_ok(lk_journal_begin(other,
                                  &(struct lk_journal_intent){
                                      .submit_id = LK_STR("aaaaaaaa-0000-4000-8000-000000000000"),
                                      .endpoint = lk_str_from(f->context.endpoint.base),
                                      .name = LK_STR("theirs"),
                                      .file = LK_STR("file:///x.py")},
                                  &f->err),
                 &f->err);
    RUN(f, "%batch recover");
    assert_contains(shown(f, "text/plain"), "being submitted");
    assert_int_equal(f->service.looks, 0);
    lk_journal_free(other); /* killed */
    assert_lk_status(LK_UNKNOWN, run(f, "%batch recover"), &f->err);
    assert_contains(shown(f, "text/plain"), "? unknown");
}

/* ---- history ----------------------------------------------------------------------------------
 */

static void history_tells_outcomes_and_what_the_service_still_knows(void **state)
{
    struct fixture *f = *state;
    const json_t *list;

    RUN(f, SUBMIT);
    lose_one(f, FAKE_LIVY_LOST_BEFORE);
    f->service.fault = FAKE_LIVY_REFUSED;
    assert_lk_status(LK_INVALID, run(f, SUBMIT " --name other"), &f->err);
    RUN(f, "%batch history");
    list = json_object_get(value(f), "submissions");
    assert_int_equal(json_array_size(list), 3);
    assert_str(lk_json_get_str(json_array_get(list, 0), "outcome"), "refused");
    assert_str(lk_json_get_str(json_array_get(list, 1), "outcome"), "unknown");
    assert_str(lk_json_get_str(json_array_get(list, 2), "outcome"), "accepted");
    assert_str(lk_json_get_str(json_array_get(list, 2), "state"), "running");
    assert_contains(shown(f, "text/plain"), "1 unknown: %batch recover");
    RUN(f, "%batch history --max 1");
    assert_int_equal(json_array_size(json_object_get(value(f), "submissions")), 1);
}

/* After a restart of the server the id is another's. */
static void history_does_not_take_anothers_batch_for_ours(void **state)
{
    struct fixture *f = *state;
    const json_t *one;

    RUN(f, SUBMIT);
    (void)snprintf(f->service.records[0].name, sizeof f->service.records[0].name, "else");
    RUN(f, "%batch history");
    one = json_array_get(json_object_get(value(f), "submissions"), 0);
    assert_str(lk_json_get_str(one, "outcome"), "accepted");
    assert_null(json_object_get(one, "state"));
    assert_contains(shown(f, "text/plain"), "not there any more");
}

static void history_is_of_this_service_or_of_all(void **state)
{
    struct fixture *f = *state;

    RUN(f, SUBMIT);
    use(f, "synapse");
    RUN(f, "%batch submit abfss://c@a.dfs.core.windows.net/trips.py");
    RUN(f, "%batch history");
    assert_int_equal(json_array_size(json_object_get(value(f), "submissions")), 1);
    RUN(f, "%batch history --all");
    assert_int_equal(json_array_size(json_object_get(value(f), "submissions")), 2);
    assert_contains(shown(f, "text/plain"), "apache");
    f->context.connected = false;
    RUN(f, "%batch history");
    assert_int_equal(json_array_size(json_object_get(value(f), "submissions")), 2);
}

static void history_does_without_a_service_that_does_not_answer(void **state)
{
    struct fixture *f = *state;

    RUN(f, SUBMIT);
    f->service.looks_fail = true;
    RUN(f, "%batch history");
    assert_int_equal(json_array_size(json_object_get(value(f), "submissions")), 1);
    assert_contains(shown(f, "text/plain"), "was not asked");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_batch_is_shown_by_the_name_it_was_given),
        TEST(the_local_service_says_how_a_file_gets_to_it),
        TEST(a_real_apache_livy_is_told_by_its_setting),
        TEST(a_batch_that_the_service_forgot_is_told_by_the_journal),
        TEST(both_names_find_a_batch),
        TEST(a_dry_run_shows_the_request_of_every_service_and_sends_nothing),
        TEST(what_is_hardly_meant_is_shown_with_the_answer_and_in_a_dry_run),
        TEST(a_file_that_the_service_cannot_reach_is_refused_before_anything_is_sent),
        TEST(the_body_may_be_json_or_the_tutorials_dict),
        TEST(python_that_would_have_to_run_is_refused_in_a_sentence),
        TEST(recover_finds_what_arrived_and_takes_it_up),
        TEST(recover_says_what_stays_unknown_and_never_submits),
        TEST(recover_takes_names_and_ids),
        TEST(recover_comes_to_all_of_many),
        TEST(what_another_kernel_is_sending_is_left_alone),
        TEST(history_tells_outcomes_and_what_the_service_still_knows),
        TEST(history_does_not_take_anothers_batch_for_ours),
        TEST(history_is_of_this_service_or_of_all),
        TEST(history_does_without_a_service_that_does_not_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
