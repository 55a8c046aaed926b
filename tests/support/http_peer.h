/* A plain HTTP/1.1 server on loopback whose answers a test writes, and which keeps every request
 * byte for byte. Its own thread does the work; answer() runs on it, the functions are for the
 * test's thread. */
#ifndef LK_TEST_HTTP_PEER_H
#define LK_TEST_HTTP_PEER_H

#include "base/buf.h"

#include <stdint.h>

enum { HTTP_PEER_MAX = 256 }; /* requests that are kept */

struct http_peer;

/* Writes the answer to request number index (from 0), which is whole: head, blank line, body. */
typedef void http_peer_answer(void *data, size_t index, struct lk_str request, struct lk_buf *ret);

LK_MUST_USE struct http_peer *http_peer_new(http_peer_answer *answer, void *data);
void http_peer_free(struct http_peer *peer);
uint16_t http_peer_port(const struct http_peer *peer);
size_t http_peer_count(struct http_peer *peer);
/* One request as it came, a copy in ret; fails the test when there was none. */
void http_peer_request(struct http_peer *peer, size_t index, struct lk_buf *ret);
/* "HTTP/1.1 status …", headers ("Name: value\r\n" each; may be NULL), length and body. */
void http_peer_put(struct lk_buf *ret, int status, const char *headers, const char *body);

#endif
