/* Names in a folder of this machine, for completion. Touches the disk, within bounds. */
#ifndef LK_MAGIC_LOCAL_NAMES_H
#define LK_MAGIC_LOCAL_NAMES_H

#include "base/clock.h"
#include "base/str.h"

enum {
    LK_LOCAL_NAMES_MAX = 1000,   /* that match */
    LK_LOCAL_LOOKED_MAX = 20000, /* at in one folder */
    LK_LOCAL_LOOK_MS = 200,      /* for so long */
};

struct lk_local_names {
    char **name; /* with the folder as it was typed; folders end in '/'; owned; in no order */
    size_t count;
};

/* What there is that begins with prefix ("", "data/tr", "~/x", "/etc/"). "~/" is home (NULL: is
 * not understood). Hidden files only when the name typed begins with a dot. Names that are no
 * text are left out; nothing is there when the folder cannot be
 * read. Release with lk_local_names_done(). */
void lk_local_names_find(const char *home, struct lk_str prefix, struct lk_clock *clock,
                         struct lk_local_names *ret);
void lk_local_names_done(struct lk_local_names *names);

#endif
