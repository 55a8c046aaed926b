/* A service ticket, got before libcurl needs it. libcurl asks GSS-API for one in the middle of an
 * exchange and waits there for the realm's server, where no interrupt is seen; a ticket that is in
 * the cache already needs no server. And GSS-API's own words say why there is none. */
#ifndef LK_NET_KERBEROS_H
#define LK_NET_KERBEROS_H

#include "base/cancel.h"

/* For HTTP on host (RFC 4559), into the cache that the environment names. An interrupt ends the
 * wait at once. LK_UNAUTHORIZED NoTicket: there is none to be had, mostly for want of kinit. LK_OK
 * also where GSS-API's library is not found: then libcurl has to see for itself. */
LK_MUST_USE enum lk_status lk_kerberos_get_ticket(struct lk_str host, struct lk_cancel *cancel,
                                                  struct lk_error *err);

#endif
