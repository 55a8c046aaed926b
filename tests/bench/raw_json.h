/* One field of a JSON text, found without parsing the rest: what a message's type, its parent and
 * its code need. Both ends of the bench use it, so that neither measures a JSON library. Pure. */
#ifndef LK_BENCH_RAW_JSON_H
#define LK_BENCH_RAW_JSON_H

#include "base/str.h"

/* The string value of the first "key": "…" in text, quotes left off and escapes left in; empty
 * when there is none. key comes with its quotes. A quote inside a string is escaped, so "key" as a
 * piece of a value is never taken for a key. */
struct lk_str raw_json_str(struct lk_str text, struct lk_str key);

#endif
