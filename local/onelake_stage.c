/* DFS data that was appended and not flushed yet: kept beside, never visible. */
#include "local/onelake_stage.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STAGES_MAX = 1000, EXTENTS_MAX = 100000 };

struct extent {
    int64_t from, to;
};

struct local_onelake_stage {
    struct local_onelake_stage *next;
    char *key; /* workspace/lakehouse/path */
    char tmp_name[LOCAL_ONELAKE_NAME_MAX + 1];
    int fd;
    struct extent *extents; /* in order of arrival */
    size_t extent_count;
};

static char *key_of(const struct local_onelake_target *target)
{
    struct lk_buf key = LK_BUF_INIT(2 * LOCAL_ONELAKE_PATH_MAX);

    lk_buf_printf(&key, "%s/%s/%.*s", target->workspace_id, target->lakehouse_id,
                  LK_STR_ARGS(target->inside));
    return lk_buf_take(&key);
}

/* Where the stage hangs, or the end of the list. */
static struct local_onelake_stage **find(struct local_onelake *onelake, const char *key,
                                         size_t *count)
{
    struct local_onelake_stage **at = &onelake->stages;

    for (*count = 0; *at && strcmp((*at)->key, key) != 0; at = &(*at)->next)
        ++*count;
    return at;
}

static void free_stage(struct local_onelake *onelake, struct local_onelake_stage *stage)
{
    lk_fd_close(&stage->fd);
    if (stage->tmp_name[0])
        unlinkat(onelake->tmp_fd, stage->tmp_name, 0);
    free(stage->extents);
    free(stage->key);
    free(stage);
}

static void drop(struct local_onelake *onelake, const char *key)
{
    size_t count;
    struct local_onelake_stage **at = find(onelake, key, &count), *stage = *at;

    if (!stage)
        return;
    *at = stage->next;
    free_stage(onelake, stage);
}

void local_onelake_drop_stage(struct local_onelake *onelake,
                              const struct local_onelake_target *target)
{
    LK_CLEANUP(lk_free_ptr) char *key = key_of(target);

    pthread_mutex_lock(&onelake->lock);
    drop(onelake, key);
    pthread_mutex_unlock(&onelake->lock);
}

void local_onelake_free_stages(struct local_onelake *onelake)
{
    while (onelake->stages)
        drop(onelake, onelake->stages->key);
}

static enum lk_status add_extent(struct local_onelake_stage *stage, int64_t from, int64_t to,
                                 struct lk_error *err)
{
    struct extent *last = stage->extent_count ? &stage->extents[stage->extent_count - 1] : NULL;

    if (last && last->to == from) { /* the usual case */
        last->to = to;
        return LK_OK;
    }
    if (stage->extent_count == EXTENTS_MAX)
        return lk_error_set(err, LK_LIMIT, "ServerBusy", "Too many pieces are not flushed.");
    stage->extents = lk_realloc(stage->extents, (stage->extent_count + 1) * sizeof *stage->extents);
    stage->extents[stage->extent_count++] = (struct extent){from, to};
    return LK_OK;
}

static int by_from(const void *left, const void *right)
{
    const struct extent *a = left, *b = right;
    return (a->from > b->from) - (a->from < b->from);
}

/* How far the data goes from 0 on without a hole. */
static int64_t contiguous(struct local_onelake_stage *stage)
{
    int64_t to = 0;

    if (stage->extent_count)
        qsort(stage->extents, stage->extent_count, sizeof *stage->extents, by_from);
    for (size_t i = 0; i < stage->extent_count && stage->extents[i].from <= to; i++) {
        if (stage->extents[i].to > to)
            to = stage->extents[i].to;
    }
    return to;
}

/* The committed content is the stage's beginning. */
static enum lk_status fill(struct local_onelake *onelake, struct local_onelake_stage *stage,
                           const struct local_onelake_target *target, struct lk_error *err)
{
    struct local_onelake_info info;
    LK_CLEANUP(lk_fd_close) int fd = -1;
    int64_t len = 0;
    enum lk_status st = local_onelake_open(onelake, target, &fd, &info, err);

    if (st)
        return st;
    if (info.is_folder)
        return lk_error_set(err, LK_EXISTS, "ResourceTypeMismatch",
                            "The path is a folder, not a file.");
    st = local_onelake_make_tmp(onelake, stage->tmp_name, &stage->fd, err);
    if (!st)
        st = local_onelake_copy(fd, stage->fd, 0, NULL, &len, err);
    if (!st && len > 0)
        st = add_extent(stage, 0, len, err);
    return st;
}

static enum lk_status find_or_make(struct local_onelake *onelake,
                                   const struct local_onelake_target *target,
                                   struct local_onelake_stage **ret, struct lk_error *err)
{
    struct local_onelake_stage *stage;
    char *key = key_of(target);
    size_t count;
    enum lk_status st;

    *ret = *find(onelake, key, &count);
    if (*ret || count >= STAGES_MAX) {
        free(key);
        return *ret ? LK_OK
                    : lk_error_set(err, LK_LIMIT, "ServerBusy", "Too many files are not flushed.");
    }
    stage = lk_alloc(sizeof *stage);
    *stage = (struct local_onelake_stage){.fd = -1, .key = key};
    st = fill(onelake, stage, target, err);
    if (st) {
        free_stage(onelake, stage);
        return st;
    }
    stage->next = onelake->stages;
    onelake->stages = stage;
    *ret = stage;
    return LK_OK;
}

