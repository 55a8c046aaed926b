/* struct lk_cell for a terminal: values as lines of JSON on stdout, everything else as
 * text on stderr, progress in place when stderr is a terminal. Main thread. */
#ifndef LK_CLI_TERMINAL_CELL_H
#define LK_CLI_TERMINAL_CELL_H

#include "magic/cell.h"

struct lk_terminal_cell {
    struct lk_cell cell; /* first: a struct lk_cell * is one of these */
    bool live;           /* stderr is a terminal: one line is updated in place */
    bool line_open;      /* a progress line stands there without its end */
    char last_line[512]; /* of the progress, so that a log gets changes only */
};

void lk_terminal_cell_init(struct lk_terminal_cell *ret, struct lk_cancel *cancel);
/* Ends an open progress line. */
void lk_terminal_cell_finish(struct lk_terminal_cell *cell);
/* Prints an error as people read it. */
void lk_terminal_print_error(const struct lk_error *err, bool colour);

#endif
