#include "session/router.h"

#include "base/log.h"
#include "session/exchange.h"
#include "session/kernel_info.h"
#include "session/shell_queue.h"

#include <stdlib.h>
#include <string.h>

enum {
    WELCOME_WAIT_MS = 1000, /* for the first subscriber (jupyter.md §5.4) */
    PARENT_CHECK_MS = 1000,
};

struct lk_router {
    struct lk_router_options options;
    struct lk_socket *shell, *control, *in, *iopub, *pair;
    struct lk_shell_queue queue;
    struct lk_queued *running; /* at the executor; NULL: idle */
    bool subscribed;           /* or waited long enough */
    int64_t gate_ms;           /* monotonic deadline of that wait; 0: nobody asked yet */
    bool leaving;
};

/* ---- sending ------------------------------------------------------------------------------- */

static void send_message(struct lk_router *router, struct lk_socket *socket,
                         const struct lk_outgoing *outgoing)
{
    LK_CLEANUP(lk_encoded_done) struct lk_encoded encoded = LK_ENCODED_INIT;
    struct lk_clock *clock = router->options.clock;

    lk_message_write(outgoing, router->options.session, clock->unix_ms(clock), &encoded);
    lk_send_signed(
        socket, &router->options.connection->key, outgoing->identities, outgoing->identity_count,
        (struct lk_str[]){lk_buf_view(&encoded.header), lk_buf_view(&encoded.parent_header),
                          lk_buf_view(&encoded.metadata), lk_buf_view(&encoded.content)});
}

static void publish_take(struct lk_router *router, struct lk_str topic, const char *type,
                         const json_t *parent, json_t *content)
{
    send_message(router, router->iopub,
                 &(struct lk_outgoing){.identities = &topic,
                                       .identity_count = 1,
                                       .type = type,
                                       .parent_header = parent,
                                       .content = content});
    json_decref(content);
}

static void publish_status(struct lk_router *router, const json_t *parent, const char *state)
{
    publish_take(router, LK_STR("status"), "status", parent,
                 json_pack("{s:s}", "execution_state", state));
}

static void reply_take(struct lk_router *router, struct lk_socket *socket,
                       const struct lk_message *request, json_t *content)
{
    char type[64];

    lk_reply_type(request->type, type);
    send_message(router, socket,
                 &(struct lk_outgoing){.identities = request->identities,
                                       .identity_count = request->identity_count,
                                       .type = type,
                                       .parent_header = request->header,
                                       .content = content});
    json_decref(content);
}

/* ---- the executor -------------------------------------------------------------------------- */

static void to_executor(struct lk_router *router, struct lk_str tag, const struct lk_frames *frames)
{
    struct lk_exchange exchange = {.pair = router->pair};
    struct lk_str parts[LK_FRAMES_MAX];
    size_t delimiter = 0;

    memcpy(parts, frames->parts, frames->count * sizeof *parts);
    while (delimiter < frames->count && !lk_str_eq(parts[delimiter], LK_STR("<IDS|MSG>")))
        delimiter++;
    /* The signature has been checked and ends here: the executor reads with an empty key. */
    parts[delimiter + 1] = LK_STR_EMPTY;
    lk_exchange_forward(&exchange, tag, parts, frames->count);
}

static void dispatch_next(struct lk_router *router)
{
    if (router->running || router->leaving)
        return;
    router->running = lk_shell_queue_take(&router->queue);
    if (!router->running)
        return;
    /* A signal that came while nothing ran had nothing to interrupt. */
    (void)router->options.interrupted();
    publish_status(router, router->running->message.header, "busy");
    to_executor(router, router->running->aborted ? LK_TAG_ABORT : LK_TAG_REQUEST,
                &router->running->frames);
}

static void read_shell(struct lk_router *router);

static void finish_running(struct lk_router *router)
{
    /* An interrupt that came while this request ran must not reach the next one. */
    lk_cancel_clear(router->options.cancel);
    if (router->running)
        publish_status(router, router->running->message.header, "idle");
    lk_queued_free(router->running);
    router->running = NULL;
}

