/* Who is at the other end of a connection on this machine: loopback is open to all its users. */
#ifndef LK_LOCAL_PEER_H
#define LK_LOCAL_PEER_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Whether the connection from peer (on 127.0.0.1) to our server_port belongs to our own user, or to
 * root. False when the system does not tell. */
bool local_peer_is_own_user(const struct sockaddr *peer, uint16_t server_port);
/* The owner of the socket 127.0.0.1:from that is connected to 127.0.0.1:to, out of the text of
 * /proc/net/tcp. Pure. */
bool local_peer_find_owner(struct lk_str table, uint16_t from, uint16_t to, uid_t *ret);

#endif
