#include "fabric/livy_past.h"

#include "base/encoding.h"
#include "fabric/livy_client.h"

#include <stdlib.h>

enum { LIST_PAGES_MAX = 50 };

/* "https://…/lakehouses/<GUID>/livySessions[?continuationToken=…]"; empty for services without. */
static void first_page(const struct lk_livy *livy, struct lk_buf *ret)
{
    lk_buf_clear(ret);
    if (!lk_livy_session_url(livy, LK_STR_EMPTY, ret))
        lk_buf_clear(ret);
    else if (lk_str_ends(lk_buf_view(ret), LK_STR("/")))
        lk_buf_truncate(ret, ret->len - 1);
}

static void next_page(const struct lk_livy *livy, struct lk_str token, struct lk_buf *ret)
{
    lk_buf_clear(ret);
    if (!token.len)
        return;
    first_page(livy, ret);
    lk_buf_put(ret, LK_STR("?continuationToken="));
    lk_percent_encode(token, ret);
}

enum lk_status lk_livy_past_each(struct lk_livy *livy, int pages_max,
                                 bool (*each)(void *of, const json_t *item), void *of,
                                 struct lk_cancel *cancel, bool *ret_is_whole, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(LK_LIVY_URL_MAX);
    enum lk_status st = LK_OK;

    *ret_is_whole = false;
    first_page(livy, &url);
    if (!url.len)
        return lk_error_set(err, LK_NOT_FOUND, "NoHistory", "%s keeps no history of batches",
                            livy->profile->title);
    for (int i = 0; i < pages_max && url.len && !st; i++) {
        LK_CLEANUP(lk_json_unref) json_t *json = NULL;
        json_t *item;
        size_t at;
        st = lk_livy_get_json(livy, &url, "the history of batches", cancel, &json, err);
        if (st)
            return st;
        json_array_foreach(json_object_get(json, "value"), at, item)
        {
            if (!each(of, item))
                return LK_OK;
        }
        next_page(livy, lk_json_get_str(json, "continuationToken"), &url);
        st = lk_buf_check(&url, "an address of the history", err);
    }
    *ret_is_whole = !st && !url.len;
    return st;
}

/* ---- as a list ----------------------------------------------------------------------------- */

struct listing {
    const struct lk_livy_profile *profile;
    struct lk_livy_list *list;
    size_t max;
};

static bool keep(void *of, const json_t *item)
{
    struct listing *l = of;
    struct lk_livy_list *list = l->list;
    struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    struct lk_str type = lk_json_get_str(item, "jobType");

    if ((type.len && !lk_str_eq_nocase(type, LK_STR("SparkBatch"))) ||
        lk_livy_batch_read(l->profile, item, &batch, NULL))
        return true;
    if ((list->count & (list->count + 1)) == 0)
        list->batches = lk_realloc(list->batches, (2 * list->count + 1) * sizeof *list->batches);
    list->batches[list->count++] = batch;
    return list->count < l->max;
}

static int compare_newest_first(const void *left, const void *right)
{
    int64_t a = ((const struct lk_livy_batch *)left)->submitted_ms;
    int64_t b = ((const struct lk_livy_batch *)right)->submitted_ms;

    return a < b ? 1 : a > b ? -1 : 0;
}

enum lk_status lk_livy_past_list(struct lk_livy *livy, size_t max, struct lk_cancel *cancel,
                                 struct lk_livy_list *ret, struct lk_error *err)
{
    struct lk_livy_list list = {.total = -1};
    struct listing listing = {.profile = livy->profile, .list = &list, .max = max};
    bool is_whole;
    enum lk_status st =
        lk_livy_past_each(livy, LIST_PAGES_MAX, keep, &listing, cancel, &is_whole, err);

    if (st == LK_NOT_FOUND)
        st = lk_error_next(err, "%%batch list shows what Livy still lists.");
    if (st) {
        lk_livy_list_done(&list);
        return st;
    }
    if (list.count)
        qsort(list.batches, list.count, sizeof *list.batches, compare_newest_first);
    *ret = list;
    return LK_OK;
}
