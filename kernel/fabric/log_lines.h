/* A log as lines on their way: cut out of bytes, filtered, the last ones kept. Each stage is a
 * sink for the one before it. Pure; one thread. */
#ifndef LK_FABRIC_LOG_LINES_H
#define LK_FABRIC_LOG_LINES_H

#include "base/buf.h"

enum { LK_LOG_LINE_MAX = 1 << 20 };

/* Takes one line, without its end ("\n" or "\r\n"); borrowed for the call. */
struct lk_line_sink {
    void (*line)(struct lk_line_sink *sink, struct lk_str line);
};

/* ---- bytes into lines ---------------------------------------------------------------------- */

/* What has no line end yet is kept for the bytes that follow. A line longer than LK_LOG_LINE_MAX is
 * handed on in pieces, each as a line, no character torn. */
struct lk_line_splitter {
    struct lk_line_sink *to; /* borrowed */
    struct lk_buf held;
    bool skip; /* drop what comes before the first line end: reading began in the middle */
};
void lk_line_splitter_init(struct lk_line_splitter *ret, struct lk_line_sink *to);
void lk_line_splitter_done(struct lk_line_splitter *splitter);
void lk_line_splitter_put(struct lk_line_splitter *splitter, struct lk_str bytes);
/* Hands on what is held: no more will come. */
void lk_line_splitter_end(struct lk_line_splitter *splitter);

/* ---- the last lines ------------------------------------------------------------------------- */

/* Keeps the last count_max lines that came, in at most bytes_max bytes (which cost up to twice as
 * much memory). */
struct lk_last_lines {
    struct lk_line_sink sink; /* first */
    struct lk_buf text;       /* whole lines, each with "\n" */
    size_t from;              /* where the oldest kept line begins in text */
    size_t count;
    size_t count_max, bytes_max;
    bool cut; /* a line that should have been kept had no room */
};
void lk_last_lines_init(struct lk_last_lines *ret, size_t count_max, size_t bytes_max);
void lk_last_lines_done(struct lk_last_lines *last);
/* Oldest first, each with its "\n". Borrows. */
struct lk_str lk_last_lines_view(const struct lk_last_lines *last);

#endif
