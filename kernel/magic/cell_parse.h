/* Cell text → what to run (DESIGN §2.2). Pure; any thread. Views borrow from the cell. */
#ifndef LK_MAGIC_CELL_PARSE_H
#define LK_MAGIC_CELL_PARSE_H

#include "base/buf.h"
#include "base/error.h"

enum lk_cell_kind {
    LK_CELL_EMPTY,      /* nothing but blank lines and comments */
    LK_CELL_BODY,       /* %%magic line and a body */
    LK_CELL_LINES,      /* a list of magic lines and assignments */
    LK_CELL_PARAMETERS, /* papermill's "# Parameters": literal assignments only */
    LK_CELL_CODE,       /* anything else: a statement for the interactive session */
};

enum { LK_CELL_BYTES_MAX = 16 << 20, LK_CELL_LINES_MAX = 1000 };

/* LK_LIMIT for a cell over LK_CELL_BYTES_MAX, LK_INVALID for invalid UTF-8 (with the byte). */
LK_MUST_USE enum lk_status lk_cell_classify(struct lk_str code, enum lk_cell_kind *ret,
                                            struct lk_error *err);

/* One logical line: continuations joined, target split off. */
struct lk_cell_line {
    struct lk_buf text;   /* after '%' or '%%', or a literal for an assignment */
    struct lk_str target; /* NAME of `NAME = …`, kept in name; empty without */
    char name[129];
    bool is_magic; /* else text is a literal to assign */
    size_t number; /* line number in the cell, from 1 */
};
void lk_cell_line_done(struct lk_cell_line *line);
/* Takes the next line of a LINES or PARAMETERS cell off *rest; LK_NOT_FOUND at the end. */
LK_MUST_USE enum lk_status lk_cell_next_line(struct lk_str *rest, size_t *number,
                                             struct lk_cell_line *ret, struct lk_error *err);
/* Splits a BODY cell: the magic line (without "%%", continuations joined) and the body as it is. */
LK_MUST_USE enum lk_status lk_cell_split_body(struct lk_str code, struct lk_cell_line *line,
                                              struct lk_str *body, struct lk_error *err);

/* "complete", "incomplete" or "invalid" for is_complete_request. */
const char *lk_cell_is_complete(struct lk_str code);

#endif
