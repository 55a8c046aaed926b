/* struct lk_cell for a terminal: values as lines of JSON on stdout, everything else as
 * text on stderr, progress in place when stderr is a terminal. Main thread. */
#ifndef LK_CLI_TERMINAL_CELL_H
#define LK_CLI_TERMINAL_CELL_H

#include "base/buf.h"
#include "magic/cell.h"

struct lk_terminal_cell {
    struct lk_cell cell; /* first: a struct lk_cell * is one of these */
    bool colour;         /* colours in what is shown reach stderr */
    bool live;           /* stderr is a terminal: one line is updated in place */
    bool line_open;      /* a progress line stands there without its end */
    char last_news[256]; /* of the progress, so that a log gets a line per change only */
};

void lk_terminal_cell_init(struct lk_terminal_cell *ret, struct lk_cancel *cancel, bool colour);
/* Ends an open progress line. */
void lk_terminal_cell_finish(struct lk_terminal_cell *cell);
/* Prints an error as people read it. */
void lk_terminal_print_error(const struct lk_error *err, bool colour);
/* Foreign text that steers no terminal: of the control characters only tabs, line ends and, with
 * colour, the sequences for colours stay. */
void lk_terminal_clean(struct lk_str text, bool colour, struct lk_buf *ret);

#endif
