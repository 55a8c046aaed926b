/* The one seam to what only some systems have: eventfd, prctl, /proc. Elsewhere a
 * portable fallback, or nothing where nothing can be done. */
#ifndef LK_BASE_PLATFORM_H
#define LK_BASE_PLATFORM_H

#include <stdbool.h>

/* A descriptor pair for wake-ups: write to [1], poll and read [0]; both may be the same. Both are
 * non-blocking and close-on-exec. false with errno. */
bool lk_platform_wakeup_open(int ret[2]);
/* Async-signal-safe. */
void lk_platform_wakeup_set(const int fd[2]);
void lk_platform_wakeup_clear(const int fd[2]);

/* This process cannot be dumped or read by others of the same user. */
void lk_platform_no_dumps(void);
/* Sends signal to this process when its parent thread ends (Linux); the parent may have ended
 * before the call, and a parent's thread may end while the process lives: check getppid(). */
void lk_platform_on_parent_death(int signal);
/* Path of this process's executable into ret; false when it cannot be told. */
bool lk_platform_own_path(char *ret, unsigned long size);

#endif
