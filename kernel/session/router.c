#include "session/router.h"

#include "base/log.h"
#include "session/exchange.h"
#include "session/plain_answers.h"

#include <stdlib.h>
#include <string.h>

enum {
    WELCOME_WAIT_MS = 1000, /* for the first subscriber (jupyter.md §5.4) */
    TICK_MS = 1000,         /* for the parent and for what waits on shell */
    LEAVE_WAIT_MS = 1000,   /* for the executor's end */
    /* Of one kind before the others get their turn: nobody who floods one socket holds up the
     * rest. */
    TURN = 64,
};

struct lk_router {
    struct lk_router_options options;
    struct lk_inlet control, in;
    struct lk_socket *shell_socket, *iopub, *pair, *executor_pair;
    struct lk_shell *shell;
    struct lk_outbox outbox;
    bool asking;      /* the running cell waits for an answer on stdin */
    bool open;        /* somebody has subscribed, or was waited for long enough */
    int64_t gate_ms;  /* monotonic deadline of that wait; 0: nobody asked yet */
    int64_t ticks_ms; /* monotonic: when the next tick is due */
    bool leaving;
    bool executor_left;
};

/* ---- the gate ------------------------------------------------------------------------------ */

static int64_t now_ms(const struct lk_router *router)
{
    return router->options.clock->monotonic_ms(router->options.clock);
}

static void to_executor(struct lk_router *router, struct lk_str tag)
{
    struct lk_exchange exchange = {.pair = router->pair};

    lk_exchange_forward(&exchange, tag, NULL, 0);
}

/* Some clients ask before they subscribe and would never see the busy and idle of their first
 * request: it waits for them, be it on control or on shell, but not for ever. */
static void ask_at_gate(struct lk_router *router)
{
    if (!router->open && !router->gate_ms)
        router->gate_ms = now_ms(router) + WELCOME_WAIT_MS;
}

static void open_gate(struct lk_router *router)
{
    if (router->open)
        return;
    router->open = true;
    to_executor(router, LK_TAG_OPEN);
}

/* XPUB hands subscriptions up as messages: 1 + topic, or 0 + topic for leaving. */
static void read_iopub(struct lk_router *router)
{
    LK_CLEANUP(lk_frames_done) struct lk_frames frames = LK_FRAMES_INIT;

    for (int i = 0; i < TURN && lk_socket_receive(router->iopub, &frames, NULL) == LK_OK; i++) {
        struct lk_str topic;
        json_t *content;
        if (!frames.count || !frames.parts[0].len || frames.parts[0].ptr[0] != 1)
            continue;
        topic = lk_str_slice(frames.parts[0], 1, frames.parts[0].len);
        content = json_object();
        json_object_set_new(content, "subscription", lk_json_text(topic));
        lk_outbox_publish(&router->outbox, topic, "iopub_welcome", NULL, content);
        json_decref(content);
        /* Said before, nobody would have heard it; the welcome comes first (JEP 65). */
        if (!router->open)
            lk_outbox_status(&router->outbox, NULL, LK_STARTING);
        open_gate(router);
    }
}

/* ---- the executor -------------------------------------------------------------------------- */

static void relay_question(struct lk_router *router, const struct lk_frames *frames)
{
    if (frames->count < 6) {
        lk_log(LK_LOG_ERROR, "a broken message from the executor");
        return;
    }
    router->asking =
        lk_outbox_relay(&router->outbox, router->in.socket, frames->parts + 1, frames->count - 1);
    if (!router->asking)
        to_executor(router, LK_TAG_NOBODY);
}

static void relay_answer(struct lk_router *router, const struct lk_frames *frames)
{
    struct lk_exchange exchange = {.pair = router->pair};
    struct lk_str parts[LK_FRAMES_MAX];
    size_t delimiter = 0;

    memcpy(parts, frames->parts, frames->count * sizeof *parts);
    while (!lk_str_eq(parts[delimiter], LK_STR("<IDS|MSG>")))
        delimiter++;
    /* The signature has been checked and ends here: the executor reads with an empty key. So do
     * buffers, which nobody reads. */
    parts[delimiter + 1] = LK_STR_EMPTY;
    lk_exchange_forward(&exchange, LK_TAG_INPUT, parts, delimiter + 6);
}

static void from_executor(struct lk_router *router, const struct lk_frames *frames)
{
    struct lk_str tag = frames->count ? frames->parts[0] : LK_STR_EMPTY;

    if (lk_str_eq(tag, LK_TAG_ASKED))
        ask_at_gate(router);
    else if (lk_str_eq(tag, LK_TAG_LOOK))
        read_iopub(router);
    else if (lk_str_eq(tag, LK_TAG_STDIN))
        relay_question(router, frames);
    else if (lk_str_eq(tag, LK_TAG_ANSWERED))
        router->asking = false;
    else if (lk_str_eq(tag, LK_TAG_LEFT))
        router->leaving = router->executor_left = true;
}

