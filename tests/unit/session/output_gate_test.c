#include "session/output_gate.h"

#include "session/output_text.h"
#include "support/assert.h"
#include "support/fake_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Writes down what comes out: "out(text)", "err(text)", "display(text)", "result(text)",
 * "update:id(text)", in order; and all text of each stream together. */
struct world {
    struct lk_output_sink sink; /* first */
    struct lk_output_gate gate;
    struct fake_clock clock;
    struct lk_buf story, out, errout;
    size_t messages, largest;
    bool refuses;
};

static bool sink_text(struct lk_output_sink *sink, enum lk_stream stream, struct lk_str text)
{
    struct world *w = (struct world *)sink;

    lk_buf_printf(&w->story, "%s(%.*s) ", stream == LK_STREAM_STDOUT ? "out" : "err",
                  LK_STR_ARGS(text));
    lk_buf_put(stream == LK_STREAM_STDOUT ? &w->out : &w->errout, text);
    w->messages++;
    w->largest = text.len > w->largest ? text.len : w->largest;
    return !w->refuses;
}

static void sink_show(struct lk_output_sink *sink, enum lk_output_kind kind, const json_t *data,
                      const char *display_id)
{
    static const char *const names[] = {"display", "update", "result"};
    struct world *w = (struct world *)sink;
    struct lk_str plain = lk_json_get_str(data, "text/plain");

    lk_buf_printf(&w->story, "%s", names[kind]);
    if (display_id)
        lk_buf_printf(&w->story, ":%s", display_id);
    plain = lk_str_cut(plain, 400);
    lk_buf_printf(&w->story, "(%.*s) ", LK_STR_ARGS(plain));
    w->messages++;
}

static int start(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    fake_clock_init(&w->clock);
    w->sink = (struct lk_output_sink){.text = sink_text, .show = sink_show};
    lk_output_gate_init(&w->gate, &w->sink);
    lk_buf_init(&w->story, 64 << 20);
    lk_buf_init(&w->out, 64 << 20);
    lk_buf_init(&w->errout, 64 << 20);
    *state = w;
    return 0;
}

static int stop(void **state)
{
    struct world *w = *state;

    lk_output_gate_done(&w->gate);
    lk_buf_done(&w->story);
    lk_buf_done(&w->out);
    lk_buf_done(&w->errout);
    free(w);
    return 0;
}

static int64_t now(struct world *w)
{
    return w->clock.now_monotonic_ms;
}

static void text(struct world *w, enum lk_stream stream, const char *piece)
{
    lk_output_gate_text(&w->gate, now(w), stream, lk_str_from(piece));
}

static void show(struct world *w, enum lk_output_kind kind, const char *id, const char *plain)
{
    json_t *data = json_pack("{s:s}", "text/plain", plain);

    lk_output_gate_show(&w->gate, now(w), kind, data, id);
    json_decref(data);
}

static int64_t due(struct world *w)
{
    return lk_output_gate_due_ms(&w->gate, now(w));
}

/* Time passes and whoever waits looks in. */
static void pass(struct world *w, int64_t ms)
{
    fake_clock_advance_ms(&w->clock, ms);
    if (due(w) == 0)
        lk_output_gate_flush(&w->gate, now(w));
}

static void assert_story(struct world *w, const char *want)
{
    assert_string_equal(lk_buf_cstr(&w->story), want);
    lk_buf_clear(&w->story);
}

static void the_first_text_is_seen_at_once_and_what_follows_closely_is_joined(void **state)
{
    struct world *w = *state;

    text(w, LK_STREAM_STDOUT, "one\n");
    assert_story(w, "out(one\n) ");
    assert_int_equal(due(w), -1);
    text(w, LK_STREAM_STDOUT, "two\n");
    fake_clock_advance_ms(&w->clock, 30);
    text(w, LK_STREAM_STDOUT, "three\n");
    assert_story(w, "");
    assert_int_equal(due(w), LK_GATE_TEXT_MS - 30);
    pass(w, LK_GATE_TEXT_MS - 31);
    assert_story(w, "");
    pass(w, 1);
    assert_story(w, "out(two\nthree\n) ");
    assert_int_equal(due(w), -1);
    fake_clock_advance_ms(&w->clock, LK_GATE_TEXT_MS);
    text(w, LK_STREAM_STDOUT, "four\n");
    assert_story(w, "out(four\n) ");
}

