/* A Livy batch as bytes ↔ structs, and the rules on it: what a request may hold, what
 * a reply says, when it has ended (livy.md §1.3–1.5, §7). Pure; any thread. */
#ifndef LK_FABRIC_LIVY_BATCH_H
#define LK_FABRIC_LIVY_BATCH_H

#include "base/json.h"
#include "fabric/livy_spec.h"

#include <stdint.h>

enum lk_batch_end {
    LK_BATCH_GOING = 0, /* not ended, or in a state nobody knows */
    LK_BATCH_SUCCEEDED,
    LK_BATCH_FAILED,
    LK_BATCH_CANCELLED,
};

enum { LK_BATCH_ID_MAX = 64, LK_BATCH_TEXT_MAX = 256, LK_BATCH_MESSAGE_MAX = 2048 };

/* Times in unix ms, 0 when not told. Every field may be empty. */
struct lk_livy_batch {
    char id[LK_BATCH_ID_MAX];             /* always text */
    char name[LK_BATCH_TEXT_MAX];         /* as its submitter gave it */
    char service_name[LK_BATCH_TEXT_MAX]; /* as the service has it, marker and all */
    char state[48];  /* lower case, as sent otherwise; livyInfo.currentState when state is absent */
    char result[32]; /* lower case */
    char phase[256]; /* one line: what the service says it is doing (livy.md §7.5) */
    char app_id[LK_BATCH_TEXT_MAX];
    char submit_id[LK_BATCH_ID_MAX]; /* our marker: a whole id or its first 12 digits */
    char submitter[LK_BATCH_TEXT_MAX];
    char message[LK_BATCH_MESSAGE_MAX]; /* why it failed, in the order of livy.md §1.5 */
    char spark_ui_url[512];
    int64_t submitted_ms, queued_ms, preparing_ms, starting_ms, running_ms, ended_ms;
    bool tells_phases; /* lists do not: between their times more than one phase may lie */
    bool cancel_requested;
    bool result_pending; /* terminal state, but result still says Uncertain */
    bool capacity_full;  /* 430 told in words inside an accepted batch (livy.md §1.6): it will not
                          * run, and is never submitted again by itself */
    enum lk_batch_end end;
    json_t *raw; /* the whole reply, owned */
};

#define LK_LIVY_BATCH_INIT                                                                         \
    {                                                                                              \
        .end = LK_BATCH_GOING, .raw = NULL                                                         \
    }
void lk_livy_batch_done(struct lk_livy_batch *batch);
/* Fills ret from one reply or list item. Lenient: only the id is required. */
LK_MUST_USE enum lk_status lk_livy_batch_read(const struct lk_livy_profile *profile,
                                              const json_t *json, struct lk_livy_batch *ret,
                                              struct lk_error *err);
/* A cancel of ours was accepted: a batch that was killed after that was cancelled, and did not
 * fail. */
void lk_livy_batch_cancel_was_asked(struct lk_livy_batch *batch);
/* Its name in the service's own words, marker included; empty when it has none. Borrows. */
struct lk_str lk_livy_batch_service_name(const struct lk_livy_batch *batch);
const char *lk_batch_end_name(enum lk_batch_end end); /* "running", "succeeded", … */

/* The phases of a batch, for the table and the timeline picture. */
struct lk_batch_phase {
    const char *name; /* "queued", "packaging", "starting", "running" */
    int64_t from_ms, to_ms;
};
enum { LK_BATCH_PHASES_MAX = 4 };
/* In order, without gaps of the service's own making; returns how many are known. now_ms closes
 * the last phase of a batch that goes on. */
size_t lk_livy_batch_phases(const struct lk_livy_batch *batch, int64_t now_ms,
                            struct lk_batch_phase ret[LK_BATCH_PHASES_MAX]);

#endif
