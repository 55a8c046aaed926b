/* The HTTP decorator that makes a request one of its connection: only to the connected origin,
 * with the headers that the person added, and in the name that was asked for. Above it stands
 * who adds the credential, so no credential reaches another origin either. */
#ifndef LK_NET_HTTP_SERVICE_H
#define LK_NET_HTTP_SERVICE_H

#include "net/http.h"

enum { LK_SERVICE_HEADERS_MAX = 8 }; /* plain and secret ones together */

/* Everything is borrowed and must outlive the decorator, but for base and do_as, which are
 * copied. */
struct lk_http_service_options {
    struct lk_http *inner;
    struct lk_str base; /* an absolute URL: requests go to its scheme, host and port alone */
    const struct lk_http_header *headers; /* take the place of the request's own of that name */
    size_t header_count;
    const struct lk_http_secret_header *secret_headers;
    size_t secret_header_count;
    struct lk_str do_as; /* added as ?doAs=…; empty for none */
    bool negotiate;      /* sign in by Kerberos ticket */
    bool plain_is_fine;  /* base may be http:// on another machine */
};

/* Requests to another origin are refused with LK_DENIED ForeignHost, and nothing is sent. */
LK_MUST_USE struct lk_http *lk_http_service_new(const struct lk_http_service_options *options);

#endif
