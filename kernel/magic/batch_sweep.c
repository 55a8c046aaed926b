#include "magic/batch_sweep.h"

#include "base/timefmt.h"
#include "base/uuid.h"
#include "fabric/livy_settle.h"
#include "fabric/livy_watch_many.h"
#include "magic/batch_submit.h"
#include "magic/batch_target.h"
#include "magic/batch_watch.h"
#include "magic/sweep_journal.h"
#include "magic/sweep_view.h"
#include "magic/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PARALLEL_MAX = LK_SWEEP_MEMBERS_MAX,
    ROWS_LIVE = 12,
    ROWS_AT_END = 50,
};

struct sweeping {
    struct lk_watch_observer observer; /* first: it is handed to the watch */
    struct lk_context *context;
    struct lk_cell *cell;
    struct lk_livy *livy;
    struct lk_livy_spec *shared;
    struct lk_sweep sweep;
    struct lk_sweep_plan plan;
    struct lk_watch_many many;
    char id[LK_SWEEP_ID_SIZE];
    char identity[LK_SWEEP_IDENTITY_SIZE]; /* the first part of the id; claimed: */
    bool is_claimed;
    struct lk_progress display;
    int64_t answer_unix_ms; /* when the service told of its batches last; 0: not yet */
    int64_t deadline_ms;    /* monotonic; of --timeout; 0: none */
    struct lk_error first_refusal;
};

static struct lk_str endpoint_of(const struct sweeping *s)
{
    return lk_str_from(s->context->endpoint.base);
}

static void sweeping_done(struct sweeping *s)
{
    if (s->is_claimed)
        lk_journal_unclaim(s->context->journal, endpoint_of(s), lk_str_from(s->identity));
    lk_sweep_done(&s->sweep);
    lk_sweep_plan_done(&s->plan);
    lk_watch_many_done(&s->many);
}

static int64_t now_of(const struct sweeping *s)
{
    return s->context->options.clock->monotonic_ms(s->context->options.clock);
}

static struct lk_sweep_sight sight_of(const struct sweeping *s)
{
    return (struct lk_sweep_sight){
        .sweep = &s->sweep, .plan = &s->plan, .many = &s->many, .id = s->id};
}

/* ---- the line ------------------------------------------------------------------------------ */

static enum lk_status read_axes(const struct lk_args *args, struct lk_sweep *ret,
                                struct lk_error *err)
{
    struct lk_str text;
    enum lk_status st = LK_OK;

    *ret = (struct lk_sweep)LK_SWEEP_INIT;
    for (size_t i = 0; !st && lk_args_get_nth(args, "each", i, &text); i++)
        st = lk_sweep_add(ret, text, err);
    return st;
}

static enum lk_status read_options(struct sweeping *s, const struct lk_args *args,
                                   size_t *ret_parallel, struct lk_error *err)
{
    int64_t parallel = 0, timeout_ms = 0;
    enum lk_status st;

    st = lk_args_number(args, "max-parallel", 1, PARALLEL_MAX, "--max-parallel 4", &parallel, err);
    if (st)
        return st;
    if (lk_args_has(args, "retry-failed") && !lk_args_has(args, "resume")) {
        lk_error_set(err, LK_INVALID, "BadOption", "--retry-failed goes with --resume");
        return lk_error_next(err, "The same line with --resume --retry-failed");
    }
    if (lk_args_has(args, "resume") && lk_args_has(args, "dry-run")) {
        lk_error_set(err, LK_INVALID, "BadOption",
                     "--dry-run shows a sweep that begins; what --resume sends depends on how the "
                     "members before have ended");
        return lk_error_next(err, "%%batch history shows those that were submitted.");
    }
    st = lk_batch_watch_timeout(args, &timeout_ms, err);
    if (timeout_ms > 0)
        s->deadline_ms = now_of(s) + timeout_ms;
    *ret_parallel = (size_t)parallel;
    return st;
}

