/* The browser's visit to our loopback listener: bytes of an HTTP request in, a decision
 * and a page out (entra.md §1.5). Pure. */
#ifndef LK_AUTH_REDIRECT_H
#define LK_AUTH_REDIRECT_H

#include "base/buf.h"
#include "base/secret.h"

#include <stdint.h>

enum { LK_REDIRECT_HEAD_MAX = 16 << 10, LK_REDIRECT_BODY_MAX = 64 << 10 };

enum lk_redirect_verdict {
    LK_REDIRECT_MORE,   /* the request is not whole yet */
    LK_REDIRECT_IGNORE, /* answered; the real visit is still to come */
    LK_REDIRECT_CODE,   /* signed in: code is filled */
    LK_REDIRECT_ERROR,  /* refused: error and description are filled */
};

struct lk_redirect {
    enum lk_redirect_verdict verdict;
    struct lk_secret code;
    char client_info[1024];
    char error[128];
    char description[1024];
};

#define LK_REDIRECT_INIT                                                                           \
    {                                                                                              \
        .verdict = LK_REDIRECT_MORE, .code = LK_SECRET_INIT                                        \
    }
void lk_redirect_done(struct lk_redirect *redirect);
/* Judges what was received so far. answer takes the whole HTTP response unless MORE is wanted. */
void lk_redirect_read(struct lk_str received, uint16_t port, const struct lk_secret *state,
                      struct lk_redirect *ret, struct lk_buf *answer);

#endif
