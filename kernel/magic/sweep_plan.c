#include "magic/sweep_plan.h"

#include <stdio.h>
#include <stdlib.h>

enum { FULL_FIRST_MS = 5000, FULL_LONGEST_MS = 120000 };

void lk_sweep_plan_init(struct lk_sweep_plan *plan, size_t count, size_t max_parallel)
{
    *plan = (struct lk_sweep_plan){.count = count, .max_parallel = max_parallel};
    plan->members = lk_alloc((count + 1) * sizeof *plan->members);
}

void lk_sweep_plan_done(struct lk_sweep_plan *plan)
{
    free(plan->members);
    *plan = (struct lk_sweep_plan){.members = NULL};
}

const char *lk_member_state_name(enum lk_member_state state)
{
    static const char *const names[LK_MEMBER_STATES] = {
        [LK_MEMBER_WAITING] = "waiting",     [LK_MEMBER_GOING] = "running",
        [LK_MEMBER_SUCCEEDED] = "succeeded", [LK_MEMBER_FAILED] = "failed",
        [LK_MEMBER_CANCELLED] = "cancelled", [LK_MEMBER_REFUSED] = "refused",
        [LK_MEMBER_UNKNOWN] = "unknown",
    };

    return names[state];
}

size_t lk_sweep_count(const struct lk_sweep_plan *plan, enum lk_member_state state)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->count; i++)
        count += plan->members[i].state == state;
    return count;
}

/* ---- what next ----------------------------------------------------------------------------- */

static size_t first_waiting(const struct lk_sweep_plan *plan)
{
    size_t i = 0;

    while (i < plan->count && plan->members[i].state != LK_MEMBER_WAITING)
        i++;
    return i;
}

struct lk_sweep_next lk_sweep_next(const struct lk_sweep_plan *plan, int64_t now_ms)
{
    size_t going = lk_sweep_count(plan, LK_MEMBER_GOING), waiting = first_waiting(plan);
    bool has_room = !plan->max_parallel || going < plan->max_parallel;

    if (waiting == plan->count || plan->stopped)
        return (struct lk_sweep_next){.step = going ? LK_SWEEP_WATCH : LK_SWEEP_DONE};
    if (!has_room)
        return (struct lk_sweep_next){.step = LK_SWEEP_WATCH};
    if (plan->not_before_ms > now_ms)
        return (struct lk_sweep_next){.step = LK_SWEEP_WATCH, .until_ms = plan->not_before_ms};
    return (struct lk_sweep_next){.step = LK_SWEEP_SUBMIT, .member = waiting};
}

/* ---- what happened ------------------------------------------------------------------------- */

static void keep_why(struct lk_sweep_member *member, const char *why)
{
    struct lk_str cut = lk_str_cut(lk_str_from(why), sizeof member->why - 1);

    snprintf(member->why, sizeof member->why, "%.*s", LK_STR_ARGS(cut));
}

void lk_sweep_accepted(struct lk_sweep_plan *plan, size_t member, const char *batch_id)
{
    struct lk_sweep_member *of = &plan->members[member];

    of->state = LK_MEMBER_GOING;
    of->attempts++;
    of->recalled = false;
    snprintf(of->batch_id, sizeof of->batch_id, "%s", batch_id);
    of->why[0] = '\0';
    plan->full = 0;
    plan->not_before_ms = 0;
}

static int64_t step_back_ms(int full)
{
    int64_t ms = FULL_FIRST_MS;

    for (int i = 1; i < full && ms < FULL_LONGEST_MS; i++)
        ms *= 2;
    return ms < FULL_LONGEST_MS ? ms : FULL_LONGEST_MS;
}

void lk_sweep_not_accepted(struct lk_sweep_plan *plan, size_t member, const struct lk_error *err,
                           int64_t retry_after_ms, int64_t now_ms)
{
    struct lk_sweep_member *of = &plan->members[member];

    keep_why(of, err->message);
    switch (err->status) {
    case LK_THROTTLED:
    case LK_NETWORK:
        plan->full++;
        plan->not_before_ms =
            now_ms + (retry_after_ms >= 0 ? retry_after_ms : step_back_ms(plan->full));
        break;
    case LK_UNKNOWN:
        of->state = LK_MEMBER_UNKNOWN;
        of->attempts++;
        of->batch_id[0] = '\0';
        break;
    default:
        of->state = LK_MEMBER_REFUSED;
        plan->stopped = true;
    }
}

void lk_sweep_news(struct lk_sweep_plan *plan, size_t member, const struct lk_livy_batch *batch)
{
    static const enum lk_member_state states[] = {
        [LK_BATCH_GOING] = LK_MEMBER_GOING,
        [LK_BATCH_SUCCEEDED] = LK_MEMBER_SUCCEEDED,
        [LK_BATCH_FAILED] = LK_MEMBER_FAILED,
        [LK_BATCH_CANCELLED] = LK_MEMBER_CANCELLED,
    };
    struct lk_sweep_member *of = &plan->members[member];

    if (of->state != LK_MEMBER_GOING)
        return;
    of->state = states[batch->end];
    if (batch->end != LK_BATCH_FAILED && batch->end != LK_BATCH_CANCELLED)
        return;
    if (of->recalled && plan->retry_recalled) {
        of->state = LK_MEMBER_WAITING;
        of->batch_id[0] = '\0';
    } else {
        keep_why(of, batch->message);
    }
}

void lk_sweep_lost(struct lk_sweep_plan *plan, size_t member, const struct lk_error *err)
{
    struct lk_sweep_member *of = &plan->members[member];

    if (of->state != LK_MEMBER_GOING)
        return;
    of->state = LK_MEMBER_UNKNOWN;
    keep_why(of, err->message);
}
