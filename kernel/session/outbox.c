#include "session/outbox.h"

#include "base/log.h"

#include <stdio.h>

/* Signs the four dicts and sends identities, delimiter, signature, dicts. */
static bool send_signed(struct lk_socket *socket, const struct lk_secret *key,
                        const struct lk_str *identities, size_t identity_count,
                        const struct lk_str dicts[4])
{
    struct lk_str parts[LK_IDENTITIES_MAX + 6];
    char signature[LK_SIGNATURE_HEX + 1];
    struct lk_error err; /* 11 KB: filled when needed */
    enum lk_status st;
    size_t count = 0;

    lk_signature_make(key, dicts, signature);
    for (size_t i = 0; i < identity_count && i < LK_IDENTITIES_MAX; i++)
        parts[count++] = identities[i];
    parts[count++] = LK_STR("<IDS|MSG>");
    parts[count++] = lk_str_from(signature);
    for (int i = 0; i < 4; i++)
        parts[count++] = dicts[i];
    st = lk_socket_send(socket, parts, count, &err);
    if (st && st != LK_NOT_FOUND)
        lk_log(LK_LOG_ERROR, "%s", err.message);
    return st != LK_NOT_FOUND;
}

#define TOO_LARGE                                                                                  \
    "{\"status\":\"error\",\"ename\":\"ReplyTooLarge\",\"evalue\":\"the reply is over the "        \
    "ceiling\",\"traceback\":[],\"execution_count\":0}"

static void send_message(struct lk_outbox *outbox, struct lk_socket *socket,
                         const struct lk_outgoing *outgoing)
{
    LK_CLEANUP(lk_encoded_done) struct lk_encoded encoded = LK_ENCODED_INIT;

    lk_message_write(outgoing, outbox->session, outbox->clock->unix_ms(outbox->clock), &encoded);
    if (encoded.content.full && socket == outbox->iopub) {
        lk_log(LK_LOG_ERROR, "a %s message over %zu bytes was dropped", outgoing->type,
               encoded.content.max);
        return;
    }
    /* A client waits for a reply, whatever it says. */
    if (encoded.content.full)
        encoded.dicts[3] = LK_STR(TOO_LARGE);
    send_signed(socket, outbox->key, outgoing->identities, outgoing->identity_count, encoded.dicts);
}

static struct lk_str parent_of(const struct lk_message *request)
{
    return request ? request->dicts[0] : LK_STR_EMPTY;
}

void lk_outbox_publish(struct lk_outbox *outbox, struct lk_str topic, const char *type,
                       const struct lk_message *parent, const json_t *content)
{
    send_message(outbox, outbox->iopub,
                 &(struct lk_outgoing){.identities = &topic,
                                       .identity_count = 1,
                                       .type = type,
                                       .parent_header = parent_of(parent),
                                       .content = content});
}

void lk_outbox_status(struct lk_outbox *outbox, const struct lk_message *parent,
                      enum lk_state state)
{
    static const struct lk_str contents[] = {
        [LK_STARTING] = LK_STR_INIT("{\"execution_state\":\"starting\"}"),
        [LK_BUSY] = LK_STR_INIT("{\"execution_state\":\"busy\"}"),
        [LK_IDLE] = LK_STR_INIT("{\"execution_state\":\"idle\"}"),
    };
    static const struct lk_str topic = LK_STR_INIT("status");

    send_message(outbox, outbox->iopub,
                 &(struct lk_outgoing){.identities = &topic,
                                       .identity_count = 1,
                                       .type = "status",
                                       .parent_header = parent_of(parent),
                                       .content_text = contents[state]});
}

void lk_reply_type(struct lk_str request_type, char ret[64])
{
    struct lk_str suffix = LK_STR("_request");

    if (lk_str_ends(request_type, suffix))
        snprintf(ret, 64, "%.*s_reply", (int)(request_type.len - suffix.len), request_type.ptr);
    else
        snprintf(ret, 64, "%.*s", LK_STR_ARGS(request_type));
}

void lk_outbox_reply_take(struct lk_outbox *outbox, struct lk_socket *socket,
                          const struct lk_message *request, json_t *content)
{
    char type[64];

    lk_reply_type(request->type, type);
    send_message(outbox, socket,
                 &(struct lk_outgoing){.identities = request->identities,
                                       .identity_count = request->identity_count,
                                       .type = type,
                                       .parent_header = request->dicts[0],
                                       .content = content});
    json_decref(content);
}

void lk_outbox_answer_take(struct lk_outbox *outbox, struct lk_socket *socket,
                           const struct lk_message *request, json_t *content)
{
    lk_outbox_status(outbox, request, LK_BUSY);
    if (lk_str_eq(request->type, LK_STR("shutdown_request")))
        lk_outbox_publish(outbox, LK_STR("shutdown_reply"), "shutdown_reply", request, content);
    if (content)
        lk_outbox_reply_take(outbox, socket, request, content);
    lk_outbox_status(outbox, request, LK_IDLE);
}

bool lk_outbox_relay(struct lk_outbox *outbox, struct lk_socket *socket,
                     const struct lk_str *frames, size_t count)
{
    size_t delimiter = count - 5;

    return send_signed(socket, outbox->key, frames, delimiter, frames + delimiter + 1);
}
