#include "fabric/journal.h"

#include "base/file.h"
#include "fabric/journal_line.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of a journal larger than this only the end is read. */
#define JOURNAL_READ_MAX ((off_t)16 << 20)

enum { LINE_MAX_BYTES = 16384 };

struct lk_journal {
    char *path;
    struct lk_clock *clock;
};

struct lk_journal *lk_journal_new(const char *path, struct lk_clock *clock)
{
    struct lk_journal *journal = lk_alloc(sizeof(*journal));

    journal->path = lk_str_dup(lk_str_from(path));
    journal->clock = clock;
    return journal;
}

void lk_journal_free(struct lk_journal *journal)
{
    if (!journal)
        return;
    free(journal->path);
    free(journal);
}

/* ---- writing ------------------------------------------------------------------------------- */

/* A process that was killed in the middle of a write leaves a torn line: the next one must not
 * continue it. */
static bool ends_torn(const char *path)
{
    LK_CLEANUP(lk_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    char last;
    off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);

    return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

static enum lk_status append(struct lk_journal *journal, const struct lk_journal_line *line,
                             struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(LINE_MAX_BYTES);
    LK_CLEANUP(lk_free_ptr) char *copy = lk_str_dup(lk_str_from(journal->path));
    enum lk_status st = lk_file_make_folders(dirname(copy), 0700, err);

    if (!st && ends_torn(journal->path))
        lk_buf_put_char(&text, '\n');
    lk_journal_line_write(line, &text);
    if (!st)
        st = lk_buf_check(&text, "the journal's line", err);
    if (!st)
        st = lk_file_append_sync(journal->path, 0600, lk_buf_view(&text), err);
    if (!st)
        return LK_OK;
    lk_error_prefix(err, "the journal of submissions");
    return lk_error_next(err, "Nothing is submitted without it. Make room, or make its folder "
                              "writable.");
}

static void put_text(struct lk_str text, char *ret, size_t size)
{
    text = lk_str_cut(text, size - 1);
    if (text.len)
        memcpy(ret, text.ptr, text.len);
    ret[text.len] = '\0';
}

enum lk_status lk_journal_intent(struct lk_journal *journal, struct lk_str submit_id,
                                 struct lk_str endpoint, struct lk_str name, struct lk_str file,
                                 struct lk_error *err)
{
    struct lk_journal_line line = {.is_outcome = false};

    line.entry.intent_unix_ms = journal->clock->unix_ms(journal->clock);
    put_text(submit_id, line.entry.submit_id, sizeof(line.entry.submit_id));
    put_text(endpoint, line.entry.endpoint, sizeof(line.entry.endpoint));
    put_text(name, line.entry.name, sizeof(line.entry.name));
    put_text(file, line.entry.file, sizeof(line.entry.file));
    return append(journal, &line, err);
}

enum lk_status lk_journal_outcome(struct lk_journal *journal, struct lk_str submit_id,
                                  enum lk_journal_outcome outcome, struct lk_str batch_id,
                                  struct lk_error *err)
{
    struct lk_journal_line line = {.is_outcome = true};

    line.entry.intent_unix_ms = journal->clock->unix_ms(journal->clock);
    line.entry.outcome = outcome;
    put_text(submit_id, line.entry.submit_id, sizeof(line.entry.submit_id));
    put_text(batch_id, line.entry.batch_id, sizeof(line.entry.batch_id));
    return append(journal, &line, err);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* An outcome met before its intent, for lines are read from the newest on. */
struct outcome {
    char submit_id[40];
    char batch_id[64];
    enum lk_journal_outcome outcome;
};

struct reading {
    struct lk_journal_entry *entries;
    size_t count, max;
    struct outcome *outcomes;
    size_t outcome_count;
    size_t bad_lines;
};

static enum lk_status read_end(const char *path, struct lk_buf *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    off_t at = size > JOURNAL_READ_MAX ? size - JOURNAL_READ_MAX : 0;
    char piece[65536];

    if (fd < 0 && errno == ENOENT)
        return LK_OK;
    if (fd < 0 || size < 0)
        return lk_error_errno(err, errno, "FileNotRead", "the journal %s cannot be read", path);
    while (at < size) {
        ssize_t n = pread(fd, piece, sizeof(piece), at);
        if (n < 0 && errno != EINTR)
            return lk_error_errno(err, errno, "FileNotRead", "the journal %s cannot be read", path);
        if (n == 0)
            break;
        if (n > 0)
            lk_buf_put(ret, (struct lk_str){piece, (size_t)n});
        at += n > 0 ? n : 0;
    }
    return LK_OK;
}

static void keep_outcome(struct reading *r, const struct lk_journal_entry *entry)
{
    struct outcome *kept;

    if ((r->outcome_count & (r->outcome_count + 1)) == 0)
        r->outcomes = lk_realloc(r->outcomes, (2 * r->outcome_count + 1) * sizeof(*r->outcomes));
    kept = &r->outcomes[r->outcome_count++];
    memcpy(kept->submit_id, entry->submit_id, sizeof(kept->submit_id));
    memcpy(kept->batch_id, entry->batch_id, sizeof(kept->batch_id));
    kept->outcome = entry->outcome;
}

static void keep_entry(struct reading *r, const struct lk_journal_entry *entry)
{
    struct lk_journal_entry *kept;

    if ((r->count & (r->count + 1)) == 0)
        r->entries = lk_realloc(r->entries, (2 * r->count + 1) * sizeof(*r->entries));
    kept = &r->entries[r->count++];
    *kept = *entry;
    for (size_t i = 0; i < r->outcome_count; i++) {
        if (strcmp(r->outcomes[i].submit_id, entry->submit_id) != 0)
            continue;
        kept->has_outcome = true;
        kept->outcome = r->outcomes[i].outcome;
        memcpy(kept->batch_id, r->outcomes[i].batch_id, sizeof(kept->batch_id));
        return; /* the first met is the newest */
    }
}

static void read_line(struct reading *r, struct lk_str text)
{
    struct lk_journal_line line;

    if (!lk_str_trim(text).len)
        return;
    if (!lk_journal_line_read(text, &line))
        r->bad_lines++;
    else if (line.is_outcome)
        keep_outcome(r, &line.entry);
    else
        keep_entry(r, &line.entry);
}

enum lk_status lk_journal_read(struct lk_journal *journal, size_t max,
                               struct lk_journal_entry **ret, size_t *ret_count,
                               size_t *ret_bad_lines, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT((size_t)JOURNAL_READ_MAX);
    struct reading r = {.max = max};
    enum lk_status st = read_end(journal->path, &bytes, err);
    struct lk_str rest = lk_buf_view(&bytes);

    if (st)
        return st;
    while (rest.len && r.count < max) {
        size_t from = rest.len;
        while (from && rest.ptr[from - 1] != '\n')
            from--;
        /* Of a long journal the first line read is the end of one. */
        if (from || bytes.len < (size_t)JOURNAL_READ_MAX)
            read_line(&r, lk_str_slice(rest, from, rest.len));
        rest.len = from ? from - 1 : 0;
    }
    free(r.outcomes);
    *ret = r.entries ? r.entries : lk_alloc(1);
    *ret_count = r.count;
    *ret_bad_lines = r.bad_lines;
    return LK_OK;
}
