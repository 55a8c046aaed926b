/* Several batches as people read them. */
#include "magic/batch_watch_view.h"

#include "support/assert.h"
#include "support/fake_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
    struct fake_clock clock;
    struct lk_context context;
    struct lk_watch_many many;
    struct lk_buf markdown, plain;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    fake_clock_init(&f->clock);
    f->context.options.clock = &f->clock.clock;
    f->context.endpoint.profile = lk_livy_profile_find(LK_STR("apache"));
    lk_watch_many_init(&f->many, f->context.endpoint.profile);
    lk_buf_init(&f->markdown, 100000);
    lk_buf_init(&f->plain, 100000);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    lk_watch_many_done(&f->many);
    lk_buf_done(&f->markdown);
    lk_buf_done(&f->plain);
    free(f);
    return 0;
}

static struct lk_watched *add(struct fixture *f, const char *state, enum lk_batch_end end)
{
    char id[32];
    struct lk_watched *item;

    snprintf(id, sizeof id, "%zu", f->many.count);
    item = lk_watch_many_add(&f->many, lk_str_from(id));
    snprintf(item->batch.name, sizeof item->batch.name, "job-%s", id);
    snprintf(item->batch.state, sizeof item->batch.state, "%s", state);
    snprintf(item->batch.phase, sizeof item->batch.phase, "%s",
             end == LK_BATCH_GOING ? state : lk_batch_end_name(end));
    item->batch.end = end;
    item->batch.submitted_ms = f->clock.now_unix_ms - 60000 + (int64_t)f->many.count;
    if (end != LK_BATCH_GOING)
        item->verdict = LK_WATCH_ENDED;
    return item;
}

static void what_went_wrong_comes_first_and_the_rest_is_counted(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 400; i++)
        add(f, "running", LK_BATCH_GOING);
    for (int i = 0; i < 70; i++)
        add(f, "not_started", LK_BATCH_GOING);
    add(f, "success", LK_BATCH_SUCCEEDED);
    snprintf(add(f, "dead", LK_BATCH_FAILED)->batch.message, 64, "[X] no such table\nmore");
    add(f, "killed", LK_BATCH_CANCELLED);
    lk_batch_watch_table(&f->context, &f->many,
                         &(struct lk_batch_look){.unix_ms = f->clock.now_unix_ms - 3000}, 4,
                         &f->markdown, &f->plain);
    assert_string_equal(lk_buf_cstr(&f->plain),
                        "473 batches: 400 running, 70 queued, 1 succeeded, 1 failed, 1 cancelled, "
                        "asked 3 s ago\n"
                        "Batch    State        Time  Message            Id\n"
                        "job-471  ✗ failed     59 s  [X] no such table  471\n"
                        "job-472  ⊘ cancelled  59 s                     472\n"
                        "job-399  … running    59 s                     399\n"
                        "job-398  … running    59 s                     398\n"
                        "… and 469 more: 398 running, 70 queued, 1 succeeded\n");
    assert_contains(lk_buf_view(&f->markdown), "… and 469 more: 398 running, 70 queued");
}

static void what_is_unknown_is_no_success_and_says_why(void **state)
{
    struct fixture *f = *state;
    struct lk_watched *item = add(f, "success", LK_BATCH_GOING);
    LK_CLEANUP(lk_json_unref) json_t *value = NULL;
    const json_t *first;

    item->verdict = LK_WATCH_GONE;
    item->trouble = calloc(1, sizeof *item->trouble);
    lk_error_set(item->trouble, LK_NOT_FOUND, "BatchGone", "How it ended is unknown");
    add(f, "success", LK_BATCH_SUCCEEDED);
    lk_batch_watch_table(&f->context, &f->many, NULL, 30, &f->markdown, &f->plain);
    assert_contains(lk_buf_view(&f->plain), "2 batches: 1 succeeded, 1 unknown\n");
    assert_contains(lk_buf_view(&f->plain), "? unknown");
    assert_contains(lk_buf_view(&f->plain), "How it ended is unknown");
    value = lk_batch_watch_value(&f->context, &f->many, true);
    first = json_array_get(json_object_get(value, "batches"), 0);
    assert_str(lk_json_get_str(first, "outcome"), "unknown");
    assert_int_equal(json_integer_value(json_object_get(value, "unknown")), 1);
    assert_int_equal(json_integer_value(json_object_get(value, "count")), 2);
}

static void a_sleep_is_said_in_the_line(void **state)
{
    struct fixture *f = *state;
    struct lk_batch_look look = {.unix_ms = f->clock.now_unix_ms - 5000,
                                 .slept_ms = INT64_C(7) * 3600000 + 12 * 60000};

    add(f, "running", LK_BATCH_GOING);
    add(f, "running", LK_BATCH_GOING);
    lk_batch_watch_line(&f->context, &f->many, &look, &f->plain);
    assert_string_equal(lk_buf_cstr(&f->plain),
                        "2 batches: 2 running, asked 5 s ago (this computer slept for 7 h 12 min; "
                        "asking again)");
    lk_buf_clear(&f->plain);
    lk_batch_progress_line(&f->context, &f->many.items[0].batch, &look, &f->markdown, &f->plain);
    assert_contains(lk_buf_view(&f->plain), "this computer slept for 7 h 12 min; asking again");
    assert_contains(lk_buf_view(&f->markdown), "this computer slept for 7 h 12 min");
}

static void foreign_names_stay_text(void **state)
{
    struct fixture *f = *state;
    struct lk_watched *item = add(f, "running", LK_BATCH_GOING);

    snprintf(item->batch.name, sizeof item->batch.name, "<b>|x|\n\x1b[31m");
    add(f, "running", LK_BATCH_GOING);
    lk_batch_watch_table(&f->context, &f->many, NULL, 30, &f->markdown, &f->plain);
    assert_lacks(lk_buf_view(&f->markdown), "<b>");
    assert_lacks(lk_buf_view(&f->plain), "\x1b");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_went_wrong_comes_first_and_the_rest_is_counted),
        TEST(what_is_unknown_is_no_success_and_says_why),
        TEST(a_sleep_is_said_in_the_line),
        TEST(foreign_names_stay_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
