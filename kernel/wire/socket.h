/* ZeroMQ behind four calls: the only files that include zmq.h are this folder's. A
 * socket belongs to one thread, unless it is shared; whole multipart messages go in and out. */
#ifndef LK_WIRE_SOCKET_H
#define LK_WIRE_SOCKET_H

#include "base/error.h"
#include "base/str.h"

#include <stdint.h>

struct lk_zmq;    /* the ZeroMQ context; any thread */
struct lk_socket; /* one socket; one thread, or shared */

enum lk_socket_kind {
    LK_SOCKET_ROUTER,
    LK_SOCKET_ASKER, /* a ROUTER that says when the peer it sends to is not there */
    LK_SOCKET_XPUB,
    LK_SOCKET_REP,
    LK_SOCKET_PAIR,
};

LK_MUST_USE struct lk_zmq *lk_zmq_new(void);
/* Waits for the linger of closed sockets. */
void lk_zmq_free(struct lk_zmq *zmq);
/* On failure *ret is NULL, here and in the next one.
 * Binds; EADDRINUSE is tried again for up to 3 s, since a restart re-uses its ports (jupyter.md
 * §1.10). ROUTER: handover on. XPUB: verbose. linger 1 s.
 * A peer that sends a frame over LK_FRAME_BYTES_MAX is cut off; what waits unread, or unsent to a
 * peer that does not read, is bounded, and past that only this peer loses messages. */
LK_MUST_USE enum lk_status lk_socket_bind(struct lk_zmq *zmq, enum lk_socket_kind kind,
                                          const char *address, struct lk_socket **ret,
                                          struct lk_error *err);
LK_MUST_USE enum lk_status lk_socket_connect(struct lk_zmq *zmq, enum lk_socket_kind kind,
                                             const char *address, struct lk_socket **ret,
                                             struct lk_error *err);
void lk_socket_close(struct lk_socket *socket);
/* From now on several threads may receive, send and poll, each call for itself (the mutex in it is
 * the fence that libzmq asks for). One of them waits for the socket. What the others' calls hide
 * from its wait, lk_socket_has_input() tells them: they wake it. */
void lk_socket_share(struct lk_socket *socket);
/* Whether something waits to be received. */
bool lk_socket_has_input(struct lk_socket *socket);

enum { LK_FRAMES_MAX = 64, LK_FRAME_BYTES_MAX = 64 << 20 };

/* One multipart message as received: views into memory that it owns. */
struct lk_frames {
    struct lk_str *parts;
    size_t count;
    size_t bytes;   /* of all parts */
    bool oversized; /* more parts or bytes than the ceilings: it was read and dropped */
    void *owned;
};
#define LK_FRAMES_INIT                                                                             \
    {                                                                                              \
        .parts = NULL, .count = 0, .owned = NULL                                                   \
    }
void lk_frames_done(struct lk_frames *frames);

/* Never blocks. LK_TIMEOUT: nothing there (err untouched). */
LK_MUST_USE enum lk_status lk_socket_receive(struct lk_socket *socket, struct lk_frames *ret,
                                             struct lk_error *err);
/* Copies the parts. Blocks only on a PAIR whose peer is behind or not there yet. LK_NOT_FOUND (err
 * untouched): an ASKER's peer is not there; other peers that have left are no failure, for nobody
 * waits for the message. */
LK_MUST_USE enum lk_status lk_socket_send(struct lk_socket *socket, const struct lk_str *parts,
                                          size_t count, struct lk_error *err);

/* Waits for sockets and file descriptors at once; timeout_ms -1: no limit. Fills ready. */
struct lk_poll_item {
    struct lk_socket *socket; /* or NULL: */
    int fd;
    bool ready;
};
LK_MUST_USE enum lk_status lk_socket_poll(struct lk_poll_item *items, size_t count,
                                          int64_t timeout_ms, struct lk_error *err);

/* Echoes whatever comes until the context is terminated; the heartbeat thread's whole life. */
void lk_socket_echo(struct lk_socket *rep);

#endif
