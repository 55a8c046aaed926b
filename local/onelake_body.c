/* Request bodies: where they go, and whether they arrived as they were sent. */
#include "local/onelake_service.h"

#include "base/digest.h"
#include "base/encoding.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024 };

/* CRC-64/NVME: reflected, polynomial 0x9A6C9329AC4BC9B5, all ones before and after. */
uint64_t local_crc64_nvme(uint64_t crc, struct lk_str bytes)
{
    crc = ~crc;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= (unsigned char)bytes.ptr[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? UINT64_C(0x9A6C9329AC4BC9B5) : 0);
    }
    return ~crc;
}

static enum lk_status write_all(int fd, struct lk_str bytes, int64_t offset, struct lk_error *err)
{
    while (bytes.len) {
        ssize_t n = pwrite(fd, bytes.ptr, bytes.len, offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return lk_error_errno(err, errno, "InternalError", "The data cannot be written");
        bytes = lk_str_slice(bytes, (size_t)n, bytes.len);
        offset += n;
    }
    return LK_OK;
}

struct sink {
    int fd;
    int64_t at;
    struct lk_digest_stream *digest; /* may be NULL */
    uint64_t crc;
    bool wants_crc;
};

static enum lk_status put(struct sink *sink, struct lk_str bytes, struct lk_error *err)
{
    enum lk_status st = write_all(sink->fd, bytes, sink->at, err);

    sink->at += (int64_t)bytes.len;
    if (sink->digest)
        lk_digest_stream_put(sink->digest, bytes);
    if (sink->wants_crc)
        sink->crc = local_crc64_nvme(sink->crc, bytes);
    return st;
}

static enum lk_status put_file(struct sink *sink, int from_fd, struct lk_error *err)
{
    char bytes[CHUNK];
    off_t at = 0;

    for (;;) {
        ssize_t n = pread(from_fd, bytes, sizeof bytes, at);
        enum lk_status st;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return lk_error_errno(err, errno, "InternalError", "The data cannot be read");
        if (n == 0)
            return LK_OK;
        st = put(sink, (struct lk_str){bytes, (size_t)n}, err);
        if (st)
            return st;
        at += n;
    }
}

enum lk_status local_onelake_copy(int from_fd, int fd, int64_t offset,
                                  struct lk_digest_stream *digest, int64_t *ret_len,
                                  struct lk_error *err)
{
    struct sink sink = {.fd = fd, .at = offset, .digest = digest};
    enum lk_status st = put_file(&sink, from_fd, err);

    *ret_len = sink.at - offset;
    return st;
}

static bool header_equals(struct lk_str header, struct lk_str bytes)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf decoded = LK_BUF_INIT(64);

    return lk_base64_decode(header, &decoded) && lk_str_eq(lk_buf_view(&decoded), bytes);
}

static enum lk_status check_sums(const struct local_onelake_call *call,
                                 const struct lk_digest *digest, uint64_t crc, struct lk_error *err)
{
    struct lk_str md5 = call->headers[LOCAL_OH_CONTENT_MD5];
    struct lk_str crc64 = call->headers[LOCAL_OH_CONTENT_CRC64];
    unsigned char bytes[8];

    if (md5.len && crc64.len)
        return lk_error_set(err, LK_INVALID, "InvalidHeaderValue",
                            "Content-MD5 and x-ms-content-crc64 exclude each other.");
    if (md5.len && !header_equals(md5, lk_digest_view(digest)))
        return lk_error_set(err, LK_INVALID, "Md5Mismatch",
                            "The MD5 value specified in the request did not match with the MD5 "
                            "value calculated by the server.");
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(crc >> (8 * i));
    if (crc64.len && !header_equals(crc64, (struct lk_str){(const char *)bytes, 8}))
        return lk_error_set(err, LK_INVALID, "Crc64Mismatch",
                            "The CRC64 value specified in the request did not match with the "
                            "CRC64 value calculated by the server.");
    return LK_OK;
}

enum lk_status local_onelake_receive(const struct local_onelake_call *call, int fd, int64_t offset,
                                     char md5[LOCAL_MD5_TEXT_SIZE], struct lk_error *err)
{
    struct sink sink = {.fd = fd,
                        .at = offset,
                        .digest = lk_digest_stream_new(LK_DIGEST_MD5),
                        .wants_crc = call->headers[LOCAL_OH_CONTENT_CRC64].len > 0};
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(LOCAL_MD5_TEXT_SIZE);
    struct lk_digest digest;
    enum lk_status st;

    st = call->request->body_fd >= 0 ? put_file(&sink, call->request->body_fd, err)
                                     : put(&sink, call->request->body, err);
    digest = lk_digest_stream_take(sink.digest);
    if (st)
        return st;
    lk_base64_encode(lk_digest_view(&digest), &text);
    snprintf(md5, LOCAL_MD5_TEXT_SIZE, "%s", lk_buf_cstr(&text));
    return check_sums(call, &digest, sink.crc, err);
}

enum lk_status local_onelake_body(const struct local_onelake_call *call, struct lk_buf *ret,
                                  struct lk_error *err)
{
    char bytes[CHUNK];
    ssize_t n;

    if (call->request->body_fd < 0) {
        lk_buf_put(ret, call->request->body);
        return lk_buf_check(ret, "the body", err);
    }
    while (!ret->full &&
           (n = pread(call->request->body_fd, bytes, sizeof bytes, (off_t)ret->len)) > 0)
        lk_buf_put(ret, (struct lk_str){bytes, (size_t)n});
    return lk_buf_check(ret, "the body", err);
}
