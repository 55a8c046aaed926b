#include "session/exchange.h"

#include "base/log.h"

#include <string.h>

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

void lk_exchange_ask(struct lk_exchange *exchange, const struct lk_outgoing *outgoing)
{
    LK_CLEANUP(lk_encoded_done) struct lk_encoded encoded = LK_ENCODED_INIT;
    struct lk_clock *clock = exchange->outbox->clock;
    struct lk_str parts[LK_IDENTITIES_MAX + 5];
    size_t count = 0;

    lk_message_write(outgoing, exchange->outbox->session, clock->unix_ms(clock), &encoded);
    for (size_t i = 0; i < outgoing->identity_count && i < LK_IDENTITIES_MAX; i++)
        parts[count++] = outgoing->identities[i];
    parts[count++] = LK_STR("<IDS|MSG>");
    for (int i = 0; i < 4; i++)
        parts[count++] = encoded.dicts[i];
    lk_exchange_forward(exchange, LK_TAG_STDIN, parts, count);
}

/* The router waits for subscribers, and a call of ours may have hidden one from it. */
static void look_for_subscribers(struct lk_exchange *exchange)
{
    if (lk_socket_has_input(exchange->outbox->iopub))
        lk_exchange_forward(exchange, LK_TAG_LOOK, NULL, 0);
}

void lk_exchange_begin(struct lk_exchange *exchange, const struct lk_message *request)
{
    lk_outbox_status(exchange->outbox, request, LK_BUSY);
    look_for_subscribers(exchange);
}

void lk_exchange_publish(struct lk_exchange *exchange, const char *type,
                         const struct lk_message *parent, const json_t *content)
{
    lk_outbox_publish(exchange->outbox, lk_str_from(type), type, parent, content);
    look_for_subscribers(exchange);
}

void lk_exchange_fail(struct lk_exchange *exchange)
{
    struct lk_poll_item item = {.socket = exchange->pair};

    lk_exchange_forward(exchange, LK_TAG_FAILED, NULL, 0);
    while (lk_socket_poll(&item, 1, -1, NULL) == LK_OK) {
        LK_CLEANUP(lk_frames_done) struct lk_frames frames = LK_FRAMES_INIT;
        /* Anything else now is an answer to a question that is over. */
        if (lk_socket_receive(exchange->pair, &frames, NULL) == LK_OK && frames.count &&
            lk_str_eq(frames.parts[0], LK_TAG_MARKED))
            return;
    }
}

void lk_exchange_finish_take(struct lk_exchange *exchange, const struct lk_message *request,
                             json_t *content)
{
    if (content)
        lk_outbox_reply_take(exchange->outbox, exchange->outbox->shell, request, content);
    lk_outbox_status(exchange->outbox, request, LK_IDLE);
    lk_exchange_forward(exchange, LK_TAG_DONE, NULL, 0);
}