static void everything_leaves_in_the_order_it_was_made(void **state)
{
    struct world *w = *state;

    text(w, LK_STREAM_STDOUT, "a");
    text(w, LK_STREAM_STDOUT, "b");
    text(w, LK_STREAM_STDERR, "c");
    text(w, LK_STREAM_STDOUT, "d");
    show(w, LK_OUTPUT_DISPLAY, "id", "e");
    show(w, LK_OUTPUT_UPDATE, "id", "f");
    text(w, LK_STREAM_STDOUT, "g");
    show(w, LK_OUTPUT_UPDATE, "id", "h");
    text(w, LK_STREAM_STDERR, "i");
    show(w, LK_OUTPUT_RESULT, NULL, "j");
    text(w, LK_STREAM_STDERR, "k");
    show(w, LK_OUTPUT_DISPLAY, NULL, "l");
    assert_story(w, "out(a) out(b) err(c) out(d) display:id(e) update:id(h) out(g) err(i) "
                    "result(j) err(k) display(l) ");
}

static void of_many_updates_the_first_passes_and_the_last_one_too(void **state)
{
    struct world *w = *state;
    char plain[32];

    show(w, LK_OUTPUT_DISPLAY, "id", "0");
    for (int i = 1; i <= 1000; i++) {
        fake_clock_advance_ms(&w->clock, 1);
        snprintf(plain, sizeof plain, "%d", i);
        show(w, LK_OUTPUT_UPDATE, "id", plain);
    }
    assert_story(w, "display:id(0) update:id(250) update:id(500) update:id(750) update:id(1000) ");
    show(w, LK_OUTPUT_UPDATE, "id", "1001");
    show(w, LK_OUTPUT_UPDATE, "id", "1002");
    assert_int_equal(due(w), LK_GATE_UPDATE_MS);
    lk_output_gate_end(&w->gate, now(w));
    assert_story(w, "update:id(1002) ");
}

static void each_display_has_its_own_pace(void **state)
{
    struct world *w = *state;

    show(w, LK_OUTPUT_DISPLAY, "x", "0");
    pass(w, 100);
    show(w, LK_OUTPUT_DISPLAY, "y", "0");
    show(w, LK_OUTPUT_UPDATE, "y", "1");
    show(w, LK_OUTPUT_UPDATE, "x", "1");
    assert_story(w, "display:x(0) display:y(0) ");
    pass(w, 149);
    assert_story(w, "");
    pass(w, 1);
    assert_story(w, "update:y(1) update:x(1) ");
    show(w, LK_OUTPUT_UPDATE, "unknown", "1");
    pass(w, 1000);
    assert_story(w, "");
}

static void a_question_or_the_end_finds_nothing_held(void **state)
{
    struct world *w = *state;

    show(w, LK_OUTPUT_DISPLAY, "id", "0");
    text(w, LK_STREAM_STDOUT, "a");
    text(w, LK_STREAM_STDOUT, "b\xC3");
    show(w, LK_OUTPUT_UPDATE, "id", "1");
    lk_output_gate_flush(&w->gate, now(w));
    assert_int_equal(due(w), -1);
    assert_story(w, "display:id(0) out(a) out(b) update:id(1) ");
    text(w, LK_STREAM_STDOUT, "\xA4");
    lk_output_gate_flush(&w->gate, now(w));
    assert_story(w, "out(\xC3\xA4) ");
    /* What never became whole is still not lost. */
    text(w, LK_STREAM_STDOUT, "c\xC3");
    text(w, LK_STREAM_STDERR, "d\r");
    lk_output_gate_end(&w->gate, now(w));
    assert_story(w, "out(c) err(d) out(\xC3) err(\r) ");
}

/* However a text is cut up on its way in, it leaves whole. */
static void pieces_are_joined_without_a_tear(void **state)
{
    static const char whole[] = "\033[31mr\xC3\xB6t\033[0m\r\n50%\r100% \xF0\x9F\x9A\x80\n";
    struct world *w = *state;

    for (size_t i = 0; whole[i]; i++) {
        lk_output_gate_text(&w->gate, now(w), LK_STREAM_STDOUT, (struct lk_str){whole + i, 1});
        fake_clock_advance_ms(&w->clock, LK_GATE_TEXT_MS);
    }
    assert_story(w, "out(\033[31m) out(r) out(\xC3\xB6) out(t) out(\033[0m) out(\r\n) out(5) "
                    "out(0) out(%) out(\r1) out(0) out(0) out(%) out( ) out(\xF0\x9F\x9A\x80) "
                    "out(\n) ");
}

