/* struct lk_cell for Jupyter: outputs go to iopub, questions to stdin, each with the
 * running request as parent. Executor thread. */
#ifndef LK_SESSION_JUPYTER_CELL_H
#define LK_SESSION_JUPYTER_CELL_H

#include "magic/cell.h"
#include "session/exchange.h"

enum { LK_CELL_STREAM_MAX = 16 << 20 };

struct lk_jupyter_cell {
    struct lk_cell cell; /* first: a struct lk_cell * is one of these */
    struct lk_exchange *exchange;
    const struct lk_message *request;
    int64_t execution_count;
    bool silent;         /* nothing is published */
    size_t stream_bytes; /* so far */
    struct lk_buf text;  /* of the result, for the history */
    json_t *payload;     /* of the reply: pages; owned array */
};

void lk_jupyter_cell_init(struct lk_jupyter_cell *ret, struct lk_exchange *exchange,
                          const struct lk_message *request, struct lk_cancel *cancel);
void lk_jupyter_cell_done(struct lk_jupyter_cell *cell);

#endif
