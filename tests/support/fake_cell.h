/* A cell that remembers what a magic does in it and answers questions by script. One thread. */
#ifndef LK_TEST_FAKE_CELL_H
#define LK_TEST_FAKE_CELL_H

#include "base/buf.h"
#include "magic/cell.h"

enum { FAKE_CELL_MAX = 64 };

struct fake_display {
    char id[64];  /* empty: one that is never updated; "page": a page */
    json_t *data; /* the MIME bundle as it is now, owned */
    int updates;
};

struct fake_value {
    json_t *value;  /* owned */
    json_t *bundle; /* of its execute_result, owned; NULL when a view carries it */
};

struct fake_cell {
    struct lk_cell cell; /* first: a struct fake_cell is a struct lk_cell */
    struct lk_buf out, errout;
    struct fake_display displays[FAKE_CELL_MAX];
    size_t display_count;
    struct fake_value values[FAKE_CELL_MAX];
    size_t value_count;
    const char *answers[FAKE_CELL_MAX]; /* set by the test, given in order */
    size_t asked;
    char prompts[FAKE_CELL_MAX][256];
    bool was_password[FAKE_CELL_MAX];
};

/* cancel may be NULL. An update of a display that was never shown fails the test, and so does a
 * question without an answer in the script. */
void fake_cell_init(struct fake_cell *fake, struct lk_cancel *cancel);
void fake_cell_done(struct fake_cell *fake);
/* Forgets what was shown, keeps the script. */
void fake_cell_clear(struct fake_cell *fake);
/* One MIME type of a display or result, as text; empty when absent or no string. */
struct lk_str fake_cell_shown(const struct fake_cell *fake, size_t display, const char *mime);

#endif
