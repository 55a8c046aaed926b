/* Faults on demand, for tests (--faults FILE): a rule changes what a service answers,
 * or ends the connection before or after the work is done. Off without --faults. */
#ifndef LK_LOCAL_FAULTS_H
#define LK_LOCAL_FAULTS_H

#include "base/clock.h"
#include "local/server.h"

struct local_faults;

/* The rules as a JSON array of objects; a member that is absent matches or does nothing:
 *   "service"        "entra", "livy" or "onelake"
 *   "method"         "POST", …
 *   "path_contains"  part of the decoded path
 *   "after": 0       how many matches pass first
 *   "times": 1       how many are hit after that
 *   "delay_ms"       wait first; the rest of the rule follows
 *   "status", "body" answer this instead of doing the work; body is text, or JSON
 *   "headers"        added to the answer, whoever made it
 *   "reset"          "before": no work, no answer. "after": the work, no answer
 *   "cut_body"       true: the answer's body ends half-way
 * The first rule that matches is the one that counts. */
LK_MUST_USE enum lk_status local_faults_read(const char *path, struct local_faults **ret,
                                             struct lk_error *err);
/* The same from text; name is for errors. Replaces all rules; on failure the old ones stay. */
LK_MUST_USE enum lk_status local_faults_set(struct local_faults *faults, struct lk_str text,
                                            const char *name, struct lk_error *err);
/* Ends what waits and makes all later waits end at once: the service is going away. */
void local_faults_stop(struct local_faults *faults);
void local_faults_free(struct local_faults *faults);

/* One service behind the rules. A struct local_faulty is the service of local_faults_handle.
 * With rules (also none at all, "[]") every service takes POST /_faults, whose body replaces
 * them, and GET /_faults, which tells how often each was hit. */
struct local_faulty {
    struct local_faults *faults; /* NULL: off */
    const char *name;
    struct lk_clock *clock;
    local_handler *handler;
    void *service;
};
local_handler local_faults_handle;

#endif
