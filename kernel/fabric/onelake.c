#include "fabric/onelake.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/timefmt.h"
#include "fabric/onelake_error.h"
#include "fabric/onelake_list_xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_RESULTS = 5000, PAGES_MAX = 100, PAGE_BYTES_MAX = 16 << 20, URL_MAX = 8192 };
#define PUT_MAX ((int64_t)256 << 20)

static const struct lk_str api_version = LK_STR_INIT("2023-11-03");

struct lk_onelake {
    struct lk_onelake_options options;
};

struct lk_onelake *lk_onelake_new(const struct lk_onelake_options *options)
{
    struct lk_onelake *onelake = lk_alloc(sizeof *onelake);

    onelake->options = *options;
    return onelake;
}

void lk_onelake_free(struct lk_onelake *onelake)
{
    free(onelake);
}

static struct lk_http_request new_request(enum lk_http_method method, struct lk_str url)
{
    struct lk_http_request request = {
        .method = method, .url = url, .repeat = LK_HTTP_REPEAT_ALWAYS};

    lk_http_request_header(&request, LK_STR("x-ms-version"), api_version);
    return request;
}

static enum lk_status send(struct lk_onelake *onelake, const struct lk_http_request *request,
                           struct lk_str what, struct lk_cancel *cancel,
                           struct lk_http_response *reply, struct lk_error *err)
{
    enum lk_status st = lk_http_send(onelake->options.http, request, cancel, reply, err);

    if (st && st != LK_CANCELLED)
        lk_error_prefix(err, "%.*s", LK_STR_ARGS(what));
    return st;
}

/* ---- what a file is ------------------------------------------------------------------------ */

static void read_file_headers(const struct lk_http_response *reply,
                              const struct lk_onelake_path *path, struct lk_onelake_file *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf md5 = LK_BUF_INIT(64);
    struct lk_str type = lk_http_response_header(reply, LK_STR("x-ms-resource-type"));

    memset(ret, 0, sizeof *ret);
    snprintf(ret->path, sizeof ret->path, "%s", path->path);
    if (!lk_str_to_i64(lk_http_response_header(reply, LK_STR("content-length")), &ret->size))
        ret->size = 0;
    if (!lk_time_from_http(lk_http_response_header(reply, LK_STR("last-modified")),
                           &ret->modified_unix_s))
        ret->modified_unix_s = 0;
    snprintf(ret->etag, sizeof ret->etag, "%.*s",
             LK_STR_ARGS(lk_http_response_header(reply, LK_STR("etag"))));
    ret->is_folder =
        lk_str_eq_nocase(type, LK_STR("directory")) ||
        lk_str_eq_nocase(lk_http_response_header(reply, LK_STR("x-ms-meta-hdi_isfolder")),
                         LK_STR("true"));
    if (lk_base64_decode(lk_http_response_header(reply, LK_STR("content-md5")), &md5) &&
        md5.len == sizeof ret->md5) {
        memcpy(ret->md5, md5.data, sizeof ret->md5);
        ret->has_md5 = true;
    }
}

enum lk_status lk_onelake_head(struct lk_onelake *onelake, const struct lk_onelake_path *path,
                               struct lk_cancel *cancel, struct lk_onelake_file *ret,
                               struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(URL_MAX);
    struct lk_http_request request;
    enum lk_status st;

    lk_onelake_path_blob_url(onelake->options.cloud, path, &url);
    request = new_request(LK_HTTP_HEAD, lk_buf_view(&url));
    st = send(onelake, &request, lk_str_from(path->path), cancel, &reply, err);
    if (st)
        return st;
    if (reply.status != 200)
        return lk_onelake_read_error(lk_str_from(path->path), &reply, err);
    read_file_headers(&reply, path, ret);
    return LK_OK;
}

/* ---- upload -------------------------------------------------------------------------------- */

struct upload {
    struct lk_onelake *onelake;
    const struct lk_onelake_path *path;
    struct lk_http_source *source;
    struct lk_digest md5;
};

/* The hash is made first: the service checks it while the bytes arrive, and stores it. */
static enum lk_status hash_source(struct upload *upload, struct lk_cancel *cancel,
                                  struct lk_error *err)
{
    struct lk_digest_stream *stream;
    char piece[65536];
    int64_t total = 0;
    long n = 0;

