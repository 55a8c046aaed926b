/* The HTTP decorator that adds "Authorization: Basic" (RFC 7617): a name, and a password that is
 * asked for when it is needed. Executor thread only. */
#ifndef LK_AUTH_HTTP_BASIC_H
#define LK_AUTH_HTTP_BASIC_H

#include "base/secret.h"
#include "net/http.h"

enum { LK_BASIC_USER_MAX = 256, LK_BASIC_PASSWORD_MAX = 4096 };

/* "Basic " and the base64 of "user:password" in UTF-8. Pure. LK_INVALID: a colon in the name, which
 * would end it, or a control character in either. */
LK_MUST_USE enum lk_status lk_basic_header(struct lk_str user, const struct lk_secret *password,
                                           struct lk_secret *ret, struct lk_error *err);
/* The rules for the name alone, also that there is one. */
LK_MUST_USE enum lk_status lk_basic_check_user(struct lk_str user, struct lk_error *err);

/* Where the password comes from. */
struct lk_password_source {
    /* The password that is known, else one that a person types. refused: the service did not take
     * the one given last; it is to be forgotten, and another one asked for. LK_UNSUPPORTED: nobody
     * can be asked. */
    enum lk_status (*get)(struct lk_password_source *source, bool refused, struct lk_secret *ret,
                          struct lk_error *err);
    /* The service took none of them: the next request asks anew. */
    void (*forget)(struct lk_password_source *source);
};

struct lk_basic_options {
    struct lk_http *inner;             /* borrowed; sees to it that only one origin is reached */
    struct lk_password_source *source; /* borrowed */
    struct lk_str user;                /* copied */
};

/* On 401 asks once for another password and sends again, since a 401 proves refusal (a streamed
 * body is rewound). Where nobody can be asked, and after the second, the 401 is the answer. */
LK_MUST_USE struct lk_http *lk_http_basic_new(const struct lk_basic_options *options);

#endif
