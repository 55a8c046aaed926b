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
    bool own_session;       /* for what outlives us: see lk_process_let_go() */
    bool die_with_parent;   /* SIGKILL when our process dies (Linux) */
};

/* Starts and returns at once. stdin is /dev/null; stdout and stderr go to the files named, else
 * to /dev/null. LK_NOT_FOUND when the program is not there. The caller reaps with waitpid(). */
LK_MUST_USE enum lk_status lk_process_start(const struct lk_process_spec *spec, pid_t *ret,
                                            struct lk_error *err);
/* A program with own_session has a session of its own, and a keeper between itself and us, which is
 * what *ret names: the keeper ends as the program ends, which tells how its start went. Letting the
 * program go ends the keeper and leaves it without a parent of ours, so that whoever ends our
 * process tree, as VS Code does at every restart, does not reach it. Reaps the keeper; one that was
 * reaped must not be let go. If we die first, the keeper lets go by itself. */
void lk_process_let_go(pid_t keeper);
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