static void a_flood_of_small_writes_becomes_few_messages(void **state)
{
    struct world *w = *state;
    struct lk_str line = LK_STR("26/11/24 01:50:00 DEBUG a line of a log\n");

    for (int i = 0; i < 100000; i++) {
        lk_output_gate_text(&w->gate, now(w), LK_STREAM_STDOUT, line);
        if (i % 100 == 0)
            fake_clock_advance_ms(&w->clock, 1);
    }
    lk_output_gate_end(&w->gate, now(w));
    assert_int_equal(w->out.len, 100000 * line.len);
    assert_true(w->largest <= LK_GATE_MESSAGE_MAX);
    /* One second: a message each 80 ms, and one for each full quarter of a MiB. */
    assert_in_range(w->messages, 10, 1000 / LK_GATE_TEXT_MS + 2 + w->out.len / LK_GATE_MESSAGE_MAX);
}

static void a_large_text_is_parted_at_its_lines(void **state)
{
    struct world *w = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf large = LK_BUF_INIT(16 << 20);

    for (int i = 0; large.len < 10000000; i++)
        lk_buf_printf(&large, "line %d of a log that is long enough to be a usual one\n", i);
    lk_output_gate_text(&w->gate, now(w), LK_STREAM_STDOUT, lk_buf_view(&large));
    lk_output_gate_end(&w->gate, now(w));
    assert_int_equal(w->out.len, large.len);
    assert_memory_equal(w->out.data, large.data, large.len);
    assert_int_equal(w->errout.len, 0);
    assert_true(w->largest <= LK_GATE_MESSAGE_MAX);
    assert_in_range(w->messages, 39, 42);
    assert_lacks(lk_buf_view(&w->story), "usual one\nline 9 of a log) ");
}

static void text_ends_at_its_ceiling_with_one_note(void **state)
{
    struct world *w = *state;
    static char line[1001];
    struct lk_str shown;
    size_t at;

    memset(line, 'x', 1000);
    line[999] = '\n';
    for (int i = 0; i < 20000; i++)
        text(w, i % 1000 ? LK_STREAM_STDOUT : LK_STREAM_STDERR, line);
    lk_output_gate_end(&w->gate, now(w));
    assert_true(w->out.len + w->errout.len < LK_GATE_TEXT_MAX);
    assert_true(w->out.len + w->errout.len > 16000000);
    shown = lk_buf_view(&w->errout);
    at = lk_str_find(shown, LK_STR("\n[The text of this cell is cut here"));
    assert_true(at < shown.len);
    shown = lk_str_slice(shown, at + 5, shown.len);
    assert_lacks(shown, "[The text");
    assert_contains(shown, "run 'MAGIC' 2> FILE");
    /* Displays go on. */
    lk_buf_clear(&w->story);
    show(w, LK_OUTPUT_RESULT, NULL, "r");
    assert_story(w, "result(r) ");
}

static void a_large_text_is_cut_after_a_line(void **state)
{
    struct world *w = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf large = LK_BUF_INIT(20 << 20);

    while (!large.full)
        lk_buf_put(&large, LK_STR("a line of a log that is long enough to be a usual one\n"));
    lk_output_gate_text(&w->gate, now(w), LK_STREAM_STDOUT, lk_buf_view(&large));
    lk_output_gate_end(&w->gate, now(w));
    assert_true(w->out.len < large.len);
    assert_true(lk_str_ends(lk_buf_view(&w->out), LK_STR("usual one\n")));
    assert_contains(lk_buf_view(&w->errout), "is cut here");
}

/* Each change of the stream begins a new output in the notebook, some 200 bytes of JSON. */
static void a_notebook_does_not_grow_by_bytes_that_alternate(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 200000; i++)
        text(w, i % 2 ? LK_STREAM_STDOUT : LK_STREAM_STDERR, "x");
    assert_true(w->messages <= LK_GATE_TEXT_MAX / LK_GATE_OUTPUT_WEIGHT + 2);
    assert_contains(lk_buf_view(&w->errout), "[The text of this cell is cut here");
}

static void a_sink_that_refuses_gets_no_more_text(void **state)
{
    struct world *w = *state;
    char *large = calloc(1, 1 << 20);

    w->refuses = true;
    memset(large, 'x', (1 << 20) - 1);
    text(w, LK_STREAM_STDOUT, large);
    text(w, LK_STREAM_STDERR, "more");
    show(w, LK_OUTPUT_RESULT, NULL, "r");
    lk_output_gate_end(&w->gate, now(w));
    assert_int_equal(w->messages, 2);
    assert_true(lk_str_ends(lk_buf_view(&w->story), LK_STR("result(r) ")));
    free(large);
}

