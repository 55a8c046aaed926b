/* A magic: one file with one const struct lk_magic, listed in table.c. Help, completion
 * and inspection are generated from the option table. */
#ifndef LK_MAGIC_MAGIC_H
#define LK_MAGIC_MAGIC_H

#include "magic/args.h"
#include "magic/cell.h"

struct lk_context;

/* Where people meet the value. Programs find it in the view's vendor type, and --json and --as hand
 * it over, in every case. */
enum lk_value_place {
    LK_VALUE_BELOW = 0, /* folded below the view, or the cell's result when there is no view */
    LK_VALUE_HIDDEN,    /* says no more than the view, or than the text that was streamed */
};

/* What a magic gives back. The runner shows it: a view that carries the value (DESIGN §2.3). */
struct lk_answer {
    json_t *value;             /* object with "kind"; owned; NULL for none */
    struct lk_buf markdown;    /* the view for notebooks: a table made for reading; may be empty */
    struct lk_buf plain;       /* the same for terminals and text/plain */
    const char *display_id;    /* the view replaces this display (a progress that ended); borrowed,
                                * must live in ids below */
    char id[40];               /* room for display_id */
    bool shown;                /* the view is on the screen already */
    enum lk_value_place place; /* of the value */
};
void lk_answer_init(struct lk_answer *answer);
void lk_answer_done(struct lk_answer *answer);

enum { LK_TAKES_MAX = 2 };

enum lk_magic_flag {
    LK_MAGIC_LINE = 1 << 0, /* %name */
    LK_MAGIC_BODY = 1 << 1, /* %%name with a body */
    LK_MAGIC_ACTS = 1 << 2, /* refused in read-only cells */
};

struct lk_magic {
    const char *name;    /* "batch" */
    const char *verb;    /* "submit"; NULL when the magic has none */
    const char *summary; /* one line */
    const char *usage;   /* "%batch submit [PAYLOAD] [options]" */
    const char *details; /* a paragraph or example for help; may be NULL */
    const struct lk_option *options;
    size_t option_count;
    size_t positional_max;
    struct lk_takes takes[LK_TAKES_MAX]; /* of the arguments; the last is for all that follow */
    unsigned flags;
    /* body is empty for line magics. On failure (LK_FAILED included) ret may still hold an answer
     * worth showing before the error. */
    enum lk_status (*run)(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err);
};

/* A list of magics, in the order of help. */
struct lk_magic_table {
    const struct lk_magic *const *magics;
    size_t count;
};
/* Every magic there is. */
extern const struct lk_magic_table lk_magics;

/* Finds by name and, when the magic has verbs, verb. verb is ignored for magics without one and
 * *used_verb tells. Unknown: LK_INVALID UnknownMagic with the nearest match and "%help";
 * MissingVerb tells the verbs there are. */
LK_MUST_USE enum lk_status lk_magic_find(const struct lk_magic_table *table, struct lk_str name,
                                         struct lk_str verb, const struct lk_magic **ret,
                                         bool *used_verb, struct lk_error *err);
/* As above for a cell magic, %%name. */
LK_MUST_USE enum lk_status lk_magic_find_body(const struct lk_magic_table *table,
                                              struct lk_str name, const struct lk_magic **ret,
                                              struct lk_error *err);
/* Text of %magic --help. */
void lk_magic_help(const struct lk_magic *magic, struct lk_buf *markdown, struct lk_buf *plain);
/* What %help NAME VERB answers: one magic, the verbs of a name, or all magics. */
LK_MUST_USE enum lk_status lk_magic_help_answer(const struct lk_magic_table *table,
                                                struct lk_str name, struct lk_str verb,
                                                struct lk_answer *ret, struct lk_error *err);

#endif
