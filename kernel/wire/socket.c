#include "wire/socket.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

enum { BIND_TRIES = 60, BIND_PAUSE_MS = 50, LINGER_MS = 1000, POLL_ITEMS_MAX = 16 };

/* Messages that may wait in libzmq, per peer. A request waits in front of us rather than with us
 * (TCP then slows its sender down); an answer may wait for a client that is stopped in a debugger,
 * but not without end. Between our own two threads the faster one waits.
 *
 * libzmq counts messages, not bytes. Subscribers share what is published, so bytes could be counted
 * for the slowest of them, but nobody can tell which one that is: what was held back for its sake
 * would be missing in all the others. What one cell may publish is bounded (session/output_gate).
 */
enum {
    REQUESTS_WAITING = 256,
    REPLIES_WAITING = 20000,
    OUTPUTS_WAITING = 50000,
    EXCHANGE_WAITING = 256,
    SMALL_FRAME_MAX = 64 << 10, /* subscriptions and heartbeats */
};

struct lk_zmq {
    void *context;
};

struct lk_socket {
    void *handle;
    int fd; /* readable when the handle has news */
    enum lk_socket_kind kind;
    bool touched; /* a call may have taken in news that the descriptor told of */
    bool shared;
    pthread_mutex_t mutex; /* of a shared one: every call of libzmq on it, and touched */
};

static void lock(struct lk_socket *socket)
{
    if (socket->shared)
        pthread_mutex_lock(&socket->mutex);
}

static void unlock(struct lk_socket *socket)
{
    if (socket->shared)
        pthread_mutex_unlock(&socket->mutex);
}

void lk_socket_share(struct lk_socket *socket)
{
    pthread_mutex_init(&socket->mutex, NULL);
    socket->shared = true;
}

struct lk_zmq *lk_zmq_new(void)
{
    struct lk_zmq *zmq = lk_alloc(sizeof *zmq);

    zmq->context = zmq_ctx_new();
    if (!zmq->context)
        abort();
    return zmq;
}

void lk_zmq_free(struct lk_zmq *zmq)
{
    if (!zmq)
        return;
    zmq_ctx_term(zmq->context);
    free(zmq);
}

static enum lk_status socket_error(struct lk_error *err, const char *address, const char *what)
{
    return lk_error_set(err, LK_IO, "SocketFailed", "%s %s: %s", what, address,
                        zmq_strerror(zmq_errno()));
}

static void set_int(void *handle, int option, int value)
{
    zmq_setsockopt(handle, option, &value, sizeof value);
}

static void set_options(void *handle, enum lk_socket_kind kind)
{
    bool is_small = kind == LK_SOCKET_XPUB || kind == LK_SOCKET_REP;
    int64_t frame_max = is_small ? SMALL_FRAME_MAX : LK_FRAME_BYTES_MAX;

    set_int(handle, ZMQ_LINGER, LINGER_MS);
    set_int(handle, ZMQ_RCVHWM, REQUESTS_WAITING);
    set_int(handle, ZMQ_IPV6, 1);
    zmq_setsockopt(handle, ZMQ_MAXMSGSIZE, &frame_max, sizeof frame_max);
    set_int(handle, ZMQ_SNDHWM, kind == LK_SOCKET_XPUB ? OUTPUTS_WAITING : REPLIES_WAITING);
    if (kind == LK_SOCKET_XPUB)
        set_int(handle, ZMQ_XPUB_VERBOSE, 1);
    if (kind == LK_SOCKET_ROUTER || kind == LK_SOCKET_ASKER)
        set_int(handle, ZMQ_ROUTER_HANDOVER, 1);
    if (kind == LK_SOCKET_ASKER)
        set_int(handle, ZMQ_ROUTER_MANDATORY, 1);
}

/* The end that binds never waits for the other, which may be in a cell for hours; the end that
 * connects does. 0 is no limit. */
