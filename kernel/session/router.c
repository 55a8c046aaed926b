#include "session/router.h"

#include "base/log.h"
#include "session/exchange.h"
#include "session/outbox.h"
#include "session/plain_answers.h"
#include "session/shell_queue.h"
#include "wire/replay.h"

#include <stdlib.h>
#include <string.h>

enum {
    WELCOME_WAIT_MS = 1000, /* for the first subscriber (jupyter.md §5.4) */
    PARENT_CHECK_MS = 1000,
    DROPPED_EVERY_MS = 1000,
    /* Of one kind before the others get their turn: nobody who floods one socket holds up the
     * rest. */
    TURN = 64,
};

/* A socket that requests come by, and what came by it. */
struct inlet {
    struct lk_socket *socket;
    struct lk_replay replay;
    bool more; /* than was read in this turn */
};

struct lk_router {
    struct lk_router_options options;
    struct inlet shell, control, in;
    struct lk_socket *iopub, *pair;
    struct lk_outbox outbox;
    struct lk_shell_queue queue;
    struct lk_queued *running; /* at the executor; NULL: idle */
    bool asking;               /* the running cell waits for an answer on stdin */
    bool subscribed;           /* or waited long enough */
    int64_t gate_ms;           /* monotonic deadline of that wait; 0: nobody asked yet */
    int64_t looked_ms;         /* monotonic: when the parent was looked for last */
    bool leaving;
    int64_t told_ms; /* monotonic: when a dropped message was logged last */
    size_t untold;   /* dropped since without a line of their own */
};

/* ---- the executor -------------------------------------------------------------------------- */

static void to_executor(struct lk_router *router, struct lk_str tag, const struct lk_frames *frames)
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
    lk_exchange_forward(&exchange, tag, parts, delimiter + 6);
}

static void finish_running(struct lk_router *router)
{
    /* An interrupt that came while this request ran must not reach the next one. */
    lk_cancel_clear(router->options.cancel);
    router->asking = false;
    lk_queued_free(router->running);
    router->running = NULL;
}

static void relay_question(struct lk_router *router, const struct lk_frames *frames)
{
    struct lk_exchange exchange = {.pair = router->pair};

    if (frames->count < 6) {
        lk_log(LK_LOG_ERROR, "a broken message from the executor");
        return;
    }
    router->asking =
        lk_outbox_relay(&router->outbox, router->in.socket, frames->parts + 1, frames->count - 1);
    if (!router->asking)
        lk_exchange_forward(&exchange, LK_TAG_NOBODY, NULL, 0);
}

static void read_shell(struct lk_router *router);

static void read_iopub(struct lk_router *router);

/* All that its sender knows to be waiting is read first. */
static void mark_failed(struct lk_router *router)
{
    struct lk_exchange exchange = {.pair = router->pair};

    if (router->running)
        lk_shell_queue_abort(&router->queue, &router->running->message);
    read_shell(router);
    lk_exchange_forward(&exchange, LK_TAG_MARKED, NULL, 0);
}

static void from_executor(struct lk_router *router, const struct lk_frames *frames)
{
    struct lk_str tag = frames->count ? frames->parts[0] : LK_STR_EMPTY;

    if (lk_str_eq(tag, LK_TAG_DONE))
        finish_running(router);
    else if (lk_str_eq(tag, LK_TAG_FAILED))
        mark_failed(router);
    else if (lk_str_eq(tag, LK_TAG_LOOK))
        read_iopub(router);
    else if (lk_str_eq(tag, LK_TAG_STDIN))
        relay_question(router, frames);
    else if (lk_str_eq(tag, LK_TAG_ANSWERED))
        router->asking = false;
}

static void read_executor(struct lk_router *router)
{
    LK_CLEANUP(lk_frames_done) struct lk_frames frames = LK_FRAMES_INIT;

    for (int i = 0; i < TURN && lk_socket_receive(router->pair, &frames, NULL) == LK_OK; i++)
        from_executor(router, &frames);
}

/* ---- answers of our own -------------------------------------------------------------------- */

static void interrupt(struct lk_router *router)
{
    /* With nothing running there is nothing to interrupt, and a flag left set would hit the
     * next cell. */
    if (router->running)
        lk_cancel_set(router->options.cancel);
    router->asking = false;
}

