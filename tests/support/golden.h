/* Golden files: bytes a real peer once sent, below tests/data. A file that is not there fails the
 * test. Everything returned lives until the process ends. */
#ifndef LK_TEST_GOLDEN_H
#define LK_TEST_GOLDEN_H

#include "base/str.h"

#include <stdbool.h>

/* golden("livy/batch.json"): the whole file. */
struct lk_str golden(const char *name);

/* One request with its answer out of a captured .http file: either the form with "> " before the
 * request's lines (one exchange in a file) or the one with "###" between exchanges. */
struct golden_http {
    struct lk_str method;
    struct lk_str target;
    struct lk_str request_headers; /* "Name: value" lines as captured */
    struct lk_str request_body;
    int status;
    const char *headers; /* "Name: value\r\nName: value", as fake_http_reply() takes them */
    struct lk_str body;
};

/* The exchange of that index, counted from 0. */
struct golden_http golden_http(const char *name, size_t index);
/* How many exchanges the file holds. */
size_t golden_http_count(const char *name);
/* Value of a header in "Name: value" lines, name in any case; empty when absent. */
struct lk_str golden_header(struct lk_str headers, const char *name);

#endif