static void set_pair_options(void *handle, bool binds)
{
    set_int(handle, ZMQ_LINGER, 0);
    set_int(handle, ZMQ_SNDHWM, binds ? 0 : EXCHANGE_WAITING);
    set_int(handle, ZMQ_RCVHWM, binds ? EXCHANGE_WAITING : 0);
}

static enum lk_status open_socket(struct lk_zmq *zmq, enum lk_socket_kind kind, bool binds,
                                  const char *address, struct lk_socket **ret, struct lk_error *err)
{
    static const int types[] = {
        [LK_SOCKET_ROUTER] = ZMQ_ROUTER, [LK_SOCKET_ASKER] = ZMQ_ROUTER,
        [LK_SOCKET_XPUB] = ZMQ_XPUB,     [LK_SOCKET_REP] = ZMQ_REP,
        [LK_SOCKET_PAIR] = ZMQ_PAIR,
    };
    void *handle = zmq_socket(zmq->context, types[kind]);
    int fd = -1;
    size_t size = sizeof fd;

    if (!handle)
        return socket_error(err, address, "no socket for");
    if (kind == LK_SOCKET_PAIR)
        set_pair_options(handle, binds);
    else
        set_options(handle, kind);
    zmq_getsockopt(handle, ZMQ_FD, &fd, &size);
    *ret = lk_alloc(sizeof **ret);
    **ret = (struct lk_socket){.handle = handle, .fd = fd, .kind = kind, .touched = true};
    return LK_OK;
}

static void pause_ms(long ms)
{
    struct timespec pause = {.tv_sec = 0, .tv_nsec = ms * 1000000};

    nanosleep(&pause, NULL);
}

enum lk_status lk_socket_bind(struct lk_zmq *zmq, enum lk_socket_kind kind, const char *address,
                              struct lk_socket **ret, struct lk_error *err)
{
    enum lk_status st = open_socket(zmq, kind, true, address, ret, err);

    if (st)
        return st;
    for (int tries = 1; zmq_bind((*ret)->handle, address) != 0; tries++) {
        if (zmq_errno() != EADDRINUSE || tries == BIND_TRIES) {
            st = socket_error(err, address, "cannot listen on");
            lk_socket_close(*ret);
            *ret = NULL;
            return st;
        }
        pause_ms(BIND_PAUSE_MS);
    }
    return LK_OK;
}

enum lk_status lk_socket_connect(struct lk_zmq *zmq, enum lk_socket_kind kind, const char *address,
                                 struct lk_socket **ret, struct lk_error *err)
{
    enum lk_status st = open_socket(zmq, kind, false, address, ret, err);

    if (!st && zmq_connect((*ret)->handle, address) != 0) {
        st = socket_error(err, address, "cannot connect to");
        lk_socket_close(*ret);
        *ret = NULL;
    }
    return st;
}

void lk_socket_close(struct lk_socket *socket)
{
    if (!socket)
        return;
    zmq_close(socket->handle);
    if (socket->shared)
        pthread_mutex_destroy(&socket->mutex);
    free(socket);
}

/* ---- messages ------------------------------------------------------------------------------ */

/* What a struct lk_frames owns: as much as the message needs, for thousands may wait. */
struct held_frames {
    size_t count;
    zmq_msg_t msg[];
};

void lk_frames_done(struct lk_frames *frames)
{
    struct held_frames *held = frames->owned;

    for (size_t i = 0; held && i < held->count; i++)
        zmq_msg_close(&held->msg[i]);
    free(held);
    free(frames->parts);
    memset(frames, 0, sizeof *frames);
}

/* Parts while they arrive. */
struct arriving {
    zmq_msg_t msg[LK_FRAMES_MAX];
    size_t count, bytes;
    bool oversized;
};

static void drop_arriving(struct arriving *arriving)
{
    for (size_t i = 0; i < arriving->count; i++)
        zmq_msg_close(&arriving->msg[i]);
    arriving->count = 0;
}

