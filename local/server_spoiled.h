/* Answers whose body a fault spoils: it ends early, or takes its time. For tests. */
#ifndef LK_LOCAL_SERVER_SPOILED_H
#define LK_LOCAL_SERVER_SPOILED_H

#include "base/cancel.h"
#include "local/server.h"

#include <microhttpd.h>

/* The reply's body (its first 64 KiB) as its cut_body, cut_at and drip_ms say, under a header that
 * promises the whole length. stop ends the waits; borrowed until the response is destroyed. */
struct MHD_Response *local_spoiled_response(const struct local_reply *reply,
                                            struct lk_cancel *stop);

#endif