static void read_executor(struct lk_router *router)
{
    LK_CLEANUP(lk_frames_done) struct lk_frames frames = LK_FRAMES_INIT;

    for (int i = 0; i < TURN && lk_socket_receive(router->pair, &frames, NULL) == LK_OK; i++)
        from_executor(router, &frames);
}

/* ---- requests ------------------------------------------------------------------------------ */

static json_t *content_of_answer(struct lk_router *router, const struct lk_message *request)
{
    if (!lk_str_eq(request->type, LK_STR("interrupt_request")))
        return lk_plain_answer(request, router->options.connection);
    lk_shell_interrupt(router->shell);
    return json_pack("{s:s}", "status", "ok");
}

static void answer_take(struct lk_router *router, struct lk_socket *socket,
                        struct lk_queued *queued)
{
    struct lk_message *request = &queued->message;
    struct lk_error err = LK_ERROR_INIT;

    if (lk_message_read_rest(request, &err))
        lk_log(LK_LOG_WARN, "%s; taken as empty", err.message);
    lk_outbox_answer_take(&router->outbox, socket, request, content_of_answer(router, request));
    router->leaving = router->leaving || lk_str_eq(request->type, LK_STR("shutdown_request"));
    lk_queued_free(queued);
}

static void read_control(struct lk_router *router)
{
    struct lk_queued *queued;

    for (int i = 0; i < TURN && !router->leaving; i++) {
        queued = lk_inlet_receive(&router->control);
        if (!queued)
            return;
        answer_take(router, router->control.socket, queued);
    }
}

/* What on shell must not wait for the running cell, which may be over by the time of our answer:
 * then the executor waits for the socket already. */
static void look_at_shell(struct lk_router *router)
{
    struct lk_queued *queued;

    for (int i = 0; i < TURN && !router->leaving; i++) {
        queued = lk_shell_look(router->shell);
        if (!queued)
            return;
        answer_take(router, router->shell_socket, queued);
        to_executor(router, LK_TAG_LOOK);
    }
}

static void read_stdin(struct lk_router *router)
{
    struct lk_queued *queued;

    for (int i = 0; i < TURN; i++) {
        queued = lk_inlet_receive(&router->in);
        if (!queued)
            return;
        /* An answer that nobody waits for any more would be taken for that to a later question. */
        if (router->asking && lk_str_eq(queued->message.type, LK_STR("input_reply")))
            relay_answer(router, &queued->frames);
        lk_queued_free(queued);
    }
}

/* ---- the loop ------------------------------------------------------------------------------ */

static int64_t poll_timeout(const struct lk_router *router)
{
    int64_t until = router->ticks_ms, left;

    if (!router->open && router->gate_ms && router->gate_ms < until)
        until = router->gate_ms;
    left = until - now_ms(router);
    return left > 0 ? left : 0;
}

/* Control is the last: while the gate is closed it would be ready again and again without being
 * read, and is not looked at. */
enum { ITEM_IOPUB, ITEM_SIGNAL, ITEM_PAIR, ITEM_STDIN, ITEM_CONTROL, ITEMS };

static void read_sockets(struct lk_router *router, const struct lk_poll_item items[ITEMS])
{
    if (items[ITEM_IOPUB].ready)
        read_iopub(router);
    if (items[ITEM_PAIR].ready)
        read_executor(router);
    if (items[ITEM_STDIN].ready)
        read_stdin(router);
    if (items[ITEM_CONTROL].ready)
        ask_at_gate(router);
    if (router->gate_ms && now_ms(router) >= router->gate_ms)
        open_gate(router);
    if (items[ITEM_CONTROL].ready && router->open)
        read_control(router);
}

/* Signals say themselves that they came; where the system does not tell of the parent's death, a
 * look once a second does. */
static bool is_terminated(struct lk_router *router, bool signalled)
{
    bool tick = now_ms(router) >= router->ticks_ms;

    if (!signalled && !tick)
        return false;
    if (router->options.terminated())
        return true;
    /* Behind the call that takes the wake-up away: SIGINT may have come just before it. */
    lk_shell_signalled(router->shell);
    if (tick) {
        router->ticks_ms = now_ms(router) + TICK_MS;
        look_at_shell(router);
    }
    return false;
}

enum step { STEP_ON, STEP_LEAVE, STEP_TERMINATED, STEP_FAILED };

static enum step step(struct lk_router *router)
{
    struct lk_poll_item items[ITEMS] = {
        [ITEM_IOPUB] = {.socket = router->iopub},
        [ITEM_SIGNAL] = {.fd = router->options.signal_fd},
        [ITEM_PAIR] = {.socket = router->pair},
        [ITEM_STDIN] = {.socket = router->in.socket},
        [ITEM_CONTROL] = {.socket = router->control.socket},
    };
    size_t watched = router->gate_ms && !router->open ? ITEM_CONTROL : ITEMS;
    struct lk_error err = LK_ERROR_INIT;