/* One part; -1 with errno. */
static int receive_part(struct lk_socket *socket, struct arriving *arriving, bool *more)
{
    zmq_msg_t msg;

    zmq_msg_init(&msg);
    while (zmq_msg_recv(&msg, socket->handle, ZMQ_DONTWAIT) < 0) {
        if (zmq_errno() == EINTR)
            continue;
        zmq_msg_close(&msg);
        return -1;
    }
    *more = zmq_msg_more(&msg);
    arriving->bytes += zmq_msg_size(&msg);
    /* Between our own threads only what has been let in travels, with a tag on top. */
    if ((arriving->bytes > LK_FRAME_BYTES_MAX && socket->kind != LK_SOCKET_PAIR) ||
        arriving->count == LK_FRAMES_MAX) {
        arriving->oversized = true;
        drop_arriving(arriving);
        zmq_msg_close(&msg);
        return 0;
    }
    zmq_msg_init(&arriving->msg[arriving->count]);
    zmq_msg_move(&arriving->msg[arriving->count++], &msg);
    return 0;
}

static void keep(struct arriving *arriving, struct lk_frames *ret)
{
    size_t count = arriving->count;
    struct held_frames *held = lk_alloc(sizeof *held + count * sizeof *held->msg);

    ret->parts = lk_alloc(count * sizeof *ret->parts);
    ret->bytes = arriving->bytes;
    ret->oversized = arriving->oversized;
    ret->count = held->count = count;
    ret->owned = held;
    for (size_t i = 0; i < count; i++) {
        zmq_msg_init(&held->msg[i]);
        zmq_msg_move(&held->msg[i], &arriving->msg[i]);
        ret->parts[i] = (struct lk_str){zmq_msg_data(&held->msg[i]), zmq_msg_size(&held->msg[i])};
    }
}

static enum lk_status receive_all(struct lk_socket *socket, struct arriving *arriving,
                                  struct lk_error *err)
{
    bool more = true;

    while (more) {
        if (receive_part(socket, arriving, &more) < 0) {
            int why = zmq_errno();
            drop_arriving(arriving);
            if (why != EAGAIN)
                return socket_error(err, "", "receiving failed");
            /* It has looked at all the news there is. */
            socket->touched = false;
            return LK_TIMEOUT;
        }
    }
    socket->touched = true;
    return LK_OK;
}

enum lk_status lk_socket_receive(struct lk_socket *socket, struct lk_frames *ret,
                                 struct lk_error *err)
{
    struct arriving arriving;
    enum lk_status st;

    arriving.count = arriving.bytes = 0;
    arriving.oversized = false;
    lk_frames_done(ret);
    lock(socket);
    st = receive_all(socket, &arriving, err);
    unlock(socket);
    if (!st)
        keep(&arriving, ret);
    return st;
}

static enum lk_status send_all(struct lk_socket *socket, const struct lk_str *parts, size_t count,
                               struct lk_error *err)
{
    /* An ASKER would wait for a peer that does not read; one that does not is as good as gone. */
    bool is_asker = socket->kind == LK_SOCKET_ASKER;

    socket->touched = true;
    for (size_t i = 0; i < count; i++) {
        int flags = (i + 1 < count ? ZMQ_SNDMORE : 0) | (is_asker ? ZMQ_DONTWAIT : 0);
        while (zmq_send(socket->handle, parts[i].ptr, parts[i].len, flags) < 0) {
            if (is_asker && (zmq_errno() == EHOSTUNREACH || zmq_errno() == EAGAIN))
                return LK_NOT_FOUND;
            if (zmq_errno() == EHOSTUNREACH)
                return LK_OK;
            if (zmq_errno() != EINTR)
                return socket_error(err, "", "sending failed");
        }
    }
    return LK_OK;
}

enum lk_status lk_socket_send(struct lk_socket *socket, const struct lk_str *parts, size_t count,
                              struct lk_error *err)
{
    enum lk_status st;