/* ---- an earlier run of the same sweep ------------------------------------------------------ */

/* The sweep, not one run of it: two kernels that begin it at the same time would both find none. */
static enum lk_status claim(struct sweeping *s, struct lk_error *err)
{
    enum lk_status st =
        lk_journal_claim(s->context->journal, endpoint_of(s), lk_str_from(s->identity), err);

    s->is_claimed = !st;
    if (st != LK_EXISTS)
        return st;
    lk_error_set(err, st, "SweepAtWork", "another kernel is running this sweep right now");
    return lk_error_next(err, "`%%batch monitor --all` watches its batches as well.");
}

static enum lk_status already_begun(const struct sweeping *s, size_t accepted, struct lk_error *err)
{
    lk_error_set(err, LK_EXISTS, "SweepUnfinished",
                 "this sweep was begun before, and %zu of its %zu members were submitted", accepted,
                 s->plan.count);
    return lk_error_next(err, "--resume goes on with it; --resubmit runs all of it anew.");
}

/* A member whose answer was lost is looked for; what is found is watched, what is not stays
 * unknown unless --resubmit says that it may run twice. */
static enum lk_status settle_member(struct sweeping *s, const struct lk_journal_entry *found,
                                    size_t i, bool resubmit, struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    struct lk_sweep_member *member = &s->plan.members[i];
    struct lk_journal_entry entry = *found;
    enum lk_status st = lk_livy_settle(s->livy, &entry, s->cell->cancel, &batch, err);

    if (st == LK_CANCELLED)
        return st;
    if (!st) {
        member->state = LK_MEMBER_GOING;
        member->recalled = true;
        snprintf(member->batch_id, sizeof member->batch_id, "%s", batch.id);
        member->why[0] = '\0';
    } else if (st == LK_EXISTS || (st == LK_NOT_FOUND && resubmit)) {
        member->state = LK_MEMBER_WAITING;
        member->why[0] = '\0';
    }
    return LK_OK;
}

static enum lk_status settle_unknown(struct sweeping *s, const struct lk_sweep_log *log,
                                     bool resubmit, struct lk_error *err)
{
    enum lk_status st = LK_OK;

    for (size_t i = 0; i < s->plan.count && !st; i++)
        if (s->plan.members[i].state == LK_MEMBER_UNKNOWN)
            st = settle_member(s, lk_sweep_entry(log, s->id, i), i, resubmit, err);
    return st;
}

/* Ids of some services start again at 0: name and submit id tell whose record it is. */
static enum lk_status watch_member(struct sweeping *s, size_t i, const char *name,
                                   const char *submit_id, struct lk_error *err)
{
    const struct lk_sweep_member *member = &s->plan.members[i];
    struct lk_watched *item = lk_watch_many_add(&s->many, lk_str_from(member->batch_id));

    if (!item)
        return lk_error_set(err, LK_LIMIT, "TooManyBatches",
                            "more batches than can be watched at once");
    lk_watched_accepted(item, lk_str_from(name), lk_str_from(submit_id));
    return LK_OK;
}

static enum lk_status watch_recalled(struct sweeping *s, const struct lk_sweep_log *log,
                                     struct lk_error *err)
{
    enum lk_status st = LK_OK;

    for (size_t i = 0; i < s->plan.count && !st; i++) {
        const struct lk_journal_entry *entry = lk_sweep_entry(log, s->id, i);
        if (entry && s->plan.members[i].state == LK_MEMBER_GOING)
            st = watch_member(s, i, entry->name, entry->submit_id, err);
    }
    return st;
}

/* All of it was submitted before, or is to be anew. */
static void forget_run(struct sweeping *s)
{
    size_t count = s->plan.count, parallel = s->plan.max_parallel;

    lk_sweep_plan_done(&s->plan);
    lk_sweep_plan_init(&s->plan, count, parallel);
    s->id[0] = '\0';
}

