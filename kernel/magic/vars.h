/* Variables and kept results of a session, and their interpolation: {name},
 * {name.path.to[0]}; only that exact shape is replaced, {{name}} is literal, so JSON
 * passes untouched (DESIGN §2.2). What a variable holds is not looked at again. One owner. */
#ifndef LK_MAGIC_VARS_H
#define LK_MAGIC_VARS_H

#include "base/json.h"

struct lk_vars;

LK_MUST_USE struct lk_vars *lk_vars_new(void);
void lk_vars_free(struct lk_vars *vars);
/* Shares the values. */
LK_MUST_USE struct lk_vars *lk_vars_copy(const struct lk_vars *vars);
/* An ASCII Python identifier of at most 128 bytes. */
bool lk_is_identifier(struct lk_str name);
/* Python identifiers only. Copies name, takes a reference to value. */
LK_MUST_USE enum lk_status lk_vars_set(struct lk_vars *vars, struct lk_str name, json_t *value,
                                       struct lk_error *err);
json_t *lk_vars_get(const struct lk_vars *vars,
                    struct lk_str name); /* borrowed; NULL when unknown */
/* All of them, in order of first setting: an object, borrowed. */
const json_t *lk_vars_all(const struct lk_vars *vars);
/* LK_INVALID for an unknown name or path, listing the known ones. */
LK_MUST_USE enum lk_status lk_vars_interpolate(const struct lk_vars *vars, struct lk_str text,
                                               struct lk_buf *ret, struct lk_error *err);

/* What "name.path.to[0]" stands for, borrowed; NULL when it is nothing, or no reference. */
const json_t *lk_vars_find(const struct lk_vars *vars, struct lk_str reference);
/* Where the last step of a reference that is being typed begins: "" → 0, "na" → 0, "name.pa" → 5,
 * "name[" → 5. SIZE_MAX when text cannot become one. */
size_t lk_vars_last_step(struct lk_str text);

/* A Python or JSON literal (string, number, True/False/None/true/false/null, list, tuple, dict) →
 * JSON, new. Nothing is evaluated. LK_INVALID BadLiteral says what is wrong with it, or
 * LK_LITERAL_UNFINISHED when the text ends before the literal does. */
LK_MUST_USE enum lk_status lk_literal_read(struct lk_str text, json_t **ret, struct lk_error *err);
/* Takes one literal, which may go on over lines, off the front of *rest. On failure *rest stands
 * where reading stopped. */
LK_MUST_USE enum lk_status lk_literal_take(struct lk_str *rest, json_t **ret, struct lk_error *err);
#define LK_LITERAL_UNFINISHED "UnfinishedLiteral"
/* It is Python that would have to be run: an f-string, a call, an expression. */
#define LK_LITERAL_NEEDS_PYTHON "NeedsPython"

#endif
