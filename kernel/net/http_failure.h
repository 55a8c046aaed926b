/* What is refused before it is sent, and what a failed exchange means, for the program and for the
 * person. Pure; inside net/ only. */
#ifndef LK_NET_HTTP_FAILURE_H
#define LK_NET_HTTP_FAILURE_H

#include "net/url.h"

enum lk_http_failure_kind {
    LK_HTTP_NO_NAME,       /* the host's name cannot be resolved */
    LK_HTTP_NO_PROXY_NAME, /* the proxy's */
    LK_HTTP_NO_CONNECTION, /* refused, unreachable */
    LK_HTTP_PROXY_FAILED,  /* the proxy answered something else than yes */
    LK_HTTP_UNTRUSTED,     /* the certificate is not from a known authority, or of another host */
    LK_HTTP_BAD_CA_FILE,
    LK_HTTP_TLS_FAILED,
    LK_HTTP_TOO_SLOW,      /* a time limit passed */
    LK_HTTP_CUT,           /* the connection broke, or the answer was no HTTP */
    LK_HTTP_REFUSED_INPUT, /* libcurl does not take the address */
};

struct lk_http_failure {
    enum lk_http_failure_kind kind;
    struct lk_str detail; /* libcurl's own words; may be empty */
    struct lk_str host;
    uint16_t port;
    const char *ca_file; /* NULL: the system's store */
    const char *ca_source;
    bool has_left;      /* bytes of the request may have reached the service */
    bool own_deadline;  /* the caller set the time limit */
    bool source_failed; /* the request's own source ended early or failed */
    bool headers_full, body_full;
    size_t body_max;
};

/* Fills err and returns its status: LK_NETWORK or LK_UNKNOWN by has_left, LK_TIMEOUT, LK_LIMIT,
 * LK_IO for a source that failed. */
enum lk_status lk_http_failure_explain(const struct lk_http_failure *failure, struct lk_error *err);

/* https anywhere; http on this machine, and elsewhere when plain_is_fine. */
LK_MUST_USE enum lk_status lk_http_check_address(struct lk_str text, bool plain_is_fine,
                                                 struct lk_url *ret, struct lk_error *err);

/* Kerberos tickets need a libcurl that was built for them. version is libcurl's. LK_UNSUPPORTED
 * NoNegotiate says where to get one. */
LK_MUST_USE enum lk_status lk_http_check_negotiate(bool is_built_in, const char *version,
                                                   struct lk_error *err);

#endif
