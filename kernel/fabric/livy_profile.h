/* How Livy services differ, as data: one row per service, no service named in the
 * flow (livy.md §6). Pure. */
#ifndef LK_FABRIC_LIVY_PROFILE_H
#define LK_FABRIC_LIVY_PROFILE_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum lk_livy_field { /* fields of a batch request that not every service takes */
                     LK_LIVY_FIELD_TAGS = 1 << 0,
                     LK_LIVY_FIELD_QUEUE = 1 << 1,
                     LK_LIVY_FIELD_PROXY_USER = 1 << 2,
                     LK_LIVY_FIELD_ENVIRONMENT = 1 << 3,
};

/* Where a submission carries its id, by which it is found when the answer was lost (livy.md §7.2).
 */
enum lk_livy_marker { LK_LIVY_MARKER_TAG, LK_LIVY_MARKER_NAME };
enum lk_livy_paging { LK_LIVY_PAGING_TOP_SKIP, LK_LIVY_PAGING_FROM_SIZE };
enum lk_livy_log_place { LK_LIVY_LOG_MONITORING, LK_LIVY_LOG_RING, LK_LIVY_LOG_INLINE };
enum lk_livy_auth {
    LK_LIVY_AUTH_ENTRA,     /* Bearer token for the profile's audience */
    LK_LIVY_AUTH_BASIC,     /* name and password */
    LK_LIVY_AUTH_NONE,      /* nothing, or whatever headers the person adds */
    LK_LIVY_AUTH_NEGOTIATE, /* Kerberos ticket (SPNEGO) */
};

struct lk_livy_profile {
    const char *kind;  /* "fabric", "synapse", "hdinsight", "apache" */
    const char *title; /* "Microsoft Fabric" */
    unsigned fields;   /* enum lk_livy_field, or-ed */
    bool guid_ids;
    bool name_is_unique;
    bool name_is_required;
    enum lk_livy_marker marker;
    /* A refused request can leave a record that never starts and keeps its name (§3). */
    bool keeps_phantoms;
    bool new_place_404; /* a place just made answers 404 for a while (§1.6) */
    bool fixed_sizes;   /* memory and cores come in node shapes, and may be ignored (§1.3) */
    bool warm_pool;     /* Spark runs already, unless the request needs one of its own (§1.3) */
    /* Words between '|': schemes of files that lead nowhere here, and Spark settings that the
     * service refuses (§3, §4). */
    const char *schemes_refused, *conf_refused;
    bool paths_without_scheme; /* "/x/y.py" is taken, on the cluster's default file system (§3) */
    const char *file_places;   /* where the service reads files from, for people */
    enum lk_livy_paging paging;
    int page_max; /* batches in one page of the list */
    enum lk_livy_log_place log;
    enum lk_livy_auth auth;   /* what it usually wants */
    unsigned auths;           /* what it may be told to use: 1 << enum lk_livy_auth, or-ed */
    const char *audience;     /* whose tokens: "fabric", "synapse" (lk_context_scopes()) */
    const char *user;         /* the usual name for Basic; "" when there is none */
    bool takes_do_as;         /* ?doAs=user (livy.md §3) */
    const char *needs;        /* what running a batch takes; said after a 403 */
    const char *query_suffix; /* "detailed=true" or "" */
    bool has_hub;
    int not_found_max; /* 404s in a row until a batch that was there counts as gone */

    /* What watching and stopping need to know. */
    bool list_is_whole;       /* items of the list say as much as a batch's own record */
    bool ids_start_again;     /* after a restart id 0 may be another batch: the name tells */
    bool delete_drops_record; /* a cancelled batch is a 404 afterwards, its log is gone as well */
    int64_t delete_max_ms;    /* DELETE may take that long: it answers when the job is dead */
    int request_gap_ms;       /* how far apart a watch's requests are in the long run … */
    int request_burst;        /* … but that many may follow each other at once */
};

/* "entra", "basic", "none", "negotiate". */
const char *lk_livy_auth_name(enum lk_livy_auth auth);
/* false for a word that names none; any case. */
LK_MUST_USE bool lk_livy_auth_find(struct lk_str name, enum lk_livy_auth *ret);
/* NULL for an unknown kind. */
const struct lk_livy_profile *lk_livy_profile_find(struct lk_str kind);
/* The one for this host by its well-known domain; NULL when it cannot be told. */
const struct lk_livy_profile *lk_livy_profile_of_host(struct lk_str host);

#endif
