/* What a cell shows, on its way out, so that no flood of it hurts a client or a saved
 * notebook. Small pieces of text are joined, large ones parted, updates of a display pass
 * at their pace with the newest last, and there is a ceiling for each kind of output; what
 * is cut says so once.
 *
 *   order     as the cell made it: whatever is held goes out before anything newer. Held
 *             text and updates are as old as their first piece.
 *   at once   the first output, and each that comes LK_GATE_TEXT_MS (text) or
 *             LK_GATE_UPDATE_MS (updates of one display) after the one before
 *   held      the rest, for at most that time: whoever waits calls lk_output_gate_due()
 *
 * Pure: outputs leave through the sink, the time comes in as an argument (monotonic).
 * Executor thread. */
#ifndef LK_SESSION_OUTPUT_GATE_H
#define LK_SESSION_OUTPUT_GATE_H

#include "base/buf.h"
#include "magic/cell.h"

enum {
    LK_GATE_TEXT_MS = 80,
    LK_GATE_UPDATE_MS = 250,
    LK_GATE_MESSAGE_MAX = 256 << 10, /* bytes of text in one message */
    LK_GATE_TEXT_MAX = 16 << 20,     /* of a cell, as lk_output_weight() weighs */
    LK_GATE_OUTPUT_WEIGHT = 256,     /* of each new output that a text begins in the notebook */
    LK_GATE_BUNDLE_MAX = 1 << 20,    /* bytes of one MIME bundle */
    LK_GATE_BUNDLES_MAX = 4 << 20,   /* of all that a cell leaves in the notebook */
    LK_GATE_DISPLAYS_MAX = 500,      /* displays and results of a cell */
};

enum lk_output_kind { LK_OUTPUT_DISPLAY, LK_OUTPUT_UPDATE, LK_OUTPUT_RESULT };

/* Where outputs go. Everything is borrowed for the call. */
struct lk_output_sink {
    /* false: no more text is wanted (an interrupt); the gate drops what follows. */
    bool (*text)(struct lk_output_sink *sink, enum lk_stream stream, struct lk_str text);
    /* display_id may be NULL but for updates. */
    void (*show)(struct lk_output_sink *sink, enum lk_output_kind kind, const json_t *data,
                 const char *display_id);
};

struct lk_output_gate {
    struct lk_output_sink *sink; /* borrowed */
    struct lk_buf held;          /* text that waits for more */
    enum lk_stream held_stream;
    struct lk_buf tails[2]; /* of each stream: what would be torn */
    int64_t text_sent_ms;
    bool text_was_sent;
    bool text_goes_on; /* the last message was text of held_stream: the notebook joins them */
    bool text_cut;     /* at the ceiling */
    bool text_refused; /* by the sink */
    size_t text_weight;
    struct lk_gate_display *displays; /* those with an id, owned */
    size_t display_count, display_room;
    size_t shown; /* displays and results so far, those too many as well */
    size_t bundle_bytes;
    uint64_t turn, held_turn; /* age: a number for everything that is held */
};

void lk_output_gate_init(struct lk_output_gate *ret, struct lk_output_sink *sink);
/* Drops what is held: lk_output_gate_end() comes first. */
void lk_output_gate_done(struct lk_output_gate *gate);

void lk_output_gate_text(struct lk_output_gate *gate, int64_t now_ms, enum lk_stream stream,
                         struct lk_str text);
/* data: a MIME bundle that does not change any more. An update of a display that was dropped is
 * dropped as well. */
void lk_output_gate_show(struct lk_output_gate *gate, int64_t now_ms, enum lk_output_kind kind,
                         json_t *data, const char *display_id);
/* Lets everything out that is held: before a question. Only a character or terminal sequence
 * that is not complete yet stays, for the next text of its stream. */
void lk_output_gate_flush(struct lk_output_gate *gate, int64_t now_ms);
/* The same, nothing excepted: before the reply. */
void lk_output_gate_end(struct lk_output_gate *gate, int64_t now_ms);
/* In how many ms something held is due, 0: now, -1: nothing is held. */
int64_t lk_output_gate_due_ms(const struct lk_output_gate *gate, int64_t now_ms);

#endif
