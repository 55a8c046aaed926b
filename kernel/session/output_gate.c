#include "session/output_gate.h"

#include "base/timefmt.h"
#include "session/output_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_MAX = 64 };

/* A display that may be updated. */
struct lk_gate_display {
    char id[ID_MAX];
    int64_t sent_ms;
    size_t bytes; /* the most that it has had */
    json_t *held; /* its newest state, owned; NULL when that is out */
    uint64_t turn;
};

void lk_output_gate_init(struct lk_output_gate *ret, struct lk_output_sink *sink)
{
    *ret = (struct lk_output_gate){
        .sink = sink,
        .held = LK_BUF_INIT(LK_GATE_MESSAGE_MAX),
        .tails = {LK_BUF_INIT(LK_OUTPUT_TAIL_MAX), LK_BUF_INIT(LK_OUTPUT_TAIL_MAX)},
    };
}

void lk_output_gate_done(struct lk_output_gate *gate)
{
    lk_buf_done(&gate->held);
    for (size_t i = 0; i < LK_COUNT(gate->tails); i++)
        lk_buf_done(&gate->tails[i]);
    for (size_t i = 0; i < gate->display_count; i++)
        lk_json_unref(&gate->displays[i].held);
    free(gate->displays);
    gate->displays = NULL;
    gate->display_count = gate->display_room = 0;
}

/* ---- letting out --------------------------------------------------------------------------- */

static void send_update(struct lk_output_gate *gate, int64_t now_ms,
                        struct lk_gate_display *display)
{
    json_t *data = display->held;

    display->held = NULL;
    display->sent_ms = now_ms;
    gate->sink->show(gate->sink, LK_OUTPUT_UPDATE, data, display->id);
    json_decref(data);
}

/* Those that were held before that turn, the oldest first. */
static void send_updates(struct lk_output_gate *gate, int64_t now_ms, uint64_t before)
{
    for (;;) {
        struct lk_gate_display *oldest = NULL;
        for (size_t i = 0; i < gate->display_count; i++) {
            struct lk_gate_display *display = &gate->displays[i];
            if (display->held && display->turn < before &&
                (!oldest || display->turn < oldest->turn))
                oldest = display;
        }
        if (!oldest)
            return;
        send_update(gate, now_ms, oldest);
    }
}

/* The first len bytes of what is held. */
static void send_text(struct lk_output_gate *gate, int64_t now_ms, size_t len)
{
    if (!len)
        return;
    if (!gate->text_refused)
        gate->text_refused = !gate->sink->text(gate->sink, gate->held_stream,
                                               lk_str_slice(lk_buf_view(&gate->held), 0, len));
    lk_buf_consume(&gate->held, len);
    gate->text_sent_ms = now_ms;
    gate->text_was_sent = gate->text_goes_on = true;
}

/* All held text; what is not whole yet waits with its stream. */
static void send_whole_text(struct lk_output_gate *gate, int64_t now_ms)
{
    send_text(gate, now_ms, lk_output_whole(lk_buf_view(&gate->held)));
    lk_buf_put(&gate->tails[gate->held_stream], lk_buf_view(&gate->held));
    lk_buf_clear(&gate->held);
}

void lk_output_gate_flush(struct lk_output_gate *gate, int64_t now_ms)
{
    if (gate->held.len) {
        send_updates(gate, now_ms, gate->held_turn);
        send_whole_text(gate, now_ms);
    }
    send_updates(gate, now_ms, UINT64_MAX);
}

void lk_output_gate_end(struct lk_output_gate *gate, int64_t now_ms)
{
    lk_output_gate_flush(gate, now_ms);
    for (size_t i = 0; i < LK_COUNT(gate->tails); i++) {
        gate->held_stream = (enum lk_stream)i;
        lk_buf_put(&gate->held, lk_buf_view(&gate->tails[i]));
        lk_buf_clear(&gate->tails[i]);
        send_text(gate, now_ms, gate->held.len);
    }
}