/* The same line again may be a mistake, or last night's job. */
static void tell_former(const struct sweeping *s, const struct lk_sweep_log *log)
{
    LK_CLEANUP(lk_livy_spec_done) struct lk_livy_spec note = {.warnings = json_array()};
    char when[LK_TIME_TEXT_MAX];

    lk_time_text(log->entries[0].intent_unix_ms, when);
    json_array_append_new(note.warnings,
                          lk_json_textf("This sweep was submitted before, last at %s; this is "
                                        "another run of it. --resume watches the former one.",
                                        when));
    if (!s->cell->quiet)
        lk_batch_show_warnings(s->cell, &note);
}

static enum lk_status recall(struct sweeping *s, const struct lk_sweep_log *log, bool resume,
                             bool resubmit, struct lk_error *err)
{
    size_t accepted = lk_sweep_recall(log, s->id, &s->plan);
    enum lk_status st;

    if (!resume && accepted < s->plan.count && !resubmit)
        return already_begun(s, accepted, err);
    if (!resume) {
        tell_former(s, log);
        forget_run(s);
        return LK_OK;
    }
    st = settle_unknown(s, log, resubmit, err);
    return st ? st : watch_recalled(s, log, err);
}

static void name_new_run(struct sweeping *s)
{
    char run[LK_UUID_SIZE];

    lk_uuid_v4(run);
    snprintf(s->id, sizeof s->id, "%s-%.8s", s->identity, run);
}

static enum lk_status none_begun(struct lk_error *err)
{
    lk_error_set(err, LK_NOT_FOUND, "NoSweep", "no sweep with this request was begun here");
    return lk_error_next(err,
                         "Without --resume it is begun. A changed option makes another sweep.");
}

static enum lk_status find_run(struct sweeping *s, bool resume, struct lk_error *err)
{
    struct lk_journal_entry *entries = NULL;
    struct lk_sweep_log log = {.endpoint = endpoint_of(s)};
    bool was_run;
    enum lk_status st;

    st = lk_journal_read_sweep(s->context->journal, lk_str_from(s->identity), &entries, &log.count,
                               err);
    if (st)
        return st;
    log.entries = entries;
    was_run = lk_sweep_newest_run(&log, s->identity, s->id);
    if (was_run)
        st = recall(s, &log, resume, s->shared->resubmit, err);
    else if (resume)
        st = none_begun(err);
    free(entries);
    if (!st && !s->id[0])
        name_new_run(s);
    return st;
}

/* ---- submitting ---------------------------------------------------------------------------- */

static void show(struct sweeping *s, const struct lk_error *trouble, int64_t slept_ms)
{
    const struct lk_batch_look look = {
        .unix_ms = s->answer_unix_ms, .trouble = trouble, .slept_ms = slept_ms};
    struct lk_sweep_sight sight = sight_of(s);
    LK_CLEANUP(lk_buf_done) struct lk_buf markdown = LK_BUF_INIT(256 << 10);
    LK_CLEANUP(lk_buf_done) struct lk_buf plain = LK_BUF_INIT(256 << 10);
    LK_CLEANUP(lk_json_unref) json_t *value = NULL;

    if (!lk_progress_is_due(&s->display))
        return;
    value = lk_sweep_sight_value(s->context, &sight, false);
    lk_sweep_table(s->context, &sight, &look, ROWS_LIVE, &markdown, &plain);
    if (s->cell->terminal) {
        lk_buf_clear(&plain);
        lk_sweep_line(s->context, &sight, &look, &plain);
    }
    lk_progress_show(&s->display, lk_buf_view(&markdown), lk_buf_view(&plain), value, false);
}

