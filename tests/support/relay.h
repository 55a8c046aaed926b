/* A wire on loopback between a client and a server, that can be held and broken. Held: bytes go
 * through unread and unchanged until a chosen one, and from there on the one end waits for what the
 * other has long sent. Broken: a connection to come ends, falls silent or carries noise from a
 * chosen byte on. Its own thread does the work; the functions are for the test's thread. */
#ifndef LK_TEST_RELAY_H
#define LK_TEST_RELAY_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

struct relay;

enum relay_end { RELAY_CLIENT, RELAY_SERVER };

/* target: a port on 127.0.0.1; 0 for a server that accepts and never says a word. */
LK_MUST_USE struct relay *relay_new(uint16_t target);
void relay_free(struct relay *relay);
/* Connections to come go there: the server was started again. */
void relay_turn(struct relay *relay, uint16_t target);
uint16_t relay_port(const struct relay *relay);
/* Of every connection, open or to come, pass only that many more bytes of what this end sends;
 * -1: all of them. An earlier hold ends, and so do the connections that hung in it. */
void relay_hold(struct relay *relay, enum relay_end from, int64_t after_bytes);
/* Waits until bytes have come that the hold keeps back, and no more come: who sends them has sent
 * all it can. False after timeout_ms. */
bool relay_wait_held(struct relay *relay, int timeout_ms);

/* From the chosen byte on … */
enum relay_break {
    RELAY_WHOLE,   /* nothing happens */
    RELAY_CLOSE,   /* both ends see the end of the connection */
    RELAY_RESET,   /* both ends see it reset */
    RELAY_STALL,   /* nothing more comes, and the connection stays */
    RELAY_NOISE,   /* the rest is replaced by random bytes, as many */
    RELAY_DRIP,    /* the rest comes in small pieces, some ms apart */
    RELAY_SWALLOW, /* of the server's bytes only: once the request has begun to pass (TLS), none
                    * passes, and at the chosen one the connection ends */
};
struct relay_fault {
    enum relay_break how;
    enum relay_end from; /* whose bytes are counted */
    int64_t after;       /* that many from the beginning of the connection pass */
    int connections;     /* so many of those to come are hit */
};
/* Takes the place of the former one. Connections that are open stay as they are. */
void relay_break(struct relay *relay, const struct relay_fault *fault);
/* While refusing, nobody listens at the port. */
void relay_refuse(struct relay *relay, bool refusing);

/* What has passed on the newest connection. */
struct relay_traffic {
    int64_t bytes[2]; /* by enum relay_end; swallowed ones count */
    /* Where the client's second record of application data began, which is the request itself: the
     * first one is the end of TLS 1.3's handshake. 0: not yet. */
    int64_t request_at;
    int connections; /* since the relay began */
};
struct relay_traffic relay_traffic(struct relay *relay);

#endif
