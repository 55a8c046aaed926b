/* %batch cancel on every service. */
#include "magic/context.h"
#include "magic/magic.h"

#include "support/fake_cell.h"
#include "support/temp_folder.h"
#include "unit/fabric/livy_sim.h"

extern const struct lk_magic lk_magic_batch_cancel;

static const char *const kinds[] = {"fabric", "synapse", "hdinsight", "apache"};

struct fixture {
    struct sim *sim;
    char *folder;
    struct lk_context context;
    struct fake_cell cell;
    struct lk_answer answer;
    struct lk_error err;
};

static void open_fixture(struct fixture *f, const char *kind)
{
    LK_CLEANUP(lk_free_ptr) char *path = NULL;

    memset(f, 0, sizeof *f);
    f->sim = sim_new(kind, 1);
    f->sim->delete_takes_ms = 20000;
    f->folder = temp_folder_new();
    path = temp_folder_path(f->folder, "journal");
    f->context.options.clock = &f->sim->clock;
    f->context.journal = lk_journal_new(path, &f->sim->clock);
    f->context.endpoint = f->sim->endpoint;
    f->context.connected = true;
    f->context.auth = LK_LIVY_AUTH_NONE;
    f->context.fabric_http = &f->sim->http;
    f->context.livy = f->sim->livy;
    fake_cell_init(&f->cell, f->sim->cancel);
    lk_answer_init(&f->answer);
}

static void close_fixture(struct fixture *f)
{
    lk_answer_done(&f->answer);
    fake_cell_done(&f->cell);
    lk_seen_done(&f->context.seen);
    lk_journal_free(f->context.journal);
    temp_folder_free(f->folder);
    sim_free(f->sim);
}

static enum lk_status cancel(struct fixture *f, const char *const *words, size_t count)
{
    LK_CLEANUP(lk_args_unref) struct lk_args *args = NULL;
    const struct lk_magic *magic = &lk_magic_batch_cancel;

    assert_lk_ok(lk_args_read("batch", magic->options, magic->option_count, magic->positional_max,
                              (char *const *)(uintptr_t)words, count, &args, &f->err),
                 &f->err);
    return magic->run(&f->context, &f->cell.cell, args, LK_STR_EMPTY, &f->answer, &f->err);
}

static enum lk_status cancel_one(struct fixture *f, const char *word)
{
    return cancel(f, &word, 1);
}

static struct lk_str said(const struct fixture *f)
{
    return lk_json_get_str(f->answer.value, "cancel");
}

/* The journal's line of a submission. */
static void submitted(struct fixture *f, size_t index, const char *submit_id)
{
    const struct sim_batch *batch = &f->sim->batches[index];

    const struct lk_journal_intent intent = {.submit_id = lk_str_from(submit_id),
                                             .endpoint = lk_str_from(f->context.endpoint.base),
                                             .name = lk_str_from(batch->name),
                                             .file = LK_STR("f")};

    assert_lk_ok(lk_journal_begin(f->context.journal, &intent, &f->err), &f->err);
    assert_lk_ok(lk_journal_outcome(f->context.journal, lk_str_from(submit_id), LK_JOURNAL_ACCEPTED,
                                    lk_str_from(batch->id), "answered", &f->err),
                 &f->err);
}

static void a_batch_that_goes_on_is_cancelled_on_every_service(void **state)
{
    (void)state;
    for (size_t i = 0; i < LK_COUNT(kinds); i++) {
        struct fixture f;
        bool drops;

        open_fixture(&f, kinds[i]);
        drops = f.sim->endpoint.profile->delete_drops_record;
        sim_add(f.sim, 0, 3600000, LK_BATCH_SUCCEEDED);
        assert_lk_ok(cancel_one(&f, f.sim->batches[0].id), &f.err);
        assert_str(said(&f), "cancelled");
        assert_str(lk_json_get_str(f.answer.value, "outcome"), "cancelled");
        assert_int_equal(f.sim->batches[0].deletes, 1);
        assert_int_equal(json_is_true(json_object_get(f.answer.value, "forgotten")), drops);
        if (drops)
            assert_contains(lk_buf_view(&f.answer.plain), "The service forgets");
        else
            assert_lacks(lk_buf_view(&f.answer.plain), "forgets");
        /* Where the record goes, its last state and log were fetched before. */
        if (drops) {
            assert_contains(lk_buf_view(&f.cell.out), "the last words");
            assert_str(lk_json_get_str(f.answer.value, "state"), "running");
        }
        close_fixture(&f);
    }
}

