/* What the Livy service keeps on disk. */
#include "local/livy_service.h"

#include "base/file.h"
#include "base/log.h"
#include "base/timefmt.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORD_MAX = 4 * 1024 * 1024, NOTE_MAX = 4096, TAIL_BYTES = 8192, TAIL_LINES = 10 };

char *local_livy_folder(const struct local_livy *livy, const char *id)
{
    return lk_path_join(livy->records_folder, lk_str_from(id));
}

static char *file_of(const struct local_livy *livy, const char *id, const char *name)
{
    LK_CLEANUP(lk_free_ptr) char *folder = local_livy_folder(livy, id);
    return lk_path_join(folder, lk_str_from(name));
}

void local_livy_save(struct local_livy *livy, const struct local_batch *batch)
{
    LK_CLEANUP(lk_free_ptr) char *folder = local_livy_folder(livy, batch->id);
    LK_CLEANUP(lk_free_ptr) char *path = lk_path_join(folder, LK_STR("batch.json"));
    LK_CLEANUP(lk_json_unref) json_t *json = local_batch_save(batch);
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(RECORD_MAX);
    struct lk_error err = LK_ERROR_INIT;

    lk_json_write(json, true, &text);
    if (lk_buf_check(&text, "the batch's record", &err) ||
        lk_file_make_folders(folder, 0700, &err) ||
        lk_file_write(path, 0600, lk_buf_view(&text), &err))
        lk_log(LK_LOG_ERROR, "batch %s: %s", batch->id, err.message);
}

void local_livy_note(struct local_livy *livy, const struct local_batch *batch, const char *fmt, ...)
{
    LK_CLEANUP(lk_free_ptr) char *path = file_of(livy, batch->id, "livy.log");
    LK_CLEANUP(lk_buf_done) struct lk_buf line = LK_BUF_INIT(NOTE_MAX);
    char now[LK_TIME_TEXT_MAX];
    LK_CLEANUP(lk_fd_close) int fd = -1;
    va_list args;

    lk_time_iso8601(livy->clock->unix_ms(livy->clock), now);
    lk_buf_printf(&line, "%s ", now);
    va_start(args, fmt);
    lk_buf_vprintf(&line, fmt, args);
    va_end(args);
    for (size_t i = 0; i < line.len; i++) {
        if (line.data[i] == '\n' || line.data[i] == '\r')
            line.data[i] = ' ';
    }
    lk_buf_put_char(&line, '\n');
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, line.data, line.len) != (ssize_t)line.len)
        lk_log(LK_LOG_WARN, "batch %s: its submission log cannot be written", batch->id);
}

/* The whole lines among the last bytes of a file. */
static void read_end(int fd, struct lk_buf *ret)
{
    struct stat info;
    char bytes[TAIL_BYTES];
    ssize_t n;
    struct lk_str text;

    if (fstat(fd, &info) != 0)
        return;
    n = pread(fd, bytes, sizeof bytes, info.st_size > TAIL_BYTES ? info.st_size - TAIL_BYTES : 0);
    if (n <= 0)
        return;
    text = (struct lk_str){bytes, (size_t)n};
    if (info.st_size > TAIL_BYTES)
        lk_str_split(text, '\n', &(struct lk_str){0}, &text);
    lk_buf_put(ret, text);
}

static size_t start_of_last_lines(struct lk_str text, size_t lines)
{
    size_t at = text.len;

    for (at = at ? at - 1 : 0; at > 0; at--) {
        if (text.ptr[at - 1] == '\n' && --lines == 0)
            break;
    }
    return at;
}

