/* What the magics have met in this session: batches, payloads, paths of the lakehouse. Completion
 * and inspection know of the world what stands here, for they never ask it. Pure but for memory;
 * one owner. A struct of zeros is an empty one. */
#ifndef LK_MAGIC_SEEN_H
#define LK_MAGIC_SEEN_H

#include "base/str.h"

enum lk_seen_kind {
    LK_SEEN_BATCH,   /* text: id; name; detail: state */
    LK_SEEN_PAYLOAD, /* text: file name; detail: where it was put */
    LK_SEEN_PATH,    /* text: Files/…, folders end in '/'; detail: size */
    LK_SEEN_KINDS,
};

enum {
    LK_SEEN_MAX = 500,             /* of each kind; the oldest go first */
    LK_SEEN_BYTES_MAX = 128 << 10, /* of each kind */
    LK_SEEN_TEXT_MAX = 2048,       /* a longer text is not kept, a longer name or detail is cut */
};

struct lk_seen_entry {
    char *text, *name, *detail; /* never NULL */
};

struct lk_seen_list {
    struct lk_seen_entry *entries; /* oldest first */
    size_t count, bytes;
};

struct lk_seen {
    struct lk_seen_list lists[LK_SEEN_KINDS];
};

/* Empties it. */
void lk_seen_done(struct lk_seen *seen);
/* Makes text the newest of its kind. What is known of it already stays where name or detail is
 * empty. */
void lk_seen_add(struct lk_seen *seen, enum lk_seen_kind kind, struct lk_str text,
                 struct lk_str name, struct lk_str detail);
/* The i-th newest, borrowed until the next lk_seen_add(); NULL past the oldest. */
const struct lk_seen_entry *lk_seen_nth(const struct lk_seen *seen, enum lk_seen_kind kind,
                                        size_t i);
/* The one with that text, else the newest with that name; NULL when there is none. */
const struct lk_seen_entry *lk_seen_find(const struct lk_seen *seen, enum lk_seen_kind kind,
                                         struct lk_str text);

#endif
