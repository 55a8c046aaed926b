/* A Livy service's address, from the connection string as copied from Lakehouse
 * settings or any Livy URL (livy.md §1.1, §4, §5). Pure; any thread. */
#ifndef LK_FABRIC_LIVY_ENDPOINT_H
#define LK_FABRIC_LIVY_ENDPOINT_H

#include "fabric/livy_profile.h"
#include "fabric/onelake_path.h"
#include "net/cloud.h"

struct lk_livy_endpoint {
    const struct lk_livy_profile *profile;
    char base[1024];               /* up to before /batches or /sessions, no trailing '/' */
    struct lk_lakehouse lakehouse; /* Fabric only, else empty */
};

/* Takes sessions or batches URL, in any case, with or without a trailing slash. kind may be
 * empty: then it is read off the host. cloud is the one to prefer for a host that it owns.
 * LK_INVALID says what is wrong and what one looks like: truncated, wrong host, no GUID, a GUID
 * with ".Lakehouse", http instead of https. */
LK_MUST_USE enum lk_status lk_livy_endpoint_parse(struct lk_str url, struct lk_str kind,
                                                  const struct lk_cloud *cloud,
                                                  struct lk_livy_endpoint *ret,
                                                  struct lk_error *err);
/* The Monitoring hub's page of a batch; empty for services without one. */
void lk_livy_endpoint_hub_url(const struct lk_livy_endpoint *endpoint, const struct lk_cloud *cloud,
                              struct lk_str batch_id, struct lk_buf *ret);

#endif
