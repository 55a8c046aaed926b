#include "fabric/livy_lookup.h"

#include "base/log.h"
#include "fabric/livy_marker.h"

#include <stdio.h>
#include <string.h>

enum { CANDIDATES_MAX = 10, NEWEST_LOOKED_AT = 100, LOOKED_AT_MAX = 1600, SKEW_MS = 300000 };

/* Moves what was found out of a list or a local. */
static void take(struct lk_livy_batch *from, struct lk_livy_batch *ret)
{
    lk_livy_batch_done(ret);
    *ret = *from;
    *from = (struct lk_livy_batch)LK_LIVY_BATCH_INIT;
}

static enum lk_status not_there(struct lk_error *err)
{
    return lk_error_set(err, LK_NOT_FOUND, "NotFound", "Livy shows no batch with our marker");
}

static bool is_ours(const struct lk_livy_sought *sought, const struct lk_livy_batch *batch)
{
    return lk_livy_marker_is(lk_str_from(batch->submit_id), sought->submit_id);
}

/* ---- by tag -------------------------------------------------------------------------------- */

static bool was_asked(const struct lk_livy_sought *sought, const char *id)
{
    for (size_t i = 0; i < sought->not_ours_count; i++)
        if (strcmp(sought->not_ours[i], id) == 0)
            return true;
    return false;
}

static void keep_asked(struct lk_livy_sought *sought, const char *id)
{
    if (sought->not_ours_count < LK_COUNT(sought->not_ours))
        (void)snprintf(sought->not_ours[sought->not_ours_count++], LK_BATCH_ID_MAX, "%s", id);
}

/* Lists may come without tags; then batches of the same name and time are asked one by one. */
static bool is_candidate(const struct lk_livy_sought *sought, const struct lk_livy_batch *batch)
{
    return !batch->submit_id[0] && lk_str_eq(lk_str_from(batch->name), sought->name) &&
           (!batch->submitted_ms || batch->submitted_ms >= sought->began_unix_ms - SKEW_MS) &&
           !was_asked(sought, batch->id);
}

/* Asks the service for one batch of the list. */
static enum lk_status ask_one(struct lk_livy *livy, struct lk_livy_sought *sought,
                              struct lk_livy_batch *listed, struct lk_cancel *cancel,
                              struct lk_livy_batch *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch whole = LK_LIVY_BATCH_INIT;
    bool ours = is_ours(sought, listed);
    enum lk_status st = lk_livy_get(livy, lk_str_from(listed->id), cancel, &whole, err);

    if (st == LK_CANCELLED)
        return st;
    if (ours && st) {
        take(listed, ret); /* the list's word is enough */
        return LK_OK;
    }
    if (!st && (ours || is_ours(sought, &whole))) {
        take(&whole, ret);
        return LK_OK;
    }
    /* One that shows no tag yet may show it later. */
    if (!st && whole.submit_id[0])
        keep_asked(sought, listed->id);
    return not_there(err);
}

/* Whether there is more behind the newest `max`, and it may be as young as the one sought. */
static bool may_be_behind(const struct lk_livy_sought *sought, const struct lk_livy_list *list,
                          size_t max)
{
    int64_t oldest_ms = list->count ? list->batches[list->count - 1].submitted_ms : 0;

    return list->count == max && oldest_ms && oldest_ms >= sought->began_unix_ms - SKEW_MS;
}

/* The newest batches, or those back to the time of the one sought: between the day a kernel died
 * and the day somebody asks, others have submitted many. */
static enum lk_status list_back(struct lk_livy *livy, const struct lk_livy_sought *sought,
                                bool far_back, struct lk_cancel *cancel, struct lk_livy_list *ret,
                                struct lk_error *err)
{
    for (size_t max = NEWEST_LOOKED_AT;; max *= 4) {
        enum lk_status st = lk_livy_list(livy, max, cancel, ret, err);
        if (st || !far_back || max >= LOOKED_AT_MAX || !may_be_behind(sought, ret, max))
            return st;
        lk_livy_list_done(ret);
    }
}

static enum lk_status look_in_list(struct lk_livy *livy, struct lk_livy_sought *sought,
                                   bool far_back, struct lk_cancel *cancel,
                                   struct lk_livy_batch *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_livy_list_done) struct lk_livy_list list = {.batches = NULL};
    int asked = 0;
    enum lk_status st = list_back(livy, sought, far_back, cancel, &list, err);

    if (st)
        return st;
    for (size_t i = 0; i < list.count; i++)
        if (is_ours(sought, &list.batches[i]))
            return ask_one(livy, sought, &list.batches[i], cancel, ret, err);
    for (size_t i = 0; i < list.count && asked < CANDIDATES_MAX; i++) {
        if (!is_candidate(sought, &list.batches[i]))
            continue;
        asked++;
        st = ask_one(livy, sought, &list.batches[i], cancel, ret, err);
        if (st != LK_NOT_FOUND)
            return st;
    }
    return not_there(err);
}

