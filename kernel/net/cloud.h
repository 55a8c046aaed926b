/* A cloud: where its services are and what tokens for them are called (DESIGN §2.5).
 * public, usgov and china are built in; local is the state file that livy-local
 * writes. A record is immutable once made. */
#ifndef LK_NET_CLOUD_H
#define LK_NET_CLOUD_H

#include "base/error.h"
#include "base/json.h"

enum { LK_CLOUD_TEXT_MAX = 256 };

struct lk_cloud {
    char name[32];
    char authority[LK_CLOUD_TEXT_MAX];    /* https URL without trailing '/' */
    char fabric[LK_CLOUD_TEXT_MAX];       /* https URL of the Fabric API, without /v1 */
    char onelake_blob[LK_CLOUD_TEXT_MAX]; /* https URL */
    char onelake_dfs[LK_CLOUD_TEXT_MAX];
    char abfss_host[LK_CLOUD_TEXT_MAX];               /* host in abfss:// paths */
    char app_fabric_scope[LK_CLOUD_TEXT_MAX];         /* client credentials */
    char user_fabric_scope_prefix[LK_CLOUD_TEXT_MAX]; /* + Lakehouse.Execute.All and so on */
    char storage_scope[LK_CLOUD_TEXT_MAX];
    char synapse_scope[LK_CLOUD_TEXT_MAX]; /* of the workspaces' data plane (livy.md §5) */
    char ca_file[1024];                    /* empty: the system's store */
};

/* NULL when no built-in cloud has that name. */
const struct lk_cloud *lk_cloud_builtin(struct lk_str name);
/* Reads livy-local's state file (bytes already read). */
LK_MUST_USE enum lk_status lk_cloud_from_state(struct lk_str json_text, struct lk_cloud *ret,
                                               struct lk_error *err);
/* Whether a bearer token may go to this URL: https, and one of the cloud's own hosts (their
 * sub-domains included, as for regional and private-link names), or an exact origin of a local
 * cloud. LK_DENIED names the host otherwise. */
LK_MUST_USE enum lk_status lk_cloud_check_url(const struct lk_cloud *cloud, struct lk_str url,
                                              struct lk_error *err);

#endif
