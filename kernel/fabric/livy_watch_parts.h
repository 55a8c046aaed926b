/* What the files of the watch's pure half share. Inside fabric/ only. */
#ifndef LK_FABRIC_LIVY_WATCH_PARTS_H
#define LK_FABRIC_LIVY_WATCH_PARTS_H

#include "fabric/livy_watch_many.h"

static inline int64_t lk_later_ms(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline int64_t lk_sooner_ms(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline bool lk_watched_goes_on(const struct lk_watched *item)
{
    return item->verdict == LK_WATCH_POLL_AGAIN;
}

/* Counts a question against the budget. */
void lk_watch_spend(struct lk_watch_many *many, int64_t now_ms);
void lk_watched_clear_trouble(struct lk_watched *item);
/* Trouble that says nothing of the batch that was asked for. */
bool lk_watch_is_of_service(enum lk_status st);
/* … holds back all questions; an answer ends that. */
void lk_watch_hold_back(struct lk_watch_many *many, const struct lk_watch_answer *answer);
void lk_watch_service_answers(struct lk_watch_many *many);
/* Goes on, and lists are expected to show it. */
bool lk_watched_is_listable(const struct lk_watched *item, int64_t now_ms);
size_t lk_watch_count_listable(const struct lk_watch_many *many, int64_t now_ms);
size_t lk_watch_pages_for(const struct lk_watch_many *many, size_t batches);

#endif
