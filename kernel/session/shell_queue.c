#include "session/shell_queue.h"

#include <stdlib.h>

void lk_queued_free(struct lk_queued *queued)
{
    if (!queued)
        return;
    lk_message_done(&queued->message);
    lk_frames_done(&queued->frames);
    free(queued);
}

bool lk_shell_queue_has_room(const struct lk_shell_queue *queue)
{
    return queue->count < LK_SHELL_QUEUE_MAX && queue->bytes < LK_SHELL_QUEUE_BYTES_MAX;
}

static bool is_cell_of(const struct lk_queued *queued, const char *session)
{
    return lk_str_eq(queued->message.type, LK_STR("execute_request")) &&
           lk_str_eq(lk_json_get_str(queued->message.header, "session"), lk_str_from(session));
}

void lk_shell_queue_put(struct lk_shell_queue *queue, struct lk_queued *queued_take)
{
    queued_take->next = NULL;
    if (queue->last)
        queue->last->next = queued_take;
    else
        queue->first = queued_take;
    queue->last = queued_take;
    queue->count++;
    queue->bytes += queued_take->frames.bytes;
    queued_take->aborted = queue->aborting && is_cell_of(queued_take, queue->aborting);
}

struct lk_queued *lk_shell_queue_take(struct lk_shell_queue *queue)
{
    struct lk_queued *queued = queue->first;

    if (!queued)
        return NULL;
    queue->first = queued->next;
    if (!queue->first)
        queue->last = NULL;
    queue->count--;
    queue->bytes -= queued->frames.bytes;
    return queued;
}

void lk_shell_queue_abort(struct lk_shell_queue *queue, const struct lk_message *failed)
{
    lk_shell_queue_caught_up(queue);
    queue->aborting = lk_str_dup(lk_json_get_str(failed->header, "session"));
    for (struct lk_queued *queued = queue->first; queued; queued = queued->next)
        queued->aborted = queued->aborted || is_cell_of(queued, queue->aborting);
}

void lk_shell_queue_caught_up(struct lk_shell_queue *queue)
{
    free(queue->aborting);
    queue->aborting = NULL;
}

void lk_shell_queue_done(struct lk_shell_queue *queue)
{
    struct lk_queued *queued;

    lk_shell_queue_caught_up(queue);
    while ((queued = lk_shell_queue_take(queue)))
        lk_queued_free(queued);
}
