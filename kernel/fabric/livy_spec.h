/* What a batch request may hold, service by service (livy.md §1.3, §3–§6). Pure; any thread. */
#ifndef LK_FABRIC_LIVY_SPEC_H
#define LK_FABRIC_LIVY_SPEC_H

#include "base/json.h"
#include "fabric/livy_profile.h"

/* A request to be submitted. */
struct lk_livy_spec {
    json_t *body;      /* the request as JSON object, from options or as given in %%batch; owned */
    json_t *warnings;  /* owned; array of sentences on what is taken but hardly meant, filled by
                        * preview and submit; NULL for none */
    char sha256[65];   /* of the payload, in hex, where it is known; for the journal */
    bool resubmit;     /* an earlier one of unknown outcome does not stand in the way */
    char sweep[40];    /* what it is a member of; empty: of nothing; for the journal */
    int64_t member;    /* which one */
    char followed[40]; /* submit id of that earlier one; filled by submit */
};

#define LK_LIVY_SPEC_INIT                                                                          \
    {                                                                                              \
        .body = NULL                                                                               \
    }
void lk_livy_spec_done(struct lk_livy_spec *spec);
/* Checks field by field for the service and normalises: numbers and booleans in conf and tags
 * become text, cores and counts must be integers, unknown fields get the nearest match. */
LK_MUST_USE enum lk_status lk_livy_spec_check(const struct lk_livy_profile *profile,
                                              struct lk_livy_spec *spec, struct lk_error *err);
/* Says what in a checked request is taken but hardly meant: into spec->warnings. */
void lk_livy_spec_warn(const struct lk_livy_profile *profile, struct lk_livy_spec *spec);
/* conf["spark.fabric.environmentDetails"] = "{\"id\":\"<guid>\"}". */
LK_MUST_USE enum lk_status lk_livy_spec_environment(struct lk_livy_spec *spec, struct lk_str guid,
                                                    struct lk_error *err);
#define LK_LIVY_ENVIRONMENT_KEY "spark.fabric.environmentDetails"

/* The scheme of a file's address, "abfss" of "abfss://…", "local" of "local:/…"; empty for a path.
 */
struct lk_str lk_livy_file_scheme(struct lk_str file);
/* Whether the service can read a file at this address, as far as the address tells. err.next says
 * where it reads files from. */
LK_MUST_USE enum lk_status lk_livy_file_check(const struct lk_livy_profile *profile,
                                              const char *field, struct lk_str file,
                                              struct lk_error *err);
/* Whether text is one of the words between '|' in list, case aside. */
bool lk_livy_is_listed(struct lk_str text, const char *list);

#endif
