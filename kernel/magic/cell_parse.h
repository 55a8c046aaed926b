/* Cell text → what to run (DESIGN §2.2). Pure; any thread. Views borrow from the cell. */
#ifndef LK_MAGIC_CELL_PARSE_H
#define LK_MAGIC_CELL_PARSE_H

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"

enum lk_cell_kind {
    LK_CELL_EMPTY,      /* nothing but blank lines and comments */
    LK_CELL_BODY,       /* %%magic line and a body; comments and blank lines may stand above it */
    LK_CELL_LINES,      /* a list of magic lines and assignments */
    LK_CELL_PARAMETERS, /* papermill's "# Parameters": literal assignments only */
    LK_CELL_CODE,       /* anything else: a statement for the interactive session */
};

enum { LK_CELL_BYTES_MAX = 16 << 20, LK_CELL_LINES_MAX = 1000, LK_CELL_MAGIC_MAX = 1 << 20 };

/* LK_LIMIT for a cell over LK_CELL_BYTES_MAX, LK_INVALID for invalid UTF-8 (with the byte). */
LK_MUST_USE enum lk_status lk_cell_classify(struct lk_str code, enum lk_cell_kind *ret,
                                            struct lk_error *err);

/* One logical line: `%magic …` or `NAME = %magic …` with its continuations, or
 * `NAME = <literal>` over as many lines as the literal takes. */
struct lk_cell_line {
    struct lk_buf text; /* of a magic, after its '%' signs; continued lines keep their line ends */
    json_t *value;      /* of a literal, owned; NULL for a magic */
    struct lk_str target; /* NAME, kept in name; empty without */
    char name[129];
    size_t number; /* line number in the cell, from 1 */
};
void lk_cell_line_done(struct lk_cell_line *line);
/* Takes the next line of a LINES or PARAMETERS cell off *rest; *number counts the lines taken so
 * far and begins with 0. LK_NOT_FOUND at the end. Whatever comes back, ret is good for
 * lk_cell_line_done(). */
LK_MUST_USE enum lk_status lk_cell_next_line(struct lk_str *rest, size_t *number,
                                             struct lk_cell_line *ret, struct lk_error *err);
/* Whether nothing but blank lines and comments is left. */
bool lk_cell_is_blank(struct lk_str rest);
/* Splits a BODY cell: the magic line and the body as it is. ret as above. */
LK_MUST_USE enum lk_status lk_cell_split_body(struct lk_str code, struct lk_cell_line *ret,
                                              struct lk_str *body, struct lk_error *err);

/* The magic that a byte of a cell stands in, for completion. */
struct lk_cell_magic {
    size_t begin;       /* of its line in the cell */
    size_t from;        /* behind its '%' signs */
    size_t to;          /* its end, continued lines included, the last line end not */
    bool is_body;       /* %%name */
    struct lk_buf text; /* [from, to), byte for byte, but blanks for backslashes that continue a
                           line and for carriage returns */
};
/* False when at stands in no magic: in a body, a literal, a comment, or code. Whatever comes back,
 * ret is good for lk_cell_magic_done(). */
bool lk_cell_magic_at(struct lk_str code, size_t at, struct lk_cell_magic *ret);
void lk_cell_magic_done(struct lk_cell_magic *magic);

/* Length of a line before the backslash that continues it; its own length when none does. */
size_t lk_cell_length_continued(struct lk_str line);

enum { LK_INDENT_MAX = 80 };
/* "complete", "incomplete" or "invalid" for is_complete_request: whether a console should run the
 * cell at Enter, or begin another line. indent is what that line begins with; empty otherwise.
 * Running an invalid one tells the error. */
const char *lk_cell_is_complete(struct lk_str code, char indent[LK_INDENT_MAX + 1]);

#endif
