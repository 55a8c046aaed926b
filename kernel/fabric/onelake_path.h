/* Addresses inside OneLake (onelake.md §1): a lakehouse-relative path, an abfss://
 * path or an https address in, all forms out. Pure; any thread. */
#ifndef LK_FABRIC_ONELAKE_PATH_H
#define LK_FABRIC_ONELAKE_PATH_H

#include "base/buf.h"
#include "net/cloud.h"

enum { LK_ONELAKE_NAME_MAX = 256, LK_ONELAKE_PATH_MAX = 1024 };

/* A lakehouse: GUIDs for both, or a workspace name with "Name.Lakehouse". */
struct lk_lakehouse {
    char workspace[LK_ONELAKE_NAME_MAX];
    char item[LK_ONELAKE_NAME_MAX];
};

struct lk_onelake_path {
    struct lk_lakehouse lakehouse;
    char path[LK_ONELAKE_PATH_MAX]; /* decoded, no leading '/': "Files/x.py"; empty: the item's root
                                     */
};

/* text is "Files/…", "Tables/…" (relative to home), abfss://… or https://…. Refused with the
 * reason: GUID and name mixed, dot segments, control characters, a foreign host, invalid UTF-8. */
LK_MUST_USE enum lk_status lk_onelake_path_parse(const struct lk_cloud *cloud,
                                                 const struct lk_lakehouse *home,
                                                 struct lk_str text, struct lk_onelake_path *ret,
                                                 struct lk_error *err);
/* Both GUIDs, or name and Name.Lakehouse; LK_INVALID names the mix. */
LK_MUST_USE enum lk_status lk_lakehouse_check(const struct lk_lakehouse *lakehouse,
                                              struct lk_error *err);
void lk_onelake_path_abfss(const struct lk_cloud *cloud, const struct lk_onelake_path *path,
                           struct lk_buf *ret);
void lk_onelake_path_blob_url(const struct lk_cloud *cloud, const struct lk_onelake_path *path,
                              struct lk_buf *ret);
/* A payload's or file's name: not empty, no '/', no '\', no control characters, not "." or "..",
 * at most 200 bytes, valid UTF-8. */
LK_MUST_USE enum lk_status lk_onelake_check_name(struct lk_str name, struct lk_error *err);

#endif
