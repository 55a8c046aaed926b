/* The cell over a real exchange: the other end of the PAIR is the test. */
#include "session/jupyter_cell.h"

#include "support/assert.h"
#include "support/fake_clock.h"

#include <stdlib.h>
#include <string.h>

struct world {
    struct lk_zmq *zmq;
    struct lk_socket *router; /* what the router would read */
    struct lk_exchange exchange;
    struct lk_outbox outbox;
    struct lk_message request;
    struct fake_clock clock;
    struct lk_cancel *cancel;
    struct lk_jupyter_cell cell;
    struct lk_buf story; /* "stdout(text) display_data(text) …" */
    size_t messages, text_bytes;
};

static int start(void **state)
{
    static const struct lk_secret no_key = LK_SECRET_INIT;
    static const struct lk_str dicts[4] = {LK_STR_INIT("{\"msg_id\":\"m-1\"}"), LK_STR_INIT("{}"),
                                           LK_STR_INIT("{}"), LK_STR_INIT("{}")};
    struct world *w = calloc(1, sizeof *w);
    struct lk_error err = LK_ERROR_INIT;

    fake_clock_init(&w->clock);
    w->zmq = lk_zmq_new();
    w->cancel = lk_cancel_new();
    lk_buf_init(&w->story, 32 << 20);
    assert_lk_ok(lk_socket_bind(w->zmq, LK_SOCKET_PAIR, "inproc://cell", &w->router, &err), &err);
    assert_lk_ok(
        lk_socket_connect(w->zmq, LK_SOCKET_PAIR, "inproc://cell", &w->exchange.pair, &err), &err);
    w->outbox = (struct lk_outbox){
        .key = &no_key, .session = "session", .clock = &w->clock.clock, .iopub = w->exchange.pair};
    w->exchange.outbox = &w->outbox;
    w->request.dicts = dicts;
    lk_jupyter_cell_init(&w->cell, &w->exchange, &w->request, w->cancel);
    w->cell.cell.allow_stdin = true;
    *state = w;
    return 0;
}

static int stop(void **state)
{
    struct world *w = *state;

    lk_message_done(&w->request);
    lk_socket_close(w->exchange.pair);
    lk_socket_close(w->router);
    lk_zmq_free(w->zmq);
    lk_cancel_free(w->cancel);
    lk_buf_done(&w->story);
    free(w);
    return 0;
}

static void write_down(struct world *w, const struct lk_message *message)
{
    struct lk_str name = lk_json_get_str(message->content, "name");
    struct lk_str text = lk_json_get_str(message->content, "text");
    const json_t *data = json_object_get(message->content, "data");

    assert_str(lk_json_get_str(message->parent_header, "msg_id"), "m-1");
    if (!text.len)
        text = lk_json_get_str(data, "text/plain");
    else
        w->text_bytes += text.len;
    text = lk_str_cut(text, 100);
    name = name.len ? name : message->type;
    lk_buf_printf(&w->story, "%.*s(%.*s) ", LK_STR_ARGS(name), LK_STR_ARGS(text));
    w->messages++;
}

/* Everything that has been sent so far. */
static void read_all(struct world *w)
{
    const struct lk_secret no_key = LK_SECRET_INIT;

    for (;;) {
        LK_CLEANUP(lk_frames_done) struct lk_frames frames = LK_FRAMES_INIT;
        LK_CLEANUP(lk_message_done) struct lk_message message = LK_MESSAGE_INIT;
        struct lk_error err = LK_ERROR_INIT;
        struct lk_str parts[LK_FRAMES_MAX];
        bool is_question;
        if (lk_socket_receive(w->router, &frames, NULL))
            return;
        if (lk_str_eq(frames.parts[0], LK_TAG_ANSWERED))
            continue;
        /* What is published is a message; a question gets its signature from the router. */
        is_question = lk_str_eq(frames.parts[0], LK_TAG_STDIN);
        memcpy(parts, frames.parts + is_question, (frames.count - is_question) * sizeof *parts);
        if (is_question) {
            size_t delimiter = frames.count - 6;
            memmove(parts + delimiter + 2, parts + delimiter + 1, 4 * sizeof *parts);
            parts[delimiter + 1] = LK_STR_EMPTY;
        }
        assert_lk_ok(lk_message_read(parts, frames.count, &no_key, &message, &err), &err);
        write_down(w, &message);
    }
}

