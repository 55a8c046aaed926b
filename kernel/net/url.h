/* Absolute http(s) and abfss URLs taken apart. Pure; any thread. */
#ifndef LK_NET_URL_H
#define LK_NET_URL_H

#include "base/error.h"
#include "base/str.h"

/* Borrows from the text that was parsed. */
struct lk_url {
    struct lk_str scheme; /* as written; compare without case */
    struct lk_str user;   /* part before '@' (the container in abfss), empty otherwise */
    struct lk_str host;   /* without brackets for IPv6 */
    uint16_t port;        /* of the scheme when none is written; 0 for abfss */
    struct lk_str path;   /* with the leading '/', still encoded; may be empty */
    struct lk_str query;  /* without '?' */
    struct lk_str fragment;
};

/* Control characters, spaces, back-slashes and a password are refused. LK_INVALID says what. */
LK_MUST_USE enum lk_status lk_url_parse(struct lk_str text, struct lk_url *ret,
                                        struct lk_error *err);
/* localhost, *.localhost, 127.0.0.0/8, ::1. */
bool lk_host_is_loopback(struct lk_str host);
/* host equals domain or ends with "." + domain, without case. */
bool lk_host_is_within(struct lk_str host, struct lk_str domain);

#endif
