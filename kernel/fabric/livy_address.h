/* What the addresses of each service look like (livy.md §1.1, §4, §5), as data. Pure; inside
 * fabric/ only. */
#ifndef LK_FABRIC_LIVY_ADDRESS_H
#define LK_FABRIC_LIVY_ADDRESS_H

#include "fabric/livy_endpoint.h"
#include "net/url.h"

/* Fills base and lakehouse of ret, whose profile is set, from the URL's path. is_own_host: the host
 * is one of the service's own domains, and no gateway's. LK_INVALID: what is wrong, and what one
 * looks like. */
LK_MUST_USE enum lk_status lk_livy_address_read(const struct lk_url *url, bool is_own_host,
                                                struct lk_livy_endpoint *ret, struct lk_error *err);
/* Says as the next step what an address of the service looks like; NULL: of Fabric. Returns err's
 * status. */
enum lk_status lk_livy_address_next(const struct lk_livy_profile *profile, struct lk_error *err);

#endif
