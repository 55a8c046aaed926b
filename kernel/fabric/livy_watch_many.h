/* Any number of batches under one watch: which question comes next, and when; one batch is the case
 * of one. Pure but for memory: time comes in, and every request is made by livy_watch_loop.c.
 * Executor thread only.
 *
 * The rules. All questions together keep to the service's budget (request_gap_ms, request_burst).
 * What befalls the service (network, throttling, 5xx) holds back all questions, so that an hour
 * without network costs two requests a minute and not two for each batch. Where more batches go on
 * than the list has pages, the list is asked in rounds, newest page first; a batch that a round
 * does not show is asked by itself, for a list proves nothing by silence. An end that the list
 * tells is believed when the list says as much as the record, or when it is a success with its
 * result; otherwise the record tells why it failed. */
#ifndef LK_FABRIC_LIVY_WATCH_MANY_H
#define LK_FABRIC_LIVY_WATCH_MANY_H

#include "fabric/livy_watch.h"

enum { LK_WATCH_MANY_MAX = 2000 };

/* One of them. */
struct lk_watched {
    struct lk_livy_batch batch;           /* what was learned last; the id always */
    char service_name[LK_BATCH_TEXT_MAX]; /* how the service called it, once it was seen */
    char submit_id[LK_BATCH_ID_MAX];      /* of the journal; empty: not known */
    struct lk_watch_state state;
    enum lk_watch_verdict verdict; /* POLL_AGAIN: still watched */
    bool ask_history;              /* Livy has forgotten it; the service's history is next */
    bool in_round;                 /* this round of the list has shown it */
    int64_t due_ms;                /* monotonic: when news of it are due */
    int64_t record_due_ms;         /* when its own record is to be asked in any case */
    int64_t record_ms;             /* when that was read last; 0: not yet */
    int64_t unlisted_until_ms;     /* lists do not show it; until then they are not trusted */
    struct lk_error *trouble; /* why it is gone or was given up, or what befell its last question;
                               * owned, NULL for nothing */
};

struct lk_watch_many {
    const struct lk_livy_profile *profile;
    struct lk_watched *items; /* owned */
    size_t count;
    enum lk_status stopped; /* LK_UNAUTHORIZED: nothing more can be asked, trouble says why */
    int64_t requests;       /* so far */

    bool troubled; /* trouble holds what befell the service at the last question */
    struct lk_error trouble;
    int failures;          /* such troubles in a row */
    int refused;           /* of them, credentials refused */
    int64_t not_before_ms; /* monotonic: no question earlier */
    int64_t budget_ms;     /* monotonic: when the budget would be whole again */

    int list_failures;     /* questions for the list that failed in a row */
    int64_t list_rests_ms; /* monotonic: until then the list counts as broken */
    int rounds;            /* of the list, so far */
    int64_t round_due_ms;  /* monotonic: when the next round, or the next page of this one is due */
    size_t pages;          /* of the round under way, read so far; 0: none is */
    size_t pages_last;     /* of the round before; 0: none yet */
    int64_t skip;          /* where the next page begins … */
    size_t size, page_size; /* … and how long it is; how long the service's pages are */
    bool oldest_first;      /* the list's order, as seen */
};

void lk_watch_many_init(struct lk_watch_many *many, const struct lk_livy_profile *profile);
void lk_watch_many_done(struct lk_watch_many *many);
/* Adds one by its id; the item to fill further, borrowed until the next call, or NULL when there
 * are LK_WATCH_MANY_MAX. One that is there already is given back. */
struct lk_watched *lk_watch_many_add(struct lk_watch_many *many, struct lk_str id);
/* Takes over what is known of it from elsewhere (the list, a submission): it is known to exist.
 * Takes the batch's content. */
void lk_watched_know(struct lk_watched *watched, struct lk_livy_batch *batch_take);
/* The service has accepted it as that name (journal). */
void lk_watched_accepted(struct lk_watched *watched, struct lk_str name, struct lk_str submit_id);
/* False when a record with its id is another batch: ids of some services start again at 0. */
bool lk_watched_is_same(const struct lk_livy_profile *profile, const struct lk_watched *watched,
                        const struct lk_livy_batch *batch);

enum lk_watch_ask_kind {
    LK_WATCH_ASK_NOBODY, /* every batch has its verdict, or nothing can be asked any more */
    LK_WATCH_ASK_BATCH,
    LK_WATCH_ASK_HISTORY, /* lk_livy_history() of the batch */
    LK_WATCH_ASK_PAGE,
};
struct lk_watch_ask {
    enum lk_watch_ask_kind kind;
    int64_t at_ms; /* monotonic; not later than this instant: now */
    size_t index;  /* of the batch */
    int64_t skip;  /* of the page */
    size_t size;
};
struct lk_watch_ask lk_watch_plan(const struct lk_watch_many *many, int64_t now_ms);

/* How a question went. */
struct lk_watch_answer {
    enum lk_status st;
    const struct lk_error *trouble; /* when st is not LK_OK */
    int64_t retry_after_ms;         /* -1: not told */
    int64_t now_ms;                 /* monotonic */
    unsigned jitter;                /* 0…1000 */
};
/* The answer to ASK_BATCH or ASK_HISTORY; takes the content of batch when st is LK_OK. */
void lk_watch_take_batch(struct lk_watch_many *many, const struct lk_watch_ask *ask,
                         const struct lk_watch_answer *answer, struct lk_livy_batch *batch_take);
/* The answer to ASK_PAGE; takes what it needs out of list. */
void lk_watch_take_page(struct lk_watch_many *many, const struct lk_watch_ask *ask,
                        const struct lk_watch_answer *answer, struct lk_livy_list *list);
/* Counts a question that the plan knows nothing of; ms to wait before it. */
int64_t lk_watch_pay(struct lk_watch_many *many, int64_t now_ms);
/* This computer slept for ms: all is due at once, but a throttling that has not passed yet. */
void lk_watch_slept(struct lk_watch_many *many, int64_t ms, int64_t now_ms);

#endif