/* ---- by name ------------------------------------------------------------------------------- */

/* A name that survives being part of an address, whatever stands between us and the service. */
static bool is_plain(struct lk_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              c == '-' || c == '_' || c == '.'))
            return false;
    }
    return name.len > 0;
}

/* Ids begin at 0 again when the server restarts: what counts is the name in the answer. */
static enum lk_status look_by_name(struct lk_livy *livy, struct lk_livy_sought *sought,
                                   bool far_back, struct lk_cancel *cancel,
                                   struct lk_livy_batch *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    enum lk_status st;

    if (!is_plain(sought->service_name))
        return look_in_list(livy, sought, far_back, cancel, ret, err);
    st = lk_livy_get(livy, sought->service_name, cancel, &batch, err);
    if (st)
        return st;
    if (!is_ours(sought, &batch))
        return not_there(err);
    take(&batch, ret);
    return LK_OK;
}

static enum lk_status look_once(struct lk_livy *livy, struct lk_livy_sought *sought, bool far_back,
                                struct lk_cancel *cancel, struct lk_livy_batch *ret,
                                struct lk_error *err)
{
    return livy->profile->marker == LK_LIVY_MARKER_NAME
               ? look_by_name(livy, sought, far_back, cancel, ret, err)
               : look_in_list(livy, sought, far_back, cancel, ret, err);
}

/* ---- refused requests that left a record ----------------------------------------------------- */

bool lk_livy_looks_refused(const struct lk_livy_profile *profile, const struct lk_livy_batch *batch)
{
    const json_t *log = json_object_get(batch->raw, "log");

    return profile->keeps_phantoms && strcmp(batch->state, "starting") == 0 && !batch->app_id[0] &&
           json_is_array(log) && json_array_size(log) == 0;
}

/* Its name is free again after it. One that stays does no harm: nobody uses the name twice. */
static enum lk_status delete_refused(struct lk_livy *livy, const struct lk_livy_batch *batch,
                                     struct lk_cancel *cancel, struct lk_error *err)
{
    struct lk_str name = lk_str_from(batch->service_name), id = lk_str_from(batch->id);
    struct lk_error why = LK_ERROR_INIT;
    bool already_gone;
    enum lk_status st =
        lk_livy_cancel(livy, is_plain(name) ? name : id, cancel, &already_gone, &why);

    if (st)
        lk_log(LK_LOG_WARN, "the record of a refused request stays: %s", why.message);
    return lk_error_set(err, LK_EXISTS, "Refused",
                        "Livy holds a record that never started, as of a request that it refused");
}

/* ---- until it is found ----------------------------------------------------------------------- */

enum lk_status lk_livy_look_for(struct lk_livy *livy, struct lk_livy_sought *sought,
                                const struct lk_livy_patience *patience, struct lk_cancel *cancel,
                                struct lk_livy_batch *ret, struct lk_error *err)
{
    static const int64_t waits_ms[] = {1000, 2000, 3000, 5000};
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch found = LK_LIVY_BATCH_INIT;
    struct lk_clock *clock = livy->options.clock;
    int64_t deadline_ms = clock->monotonic_ms(clock) + patience->window_ms;

    for (size_t i = 0;; i++) {
        int64_t wait_ms = waits_ms[i < LK_COUNT(waits_ms) ? i : LK_COUNT(waits_ms) - 1];
        enum lk_status st = look_once(livy, sought, patience->far_back, cancel, &found, err);
        bool is_over = clock->monotonic_ms(clock) + wait_ms > deadline_ms;
        if (!st && !lk_livy_looks_refused(livy->profile, &found)) {
            take(&found, ret);
            return LK_OK;
        }
        if (st == LK_CANCELLED || st == LK_UNAUTHORIZED || st == LK_DENIED)
            return st;
        if (st == LK_NOT_FOUND && !patience->until_found)
            return st;
        if (is_over)
            return st ? st : delete_refused(livy, &found, cancel, err);
        st = clock->wait_ms(clock, wait_ms, cancel, err);
        if (st)
            return st;
    }
}