/* tag, identities, delimiter, four dicts */
static void relay(struct lk_router *router, struct lk_socket *socket,
                  const struct lk_frames *frames)
{
    size_t delimiter = frames->count - 5;

    lk_send_signed(socket, &router->options.connection->key, frames->parts + 1, delimiter - 1,
                   frames->parts + delimiter + 1);
}

static void from_executor(struct lk_router *router, const struct lk_frames *frames)
{
    struct lk_str tag = frames->parts[0];

    if (lk_str_eq(tag, LK_TAG_DONE)) {
        finish_running(router);
    } else if (lk_str_eq(tag, LK_TAG_FAILED)) {
        read_shell(router);
        lk_shell_queue_abort(&router->queue);
    } else if (frames->count < 6) {
        lk_log(LK_LOG_ERROR, "a broken message from the executor");
    } else if (lk_str_eq(tag, LK_TAG_IOPUB)) {
        relay(router, router->iopub, frames);
    } else if (lk_str_eq(tag, LK_TAG_SHELL)) {
        relay(router, router->shell, frames);
    } else if (lk_str_eq(tag, LK_TAG_STDIN)) {
        relay(router, router->in, frames);
    }
}

static void read_executor(struct lk_router *router)
{
    LK_CLEANUP(lk_frames_done) struct lk_frames frames = LK_FRAMES_INIT;

    while (lk_socket_receive(router->pair, &frames, NULL) == LK_OK)
        from_executor(router, &frames);
}

/* ---- control, and what shell shares with it ------------------------------------------------ */

static void interrupt(struct lk_router *router)
{
    /* With nothing running there is nothing to interrupt, and a flag left set would hit the
     * next cell. */
    if (router->running)
        lk_cancel_set(router->options.cancel);
}

static json_t *connect_content(const struct lk_connection *connection)
{
    return json_pack("{s:i, s:i, s:i, s:i, s:i}", "shell_port", connection->ports[LK_SHELL],
                     "iopub_port", connection->ports[LK_IOPUB], "stdin_port",
                     connection->ports[LK_STDIN], "control_port", connection->ports[LK_CONTROL],
                     "hb_port", connection->ports[LK_HEARTBEAT]);
}

static void shut_down(struct lk_router *router, struct lk_socket *socket,
                      const struct lk_message *request)
{
    bool restart = json_is_true(json_object_get(request->content, "restart"));
    json_t *content = json_pack("{s:s, s:b}", "status", "ok", "restart", restart);

    publish_take(router, LK_STR("shutdown_reply"), "shutdown_reply", request->header,
                 json_incref(content));
    reply_take(router, socket, request, content);
    router->leaving = true;
}

/* Answers what needs no executor; false for what does. */
static bool answer_at_once(struct lk_router *router, struct lk_socket *socket,
                           const struct lk_message *request)
{
    struct lk_str type = request->type;

    if (lk_str_eq(type, LK_STR("shutdown_request"))) {
        shut_down(router, socket, request);
    } else if (lk_str_eq(type, LK_STR("interrupt_request"))) {
        interrupt(router);
        reply_take(router, socket, request, json_pack("{s:s}", "status", "ok"));
    } else if (socket == router->control && lk_str_eq(type, LK_STR("kernel_info_request"))) {
        reply_take(router, socket, request, lk_kernel_info());
    } else if (lk_str_eq(type, LK_STR("connect_request"))) {
        reply_take(router, socket, request, connect_content(router->options.connection));
    } else {
        return false;
    }
    return true;
}

static void answer_control(struct lk_router *router, const struct lk_message *request)
{
    publish_status(router, request->header, "busy");
    if (!answer_at_once(router, router->control, request))
        lk_log(LK_LOG_DEBUG, "no answer to a %.*s on control", LK_STR_ARGS(request->type));
    publish_status(router, request->header, "idle");
}

/* ---- receiving ----------------------------------------------------------------------------- */

