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

/* One POST; form is wiped by the caller. anchor is the X-AnchorMailbox value, may be empty.
 * *server_date_unix_s is the answer's Date, 0 when there is none. once: never repeated. */
LK_MUST_USE enum lk_status lk_token_endpoint_post(const struct lk_app_kept *app, struct lk_str form,
                                                  struct lk_str anchor, bool once,
                                                  struct lk_cancel *cancel,
                                                  struct lk_token_reply *ret,
                                                  int64_t *server_date_unix_s,
                                                  struct lk_error *err);

#endif
