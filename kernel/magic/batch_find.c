#include "magic/batch_find.h"

#include "base/timefmt.h"
#include "fabric/livy_filter.h"
#include "fabric/livy_past.h"
#include "magic/batch_target.h"

enum {
    FOUND_DEFAULT = 20,
    FOUND_MAX = 500,
    SKIP_MAX = 100000,
    LOOKED_AT_MAX = 1000, /* with filters: requests are counted by the services */
};

static enum lk_status read_filter(const struct lk_context *context, const struct lk_args *args,
                                  struct lk_livy_filter *ret, struct lk_error *err)
{
    struct lk_str since = lk_args_get(args, "since");
    int64_t ms = 0;

    *ret = (struct lk_livy_filter){.name = lk_args_get(args, "name"),
                                   .state = lk_args_get(args, "state")};
    if (!lk_args_has(args, "since"))
        return LK_OK;
    if (!lk_duration_parse(since, &ms)) {
        lk_error_set(err, LK_INVALID, "BadDuration", "--since %.*s is no duration",
                     LK_STR_ARGS(since));
        return lk_error_next(err, "--since 2h, --since 7d");
    }
    ret->since_ms = context->options.clock->unix_ms(context->options.clock) - ms;
    return LK_OK;
}

/* Keeps of the list what the filter takes, from the skip-th of those on and at most max. */
static void keep(struct lk_livy_list *list, const struct lk_livy_filter *filter, size_t skip,
                 size_t max, bool *ret_more)
{
    size_t taken = 0, kept = 0;

    for (size_t i = 0; i < list->count; i++) {
        struct lk_livy_batch *batch = &list->batches[i];
        bool is_wanted = lk_livy_filter_takes(filter, batch) && taken++ >= skip;
        if (is_wanted && kept == max)
            *ret_more = true;
        if (!is_wanted || kept == max) {
            lk_livy_batch_done(batch);
            continue;
        }
        if (kept != i) {
            list->batches[kept] = *batch;
            *batch = (struct lk_livy_batch)LK_LIVY_BATCH_INIT;
        }
        kept++;
    }
    list->count = kept;
}

enum lk_status lk_batch_find(struct lk_context *context, const struct lk_args *args,
                             struct lk_cancel *cancel, struct lk_batch_found *ret,
                             struct lk_error *err)
{
    int64_t max = FOUND_DEFAULT, skip = 0;
    struct lk_livy_filter filter;
    struct lk_livy *livy;
    size_t looked_at;
    enum lk_status st = lk_args_number(args, "max", 1, FOUND_MAX, "--max 50", &max, err);

    *ret = (struct lk_batch_found){.more = false};
    if (!st)
        st = lk_args_number(args, "skip", 0, SKIP_MAX, "--skip 50", &skip, err);
    if (!st)
        st = read_filter(context, args, &filter, err);
    if (!st)
        st = lk_context_livy(context, &livy, err);
    if (st)
        return st;
    /* One more than is shown tells whether there is a next page. */
    looked_at = lk_livy_filter_is_empty(&filter) ? (size_t)(skip + max + 1) : LOOKED_AT_MAX;
    st = lk_args_has(args, "past") ? lk_livy_past_list(livy, looked_at, cancel, &ret->list, err)
                                   : lk_livy_list(livy, looked_at, cancel, &ret->list, err);
    if (st)
        return st;
    ret->looked_at = ret->list.count;
    keep(&ret->list, &filter, (size_t)skip, (size_t)max, &ret->more);
    ret->next_skip = skip + (int64_t)ret->list.count;
    for (size_t i = ret->list.count; i > 0; i--)
        lk_batch_seen(context, &ret->list.batches[i - 1]);
    return LK_OK;
}

void lk_batch_found_done(struct lk_batch_found *found)
{
    lk_livy_list_done(&found->list);
}

void lk_batch_found_note(const struct lk_batch_found *found, struct lk_buf *markdown,
                         struct lk_buf *plain)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf note = LK_BUF_INIT(512);

    if (found->more)
        lk_buf_printf(&note, "There are more: the same line with --skip %lld shows them.",
                      (long long)found->next_skip);
    else if (found->looked_at >= LOOKED_AT_MAX)
        lk_buf_printf(&note, "Only the newest %zu batches were looked at.", found->looked_at);
    if (!note.len)
        return;
    lk_buf_printf(markdown, "\n%s\n", lk_buf_cstr(&note));
    lk_buf_printf(plain, "%s\n", lk_buf_cstr(&note));
}
