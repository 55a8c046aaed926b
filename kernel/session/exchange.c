#include "session/exchange.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

#define TOO_LARGE                                                                                  \
    "{\"status\":\"error\",\"ename\":\"ReplyTooLarge\",\"evalue\":\"the reply is over the "        \
    "ceiling\",\"traceback\":[],\"execution_count\":0}"

static void send_frames(struct lk_socket *socket, const struct lk_str *parts, size_t count)
{
    struct lk_error err = LK_ERROR_INIT;

    if (lk_socket_send(socket, parts, count, &err))
        lk_log(LK_LOG_ERROR, "%s", err.message);
}

void lk_exchange_forward(struct lk_exchange *exchange, struct lk_str tag,
                         const struct lk_str *frames, size_t count)
{
    struct lk_str parts[LK_FRAMES_MAX + 1];

    if (count > LK_FRAMES_MAX)
        count = LK_FRAMES_MAX;
    parts[0] = tag;
    if (count)
        memcpy(parts + 1, frames, count * sizeof *frames);
    send_frames(exchange->pair, parts, count + 1);
}

void lk_exchange_send(struct lk_exchange *exchange, struct lk_str tag,
                      const struct lk_outgoing *outgoing)
{
    LK_CLEANUP(lk_encoded_done) struct lk_encoded encoded = LK_ENCODED_INIT;
    struct lk_str parts[LK_IDENTITIES_MAX + 6];
    size_t count = 0;

    lk_message_write(outgoing, exchange->session, exchange->clock->unix_ms(exchange->clock),
                     &encoded);
    if (encoded.content.full && lk_str_eq(tag, LK_TAG_DONE)) {
        /* A client waits for this one, whatever it says. */
        encoded.dicts[3] = LK_STR(TOO_LARGE);
    } else if (encoded.content.full) {
        lk_log(LK_LOG_ERROR, "a %s message over %zu bytes was dropped", outgoing->type,
               encoded.content.max);
        return;
    }
    parts[count++] = tag;
    for (size_t i = 0; i < outgoing->identity_count && i < LK_IDENTITIES_MAX; i++)
        parts[count++] = outgoing->identities[i];
    parts[count++] = LK_STR("<IDS|MSG>");
    for (int i = 0; i < 4; i++)
        parts[count++] = encoded.dicts[i];
    send_frames(exchange->pair, parts, count);
}

void lk_exchange_publish(struct lk_exchange *exchange, const char *type,
                         const struct lk_message *parent, const json_t *content)
{
    struct lk_str topic = lk_str_from(type);

    lk_exchange_send(exchange, LK_TAG_IOPUB,
                     &(struct lk_outgoing){.identities = &topic,
                                           .identity_count = 1,
                                           .type = type,
                                           .parent_header = parent->dicts[0],
                                           .content = content});
}

void lk_reply_type(struct lk_str request_type, char ret[64])
{
    struct lk_str suffix = LK_STR("_request");

    if (lk_str_ends(request_type, suffix))
        snprintf(ret, 64, "%.*s_reply", (int)(request_type.len - suffix.len), request_type.ptr);
    else
        snprintf(ret, 64, "%.*s", LK_STR_ARGS(request_type));
}

void lk_exchange_reply_take(struct lk_exchange *exchange, const struct lk_message *request,
                            json_t *content)
{
    char type[64];

    lk_reply_type(request->type, type);
    lk_exchange_send(exchange, LK_TAG_DONE,
                     &(struct lk_outgoing){.identities = request->identities,
                                           .identity_count = request->identity_count,
                                           .type = type,
                                           .parent_header = request->dicts[0],
                                           .content = content});
    json_decref(content);
}
