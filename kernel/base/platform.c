#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pipe2, close_range */
#endif
#include "base/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#if defined(__linux__) && !defined(LK_PLATFORM_PORTABLE)
#define LINUX_CALLS 1
#include <linux/close_range.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#else
#define LINUX_CALLS 0
#endif

/* Descriptors the portable fallback looks at; ours stay far below it. */
enum { DESCRIPTORS_SCANNED = 1024, PATH_SIZE = 4096 };

#if LINUX_CALLS
enum { SET_LOCK = F_OFD_SETLK, GET_LOCK = F_OFD_GETLK };
#else
enum { SET_LOCK = F_SETLK, GET_LOCK = F_GETLK };
#endif

static int lock_call(int fd, int command, struct flock *lock)
{
    int got;

    do
        got = fcntl(fd, command, lock);
    while (got < 0 && errno == EINTR);
    return got;
}

static struct flock lock_of(short type, int64_t at)
{
    return (struct flock){
        .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)at, .l_len = 1, .l_pid = 0};
}

bool lk_platform_lock_byte(int fd, int64_t at)
{
    struct flock lock = lock_of(F_WRLCK, at);

    return lock_call(fd, SET_LOCK, &lock) == 0;
}

void lk_platform_unlock_byte(int fd, int64_t at)
{
    struct flock lock = lock_of(F_UNLCK, at);

    (void)lock_call(fd, SET_LOCK, &lock);
}

bool lk_platform_byte_is_locked(int fd, int64_t at)
{
    struct flock lock = lock_of(F_WRLCK, at);

    return lock_call(fd, GET_LOCK, &lock) == 0 && lock.l_type != F_UNLCK;
}

#if LINUX_CALLS

bool lk_platform_wakeup_open(int ends[2])
{
    ends[0] = ends[1] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return ends[0] >= 0;
}

bool lk_platform_pipe(int ends[2])
{
    return pipe2(ends, O_CLOEXEC) == 0;
}

void lk_platform_forbid_dumps(void)
{
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

bool lk_platform_on_parent_death(int signal)
{
    return prctl(PR_SET_PDEATHSIG, (unsigned long)signal, 0, 0, 0) == 0;
}

char *lk_platform_own_program(void)
{
    char path[PATH_SIZE];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (len <= 0 || path[0] != '/')
        return NULL;
    path[len] = '\0';
    return strdup(path);
}

#else

static bool set_flags(int fd, bool nonblocking)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
           (!nonblocking || fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
}

static bool open_pipe(int ends[2], bool nonblocking)
{
    if (pipe(ends))
        return false;
    if (set_flags(ends[0], nonblocking) && set_flags(ends[1], nonblocking))
        return true;
    lk_platform_wakeup_close(ends);
    return false;
}

bool lk_platform_wakeup_open(int ends[2])
{
    return open_pipe(ends, true);
}

bool lk_platform_pipe(int ends[2])
{
    return open_pipe(ends, false);
}

void lk_platform_forbid_dumps(void)
{
}

bool lk_platform_on_parent_death(int signal)
{
    (void)signal;
    return false;
}

char *lk_platform_own_program(void)
{
    return NULL;
}

#endif

void lk_platform_trim_memory(void)
{
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
}

void lk_platform_wakeup_raise(int write_end)
{
    const uint64_t one = 1; /* what eventfd wants; a pipe takes any bytes */
    int saved = errno;

    /* A full pipe is raised already. */
    while (write(write_end, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
    errno = saved;
}

void lk_platform_wakeup_drain(int read_end)
{
    char bytes[256];
    int saved = errno;
    ssize_t got;

    do
        got = read(read_end, bytes, sizeof(bytes));
    while (got > 0 || (got < 0 && errno == EINTR));
    errno = saved;
}

void lk_platform_wakeup_close(int ends[2])
{
    int saved = errno;

    if (ends[0] >= 0)
        close(ends[0]);
    if (ends[1] >= 0 && ends[1] != ends[0])
        close(ends[1]);
    ends[0] = ends[1] = -1;
    errno = saved;
}

void lk_platform_cloexec_from(int first)
{
#if LINUX_CALLS
    if (syscall(SYS_close_range, (unsigned)first, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
        return;
#endif
    for (int fd = first; fd < DESCRIPTORS_SCANNED; fd++) {
        int flags = fcntl(fd, F_GETFD);

        if (flags >= 0)
            (void)fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
    }
}

void lk_platform_close_all(void)
{
#if LINUX_CALLS
    if (syscall(SYS_close_range, 0U, ~0U, 0U) == 0)
        return;
#endif
    for (int fd = 0; fd < DESCRIPTORS_SCANNED; fd++)
        (void)close(fd);
}