/* One verified request off the socket, NULL when there is none. Bad ones are dropped with a line in
 * the log: there is nobody to trust an answer to. */
static struct lk_queued *receive(struct lk_router *router, struct lk_socket *socket)
{
    struct lk_queued *queued = lk_alloc(sizeof *queued);
    struct lk_error err = LK_ERROR_INIT;

    for (;;) {
        memset(queued, 0, sizeof *queued);
        if (lk_socket_receive(socket, &queued->frames, NULL)) {
            free(queued);
            return NULL;
        }
        if (queued->frames.oversized)
            lk_log(LK_LOG_WARN, "a message over the ceiling was dropped");
        else if (lk_message_read(queued->frames.parts, queued->frames.count,
                                 &router->options.connection->key, &queued->message, &err))
            lk_log(LK_LOG_WARN, "a message was dropped: %s", err.message);
        else
            return queued;
        lk_frames_done(&queued->frames);
    }
}

static void read_control(struct lk_router *router)
{
    struct lk_queued *queued;

    while (!router->leaving && (queued = receive(router, router->control))) {
        answer_control(router, &queued->message);
        lk_queued_free(queued);
    }
}

static void read_shell(struct lk_router *router)
{
    struct lk_queued *queued;

    while (!router->leaving && (queued = receive(router, router->shell))) {
        if (lk_str_eq(queued->message.type, LK_STR("shutdown_request")) ||
            lk_str_eq(queued->message.type, LK_STR("connect_request"))) {
            publish_status(router, queued->message.header, "busy");
            answer_at_once(router, router->shell, &queued->message);
            publish_status(router, queued->message.header, "idle");
            lk_queued_free(queued);
        } else {
            lk_shell_queue_put(&router->queue, queued);
        }
    }
}

static void read_stdin(struct lk_router *router)
{
    struct lk_queued *queued;

    while ((queued = receive(router, router->in))) {
        if (router->running && lk_str_eq(queued->message.type, LK_STR("input_reply")))
            to_executor(router, LK_TAG_INPUT, &queued->frames);
        lk_queued_free(queued);
    }
}

/* XPUB hands subscriptions up as messages: 1 + topic, or 0 + topic for leaving. */
static void read_iopub(struct lk_router *router)
{
    LK_CLEANUP(lk_frames_done) struct lk_frames frames = LK_FRAMES_INIT;

    while (lk_socket_receive(router->iopub, &frames, NULL) == LK_OK) {
        struct lk_str topic = lk_str_slice(frames.parts[0], 1, frames.parts[0].len);
        json_t *content = json_object();
        if (!frames.parts[0].len || frames.parts[0].ptr[0] != 1) {
            json_decref(content);
            continue;
        }
        json_object_set_new(content, "subscription", lk_json_text(topic));
        publish_take(router, topic, "iopub_welcome", NULL, content);
        router->subscribed = true;
    }
}

/* ---- the loop ------------------------------------------------------------------------------ */

/* Some clients ask before they subscribe and would never see the busy and idle of their first
 * request: it waits for them, but not for ever. */
static bool gate_is_open(struct lk_router *router, bool asked)
{
    int64_t now = router->options.clock->monotonic_ms(router->options.clock);

    if (router->subscribed)
        return true;
    if (asked && !router->gate_ms)
        router->gate_ms = now + WELCOME_WAIT_MS;
    if (router->gate_ms && now >= router->gate_ms)
        router->subscribed = true;
    return router->subscribed;
}

static int64_t poll_timeout(struct lk_router *router)
{
    int64_t now = router->options.clock->monotonic_ms(router->options.clock);

    if (router->subscribed || !router->gate_ms)
        return PARENT_CHECK_MS;
    return router->gate_ms > now ? router->gate_ms - now : 0;
}

enum { ITEM_IOPUB, ITEM_SIGNAL, ITEM_PAIR, ITEM_STDIN, ITEM_CONTROL, ITEM_SHELL, ITEMS };

