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

/* Takes sessions or batches URL, in any case, with or without a trailing slash; of HDInsight the
 * cluster's bare address, of Apache Livy that of its pages. kind may be empty: then it is read off
 * the host, or off Livy's own port. cloud is the one to prefer for a host that it owns.
 * LK_INVALID says what is wrong and what one looks like: truncated, wrong host, a host of another
 * kind, no GUID, a GUID with ".Lakehouse", http where a credential is sure to be sent. */
LK_MUST_USE enum lk_status lk_livy_endpoint_parse(struct lk_str url, struct lk_str kind,
                                                  const struct lk_cloud *cloud,
                                                  struct lk_livy_endpoint *ret,
                                                  struct lk_error *err);
/* What is going to be sent to an endpoint. */
struct lk_livy_reach {
    enum lk_livy_auth auth;
    bool auth_was_said; /* by the person, not by the profile */
    bool has_secrets;   /* headers with secrets */
    bool plain_is_fine; /* --insecure-http */
};
/* Whether it may be sent there. By https and on this machine, always. By http to another machine
 * never a password, a token or a secret header (LK_DENIED); anything else when the person says so,
 * be it by plain_is_fine or by choosing to send no credential (LK_INVALID otherwise). */
LK_MUST_USE enum lk_status lk_livy_check_reach(const struct lk_livy_endpoint *endpoint,
                                               const struct lk_livy_reach *reach,
                                               struct lk_error *err);
/* The Monitoring hub's page of a batch; empty for services without one. */
void lk_livy_endpoint_hub_url(const struct lk_livy_endpoint *endpoint, const struct lk_cloud *cloud,
                              struct lk_str batch_id, struct lk_buf *ret);

#endif
