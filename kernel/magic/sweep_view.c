#include "magic/sweep_view.h"

#include "base/timefmt.h"
#include "magic/batch_submit.h"
#include "magic/view.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_SHOWN = 40, WHY_SHOWN = 60, REASON_SHOWN = 160, PREVIEW_ROWS = 50 };

/* What a person wants to see first. */
static const enum lk_member_state interest[LK_MEMBER_STATES] = {
    LK_MEMBER_REFUSED, LK_MEMBER_FAILED,  LK_MEMBER_UNKNOWN,   LK_MEMBER_CANCELLED,
    LK_MEMBER_GOING,   LK_MEMBER_WAITING, LK_MEMBER_SUCCEEDED,
};

static const struct lk_livy_batch *batch_of(const struct lk_sweep_sight *sight, size_t member)
{
    const char *id = sight->plan->members[member].batch_id;

    for (size_t i = 0; id[0] && i < sight->many->count; i++)
        if (strcmp(sight->many->items[i].batch.id, id) == 0)
            return &sight->many->items[i].batch;
    return NULL;
}

static void put_counts(const struct lk_sweep_plan *plan, struct lk_buf *ret)
{
    const char *between = "";

    for (size_t i = 0; i < LK_MEMBER_STATES; i++) {
        size_t count = lk_sweep_count(plan, interest[i]);
        if (!count)
            continue;
        lk_buf_printf(ret, "%s%zu %s", between, count, lk_member_state_name(interest[i]));
        between = ", ";
    }
}

/* Why nothing is submitted although something waits. */
static void put_full(const struct lk_sweep_plan *plan, struct lk_buf *ret)
{
    const struct lk_sweep_member *member = plan->members;
    struct lk_str rest, line = LK_STR_EMPTY;

    if (!plan->full || !lk_sweep_count(plan, LK_MEMBER_WAITING))
        return;
    while (member->state != LK_MEMBER_WAITING)
        member++;
    rest = lk_str_from(member->why);
    lk_str_next_line(&rest, &line);
    lk_buf_put(ret, LK_STR(", to be tried again: "));
    lk_text_shorten(line, REASON_SHOWN, ret);
}

void lk_sweep_line(const struct lk_context *context, const struct lk_sweep_sight *sight,
                   const struct lk_batch_look *look, struct lk_buf *ret)
{
    lk_buf_printf(ret, "%zu members: ", sight->plan->count);
    put_counts(sight->plan, ret);
    if (!look)
        return;
    if (look->unix_ms || look->trouble || look->slept_ms > 0) {
        lk_buf_put(ret, LK_STR(", "));
        lk_batch_look_text(look, context->options.clock->unix_ms(context->options.clock), ret);
    }
    put_full(sight->plan, ret);
}

/* ---- table --------------------------------------------------------------------------------- */

static const char *mark_of(enum lk_member_state state)
{
    static const char *const marks[LK_MEMBER_STATES] = {
        [LK_MEMBER_WAITING] = "·", [LK_MEMBER_GOING] = "…",     [LK_MEMBER_SUCCEEDED] = "✓",
        [LK_MEMBER_FAILED] = "✗",  [LK_MEMBER_CANCELLED] = "⊘", [LK_MEMBER_REFUSED] = "✗",
        [LK_MEMBER_UNKNOWN] = "?",
    };

    return marks[state];
}

static void put_state(const struct lk_sweep_member *member, const struct lk_livy_batch *batch,
                      struct lk_buf *ret)
{
    bool has_phase = member->state == LK_MEMBER_GOING && batch && batch->phase[0];

    lk_buf_printf(ret, "%s %s", mark_of(member->state),
                  has_phase ? batch->phase : lk_member_state_name(member->state));
    if (member->attempts > 1)
        lk_buf_printf(ret, " (attempt %d)", member->attempts);
}

