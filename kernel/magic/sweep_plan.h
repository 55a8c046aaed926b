/* What to do next in a sweep: submit a member, or wait for one to end. The service schedules and
 * limits; this only keeps to --max-parallel and steps back when the service says that it is full.
 * Pure but for memory; one owner. */
#ifndef LK_MAGIC_SWEEP_PLAN_H
#define LK_MAGIC_SWEEP_PLAN_H

#include "fabric/livy_batch.h"

enum lk_member_state {
    LK_MEMBER_WAITING = 0, /* not submitted yet */
    LK_MEMBER_GOING,
    LK_MEMBER_SUCCEEDED,
    LK_MEMBER_FAILED,
    LK_MEMBER_CANCELLED,
    LK_MEMBER_REFUSED, /* the service does not take it: its request is wrong, or not allowed */
    LK_MEMBER_UNKNOWN, /* its submission was not answered, or its record vanished */
    LK_MEMBER_STATES,
};

struct lk_sweep_member {
    enum lk_member_state state;
    char batch_id[LK_BATCH_ID_MAX]; /* of the newest attempt; empty: none was accepted */
    int attempts;
    bool recalled;                  /* from an earlier run; its end may be old */
    char why[LK_BATCH_MESSAGE_MAX]; /* one sentence, for what did not succeed */
};

struct lk_sweep_plan {
    struct lk_sweep_member *members; /* owned */
    size_t count, max_parallel;
    int full;              /* times in a row that the service said it is full */
    int64_t not_before_ms; /* monotonic: no submission earlier */
    bool retry_recalled;   /* recalled members that failed or were cancelled are submitted again */
    bool stopped; /* a request was refused for what it is: the others would be too, and wait */
};

/* max_parallel 0: as many as the service takes. */
void lk_sweep_plan_init(struct lk_sweep_plan *plan, size_t count, size_t max_parallel);
void lk_sweep_plan_done(struct lk_sweep_plan *plan);
const char *lk_member_state_name(enum lk_member_state state); /* "waiting", "running", … */
size_t lk_sweep_count(const struct lk_sweep_plan *plan, enum lk_member_state state);

enum lk_sweep_step {
    LK_SWEEP_SUBMIT, /* member */
    LK_SWEEP_WATCH,  /* until one ends, or until_ms if that is set */
    LK_SWEEP_DONE,   /* nothing goes on and nothing is to be submitted any more */
};
struct lk_sweep_next {
    enum lk_sweep_step step;
    size_t member;
    int64_t until_ms; /* monotonic; 0: none */
};
struct lk_sweep_next lk_sweep_next(const struct lk_sweep_plan *plan, int64_t now_ms);

/* What became of a submission. */
void lk_sweep_accepted(struct lk_sweep_plan *plan, size_t member, const char *batch_id);
/* err->status tells what kind of refusal it is: LK_THROTTLED, and what never reached the service,
 * leave the member waiting for retry_after_ms (-1: as long as seems right). LK_UNKNOWN: nobody
 * knows whether it runs. Anything else is a refusal. */
void lk_sweep_not_accepted(struct lk_sweep_plan *plan, size_t member, const struct lk_error *err,
                           int64_t retry_after_ms, int64_t now_ms);
/* A batch's news. An end is for ever, but for retry_recalled; batch->end says which. */
void lk_sweep_news(struct lk_sweep_plan *plan, size_t member, const struct lk_livy_batch *batch);
/* The service no longer knows it. */
void lk_sweep_lost(struct lk_sweep_plan *plan, size_t member, const struct lk_error *err);
#endif