static void displays_end_at_their_number_with_one_note(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < LK_GATE_DISPLAYS_MAX - 1; i++)
        show(w, LK_OUTPUT_DISPLAY, NULL, "x");
    show(w, LK_OUTPUT_DISPLAY, "kept", "x");
    lk_buf_clear(&w->story);
    show(w, LK_OUTPUT_DISPLAY, "dropped", "x");
    show(w, LK_OUTPUT_UPDATE, "dropped", "y");
    show(w, LK_OUTPUT_RESULT, NULL, "x");
    pass(w, LK_GATE_UPDATE_MS);
    show(w, LK_OUTPUT_UPDATE, "kept", "z");
    lk_output_gate_end(&w->gate, now(w));
    assert_contains(lk_buf_view(&w->errout), "a notebook keeps 500 of them");
    assert_int_equal(w->messages, LK_GATE_DISPLAYS_MAX + 2);
    assert_true(lk_str_ends(lk_buf_view(&w->story), LK_STR("update:kept(z) ")));
}

static char *letters(size_t count)
{
    char *text_of = calloc(1, count + 1);

    memset(text_of, 'x', count);
    return text_of;
}

static void a_bundle_too_large_is_named_instead_of_shown(void **state)
{
    struct world *w = *state;
    char *large = letters(LK_GATE_BUNDLE_MAX);

    show(w, LK_OUTPUT_DISPLAY, "id", "small");
    lk_buf_clear(&w->story);
    show(w, LK_OUTPUT_RESULT, NULL, large);
    assert_contains(lk_buf_view(&w->story), "result(An output of 1.0 MiB is not shown");
    assert_contains(lk_buf_view(&w->story), "`--as NAME`");
    lk_buf_clear(&w->story);
    pass(w, LK_GATE_UPDATE_MS);
    show(w, LK_OUTPUT_UPDATE, "id", large);
    assert_contains(lk_buf_view(&w->story), "update:id(An output of 1.0 MiB");
    free(large);
}

static void all_bundles_together_have_a_ceiling_that_updates_in_place_do_not_use_up(void **state)
{
    struct world *w = *state;
    char *large = letters(LK_GATE_BUNDLE_MAX - 1000);

    show(w, LK_OUTPUT_DISPLAY, "id", "small");
    for (int i = 0; i < 20; i++) {
        pass(w, LK_GATE_UPDATE_MS);
        show(w, LK_OUTPUT_UPDATE, "id", large);
    }
    for (int i = 0; i < 3; i++)
        show(w, LK_OUTPUT_DISPLAY, NULL, large);
    assert_lacks(lk_buf_view(&w->story), "is not shown");
    show(w, LK_OUTPUT_DISPLAY, NULL, large);
    assert_contains(lk_buf_view(&w->story), "is not shown");
    lk_buf_clear(&w->story);
    show(w, LK_OUTPUT_RESULT, NULL, "small");
    assert_story(w, "result(small) ");
    free(large);
}

#define WITH_GATE(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_GATE(the_first_text_is_seen_at_once_and_what_follows_closely_is_joined),
        WITH_GATE(everything_leaves_in_the_order_it_was_made),
        WITH_GATE(of_many_updates_the_first_passes_and_the_last_one_too),
        WITH_GATE(each_display_has_its_own_pace),
        WITH_GATE(a_question_or_the_end_finds_nothing_held),
        WITH_GATE(pieces_are_joined_without_a_tear),
        WITH_GATE(a_flood_of_small_writes_becomes_few_messages),
        WITH_GATE(a_large_text_is_parted_at_its_lines),
        WITH_GATE(text_ends_at_its_ceiling_with_one_note),
        WITH_GATE(a_large_text_is_cut_after_a_line),
        WITH_GATE(a_notebook_does_not_grow_by_bytes_that_alternate),
        WITH_GATE(a_sink_that_refuses_gets_no_more_text),
        WITH_GATE(displays_end_at_their_number_with_one_note),
        WITH_GATE(a_bundle_too_large_is_named_instead_of_shown),
        WITH_GATE(all_bundles_together_have_a_ceiling_that_updates_in_place_do_not_use_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