static void shut_down(struct lk_router *router, struct lk_socket *socket,
                      const struct lk_message *request)
{
    bool restart = json_is_true(json_object_get(request->content, "restart"));
    json_t *content = json_pack("{s:s, s:b}", "status", "ok", "restart", restart);

    lk_outbox_publish(&router->outbox, LK_STR("shutdown_reply"), "shutdown_reply", request,
                      content);
    lk_outbox_reply_take(&router->outbox, socket, request, content);
    router->leaving = true;
}

/* Answers what needs no executor; false for what does. */
static bool answer(struct lk_router *router, struct lk_socket *socket,
                   const struct lk_message *request)
{
    struct lk_str type = request->type;
    json_t *content;

    if (lk_str_eq(type, LK_STR("shutdown_request"))) {
        shut_down(router, socket, request);
        return true;
    }
    if (lk_str_eq(type, LK_STR("interrupt_request"))) {
        interrupt(router);
        content = json_pack("{s:s}", "status", "ok");
    } else {
        content = lk_plain_answer(request, router->options.connection);
    }
    if (content)
        lk_outbox_reply_take(&router->outbox, socket, request, content);
    return content != NULL;
}

static void answer_in_brackets(struct lk_router *router, struct lk_socket *socket,
                               struct lk_message *request)
{
    struct lk_error err = LK_ERROR_INIT;

    if (lk_message_read_rest(request, &err))
        lk_log(LK_LOG_WARN, "%s; taken as empty", err.message);
    lk_outbox_status(&router->outbox, request, LK_BUSY);
    if (!answer(router, socket, request))
        lk_log(LK_LOG_DEBUG, "no answer to a %.*s", LK_STR_ARGS(request->type));
    lk_outbox_status(&router->outbox, request, LK_IDLE);
}

/* Types that the router answers in their turn, without the executor. */
static bool is_plain(const struct lk_message *request)
{
    return lk_str_eq(request->type, LK_STR("kernel_info_request")) ||
           lk_str_eq(request->type, LK_STR("comm_info_request"));
}

static void dispatch(struct lk_router *router)
{
    for (int i = 0; i < TURN && !router->running && !router->leaving; i++) {
        struct lk_queued *queued = lk_shell_queue_take(&router->queue);
        if (!queued)
            return;
        if (is_plain(&queued->message)) {
            answer_in_brackets(router, router->shell.socket, &queued->message);
            lk_queued_free(queued);
            continue;
        }
        router->running = queued;
        /* A signal that came while nothing ran had nothing to interrupt. */
        (void)router->options.interrupted();
        to_executor(router, queued->aborted ? LK_TAG_ABORT : LK_TAG_REQUEST, &queued->frames);
    }
}

/* ---- receiving ----------------------------------------------------------------------------- */

static int64_t now_ms(const struct lk_router *router)
{
    return router->options.clock->monotonic_ms(router->options.clock);
}

/* There is nobody to trust an answer to, so the log gets a line, and a flood of them one a
 * second. */
static void tell_dropped(struct lk_router *router, const char *why)
{
    int64_t now = now_ms(router);

    if (router->told_ms && now - router->told_ms < DROPPED_EVERY_MS) {
        router->untold++;
        return;
    }
    if (router->untold)
        lk_log(LK_LOG_WARN, "a message was dropped: %s (and %zu before it)", why, router->untold);
    else
        lk_log(LK_LOG_WARN, "a message was dropped: %s", why);
    router->told_ms = now;
    router->untold = 0;
}

/* Whether a message may be acted on. */
static bool is_good(struct lk_router *router, struct inlet *inlet, struct lk_queued *queued)
{
    struct lk_error err = LK_ERROR_INIT;
    enum lk_status st;

    if (queued->frames.oversized) {
        tell_dropped(router, "it is over the ceiling");
        return false;
    }
    /* The header is enough here: who needs the rest, the executor mostly, reads it. */
    st = lk_message_read_header(queued->frames.parts, queued->frames.count,
                                &router->options.connection->key, &queued->message, &err);
    if (st) {
        tell_dropped(router, err.message);
        return false;
    }
    if (lk_replay_check(&inlet->replay, queued->message.signature)) {
        tell_dropped(router, "it came twice");
        return false;
    }
    return true;
}