static void assert_story(struct world *w, const char *want)
{
    read_all(w);
    assert_string_equal(lk_buf_cstr(&w->story), want);
    lk_buf_clear(&w->story);
}

static void text(struct world *w, enum lk_stream stream, const char *piece)
{
    w->cell.cell.stream(&w->cell.cell, stream, lk_str_from(piece));
}

static void display(struct world *w, const char *plain, const char *id)
{
    struct lk_bundle bundle = {.data = json_pack("{s:s}", "text/plain", plain)};

    w->cell.cell.display(&w->cell.cell, &bundle, id);
    json_decref(bundle.data);
}

static void update(struct world *w, const char *plain, const char *id)
{
    struct lk_bundle bundle = {.data = json_pack("{s:s}", "text/plain", plain)};

    w->cell.cell.update(&w->cell.cell, &bundle, id);
    json_decref(bundle.data);
}

static void what_is_held_leaves_before_the_cell_is_done(void **state)
{
    struct world *w = *state;

    display(w, "0 %", "id");
    text(w, LK_STREAM_STDOUT, "a");
    text(w, LK_STREAM_STDOUT, "b");
    update(w, "50 %", "id");
    update(w, "100 %", "id");
    assert_story(w, "display_data(0 %) stdout(a) ");
    lk_jupyter_cell_done(&w->cell);
    assert_story(w, "stdout(b) update_display_data(100 %) ");
}

static void a_silent_cell_publishes_nothing(void **state)
{
    struct world *w = *state;

    w->cell.silent = true;
    text(w, LK_STREAM_STDOUT, "a");
    display(w, "x", "id");
    update(w, "y", "id");
    lk_jupyter_cell_done(&w->cell);
    assert_story(w, "");
}

static void a_wait_lets_out_what_is_due_and_looks_again_for_the_rest(void **state)
{
    struct world *w = *state;

    text(w, LK_STREAM_STDOUT, "a");
    text(w, LK_STREAM_STDOUT, "b");
    assert_int_equal(lk_cancel_poll_ms(w->cancel, 5000), LK_GATE_TEXT_MS);
    fake_clock_advance_ms(&w->clock, LK_GATE_TEXT_MS - 1);
    assert_int_equal(lk_cancel_poll_ms(w->cancel, 5000), 1);
    assert_story(w, "stdout(a) ");
    fake_clock_advance_ms(&w->clock, 1);
    assert_int_equal(lk_cancel_poll_ms(w->cancel, 5000), 5000);
    assert_story(w, "stdout(b) ");
    lk_jupyter_cell_done(&w->cell);
    assert_int_equal(lk_cancel_poll_ms(w->cancel, -1), -1);
}

static void a_question_comes_after_all_that_was_shown(void **state)
{
    struct world *w = *state;
    LK_CLEANUP(lk_secret_done) struct lk_secret answer = LK_SECRET_INIT;
    struct lk_error err = LK_ERROR_INIT;

    text(w, LK_STREAM_STDOUT, "a");
    text(w, LK_STREAM_STDOUT, "b");
    lk_cancel_set(w->cancel);
    assert_lk_status(LK_CANCELLED, w->cell.cell.ask(&w->cell.cell, "Who? ", false, &answer, &err),
                     &err);
    read_all(w);
    assert_true(lk_str_starts(lk_buf_view(&w->story), LK_STR("stdout(a) stdout(b) stderr(")));
    assert_true(lk_str_ends(lk_buf_view(&w->story), LK_STR("input_request() ")));
    lk_jupyter_cell_done(&w->cell);
}

