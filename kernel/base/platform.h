/* The one place for calls that not every POSIX system has. Linux gets the native call, the rest
 * a portable fallback (LK_PLATFORM_PORTABLE selects it on Linux too, for the tests). */
#ifndef LK_BASE_PLATFORM_H
#define LK_BASE_PLATFORM_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

/* Opens a wake-up: once a byte count is written to ends[1], ends[0] is readable until it was read
 * empty. Both non-blocking and close-on-exec; they may be the same descriptor (eventfd). Write
 * with lk_platform_wakeup_raise(). false with errno set on failure. */
LK_MUST_USE bool lk_platform_wakeup_open(int ends[2]);
/* Async-signal-safe; keeps errno. */
void lk_platform_wakeup_raise(int write_end);
/* Reads empty; keeps errno. */
void lk_platform_wakeup_drain(int read_end);
void lk_platform_wakeup_close(int ends[2]);

/* pipe(2) with both ends close-on-exec. false with errno set on failure. */
LK_MUST_USE bool lk_platform_pipe(int ends[2]);
/* Marks every descriptor from first on close-on-exec. Async-signal-safe: for the moment between
 * fork and exec. */
void lk_platform_cloexec_from(int first);

/* Closes every descriptor. Async-signal-safe. */
void lk_platform_close_all(void);

/* Gives memory that was freed back to the system, where the C library keeps it otherwise. Takes
 * milliseconds. Any thread. */
void lk_platform_trim_memory(void);

/* Tells the system that this process must not leave a core or be read by its fellows. The limit
 * on core files (RLIMIT_CORE) is the caller's work. */
void lk_platform_forbid_dumps(void);

/* Asks for signal when the parent dies. On Linux the parent is the *thread* that forked us, so a
 * parent that forks from a worker thread must keep that thread. A parent that is dead already
 * sends nothing: compare getppid() afterwards with the pid expected. false when this system cannot
 * do it; watch getppid() then. Async-signal-safe. */
bool lk_platform_on_parent_death(int signal);

/* An exclusive lock on one byte of an open file (writable, need not reach that far): held until it
 * is dropped, the file is closed or the process dies, however it dies; processes on other machines
 * see it where the file system passes locks on. false when it is held elsewhere or the file system
 * knows no locks. On Linux the descriptor owns it; elsewhere the process, which then loses all of
 * its locks on a file by closing any descriptor of it. */
LK_MUST_USE bool lk_platform_lock_byte(int fd, int64_t at);
void lk_platform_unlock_byte(int fd, int64_t at);
/* Whether somebody else, another descriptor on Linux, holds it. */
bool lk_platform_byte_is_locked(int fd, int64_t at);

/* Absolute path of the running program, malloc'd; NULL when it cannot be told. */
LK_MUST_USE char *lk_platform_own_program(void);

#endif