static int64_t left_ms(int64_t since_ms, int64_t pause_ms, int64_t now_ms)
{
    int64_t left = since_ms + pause_ms - now_ms;

    return left > 0 ? left : 0;
}

int64_t lk_output_gate_due_ms(const struct lk_output_gate *gate, int64_t now_ms)
{
    int64_t due = -1;

    if (gate->held.len)
        due = gate->text_was_sent ? left_ms(gate->text_sent_ms, LK_GATE_TEXT_MS, now_ms) : 0;
    for (size_t i = 0; i < gate->display_count; i++) {
        int64_t left = left_ms(gate->displays[i].sent_ms, LK_GATE_UPDATE_MS, now_ms);
        if (gate->displays[i].held && (due < 0 || left < due))
            due = left;
    }
    return due;
}

static void let_out_what_is_due(struct lk_output_gate *gate, int64_t now_ms)
{
    if (lk_output_gate_due_ms(gate, now_ms) == 0)
        lk_output_gate_flush(gate, now_ms);
}

/* ---- text ---------------------------------------------------------------------------------- */

/* Whatever is older, and a text of the other stream is, goes first. */
static void begin_text(struct lk_output_gate *gate, int64_t now_ms, enum lk_stream stream)
{
    if (gate->held.len && gate->held_stream != stream)
        lk_output_gate_flush(gate, now_ms);
    if (gate->held_stream != stream)
        gate->text_goes_on = false;
    if (gate->held.len)
        return;
    gate->held_stream = stream;
    gate->held_turn = ++gate->turn;
    lk_buf_put(&gate->held, lk_buf_view(&gate->tails[stream]));
    lk_buf_clear(&gate->tails[stream]);
}

static void put_text(struct lk_output_gate *gate, int64_t now_ms, struct lk_str text)
{
    while (text.len) {
        struct lk_str piece = lk_str_slice(text, 0, LK_GATE_MESSAGE_MAX - gate->held.len);
        lk_buf_put(&gate->held, piece);
        text = lk_str_slice(text, piece.len, text.len);
        if (!text.len)
            return;
        send_updates(gate, now_ms, gate->held_turn);
        send_text(gate, now_ms, lk_output_part(lk_buf_view(&gate->held), LK_GATE_MESSAGE_MAX));
        gate->held_turn = ++gate->turn;
    }
}

/* What of the text is still below the ceiling, which then counts it. */
static struct lk_str within_ceiling(struct lk_output_gate *gate, struct lk_str text)
{
    size_t room, weight;

    if (!gate->text_goes_on && !gate->held.len)
        gate->text_weight += LK_GATE_OUTPUT_WEIGHT;
    room = gate->text_weight < LK_GATE_TEXT_MAX ? LK_GATE_TEXT_MAX - gate->text_weight : 0;
    weight = lk_output_weight(text);
    if (weight <= room) {
        gate->text_weight += weight;
        return text;
    }
    gate->text_weight = LK_GATE_TEXT_MAX;
    text = lk_output_within(text, room);
    return text.len ? lk_str_slice(text, 0, lk_output_part(text, text.len)) : text;
}

static void say_that_text_is_cut(struct lk_output_gate *gate, int64_t now_ms)
{
    begin_text(gate, now_ms, LK_STREAM_STDERR);
    put_text(
        gate, now_ms,
        LK_STR("\n[The text of this cell is cut here: a notebook keeps 16 MiB of it. "
               "livy-kernel run 'MAGIC' 2> FILE in a terminal writes all of it to a file.]\n"));
    gate->text_cut = true;
    lk_output_gate_flush(gate, now_ms);
}

void lk_output_gate_text(struct lk_output_gate *gate, int64_t now_ms, enum lk_stream stream,
                         struct lk_str text)
{
    struct lk_str fits;

    if (!text.len || gate->text_cut || gate->text_refused)
        return;
    begin_text(gate, now_ms, stream);
    fits = within_ceiling(gate, text);
    put_text(gate, now_ms, fits);
    if (fits.len < text.len)
        say_that_text_is_cut(gate, now_ms);
    let_out_what_is_due(gate, now_ms);
}

