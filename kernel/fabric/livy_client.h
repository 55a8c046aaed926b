/* What the files of the Livy client share. Inside fabric/ only; executor thread. */
#ifndef LK_FABRIC_LIVY_CLIENT_H
#define LK_FABRIC_LIVY_CLIENT_H

#include "fabric/livy.h"

enum { LK_LIVY_URL_MAX = 4096, LK_LIVY_REPLY_MAX = 4 << 20, LK_LIVY_LIST_MAX = 16 << 20 };

struct lk_livy {
    struct lk_livy_options options;
    const struct lk_livy_profile *profile;
};

/* "<base>/batches[/<id>][?<suffix>]" */
void lk_livy_batch_url(const struct lk_livy *livy, struct lk_str id, struct lk_buf *ret);
/* A request with the headers that every Livy request has. url is borrowed. */
struct lk_http_request lk_livy_request(enum lk_http_method method, const struct lk_buf *url);
/* "batch '<name or id>'", for errors. */
void lk_livy_what(struct lk_str name, char ret[LK_BATCH_TEXT_MAX + 16]);
/* How a question is asked: whether again by itself, and for how long an answer is awaited; 0 as
 * ever (http.h). */
struct lk_livy_manner {
    enum lk_http_repeat repeat;
    int64_t timeout_ms;
};
/* One GET, asked in that manner. *ret_retry_after_ms (may be NULL): what the answer asked for, -1
 * when nothing. An answer that is no success is an error. */
LK_MUST_USE enum lk_status lk_livy_poll(struct lk_livy *livy, struct lk_str id,
                                        struct lk_livy_manner manner, struct lk_cancel *cancel,
                                        struct lk_livy_batch *ret, int64_t *ret_retry_after_ms,
                                        struct lk_error *err);
/* One GET of JSON, repeated while it is no answer. what names it in errors. */
LK_MUST_USE enum lk_status lk_livy_get_json(struct lk_livy *livy, const struct lk_buf *url,
                                            const char *what, struct lk_cancel *cancel,
                                            json_t **ret, struct lk_error *err);
/* One page of the list in the service's own order, asked once; total is -1 when not told. As
 * above; release with lk_livy_list_done(). */
LK_MUST_USE enum lk_status lk_livy_page(struct lk_livy *livy, int64_t skip, size_t size,
                                        int64_t timeout_ms, struct lk_cancel *cancel,
                                        struct lk_livy_list *ret, int64_t *ret_retry_after_ms,
                                        struct lk_error *err);
/* Fabric's second source on a batch, the monitoring API (livy.md §2). LK_UNSUPPORTED elsewhere. */
LK_MUST_USE enum lk_status lk_livy_history(struct lk_livy *livy, struct lk_str id,
                                           struct lk_livy_manner manner, struct lk_cancel *cancel,
                                           struct lk_livy_batch *ret, int64_t *ret_retry_after_ms,
                                           struct lk_error *err);
/* "https://…/lakehouses/<GUID>/livySessions/<id>"; false for services without. */
LK_MUST_USE bool lk_livy_session_url(const struct lk_livy *livy, struct lk_str id,
                                     struct lk_buf *ret);

#endif
