/* Where an address in OneLake points, in any of its spellings. Pure; any thread. */
#ifndef LK_LOCAL_ONELAKE_PATH_H
#define LK_LOCAL_ONELAKE_PATH_H

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "base/uuid.h"
#include "local/onelake_place.h"

enum local_onelake_level {
    LOCAL_ONELAKE_ACCOUNT,   /* "/" */
    LOCAL_ONELAKE_WORKSPACE, /* the container */
    LOCAL_ONELAKE_ITEM,      /* the lakehouse's root */
    LOCAL_ONELAKE_MANAGED,   /* its first level: Files, Tables and anything else there */
    LOCAL_ONELAKE_INSIDE,    /* below Files or Tables */
};

enum { LOCAL_ONELAKE_PATH_MAX = 2048, LOCAL_ONELAKE_NAME_MAX = 255 };

struct local_onelake_target {
    enum local_onelake_level level;
    char workspace_id[LK_UUID_SIZE]; /* lower case; empty at the account */
    char lakehouse_id[LK_UUID_SIZE]; /* lower case; empty above the item */
    struct lk_str workspace_spelt;   /* as the caller wrote them; borrowed from the path */
    struct lk_str item_spelt;
    struct lk_str inside; /* "Files/a/b.py", no '/' at either end; borrowed */
    bool by_name;
};

/* Reads "/[account/]workspace[/item[/path]]", percent-decoded already. GUID/GUID or
 * name/name.Lakehouse; a mix is FriendlyNameSupportDisabled. Only the demo place has names.
 * err->code is the service's error code. Whether the folders exist is not looked at. */
LK_MUST_USE enum lk_status local_onelake_resolve(const struct local_place *demo, struct lk_str path,
                                                 struct local_onelake_target *ret,
                                                 struct lk_error *err);
/* Reads "abfss://ws@onelake.dfs.fabric.microsoft.com/item/path" or the https form (Blob or DFS
 * host); regional hosts and loopback are taken as well. path_buf holds what ret borrows from. */
LK_MUST_USE enum lk_status local_onelake_resolve_uri(const struct local_place *demo,
                                                     struct lk_str uri, struct lk_buf *path_buf,
                                                     struct local_onelake_target *ret,
                                                     struct lk_error *err);

#endif
