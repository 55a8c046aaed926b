/* Requests waiting for the executor, in the order they came. What does not fit here waits in the
 * sockets, where it slows its sender down and nobody else. Pure; one owner. */
#ifndef LK_SESSION_SHELL_QUEUE_H
#define LK_SESSION_SHELL_QUEUE_H

#include "wire/message.h"
#include "wire/socket.h"

/* So many that whoever runs all cells of a notebook at once has them all here, where a failed one
 * can keep the rest from running. */
enum { LK_SHELL_QUEUE_MAX = 16384, LK_SHELL_QUEUE_BYTES_MAX = 64 << 20 };

/* A request as it came, of which the header was read; the message borrows from the frames. */
struct lk_queued {
    struct lk_frames frames;
    struct lk_message message;
    bool aborted; /* an execute_request behind a failed one: answered, not run */
    struct lk_queued *next;
};

struct lk_shell_queue {
    struct lk_queued *first, *last;
    size_t count, bytes;
    char *aborting; /* a cell of this client session failed, and what it had sent before may not
                     * have been read yet; NULL: none */
};

void lk_queued_free(struct lk_queued *queued);
/* Whether another request may be read; one is taken however large it is. */
bool lk_shell_queue_has_room(const struct lk_shell_queue *queue);
/* Takes queued. */
void lk_shell_queue_put(struct lk_shell_queue *queue, struct lk_queued *queued_take);
/* The first one, now the caller's; NULL when empty. */
struct lk_queued *lk_shell_queue_take(struct lk_shell_queue *queue);
/* A cell of failed's sender failed: marks the execute_requests of the same client session that wait
 * now, and those that are put until lk_shell_queue_caught_up(). What other clients have sent does
 * not depend on it. */
void lk_shell_queue_abort(struct lk_shell_queue *queue, const struct lk_message *failed);
/* Everything that had been sent has been put. */
void lk_shell_queue_caught_up(struct lk_shell_queue *queue);
void lk_shell_queue_done(struct lk_shell_queue *queue);

#endif
