/* The Jupyter message codec: frames ↔ struct (jupyter.md §1.2, §1.3). The signature is
 * checked, length first, before a byte of JSON is parsed. Pure; any thread. */
#ifndef LK_WIRE_MESSAGE_H
#define LK_WIRE_MESSAGE_H

#include "base/json.h"
#include "wire/signature.h"

enum { LK_IDENTITIES_MAX = 8 };

/* A request. What is text here borrows from the frames it was read from; the JSON is owned. */
struct lk_message {
    struct lk_str identities[LK_IDENTITIES_MAX];
    size_t identity_count;
    const struct lk_str *dicts; /* the four as they came; dicts[0] is the parent of every answer */
    json_t *header;
    json_t *parent_header;
    json_t *metadata;
    json_t *content;
    struct lk_str type;      /* header.msg_type */
    struct lk_str msg_id;    /* header.msg_id */
    struct lk_str signature; /* as it came */
};

#define LK_MESSAGE_INIT                                                                            \
    {                                                                                              \
        .header = NULL                                                                             \
    }
void lk_message_done(struct lk_message *message);
/* Reads the signature and the header, which say whether and where the rest is to be read.
 * LK_PROTOCOL: malformed; LK_DENIED: wrong or missing signature; ret holds nothing after either,
 * and nothing of the content is in err. */
LK_MUST_USE enum lk_status lk_message_read_header(const struct lk_str *frames, size_t count,
                                                  const struct lk_secret *key,
                                                  struct lk_message *ret, struct lk_error *err);
/* Reads parent_header, metadata and content of a message whose header was read. LK_INVALID: one of
 * them is no JSON object; all three are empty objects then, and err holds the reason to give in the
 * answer, without any of the content. */
LK_MUST_USE enum lk_status lk_message_read_rest(struct lk_message *message, struct lk_error *err);
/* Both. After LK_INVALID ret is to be released, too. */
LK_MUST_USE enum lk_status lk_message_read(const struct lk_str *frames, size_t count,
                                           const struct lk_secret *key, struct lk_message *ret,
                                           struct lk_error *err);

/* What a message from us is made of; everything borrowed. */
struct lk_outgoing {
    const struct lk_str *identities; /* or, on iopub, the topic as the only one */
    size_t identity_count;
    const char *type;
    const char *msg_id;          /* NULL: a fresh one */
    struct lk_str parent_header; /* the request's header as it came; empty: {} */
    const json_t *content;       /* NULL: */
    struct lk_str content_text;  /* the content as JSON text; empty: {} */
};
/* The four dicts, ready to be signed and sent; they borrow from what they were made of. */
struct lk_encoded {
    struct lk_str dicts[4];
    struct lk_buf header, content;
};
#define LK_ENCODED_INIT                                                                            \
    {                                                                                              \
        .header = LK_BUF_INIT(4096), .content = LK_BUF_INIT(64 << 20)                              \
    }
void lk_encoded_done(struct lk_encoded *encoded);
/* session: our one session id, the same on every channel. */
void lk_message_write(const struct lk_outgoing *outgoing, const char *session, int64_t now_unix_ms,
                      struct lk_encoded *ret);

#endif
