/* struct lk_cell for a terminal: values as lines of JSON on stdout, everything else as
 * text on stderr. Progress is one line, drawn anew at most ten times a second and gone at
 * the end, when stderr is a terminal; else a line for each change of state. Main thread.
 *
 * A reader that goes away (EPIPE) and a full disk interrupt the cell: it ends as safely as
 * after Ctrl-C. */
#ifndef LK_CLI_TERMINAL_CELL_H
#define LK_CLI_TERMINAL_CELL_H

#include "base/buf.h"
#include "base/clock.h"
#include "magic/cell.h"

struct lk_terminal_cell;

struct lk_terminal_chore {
    struct lk_chore chore; /* first */
    struct lk_terminal_cell *cell;
};

struct lk_terminal_cell {
    struct lk_cell cell; /* first: a struct lk_cell * is one of these */
    struct lk_clock *clock;
    bool colour;             /* colours in what is shown reach stderr */
    bool live;               /* one line is updated in place; false until it is set */
    bool line_open;          /* a progress line stands there without its end */
    int64_t drawn_ms;        /* it was drawn last */
    struct lk_buf next_line; /* what it should say by now; empty when it does */
    struct lk_terminal_chore chore;
    char last_news[256]; /* of the progress, so that a log gets a line per change only */
    int lost;            /* errno of an output that could not be written; 0: none */
};

/* From here on the cell stays where it is: cancel (may be NULL) knows it. */
void lk_terminal_cell_init(struct lk_terminal_cell *ret, struct lk_cancel *cancel,
                           struct lk_clock *clock, bool colour);
/* Takes an open progress line away. */
void lk_terminal_cell_finish(struct lk_terminal_cell *cell);
/* Prints an error as people read it. */
void lk_terminal_print_error(const struct lk_error *err, bool colour);
/* Foreign text that steers no terminal: of the control characters only tabs, line ends and, with
 * colour, the sequences for colours stay. */
void lk_terminal_clean(struct lk_str text, bool colour, struct lk_buf *ret);

#endif