static void add_row(const struct lk_sweep_sight *sight, size_t i, int64_t now,
                    struct lk_table *table)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf key = LK_BUF_INIT(64 << 10);
    LK_CLEANUP(lk_buf_done) struct lk_buf shown = LK_BUF_INIT(KEY_SHOWN * 4 + 4);
    LK_CLEANUP(lk_buf_done) struct lk_buf state = LK_BUF_INIT(512);
    LK_CLEANUP(lk_buf_done) struct lk_buf why = LK_BUF_INIT(WHY_SHOWN * 4 + 4);
    LK_CLEANUP(lk_buf_done) struct lk_buf id = LK_BUF_INIT(256);
    const struct lk_sweep_member *member = &sight->plan->members[i];
    const struct lk_livy_batch *batch = batch_of(sight, i);
    struct lk_str rest = lk_str_from(member->why), line = LK_STR_EMPTY;
    char duration[LK_DURATION_TEXT_MAX] = "";
    int64_t ms = batch ? lk_batch_duration_ms(batch, now) : 0;

    lk_sweep_key(sight->sweep, i, &key);
    lk_text_shorten(lk_buf_view(&key), KEY_SHOWN, &shown);
    put_state(member, batch, &state);
    lk_str_next_line(&rest, &line);
    lk_text_shorten(line, WHY_SHOWN, &why);
    if (ms >= LK_BATCH_PHASE_SHOWN_MS)
        lk_duration_text_whole(ms, duration);
    lk_markdown_code(lk_str_from(member->batch_id), &id);
    lk_table_row_rich(table,
                      (struct lk_str[]){lk_buf_view(&shown), lk_buf_view(&state),
                                        lk_str_from(duration), lk_buf_view(&why),
                                        lk_str_from(member->batch_id)},
                      (struct lk_str[]){LK_STR_EMPTY, LK_STR_EMPTY, LK_STR_EMPTY, LK_STR_EMPTY,
                                        lk_buf_view(&id)});
}

void lk_sweep_table(const struct lk_context *context, const struct lk_sweep_sight *sight,
                    const struct lk_batch_look *look, size_t rows, struct lk_buf *markdown,
                    struct lk_buf *plain)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf line = LK_BUF_INIT(8192);
    struct lk_table *table = lk_table_new(5, "Member", "State", "Time", "Message", "Id");
    int64_t now = context->options.clock->unix_ms(context->options.clock);
    size_t shown = 0;

    lk_sweep_line(context, sight, look, &line);
    lk_buf_printf(plain, "%s\n", lk_buf_cstr(&line));
    lk_markdown_escape(lk_buf_view(&line), markdown);
    lk_buf_put(markdown, LK_STR("\n\n"));
    for (size_t kind = 0; kind < LK_MEMBER_STATES; kind++)
        for (size_t i = 0; i < sight->plan->count && shown < rows; i++) {
            if (sight->plan->members[i].state != interest[kind])
                continue;
            add_row(sight, i, now, table);
            shown++;
        }
    lk_table_write(table, shown, markdown, plain);
    lk_table_free(table);
    if (sight->plan->count <= shown)
        return;
    lk_buf_printf(plain, "… and %zu more\n", sight->plan->count - shown);
    lk_buf_printf(markdown, "\n… and %zu more\n", sight->plan->count - shown);
}

/* ---- value --------------------------------------------------------------------------------- */

static json_t *member_value(const struct lk_context *context, const struct lk_sweep_sight *sight,
                            size_t i)
{
    const struct lk_sweep_member *member = &sight->plan->members[i];
    const struct lk_livy_batch *batch = batch_of(sight, i);
    json_t *value = json_object(), *axes = json_object();

    for (size_t at = 0; at < sight->sweep->axis_count; at++)
        json_object_set_new(axes, sight->sweep->axes[at].name,
                            json_string(lk_sweep_value(sight->sweep, i, at)));
    json_object_set_new(value, "member", axes);
    json_object_set_new(value, "state", json_string(lk_member_state_name(member->state)));
    json_object_set_new(value, "attempts", json_integer(member->attempts));
    lk_json_set_text(value, "message", lk_str_from(member->why));
    if (batch)
        json_object_set_new(value, "batch", lk_batch_value(context, batch));
    return value;
}

json_t *lk_sweep_sight_value(const struct lk_context *context, const struct lk_sweep_sight *sight,
                             bool with_members)
{
    json_t *value = json_object(), *members;

    json_object_set_new(value, "kind", json_string("batch.sweep"));
    json_object_set_new(value, "sweep", json_string(sight->id));
    json_object_set_new(value, "count", json_integer((json_int_t)sight->plan->count));
    for (size_t i = 0; i < LK_MEMBER_STATES; i++)
        json_object_set_new(value, lk_member_state_name(interest[i]),
                            json_integer((json_int_t)lk_sweep_count(sight->plan, interest[i])));
    if (!with_members)
        return value;
    json_object_set_new(value, "members", members = json_array());
    for (size_t i = 0; i < sight->plan->count; i++)
        json_array_append_new(members, member_value(context, sight, i));
    return value;
}

/* ---- the end, in words --------------------------------------------------------------------- */

static const char *first_failed(const struct lk_sweep_plan *plan)
{
    size_t i = 0;

    while (plan->members[i].state != LK_MEMBER_FAILED &&
           plan->members[i].state != LK_MEMBER_CANCELLED)
        i++;
    return plan->members[i].batch_id;
}

