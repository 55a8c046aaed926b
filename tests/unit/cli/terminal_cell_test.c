#include "cli/terminal_cell.h"
#include "magic/view.h"
#include "support/assert.h"
#include "support/fake_clock.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "captured.h"

static void foreign_text_keeps_its_colours_and_nothing_that_steers(void **state)
{
    static const struct {
        const char *text, *with_colour, *without;
    } cases[] = {
        {"plain\tx\n", "plain\tx\n", "plain\tx\n"},
        {"\033[31mred\033[0m", "\033[31mred\033[0m", "red"},
        {"\033[1;38;5;200mx\033[m", "\033[1;38;5;200mx\033[m", "x"},
        {"\033[2Jx", "?[2Jx", "?[2Jx"},
        {"\033]0;t\007", "?]0;t?", "?]0;t?"},
        {"\033[31", "?[31", "?[31"},
        {"\033", "?", "?"},
        {"a\r\nb\rc", "a\nbc", "a\nbc"},
        {"\xC2\x9B"
         "31m\xC3\xA4",
         "?31m\xC3\xA4", "?31m\xC3\xA4"},
        {"\x7F", "?", "?"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(1000);
        lk_terminal_clean(lk_str_from(cases[i].text), true, &got);
        assert_string_equal(lk_buf_cstr(&got), cases[i].with_colour);
        lk_buf_clear(&got);
        lk_terminal_clean(lk_str_from(cases[i].text), false, &got);
        assert_string_equal(lk_buf_cstr(&got), cases[i].without);
    }
}

static void show_state(struct lk_progress *progress, const char *state, const char *text)
{
    LK_CLEANUP(lk_json_unref)
    json_t *value = json_pack("{s:s, s:s, s:s}", "kind", "batch", "id", "b-1", "state", state);

    lk_progress_show(progress, LK_STR("m"), lk_str_from(text), value, true);
}

static void a_log_gets_one_line_for_each_change_of_state(void **state)
{
    struct lk_terminal_cell cell;
    struct fake_clock clock;
    struct lk_progress progress;
    struct captured seen;

    (void)state;
    fake_clock_init(&clock);
    capture_begin(&seen, NULL);
    lk_terminal_cell_init(&cell, NULL, &clock.clock, false);
    lk_progress_init(&progress, &cell.cell, &clock.clock);
    show_state(&progress, "starting", "x: starting, 1 s");
    show_state(&progress, "starting", "x: starting, 2 s");
    show_state(&progress, "running", "x: running, 3 s");
    show_state(&progress, "running", "x: running, 4 s");
    lk_terminal_cell_finish(&cell);
    capture_end(&seen);
    assert_string_equal(lk_buf_cstr(&seen.errout), "x: starting, 1 s\nx: running, 3 s\n");
    assert_int_equal(seen.out.len, 0);
    capture_done(&seen);
}

static void a_terminal_gets_one_line_that_changes_and_fits(void **state)
{
    struct lk_terminal_cell cell;
    struct fake_clock clock;
    struct lk_progress progress;
    struct captured seen;
    char text[400];

    (void)state;
    fake_clock_init(&clock);
    capture_begin(&seen, NULL);
    lk_terminal_cell_init(&cell, NULL, &clock.clock, true);
    cell.live = true;
    lk_progress_init(&progress, &cell.cell, &clock.clock);
    show_state(&progress, "starting", "one\033[2J");
    memset(text, 'y', sizeof text);
    text[sizeof text - 1] = '\0';
    fake_clock_advance_ms(&clock, 100);
    show_state(&progress, "starting", text);
    cell.cell.stream(&cell.cell, LK_STREAM_STDOUT, LK_STR("log\n"));
    capture_end(&seen);
    assert_true(lk_str_starts(lk_buf_view(&seen.errout), LK_STR("\r\033[Kone?[2J\r\033[Kyyy")));
    /* 80 columns when none are told, one left for the cursor; then the line is gone. */
    text[79] = '\0';
    assert_contains(lk_buf_view(&seen.errout), text);
    text[79] = 'y';
    text[80] = '\0';
    assert_lacks(lk_buf_view(&seen.errout), text);
    assert_true(lk_str_ends(lk_buf_view(&seen.errout), LK_STR("y\r\033[Klog\n")));
    capture_done(&seen);
}

static void the_view_takes_the_place_of_the_line(void **state)
{
    struct lk_terminal_cell cell;
    struct captured seen;
    struct fake_clock clock;
    struct lk_bundle bundle = {.data = json_pack("{s:s}", "text/plain", "a table\nof two lines")};
    struct lk_bundle line = {.data = json_pack("{s:s}", "text/plain", "going")};

    (void)state;
    fake_clock_init(&clock);
    capture_begin(&seen, NULL);
    lk_terminal_cell_init(&cell, NULL, &clock.clock, false);
    cell.live = true;
    cell.cell.display(&cell.cell, &line, "id");
    cell.cell.update(&cell.cell, &bundle, "id");
    capture_end(&seen);
    assert_string_equal(lk_buf_cstr(&seen.errout), "\r\033[Kgoing\r\033[Ka table\nof two lines\n");
    json_decref(bundle.data);
    json_decref(line.data);
    capture_done(&seen);
}

static void draw_state(struct lk_terminal_cell *cell, const char *text)
{
    struct lk_bundle line = {.data = json_pack("{s:s}", "text/plain", text)};

    cell->cell.update(&cell->cell, &line, "id");
    json_decref(line.data);
}

static void a_line_is_drawn_ten_times_a_second_and_the_newest_is_seen_in_the_end(void **state)
{
    struct lk_cancel *cancel = lk_cancel_new();
    struct lk_terminal_cell cell;
    struct fake_clock clock;
    struct captured seen;

    (void)state;
    fake_clock_init(&clock);
    capture_begin(&seen, NULL);
    lk_terminal_cell_init(&cell, cancel, &clock.clock, false);
    cell.live = true;
    draw_state(&cell, "1");
    draw_state(&cell, "2");
    fake_clock_advance_ms(&clock, 99);
    draw_state(&cell, "3");
    /* The cell begins to wait. */
    assert_int_equal(lk_cancel_poll_ms(cancel, -1), 1);
    fake_clock_advance_ms(&clock, 1);
    assert_int_equal(lk_cancel_poll_ms(cancel, -1), -1);
    fake_clock_advance_ms(&clock, 100);
    draw_state(&cell, "4");
    draw_state(&cell, "5");
    lk_terminal_cell_finish(&cell);
    assert_int_equal(lk_cancel_poll_ms(cancel, -1), -1);
    capture_end(&seen);
    assert_string_equal(lk_buf_cstr(&seen.errout), "\r\033[K1\r\033[K3\r\033[K4\r\033[K");
    capture_done(&seen);
    lk_cancel_free(cancel);
}

static void a_reader_that_has_left_ends_the_cell_quietly(void **state)
{
    struct lk_cancel *cancel = lk_cancel_new();
    struct lk_terminal_cell cell;
    struct fake_clock clock;
    int ends[2], saved = dup(STDOUT_FILENO);

    (void)state;
    fake_clock_init(&clock);
    signal(SIGPIPE, SIG_IGN); /* as main() has it */
    lk_terminal_cell_init(&cell, cancel, &clock.clock, false);
    fflush(stdout);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    dup2(ends[1], STDOUT_FILENO);
    cell.cell.value(&cell.cell, json_true(), NULL);
    dup2(saved, STDOUT_FILENO);
    close(ends[1]);
    close(saved);
    assert_int_equal(cell.lost, EPIPE);
    assert_true(lk_cancel_is_set(cancel));
    lk_cancel_free(cancel);
}

static void an_error_is_printed_with_its_next_step(void **state)
{
    struct lk_error err = LK_ERROR_INIT;
    struct captured seen;

    (void)state;
    lk_error_set(&err, LK_INVALID, "Bad", "it is bad");
    lk_error_next(&err, "%%help");
    capture_begin(&seen, NULL);
    lk_terminal_print_error(&err, false);
    capture_end(&seen);
    assert_string_equal(lk_buf_cstr(&seen.errout), "Bad: it is bad\n\nNext: %help\n");
    capture_done(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_text_keeps_its_colours_and_nothing_that_steers),
        cmocka_unit_test(a_log_gets_one_line_for_each_change_of_state),
        cmocka_unit_test(a_terminal_gets_one_line_that_changes_and_fits),
        cmocka_unit_test(the_view_takes_the_place_of_the_line),
        cmocka_unit_test(a_line_is_drawn_ten_times_a_second_and_the_newest_is_seen_in_the_end),
        cmocka_unit_test(a_reader_that_has_left_ends_the_cell_quietly),
        cmocka_unit_test(an_error_is_printed_with_its_next_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
