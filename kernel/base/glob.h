/* Shell patterns over whole texts. Pure; any thread. */
#ifndef LK_BASE_GLOB_H
#define LK_BASE_GLOB_H

#include "base/str.h"

/* Whether pattern describes all of text: '*' any text, line ends included, '?' one character,
 * "[a-z]" one of some and "[^a]" or "[!a]" none of them; an unclosed '[' is itself, and a backslash
 * too. Characters are code points. Takes at most pattern × text steps, whatever the pattern. */
bool lk_glob_matches(struct lk_str pattern, struct lk_str text);

#endif