/* The bytes are written outside the lock, so that appends run in parallel. */
enum lk_status local_onelake_append(struct local_onelake *onelake,
                                    const struct local_onelake_call *call, int64_t position,
                                    struct lk_error *err)
{
    char md5[LOCAL_MD5_TEXT_SIZE], tmp_name[LOCAL_ONELAKE_NAME_MAX + 1];
    LK_CLEANUP(lk_fd_close) int fd = -1;
    struct local_onelake_stage *stage;
    enum lk_status st;

    pthread_mutex_lock(&onelake->lock);
    st = find_or_make(onelake, &call->target, &stage, err);
    if (!st) {
        fd = fcntl(stage->fd, F_DUPFD_CLOEXEC, 0);
        snprintf(tmp_name, sizeof tmp_name, "%s", stage->tmp_name);
    }
    pthread_mutex_unlock(&onelake->lock);
    if (!st)
        st = local_onelake_receive(call, fd, position, md5, err);
    if (st)
        return st;
    pthread_mutex_lock(&onelake->lock);
    st = find_or_make(onelake, &call->target, &stage, err);
    if (!st && strcmp(stage->tmp_name, tmp_name) == 0)
        st = add_extent(stage, position, position + call->request->body_len, err);
    pthread_mutex_unlock(&onelake->lock);
    return st;
}

static enum lk_status check_md5(const struct local_onelake_call *call, int fd, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(LOCAL_MD5_TEXT_SIZE);
    struct lk_str given = call->headers[LOCAL_OH_STORE_MD5];
    struct lk_digest_stream *stream;
    struct lk_digest digest;
    char bytes[65536];
    ssize_t n;
    off_t at = 0;

    if (given.len == 0)
        return LK_OK;
    stream = lk_digest_stream_new(LK_DIGEST_MD5);
    while ((n = pread(fd, bytes, sizeof bytes, at)) > 0) {
        lk_digest_stream_put(stream, (struct lk_str){bytes, (size_t)n});
        at += n;
    }
    digest = lk_digest_stream_take(stream);
    lk_base64_encode(lk_digest_view(&digest), &text);
    if (n < 0 || !lk_str_eq(given, lk_buf_view(&text)))
        return lk_error_set(err, LK_INVALID, "Md5Mismatch",
                            "x-ms-content-md5 is not the MD5 of the file.");
    return LK_OK;
}

/* Takes the stage off the list when it can be flushed to position. */
static enum lk_status take(struct local_onelake *onelake, const char *key, int64_t position,
                           struct local_onelake_stage **ret, struct lk_error *err)
{
    size_t count;
    struct local_onelake_stage **at = find(onelake, key, &count), *stage = *at;

    *ret = NULL;
    if (!stage)
        return LK_OK;
    if (position > contiguous(stage))
        return lk_error_set(err, LK_INVALID, "InvalidFlushPosition",
                            "The uploaded data is not contiguous or the position query parameter "
                            "value is not equal to the length of the file after appending the "
                            "uploaded data.");
    *at = stage->next;
    *ret = stage;
    return LK_OK;
}

static enum lk_status commit(struct local_onelake *onelake, const struct local_onelake_call *call,
                             struct local_onelake_stage *stage, int64_t position,
                             struct local_onelake_info *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf md5 = LK_BUF_INIT(LOCAL_MD5_TEXT_SIZE);
    char tmp_name[LOCAL_ONELAKE_NAME_MAX + 1];
    enum lk_status st = LK_OK;

    /* What lies behind the position is dropped. */
    if (ftruncate(stage->fd, position) != 0)
        st = lk_error_set(err, LK_IO, "InternalError", "The file cannot be cut.");
    if (!st)
        st = check_md5(call, stage->fd, err);
    if (!st) {
        snprintf(tmp_name, sizeof tmp_name, "%s", stage->tmp_name);
        stage->tmp_name[0] = '\0';
        lk_buf_put(&md5, call->headers[LOCAL_OH_STORE_MD5]);
        st = local_onelake_commit(onelake, call, tmp_name, lk_buf_cstr(&md5), ret, err);
    }
    free_stage(onelake, stage);
    return st;
}

/* Nothing was appended: a flush then only confirms the length. */
static enum lk_status confirm(struct local_onelake *onelake, const struct local_onelake_call *call,
                              int64_t position, struct local_onelake_info *ret,
                              struct lk_error *err)
{
    LK_CLEANUP(lk_fd_close) int fd = -1;
    enum lk_status st = local_onelake_open(onelake, &call->target, &fd, ret, err);

    if (!st)
        st = local_onelake_check_conditions(call, ret, err);
    if (!st && ret->size != position)
        st = lk_error_set(err, LK_INVALID, "InvalidFlushPosition",
                          "The position is not the length of the file.");
    return st;
}

enum lk_status local_onelake_flush(struct local_onelake *onelake,
                                   const struct local_onelake_call *call, int64_t position,
                                   struct local_onelake_info *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *key = key_of(&call->target);
    struct local_onelake_stage *stage;
    enum lk_status st;

    pthread_mutex_lock(&onelake->lock);
    st = take(onelake, key, position, &stage, err);
    pthread_mutex_unlock(&onelake->lock);
    if (st)
        return st;
    return stage ? commit(onelake, call, stage, position, ret, err)
                 : confirm(onelake, call, position, ret, err);
}
