/* Apache Livy's and Synapse's batch request, read as strictly as the services read it: unknown
 * fields are refused, numbers and booleans become text where text is wanted (livy.md §3, §5).
 * Pure; any thread. */
#ifndef LK_LOCAL_LIVY_APACHE_REQUEST_H
#define LK_LOCAL_LIVY_APACHE_REQUEST_H

#include "base/json.h"

/* Which fields there are: tags and artifactId, or proxyUser and queue. */
enum local_livy_dialect { LOCAL_LIVY_APACHE, LOCAL_LIVY_SYNAPSE };

/* On success *ret is new and holds text in conf, lists and texts, whole numbers in the counts;
 * members that were null are gone. LK_INVALID with the server's own words otherwise: on Apache
 * they are the answer's whole body, a JSON string. Which fields are required is not looked at. */
LK_MUST_USE enum lk_status local_livy_apache_read(enum local_livy_dialect dialect,
                                                  struct lk_str body, json_t **ret,
                                                  struct lk_error *err);

/* The checks of Apache Livy that come after the batch has its id and its name, in its order. One
 * that fails leaves the record behind (livy.md §3, phantoms). folders: NULL-terminated, absolute:
 * what file: paths may point into. refused: a setting that the release does not take, or NULL.
 * LK_INVALID with the server's words. */
LK_MUST_USE enum lk_status local_livy_apache_check(const json_t *request,
                                                   const char *const *folders, const char *refused,
                                                   struct lk_error *err);

/* The path of a "file:" address or of a path alone, decoded; false when it is another kind. */
LK_MUST_USE bool local_livy_local_path(struct lk_str uri, struct lk_buf *ret);

#endif
