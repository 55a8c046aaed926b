/* Options and arguments of a magic line, GNU style (--long value, --long=value, --),
 * read against the magic's option table. Pure. */
#ifndef LK_MAGIC_ARGS_H
#define LK_MAGIC_ARGS_H

#include "magic/vars.h"
#include "magic/words.h"

/* What a value names. Completion and inspection know what there is of each kind. */
enum lk_takes_kind {
    LK_TAKES_TEXT = 0,     /* anything: nothing to offer but the choices */
    LK_TAKES_BATCH,        /* id or name of a batch */
    LK_TAKES_PAYLOAD,      /* name of a payload, or where it is in the lakehouse */
    LK_TAKES_PAYLOAD_NAME, /* name for a payload: one written again */
    LK_TAKES_LAKE_PATH,    /* Files/…, Tables/… */
    LK_TAKES_LAKE_FOLDER,  /* a folder among them */
    LK_TAKES_LOCAL_FILE,   /* on this machine; "~/" is home */
    LK_TAKES_CONNECTION,   /* a saved connection */
    LK_TAKES_VARIABLE,     /* name of a variable */
    LK_TAKES_ASSIGNMENT,   /* NAME=VALUE with a variable's name */
    LK_TAKES_MAGIC,        /* name of a magic */
    LK_TAKES_AXIS, /* NAME=VALUES: {NAME} in the rest of the line is its, not a variable's */
    LK_TAKES_VERB, /* verb of the magic that the argument before it names */
};

struct lk_takes {
    enum lk_takes_kind kind;
    const char *choices; /* "a|b": words that it may always be; NULL for none */
};

struct lk_option {
    const char *name;      /* without "--" */
    const char *value;     /* what the value is called in help; NULL: a flag */
    const char *help;      /* one line */
    bool repeats;          /* may be given several times */
    struct lk_takes takes; /* of the value */
};

struct lk_args;

/* What every magic takes: --as, --json, --quiet, --help. */
const struct lk_option *lk_options_common(size_t *count);

/* words after the magic's name and verb. Options that every magic has (--as, --json, --quiet,
 * --help) are understood too. An unknown option: LK_INVALID UnknownOption with the nearest match;
 * a <placeholder of a template>: Placeholder. */
LK_MUST_USE enum lk_status lk_args_read(const char *magic, const struct lk_option *options,
                                        size_t option_count, size_t positional_max,
                                        char *const *words, size_t word_count, struct lk_args **ret,
                                        struct lk_error *err);
/* Replaces {name} in all values and positional arguments, but for the names of LK_TAKES_AXIS. To be
 * done after reading: so what a variable holds, be it blanks, quotes or a leading "--", stays a
 * value. On failure args are partly replaced. */
LK_MUST_USE enum lk_status lk_args_interpolate(struct lk_args *args, const struct lk_vars *vars,
                                               struct lk_error *err);
void lk_args_free(struct lk_args *args);
void lk_args_unref(struct lk_args **args); /* cleanup */
bool lk_args_has(const struct lk_args *args, const char *name);
/* The last value given; empty when absent. */
struct lk_str lk_args_get(const struct lk_args *args, const char *name);
/* i-th value of a repeated option; false past the end. */
bool lk_args_get_nth(const struct lk_args *args, const char *name, size_t i, struct lk_str *ret);
/* A whole number within [least, most]; *ret stays as it is when the option was not given.
 * LK_INVALID BadNumber with that next step. */
LK_MUST_USE enum lk_status lk_args_number(const struct lk_args *args, const char *name,
                                          int64_t least, int64_t most, const char *next,
                                          int64_t *ret, struct lk_error *err);
size_t lk_args_positional_count(const struct lk_args *args);
struct lk_str lk_args_positional(const struct lk_args *args, size_t i); /* empty past the end */

#endif
