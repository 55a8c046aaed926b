/* A wire on loopback between a client and a server, that can be held: bytes go through unread and
 * unchanged until a chosen one, and from there on the one end waits for what the other has long
 * sent. Its own thread does the work; the functions are for the test's thread. */
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

#endif
