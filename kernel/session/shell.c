#include "session/shell.h"

#include "base/platform.h"

#include <pthread.h>
#include <stdlib.h>

/* Of what a client sends at once libzmq gives us some and asks TCP for the rest meanwhile. */
enum { MORE_WITHIN_MS = 20, ABORT_MAX_MS = 1000 };

enum {
    LOOK = 1000, /* requests that the router reads at a time: the others stay in the sockets, where
                    their senders take turns, and behind a flood nobody waits for all of it */
    FEW = 8,     /* that somebody may send without waiting for the answers */
    MANY = 1000, /* when so many had to wait, what they took is worth giving back */
};

struct lk_shell {
    struct lk_shell_options options;
    pthread_mutex_t mutex; /* of everything below */
    struct lk_inlet inlet;
    struct lk_shell_queue queue; /* what was read and has to wait */
    bool running, closed;
    bool was_full;          /* of many, since it was empty */
    size_t in_a_row;        /* requests taken straight from the socket */
    int64_t abort_until_ms; /* monotonic */
};

struct lk_shell *lk_shell_new(const struct lk_shell_options *options)
{
    struct lk_shell *shell = lk_alloc(sizeof *shell);

    shell->options = *options;
    shell->inlet =
        (struct lk_inlet){.socket = options->socket, .key = options->key, .clock = options->clock};
    pthread_mutex_init(&shell->mutex, NULL);
    return shell;
}

void lk_shell_free(struct lk_shell *shell)
{
    if (!shell)
        return;
    lk_shell_queue_done(&shell->queue);
    pthread_mutex_destroy(&shell->mutex);
    free(shell);
}

static void lock(struct lk_shell *shell)
{
    pthread_mutex_lock(&shell->mutex);
}

static void unlock(struct lk_shell *shell)
{
    pthread_mutex_unlock(&shell->mutex);
}

/* ---- what must not wait ---------------------------------------------------------------------- */

static bool is_urgent(const struct lk_message *request)
{
    return lk_str_eq(request->type, LK_STR("shutdown_request")) ||
           lk_str_eq(request->type, LK_STR("connect_request"));
}

/* The first urgent one; those before it wait. */
static struct lk_queued *read_urgent(struct lk_shell *shell, size_t requests_max)
{
    while (lk_shell_queue_has_room(&shell->queue) && requests_max-- > 0) {
        struct lk_queued *queued = lk_inlet_receive(&shell->inlet);
        if (!queued || is_urgent(&queued->message))
            return queued;
        lk_shell_queue_put(&shell->queue, queued);
        shell->was_full = shell->was_full || shell->queue.count > MANY;
    }
    return NULL;
}

static struct lk_queued *look(struct lk_shell *shell, size_t requests_max)
{
    struct lk_queued *urgent = NULL;

    lock(shell);
    /* With nothing running the executor waits for the socket, and would not see what we read. */
    if (shell->running)
        urgent = read_urgent(shell, requests_max);
    unlock(shell);
    return urgent;
}

/* ---- the executor -------------------------------------------------------------------------- */

static int64_t now_ms(const struct lk_shell *shell)
{
    return shell->options.clock->monotonic_ms(shell->options.clock);
}

static bool more_comes(struct lk_shell *shell)
{
    struct lk_poll_item item = {.socket = shell->options.socket};

    return lk_socket_poll(&item, 1, MORE_WITHIN_MS, NULL) == LK_OK && item.ready;
}

/* What was read before comes first. */
static struct lk_queued *next_request(struct lk_shell *shell)
{
    struct lk_queued *queued = lk_shell_queue_take(&shell->queue);

    if (queued)
        return queued;
    queued = lk_inlet_receive(&shell->inlet);
    if (!queued)
        return NULL;
    shell->in_a_row++;
    lk_shell_queue_put(&shell->queue, queued); /* which knows whether it is aborted */
    return lk_shell_queue_take(&shell->queue);
}

