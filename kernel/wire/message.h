/* The Jupyter message codec: frames ↔ struct (jupyter.md §1.2, §1.3). The signature is
 * checked, length first, before a byte of JSON is parsed. Pure; any thread. */
#ifndef LK_WIRE_MESSAGE_H
#define LK_WIRE_MESSAGE_H

#include "base/json.h"
#include "wire/signature.h"

enum { LK_IDENTITIES_MAX = 8 };

/* A request. Identities borrow from the frames it was read from; the JSON is owned. */
struct lk_message {
    struct lk_str identities[LK_IDENTITIES_MAX];
    size_t identity_count;
    json_t *header;
    json_t *parent_header;
    json_t *metadata;
    json_t *content;
    struct lk_str type;      /* header.msg_type */
    struct lk_str msg_id;    /* header.msg_id */
    struct lk_str signature; /* as it came; borrowed like the identities */
};

#define LK_MESSAGE_INIT                                                                            \
    {                                                                                              \
        .header = NULL                                                                             \
    }
void lk_message_done(struct lk_message *message);
/* LK_PROTOCOL: malformed; LK_DENIED: wrong or missing signature; ret holds nothing after either.
 * LK_INVALID: signed and addressed, but another dict than the header is no JSON object. Then ret
 * holds the header and empty dicts, enough for an answer, and err the reason to give in it. Nothing
 * of the content is in err. */
LK_MUST_USE enum lk_status lk_message_read(const struct lk_str *frames, size_t count,
                                           const struct lk_secret *key, struct lk_message *ret,
                                           struct lk_error *err);

/* What a message from us is made of; everything borrowed. */
struct lk_outgoing {
    const struct lk_str *identities; /* or, on iopub, the topic as the only one */
    size_t identity_count;
    const char *type;
    const char *msg_id;          /* NULL: a fresh one */
    const json_t *parent_header; /* NULL: {} */
    const json_t *metadata;      /* NULL: {} */
    const json_t *content;       /* NULL: {} */
};
/* The bytes of the four dicts, ready to be signed and sent. */
struct lk_encoded {
    struct lk_buf header, parent_header, metadata, content;
};
#define LK_ENCODED_INIT                                                                            \
    {                                                                                              \
        LK_BUF_INIT(4096), LK_BUF_INIT(1 << 20), LK_BUF_INIT(1 << 20), LK_BUF_INIT(64 << 20)       \
    }
void lk_encoded_done(struct lk_encoded *encoded);
/* session: our one session id, the same on every channel. */
void lk_message_write(const struct lk_outgoing *outgoing, const char *session, int64_t now_unix_ms,
                      struct lk_encoded *ret);

#endif