void local_livy_log_tail(struct local_livy *livy, const struct local_batch *batch,
                         struct lk_buf *ret)
{
    LK_CLEANUP(lk_free_ptr) char *path = file_of(livy, batch->id, "livy.log");
    LK_CLEANUP(lk_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    read_end(fd, ret);
    lk_buf_consume(ret, start_of_last_lines(lk_buf_view(ret), TAIL_LINES));
}

static enum lk_status load_one(struct local_livy *livy, const char *id, struct local_batch *ret,
                               struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *path = file_of(livy, id, "batch.json");
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(RECORD_MAX);
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    enum lk_status st = lk_file_read(path, &text, err);

    if (!st)
        st = lk_json_parse(lk_buf_view(&text), "the batch's record", &json, err);
    if (!st)
        st = local_batch_load(json, ret, err);
    if (!st && strcmp(ret->id, id) != 0) {
        local_batch_done(ret);
        st = lk_error_set(err, LK_PROTOCOL, "BadRecord", "The record belongs to another batch.");
    }
    return st;
}

static int by_time(const void *left, const void *right)
{
    const struct local_livy_job *const *a = left, *const *b = right;
    int64_t x = (*a)->batch.at_ms[LOCAL_BATCH_QUEUED], y = (*b)->batch.at_ms[LOCAL_BATCH_QUEUED];

    return (x > y) - (x < y);
}

void local_livy_forget(struct local_livy *livy, struct local_livy_job *job)
{
    LK_CLEANUP(lk_free_ptr) char *folder = local_livy_folder(livy, job->batch.id);
    size_t index = 0;

    while (livy->jobs[index] != job)
        index++;
    local_remove_tree(folder);
    local_batch_done(&job->batch);
    free(job);
    memmove(livy->jobs + index, livy->jobs + index + 1,
            (--livy->job_count - index) * sizeof *livy->jobs);
}

static bool is_timed(const struct local_batch *batch)
{
    return local_livy_face(batch->face)->is_timed;
}

/* After a restart: as Apache Livy without recovery. */
static bool is_forgotten(const struct local_livy *livy, enum local_face face)
{
    return livy->limits.apache_forgets && local_livy_face(face)->may_forget;
}

static bool is_over_time(const struct local_livy *livy, const struct local_batch *batch)
{
    int64_t now_ms = livy->clock->unix_ms(livy->clock);

    return now_ms - batch->at_ms[batch->phase] >= livy->limits.retain_ms;
}

void local_livy_prune(struct local_livy *livy)
{
    size_t ended = 0;

    for (size_t i = 0; i < livy->job_count; i++)
        ended += local_batch_has_ended(&livy->jobs[i]->batch) && !is_timed(&livy->jobs[i]->batch);
    for (size_t i = 0; i < livy->job_count;) {
        const struct local_batch *batch = &livy->jobs[i]->batch;
        bool timed = is_timed(batch);

        if (!local_batch_has_ended(batch) ||
            (timed ? !is_over_time(livy, batch) : ended <= (size_t)livy->limits.kept)) {
            i++;
            continue;
        }
        local_livy_forget(livy, livy->jobs[i]);
        ended -= !timed;
    }
}

/* ---- numbers ------------------------------------------------------------------------------- */

static char *numbers_file(const struct local_livy *livy)
{
    return lk_path_join(livy->records_folder, LK_STR("numbers.json"));
}

int64_t local_livy_next_number(struct local_livy *livy, enum local_face face)
{
    LK_CLEANUP(lk_free_ptr) char *path = numbers_file(livy);
    LK_CLEANUP(lk_json_unref) json_t *json = json_object();
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(NOTE_MAX);
    struct lk_error err = LK_ERROR_INIT;
    int64_t number = livy->numbers[face]++;

    for (int i = LOCAL_FACE_APACHE; i < LOCAL_FACES; i++)
        json_object_set_new(json, local_livy_face((enum local_face)i)->name,
                            json_integer(livy->numbers[i]));
    lk_json_write(json, false, &text);
    if (lk_file_write(path, 0600, lk_buf_view(&text), &err))
        lk_log(LK_LOG_ERROR, "the numbers of batches: %s", err.message);
    return number;
}

/* Past what was given before; the records count too, if the file is lost. */
static void load_numbers(struct local_livy *livy)
{
    LK_CLEANUP(lk_free_ptr) char *path = numbers_file(livy);
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(NOTE_MAX);
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;

    if (lk_file_read(path, &text, NULL) == LK_OK)
        (void)!lk_json_parse(lk_buf_view(&text), "numbers.json", &json, NULL);
    for (int i = LOCAL_FACE_APACHE; i < LOCAL_FACES; i++) {
        if (is_forgotten(livy, (enum local_face)i))
            continue;
        livy->numbers[i] =
            json_integer_value(json_object_get(json, local_livy_face((enum local_face)i)->name));
    }
    for (size_t i = 0; i < livy->job_count; i++) {
        const struct local_batch *batch = &livy->jobs[i]->batch;
        if (livy->numbers[batch->face] <= batch->number)
            livy->numbers[batch->face] = batch->number + 1;
    }
}

/* ---- all of it ----------------------------------------------------------------------------- */

static void end_orphan(struct local_livy *livy, struct local_batch *batch)
{
    LK_CLEANUP(lk_free_ptr) char *path = local_livy_folder(livy, batch->id);

    local_batch_orphaned(batch, livy->clock->unix_ms(livy->clock));
    local_livy_note(livy, batch, "livy-local was started again; the batch is over");
    local_livy_save(livy, batch);
    local_runner_clean(path);
}

/* A folder of the records: read, or skipped with a warning. */
static void load_entry(struct local_livy *livy, const char *name)
{
    LK_CLEANUP(lk_free_ptr) char *folder = local_livy_folder(livy, name);
    struct lk_error why = LK_ERROR_INIT;
    struct local_batch batch;

    if (load_one(livy, name, &batch, &why)) {
        lk_log(LK_LOG_WARN, "batch %s is skipped: %s", name, why.message);
        return;
    }
    if (is_forgotten(livy, batch.face)) {
        local_remove_tree(folder);
        local_batch_done(&batch);
        return;
    }
    if (!local_batch_has_ended(&batch))
        end_orphan(livy, &batch);
    local_livy_keep(livy, &batch);
}

enum lk_status local_livy_load_all(struct local_livy *livy, struct lk_error *err)
{
    DIR *folder = opendir(livy->records_folder);
    struct dirent *entry;

    if (!folder)
        return lk_error_set(err, LK_IO, "RecordsUnreadable", "%s cannot be read.",
                            livy->records_folder);
    while ((entry = readdir(folder))) {
        if (lk_str_is_guid(lk_str_from(entry->d_name)))
            load_entry(livy, entry->d_name);
    }
    closedir(folder);
    if (livy->job_count)
        qsort(livy->jobs, livy->job_count, sizeof *livy->jobs, by_time);
    local_livy_prune(livy);
    load_numbers(livy);
    return LK_OK;
}
