/* The newest lines of a batch's output, as Apache Livy keeps them in memory; here they are read
 * from the file when somebody asks. */
#include "local/livy_apache_view.h"
#include "local/livy_service.h"

#include "base/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Lines are cut off at the front when they are so long that the newest 200 do not fit. */
enum { STEP = 64 * 1024, WINDOW_MAX = 4 * 1024 * 1024 };

/* Where the newest `lines` lines of text begin; 0 when there are not more of them. */
static size_t start_of(struct lk_str text, size_t lines)
{
    size_t at = text.len ? text.len - 1 : 0; /* the last line's own end does not count */

    for (; at > 0; at--) {
        if (text.ptr[at - 1] == '\n' && --lines == 0)
            return at;
    }
    return 0;
}

static void keep_newest(int fd, bool ended, struct lk_buf *ret)
{
    LK_CLEANUP(lk_free_ptr) char *bytes = NULL;
    struct stat info;
    struct lk_str text = LK_STR_EMPTY;
    off_t from;

    if (fstat(fd, &info) != 0)
        return;
    for (size_t window = STEP;; window *= 2) {
        ssize_t n;

        from = info.st_size > (off_t)window ? info.st_size - (off_t)window : 0;
        bytes = lk_realloc(bytes, (size_t)(info.st_size - from) + 1);
        n = pread(fd, bytes, (size_t)(info.st_size - from), from);
        text = (struct lk_str){bytes, n > 0 ? (size_t)n : 0};
        /* What has no end yet is no line yet. */
        while (!ended && text.len && text.ptr[text.len - 1] != '\n')
            text.len--;
        if (from == 0 || start_of(text, LOCAL_LIVY_RING) > 0 || window >= WINDOW_MAX)
            break;
    }
    text = lk_str_slice(text, start_of(text, LOCAL_LIVY_RING), text.len);
    lk_buf_put(ret, text);
}

void local_livy_ring(const struct local_livy *livy, const struct local_batch *batch,
                     struct lk_buf *ret)
{
    LK_CLEANUP(lk_free_ptr) char *folder = local_livy_folder(livy, batch->id);
    LK_CLEANUP(lk_free_ptr) char *path = lk_path_join(folder, LK_STR("stdout"));
    LK_CLEANUP(lk_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd >= 0)
        keep_newest(fd, local_batch_has_ended(batch), ret);
}
