/* struct lk_cell for Jupyter: outputs go to iopub through the gate that joins, parts and
 * cuts them, questions to stdin, each with the running request as parent. Executor thread.
 *
 * More messages than a client can follow make the cell wait, and so does text behind a
 * Jupyter server: that drops what comes faster than 3 MB in 3 s, the error that follows
 * included. An interrupt ends the wait and drops the rest of the text. */
#ifndef LK_SESSION_JUPYTER_CELL_H
#define LK_SESSION_JUPYTER_CELL_H

#include "magic/cell.h"
#include "session/exchange.h"
#include "session/output_gate.h"
#include "session/output_pace.h"

struct lk_jupyter_cell;

/* The two ways into a cell from below. */
struct lk_jupyter_sink {
    struct lk_output_sink sink; /* first */
    struct lk_jupyter_cell *cell;
};
struct lk_jupyter_chore {
    struct lk_chore chore; /* first */
    struct lk_jupyter_cell *cell;
};

struct lk_jupyter_cell {
    struct lk_cell cell; /* first: a struct lk_cell * is one of these */
    struct lk_exchange *exchange;
    const struct lk_message *request;
    int64_t execution_count;
    bool silent;        /* nothing is published */
    bool behind_server; /* a Jupyter server passes the outputs on */
    struct lk_buf text; /* of the result, for the history */
    struct lk_output_gate gate;
    struct lk_jupyter_sink sink;   /* where the gate's outputs go */
    struct lk_jupyter_chore chore; /* lets out what is due while the cell waits */
    struct lk_pace message_pace, text_pace;
    bool waits;      /* for its pace */
    json_t *payload; /* of the reply: pages; owned array */
};

/* From here to lk_jupyter_cell_done() the cell stays where it is: cancel knows it. */
void lk_jupyter_cell_init(struct lk_jupyter_cell *ret, struct lk_exchange *exchange,
                          const struct lk_message *request, struct lk_cancel *cancel);
/* Publishes what was held: before the reply. */
void lk_jupyter_cell_done(struct lk_jupyter_cell *cell);

#endif
