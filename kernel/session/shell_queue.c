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

void lk_shell_queue_put(struct lk_shell_queue *queue, struct lk_queued *queued_take)
{
    queued_take->next = NULL;
    if (queue->last)
        queue->last->next = queued_take;
    else
        queue->first = queued_take;
    queue->last = queued_take;
    queue->count++;
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
    return queued;
}

void lk_shell_queue_abort(struct lk_shell_queue *queue)
{
    for (struct lk_queued *queued = queue->first; queued; queued = queued->next)
        if (lk_str_eq(queued->message.type, LK_STR("execute_request")))
            queued->aborted = true;
}

void lk_shell_queue_done(struct lk_shell_queue *queue)
{
    struct lk_queued *queued;

    while ((queued = lk_shell_queue_take(queue)))
        lk_queued_free(queued);
}
