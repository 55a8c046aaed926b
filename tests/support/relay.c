#include "support/relay.h"

#include "base/clock.h"
#include "support/cmocka.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WIRES_MAX = 128, PIECE = 65536, LOOK_MS = 2, STILL_MS = 6 };

struct wire {
    int fd[2];          /* by enum relay_end; -1: none */
    int64_t left[2];    /* may still pass of what this end sends; -1: all */
    unsigned hold;      /* the hold that left[] is of */
    int kept;           /* bytes kept back at the last look */
    int64_t kept_at_ms; /* since when it is that many */
};

struct relay {
    int listener, wake[2];
    uint16_t port;
    _Atomic uint16_t target;
    pthread_t thread;
    atomic_bool stop;
    pthread_mutex_t lock; /* of the three below */
    enum relay_end from;
    int64_t after;
    unsigned hold;
    atomic_uint held; /* the hold that a connection hangs in */
    struct wire wires[WIRES_MAX];
};

static int64_t now_ms(void)
{
    return lk_clock_system()->monotonic_ms(lk_clock_system());
}

static void cut(struct wire *wire)
{
    for (int i = 0; i < 2; i++)
        if (wire->fd[i] >= 0)
            close(wire->fd[i]);
    memset(wire, 0, sizeof *wire);
    wire->fd[0] = wire->fd[1] = -1;
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* What is set now counts from now; a connection that hung in an earlier hold is of no more use. */
static void obey(struct relay *relay, struct wire *wire)
{
    if (wire->hold == relay->hold)
        return;
    if (wire->hold && (wire->left[0] == 0 || wire->left[1] == 0)) {
        cut(wire);
        return;
    }
    wire->hold = relay->hold;
    for (int i = 0; i < 2; i++)
        wire->left[i] = (int)relay->from == i ? relay->after : -1;
}

static void welcome(struct relay *relay)
{
    int client = accept(relay->listener, NULL, NULL);
    struct wire *wire = relay->wires;

    while (wire < relay->wires + WIRES_MAX && wire->fd[RELAY_CLIENT] >= 0)
        wire++;
    if (client < 0 || wire == relay->wires + WIRES_MAX) {
        close(client);
        return;
    }
    fcntl(client, F_SETFD, FD_CLOEXEC);
    wire->fd[RELAY_CLIENT] = client;
    wire->fd[RELAY_SERVER] = relay->target ? connect_to(relay->target) : -1;
    obey(relay, wire);
    if (relay->target && wire->fd[RELAY_SERVER] < 0)
        cut(wire);
}

static bool put_all(int fd, const char *bytes, ssize_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, (size_t)len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        bytes += n;
        len -= n;
    }
    return true;
}

static void pass(struct wire *wire, int from)
{
    char piece[PIECE];
    size_t max = sizeof piece;
    ssize_t n;

    if (wire->left[from] >= 0 && (int64_t)max > wire->left[from])
        max = (size_t)wire->left[from];
    n = recv(wire->fd[from], piece, max, 0);
    if (n <= 0 || wire->fd[1 - from] < 0 || !put_all(wire->fd[1 - from], piece, n)) {
        cut(wire);
        return;
    }
    if (wire->left[from] >= 0)
        wire->left[from] -= n;
}

