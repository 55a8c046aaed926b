#include "session/inlet.h"

#include "base/log.h"

enum {
    DROPPED_EVERY_MS = 1000,
    BAD_ONES =
        64, /* before others get their turn: nobody who floods one socket holds up the rest */
};

static void tell_dropped(struct lk_inlet *inlet, const char *why)
{
    int64_t now = inlet->clock->monotonic_ms(inlet->clock);

    if (inlet->told_ms && now - inlet->told_ms < DROPPED_EVERY_MS) {
        inlet->untold++;
        return;
    }
    if (inlet->untold)
        lk_log(LK_LOG_WARN, "a message was dropped: %s (and %zu before it)", why, inlet->untold);
    else
        lk_log(LK_LOG_WARN, "a message was dropped: %s", why);
    inlet->told_ms = now;
    inlet->untold = 0;
}

/* Whether a message may be acted on. */
static bool is_good(struct lk_inlet *inlet, struct lk_queued *queued)
{
    struct lk_error err; /* 11 KB: filled when needed */

    if (queued->frames.oversized) {
        tell_dropped(inlet, "it is over the ceiling");
        return false;
    }
    if (lk_message_read_header(queued->frames.parts, queued->frames.count, inlet->key,
                               &queued->message, &err)) {
        tell_dropped(inlet, err.message);
        return false;
    }
    if (lk_replay_check(&inlet->replay, queued->message.signature)) {
        tell_dropped(inlet, "it came twice");
        return false;
    }
    return true;
}

static struct lk_queued *receive(struct lk_inlet *inlet)
{
    struct lk_frames frames = LK_FRAMES_INIT;
    struct lk_queued *queued;

    if (lk_socket_receive(inlet->socket, &frames, NULL))
        return NULL;
    queued = lk_alloc(sizeof *queued);
    queued->frames = frames;
    return queued;
}

struct lk_queued *lk_inlet_receive(struct lk_inlet *inlet)
{
    inlet->more = false;
    for (int i = 0; i < BAD_ONES; i++) {
        struct lk_queued *queued = receive(inlet);
        if (!queued || is_good(inlet, queued))
            return queued;
        lk_queued_free(queued);
    }
    inlet->more = true;
    return NULL;
}