enum lk_status lk_sweep_judge(const struct lk_sweep_plan *plan, const struct lk_error *refusal,
                              struct lk_error *err)
{
    size_t failed =
        lk_sweep_count(plan, LK_MEMBER_FAILED) + lk_sweep_count(plan, LK_MEMBER_CANCELLED);
    size_t unknown = lk_sweep_count(plan, LK_MEMBER_UNKNOWN);

    if (refusal->status) {
        *err = *refusal;
        lk_error_prefix(err, "no more of the sweep was submitted");
        return err->status;
    }
    if (unknown) {
        lk_error_set(err, LK_UNKNOWN, "SweepUnknown",
                     "what became of %zu of %zu members is unknown", unknown, plan->count);
        return lk_error_next(err, "The same line with --resume looks for them again; with --resume "
                                  "--resubmit it submits those that are not found.");
    }
    if (!failed)
        return LK_OK;
    lk_error_set(err, LK_FAILED, "BatchesFailed", "%zu of %zu members did not succeed", failed,
                 plan->count);
    return lk_error_next(err,
                         "`%%batch log %s` shows why the first one did not; the same line with "
                         "--resume --retry-failed submits them again.",
                         first_failed(plan));
}

enum lk_status lk_sweep_explain_stop(const struct lk_sweep_plan *plan, enum lk_status st,
                                     struct lk_error *err)
{
    if (st == LK_CANCELLED)
        lk_error_set(err, st, "KeyboardInterrupt",
                     "Stopped the sweep: %zu members go on, %zu were not submitted.",
                     lk_sweep_count(plan, LK_MEMBER_GOING),
                     lk_sweep_count(plan, LK_MEMBER_WAITING));
    if (st != LK_CANCELLED && st != LK_TIMEOUT)
        lk_error_prefix(err, "the sweep was left");
    if (st == LK_CANCELLED || st == LK_TIMEOUT)
        return lk_error_next(err, "The same line with --resume goes on with it.");
    return st;
}

/* ---- --dry-run ----------------------------------------------------------------------------- */

static void preview_row(const struct lk_sweep *sweep, size_t member, const json_t *request,
                        struct lk_table *table)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf key = LK_BUF_INIT(64 << 10);
    LK_CLEANUP(lk_buf_done) struct lk_buf args = LK_BUF_INIT(64 << 10);
    json_t *arg;
    size_t i;

    lk_sweep_key(sweep, member, &key);
    json_array_foreach(json_object_get(request, "args"), i, arg)
        lk_buf_printf(&args, "%s%s", i ? " " : "", json_string_value(arg));
    lk_table_row(table, (struct lk_str[]){lk_buf_view(&key), lk_json_get_str(request, "name"),
                                          lk_buf_view(&args)});
}

static enum lk_status preview_members(struct lk_livy *livy, const struct lk_sweep *sweep,
                                      const json_t *body, struct lk_table *table, json_t *requests,
                                      json_t **warnings, struct lk_error *err)
{
    enum lk_status st = LK_OK;

    for (size_t i = 0; i < sweep->count && !st; i++) {
        LK_CLEANUP(lk_livy_spec_done)
        struct lk_livy_spec spec = {.body = lk_sweep_request(sweep, i, body)};
        json_t *request = NULL;
        st = lk_livy_preview(livy, &spec, &request, err);
        if (st)
            break;
        if (i == 0) /* they differ in values alone */
            *warnings = json_incref(spec.warnings);
        preview_row(sweep, i, request, table);
        json_array_append_new(requests, request);
    }
    return st;
}

enum lk_status lk_sweep_preview(struct lk_context *context, const struct lk_sweep *sweep,
                                const json_t *body, struct lk_answer *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *requests = json_array();
    LK_CLEANUP(lk_json_unref) json_t *warnings = NULL;
    struct lk_table *table;
    struct lk_livy *livy;
    enum lk_status st = lk_context_livy(context, &livy, err);

    if (st)
        return st;
    table = lk_table_new(3, "Member", "Name", "Arguments");
    st = preview_members(livy, sweep, body, table, requests, &warnings, err);
    if (!st) {
        lk_buf_printf(&ret->plain, "%zu requests would be sent. Nothing was sent.\n", sweep->count);
        lk_buf_printf(&ret->markdown, "%zu requests would be sent. Nothing was sent.\n\n",
                      sweep->count);
        lk_table_write(table, PREVIEW_ROWS, &ret->markdown, &ret->plain);
        lk_batch_put_warnings(warnings, &ret->markdown, &ret->plain);
        ret->value = json_object();
        json_object_set_new(ret->value, "kind", json_string("batch.requests"));
        json_object_set_new(ret->value, "url", lk_json_textf("%s/batches", context->endpoint.base));
        json_object_set(ret->value, "requests", requests);
        if (warnings)
            json_object_set(ret->value, "warnings", warnings);
    }
    lk_table_free(table);
    return st;
}
