#include "wire/socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

enum { BIND_TRIES = 60, BIND_PAUSE_MS = 50, LINGER_MS = 1000, POLL_ITEMS_MAX = 16 };

struct lk_zmq {
    void *context;
};

struct lk_socket {
    void *handle;
};

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

static enum lk_status open_socket(struct lk_zmq *zmq, enum lk_socket_kind kind, const char *address,
                                  struct lk_socket **ret, struct lk_error *err)
{
    static const int types[] = {
        [LK_SOCKET_ROUTER] = ZMQ_ROUTER,
        [LK_SOCKET_XPUB] = ZMQ_XPUB,
        [LK_SOCKET_REP] = ZMQ_REP,
        [LK_SOCKET_PAIR] = ZMQ_PAIR,
    };
    void *handle = zmq_socket(zmq->context, types[kind]);

    if (!handle)
        return socket_error(err, address, "no socket for");
    set_int(handle, ZMQ_LINGER, kind == LK_SOCKET_PAIR ? 0 : LINGER_MS);
    if (kind == LK_SOCKET_ROUTER)
        set_int(handle, ZMQ_ROUTER_HANDOVER, 1);
    if (kind == LK_SOCKET_XPUB)
        set_int(handle, ZMQ_XPUB_VERBOSE, 1);
    /* Outputs are bounded by the cell's own limits; the reader of iopub must not lose any. */
    if (kind == LK_SOCKET_PAIR || kind == LK_SOCKET_XPUB) {
        set_int(handle, ZMQ_SNDHWM, 0);
        set_int(handle, ZMQ_RCVHWM, 0);
    }
    *ret = lk_alloc(sizeof **ret);
    (*ret)->handle = handle;
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
    enum lk_status st = open_socket(zmq, kind, address, ret, err);

    if (st)
        return st;
    for (int tries = 1; zmq_bind((*ret)->handle, address) != 0; tries++) {
        if (zmq_errno() != EADDRINUSE || tries == BIND_TRIES) {
            st = socket_error(err, address, "cannot listen on");
            lk_socket_close(*ret);
            return st;
        }
        pause_ms(BIND_PAUSE_MS);
    }
    return LK_OK;
}

enum lk_status lk_socket_connect(struct lk_zmq *zmq, enum lk_socket_kind kind, const char *address,
                                 struct lk_socket **ret, struct lk_error *err)
{
    enum lk_status st = open_socket(zmq, kind, address, ret, err);

    if (!st && zmq_connect((*ret)->handle, address) != 0) {
        st = socket_error(err, address, "cannot connect to");
        lk_socket_close(*ret);
    }
    return st;
}

void lk_socket_close(struct lk_socket *socket)
{
    if (!socket)
        return;
    zmq_close(socket->handle);
    free(socket);
}

/* ---- messages ------------------------------------------------------------------------------ */

struct held_frames {
    zmq_msg_t msg[LK_FRAMES_MAX];
    size_t count;
};

void lk_frames_done(struct lk_frames *frames)
{
    struct held_frames *held = frames->owned;

    for (size_t i = 0; held && i < held->count; i++)
        zmq_msg_close(&held->msg[i]);
    free(held);
    frames->owned = NULL;
    frames->count = 0;
    frames->oversized = false;
}

static void keep(struct lk_frames *frames, struct held_frames *held)
{
    zmq_msg_t *msg = &held->msg[held->count++];

    frames->parts[frames->count++] = (struct lk_str){zmq_msg_data(msg), zmq_msg_size(msg)};
}

enum lk_status lk_socket_receive(struct lk_socket *socket, struct lk_frames *ret,
                                 struct lk_error *err)
{
    struct held_frames *held;
    size_t bytes = 0;
    bool more = true;

    lk_frames_done(ret);
    ret->owned = held = lk_alloc(sizeof *held);
    held->count = 0;
    while (more) {
        zmq_msg_t *msg =
            &held->msg[held->count < LK_FRAMES_MAX - 1 ? held->count : LK_FRAMES_MAX - 1];
        zmq_msg_init(msg);
        while (zmq_msg_recv(msg, socket->handle, ZMQ_DONTWAIT) < 0) {
            if (zmq_errno() == EINTR)
                continue;
            zmq_msg_close(msg);
            lk_frames_done(ret);
            return zmq_errno() == EAGAIN ? LK_TIMEOUT : socket_error(err, "", "receiving failed");
        }
        more = zmq_msg_more(msg);
        bytes += zmq_msg_size(msg);
        if (bytes > LK_FRAME_BYTES_MAX || held->count >= LK_FRAMES_MAX - 1) {
            ret->oversized = true;
            zmq_msg_close(msg);
        } else {
            keep(ret, held);
        }
    }
    return LK_OK;
}

enum lk_status lk_socket_send(struct lk_socket *socket, const struct lk_str *parts, size_t count,
                              struct lk_error *err)
{
    for (size_t i = 0; i < count; i++) {
        int flags = i + 1 < count ? ZMQ_SNDMORE : 0;
        while (zmq_send(socket->handle, parts[i].ptr, parts[i].len, flags) < 0) {
            /* EHOSTUNREACH: the client has left; nobody waits for this message. */
            if (zmq_errno() == EHOSTUNREACH)
                return LK_OK;
            if (zmq_errno() != EINTR)
                return socket_error(err, "", "sending failed");
        }
    }
    return LK_OK;
}

enum lk_status lk_socket_poll(struct lk_poll_item *items, size_t count, int64_t timeout_ms,
                              struct lk_error *err)
{
    zmq_pollitem_t polled[POLL_ITEMS_MAX];

    for (size_t i = 0; i < count && i < POLL_ITEMS_MAX; i++) {
        polled[i] = (zmq_pollitem_t){.socket = items[i].socket ? items[i].socket->handle : NULL,
                                     .fd = items[i].socket ? 0 : items[i].fd,
                                     .events = ZMQ_POLLIN};
        items[i].ready = false;
    }
    if (zmq_poll(polled, (int)count, timeout_ms < 0 ? -1 : (long)timeout_ms) < 0 &&
        zmq_errno() != EINTR)
        return socket_error(err, "", "waiting failed");
    for (size_t i = 0; i < count && i < POLL_ITEMS_MAX; i++)
        items[i].ready = polled[i].revents != 0;
    return LK_OK;
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