static enum lk_status submit(struct sweeping *s, size_t member, struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    LK_CLEANUP(lk_livy_spec_done)
    struct lk_livy_spec spec = {.body = lk_sweep_request(&s->sweep, member, s->shared->body),
                                .resubmit = s->shared->resubmit,
                                .member = (int64_t)member};
    struct lk_error own = LK_ERROR_INIT;
    enum lk_status st;

    memcpy(spec.sha256, s->shared->sha256, sizeof spec.sha256);
    snprintf(spec.sweep, sizeof spec.sweep, "%s", s->id);
    st = lk_livy_submit(s->livy, &spec, s->cell->cancel, &batch, &own);
    if (st == LK_CANCELLED || st == LK_UNAUTHORIZED || st == LK_IO) {
        *err = own;
        return st;
    }
    if (st) {
        if (st != LK_THROTTLED && st != LK_NETWORK && st != LK_UNKNOWN && !s->first_refusal.status)
            s->first_refusal = own;
        lk_sweep_not_accepted(&s->plan, member, &own, -1, now_of(s));
        return LK_OK;
    }
    lk_sweep_accepted(&s->plan, member, batch.id);
    snprintf(s->context->last_batch, sizeof s->context->last_batch, "%s", batch.id);
    lk_batch_seen(s->context, &batch);
    st = watch_member(s, member, batch.name, batch.submit_id, err);
    show(s, NULL, 0);
    return st;
}

/* ---- watching ------------------------------------------------------------------------------ */

/* The member whose newest attempt is that batch; count when there is none. */
static size_t member_of(const struct sweeping *s, const char *batch_id)
{
    size_t i = 0;

    while (i < s->plan.count && strcmp(s->plan.members[i].batch_id, batch_id) != 0)
        i++;
    return i;
}

/* Takes over what the watch has learned. */
static void take_news(struct sweeping *s)
{
    for (size_t i = 0; i < s->many.count; i++) {
        struct lk_watched *item = &s->many.items[i];
        size_t member = member_of(s, item->batch.id);
        if (member == s->plan.count)
            continue;
        if (item->verdict == LK_WATCH_ENDED)
            lk_sweep_news(&s->plan, member, &item->batch);
        else if (item->verdict != LK_WATCH_POLL_AGAIN && item->trouble)
            lk_sweep_lost(&s->plan, member, item->trouble);
    }
}

static void progress(struct lk_watch_observer *observer, const struct lk_watch_look *look)
{
    struct sweeping *s = (struct sweeping *)observer;

    take_news(s);
    s->answer_unix_ms = look->answer_unix_ms;
    show(s, look->trouble, look->slept_ms);
}

/* A member may be submitted in the place of one that ended, or after the service's pause. */
static bool is_enough(struct lk_watch_observer *observer, const struct lk_watch_many *many)
{
    const struct sweeping *s = (const struct sweeping *)observer;

    (void)many;
    return lk_sweep_next(&s->plan, now_of(s)).step != LK_SWEEP_WATCH;
}

static enum lk_status late(const struct sweeping *s, struct lk_error *err)
{
    return lk_error_set(err, LK_TIMEOUT, "WatchTimeout",
                        "the sweep did not end in time: %zu of %zu members go on",
                        lk_sweep_count(&s->plan, LK_MEMBER_GOING), s->plan.count);
}

/* When nothing goes on, it is the service's pause that is waited for. */
static enum lk_status watch(struct sweeping *s, int64_t until_ms, struct lk_error *err)
{
    struct lk_clock *clock = s->context->options.clock;
    int64_t now = now_of(s), left = s->deadline_ms ? s->deadline_ms - now : 0;

    if (s->deadline_ms && left <= 0)
        return late(s, err);
    if (lk_sweep_count(&s->plan, LK_MEMBER_GOING))
        return lk_livy_watch_many(s->livy, &s->many, left, &s->observer, s->cell->cancel, err);
    show(s, NULL, 0);
    until_ms = until_ms > now + 1000 ? now + 1000 : until_ms;
    return clock->wait_ms(clock, until_ms > now ? until_ms - now : 1, s->cell->cancel, err);
}

static enum lk_status run_all(struct sweeping *s, struct lk_error *err)
{
    enum lk_status st = LK_OK;