static void one_that_had_ended_is_left_as_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < LK_COUNT(kinds); i++) {
        struct fixture f;

        open_fixture(&f, kinds[i]);
        sim_add(f.sim, -2000, 1000, LK_BATCH_SUCCEEDED);
        assert_lk_ok(cancel_one(&f, f.sim->batches[0].id), &f.err);
        assert_str(said(&f), "had ended already: nothing was cancelled");
        assert_int_equal(f.sim->batches[0].deletes, 0);
        close_fixture(&f);
    }
}

static void one_that_nobody_knows_is_told_as_gone(void **state)
{
    (void)state;
    for (size_t i = 0; i < LK_COUNT(kinds); i++) {
        struct fixture f;

        open_fixture(&f, kinds[i]);
        sim_add(f.sim, 0, 1000, LK_BATCH_SUCCEEDED)->gone = true;
        assert_lk_ok(cancel_one(&f, f.sim->batches[0].id), &f.err);
        assert_str(said(&f), "is not there any more");
        assert_true(json_is_true(json_object_get(f.answer.value, "already_gone")));
        assert_str(lk_json_get_str(f.answer.value, "outcome"), "unknown");
        close_fixture(&f);
    }
}

/* Apache blocks until the job is dead, however long that is. */
static void an_answer_that_is_lost_is_looked_up_and_not_asked_for_again(void **state)
{
    static const enum lk_status losses[] = {LK_TIMEOUT, LK_UNKNOWN};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(losses); i++) {
        struct fixture f;

        open_fixture(&f, "apache");
        f.sim->delete_fails = losses[i];
        sim_add(f.sim, 0, 3600000, LK_BATCH_SUCCEEDED);
        assert_lk_ok(cancel_one(&f, "0"), &f.err);
        assert_str(said(&f), "cancelled");
        assert_int_equal(f.sim->batches[0].deletes, 1);
        close_fixture(&f);
    }
}

/* The server was started again, and its ids with it: batch 0 is somebody else's now. */
static void another_batch_with_our_id_is_not_touched(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f, "apache");
    sim_add(f.sim, 0, 3600000, LK_BATCH_SUCCEEDED);
    submitted(&f, 0, "f3a1b2c4-d5e6-4f00-8000-000000000000");
    strcpy(f.sim->batches[0].name, "somebody-elses");
    assert_lk_ok(cancel(&f, NULL, 0), &f.err);
    assert_str(said(&f), "is not there any more: its id is another batch's now");
    assert_int_equal(f.sim->batches[0].deletes, 0);
    close_fixture(&f);
}

static void all_means_ours_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < LK_COUNT(kinds); i++) {
        static const char *const line[] = {"--all"};
        struct fixture f;

        open_fixture(&f, kinds[i]);
        for (size_t j = 0; j < 30; j++) {
            char id[40];
            sim_add(f.sim, 0, j % 5 ? 3600000 : -1, LK_BATCH_SUCCEEDED);
            snprintf(id, sizeof id, "f3a1b2c4-d5e6-4f00-8000-%012zu", j);
            if (j % 2)
                submitted(&f, j, id);
        }
        assert_lk_ok(cancel(&f, line, 1), &f.err);
        for (size_t j = 0; j < 30; j++)
            assert_int_equal(f.sim->batches[j].deletes, j % 2 && j % 5 ? 1 : 0);
        assert_str(lk_json_get_str(f.answer.value, "kind"), "batch.cancel");
        assert_int_equal(json_integer_value(json_object_get(f.answer.value, "cancelled")), 12);
        close_fixture(&f);
    }
}

