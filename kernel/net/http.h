/* HTTP as one interface of one call. The stack is built of decorators that all have
 * this shape: retry (net) → bearer or basic (auth) → service (net) → curl (net).
 * Executor thread only.
 *
 * What a failure leaves behind (besides LK_CANCELLED, LK_TIMEOUT, LK_LIMIT):
 *   LK_NETWORK  nothing of the request can have reached the service
 *   LK_UNKNOWN  bytes may have left and no whole answer came back
 * Any answer, 500 included, is LK_OK: judging a status is the service's work. */
#ifndef LK_NET_HTTP_H
#define LK_NET_HTTP_H

#include "base/buf.h"
#include "base/cancel.h"
#include "base/error.h"

#include <stdint.h>

enum lk_http_method {
    LK_HTTP_GET,
    LK_HTTP_HEAD,
    LK_HTTP_POST,
    LK_HTTP_PUT,
    LK_HTTP_PATCH,
    LK_HTTP_DELETE
};

/* What may be repeated without asking (livy.md §7.2, onelake.md §9). */
enum lk_http_repeat {
    LK_HTTP_REPEAT_REFUSED, /* only after an answer that proves refusal: 429, 430 */
    LK_HTTP_REPEAT_ALWAYS,  /* idempotent: also 408, 5xx, LK_NETWORK and LK_UNKNOWN */
    LK_HTTP_REPEAT_NEVER,
};

struct lk_http_header {
    struct lk_str name;
    struct lk_str value;
};

/* A header whose value is a secret, as Authorization is; borrowed. */
struct lk_http_secret_header {
    struct lk_str name;
    const struct lk_secret *value;
};

enum { LK_HTTP_HEADERS_MAX = 24 };

/* A request body that is streamed. read() fills at most max bytes and returns how many, 0 at
 * the end, -1 on failure; rewind() starts over for a repetition, false when it cannot. */
struct lk_http_source {
    int64_t len; /* bytes in all; sent as Content-Length */
    long (*read)(struct lk_http_source *source, char *into, size_t max);
    bool (*rewind)(struct lk_http_source *source);
};

/* Told about bytes as they travel, at most some ten times a second, from inside the call.
 * total is -1 when unknown. */
struct lk_http_progress {
    void (*sent)(struct lk_http_progress *progress, int64_t done, int64_t total);
    void (*received)(struct lk_http_progress *progress, int64_t done, int64_t total);
};

/* Takes the body of a 2xx answer piece by piece instead of lk_http_response.body. false stops
 * the transfer with LK_LIMIT. */
struct lk_http_sink {
    bool (*write)(struct lk_http_sink *sink, struct lk_str bytes);
};

/* Everything is borrowed for the call. Values in headers never hold a secret: decorators add
 * those through the fields below. */
struct lk_http_request {
    enum lk_http_method method;
    struct lk_str url; /* absolute */
    struct lk_http_header headers[LK_HTTP_HEADERS_MAX];
    size_t header_count;
    struct lk_str body;            /* ignored when source is set. POST, PUT and PATCH always send
                                    * Content-Length, 0 included */
    struct lk_http_source *source; /* may be NULL */
    struct lk_http_sink *sink;     /* may be NULL */
    struct lk_http_progress *progress;                  /* may be NULL */
    const struct lk_secret *authorization;              /* whole header value; NULL for none */
    const struct lk_http_secret_header *secret_headers; /* may be NULL */
    size_t secret_header_count;
    bool negotiate;      /* signs in with the machine's Kerberos ticket (SPNEGO, RFC 4559).
                          * LK_UNSUPPORTED NoNegotiate when this libcurl cannot */
    bool plain_is_fine;  /* http:// to another machine: the person has said that it may be */
    bool body_is_secret; /* token requests: buffers are wiped, nothing is logged */
    enum lk_http_repeat repeat;
    int64_t timeout_ms;  /* whole exchange; 0: 60 s, and for a source or sink only the
                          * connection and stalls of 60 s are bounded */
    size_t response_max; /* ceiling of the answer's body in bytes; 0: 1 MiB */
};

struct lk_http_response {
    int status;
    struct lk_buf headers; /* "name: value\n" lines of the final answer, names lower-cased */
    struct lk_buf body;
    bool unsent; /* after a failure: nothing of the request can have reached the service, or the
                  * service has refused it. After LK_CANCELLED without it, it may have arrived; of
                  * other failures the status tells. */
};

#define LK_HTTP_RESPONSE_INIT                                                                      \
    {                                                                                              \
        .status = 0, .headers = LK_BUF_INIT(65536), .body = LK_BUF_INIT(1 << 20)                   \
    }

struct lk_http {
    /* On LK_OK ret is filled (its former content released). On failure ret is empty but for
     * unsent. */
    enum lk_status (*send)(struct lk_http *http, const struct lk_http_request *request,
                           struct lk_cancel *cancel, struct lk_http_response *ret,
                           struct lk_error *err);
    /* Frees this decorator and not what it wraps: whoever built the stack frees each part. */
    void (*free)(struct lk_http *http);
};

LK_MUST_USE static inline enum lk_status lk_http_send(struct lk_http *http,
                                                      const struct lk_http_request *request,
                                                      struct lk_cancel *cancel,
                                                      struct lk_http_response *ret,
                                                      struct lk_error *err)
{
    return http->send(http, request, cancel, ret, err);
}

void lk_http_response_done(struct lk_http_response *response);
/* Takes in one line of an answer's head. A status line begins a new answer: only the last one's
 * headers count (a 100 or a proxy's 200 came before). */
void lk_http_response_line(struct lk_http_response *response, struct lk_str line);
/* First header of that name (any case); empty when absent. */
struct lk_str lk_http_response_header(const struct lk_http_response *response, struct lk_str name);
/* Adds a header; aborts past LK_HTTP_HEADERS_MAX (a programming error). Values with control
 * characters are dropped together with their header. */
void lk_http_request_header(struct lk_http_request *request, struct lk_str name,
                            struct lk_str value);
const char *lk_http_method_name(enum lk_http_method method);
/* Retry-After as seconds or HTTP date (RFC 9110 §10.2.3): ms from now_unix_s, at least 0, at
 * most one hour; -1 when absent or unreadable. */
int64_t lk_http_retry_after_ms(const struct lk_http_response *response, int64_t now_unix_s);

#endif
