/* The faces of the one Livy service: who asks decides by the path how batches look and what is
 * refused. One row of data per face; each face keeps batches of its own, and all share the
 * runner. Pure. */
#ifndef LK_LOCAL_LIVY_FACE_H
#define LK_LOCAL_LIVY_FACE_H

#include "base/str.h"

#include <stdbool.h>

/* As kept in records, so the order is not free. */
enum local_face {
    LOCAL_FACE_FABRIC,
    LOCAL_FACE_APACHE,
    LOCAL_FACE_HDINSIGHT,
    LOCAL_FACE_SYNAPSE,
    LOCAL_FACES,
};

/* What differs between releases of Apache Livy (shared/data/apache-livy has both). */
struct local_livy_edition {
    const char *version;    /* "0.7.1" */
    const char *rejected;   /* before the reason why a POST is refused */
    const char *refused;    /* the setting that it never takes; NULL: any, by default */
    bool executor_log_urls; /* a third field in appInfo */
    const char *about;      /* the answer of /version */
};

/* What differs between the services that speak Apache's language. */
struct local_livy_face {
    const char *name;    /* "apache": in records, and "<name>_endpoint" in the state file */
    struct lk_str root;  /* the path before /batches */
    const char *edition; /* the release that it always is; NULL: the one that is asked for */
    bool is_yarn;        /* the log has YARN's part, appId is told, `starting` lasts */
    bool one_log;        /* of stdout, stderr and why nothing started; and file: paths are taken */
    bool wants_password; /* Basic, for all; and X-Requested-By for what changes something */
    bool is_timed;       /* an ended batch is kept for a time, not for a number */
    bool may_forget;     /* --apache-forgets is meant */
};

const struct local_livy_face *local_livy_face(enum local_face face);
/* LOCAL_FACES when there is none of the name. */
enum local_face local_livy_face_find(struct lk_str name);
/* Whose path it is; *rest is what follows the root and begins with '/' (or is empty). */
enum local_face local_livy_face_of(struct lk_str path, struct lk_str *rest);
/* NULL for a release that is not known. NULL as version: the one that is shown by default. */
const struct local_livy_edition *local_livy_edition(const char *version);

#endif
