#include "base/aside.h"

#include "base/platform.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

/* What the two threads share; whoever leaves last frees it. */
struct shared {
    struct lk_aside *work;
    int done_ends[2]; /* raised when run() has returned */
    pthread_mutex_t lock;
    bool done, left;
};

static void free_shared(struct shared *shared)
{
    lk_platform_wakeup_close(shared->done_ends);
    (void)pthread_mutex_destroy(&shared->lock);
    free(shared);
}

static void *run(void *data)
{
    struct shared *shared = data;
    bool left;

    shared->work->run(shared->work);
    (void)pthread_mutex_lock(&shared->lock);
    shared->done = true;
    left = shared->left;
    if (!left)
        lk_platform_wakeup_raise(shared->done_ends[1]);
    (void)pthread_mutex_unlock(&shared->lock);
    if (left) {
        shared->work->free(shared->work);
        free_shared(shared);
    }
    return NULL;
}

/* With all signals blocked: they are for the threads that wait for them. */
static int start(pthread_t *thread, struct shared *shared)
{
    sigset_t all, before;
    int why;

    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    why = pthread_create(thread, NULL, run, shared);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return why;
}

/* False when the work had ended after all. */
static bool leave(struct shared *shared, pthread_t thread)
{
    bool done;

    (void)pthread_mutex_lock(&shared->lock);
    done = shared->done;
    shared->left = !done;
    if (!done) /* here, while the other side cannot have freed anything */
        (void)pthread_detach(thread);
    (void)pthread_mutex_unlock(&shared->lock);
    return !done;
}

enum lk_status lk_aside_run(struct lk_aside *work, struct lk_cancel *cancel, struct lk_error *err)
{
    struct shared *shared;
    enum lk_status st;
    pthread_t thread;
    int why;

    if (!cancel) {
        work->run(work);
        return LK_OK;
    }
    shared = lk_alloc(sizeof(*shared));
    *shared =
        (struct shared){.work = work, .lock = PTHREAD_MUTEX_INITIALIZER, .done_ends = {-1, -1}};
    why = lk_platform_wakeup_open(shared->done_ends) ? start(&thread, shared) : errno;
    if (why) {
        work->free(work);
        free_shared(shared);
        return lk_error_errno(err, why, "NoThread", "cannot start a thread");
    }
    st = lk_cancel_poll(cancel, shared->done_ends[0], POLLIN, -1, err);
    if (st && leave(shared, thread))
        return st;
    (void)pthread_join(thread, NULL);
    free_shared(shared);
    if (st)
        work->free(work);
    return st;
}