    lock(socket);
    st = send_all(socket, parts, count, err);
    unlock(socket);
    return st;
}

/* ---- waiting ------------------------------------------------------------------------------- */

/* zmq_poll() asks every socket twice for its events, at a system call each, whenever it waits. Here
 * a socket is asked only when its descriptor has something to tell, or when a call since may have
 * taken that in (ZMQ_FD in zmq_getsockopt(3): after any call on a socket, look at its events before
 * waiting for the descriptor again). */
static bool has_input(struct lk_socket *socket)
{
    int events = 0;
    size_t size = sizeof events;

    /* The descriptor has told of what is there and will not again: whoever does not read it now
     * must find it the next time. */
    socket->touched =
        zmq_getsockopt(socket->handle, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN);
    return socket->touched;
}

bool lk_socket_has_input(struct lk_socket *socket)
{
    bool ret;

    lock(socket);
    ret = has_input(socket);
    unlock(socket);
    return ret;
}

static bool has_input_after_a_call(struct lk_socket *socket)
{
    bool ret;

    lock(socket);
    ret = socket->touched && has_input(socket);
    unlock(socket);
    return ret;
}

/* Those that need no waiting; returns how many. */
static size_t find_ready(struct lk_poll_item *items, size_t count)
{
    size_t ready = 0;

    for (size_t i = 0; i < count; i++) {
        struct lk_socket *socket = items[i].socket;
        items[i].ready = socket && has_input_after_a_call(socket);
        ready += items[i].ready;
    }
    return ready;
}

/* After poll(2): what it found, and what the descriptors of sockets had to tell. */
static size_t find_news(struct lk_poll_item *items, const struct pollfd *polled, size_t count)
{
    size_t ready = 0;

    for (size_t i = 0; i < count; i++) {
        if (!items[i].ready && polled[i].revents)
            items[i].ready = items[i].socket ? lk_socket_has_input(items[i].socket) : true;
        ready += items[i].ready;
    }
    return ready;
}

static int64_t now_ms(void)
{
    return lk_clock_system()->monotonic_ms(lk_clock_system());
}

static int left_ms(int64_t deadline_ms)
{
    int64_t left = deadline_ms - now_ms();

    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

enum lk_status lk_socket_poll(struct lk_poll_item *items, size_t count, int64_t timeout_ms,
                              struct lk_error *err)
{
    struct pollfd polled[POLL_ITEMS_MAX];
    int64_t deadline = timeout_ms > 0 ? now_ms() + timeout_ms : 0;
    size_t ready = find_ready(items, count);

    for (size_t i = 0; i < count; i++)
        polled[i] = (struct pollfd){.fd = items[i].socket ? items[i].socket->fd : items[i].fd,
                                    .events = POLLIN};
    for (;;) {
        int wait = ready || !timeout_ms ? 0 : timeout_ms < 0 ? -1 : left_ms(deadline);
        int news = poll(polled, count, wait);
        if (news < 0 && errno == EINTR)
            return LK_OK;
        if (news < 0)
            return lk_error_errno(err, errno, "SocketFailed", "waiting for messages failed");
        ready = find_news(items, polled, count);
        /* A descriptor can wake us with nothing to read behind it. */
        if (ready || !timeout_ms || (timeout_ms > 0 && !left_ms(deadline)))
            return LK_OK;
    }
}

void lk_socket_echo(struct lk_socket *rep)
{
    zmq_msg_t msg;

    zmq_msg_init(&msg);
    for (;;) {
        int more;
        if (zmq_msg_recv(&msg, rep->handle, 0) < 0) {
            if (zmq_errno() == EINTR)
                continue;
            break;
        }
        more = zmq_msg_more(&msg) ? ZMQ_SNDMORE : 0;
        if (zmq_msg_send(&msg, rep->handle, more) < 0 && zmq_errno() != EINTR)
            break;
    }
    zmq_msg_close(&msg);
}
