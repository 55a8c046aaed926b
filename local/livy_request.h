/* Fabric's BatchRequest, read strictly (livy.md §1.3). Pure; any thread. */
#ifndef LK_LOCAL_LIVY_REQUEST_H
#define LK_LOCAL_LIVY_REQUEST_H

#include "base/json.h"

enum { LOCAL_LIVY_REQUEST_MAX = 1024 * 1024 };

/* Parses and checks: known fields only, each of its type; conf and tags hold text only; file is
 * required. On success *ret is new. LK_INVALID with a message for the caller otherwise. */
LK_MUST_USE enum lk_status local_livy_request_read(struct lk_str body, json_t **ret,
                                                   struct lk_error *err);

#endif
