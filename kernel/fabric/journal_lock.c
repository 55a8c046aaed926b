#include "fabric/journal_lock.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/platform.h"

#include <fcntl.h>
#include <stdlib.h>

void lk_journal_lock_init(struct lk_journal_lock *ret, const char *journal_path)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf path = LK_BUF_INIT(SIZE_MAX);

    lk_buf_printf(&path, "%s.lock", journal_path);
    ret->path = lk_buf_take(&path);
    ret->fd = -1;
}

void lk_journal_lock_done(struct lk_journal_lock *lock)
{
    lk_fd_close(&lock->fd);
    free(lock->path);
    lock->path = NULL;
}

/* The byte of a submission: FNV-1a of its id. Two ids on one byte would have to be under way at the
 * same time, and then one would only wait to be settled. */
static int64_t place_of(struct lk_str submit_id)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < submit_id.len; i++)
        hash = (hash ^ (unsigned char)submit_id.ptr[i]) * UINT64_C(1099511628211);
    return (int64_t)(hash >> 2);
}

bool lk_journal_lock_take(struct lk_journal_lock *lock, struct lk_str submit_id)
{
    if (lock->fd < 0)
        lock->fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return lock->fd >= 0 && lk_platform_lock_byte(lock->fd, place_of(submit_id));
}

void lk_journal_lock_drop(struct lk_journal_lock *lock, struct lk_str submit_id)
{
    if (lock->fd >= 0)
        lk_platform_unlock_byte(lock->fd, place_of(submit_id));
}

bool lk_journal_lock_is_taken(const struct lk_journal_lock *lock, struct lk_str submit_id)
{
    LK_CLEANUP(lk_fd_close) int fd = open(lock->path, O_RDWR | O_CLOEXEC);

    return fd >= 0 && lk_platform_byte_is_locked(fd, place_of(submit_id));
}
