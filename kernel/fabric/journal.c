#include "fabric/journal.h"

#include "base/file.h"
#include "fabric/journal_line.h"
#include "fabric/journal_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of a journal larger than this only the end is read. */
#define JOURNAL_READ_MAX ((off_t)16 << 20)

enum { LINE_MAX_BYTES = 32768, CLAIM_MAX = 4096 };

/* Without locks an intent this young counts as under way: a POST, its repetitions after refusals
 * and the look-up take less. */
enum { UNDER_WAY_MS = 10 * 60000 };

struct lk_journal {
    char *path;
    struct lk_clock *clock;
    struct lk_journal_lock lock;
};

struct lk_journal *lk_journal_new(const char *path, struct lk_clock *clock)
{
    struct lk_journal *journal = lk_alloc(sizeof(*journal));

    journal->path = lk_str_dup(lk_str_from(path));
    journal->clock = clock;
    lk_journal_lock_init(&journal->lock, path);
    return journal;
}

void lk_journal_free(struct lk_journal *journal)
{
    if (!journal)
        return;
    lk_journal_lock_done(&journal->lock);
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

static enum lk_status make_folder(const struct lk_journal *journal, struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *copy = lk_str_dup(lk_str_from(journal->path));

    return lk_file_make_folders(dirname(copy), 0700, err);
}

static enum lk_status append(struct lk_journal *journal, const struct lk_journal_line *line,
                             struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(LINE_MAX_BYTES);
    enum lk_status st = make_folder(journal, err);

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

struct lk_str lk_journal_file(struct lk_str file)
{
    return lk_str_slice(file, 0, lk_str_find_char(file, '?'));
}

enum lk_status lk_journal_begin(struct lk_journal *journal, const struct lk_journal_intent *intent,
                                struct lk_error *err)
{
    struct lk_journal_line line = {.is_outcome = false};
    struct lk_journal_entry *entry = &line.entry;
    enum lk_status st = make_folder(journal, NULL);

    entry->intent_unix_ms = journal->clock->unix_ms(journal->clock);
    lk_str_copy(intent->submit_id, entry->submit_id, sizeof(entry->submit_id));
    lk_str_copy(intent->endpoint, entry->endpoint, sizeof(entry->endpoint));
    lk_str_copy(intent->service, entry->service, sizeof(entry->service));
    lk_str_copy(intent->name, entry->name, sizeof(entry->name));
    lk_str_copy(intent->service_name, entry->service_name, sizeof(entry->service_name));
    lk_str_copy(lk_journal_file(intent->file), entry->file, sizeof(entry->file));
    lk_str_copy(intent->sha256, entry->sha256, sizeof(entry->sha256));
    lk_str_copy(intent->sweep, entry->sweep, sizeof(entry->sweep));
    entry->member = intent->member;
    lk_str_copy(intent->resubmit_of, entry->resubmit_of, sizeof(entry->resubmit_of));
    /* Before the line: there is no moment in which it looks like a lost one. */
    entry->was_locked = !st && lk_journal_lock_take(&journal->lock, intent->submit_id);
    st = append(journal, &line, err);
    if (st)
        lk_journal_lock_drop(&journal->lock, intent->submit_id);
    return st;
}

enum lk_status lk_journal_outcome(struct lk_journal *journal, struct lk_str submit_id,
                                  enum lk_journal_outcome outcome, struct lk_str batch_id,
                                  const char *how, struct lk_error *err)
{
    struct lk_journal_line line = {.is_outcome = true};
    enum lk_status st;

    line.entry.intent_unix_ms = journal->clock->unix_ms(journal->clock);
    line.entry.outcome = outcome;
    lk_str_copy(submit_id, line.entry.submit_id, sizeof(line.entry.submit_id));
    lk_str_copy(batch_id, line.entry.batch_id, sizeof(line.entry.batch_id));
    lk_str_copy(lk_str_from(how), line.entry.how, sizeof(line.entry.how));
    st = append(journal, &line, err);
    lk_journal_lock_drop(&journal->lock, submit_id);
    return st;
}

static void claim_text(struct lk_str endpoint, struct lk_str name, struct lk_buf *ret)
{
    lk_buf_put(ret, name);
    lk_buf_put_char(ret, ' ');
    lk_buf_put(ret, lk_journal_service(endpoint));
}

enum lk_status lk_journal_claim(struct lk_journal *journal, struct lk_str endpoint,
                                struct lk_str name, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf claim = LK_BUF_INIT(CLAIM_MAX);
    enum lk_status st = make_folder(journal, err);

    claim_text(endpoint, name, &claim);
    if (st || lk_journal_lock_take(&journal->lock, lk_buf_view(&claim)) ||
        !lk_journal_lock_is_taken(&journal->lock, lk_buf_view(&claim)))
        return st;
    return lk_error_set(err, LK_EXISTS, "AtWork", "another kernel is at it");
}

void lk_journal_unclaim(struct lk_journal *journal, struct lk_str endpoint, struct lk_str name)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf claim = LK_BUF_INIT(CLAIM_MAX);

    claim_text(endpoint, name, &claim);
    lk_journal_lock_drop(&journal->lock, lk_buf_view(&claim));
}

/* ---- reading ------------------------------------------------------------------------------- */

/* An outcome met before its intent, for lines are read from the newest on. */
struct outcome {
    char submit_id[40];
    char batch_id[64];
    char how[16];
    enum lk_journal_outcome outcome;
    int64_t unix_ms;
};

struct reading {
    struct lk_journal_entry *entries;
    size_t count, max;
    struct lk_str sweep; /* of this one alone, and without what was refused; empty: all */
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
    memcpy(kept->how, entry->how, sizeof(kept->how));
    kept->outcome = entry->outcome;
    kept->unix_ms = entry->intent_unix_ms;
}

/* The one that counts; of two of a kind the first met, which is the newest. */
static void take_outcome(const struct reading *r, struct lk_journal_entry *entry)
{
    for (size_t i = 0; i < r->outcome_count; i++) {
        const struct outcome *o = &r->outcomes[i];
        if (strcmp(o->submit_id, entry->submit_id) != 0 ||
            (entry->has_outcome && o->outcome >= entry->outcome))
            continue;
        entry->has_outcome = true;
        entry->outcome = o->outcome;
        entry->outcome_unix_ms = o->unix_ms;
        memcpy(entry->batch_id, o->batch_id, sizeof(entry->batch_id));
        memcpy(entry->how, o->how, sizeof(entry->how));
    }
}

static bool is_wanted(const struct reading *r, const struct lk_journal_entry *entry)
{
    bool was_refused = entry->has_outcome && entry->outcome == LK_JOURNAL_REFUSED;

    return !r->sweep.len || (!was_refused && lk_str_starts(lk_str_from(entry->sweep), r->sweep));
}

static void keep_entry(struct reading *r, struct lk_journal_entry *entry)
{
    struct lk_journal_entry *kept;

    take_outcome(r, entry);
    if (!is_wanted(r, entry))
        return;
    if ((r->count & (r->count + 1)) == 0)
        r->entries = lk_realloc(r->entries, (2 * r->count + 1) * sizeof(*r->entries));
    kept = &r->entries[r->count++];
    *kept = *entry;
    for (size_t i = 0; i + 1 < r->count && !kept->resubmitted; i++)
        kept->resubmitted = strcmp(r->entries[i].resubmit_of, kept->submit_id) == 0;
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

static void tell_in_flight(const struct lk_journal *journal, struct lk_journal_entry *entry)
{
    int64_t age_ms = journal->clock->unix_ms(journal->clock) - entry->intent_unix_ms;

    if (entry->has_outcome)
        return;
    entry->in_flight = entry->was_locked
                           ? lk_journal_lock_is_taken(&journal->lock, lk_str_from(entry->submit_id))
                           : age_ms < UNDER_WAY_MS;
}

static enum lk_status read_lines(struct lk_journal *journal, struct reading *r,
                                 struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT((size_t)JOURNAL_READ_MAX);
    enum lk_status st = read_end(journal->path, &bytes, err);
    struct lk_str rest = lk_buf_view(&bytes);

    if (st)
        return st;
    while (rest.len && r->count < r->max) {
        size_t from = rest.len;
        while (from && rest.ptr[from - 1] != '\n')
            from--;
        /* Of a long journal the first line read is the end of one. */
        if (from || bytes.len < (size_t)JOURNAL_READ_MAX)
            read_line(r, lk_str_slice(rest, from, rest.len));
        rest.len = from ? from - 1 : 0;
    }
    free(r->outcomes);
    for (size_t i = 0; i < r->count; i++)
        tell_in_flight(journal, &r->entries[i]);
    if (!r->entries)
        r->entries = lk_alloc(1);
    return LK_OK;
}

enum lk_status lk_journal_read(struct lk_journal *journal, size_t max,
                               struct lk_journal_entry **ret, size_t *ret_count,
                               size_t *ret_bad_lines, struct lk_error *err)
{
    struct reading r = {.max = max};
    enum lk_status st = read_lines(journal, &r, err);

    if (st)
        return st;
    *ret = r.entries;
    *ret_count = r.count;
    *ret_bad_lines = r.bad_lines;
    return LK_OK;
}

enum lk_status lk_journal_read_sweep(struct lk_journal *journal, struct lk_str sweep,
                                     struct lk_journal_entry **ret, size_t *ret_count,
                                     struct lk_error *err)
{
    struct reading r = {.max = SIZE_MAX, .sweep = sweep};
    enum lk_status st = read_lines(journal, &r, err);

    if (st)
        return st;
    *ret = r.entries;
    *ret_count = r.count;
    return LK_OK;
}
