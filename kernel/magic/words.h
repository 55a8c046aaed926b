/* Shell-like quoting: a line into words. '…' is literal, "…" knows \" and \\, \ quotes
 * the next character, # begins a comment only at a word's start. No expansion.
 *
 * A line that was continued with \ holds line ends: outside quotes they part words and end
 * comments, inside quotes they become spaces. Pure. */
#ifndef LK_MAGIC_WORDS_H
#define LK_MAGIC_WORDS_H

#include "base/error.h"
#include "base/str.h"

struct lk_words {
    char **word; /* owned, NUL-terminated */
    size_t count;
};
enum { LK_WORDS_MAX = 1024 };
/* LK_INVALID names an unclosed quote. On failure ret is empty. */
LK_MUST_USE enum lk_status lk_words_split(struct lk_str line, struct lk_words *ret,
                                          struct lk_error *err);
/* One word where it stands, for completion: an open quote is no error here. */
struct lk_word {
    size_t from, to; /* in the line, with its quotes */
    char *text;      /* as read, owned */
    char quote;      /* the one that is still open at its end; '\0' for none */
};
/* Takes the first word at or after *at; false when there is none: *at is then the end of the line,
 * or where the comment begins that goes on to it. */
bool lk_words_next(struct lk_str line, size_t *at, struct lk_word *ret);
void lk_word_done(struct lk_word *word);

void lk_words_done(struct lk_words *words);

#endif