/* ---- displays ------------------------------------------------------------------------------ */

static struct lk_gate_display *find(struct lk_output_gate *gate, const char *id)
{
    for (size_t i = 0; i < gate->display_count; i++)
        if (strcmp(gate->displays[i].id, id) == 0)
            return &gate->displays[i];
    return NULL;
}

static struct lk_gate_display *add(struct lk_output_gate *gate, const char *id)
{
    struct lk_gate_display *display;

    if (gate->display_count == gate->display_room) {
        gate->display_room = gate->display_room ? 2 * gate->display_room : 4;
        gate->displays = lk_realloc(gate->displays, gate->display_room * sizeof *gate->displays);
    }
    display = &gate->displays[gate->display_count++];
    *display = (struct lk_gate_display){.bytes = 0};
    snprintf(display->id, sizeof display->id, "%s", id);
    return display;
}

/* A bundle that takes the place of one too large. Its types are those of every view. */
static json_t *note_of(size_t bytes)
{
    char size[LK_SIZE_TEXT_MAX];
    json_t *text, *data = json_object();

    lk_size_text((int64_t)bytes, size);
    text = lk_json_textf("An output of %s is not shown: a notebook keeps 1 MiB of one and 4 MiB of "
                         "a cell. `--as NAME` keeps the value for other cells; "
                         "`livy-kernel run 'MAGIC' > FILE` in a terminal writes it to a file.",
                         size);
    json_object_set(data, "text/markdown", text);
    json_object_set_new(data, "text/plain", text);
    return data;
}

/* The bundle, or a note in its place: new. known: what the notebook has of this display. */
static json_t *within_bounds(struct lk_output_gate *gate, json_t *data, size_t *known)
{
    size_t bytes = json_dumpb(data, NULL, 0, JSON_COMPACT);
    size_t more = bytes > *known ? bytes - *known : 0;

    if (bytes > LK_GATE_BUNDLE_MAX || gate->bundle_bytes + more > LK_GATE_BUNDLES_MAX)
        return note_of(bytes);
    gate->bundle_bytes += more;
    *known += more;
    return json_incref(data);
}

static void update(struct lk_output_gate *gate, int64_t now_ms, json_t *data, const char *id)
{
    struct lk_gate_display *display = find(gate, id);

    if (!display)
        return;
    if (!display->held)
        display->turn = ++gate->turn;
    lk_json_unref(&display->held);
    display->held = within_bounds(gate, data, &display->bytes);
    let_out_what_is_due(gate, now_ms);
}

/* True for the one too many, which says so, and for all after it. */
static bool are_too_many(struct lk_output_gate *gate, int64_t now_ms)
{
    static const struct lk_str note =
        LK_STR_INIT("\n[More outputs of this cell are not shown: a notebook keeps 500 of them. "
                    "Put the rest into another cell, or --quiet on lines that need not show.]\n");
    size_t before = gate->shown++;

    if (before == LK_GATE_DISPLAYS_MAX)
        lk_output_gate_text(gate, now_ms, LK_STREAM_STDERR, note);
    return before >= LK_GATE_DISPLAYS_MAX;
}

void lk_output_gate_show(struct lk_output_gate *gate, int64_t now_ms, enum lk_output_kind kind,
                         json_t *data, const char *display_id)
{
    struct lk_gate_display *display = NULL;
    size_t unknown = 0;
    json_t *shown;

    if (kind == LK_OUTPUT_UPDATE) {
        update(gate, now_ms, data, display_id);
        return;
    }
    lk_output_gate_flush(gate, now_ms);
    if (are_too_many(gate, now_ms))
        return;
    if (display_id)
        display = add(gate, display_id);
    shown = within_bounds(gate, data, display ? &display->bytes : &unknown);
    if (display)
        display->sent_ms = now_ms;
    gate->text_goes_on = false;
    gate->sink->show(gate->sink, kind, shown, display_id);
    json_decref(shown);
}
