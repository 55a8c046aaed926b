/* The inside of struct local_onelake, shared by its files: onelake.c (life, token,
 * dispatch), onelake_fs.c (safe access to the files), onelake_body.c (what arrives),
 * onelake_blob.c, onelake_blocks.c, onelake_dfs.c (the protocols), onelake_list.c
 * (walking), onelake_view.c (bytes of replies). */
#ifndef LK_LOCAL_ONELAKE_SERVICE_H
#define LK_LOCAL_ONELAKE_SERVICE_H

#include "local/onelake.h"
#include "local/onelake_path.h"

#include <pthread.h>
#include <sys/stat.h>

struct local_onelake_stage; /* uncommitted DFS data of one path */

struct local_onelake {
    const struct local_signing_key *key;
    struct lk_clock *clock;
    char *issuer;
    struct local_place place;
    char *texts[4];       /* what place points to; owned */
    int root_fd;          /* ROOT */
    int side_fd;          /* ROOT/.onelake */
    int tmp_fd;           /* ROOT/.onelake/tmp: files that are growing */
    int md5_fd;           /* ROOT/.onelake/md5: stored MD5 by ETag */
    int blocks_fd;        /* ROOT/.onelake/blocks: uncommitted blocks by path */
    pthread_mutex_t lock; /* guards look-then-act on the files, and stages */
    struct local_onelake_stage *stages;
};

/* The request headers that OneLake looks at. */
enum local_onelake_header {
    LOCAL_OH_ACCEPT,
    LOCAL_OH_CONTENT_CRC64,
    LOCAL_OH_CONTENT_MD5,
    LOCAL_OH_BLOB_MD5,
    LOCAL_OH_BLOB_TYPE,
    LOCAL_OH_HOST,
    LOCAL_OH_IF_MATCH,
    LOCAL_OH_IF_NONE_MATCH,
    LOCAL_OH_OVERRIDE,
    LOCAL_OH_RANGE,
    LOCAL_OH_MS_RANGE,
    LOCAL_OH_RENAME_SOURCE,
    LOCAL_OH_SOURCE_IF_MATCH,
    LOCAL_OH_STORE_MD5,
    LOCAL_OH_VERSION,
    LOCAL_OH_COUNT,
};
extern const char *const local_onelake_header_names[LOCAL_OH_COUNT];

/* One request after it was read; all borrowed. */
struct local_onelake_call {
    const struct local_request *request;
    struct lk_str headers[LOCAL_OH_COUNT];
    struct local_onelake_target target;
    bool dfs; /* else Blob */
};

/* Everything after the token's check; tests come in here with headers filled. */
void local_onelake_answer(struct local_onelake *onelake, struct local_onelake_call *call,
                          struct local_reply *reply);
/* An error with its code, as XML, as JSON, or as headers only for HEAD. */
void local_onelake_error(const struct local_onelake_call *call, struct local_reply *reply,
                         int status, const char *code, const char *fmt, ...) LK_PRINTF(5, 6);
/* err->code tells the HTTP status. */
void local_onelake_failed(const struct local_onelake_call *call, struct local_reply *reply,
                          const struct lk_error *err);
void local_onelake_blob(struct local_onelake *onelake, struct local_onelake_call *call,
                        struct local_reply *reply);
void local_onelake_blocks(struct local_onelake *onelake, struct local_onelake_call *call,
                          struct local_reply *reply);
void local_onelake_dfs(struct local_onelake *onelake, struct local_onelake_call *call,
                       struct local_reply *reply);
/* What both protocols share: HEAD and GET of a path. */
void local_onelake_get(struct local_onelake *onelake, struct local_onelake_call *call,
                       struct local_reply *reply);
bool local_onelake_query_is(const struct local_onelake_call *call, const char *name,
                            const char *value);

/* --- files ------------------------------------------------------------------ */

enum { LOCAL_ETAG_SIZE = 24, LOCAL_MD5_TEXT_SIZE = 25 /* 24 + NUL */ };

struct local_onelake_info {
    bool is_folder;
    int64_t size;
    int64_t modified_unix_s;
    char etag[LOCAL_ETAG_SIZE];    /* without quotes */
    char md5[LOCAL_MD5_TEXT_SIZE]; /* base64; empty when none is stored */
};

void local_onelake_info_of(struct local_onelake *onelake, const struct stat *from,
                           struct local_onelake_info *ret);
/* Opens the folder that holds the target, segment by segment, following no link. leaf is the
 * last segment ("." for the item's root or above). make: missing folders below Files and Tables
 * are made. FilesystemNotFound, ArtifactNotFound, PathNotFound, PathConflict. */
LK_MUST_USE enum lk_status local_onelake_open_parent(struct local_onelake *onelake,
                                                     const struct local_onelake_target *target,
                                                     bool make, int *ret_fd,
                                                     char leaf[LOCAL_ONELAKE_NAME_MAX + 1],
                                                     struct lk_error *err);
