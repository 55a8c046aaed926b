#include "local/server_spoiled.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SPOILED_MAX = 64 << 10, DRIPS = 10 };

/* A body that a fault spoils: it may end early, and take its time. */
struct spoiled {
    struct lk_buf bytes; /* as many as are to come */
    bool whole;
    int64_t drip_ms;
    struct lk_cancel *stop; /* the server's */
};

static ssize_t read_spoiled(void *arg, uint64_t at, char *to, size_t max)
{
    const struct spoiled *body = arg;
    struct lk_clock *clock = lk_clock_system();
    struct lk_str rest = lk_str_slice(lk_buf_view(&body->bytes), (size_t)at, body->bytes.len);
    size_t piece = body->bytes.len / DRIPS + 1;

    if (!rest.len)
        return body->whole ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
    if (body->drip_ms > 0) {
        if (clock->wait_ms(clock, body->drip_ms, body->stop, NULL))
            return MHD_CONTENT_READER_END_WITH_ERROR;
        max = max < piece ? max : piece;
    }
    if (rest.len > max)
        rest.len = max;
    memcpy(to, rest.ptr, rest.len);
    return (ssize_t)rest.len;
}

static void free_spoiled(void *arg)
{
    struct spoiled *body = arg;

    lk_buf_wipe(&body->bytes);
    free(body);
}

static void copy_bytes(const struct local_reply *reply, size_t len, struct lk_buf *ret)
{
    char byte;

    if (reply->file_fd < 0)
        lk_buf_put(ret, lk_str_slice(lk_buf_view(&reply->body), 0, len));
    for (size_t i = 0; reply->file_fd >= 0 && i < len; i++) {
        if (pread(reply->file_fd, &byte, 1, reply->file_offset + (int64_t)i) == 1)
            lk_buf_put_char(ret, byte);
    }
}

struct MHD_Response *local_spoiled_response(const struct local_reply *reply, struct lk_cancel *stop)
{
    struct spoiled *body = lk_alloc(sizeof *body);
    int64_t whole = reply->file_fd >= 0 ? reply->file_len : (int64_t)reply->body.len;
    int64_t len = reply->cut_body ? whole / 2 : whole;

    if (reply->cut_at >= 0 && reply->cut_at < len)
        len = reply->cut_at;
    if (len > SPOILED_MAX)
        len = SPOILED_MAX;
    *body = (struct spoiled){.bytes = LK_BUF_INIT(SPOILED_MAX),
                             .whole = len == whole,
                             .drip_ms = reply->drip_ms,
                             .stop = stop};
    copy_bytes(reply, (size_t)len, &body->bytes);
    return MHD_create_response_from_callback((uint64_t)whole, SPOILED_MAX, read_spoiled, body,
                                             free_spoiled);
}
