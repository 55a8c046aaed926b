/* Faults on demand, for tests (--faults FILE): a rule changes what a service answers,
 * or ends the connection before, while or after the work is done. Off without --faults. */
#ifndef LK_LOCAL_FAULTS_H
#define LK_LOCAL_FAULTS_H

#include "base/clock.h"
#include "local/server.h"

struct local_faults;

/* The rules as a JSON array of objects; a member that is absent matches or does nothing.
 * Which requests are hit:
 *   "service"        "entra", "livy" or "onelake"
 *   "method"         "POST", …
 *   "path_contains"  part of the decoded path
 *   "when"           the service does its work, and its answer must be JSON with these members
 *   "after": 0       how many matches pass first
 *   "times": 1       how many are hit after that
 * What happens to them:
 *   "delay_ms"       wait first; the rest of the rule follows
 *   "status", "body" answer this instead of doing the work; body is text, or JSON
 *   "work"           true: do the work all the same, then answer that
 *   "headers"        added to the answer, whoever made it
 *   "edit"           merge patch (RFC 7396) of the answer, if it is a JSON object; null removes
 *   "edit_items"     the same of each entry of its list: items, sessions or value
 *   "rename"         other names for its members, after that: {"items": "value"}
 *   "reset"          "before": no work, no answer. "after": the work, no answer. "during": the
 *                    connection ends first, and the work is done delay_ms later
 *   "lose"           true: the work, then the newest batch is gone from all answers (it runs on)
 *   "cut_body"       true: the answer's body ends half-way
 *   "cut_at"         the answer's body ends after so many bytes
 *   "drip_ms"        the answer's body comes in ten pieces, with that wait before each
 * The first rule that matches is the one that counts. Those with "when" whose answer does not fit
 * do not match; the service has done its work by then. */
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
    void (*lose)(void *service); /* forgets what it made last; NULL: nothing to lose */
};
local_handler local_faults_handle;

#endif
