/* What services answer about logs, as structs: Livy's own list of lines, and the monitoring API's
 * descriptions of files (livy.md §2, §3). Pure; any thread. */
#ifndef LK_FABRIC_LIVY_LOG_REPLY_H
#define LK_FABRIC_LIVY_LOG_REPLY_H

#include "base/json.h"

/* ---- Livy's list ----------------------------------------------------------------------------- */

/* Parts of a log. Apache Livy writes a batch's stderr into its stdout. */
enum lk_log_stream {
    LK_LOG_STREAM_STDOUT,
    LK_LOG_STREAM_STDERR,
    LK_LOG_STREAM_LIVY,
    LK_LOG_STREAM_DIAGNOSTICS, /* of YARN or Kubernetes: replaced as a whole, no ring */
    LK_LOG_STREAMS,
};
const char *lk_log_stream_title(enum lk_log_stream stream); /* "stdout", … "diagnostics" */

/* Goes through a reply's "log" line by line and leaves out what Livy puts between the streams:
 * "stdout: " in the first place, "\nstderr: " and its like anywhere (no line of a log holds a line
 * end). A list that begins in the middle counts as stdout until told otherwise. */
struct lk_log_list {
    const json_t *lines; /* borrowed */
    size_t at;
    enum lk_log_stream stream; /* of the line that came last */
};
/* json: a batch or an answer of /log. */
struct lk_log_list lk_log_list_of(const json_t *json);
/* Borrows from the json. */
bool lk_log_list_next(struct lk_log_list *list, struct lk_str *line);

/* ---- files ------------------------------------------------------------------------------------
 */

enum { LK_LOG_FILE_NAME_MAX = 128, LK_LOG_FILES_MAX = 4096 };

struct lk_log_file {
    char name[LK_LOG_FILE_NAME_MAX];
    int64_t length; /* bytes */
};

/* The files that make up one log, oldest first. */
struct lk_log_files {
    struct lk_log_file *files; /* owned */
    size_t count;
    int64_t length; /* of all together */
};
void lk_log_files_done(struct lk_log_files *files);
/* Out of an answer to meta=true: one file, or a list of them once the application has ended. Those
 * whose names do not begin with name are left out; one without a name is called name. */
void lk_log_files_read(const json_t *json, struct lk_str name, struct lk_log_files *ret);

#endif
