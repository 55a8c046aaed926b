/* Files: bounded reads, atomic writes, durable appends. Any thread. Paths are C
 * strings as the operating system takes them. */
#ifndef LK_BASE_FILE_H
#define LK_BASE_FILE_H

#include "base/buf.h"
#include "base/error.h"

#include <sys/types.h>

/* Whole file into *ret (its ceiling applies; LK_LIMIT past it). LK_NOT_FOUND when absent,
 * LK_INVALID for a directory. */
LK_MUST_USE enum lk_status lk_file_read(const char *path, struct lk_buf *ret, struct lk_error *err);
/* Temporary file beside it, fsync, rename: the file appears whole or not at all. */
LK_MUST_USE enum lk_status lk_file_write(const char *path, mode_t mode, struct lk_str bytes,
                                         struct lk_error *err);
/* One write(2) with O_APPEND, then fsync. Creates the file with mode. */
LK_MUST_USE enum lk_status lk_file_append_sync(const char *path, mode_t mode, struct lk_str bytes,
                                               struct lk_error *err);
/* mkdir -p; new folders get mode. */
LK_MUST_USE enum lk_status lk_file_make_folders(const char *path, mode_t mode,
                                                struct lk_error *err);
bool lk_file_exists(const char *path);
/* folder + "/" + name as a malloc'd C string. */
LK_MUST_USE char *lk_path_join(const char *folder, struct lk_str name);
/* Part after the last '/'. */
struct lk_str lk_path_base(struct lk_str path);
/* Cleanup for an int file descriptor; -1 is none. */
void lk_fd_close(int *fd);

#endif
