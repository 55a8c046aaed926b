#include "auth/loopback_listener.h"

#include "base/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { VISITORS_MAX = 16, VISIT_MS = 5000, BACKLOG = 8, DOORS = 2 };

struct visitor {
    int fd; /* -1: free */
    int64_t deadline_ms;
    struct lk_buf received;
};

struct lk_listener {
    int door[DOORS]; /* IPv4 and IPv6; -1: none */
    uint16_t port;
    struct lk_clock *clock; /* borrowed */
    struct visitor visitors[VISITORS_MAX];
};

static void prepare(int fd)
{
    int on = 1;

    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

static int open_v4(uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0)
        return -1;
    prepare(fd);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
        close(fd);
        return -1;
    }
    *port = ntohs(at.sin_port);
    return fd;
}

static int open_v6(uint16_t port)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    int fd = socket(AF_INET6, SOCK_STREAM, 0), on = 1;

    if (fd < 0)
        return -1;
    prepare(fd);
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    at.sin6_addr = in6addr_loopback;
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, BACKLOG) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

enum lk_status lk_listener_open(uint16_t port, struct lk_clock *clock, struct lk_listener **ret,
                                struct lk_error *err)
{
    struct lk_listener *self = lk_alloc(sizeof *self);

    memset(self, 0, sizeof *self);
    self->port = port;
    self->clock = clock;
    for (size_t i = 0; i < VISITORS_MAX; i++) {
        self->visitors[i].fd = -1;
        lk_buf_init(&self->visitors[i].received, LK_REDIRECT_HEAD_MAX + LK_REDIRECT_BODY_MAX);
    }
    self->door[0] = open_v4(&self->port);
    if (self->door[0] < 0) {
        int why = errno;
        free(self);
        lk_error_errno(err, why, "NoListener", "no port on 127.0.0.1 for the browser's answer");
        return LK_IO;
    }
    self->door[1] = open_v6(self->port);
    *ret = self;
    return LK_OK;
}

static void leave(struct visitor *visitor)
{
    lk_fd_close(&visitor->fd);
    lk_buf_wipe(&visitor->received);
}

void lk_listener_close(struct lk_listener *listener)
{
    if (!listener)
        return;
    for (size_t i = 0; i < VISITORS_MAX; i++)
        leave(&listener->visitors[i]);
    for (size_t i = 0; i < DOORS; i++)
        lk_fd_close(&listener->door[i]);
    free(listener);
}

void lk_listener_unref(struct lk_listener **listener)
{
    lk_listener_close(*listener);
    *listener = NULL;
}

uint16_t lk_listener_port(const struct lk_listener *listener)
{
    return listener->port;
}

static void welcome(struct lk_listener *self, int door, int64_t now)
{
    int fd = accept(door, NULL, NULL);

    if (fd < 0)
        return;
    for (size_t i = 0; i < VISITORS_MAX; i++)
        if (self->visitors[i].fd < 0) {
            prepare(fd);
            self->visitors[i].fd = fd;
            self->visitors[i].deadline_ms = now + VISIT_MS;
            return;
        }
    close(fd); /* full: the browser tries again */
}

/* The answer is small: what the socket's buffer does not take at once is not worth waiting for. */
static void say(int fd, struct lk_str text)
{
    while (text.len) {
        ssize_t n = send(fd, text.ptr, text.len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        text = lk_str_slice(text, (size_t)n, text.len);
    }
    shutdown(fd, SHUT_WR);
}

static void serve(struct lk_listener *self, struct visitor *visitor, const struct lk_secret *state,
                  struct lk_redirect *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf answer = LK_BUF_INIT(16384);
    char piece[8192];
    ssize_t n = recv(visitor->fd, piece, sizeof piece, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0)
        lk_buf_put(&visitor->received, (struct lk_str){piece, (size_t)n});
    lk_wipe(piece, sizeof piece);
    lk_redirect_read(lk_buf_view(&visitor->received), self->port, state, ret, &answer);
    if (ret->verdict != LK_REDIRECT_MORE)
        say(visitor->fd, lk_buf_view(&answer));
    if (n <= 0 || ret->verdict != LK_REDIRECT_MORE || visitor->received.full)
        leave(visitor);
}

static bool is_over(const struct lk_redirect *redirect)
{
    return redirect->verdict == LK_REDIRECT_CODE || redirect->verdict == LK_REDIRECT_ERROR;
}

/* One round of poll over doors, visitors and the cancel flag. */
static void round_of(struct lk_listener *self, const struct lk_secret *state, int64_t now,
                     int wait_ms, struct lk_cancel *cancel, struct lk_redirect *ret)
{
    struct pollfd fds[DOORS + VISITORS_MAX + 1];

    for (size_t i = 0; i < DOORS; i++)
        fds[i] = (struct pollfd){.fd = self->door[i], .events = POLLIN};
    for (size_t i = 0; i < VISITORS_MAX; i++)
        fds[DOORS + i] = (struct pollfd){.fd = self->visitors[i].fd, .events = POLLIN};
    fds[DOORS + VISITORS_MAX] = (struct pollfd){.fd = lk_cancel_fd(cancel), .events = POLLIN};
    if (poll(fds, LK_COUNT(fds), (int)lk_cancel_poll_ms(cancel, wait_ms)) <= 0)
        return;
    for (size_t i = 0; i < VISITORS_MAX && !is_over(ret); i++)
        if (fds[DOORS + i].revents)
            serve(self, &self->visitors[i], state, ret);
    for (size_t i = 0; i < DOORS; i++)
        if (fds[i].revents)
            welcome(self, self->door[i], now);
}

static void send_away_the_slow(struct lk_listener *self, int64_t now)
{
    for (size_t i = 0; i < VISITORS_MAX; i++)
        if (self->visitors[i].fd >= 0 && now >= self->visitors[i].deadline_ms)
            leave(&self->visitors[i]);
}

enum lk_status lk_listener_wait(struct lk_listener *listener, const struct lk_secret *state,
                                int64_t timeout_ms, struct lk_cancel *cancel,
                                struct lk_redirect *ret, struct lk_error *err)
{
    struct lk_clock *clock = listener->clock;
    int64_t deadline = clock->monotonic_ms(clock) + timeout_ms;

    while (!is_over(ret)) {
        int64_t now = clock->monotonic_ms(clock);
        int64_t left = deadline - now;
        enum lk_status st = lk_cancel_check(cancel, err);
        if (st)
            return st;
        if (left <= 0)
            return lk_error_set(err, LK_TIMEOUT, "SignInAbandoned",
                                "nobody signed in within %lld s", (long long)timeout_ms / 1000);
        round_of(listener, state, now, left < 1000 ? (int)left : 1000, cancel, ret);
        send_away_the_slow(listener, clock->monotonic_ms(clock));
    }
    return LK_OK;
}
