/* A batch as people read it. */
#include "magic/batch_view.h"

#include "magic/view.h"
#include "support/assert.h"
#include "support/fake_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
    struct fake_clock clock;
    struct lk_context context;
    struct lk_livy_batch batch;
    struct lk_buf markdown, plain;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    fake_clock_init(&f->clock);
    f->context.options.clock = &f->clock.clock;
    f->context.endpoint.profile = lk_livy_profile_find(LK_STR("apache"));
    f->batch = (struct lk_livy_batch){
        .id = "7", .name = "nightly", .state = "not_started", .phase = "not_started"};
    lk_buf_init(&f->markdown, 10000);
    lk_buf_init(&f->plain, 10000);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    lk_buf_done(&f->markdown);
    lk_buf_done(&f->plain);
    free(f);
    return 0;
}

static int64_t now_ms(struct fixture *f)
{
    return f->clock.clock.unix_ms(&f->clock.clock);
}

static void a_batch_that_has_just_begun_says_so_once(void **state)
{
    struct fixture *f = *state;

    f->batch.submitted_ms = now_ms(f) - 10;
    lk_batch_summary(&f->context, &f->batch, &f->markdown, &f->plain);
    assert_string_equal(lk_buf_cstr(&f->plain), "nightly  … not started\nBatch    7\n");
}

static void of_a_message_the_table_has_the_first_line(void **state)
{
    struct fixture *f = *state;

    f->batch.end = LK_BATCH_FAILED;
    snprintf(f->batch.message, sizeof f->batch.message,
             "[X] no such table\nVerify the spelling.\n");
    lk_batch_summary(&f->context, &f->batch, &f->markdown, &f->plain);
    assert_contains(lk_buf_view(&f->plain), "Message  [X] no such table\n");
    assert_lacks(lk_buf_view(&f->plain), "Verify");
}

static void a_long_name_does_not_push_the_table_out_of_sight(void **state)
{
    struct fixture *f = *state;

    memset(f->batch.name, 'n', 200);
    lk_batch_summary(&f->context, &f->batch, &f->markdown, &f->plain);
    assert_contains(lk_buf_view(&f->markdown), "nnn… |");
    assert_true(f->markdown.len < 200);
    lk_buf_clear(&f->plain);
    lk_batch_progress_line(&f->context, &f->batch, &(struct lk_batch_look){.unix_ms = now_ms(f)},
                           &f->markdown, &f->plain);
    assert_contains(lk_buf_view(&f->plain), "nnn…: not_started");
}

static void progress_counts_whole_seconds(void **state)
{
    struct fixture *f = *state;

    f->batch.submitted_ms = now_ms(f) - 3456;
    lk_batch_progress_line(&f->context, &f->batch,
                           &(struct lk_batch_look){.unix_ms = now_ms(f) - 2345}, &f->markdown,
                           &f->plain);
    assert_string_equal(lk_buf_cstr(&f->plain), "nightly: not_started, 3 s, asked 2 s ago · 7");
    assert_string_equal(lk_buf_cstr(&f->markdown),
                        "**nightly** `7` · not\\_started · 3 s · asked 2 s ago");
}

static void in_a_terminal_nothing_pushes_the_times_out_of_sight(void **state)
{
    struct fixture *f = *state;
    struct lk_error trouble = LK_ERROR_INIT;
    struct lk_batch_look look = {.unix_ms = now_ms(f) - 59000};

    snprintf(f->batch.name, sizeof f->batch.name, "clean_trips_of_the_year_2022_and_more");
    snprintf(f->batch.id, sizeof f->batch.id, "11111111-2222-3333-4444-555555555555");
    snprintf(f->batch.phase, sizeof f->batch.phase, "waiting for resource: too many of them");
    f->batch.submitted_ms = now_ms(f) - 3599000;
    lk_batch_progress_line(&f->context, &f->batch, &look, &f->markdown, &f->plain);
    assert_string_equal(
        lk_buf_cstr(&f->plain),
        "clean_trips_of_the_year…: waiting for resource, 59 min 59 s, asked 59 s ago"
        " · too many of them · 11111111-2222-3333-4444-555555555555");
    assert_true(lk_text_width(lk_str_slice(lk_buf_view(&f->plain), 0,
                                           lk_str_find(lk_buf_view(&f->plain), LK_STR(" ·")))) <
                80);
    (void)lk_error_set(&trouble, LK_NETWORK, "NoAnswer", "nobody answers");
    look.trouble = &trouble;
    lk_buf_clear(&f->plain);
    lk_batch_progress_line(&f->context, &f->batch, &look, &f->markdown, &f->plain);
    assert_contains(lk_buf_view(&f->plain), " ago · trying again: nobody answers · 1111");
}

static void times_that_nobody_tells_are_left_out(void **state)
{
    struct fixture *f = *state;

    lk_batch_progress_line(&f->context, &f->batch, &(struct lk_batch_look){.unix_ms = now_ms(f)},
                           &f->markdown, &f->plain);
    assert_string_equal(lk_buf_cstr(&f->plain), "nightly: not_started, asked just now · 7");
}

static void a_watch_that_was_left_does_not_look_as_if_it_went_on(void **state)
{
    struct fixture *f = *state;

    lk_batch_progress_line(&f->context, &f->batch, &(struct lk_batch_look){.is_last = true},
                           &f->markdown, &f->plain);
    assert_string_equal(lk_buf_cstr(&f->plain), "nightly: not_started, no longer watched · 7");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_batch_that_has_just_begun_says_so_once),
        TEST(of_a_message_the_table_has_the_first_line),
        TEST(a_long_name_does_not_push_the_table_out_of_sight),
        TEST(progress_counts_whole_seconds),
        TEST(in_a_terminal_nothing_pushes_the_times_out_of_sight),
        TEST(times_that_nobody_tells_are_left_out),
        TEST(a_watch_that_was_left_does_not_look_as_if_it_went_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