/* Now that nobody waits. */
static void give_back_memory(struct lk_shell *shell)
{
    if (!shell->was_full)
        return;
    shell->was_full = false;
    lk_platform_trim_memory();
}

static enum lk_shell_state take(struct lk_shell *shell, struct lk_queued **ret)
{
    enum lk_shell_state state = LK_SHELL_CLOSED;

    *ret = NULL;
    lock(shell);
    lk_cancel_clear(shell->options.cancel);
    shell->running = false;
    if (!shell->closed) {
        *ret = next_request(shell);
        state = *ret ? LK_SHELL_REQUEST : LK_SHELL_EMPTY;
    }
    if (*ret) {
        shell->options.forget_interrupts();
        shell->running = true;
    } else {
        give_back_memory(shell);
    }
    unlock(shell);
    return state;
}

/* While nothing runs, all of it is the executor's, without the lock.
 * Nothing is there, but a failed cell had more behind it than there was room for. Who has sent many
 * in a row may have more that TCP holds; who waits for an answer before it sends the next has not.
 */
static bool abort_goes_on(struct lk_shell *shell)
{
    bool goes_on = shell->in_a_row > FEW && more_comes(shell);

    shell->in_a_row = 0;
    if (!goes_on && !shell->inlet.more)
        lk_shell_queue_caught_up(&shell->queue);
    return goes_on;
}

enum lk_shell_state lk_shell_take(struct lk_shell *shell, struct lk_queued **ret)
{
    enum lk_shell_state state;

    do
        state = take(shell, ret);
    while (state == LK_SHELL_EMPTY && shell->queue.aborting && abort_goes_on(shell));
    return state;
}

void lk_shell_abort(struct lk_shell *shell, const struct lk_message *failed)
{
    lock(shell);
    lk_shell_queue_abort(&shell->queue, failed);
    shell->abort_until_ms = now_ms(shell) + ABORT_MAX_MS;
    unlock(shell);
}

/* Who has sent nothing ahead is not waited for. */
static bool may_have_more(struct lk_shell *shell)
{
    bool ret;

    lock(shell);
    ret = shell->queue.first && lk_shell_queue_has_room(&shell->queue) && !shell->closed &&
          now_ms(shell) < shell->abort_until_ms;
    unlock(shell);
    return ret;
}

/* Where there is no room for all of it, the marking goes on until all of it has been taken. */
static void end_abort(struct lk_shell *shell)
{
    lock(shell);
    if (lk_shell_queue_has_room(&shell->queue))
        lk_shell_queue_caught_up(&shell->queue);
    unlock(shell);
}

struct lk_queued *lk_shell_abort_rest(struct lk_shell *shell)
{
    do {
        struct lk_queued *urgent = look(shell, LK_SHELL_QUEUE_MAX);
        if (urgent)
            return urgent;
    } while (may_have_more(shell) && more_comes(shell));
    end_abort(shell);
    return NULL;
}

/* ---- the router ---------------------------------------------------------------------------- */

void lk_shell_interrupt(struct lk_shell *shell)
{
    lock(shell);
    /* With nothing running there is nothing to interrupt, and a flag left set would hit the next
     * cell. */
    if (shell->running)
        lk_cancel_set(shell->options.cancel);
    unlock(shell);
}

void lk_shell_signalled(struct lk_shell *shell)
{
    lock(shell);
    /* Asked under the lock: what ran when the signal came must be what runs now. */
    if (shell->options.interrupted() && shell->running)
        lk_cancel_set(shell->options.cancel);
    unlock(shell);
}

struct lk_queued *lk_shell_look(struct lk_shell *shell)
{
    return look(shell, LOOK);
}

void lk_shell_close(struct lk_shell *shell)
{
    lock(shell);
    shell->closed = true;
    if (shell->running)
        lk_cancel_set(shell->options.cancel);
    unlock(shell);
}