    while (!st) {
        struct lk_sweep_next next = lk_sweep_next(&s->plan, now_of(s));
        if (next.step == LK_SWEEP_DONE)
            break;
        if (next.step == LK_SWEEP_SUBMIT)
            st = s->deadline_ms && now_of(s) >= s->deadline_ms ? late(s, err)
                                                               : submit(s, next.member, err);
        else
            st = watch(s, next.until_ms, err);
        take_news(s);
    }
    return st;
}

/* ---- the end ------------------------------------------------------------------------------- */

static enum lk_status finish(struct sweeping *s, enum lk_status st, struct lk_answer *ret,
                             struct lk_error *err)
{
    struct lk_sweep_sight sight = sight_of(s);

    ret->value = lk_sweep_sight_value(s->context, &sight, true);
    lk_sweep_table(s->context, &sight, NULL, ROWS_AT_END, &ret->markdown, &ret->plain);
    if (s->display.shown) {
        snprintf(ret->id, sizeof ret->id, "%s", s->display.display_id);
        ret->display_id = ret->id;
    }
    return st ? lk_sweep_explain_stop(&s->plan, st, err)
              : lk_sweep_judge(&s->plan, &s->first_refusal, err);
}

/* Left out by mistake, the rest of the line would submit one batch, and to run twice. */
enum lk_status lk_batch_sweep_check(const struct lk_args *args, struct lk_error *err)
{
    static const char *const names[] = {"max-parallel", "resume", "retry-failed"};

    for (size_t i = 0; i < LK_COUNT(names) && !lk_args_has(args, "each"); i++) {
        if (!lk_args_has(args, names[i]))
            continue;
        lk_error_set(err, LK_INVALID, "BadOption", "--%s goes with --each", names[i]);
        return lk_error_next(err, "--each year=2019..2024 --each region=eu,us");
    }
    return LK_OK;
}

/* Before anything is submitted; what holds for one member holds for all. */
static enum lk_status warn(const struct sweeping *s, struct lk_error *err)
{
    LK_CLEANUP(lk_livy_spec_done)
    struct lk_livy_spec first = {.body = lk_sweep_request(&s->sweep, 0, s->shared->body)};
    LK_CLEANUP(lk_json_unref) json_t *request = NULL;
    enum lk_status st = lk_livy_preview(s->livy, &first, &request, err);

    if (!st && !s->cell->quiet)
        lk_batch_show_warnings(s->cell, &first);
    return st;
}

enum lk_status lk_batch_sweep(struct lk_context *context, struct lk_cell *cell,
                              const struct lk_args *args, struct lk_livy_spec *spec,
                              struct lk_answer *ret, struct lk_error *err)
{
    LK_CLEANUP(sweeping_done)
    struct sweeping s = {.observer = {.progress = progress, .is_enough = is_enough},
                         .context = context,
                         .cell = cell,
                         .shared = spec};
    size_t parallel = 0;
    enum lk_status st = lk_context_livy(context, &s.livy, err);

    if (!st)
        st = read_axes(args, &s.sweep, err);
    if (!st)
        st = read_options(&s, args, &parallel, err);
    if (st)
        return st;
    lk_sweep_plan_init(&s.plan, s.sweep.count, parallel);
    if (lk_args_has(args, "dry-run"))
        return lk_sweep_preview(context, &s.sweep, spec->body, ret, err);
    lk_watch_many_init(&s.many, context->endpoint.profile);
    lk_progress_init(&s.display, cell, context->options.clock);
    lk_sweep_identity(&s.sweep, spec->body, s.identity);
    st = warn(&s, err);
    if (!st)
        st = claim(&s, err);
    if (!st)
        st = find_run(&s, lk_args_has(args, "resume"), err);
    if (st)
        return st;
    s.plan.retry_recalled = lk_args_has(args, "retry-failed");
    st = run_all(&s, err);
    return finish(&s, st, ret, err);
}
