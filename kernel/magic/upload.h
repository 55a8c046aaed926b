/* Putting bytes into the lakehouse with progress shown in the cell; shared by
 * %%payload and %lakehouse put. */
#ifndef LK_MAGIC_UPLOAD_H
#define LK_MAGIC_UPLOAD_H

#include "magic/context.h"
#include "magic/magic.h"

struct lk_upload {
    struct lk_str name; /* for the progress line */
    const struct lk_onelake_path *to;
    struct lk_http_source *source;
    bool if_absent;
};

/* Uploads and verifies; *ret describes the file. ret_display takes the progress display's id, so
 * that the answer can replace it. */
LK_MUST_USE enum lk_status lk_upload_run(struct lk_context *context, struct lk_cell *cell,
                                         const struct lk_upload *upload,
                                         struct lk_onelake_file *ret, char ret_display[40],
                                         struct lk_error *err);
/* {"abfss", "path", "bytes", "md5", "etag"} added to value. */
void lk_upload_value(struct lk_context *context, const struct lk_onelake_path *to,
                     const struct lk_onelake_file *file, json_t *value);

/* What was compared with the service's copy, for people. */
struct lk_str lk_upload_verified(const json_t *value);

#endif
