/* Text measured in columns of a terminal: wide characters (CJK, emoji) take two, combining
 * ones none. In the locale of the process, which main() sets to UTF-8. */
#ifndef LK_CLI_COLUMNS_H
#define LK_CLI_COLUMNS_H

#include "base/str.h"

/* The longest beginning of a line without control characters that takes at most so many columns;
 * tears no character. */
struct lk_str lk_columns_fit(struct lk_str line, size_t columns);

#endif