static char *log_of(size_t bytes)
{
    char *lines = calloc(1, bytes + 1);

    memset(lines, 'x', bytes);
    for (size_t i = 99; i < bytes; i += 100)
        lines[i] = '\n';
    return lines;
}

static void ten_megabytes_leave_at_once_where_nobody_counts(void **state)
{
    struct world *w = *state;
    char *lines = log_of(10000000);

    text(w, LK_STREAM_STDOUT, lines);
    lk_jupyter_cell_done(&w->cell);
    read_all(w);
    assert_int_equal(w->text_bytes, 10000000);
    assert_in_range(w->messages, 38, 42);
    assert_int_equal(fake_clock_waited_ms(&w->clock), 0);
    free(lines);
}

/* What jupyter_server does with streams: 3 MB within 3 s, then it drops everything. */
static void behind_a_server_no_three_seconds_have_more_text_than_it_passes_on(void **state)
{
    struct world *w = *state;
    char *lines = log_of(100000);
    size_t seen[200] = {0}; /* bytes so far, for each tenth of a second */

    w->cell.behind_server = true;
    for (int i = 0; i < 80; i++) {
        size_t tenth;
        text(w, LK_STREAM_STDOUT, lines);
        read_all(w);
        tenth = (size_t)fake_clock_waited_ms(&w->clock) / 100;
        assert_true(tenth < LK_COUNT(seen));
        seen[tenth] = w->text_bytes;
    }
    lk_jupyter_cell_done(&w->cell);
    read_all(w);
    assert_int_equal(w->text_bytes, 8000000);
    assert_in_range(fake_clock_waited_ms(&w->clock), 12000, 15000);
    for (size_t i = 1; i < LK_COUNT(seen); i++)
        seen[i] = seen[i] ? seen[i] : seen[i - 1];
    for (size_t i = 30; i < LK_COUNT(seen); i++)
        assert_true(seen[i] - seen[i - 30] < 2800000);
    free(lines);
}

static void an_interrupt_ends_a_text_that_waits_for_its_pace(void **state)
{
    struct world *w = *state;
    char *lines = log_of(8000000);

    w->cell.behind_server = true;
    fake_clock_interrupt_after_ms(&w->clock, w->cancel, 2000);
    text(w, LK_STREAM_STDOUT, lines);
    text(w, LK_STREAM_STDOUT, "more");
    display(w, "the end", NULL);
    lk_jupyter_cell_done(&w->cell);
    read_all(w);
    assert_int_equal(fake_clock_waited_ms(&w->clock), 2000);
    assert_in_range(w->text_bytes, 1500000, 2600000);
    assert_true(lk_str_ends(lk_buf_view(&w->story),
                            LK_STR("stderr(\n[Interrupted: the rest of the text is not shown.]\n) "
                                   "display_data(the end) ")));
    free(lines);
}

static void messages_that_cannot_be_joined_come_no_faster_than_a_client_follows(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 3000; i++) {
        text(w, LK_STREAM_STDOUT, "x");
        text(w, LK_STREAM_STDERR, "x");
        read_all(w); /* the exchange holds a few hundred; then its writer would wait */
    }
    lk_jupyter_cell_done(&w->cell);
    read_all(w);
    assert_int_equal(w->text_bytes, 6000);
    assert_in_range(w->messages, 5000, 6000);
    assert_in_range(fake_clock_waited_ms(&w->clock), 15000, 20000);
}

#define WITH_CELL(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CELL(what_is_held_leaves_before_the_cell_is_done),
        WITH_CELL(a_silent_cell_publishes_nothing),
        WITH_CELL(a_wait_lets_out_what_is_due_and_looks_again_for_the_rest),
        WITH_CELL(a_question_comes_after_all_that_was_shown),
        WITH_CELL(ten_megabytes_leave_at_once_where_nobody_counts),
        WITH_CELL(behind_a_server_no_three_seconds_have_more_text_than_it_passes_on),
        WITH_CELL(an_interrupt_ends_a_text_that_waits_for_its_pace),
        WITH_CELL(messages_that_cannot_be_joined_come_no_faster_than_a_client_follows),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
