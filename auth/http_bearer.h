/* The HTTP decorator that adds "Authorization: Bearer": one scope, one set of hosts.
 * fabric/ never sees a credential; this is where the two meet. */
#ifndef LK_AUTH_HTTP_BEARER_H
#define LK_AUTH_HTTP_BEARER_H

#include "auth/credential.h"
#include "net/cloud.h"
#include "net/http.h"

struct lk_bearer_options {
    struct lk_http *inner; /* borrowed */
    struct lk_credential
        *credential;              /* borrowed; NULL: every request is refused with NotSignedIn */
    const struct lk_cloud *cloud; /* borrowed: lk_cloud_check_url() before every request */
    struct lk_str scopes;         /* copied */
};

/* Gets a token before every request; on 401 once with force_refresh, since a 401 proves refusal
 * (a streamed body is rewound). */
LK_MUST_USE struct lk_http *lk_http_bearer_new(const struct lk_bearer_options *options);

#endif
