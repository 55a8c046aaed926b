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

void lk_exchange_look(struct lk_exchange *exchange)
{
    if (lk_socket_has_input(exchange->outbox->iopub))
        lk_exchange_forward(exchange, LK_TAG_LOOK, NULL, 0);
}

void lk_exchange_publish(struct lk_exchange *exchange, const char *type,
                         const struct lk_message *parent, const json_t *content)
{
    struct lk_clock *clock = exchange->outbox->clock;
    int64_t now_ms = clock->monotonic_ms(clock);

    lk_outbox_publish(exchange->outbox, lk_str_from(type), type, parent, content);
    /* libzmq takes in news on sending about once a millisecond, and so often a look is enough. */
    if (now_ms != exchange->looked_ms)
        lk_exchange_look(exchange);
    exchange->looked_ms = now_ms;
}
