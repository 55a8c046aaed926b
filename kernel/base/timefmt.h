/* Times and durations as text. Pure; any thread. All times UTC, since 1970. */
#ifndef LK_BASE_TIMEFMT_H
#define LK_BASE_TIMEFMT_H

#include "base/str.h"

#include <stdint.h>

enum { LK_TIME_TEXT_MAX = 40, LK_DURATION_TEXT_MAX = 32, LK_SIZE_TEXT_MAX = 24 };

/* "2026-11-24T01:50:00.123Z" (Jupyter's date, Livy's times). */
void lk_time_iso8601(int64_t unix_ms, char ret[LK_TIME_TEXT_MAX]);
/* ISO 8601 with any number of fraction digits, "Z", "+01:00" or nothing (taken as UTC). */
LK_MUST_USE bool lk_time_from_iso8601(struct lk_str text, int64_t *ret_unix_ms);
/* For people: "2026-11-24 01:50:00 UTC". */
void lk_time_text(int64_t unix_ms, char ret[LK_TIME_TEXT_MAX]);
/* "2026-11-24 01:50", for a column that says UTC above. */
void lk_time_text_short(int64_t unix_ms, char ret[LK_TIME_TEXT_MAX]);
/* "Tue, 24 Nov 2026 01:50:00 GMT" (RFC 9110 §5.6.7). Reading takes its two
 * obsolete forms as well. */
void lk_time_http(int64_t unix_s, char ret[LK_TIME_TEXT_MAX]);
LK_MUST_USE bool lk_time_from_http(struct lk_str text, int64_t *ret_unix_s);
/* For people: "0.4 s", "12 s", "3 min 05 s", "2 h 07 min", "4 d 3 h". */
void lk_duration_text(int64_t ms, char ret[LK_DURATION_TEXT_MAX]);
/* As above in whole seconds, for times that pass while one looks: "0 s", "3 s". */
void lk_duration_text_whole(int64_t ms, char ret[LK_DURATION_TEXT_MAX]);
/* "90", "90s", "5m", "2h", "1h30m", "7d" → ms; at most 366 days. */
LK_MUST_USE bool lk_duration_parse(struct lk_str text, int64_t *ret_ms);
/* "512 B", "1.5 KiB", "3.2 MiB". */
void lk_size_text(int64_t bytes, char ret[LK_SIZE_TEXT_MAX]);

#endif
