/* What a Livy service's refusal says: the error it means, and how long it asks to wait. Pure; any
 * thread. */
#ifndef LK_FABRIC_LIVY_ERROR_H
#define LK_FABRIC_LIVY_ERROR_H

#include "fabric/livy_profile.h"
#include "net/http.h"

/* A service's error answer in any of its shapes (livy.md §1.6, §3): fills err with status, code,
 * request id and a next step. what: "batch 'x'", "Livy". */
enum lk_status lk_livy_read_error(const struct lk_livy_profile *profile, const char *what,
                                  const struct lk_http_response *response, struct lk_error *err);

/* From Retry-After (seconds, a date, or milliseconds under the names that Azure gives them), else
 * from the "until: 4/17/2026 12:22:35 PM (UTC)" of a refusal without it (livy.md §1.6): ms from
 * now_unix_s, at most one hour; -1 when the answer says nothing. */
int64_t lk_livy_retry_after_ms(const struct lk_http_response *response, int64_t now_unix_s);

#endif