static bool step(struct lk_router *router)
{
    struct lk_poll_item items[ITEMS] = {
        [ITEM_IOPUB] = {.socket = router->iopub},
        [ITEM_SIGNAL] = {.fd = router->options.signal_fd},
        [ITEM_PAIR] = {.socket = router->pair},
        [ITEM_STDIN] = {.socket = router->in},
        [ITEM_CONTROL] = {.socket = router->control},
        [ITEM_SHELL] = {.socket = router->shell},
    };
    /* While the gate is closed and a request waits, looking at it again would spin. */
    size_t count = !router->subscribed && router->gate_ms ? ITEM_CONTROL : ITEMS;
    struct lk_error err = LK_ERROR_INIT;

    if (lk_socket_poll(items, count, poll_timeout(router), &err)) {
        lk_log(LK_LOG_ERROR, "%s", err.message);
        return false;
    }
    if (router->options.terminated())
        return false;
    if (router->options.interrupted())
        interrupt(router);
    read_iopub(router);
    if (items[ITEM_PAIR].ready)
        read_executor(router);
    if (items[ITEM_STDIN].ready)
        read_stdin(router);
    if (gate_is_open(router, items[ITEM_CONTROL].ready || items[ITEM_SHELL].ready)) {
        read_control(router);
        read_shell(router);
    }
    dispatch_next(router);
    return !router->leaving;
}

/* The executor ends its request on the cancel flag; outputs on the way are still sent. */
static bool wait_for_executor(struct lk_router *router)
{
    struct lk_clock *clock = router->options.clock;
    int64_t deadline = clock->monotonic_ms(clock) + 1000;
    struct lk_poll_item item = {.socket = router->pair};

    if (router->running)
        lk_cancel_set(router->options.cancel);
    while (router->running && clock->monotonic_ms(clock) < deadline) {
        if (lk_socket_poll(&item, 1, deadline - clock->monotonic_ms(clock), NULL))
            return false;
        read_executor(router);
    }
    return !router->running;
}

bool lk_router_run(struct lk_router *router)
{
    struct lk_exchange exchange = {.pair = router->pair};

    publish_status(router, NULL, "starting");
    while (step(router))
        continue;
    if (!router->leaving || !wait_for_executor(router))
        return false;
    lk_exchange_forward(&exchange, LK_TAG_QUIT, NULL, 0);
    return true;
}

enum lk_status lk_router_new(const struct lk_router_options *options, struct lk_router **ret,
                             struct lk_error *err)
{
    struct lk_router *router = lk_alloc(sizeof *router);
    const struct {
        struct lk_socket **socket;
        enum lk_socket_kind kind;
        enum lk_channel channel;
    } sockets[] = {{&router->shell, LK_SOCKET_ROUTER, LK_SHELL},
                   {&router->control, LK_SOCKET_ROUTER, LK_CONTROL},
                   {&router->in, LK_SOCKET_ROUTER, LK_STDIN},
                   {&router->iopub, LK_SOCKET_XPUB, LK_IOPUB}};
    enum lk_status st;

    memset(router, 0, sizeof *router);
    router->options = *options;
    st = lk_socket_bind(options->zmq, LK_SOCKET_PAIR, LK_EXCHANGE_ADDRESS, &router->pair, err);
    for (size_t i = 0; i < LK_COUNT(sockets) && !st; i++) {
        char address[512];
        lk_connection_address(options->connection, sockets[i].channel, address);
        st = lk_socket_bind(options->zmq, sockets[i].kind, address, sockets[i].socket, err);
    }
    if (st) {
        lk_router_free(router);
        return st;
    }
    *ret = router;
    return LK_OK;
}

void lk_router_free(struct lk_router *router)
{
    if (!router)
        return;
    lk_queued_free(router->running);
    lk_shell_queue_done(&router->queue);
    lk_socket_close(router->shell);
    lk_socket_close(router->control);
    lk_socket_close(router->in);
    lk_socket_close(router->iopub);
    lk_socket_close(router->pair);
    free(router);
}
