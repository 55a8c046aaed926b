/* OneLake's error answers, Blob's XML and DFS's JSON, with a next step each (onelake.md
 * §6). Pure. */
#ifndef LK_FABRIC_ONELAKE_ERROR_H
#define LK_FABRIC_ONELAKE_ERROR_H

#include "net/http.h"

/* what: "Files/x.py". Fills err from status, x-ms-error-code, x-ms-request-id and body. */
enum lk_status lk_onelake_read_error(struct lk_str what, const struct lk_http_response *response,
                                     struct lk_error *err);

#endif
