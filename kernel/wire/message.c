#include "wire/message.h"

#include "base/timefmt.h"
#include "base/uuid.h"

#include <string.h>

/* Every answer carries the request's header back. */
enum { HEADER_MAX = 64 << 10 };

static const struct lk_str delimiter = LK_STR_INIT("<IDS|MSG>");

void lk_message_done(struct lk_message *message)
{
    lk_json_unref(&message->header);
    lk_json_unref(&message->parent_header);
    lk_json_unref(&message->metadata);
    lk_json_unref(&message->content);
}

static enum lk_status malformed(struct lk_error *err, const char *why)
{
    return lk_error_set(err, LK_PROTOCOL, "BadMessage", "malformed message: %s", why);
}

/* Index of the delimiter, or count. */
static size_t find_delimiter(const struct lk_str *frames, size_t count)
{
    size_t at = 0;

    while (at < count && !lk_str_eq(frames[at], delimiter))
        at++;
    return at;
}

static enum lk_status read_dict(struct lk_str frame, const char *what, json_t **ret,
                                struct lk_error *err)
{
    enum lk_status st = lk_json_parse(frame, what, ret, err);

    if (!st && !json_is_object(*ret))
        st = lk_error_set(err, LK_PROTOCOL, "BadMessage", "malformed message: the %s is no object",
                          what);
    return st;
}

static enum lk_status read_header(struct lk_message *ret, struct lk_error *err)
{
    enum lk_status st;

    if (ret->dicts[0].len > HEADER_MAX)
        return malformed(err, "the header is too large");
    st = read_dict(ret->dicts[0], "header", &ret->header, err);
    if (st)
        return st;
    ret->type = lk_json_get_str(ret->header, "msg_type");
    ret->msg_id = lk_json_get_str(ret->header, "msg_id");
    if (!ret->type.len || !ret->msg_id.len)
        return malformed(err, "no msg_type or msg_id");
    return LK_OK;
}

enum lk_status lk_message_read_header(const struct lk_str *frames, size_t count,
                                      const struct lk_secret *key, struct lk_message *ret,
                                      struct lk_error *err)
{
    size_t at = find_delimiter(frames, count);
    enum lk_status st;

    memset(ret, 0, sizeof *ret);
    if (at == count)
        return malformed(err, "no <IDS|MSG>");
    if (at > LK_IDENTITIES_MAX)
        return malformed(err, "too many identities");
    if (count - at < 6)
        return malformed(err, "too few frames");
    if (!lk_signature_check(key, frames + at + 2, frames[at + 1]))
        return lk_error_set(err, LK_DENIED, "BadSignature", "a message with a wrong signature");

    memcpy(ret->identities, frames, at * sizeof *frames);
    ret->identity_count = at;
    ret->signature = frames[at + 1];
    ret->dicts = frames + at + 2;
    st = read_header(ret, err);
    if (st)
        lk_message_done(ret);
    return st;
}

static void forget_rest(struct lk_message *message)
{
    lk_json_unref(&message->parent_header);
    lk_json_unref(&message->metadata);
    lk_json_unref(&message->content);
    message->parent_header = json_object();
    message->metadata = json_object();
    message->content = json_object();
}

enum lk_status lk_message_read_rest(struct lk_message *message, struct lk_error *err)
{
    enum lk_status st = read_dict(message->dicts[1], "parent_header", &message->parent_header, err);

    if (!st)
        st = read_dict(message->dicts[2], "metadata", &message->metadata, err);
    if (!st)
        st = read_dict(message->dicts[3], "content", &message->content, err);
    if (!st)
        return LK_OK;
    forget_rest(message);
    if (err)
        err->status = LK_INVALID;
    return LK_INVALID;
}

enum lk_status lk_message_read(const struct lk_str *frames, size_t count,
                               const struct lk_secret *key, struct lk_message *ret,
                               struct lk_error *err)
{
    enum lk_status st = lk_message_read_header(frames, count, key, ret, err);

    return st ? st : lk_message_read_rest(ret, err);
}

void lk_encoded_done(struct lk_encoded *encoded)
{
    lk_buf_done(&encoded->header);
    lk_buf_done(&encoded->content);
}

/* {"msg_id":…, …}; all of these are our own plain ASCII: nothing to escape. */
static struct lk_str write_header(const struct lk_outgoing *outgoing, const char *session,
                                  int64_t now_unix_ms, struct lk_buf *ret)
{
    char msg_id[LK_UUID_SIZE];
    char date[LK_TIME_TEXT_MAX];
    const char *const pieces[] = {"{\"msg_id\":\"",
                                  outgoing->msg_id ? outgoing->msg_id : msg_id,
                                  "\",\"session\":\"",
                                  session,
                                  "\",\"username\":\"livy-kernel\",\"date\":\"",
                                  date,
                                  "\",\"msg_type\":\"",
                                  outgoing->type,
                                  "\",\"version\":\"5.4\"}"};

    if (!outgoing->msg_id)
        lk_uuid_v4(msg_id);
    lk_time_iso8601(now_unix_ms, date);
    for (size_t i = 0; i < LK_COUNT(pieces); i++)
        lk_buf_put(ret, lk_str_from(pieces[i]));
    return lk_buf_view(ret);
}

static struct lk_str write_content(const struct lk_outgoing *outgoing, struct lk_buf *ret)
{
    if (outgoing->content) {
        lk_json_write(outgoing->content, false, ret);
        return lk_buf_view(ret);
    }
    return outgoing->content_text.len ? outgoing->content_text : LK_STR("{}");
}

void lk_message_write(const struct lk_outgoing *outgoing, const char *session, int64_t now_unix_ms,
                      struct lk_encoded *ret)
{
    ret->dicts[0] = write_header(outgoing, session, now_unix_ms, &ret->header);
    ret->dicts[1] = outgoing->parent_header.len ? outgoing->parent_header : LK_STR("{}");
    ret->dicts[2] = LK_STR("{}");
    ret->dicts[3] = write_content(outgoing, &ret->content);
}