/* Has whoever sends into the hold sent all it can? Gone when it has closed meanwhile. */
static void look_at_kept(struct relay *relay, struct wire *wire, int from)
{
    char byte;
    int kept = 0;

    if (recv(wire->fd[from], &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) {
        cut(wire);
        return;
    }
    ioctl(wire->fd[from], FIONREAD, &kept);
    if (kept != wire->kept)
        wire->kept_at_ms = now_ms();
    wire->kept = kept;
    if (kept > 0 && now_ms() - wire->kept_at_ms >= STILL_MS)
        atomic_store(&relay->held, relay->hold);
}

static bool is_held(const struct wire *wire, int from)
{
    return wire->left[from] == 0 || wire->fd[RELAY_SERVER] < 0;
}

/* One look at a connection; revents are of its two ends. */
static void serve_wire(struct relay *relay, struct wire *wire, const struct pollfd *ends)
{
    for (int i = 0; i < 2 && wire->fd[RELAY_CLIENT] >= 0; i++) {
        if (wire->fd[i] < 0)
            continue;
        if (is_held(wire, i))
            look_at_kept(relay, wire, i);
        else if (ends[i].revents)
            pass(wire, i);
    }
}

/* Polls all that is open; ends that are held are looked at by the clock. */
static void look_once(struct relay *relay)
{
    struct pollfd fds[2 + 2 * WIRES_MAX];
    int timeout_ms = -1;

    fds[0] = (struct pollfd){.fd = relay->listener, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = relay->wake[0], .events = POLLIN};
    for (int i = 0; i < 2 * WIRES_MAX; i++) {
        struct wire *wire = &relay->wires[i / 2];
        bool held = wire->fd[RELAY_CLIENT] >= 0 && is_held(wire, i % 2);
        fds[2 + i] = (struct pollfd){.fd = held ? -1 : wire->fd[i % 2], .events = POLLIN};
        if (held)
            timeout_ms = LOOK_MS;
    }
    poll(fds, 2 + 2 * WIRES_MAX, timeout_ms);
    pthread_mutex_lock(&relay->lock);
    if (fds[1].revents) {
        char bytes[64];
        if (read(relay->wake[0], bytes, sizeof bytes) < 0)
            atomic_store(&relay->stop, true);
    }
    for (int i = 0; i < WIRES_MAX; i++) {
        if (relay->wires[i].fd[RELAY_CLIENT] >= 0)
            obey(relay, &relay->wires[i]);
        if (relay->wires[i].fd[RELAY_CLIENT] >= 0)
            serve_wire(relay, &relay->wires[i], fds + 2 + 2 * i);
    }
    if (fds[0].revents)
        welcome(relay);
    pthread_mutex_unlock(&relay->lock);
}

static void *serve(void *data)
{
    struct relay *relay = data;

    while (!atomic_load(&relay->stop))
        look_once(relay);
    return NULL;
}

static void wake(struct relay *relay)
{
    assert_int_equal(write(relay->wake[1], "x", 1), 1);
}

struct relay *relay_new(uint16_t target)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct relay *relay = calloc(1, sizeof *relay);
    socklen_t len = sizeof at;

    assert_non_null(relay);
    for (int i = 0; i < WIRES_MAX; i++)
        relay->wires[i].fd[0] = relay->wires[i].fd[1] = -1;
    relay->target = target;
    relay->after = -1;
    relay->hold = 1;
    relay->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(relay->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(relay->listener, 64), 0);
    assert_int_equal(getsockname(relay->listener, (struct sockaddr *)&at, &len), 0);
    relay->port = ntohs(at.sin_port);
    assert_int_equal(pipe(relay->wake), 0);
    for (int i = 0; i < 2; i++)
        fcntl(relay->wake[i], F_SETFD, FD_CLOEXEC);
    pthread_mutex_init(&relay->lock, NULL);
    assert_int_equal(pthread_create(&relay->thread, NULL, serve, relay), 0);
    return relay;
}

void relay_turn(struct relay *relay, uint16_t target)
{
    relay->target = target;
}

void relay_free(struct relay *relay)
{
    if (!relay)
        return;
    atomic_store(&relay->stop, true);
    wake(relay);
    pthread_join(relay->thread, NULL);
    for (int i = 0; i < WIRES_MAX; i++)
        cut(&relay->wires[i]);
    close(relay->listener);
    close(relay->wake[0]);
    close(relay->wake[1]);
    pthread_mutex_destroy(&relay->lock);
    free(relay);
}

uint16_t relay_port(const struct relay *relay)
{
    return relay->port;
}

void relay_hold(struct relay *relay, enum relay_end from, int64_t after_bytes)
{
    pthread_mutex_lock(&relay->lock);
    relay->from = from;
    relay->after = after_bytes;
    relay->hold++;
    pthread_mutex_unlock(&relay->lock);
    wake(relay);
}

bool relay_wait_held(struct relay *relay, int timeout_ms)
{
    int64_t deadline = now_ms() + timeout_ms;

    while (atomic_load(&relay->held) != relay->hold) {
        if (now_ms() >= deadline)
            return false;
        (void)!lk_clock_system()->wait_ms(lk_clock_system(), 1, NULL, NULL);
    }
    return true;
}
