#include "support/relay.h"

#include "base/clock.h"
#include "base/secret.h"
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
enum { DRIP_BYTES = 48, DRIP_MS = 2 };
enum { TLS_HEAD = 5, TLS_APPLICATION_DATA = 23 };

struct wire {
    int fd[2];          /* by enum relay_end; -1: none */
    int64_t left[2];    /* may still pass of what this end sends; -1: all */
    unsigned hold;      /* the hold that left[] is of */
    int kept;           /* bytes kept back at the last look */
    int64_t kept_at_ms; /* since when it is that many */

    struct relay_fault fault;
    int64_t passed[2]; /* of what each end sent */
    int64_t rests_ms;  /* monotonic: until then nothing drips */
    /* Where the client's stream of TLS records is. */
    unsigned char head[TLS_HEAD];
    size_t head_len, body_left;
    int data_records;
    int64_t request_at;
};

struct relay {
    int listener, wake[2];
    uint16_t port;
    _Atomic uint16_t target;
    int guard; /* bound to the port too and never listens: keeps it while the listener is closed */
    pthread_t thread;
    atomic_bool stop;
    pthread_mutex_t lock; /* of those below, and of the wires but for polling */
    enum relay_end from;
    int64_t after;
    unsigned hold;
    atomic_uint held; /* the hold that a connection hangs in */
    struct relay_fault fault;
    struct relay_traffic traffic;
    const struct wire *newest; /* that traffic is of */
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

/* The peers see a reset, not an end. */
static void reset(struct wire *wire)
{
    const struct linger at_once = {.l_onoff = 1};

    for (int i = 0; i < 2; i++)
        if (wire->fd[i] >= 0)
            setsockopt(wire->fd[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    cut(wire);
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

/* ---- breaking ------------------------------------------------------------------------------ */

static bool counts(const struct wire *wire, int from)
{
    return wire->fault.how != RELAY_WHOLE && (int)wire->fault.from == from;
}

/* Whether the chosen byte of that end is next. */
static bool is_broken(const struct wire *wire, int from)
{
    return counts(wire, from) && wire->passed[from] >= wire->fault.after;
}

static void end_broken(struct wire *wire)
{
    for (int i = 0; i < 2 && wire->fd[RELAY_CLIENT] >= 0; i++) {
        if (!is_broken(wire, i))
            continue;
        if (wire->fault.how == RELAY_CLOSE || wire->fault.how == RELAY_SWALLOW)
            cut(wire);
        else if (wire->fault.how == RELAY_RESET)
            reset(wire);
    }
}

static void take_fault(struct relay *relay, struct wire *wire)
{
    relay->newest = wire;
    relay->traffic.bytes[0] = relay->traffic.bytes[1] = relay->traffic.request_at = 0;
    relay->traffic.connections++;
    if (relay->fault.connections > 0) {
        relay->fault.connections--;
        wire->fault = relay->fault;
    }
    end_broken(wire);
}

/* Finds where the client's second record of application data begins. */
static void follow_records(struct wire *wire, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t skip = wire->body_left < len - i ? wire->body_left : len - i;
        if (skip) {
            wire->body_left -= skip;
            i += skip;
            continue;
        }
        wire->head[wire->head_len++] = (unsigned char)bytes[i++];
        if (wire->head_len < TLS_HEAD)
            continue;
        wire->head_len = 0;
        wire->body_left = (size_t)wire->head[3] << 8 | wire->head[4];
        wire->data_records += wire->head[0] == TLS_APPLICATION_DATA;
        if (wire->data_records == 2 && !wire->request_at)
            wire->request_at = wire->passed[RELAY_CLIENT] + (int64_t)i - TLS_HEAD;
    }
}

static void note_traffic(struct relay *relay, struct wire *wire, int from, const char *bytes,
                         size_t len)
{
    if (from == RELAY_CLIENT)
        follow_records(wire, bytes, len);
    wire->passed[from] += (int64_t)len;
    if (relay->newest == wire) {
        relay->traffic.bytes[from] = wire->passed[from];
        relay->traffic.request_at = wire->request_at;
    }
}

/* The most that may be read of that end now, when it is read at all. */
static size_t limit(const struct wire *wire, int from)
{
    int64_t max = PIECE;

    if (wire->left[from] >= 0 && max > wire->left[from])
        max = wire->left[from];
    if (is_broken(wire, from) && wire->fault.how == RELAY_DRIP)
        max = max > DRIP_BYTES ? DRIP_BYTES : max;
    else if (counts(wire, from) && !is_broken(wire, from) &&
             max > wire->fault.after - wire->passed[from])
        max = wire->fault.after - wire->passed[from];
    return (size_t)max;
}

/* What becomes of bytes just read; false: they do not pass. */
static bool spoil(struct wire *wire, int from, bool broken, char *bytes, size_t len)
{
    if (from == RELAY_SERVER && wire->fault.how == RELAY_SWALLOW && wire->request_at)
        return false;
    if (broken && wire->fault.how == RELAY_STALL)
        return false;
    if (broken && wire->fault.how == RELAY_NOISE)
        lk_random_bytes(bytes, len);
    if (broken && wire->fault.how == RELAY_DRIP)
        wire->rests_ms = now_ms() + DRIP_MS;
    return true;
}

/* ---- passing ------------------------------------------------------------------------------- */

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
    else
        take_fault(relay, wire);
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

static void pass(struct relay *relay, struct wire *wire, int from)
{
    char piece[PIECE];
    bool broken = is_broken(wire, from);
    ssize_t n = recv(wire->fd[from], piece, limit(wire, from), 0);

    if (n <= 0 || wire->fd[1 - from] < 0) {
        cut(wire);
        return;
    }
    note_traffic(relay, wire, from, piece, (size_t)n);
    if (spoil(wire, from, broken, piece, (size_t)n) && !put_all(wire->fd[1 - from], piece, n)) {
        cut(wire);
        return;
    }
    if (wire->left[from] >= 0)
        wire->left[from] -= n;
    end_broken(wire);
}

static bool is_held(const struct wire *wire, int from)
{
    return wire->left[from] == 0 || wire->fd[RELAY_SERVER] < 0;
}

/* Whether that end is not read now. */
static bool is_unread(const struct wire *wire, int from)
{
    return is_held(wire, from) || (is_broken(wire, from) && wire->rests_ms > now_ms());
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
    if (kept > 0 && now_ms() - wire->kept_at_ms >= STILL_MS && is_held(wire, from))
        atomic_store(&relay->held, relay->hold);
}

/* One look at a connection; revents are of its two ends. */
static void serve_wire(struct relay *relay, struct wire *wire, const struct pollfd *ends)
{
    for (int i = 0; i < 2 && wire->fd[RELAY_CLIENT] >= 0; i++) {
        if (wire->fd[i] < 0)
            continue;
        if (is_unread(wire, i))
            look_at_kept(relay, wire, i);
        else if (ends[i].revents)
            pass(relay, wire, i);
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
        bool held = wire->fd[RELAY_CLIENT] >= 0 && is_unread(wire, i % 2);
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
    if (fds[0].revents && relay->listener >= 0)
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

/* At port, or at any when it is 0. */
static int bind_to(uint16_t port, bool listening)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    if (listening)
        assert_int_equal(listen(fd, 64), 0);
    return fd;
}

static void wake(struct relay *relay)
{
    assert_int_equal(write(relay->wake[1], "x", 1), 1);
}

struct relay *relay_new(uint16_t target)
{
    struct relay *relay = calloc(1, sizeof *relay);
    struct sockaddr_in at;
    socklen_t len = sizeof at;

    assert_non_null(relay);
    for (int i = 0; i < WIRES_MAX; i++)
        relay->wires[i].fd[0] = relay->wires[i].fd[1] = -1;
    relay->target = target;
    relay->after = -1;
    relay->hold = 1;
    relay->guard = bind_to(0, false);
    assert_int_equal(getsockname(relay->guard, (struct sockaddr *)&at, &len), 0);
    relay->port = ntohs(at.sin_port);
    relay->listener = bind_to(relay->port, true);
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
    if (relay->listener >= 0)
        close(relay->listener);
    close(relay->guard);
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

void relay_break(struct relay *relay, const struct relay_fault *fault)
{
    pthread_mutex_lock(&relay->lock);
    relay->fault = *fault;
    pthread_mutex_unlock(&relay->lock);
}

void relay_refuse(struct relay *relay, bool refusing)
{
    pthread_mutex_lock(&relay->lock);
    if (refusing && relay->listener >= 0) {
        close(relay->listener);
        relay->listener = -1;
    } else if (!refusing && relay->listener < 0) {
        relay->listener = bind_to(relay->port, true);
    }
    pthread_mutex_unlock(&relay->lock);
    wake(relay);
}

struct relay_traffic relay_traffic(struct relay *relay)
{
    struct relay_traffic ret;

    pthread_mutex_lock(&relay->lock);
    ret = relay->traffic;
    pthread_mutex_unlock(&relay->lock);
    return ret;
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
