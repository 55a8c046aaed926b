/* Child processes without a shell: argv in, bounded output out. The child runs in a
 * process group of its own, which is killed as a whole on interrupt or time-out. */
#ifndef LK_BASE_PROCESS_H
#define LK_BASE_PROCESS_H

#include "base/buf.h"
#include "base/cancel.h"
#include "base/error.h"

#include <sys/types.h>

struct lk_process_spec {
    const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH when it has no '/' */
    const char *const *env;  /* NULL-terminated "K=V" that replace or add; NULL: inherit as is */
    const char *cwd;         /* NULL: inherit */
    const char
        *output_path; /* stdout goes to this file (created 0600, truncated); NULL: see start */
    const char *error_path; /* stderr likewise; the same path as output_path joins them */
    bool own_session;       /* setsid() instead of setpgid(): for daemons that outlive us */
    bool die_with_parent;   /* SIGKILL when our process dies (Linux) */
};

/* Starts and returns at once. stdin is /dev/null; stdout and stderr go to the files named, else
 * to /dev/null. LK_NOT_FOUND when the program is not there. The caller reaps with waitpid(). */
LK_MUST_USE enum lk_status lk_process_start(const struct lk_process_spec *spec, pid_t *ret,
                                            struct lk_error *err);
/* Runs to the end with input on stdin, stdout and stderr into out and errout (their ceilings
 * apply: bytes past them are read and dropped). LK_TIMEOUT, LK_CANCELLED: the group was killed
 * and reaped. On LK_OK *exit_code is the exit status, or 128 + signal. */
LK_MUST_USE enum lk_status lk_process_run(const struct lk_process_spec *spec, struct lk_str input,
                                          int64_t timeout_ms, struct lk_cancel *cancel,
                                          struct lk_buf *out, struct lk_buf *errout, int *exit_code,
                                          struct lk_error *err);
/* Our own executable's folder, malloc'd; NULL when it cannot be told. */
LK_MUST_USE char *lk_process_own_folder(void);

#endif
