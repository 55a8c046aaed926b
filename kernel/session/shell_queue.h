/* Requests waiting for the executor, in the order they came. Pure; one owner. */
#ifndef LK_SESSION_SHELL_QUEUE_H
#define LK_SESSION_SHELL_QUEUE_H

#include "wire/message.h"
#include "wire/socket.h"

/* A request as it came and as it was read; the message borrows from the frames. */
struct lk_queued {
    struct lk_frames frames;
    struct lk_message message;
    bool aborted; /* an execute_request behind a failed one: answered, not run */
    struct lk_queued *next;
};

struct lk_shell_queue {
    struct lk_queued *first, *last;
    size_t count;
};

void lk_queued_free(struct lk_queued *queued);
/* Takes queued. */
void lk_shell_queue_put(struct lk_shell_queue *queue, struct lk_queued *queued_take);
/* The first one, now the caller's; NULL when empty. */
struct lk_queued *lk_shell_queue_take(struct lk_shell_queue *queue);
/* Marks the execute_requests that wait now. */
void lk_shell_queue_abort(struct lk_shell_queue *queue);
void lk_shell_queue_done(struct lk_shell_queue *queue);

#endif
