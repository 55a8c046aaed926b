/* Stream text at its seams: where it may be parted into messages, and what it weighs in
 * a saved notebook. Pure; any thread. */
#ifndef LK_SESSION_OUTPUT_TEXT_H
#define LK_SESSION_OUTPUT_TEXT_H

#include "base/str.h"

/* What is kept back of a text to be whole with the next one is at most this long. */
enum { LK_OUTPUT_TAIL_MAX = 64 };

/* Where the beginning of a text ends that tears nothing: a UTF-8 sequence, a terminal sequence
 * ("ESC [ … m") or a "\r" that the "\n" may yet follow can be unfinished at its end. What is no
 * UTF-8 at all, or a sequence that is longer than LK_OUTPUT_TAIL_MAX, is not waited for. */
size_t lk_output_whole(struct lk_str text);

/* Where to part a text of more than max bytes, 0 < result ≤ max: after the last line end, else
 * before the last "\r" (a line drawn anew stays in one piece), else where nothing is torn. */
size_t lk_output_part(struct lk_str text, size_t max);

/* Bytes that the text takes in a saved notebook: JSON has escapes, and each line is one of the
 * file's. */
size_t lk_output_weight(struct lk_str text);

/* The longest beginning of text that weighs at most max; may be torn at its end. */
struct lk_str lk_output_within(struct lk_str text, size_t max);

#endif
