/* Loaded into the kernel by interrupt_test.c: a name that ends with .invalid is asked of a name
 * server that never answers. Each such question is told by a byte in the file $LK_TEST_MARK. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RTLD_NEXT */
#endif
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int look_up(const char *name, const char *service, const struct addrinfo *hints,
                    struct addrinfo **ret);

static void wait_for_ever(void)
{
    const char *path = getenv("LK_TEST_MARK");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

    if (fd < 0 || write(fd, "x", 1) != 1)
        abort();
    close(fd);
    for (;;)
        pause();
}

__attribute__((visibility("default"))) look_up getaddrinfo;

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret)
{
    static const char suffix[] = ".invalid";
    size_t len = name ? strlen(name) : 0;
    look_up *real;

    if (len >= sizeof suffix && strcmp(name + len - (sizeof suffix - 1), suffix) == 0)
        wait_for_ever();
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real(name, service, hints, ret);
}