    if (!upload->source->rewind(upload->source))
        return lk_error_set(err, LK_IO, "FileChanged", "%s changed while it was read",
                            upload->path->path);
    stream = lk_digest_stream_new(LK_DIGEST_MD5);
    while (!lk_cancel_is_set(cancel) &&
           (n = upload->source->read(upload->source, piece, sizeof piece)) > 0) {
        lk_digest_stream_put(stream, (struct lk_str){piece, (size_t)n});
        total += n;
    }
    upload->md5 = lk_digest_stream_take(stream);
    if (lk_cancel_check(cancel, err))
        return LK_CANCELLED;
    if (n < 0 || total != upload->source->len || !upload->source->rewind(upload->source)) {
        lk_error_set(err, LK_IO, "FileChanged", "%s changed while it was read", upload->path->path);
        return lk_error_next(err, "Upload it again when nobody writes to it.");
    }
    return LK_OK;
}

static enum lk_status put_blob(struct upload *upload, enum lk_onelake_condition condition,
                               struct lk_http_progress *progress, struct lk_cancel *cancel,
                               struct lk_http_response *reply, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(URL_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf md5 = LK_BUF_INIT(64);
    struct lk_http_request request;

    lk_onelake_path_blob_url(upload->onelake->options.cloud, upload->path, &url);
    lk_base64_encode(lk_digest_view(&upload->md5), &md5);
    request = new_request(LK_HTTP_PUT, lk_buf_view(&url));
    lk_http_request_header(&request, LK_STR("x-ms-blob-type"), LK_STR("BlockBlob"));
    lk_http_request_header(&request, LK_STR("Content-MD5"), lk_buf_view(&md5));
    lk_http_request_header(&request, LK_STR("x-ms-blob-content-md5"), lk_buf_view(&md5));
    lk_http_request_header(&request, LK_STR("Content-Type"), LK_STR("application/octet-stream"));
    if (condition == LK_ONELAKE_IF_ABSENT) {
        lk_http_request_header(&request, LK_STR("If-None-Match"), LK_STR("*"));
        /* After a lost answer the 409 could be about our own file. */
        request.repeat = LK_HTTP_REPEAT_REFUSED;
    }
    request.source = upload->source;
    request.progress = progress;
    return send(upload->onelake, &request, lk_str_from(upload->path->path), cancel, reply, err);
}

static bool is_ours(const struct upload *upload, const struct lk_onelake_file *file)
{
    return file->size == upload->source->len && file->has_md5 &&
           memcmp(file->md5, upload->md5.bytes, sizeof file->md5) == 0;
}

/* The answer was lost, or says that the service stumbled: what is there decides. */
static bool is_doubtful(enum lk_status st, const struct lk_http_response *reply)
{
    if (st)
        return st == LK_UNKNOWN || st == LK_TIMEOUT || st == LK_LIMIT;
    return reply->status == 408 || reply->status >= 500;
}

static enum lk_status settle(struct upload *upload, struct lk_cancel *cancel,
                             struct lk_onelake_file *ret, struct lk_error *lost,
                             struct lk_error *err)
{
    struct lk_error own = LK_ERROR_INIT;

    if (lk_onelake_head(upload->onelake, upload->path, cancel, ret, &own) == LK_OK &&
        is_ours(upload, ret))
        return LK_OK;
    if (own.status == LK_CANCELLED)
        *lost = own;
    else
        lk_error_next(lost, "The file there is not the one that was sent, if there is one. Run "
                            "the cell again.");
    if (err)
        *err = *lost;
    return lost->status;
}

/* What the service stored is what counts, whatever it said of the upload. */
static enum lk_status verify(struct upload *upload, struct lk_cancel *cancel,
                             struct lk_onelake_file *ret, struct lk_error *err)
{
    enum lk_status st = lk_onelake_head(upload->onelake, upload->path, cancel, ret, err);

    if (st)
        return st;
    /* A service that keeps no MD5 has still compared the one that came with the bytes. */
    if (is_ours(upload, ret) || (!ret->has_md5 && ret->size == upload->source->len))
        return LK_OK;
    lk_error_set(err, LK_SERVICE, "NotVerified",
                 "%s: OneLake holds %lld bytes %s MD5, not the %lld bytes that were sent",
                 upload->path->path, (long long)ret->size,
                 ret->has_md5 ? "with another" : "without an", (long long)upload->source->len);
    return lk_error_next(err, "Upload it again; somebody else may have written it meanwhile.");
}

enum lk_status lk_onelake_put(struct lk_onelake *onelake, const struct lk_onelake_path *path,
                              struct lk_http_source *source, enum lk_onelake_condition condition,
                              struct lk_http_progress *progress, struct lk_cancel *cancel,
                              struct lk_onelake_file *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    struct upload upload = {.onelake = onelake, .path = path, .source = source};
    struct lk_error lost = LK_ERROR_INIT; /* of the upload, until what is there is known */
    enum lk_status st;

    if (source->len > PUT_MAX) {
        lk_error_set(err, LK_LIMIT, "FileTooLarge",
                     "%s has %lld bytes; this version uploads up to "
                     "256 MiB",
                     path->path, (long long)source->len);
        return lk_error_next(err, "Use azcopy for it, or split it.");
    }
    st = hash_source(&upload, cancel, err);
    if (st)
        return st;
    st = put_blob(&upload, condition, progress, cancel, &reply, &lost);
    if (!st && reply.status == 201)
        return verify(&upload, cancel, ret, err);
    if (!st)
        (void)!lk_onelake_read_error(lk_str_from(path->path), &reply, &lost);
    if (is_doubtful(st, &reply))
        return settle(&upload, cancel, ret, &lost, err);
    if (err)
        *err = lost;
    return lost.status;
}

/* ---- reading and removing ------------------------------------------------------------------ */

static int64_t total_size(const struct lk_http_response *reply)
{
    struct lk_str range = lk_http_response_header(reply, LK_STR("content-range")), before, total;
    int64_t size;

    /* "bytes 0-65535/123456" */
    if (lk_str_split(range, '/', &before, &total) && lk_str_to_i64(total, &size))
        return size;
    return (int64_t)reply->body.len;
}

enum lk_status lk_onelake_read(struct lk_onelake *onelake, const struct lk_onelake_path *path,
                               int64_t max, struct lk_cancel *cancel, struct lk_buf *ret,
                               int64_t *ret_size, struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(URL_MAX);
    struct lk_http_request request;
    char range[64];
    enum lk_status st;

    if (max < 1)
        max = 1;
    lk_onelake_path_blob_url(onelake->options.cloud, path, &url);
    request = new_request(LK_HTTP_GET, lk_buf_view(&url));
    snprintf(range, sizeof range, "bytes=0-%lld", (long long)max - 1);
    lk_http_request_header(&request, LK_STR("Range"), lk_str_from(range));
    request.response_max = (size_t)max;
    st = send(onelake, &request, lk_str_from(path->path), cancel, &reply, err);
    if (st)
        return st;
    /* An empty file has no first byte. */
    if (reply.status == 416) {
        *ret_size = 0;
        return LK_OK;
    }
    if (reply.status != 200 && reply.status != 206)
        return lk_onelake_read_error(lk_str_from(path->path), &reply, err);
    *ret_size = total_size(&reply);
    lk_buf_put(ret, lk_buf_view(&reply.body));
    return lk_buf_check(ret, path->path, err);
}

enum lk_status lk_onelake_delete(struct lk_onelake *onelake, const struct lk_onelake_path *path,
                                 struct lk_cancel *cancel, struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(URL_MAX);
    struct lk_http_request request;
    enum lk_status st;

    lk_onelake_path_blob_url(onelake->options.cloud, path, &url);
    request = new_request(LK_HTTP_DELETE, lk_buf_view(&url));
    st = send(onelake, &request, lk_str_from(path->path), cancel, &reply, err);
    if (!st && reply.status != 202 && reply.status != 200)
        st = lk_onelake_read_error(lk_str_from(path->path), &reply, err);
    return st;
}

/* ---- listing ------------------------------------------------------------------------------- */

static void list_url(const struct lk_onelake *onelake, const struct lk_onelake_path *folder,
                     const struct lk_buf *marker, struct lk_buf *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf query = LK_BUF_INIT(URL_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf prefix = LK_BUF_INIT(URL_MAX);
    char page[16];

    lk_buf_printf(&prefix, "%s/%s%s", folder->lakehouse.item, folder->path,
                  folder->path[0] ? "/" : "");
    snprintf(page, sizeof page, "%d", PAGE_RESULTS);
    lk_form_put(&query, LK_STR("restype"), LK_STR("container"));
    lk_form_put(&query, LK_STR("comp"), LK_STR("list"));
    lk_form_put(&query, LK_STR("delimiter"), LK_STR("/"));
    lk_form_put(&query, LK_STR("prefix"), lk_buf_view(&prefix));
    lk_form_put(&query, LK_STR("maxresults"), lk_str_from(page));
    if (marker->len)
        lk_form_put(&query, LK_STR("marker"), lk_buf_view(marker));
    lk_buf_printf(ret, "%s/", onelake->options.cloud->onelake_blob);
    lk_percent_encode(lk_str_from(folder->lakehouse.workspace), ret);
    lk_buf_put_char(ret, '?');
    lk_buf_put(ret, lk_buf_view(&query));
}

static enum lk_status list_page(struct lk_onelake *onelake, const struct lk_onelake_path *folder,
                                struct lk_buf *marker, struct lk_cancel *cancel,
                                struct lk_onelake_listing *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(URL_MAX * 2);
    struct lk_str what = lk_str_from(folder->path[0] ? folder->path : "the lakehouse");
    struct lk_http_request request;
    enum lk_status st;

    list_url(onelake, folder, marker, &url);
    request = new_request(LK_HTTP_GET, lk_buf_view(&url));
    request.response_max = PAGE_BYTES_MAX;
    st = send(onelake, &request, what, cancel, &reply, err);
    if (st)
        return st;
    if (reply.status != 200)
        return lk_onelake_read_error(what, &reply, err);
    lk_buf_clear(marker);
    return lk_onelake_list_xml_read(lk_buf_view(&reply.body), lk_str_from(folder->lakehouse.item),
                                    ret, marker, err);
}

static int compare_files(const void *a, const void *b)
{
    const struct lk_onelake_file *x = a, *y = b;

    if (x->is_folder != y->is_folder)
        return x->is_folder ? -1 : 1;
    return strcmp(x->path, y->path);
}

/* A folder may come both as a prefix and as a blob of its own. */
static void sort_and_merge(struct lk_onelake_listing *listing)
{
    size_t kept = 0;

    if (!listing->count)
        return;
    qsort(listing->files, listing->count, sizeof *listing->files, compare_files);
    for (size_t i = 1; i < listing->count; i++) {
        if (strcmp(listing->files[i].path, listing->files[kept].path) != 0)
            listing->files[++kept] = listing->files[i];
        else if (!listing->files[kept].modified_unix_s)
            listing->files[kept].modified_unix_s = listing->files[i].modified_unix_s;
    }
    listing->count = kept + 1;
}

/* Nothing in it: empty, a file, or not there at all. */
static enum lk_status explain_empty(struct lk_onelake *onelake,
                                    const struct lk_onelake_path *folder, struct lk_cancel *cancel,
                                    struct lk_onelake_listing *ret, struct lk_error *err)
{
    struct lk_onelake_file file;
    enum lk_status st;

    if (!folder->path[0])
        return LK_OK;
    st = lk_onelake_head(onelake, folder, cancel, &file, err);
    if (st || file.is_folder)
        return st;
    ret->files = lk_alloc(sizeof *ret->files);
    ret->files[0] = file;
    ret->count = 1;
    return LK_OK;
}

enum lk_status lk_onelake_list(struct lk_onelake *onelake, const struct lk_onelake_path *folder,
                               struct lk_cancel *cancel, struct lk_onelake_listing *ret,
                               struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf marker = LK_BUF_INIT(8192);
    enum lk_status st = LK_OK;

    *ret = (struct lk_onelake_listing){.files = NULL};
    for (int i = 0; !st && !ret->more && (i == 0 || marker.len); i++) {
        ret->more = i == PAGES_MAX;
        if (!ret->more)
            st = list_page(onelake, folder, &marker, cancel, ret, err);
    }
    if (!st && !ret->count)
        st = explain_empty(onelake, folder, cancel, ret, err);
    if (st) {
        lk_onelake_listing_done(ret);
        return st;
    }
    sort_and_merge(ret);
    return LK_OK;
}

void lk_onelake_listing_done(struct lk_onelake_listing *listing)
{
    free(listing->files);
    *listing = (struct lk_onelake_listing){.files = NULL};
}
