/* A client for OneLake's files over the Blob endpoint. Executor thread only. */
#ifndef LK_FABRIC_ONELAKE_H
#define LK_FABRIC_ONELAKE_H

#include "base/clock.h"
#include "fabric/onelake_path.h"
#include "net/http.h"

struct lk_onelake;

struct lk_onelake_options {
    struct lk_http *http;         /* borrowed: retry over bearer(storage) over curl */
    const struct lk_cloud *cloud; /* borrowed */
};

LK_MUST_USE struct lk_onelake *lk_onelake_new(const struct lk_onelake_options *options);
void lk_onelake_free(struct lk_onelake *onelake);

struct lk_onelake_file {
    char path[LK_ONELAKE_PATH_MAX]; /* inside the item: "Files/x.py" */
    int64_t size;                   /* bytes; 0 for a folder */
    int64_t modified_unix_s;        /* 0 when not told */
    char etag[96];
    unsigned char md5[16];
    bool has_md5;
    bool is_folder;
};

enum lk_onelake_condition { LK_ONELAKE_OVERWRITE, LK_ONELAKE_IF_ABSENT };

/* Uploads the bytes of source (rewound first, hashed, then sent with Content-MD5) and verifies
 * by HEAD what the service stored: length and MD5. After a lost answer HEAD decides too. On LK_OK
 * the file is there, whole, and ret describes it. LK_EXISTS with LK_ONELAKE_IF_ABSENT when it was
 * there before. progress may be NULL. */
LK_MUST_USE enum lk_status lk_onelake_put(
    struct lk_onelake *onelake, const struct lk_onelake_path *path, struct lk_http_source *source,
    enum lk_onelake_condition condition, struct lk_http_progress *progress,
    struct lk_cancel *cancel, struct lk_onelake_file *ret, struct lk_error *err);
LK_MUST_USE enum lk_status lk_onelake_head(struct lk_onelake *onelake,
                                           const struct lk_onelake_path *path,
                                           struct lk_cancel *cancel, struct lk_onelake_file *ret,
                                           struct lk_error *err);
/* At most max bytes from the start into *ret; *ret_size is the whole file's size. */
LK_MUST_USE enum lk_status lk_onelake_read(struct lk_onelake *onelake,
                                           const struct lk_onelake_path *path, int64_t max,
                                           struct lk_cancel *cancel, struct lk_buf *ret,
                                           int64_t *ret_size, struct lk_error *err);
LK_MUST_USE enum lk_status lk_onelake_delete(struct lk_onelake *onelake,
                                             const struct lk_onelake_path *path,
                                             struct lk_cancel *cancel, struct lk_error *err);

struct lk_onelake_listing {
    struct lk_onelake_file *files; /* folders first, then by name; owned */
    size_t count;
    bool more; /* cut at the ceiling of LK_ONELAKE_LIST_MAX */
};

enum { LK_ONELAKE_LIST_MAX = 10000 };

/* One level. LK_NOT_FOUND when the folder does not exist. Release with lk_onelake_listing_done().
 */
LK_MUST_USE enum lk_status lk_onelake_list(struct lk_onelake *onelake,
                                           const struct lk_onelake_path *folder,
                                           struct lk_cancel *cancel, struct lk_onelake_listing *ret,
                                           struct lk_error *err);
void lk_onelake_listing_done(struct lk_onelake_listing *listing);

/* Sources for lk_onelake_put(): bytes in memory (borrowed) and an open file (borrowed fd). A file
 * that changes while it is read is an error. Embed by value; pass &x.source. */
struct lk_source_bytes {
    struct lk_http_source source;
    struct lk_str bytes;
    size_t at;
};
struct lk_source_file {
    struct lk_http_source source;
    int fd;
    int64_t modified_ns; /* as at init; a difference later is a change */
};
void lk_source_bytes_init(struct lk_source_bytes *ret, struct lk_str bytes);
LK_MUST_USE enum lk_status lk_source_file_init(struct lk_source_file *ret, int fd,
                                               struct lk_error *err);

#endif
