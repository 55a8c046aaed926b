/* Where in which magic a cursor stands, by the magics' tables: what completion and inspection both
 * begin with. Pure. */
#ifndef LK_MAGIC_PLACE_H
#define LK_MAGIC_PLACE_H

#include "magic/magic.h"

enum lk_place_kind {
    LK_PLACE_NONE,      /* in no magic, in its comment, or behind a name nobody knows */
    LK_PLACE_NAME,      /* %na^ */
    LK_PLACE_VERB,      /* %name ve^ */
    LK_PLACE_OPTION,    /* --na^ */
    LK_PLACE_VALUE,     /* --name va^, --name=va^ */
    LK_PLACE_ARGUMENT,  /* any other word */
    LK_PLACE_REFERENCE, /* {name.pa^ in a value or an argument */
};

enum { LK_PLACE_GIVEN_MAX = 64 };

struct lk_place {
    enum lk_place_kind kind;
    bool is_body;                   /* %%name */
    bool takes_options;             /* no "--" stands before it */
    const struct lk_magic *magic;   /* NULL for a name, and for a verb that is being typed */
    const struct lk_option *option; /* whose value it is */
    struct lk_takes takes;          /* of a value or an argument */
    const struct lk_option *given[LK_PLACE_GIVEN_MAX]; /* on the line already */
    size_t given_count;
    char *name;     /* of the magic, as typed; owned; NULL when there is none */
    char *previous; /* argument before this one; owned; may be NULL */
    char *typed;    /* of the word or the reference's last step, as read; owned; never NULL */
    char *path;     /* of a reference: what stands before its last step ("name.", "name["); owned */
    char quote;     /* the quote that the word begins with and that is still open; '\0' for none */
    size_t from, to; /* the typed text in the cell, in bytes, with its quote */
};

/* at is a byte of the cell. With whole_word what follows it in its word counts as typed too.
 * Release with lk_place_done(). */
void lk_place_find(const struct lk_magic_table *table, struct lk_str code, size_t at,
                   bool whole_word, struct lk_place *ret);
void lk_place_done(struct lk_place *place);

/* The option of a magic or of all magics with that name; NULL when there is none. */
const struct lk_option *lk_option_find(const struct lk_magic *magic, struct lk_str name);
/* Whether magics of that name have verbs. */
bool lk_magic_has_verbs(const struct lk_magic_table *table, struct lk_str name);

#endif