    if (lk_socket_poll(items, watched, poll_timeout(router), &err)) {
        lk_log(LK_LOG_ERROR, "%s", err.message);
        return STEP_FAILED;
    }
    if (is_terminated(router, items[ITEM_SIGNAL].ready))
        return STEP_TERMINATED;
    read_sockets(router, items);
    return router->leaving ? STEP_LEAVE : STEP_ON;
}

/* The executor ends its request on the cancel flag; outputs on the way are still sent. */
static bool end_executor(struct lk_router *router)
{
    int64_t deadline = now_ms(router) + LEAVE_WAIT_MS;
    struct lk_poll_item item = {.socket = router->pair};

    lk_shell_close(router->shell);
    to_executor(router, LK_TAG_QUIT);
    while (!router->executor_left && now_ms(router) < deadline) {
        if (lk_socket_poll(&item, 1, deadline - now_ms(router), NULL))
            return false;
        read_executor(router);
    }
    return router->executor_left;
}

enum lk_router_end lk_router_run(struct lk_router *router)
{
    enum step next;

    router->ticks_ms = now_ms(router) + TICK_MS;
    do
        next = step(router);
    while (next == STEP_ON);
    if (next == STEP_FAILED)
        return LK_ROUTER_FAILED;
    return next == STEP_LEAVE && end_executor(router) ? LK_ROUTER_QUIT : LK_ROUTER_LEFT;
}

static enum lk_status bind_channels(struct lk_router *router, struct lk_error *err)
{
    const struct {
        struct lk_socket **socket;
        enum lk_socket_kind kind;
        enum lk_channel channel;
    } sockets[] = {{&router->shell_socket, LK_SOCKET_ROUTER, LK_SHELL},
                   {&router->control.socket, LK_SOCKET_ROUTER, LK_CONTROL},
                   {&router->in.socket, LK_SOCKET_ASKER, LK_STDIN},
                   {&router->iopub, LK_SOCKET_XPUB, LK_IOPUB}};
    enum lk_status st = LK_OK;

    for (size_t i = 0; i < LK_COUNT(sockets) && !st; i++) {
        char address[512];
        lk_connection_address(router->options.connection, sockets[i].channel, address);
        st = lk_socket_bind(router->options.zmq, sockets[i].kind, address, sockets[i].socket, err);
    }
    return st;
}

static void set_up_inlet(struct lk_router *router, struct lk_inlet *inlet)
{
    inlet->key = &router->options.connection->key;
    inlet->clock = router->options.clock;
}

/* Everything above the sockets. */
static void set_up(struct lk_router *router)
{
    const struct lk_router_options *options = &router->options;

    lk_socket_share(router->shell_socket);
    lk_socket_share(router->iopub);
    set_up_inlet(router, &router->control);
    set_up_inlet(router, &router->in);
    router->outbox = (struct lk_outbox){.key = &options->connection->key,
                                        .session = options->session,
                                        .clock = options->clock,
                                        .shell = router->shell_socket,
                                        .iopub = router->iopub};
    router->shell =
        lk_shell_new(&(struct lk_shell_options){.socket = router->shell_socket,
                                                .key = &options->connection->key,
                                                .clock = options->clock,
                                                .cancel = options->cancel,
                                                .interrupted = options->interrupted,
                                                .forget_interrupts = options->forget_interrupts});
}

enum lk_status lk_router_new(const struct lk_router_options *options, struct lk_router **ret,
                             struct lk_error *err)
{
    struct lk_router *router = lk_alloc(sizeof *router);
    enum lk_status st;

    router->options = *options;
    st = lk_socket_bind(options->zmq, LK_SOCKET_PAIR, LK_EXCHANGE_ADDRESS, &router->pair, err);
    if (!st)
        st = lk_socket_connect(options->zmq, LK_SOCKET_PAIR, LK_EXCHANGE_ADDRESS,
                               &router->executor_pair, err);
    if (!st)
        st = bind_channels(router, err);
    if (st) {
        lk_router_free(router);
        return st;
    }
    set_up(router);
    *ret = router;
    return LK_OK;
}

struct lk_outbox *lk_router_outbox(struct lk_router *router)
{
    return &router->outbox;
}

struct lk_shell *lk_router_shell(struct lk_router *router)
{
    return router->shell;
}

struct lk_socket *lk_router_executor_pair(struct lk_router *router)
{
    return router->executor_pair;
}

void lk_router_free(struct lk_router *router)
{
    if (!router)
        return;
    lk_shell_free(router->shell);
    lk_socket_close(router->shell_socket);
    lk_socket_close(router->control.socket);
    lk_socket_close(router->in.socket);
    lk_socket_close(router->iopub);
    lk_socket_close(router->pair);
    lk_socket_close(router->executor_pair);
    free(router);
}
