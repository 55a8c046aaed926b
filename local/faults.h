/* Faults on demand, for tests (--faults FILE): a rule changes what a service answers,
 * or ends the connection before or after the work is done. Off without --faults. */
#ifndef LK_LOCAL_FAULTS_H
#define LK_LOCAL_FAULTS_H

#include "local/server.h"

struct local_faults;

/* The rules as a JSON array of objects: service ("entra", "livy", "onelake"), method,
 * path_contains, after (how many matches pass first), times (how many are hit; 1), and what
 * happens: status + headers + body, delay_ms, or reset ("before" or "after" the work). */
LK_MUST_USE enum lk_status local_faults_read(const char *path, struct local_faults **ret,
                                             struct lk_error *err);
void local_faults_free(struct local_faults *faults);

/* One service behind the rules. A struct local_faulty is the service of local_faults_handle. */
struct local_faulty {
    struct local_faults *faults; /* NULL: none */
    const char *name;
    local_handler *handler;
    void *service;
};
local_handler local_faults_handle;

#endif