static enum lk_status forbidden(struct sim *sim, struct lk_str url, struct lk_http_response *ret)
{
    (void)sim;
    if (lk_str_ends(url, LK_STR("/batches/1")))
        ret->status = 403;
    return LK_OK;
}

static void one_refusal_does_not_keep_the_others_going(void **state)
{
    static const char *const line[] = {"0", "1", "2"};
    struct fixture f;

    (void)state;
    open_fixture(&f, "apache");
    for (size_t i = 0; i < 3; i++)
        sim_add(f.sim, 0, 3600000, LK_BATCH_SUCCEEDED);
    f.sim->fault = forbidden;
    assert_lk_status(LK_DENIED, cancel(&f, line, 3), &f.err);
    assert_int_equal(f.sim->batches[0].deletes, 1);
    assert_int_equal(f.sim->batches[1].deletes, 0);
    assert_int_equal(f.sim->batches[2].deletes, 1);
    assert_contains(lk_buf_view(&f.answer.plain), "could not be cancelled");
    close_fixture(&f);
}

static enum lk_status interrupts(struct sim *sim, struct lk_str url, struct lk_http_response *ret)
{
    (void)url;
    (void)ret;
    if (sim->requests == 3) { /* GET, log, DELETE */
        lk_cancel_set(sim->cancel);
        return LK_CANCELLED;
    }
    return LK_OK;
}

static void an_interrupt_says_what_may_have_happened(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f, "apache");
    sim_add(f.sim, 0, 3600000, LK_BATCH_SUCCEEDED);
    f.sim->fault = interrupts;
    assert_lk_status(LK_CANCELLED, cancel_one(&f, "0"), &f.err);
    assert_string_equal(f.err.code, "KeyboardInterrupt");
    assert_contains(f.err.message, "may have been asked");
    close_fixture(&f);
}

static void one_that_does_not_die_is_told_after_a_minute(void **state)
{
    struct fixture f;

    (void)state;
    open_fixture(&f, "fabric");
    f.sim->delete_takes_ms = 600000;
    sim_add(f.sim, 0, 3600000, LK_BATCH_SUCCEEDED);
    assert_lk_status(LK_TIMEOUT, cancel_one(&f, f.sim->batches[0].id), &f.err);
    assert_string_equal(f.err.code, "StillCancelling");
    assert_contains(f.err.next, "%batch monitor");
    close_fixture(&f);
}

static enum lk_status no_network(struct sim *sim, struct lk_str url, struct lk_http_response *ret)
{
    (void)sim;
    (void)url;
    (void)ret;
    return LK_NETWORK;
}

/* Each would be tried for as long as the first one was. */
static void without_a_network_the_rest_is_not_tried(void **state)
{
    static const char *const all[] = {"0", "1", "2"};
    struct fixture f;

    (void)state;
    open_fixture(&f, "apache");
    for (size_t i = 0; i < LK_COUNT(all); i++)
        sim_add(f.sim, 0, 3600000, LK_BATCH_SUCCEEDED);
    f.sim->fault = no_network;
    for (size_t i = 0; i < LK_COUNT(all); i++)
        assert_string_equal(f.sim->batches[i].id, all[i]);
    assert_lk_status(LK_NETWORK, cancel(&f, all, LK_COUNT(all)), &f.err);
    assert_int_equal(f.sim->requests, 1);
    assert_int_equal(json_array_size(json_object_get(f.answer.value, "batches")), 3);
    close_fixture(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_that_goes_on_is_cancelled_on_every_service),
        cmocka_unit_test(one_that_had_ended_is_left_as_it_is),
        cmocka_unit_test(one_that_nobody_knows_is_told_as_gone),
        cmocka_unit_test(an_answer_that_is_lost_is_looked_up_and_not_asked_for_again),
        cmocka_unit_test(another_batch_with_our_id_is_not_touched),
        cmocka_unit_test(all_means_ours_alone),
        cmocka_unit_test(one_refusal_does_not_keep_the_others_going),
        cmocka_unit_test(an_interrupt_says_what_may_have_happened),
        cmocka_unit_test(one_that_does_not_die_is_told_after_a_minute),
        cmocka_unit_test(without_a_network_the_rest_is_not_tried),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
