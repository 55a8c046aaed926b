/* Headers that a person adds to a connection: which may be, and which are secrets (RFC 9110 §5).
 * Pure; any thread. */
#ifndef LK_NET_HTTP_HEADER_H
#define LK_NET_HTTP_HEADER_H

#include "net/http.h"

enum { LK_HEADER_NAME_MAX = 128, LK_HEADER_VALUE_MAX = 4096 };

/* "Name: value", blanks around the value dropped. ret borrows from line. LK_INVALID tells what is
 * wrong with it and never repeats the value. */
LK_MUST_USE enum lk_status lk_http_header_parse(struct lk_str line, struct lk_http_header *ret,
                                                struct lk_error *err);
/* A token of RFC 9110, and none of those that only the program itself may set, for they say where
 * the message ends or how it travels. */
LK_MUST_USE enum lk_status lk_http_header_check_name(struct lk_str name, struct lk_error *err);
/* Visible characters, blanks, tabs and what is beyond ASCII: nothing that ends a line. name is for
 * the error. */
LK_MUST_USE enum lk_status lk_http_header_check_value(struct lk_str name, struct lk_str value,
                                                      struct lk_error *err);
/* Whether it is, by its name or by the look of its value, a credential: Authorization, Cookie,
 * Ocp-Apim-Subscription-Key, X-Auth-Token, anything that begins with "Bearer ". When in doubt, it
 * is. */
bool lk_http_header_is_secret(struct lk_str name, struct lk_str value);

#endif
