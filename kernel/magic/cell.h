/* What a running cell offers to a magic: a way to show, to hand over a value, to ask,
 * and to notice an interrupt. session/ implements it for Jupyter, cli/ for a terminal.
 * Executor thread only. */
#ifndef LK_MAGIC_CELL_H
#define LK_MAGIC_CELL_H

#include "base/cancel.h"
#include "base/json.h"
#include "base/secret.h"

enum lk_stream { LK_STREAM_STDOUT, LK_STREAM_STDERR };

/* A MIME bundle: type → content. text/plain is always there. Borrowed by the calls below. */
struct lk_bundle {
    json_t *data; /* object */
};

struct lk_cell {
    struct lk_cancel *cancel; /* borrowed */
    bool read_only; /* silent, or store_history false: never log in, upload, submit, cancel, prompt
                     */
    bool allow_stdin;
    bool terminal; /* plain text on a terminal instead of displays */
    bool quiet;    /* the magic that runs was called with --quiet */

    void (*stream)(struct lk_cell *cell, enum lk_stream stream, struct lk_str text);
    /* A new display; display_id NULL for one that is never updated. */
    void (*display)(struct lk_cell *cell, const struct lk_bundle *bundle, const char *display_id);
    /* Replaces a display of this cell. */
    void (*update)(struct lk_cell *cell, const struct lk_bundle *bundle, const char *display_id);
    /* The value a magic returns. bundle is its execute_result, NULL when a view carries it. */
    void (*value)(struct lk_cell *cell, const json_t *value, const struct lk_bundle *bundle);
    /* Shows help as the client shows it: in a pager, or as output. */
    void (*page)(struct lk_cell *cell, const struct lk_bundle *bundle);
    /* Asks the person; says first where to look for the box. LK_UNSUPPORTED when allow_stdin is
     * false; LK_CANCELLED on interrupt or an empty answer to a password prompt. */
    enum lk_status (*ask)(struct lk_cell *cell, const char *prompt, bool password,
                          struct lk_secret *ret, struct lk_error *err);
};

#endif
