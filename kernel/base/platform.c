#include "base/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/eventfd.h>
#include <sys/prctl.h>
#endif

#ifdef __linux__
bool lk_platform_wakeup_open(int ret[2])
{
    ret[0] = ret[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return ret[0] >= 0;
}
#else
bool lk_platform_wakeup_open(int ret[2])
{
    if (pipe(ret) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        fcntl(ret[i], F_SETFD, FD_CLOEXEC);
        fcntl(ret[i], F_SETFL, O_NONBLOCK);
    }
    return true;
}
#endif

void lk_platform_wakeup_set(const int fd[2])
{
    const uint64_t one = 1;
    int saved = errno;

    /* A full pipe or counter is readable already: that is all a wake-up has to be. */
    if (write(fd[1], &one, sizeof one) < 0)
        errno = saved;
    errno = saved;
}

void lk_platform_wakeup_clear(const int fd[2])
{
    uint64_t bytes[8];

    while (read(fd[0], bytes, sizeof bytes) > 0)
        continue;
}

void lk_platform_no_dumps(void)
{
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    /* LeakSanitizer looks at its own process the way a debugger does. */
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
    prctl(PR_SET_DUMPABLE, 0);
#endif
}

void lk_platform_on_parent_death(int signal)
{
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, signal);
#else
    (void)signal;
#endif
}

bool lk_platform_own_path(char *ret, unsigned long size)
{
#ifdef __linux__
    ssize_t len = readlink("/proc/self/exe", ret, size - 1);

    if (len <= 0 || (unsigned long)len >= size - 1)
        return false;
    ret[len] = '\0';
    return true;
#else
    (void)ret;
    (void)size;
    return false;
#endif
}
