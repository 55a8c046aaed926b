/* The bottom of the HTTP stack: libcurl, TLS ≥ 1.2, connections kept open, the cancel
 * descriptor in every wait. Redirects are never followed. */
#ifndef LK_NET_HTTP_CURL_H
#define LK_NET_HTTP_CURL_H

#include "net/http.h"

struct lk_http_curl_options {
    const char *ca_file;        /* NULL: the system's store */
    const char *ca_source;      /* where ca_file was named, for error texts: "CURL_CA_BUNDLE" */
    const char *user_agent;     /* "livy-kernel/0.1.0" */
    int64_t connect_timeout_ms; /* 0: 15 s */
};

/* Texts are copied. Loopback addresses are never sent to a proxy; http:// is refused for any
 * address that is not loopback, but for requests that say plain_is_fine. */
LK_MUST_USE enum lk_status lk_http_curl_new(const struct lk_http_curl_options *options,
                                            struct lk_http **ret, struct lk_error *err);
/* Changes the CA file for connections to come (a cloud of its own was chosen). NULL: the system's.
 */
void lk_http_curl_set_ca(struct lk_http *curl, const char *ca_file, const char *ca_source);

#endif