/* Opens a file or folder for reading. */
LK_MUST_USE enum lk_status local_onelake_open(struct local_onelake *onelake,
                                              const struct local_onelake_target *target,
                                              int *ret_fd, struct local_onelake_info *ret,
                                              struct lk_error *err);
/* OK only below Files and Tables. */
LK_MUST_USE enum lk_status local_onelake_check_writable(const struct local_onelake_target *target,
                                                        struct lk_error *err);
/* If-Match and If-None-Match against what is there (info NULL: nothing). */
LK_MUST_USE enum lk_status local_onelake_check_conditions(const struct local_onelake_call *call,
                                                          const struct local_onelake_info *info,
                                                          struct lk_error *err);
/* Makes a new file in tmp; name receives what it is called there. */
LK_MUST_USE enum lk_status local_onelake_make_tmp(struct local_onelake *onelake,
                                                  char name[LOCAL_ONELAKE_NAME_MAX + 1],
                                                  int *ret_fd, struct lk_error *err);
/* Checks the conditions and moves the temporary file to the target, as one step. md5 (base64,
 * may be empty) is stored with it. On failure the temporary file is gone, too. */
LK_MUST_USE enum lk_status local_onelake_commit(struct local_onelake *onelake,
                                                const struct local_onelake_call *call,
                                                const char *tmp_name, const char *md5,
                                                struct local_onelake_info *ret,
                                                struct lk_error *err);
LK_MUST_USE enum lk_status local_onelake_remove(struct local_onelake *onelake,
                                                const struct local_onelake_call *call,
                                                bool recursive, struct lk_error *err);
/* Removes what is below name in folder_fd, and itself; follows no link. */
int local_onelake_remove_tree(int folder_fd, const char *name);

/* --- bodies ----------------------------------------------------------------- */

/* Writes the request's body to fd at offset and checks Content-MD5 and x-ms-content-crc64 of the
 * request: Md5Mismatch, Crc64Mismatch, InvalidHeaderValue. md5 receives the body's, base64. */
LK_MUST_USE enum lk_status local_onelake_receive(const struct local_onelake_call *call, int fd,
                                                 int64_t offset, char md5[LOCAL_MD5_TEXT_SIZE],
                                                 struct lk_error *err);
/* Appends all of from_fd to fd at offset, into the digest too. */
struct lk_digest_stream;
LK_MUST_USE enum lk_status local_onelake_copy(int from_fd, int fd, int64_t offset,
                                              struct lk_digest_stream *digest, int64_t *ret_len,
                                              struct lk_error *err);
uint64_t local_crc64_nvme(uint64_t crc, struct lk_str bytes);
/* The whole body when it is at most ret's ceiling. */
LK_MUST_USE enum lk_status local_onelake_body(const struct local_onelake_call *call,
                                              struct lk_buf *ret, struct lk_error *err);
void local_onelake_drop_stage(struct local_onelake *onelake,
                              const struct local_onelake_target *target);
void local_onelake_free_stages(struct local_onelake *onelake);

/* --- lists ------------------------------------------------------------------ */

struct local_onelake_entry {
    char *name; /* as shown: begins at the item; owned */
    struct local_onelake_info info;
};

struct local_onelake_entries {
    struct local_onelake_entry *at; /* sorted by name */
    size_t count;
};

enum { LOCAL_ONELAKE_LIST_MAX = 200000, LOCAL_ONELAKE_PAGE_MAX = 5000 };

/* What is below target (a workspace, an item or a folder). PathNotFound and the like when it is
 * not there. Release with local_onelake_entries_done(). */
LK_MUST_USE enum lk_status local_onelake_walk(struct local_onelake *onelake,
                                              const struct local_onelake_target *target,
                                              bool recursive, struct local_onelake_entries *ret,
                                              struct lk_error *err);
void local_onelake_entries_done(struct local_onelake_entries *entries);
void local_onelake_list_blobs(struct local_onelake *onelake, struct local_onelake_call *call,
                              struct local_reply *reply);
void local_onelake_list_paths(struct local_onelake *onelake, struct local_onelake_call *call,
                              struct local_reply *reply);

/* --- bytes of replies (pure) ------------------------------------------------- */

struct local_onelake_page {
    const struct local_onelake_entry *at;
    size_t count;
};

/* One DFS "paths" document; new reference. */
LK_MUST_USE json_t *local_onelake_paths_json(const struct local_onelake_page *page);
struct local_onelake_blob_list {
    struct lk_str container, prefix, delimiter, marker, next_marker;
    size_t max_results;
    struct local_onelake_page page;
};
/* Entries that end in '/' are written as BlobPrefix. */
void local_onelake_blobs_xml(const struct local_onelake_blob_list *list, struct lk_buf *ret);
void local_xml_escape(struct lk_str text, struct lk_buf *ret);
/* "bytes=a-b", "bytes=a-", against size. *whole when there is no (usable) range header; false:
 * 416. */
bool local_onelake_range(struct lk_str header, int64_t size, int64_t *from, int64_t *len,
                         bool *whole);

#endif
