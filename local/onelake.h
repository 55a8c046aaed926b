/* OneLake on plain files: the Blob and the DFS protocol over
 * ROOT/<workspace guid>/<lakehouse guid>/{Files,Tables}/…, so that a person can look
 * at what is stored. One object serves both protocols on one port: the Host name
 * ("blob.", "dfs."), the query and the headers tell which one a request speaks.
 *
 * ETag, stored MD5 and uncommitted data live in ROOT/.onelake, never among the
 * files. A file appears whole or not at all. Handlers run on any thread. */
#ifndef LK_LOCAL_ONELAKE_H
#define LK_LOCAL_ONELAKE_H

#include "base/clock.h"
#include "base/error.h"
#include "local/onelake_place.h"
#include "local/server.h"
#include "local/token.h"

struct local_onelake;

/* Texts are copied; key and clock are borrowed for the life of the service. */
struct local_onelake_options {
    const char *root;                    /* made when missing */
    const char *spool_folder;            /* the server's spool folder; same file system as root
                                          * saves a copy, another one works too */
    const struct local_signing_key *key; /* what bearer tokens are checked with */
    const char *issuer;                  /* their issuer */
    struct lk_clock *clock;
    struct local_place demo; /* its Files and Tables folders are made when missing */
};

LK_MUST_USE enum lk_status local_onelake_new(const struct local_onelake_options *options,
                                             struct local_onelake **ret, struct lk_error *err);
/* service is the struct local_onelake. */
local_handler local_onelake_handle;
void local_onelake_free(struct local_onelake *onelake);

#endif
