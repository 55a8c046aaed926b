/* HTTP by script: replies come in the order they were put in, requests are recorded. A request
 * that nobody expected fails the test on the spot. One thread. */
#ifndef LK_TEST_FAKE_HTTP_H
#define LK_TEST_FAKE_HTTP_H

#include "net/http.h"
#include "support/assert.h"

struct fake_http {
    struct lk_http http; /* first: a struct fake_http is a struct lk_http */
    struct fake_http_script *script;
};

/* A request as it came; everything lives as long as the fake. */
struct fake_http_request {
    enum lk_http_method method;
    struct lk_str url;
    struct lk_str headers; /* "Name: value\n" lines in the order they were added */
    struct lk_str body;    /* of a streamed body what its source gave, read to the end */
    bool streamed;
    struct lk_str authorization;  /* empty when none */
    struct lk_str secret_headers; /* "Name: value\n" lines */
    bool negotiate, plain_is_fine;
    bool body_is_secret;
    enum lk_http_repeat repeat;
    int64_t timeout_ms;
    size_t response_max;
};

LK_MUST_USE struct fake_http *fake_http_new(void);
void fake_http_free(struct fake_http *fake);

/* Queues an answer. headers: "Name: value\r\nName: value" or NULL. body: a C string, a struct
 * lk_str or NULL. Copied. */
#define fake_http_reply(fake, status, headers, body)                                               \
    fake_http_put_reply((fake), (status), (headers), as_lk_str(body))
void fake_http_put_reply(struct fake_http *fake, int status, const char *headers,
                         struct lk_str body);
/* Queues a failure (LK_NETWORK, LK_UNKNOWN, LK_TIMEOUT, ...). */
void fake_http_fail(struct fake_http *fake, enum lk_status status);
/* Queues an interrupt: the user sets cancel while the request is under way. */
void fake_http_interrupt(struct fake_http *fake, struct lk_cancel *cancel);
/* The same before anything of the request has left. */
void fake_http_interrupt_early(struct fake_http *fake, struct lk_cancel *cancel);

size_t fake_http_count(const struct fake_http *fake);
/* The request of that index, counted from 0; fails the test when there was none. */
const struct fake_http_request *fake_http_request(const struct fake_http *fake, size_t index);
/* First header of that name (any case); empty when absent. */
struct lk_str fake_http_request_header(const struct fake_http *fake, size_t index,
                                       const char *name);
/* Fails the test when answers were queued that nobody asked for. */
void fake_http_assert_done(const struct fake_http *fake);

#endif
