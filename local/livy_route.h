/* Which resource of the Fabric API a path names. Pure. */
#ifndef LK_LOCAL_LIVY_ROUTE_H
#define LK_LOCAL_LIVY_ROUTE_H

#include "base/str.h"

enum local_livy_resource {
    LOCAL_LIVY_NOWHERE,
    LOCAL_LIVY_BATCHES,       /* …/livyApi/versions/2023-12-01/batches */
    LOCAL_LIVY_BATCH,         /* …/batches/{id} */
    LOCAL_LIVY_HISTORY,       /* lakehouses/{lh}/livySessions, or spark/livySessions */
    LOCAL_LIVY_HISTORY_ENTRY, /* …/livySessions/{id} */
    LOCAL_LIVY_LOGS,          /* …/livySessions/{id}/applications/{app}[/{attempt}]/logs */
};

/* Borrows from the path. */
struct local_livy_route {
    enum local_livy_resource resource;
    struct lk_str workspace;
    struct lk_str lakehouse; /* empty for the workspace's history */
    struct lk_str id;        /* empty for the collections */
    struct lk_str app;       /* of logs; "none" for the submission log */
};

/* Spellings of livyApi and application(s) are taken as Fabric's documents write them. */
struct local_livy_route local_livy_route(struct lk_str path);

#endif
