/* Posting to the token endpoint: the thin I/O half that every flow shares. */
#ifndef LK_AUTH_TOKEN_ENDPOINT_H
#define LK_AUTH_TOKEN_ENDPOINT_H

#include "auth/client.h"
#include "auth/token_reply.h"

/* What a flow keeps: copies of struct lk_app's texts. */
struct lk_app_kept {
    char authority[256];
    char tenant[128];
    char client_id[128];
    struct lk_http *http;
    struct lk_clock *clock;
};
void lk_app_keep(const struct lk_app *app, struct lk_app_kept *ret);
/* "https://…/TENANT/oauth2/v2.0/NAME" */
void lk_app_url(const struct lk_app_kept *app, const char *name, struct lk_buf *ret);

/* One POST; form is wiped by the caller. anchor is the X-AnchorMailbox value, may be empty. */
LK_MUST_USE enum lk_status lk_token_endpoint_post(const struct lk_app_kept *app, struct lk_str form,
                                                  struct lk_str anchor, enum lk_http_repeat repeat,
                                                  struct lk_cancel *cancel,
                                                  struct lk_token_reply *ret, struct lk_error *err);

enum { LK_TOKEN_TRIES_MAX = 3 };

/* For flows that repeat by themselves, each time with a fresh form: ms to wait after try number
 * tries (1, 2, …) ended with st, -1 when that is the result. jitter is 0…1000. Pure. */
int64_t lk_token_pause_ms(enum lk_status st, const struct lk_token_reply *reply, int tries,
                          unsigned jitter);
/* Waits as lk_token_pause_ms() says. LK_OK: try again; otherwise the result, which is st or
 * LK_CANCELLED. */
LK_MUST_USE enum lk_status lk_token_endpoint_pause(const struct lk_app_kept *app, enum lk_status st,
                                                   const struct lk_token_reply *reply, int tries,
                                                   struct lk_cancel *cancel, struct lk_error *err);

#endif
