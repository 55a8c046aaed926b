/* The one log sink. Lines go to stderr (VS Code shows them in its Jupyter log),
 * redacted as a second line of defence (entra.md §6). Any thread. Not for results:
 * what a user should see goes through the cell. */
#ifndef LK_BASE_LOG_H
#define LK_BASE_LOG_H

#include "base/buf.h"
#include "base/str.h"

enum lk_log_level { LK_LOG_ERROR, LK_LOG_WARN, LK_LOG_INFO, LK_LOG_DEBUG };

/* Default LK_LOG_WARN. */
void lk_log_set_level(enum lk_log_level level);
/* The sink's file descriptor, 2 by default; for tests. */
void lk_log_set_fd(int fd);
void lk_log(enum lk_log_level level, const char *fmt, ...) LK_PRINTF(2, 3);
/* Appends text with everything that looks like a token or secret replaced by "[redacted]":
 * JWTs, Authorization values, and the values of the fields named in entra.md §6 in form, JSON
 * and header spelling. */
void lk_redact(struct lk_str text, struct lk_buf *ret);

#endif