/* One good message, NULL when there is none, or only bad ones in this turn. */
static struct lk_queued *receive(struct lk_router *router, struct inlet *inlet)
{
    struct lk_queued *queued = lk_alloc(sizeof *queued);

    inlet->more = false;
    for (int i = 0; lk_socket_receive(inlet->socket, &queued->frames, NULL) == LK_OK; i++) {
        if (is_good(router, inlet, queued))
            return queued;
        lk_message_done(&queued->message);
        memset(&queued->message, 0, sizeof queued->message);
        inlet->more = i == TURN;
        if (inlet->more)
            break;
    }
    lk_queued_free(queued);
    return NULL;
}

static void read_control(struct lk_router *router)
{
    struct lk_queued *queued;

    for (int i = 0; i < TURN && !router->leaving; i++) {
        queued = receive(router, &router->control);
        if (!queued)
            return;
        answer_in_brackets(router, router->control.socket, &queued->message);
        lk_queued_free(queued);
    }
}

/* Shutdown and connect are answered ahead of what waits, as they were before control was there. */
static bool is_urgent(const struct lk_message *request)
{
    return lk_str_eq(request->type, LK_STR("shutdown_request")) ||
           lk_str_eq(request->type, LK_STR("connect_request"));
}

static void read_shell(struct lk_router *router)
{
    int urgent = 0;

    while (!router->leaving && urgent < TURN && lk_shell_queue_has_room(&router->queue)) {
        struct lk_queued *queued = receive(router, &router->shell);
        if (!queued) {
            if (!router->shell.more)
                lk_shell_queue_caught_up(&router->queue);
            return;
        }
        if (!is_urgent(&queued->message)) {
            lk_shell_queue_put(&router->queue, queued);
            continue;
        }
        answer_in_brackets(router, router->shell.socket, &queued->message);
        lk_queued_free(queued);
        urgent++;
    }
}

static void read_stdin(struct lk_router *router)
{
    struct lk_queued *queued;

    for (int i = 0; i < TURN; i++) {
        queued = receive(router, &router->in);
        if (!queued)
            return;
        /* An answer that nobody waits for any more would be taken for that to a later question. */
        if (router->asking && lk_str_eq(queued->message.type, LK_STR("input_reply")))
            to_executor(router, LK_TAG_INPUT, &queued->frames);
        lk_queued_free(queued);
    }
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
        if (!router->subscribed)
            lk_outbox_status(&router->outbox, NULL, LK_STARTING);
        router->subscribed = true;
    }
}

/* ---- the loop ------------------------------------------------------------------------------ */

/* Some clients ask before they subscribe and would never see the busy and idle of their first
 * request: it waits for them, but not for ever. */
static bool gate_is_open(struct lk_router *router, bool asked)
{
    if (router->subscribed)
        return true;
    if (asked && !router->gate_ms)
        router->gate_ms = now_ms(router) + WELCOME_WAIT_MS;
    if (router->gate_ms && now_ms(router) >= router->gate_ms)
        router->subscribed = true;
    return router->subscribed;
}

static int64_t poll_timeout(const struct lk_router *router)
{
    int64_t left;

    if (router->queue.first && !router->running)
        return 0;
    if (router->subscribed || !router->gate_ms)
        return PARENT_CHECK_MS;
    left = router->gate_ms - now_ms(router);
    return left > 0 ? left : 0;
}

enum { ITEM_IOPUB, ITEM_SIGNAL, ITEM_PAIR, ITEM_STDIN, ITEM_CONTROL, ITEM_SHELL, ITEMS };

/* What would be ready again and again without being read is not looked at. */
static size_t watched_items(const struct lk_router *router)
{
    if (!router->subscribed && router->gate_ms)
        return ITEM_CONTROL;
    return lk_shell_queue_has_room(&router->queue) ? ITEMS : ITEM_SHELL;
}

/* Signals say themselves that they came; where the system does not tell of the parent's death, a
 * look once a second does. */
