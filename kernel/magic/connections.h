/* Named connections in the configuration file, written by %livy connect --save. No
 * secrets (DESIGN §2.5). */
#ifndef LK_MAGIC_CONNECTIONS_H
#define LK_MAGIC_CONNECTIONS_H

#include "base/json.h"

/* The settings that were saved under the name: {"url", "kind"?} and what access.h tells; *ret is
 * new. LK_NOT_FOUND lists the names there are. */
LK_MUST_USE enum lk_status lk_connections_find(const char *config_file, struct lk_str name,
                                               json_t **ret, struct lk_error *err);
/* All of them by name; an object, new. */
LK_MUST_USE enum lk_status lk_connections_all(const char *config_file, json_t **ret,
                                              struct lk_error *err);
LK_MUST_USE enum lk_status lk_connections_save(const char *config_file, struct lk_str name,
                                               json_t *connection, struct lk_error *err);

#endif
