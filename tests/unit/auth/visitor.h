/* A browser for the loopback listener: what it sends waits in the socket until the listener looks,
 * so one thread is enough. */
#ifndef LK_TEST_AUTH_VISITOR_H
#define LK_TEST_AUTH_VISITOR_H

#include "base/buf.h"
#include "base/file.h"
#include "support/assert.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { VISITOR_ANSWER_MS = 5000 };

static inline int visitor_connect_v4(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

/* -1 when this machine has no IPv6. */
static inline int visitor_connect_v6(uint16_t port)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);

    at.sin6_addr = in6addr_loopback;
    if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
        lk_fd_close(&fd);
    return fd;
}

static inline void visitor_say(int fd, struct lk_str text)
{
    while (text.len) {
        ssize_t n = send(fd, text.ptr, text.len, MSG_NOSIGNAL);

        assert_true(n > 0);
        text = lk_str_slice(text, (size_t)n, text.len);
    }
}

/* The form that Entra's page has the browser post. */
static inline void visitor_post(int fd, uint16_t port, const char *form)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 17);

    lk_buf_printf(&text,
                  "POST / HTTP/1.1\r\nHost: localhost:%u\r\nOrigin: https://login.example\r\n"
                  "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\n",
                  port, lk_str_from(form).len);
    lk_buf_put(&text, lk_str_from(form));
    visitor_say(fd, lk_buf_view(&text));
}

/* All that was answered until the other side closed; closes fd. */
static inline void visitor_answer(int fd, struct lk_buf *ret)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    char piece[4096];
    ssize_t n;

    lk_buf_clear(ret);
    for (;;) {
        assert_int_equal(poll(&ready, 1, VISITOR_ANSWER_MS), 1);
        n = recv(fd, piece, sizeof piece, 0);
        if (n <= 0)
            break;
        lk_buf_put(ret, (struct lk_str){piece, (size_t)n});
    }
    close(fd);
}

#endif
