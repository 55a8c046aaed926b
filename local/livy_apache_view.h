/* How a batch looks in the replies of Apache Livy, HDInsight and Synapse. Pure. */
#ifndef LK_LOCAL_LIVY_APACHE_VIEW_H
#define LK_LOCAL_LIVY_APACHE_VIEW_H

#include "local/livy_face.h"
#include "local/livy_record.h"

enum {
    LOCAL_LIVY_RING = 200,     /* lines that are kept of a stream: livy.cache-log.size */
    LOCAL_LIVY_VIEW_LINES = 10 /* lines in a batch's own view */
};

/* "starting", "running", … as the face calls the phase. */
const char *local_apache_state(enum local_face face, const struct local_batch *batch);
/* The whole log as it is now, new: the separators and the lines of output between them.
 * Empty before the launcher runs, as of a phantom. */
LK_MUST_USE json_t *local_apache_log(enum local_face face, const struct local_batch *batch,
                                     struct lk_str output);
/* {id, from, total, log}: the lines [from, from + size) of log; from < 0: the last size lines;
 * size < 0: all. New. */
LK_MUST_USE json_t *local_apache_log_page(const struct local_batch *batch, const json_t *log,
                                          int64_t from, int64_t size);
/* {id, state}; new. */
LK_MUST_USE json_t *local_apache_state_reply(enum local_face face, const struct local_batch *batch);
/* The batch; new. */
LK_MUST_USE json_t *local_apache_reply(enum local_face face,
                                       const struct local_livy_edition *edition,
                                       const struct local_batch *batch, const json_t *log);

#endif