static bool is_terminated(struct lk_router *router, bool signalled)
{
    if (!signalled && now_ms(router) - router->looked_ms < PARENT_CHECK_MS)
        return false;
    router->looked_ms = now_ms(router);
    return router->options.terminated();
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
        [ITEM_SHELL] = {.socket = router->shell.socket},
    };
    size_t watched = watched_items(router);
    struct lk_error err = LK_ERROR_INIT;

    if (lk_socket_poll(items, watched, poll_timeout(router), &err)) {
        lk_log(LK_LOG_ERROR, "%s", err.message);
        return STEP_FAILED;
    }
    if (is_terminated(router, items[ITEM_SIGNAL].ready))
        return STEP_TERMINATED;
    if (router->options.interrupted())
        interrupt(router);
    if (items[ITEM_IOPUB].ready)
        read_iopub(router);
    if (items[ITEM_PAIR].ready)
        read_executor(router);
    if (items[ITEM_STDIN].ready)
        read_stdin(router);
    if (!gate_is_open(router, items[ITEM_CONTROL].ready || items[ITEM_SHELL].ready))
        return STEP_ON;
    if (items[ITEM_CONTROL].ready)
        read_control(router);
    if (items[ITEM_SHELL].ready)
        read_shell(router);
    else if (watched == ITEMS)
        lk_shell_queue_caught_up(&router->queue);
    dispatch(router);
    return router->leaving ? STEP_LEAVE : STEP_ON;
}

/* The executor ends its request on the cancel flag; outputs on the way are still sent. */
static bool wait_for_executor(struct lk_router *router)
{
    int64_t deadline = now_ms(router) + 1000;
    struct lk_poll_item item = {.socket = router->pair};

    if (router->running)
        lk_cancel_set(router->options.cancel);
    while (router->running && now_ms(router) < deadline) {
        if (lk_socket_poll(&item, 1, deadline - now_ms(router), NULL))
            return false;
        read_executor(router);
    }
    return !router->running;
}

enum lk_router_end lk_router_run(struct lk_router *router)
{
    struct lk_exchange exchange = {.pair = router->pair};
    enum step next;

    do
        next = step(router);
    while (next == STEP_ON);
    if (next == STEP_FAILED)
        return LK_ROUTER_FAILED;
    if (next == STEP_TERMINATED || !wait_for_executor(router))
        return LK_ROUTER_LEFT;
    lk_exchange_forward(&exchange, LK_TAG_QUIT, NULL, 0);
    return LK_ROUTER_QUIT;
}

static enum lk_status bind_channels(struct lk_router *router, struct lk_error *err)
{
    const struct {
        struct lk_socket **socket;
        enum lk_socket_kind kind;
        enum lk_channel channel;
    } sockets[] = {{&router->shell.socket, LK_SOCKET_ROUTER, LK_SHELL},
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

enum lk_status lk_router_new(const struct lk_router_options *options, struct lk_router **ret,
                             struct lk_error *err)
{
    struct lk_router *router = lk_alloc(sizeof *router);
    enum lk_status st;

    router->options = *options;
    st = lk_socket_bind(options->zmq, LK_SOCKET_PAIR, LK_EXCHANGE_ADDRESS, &router->pair, err);
    if (!st)
        st = bind_channels(router, err);
    if (st) {
        lk_router_free(router);
        return st;
    }
    router->outbox = (struct lk_outbox){.key = &options->connection->key,
                                        .session = options->session,
                                        .clock = options->clock,
                                        .shell = router->shell.socket,
                                        .iopub = router->iopub};
    lk_socket_share(router->shell.socket);
    lk_socket_share(router->iopub);
    *ret = router;
    return LK_OK;
}

struct lk_outbox *lk_router_outbox(struct lk_router *router)
{
    return &router->outbox;
}

void lk_router_free(struct lk_router *router)
{
    if (!router)
        return;
    lk_queued_free(router->running);
    lk_shell_queue_done(&router->queue);
    lk_socket_close(router->shell.socket);
    lk_socket_close(router->control.socket);
    lk_socket_close(router->in.socket);
    lk_socket_close(router->iopub);
    lk_socket_close(router->pair);
    free(router);
}
