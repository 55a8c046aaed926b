#include "fabric/livy_filter.h"

#include "base/glob.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* False when it does not fit: such a pattern matches nothing. */
static bool put_lower(struct lk_str text, char ret[LK_BATCH_TEXT_MAX])
{
    if (text.len >= LK_BATCH_TEXT_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++)
        ret[i] = lower(text.ptr[i]);
    ret[text.len] = '\0';
    return true;
}

static bool is_named(struct lk_str wanted, struct lk_str name)
{
    char pattern[LK_BATCH_TEXT_MAX], text[LK_BATCH_TEXT_MAX];
    struct lk_str lowered;

    if (!put_lower(wanted, pattern) || !put_lower(name, text))
        return false;
    lowered = lk_str_from(text);
    if (lk_str_find_char(wanted, '*') == wanted.len && lk_str_find_char(wanted, '?') == wanted.len)
        return lk_str_find(lowered, lk_str_from(pattern)) < lowered.len || !wanted.len;
    return lk_glob_matches(lk_str_from(pattern), lowered);
}

static bool is_in_state(struct lk_str wanted, const struct lk_livy_batch *batch)
{
    /* American spelling, as some services have it. */
    if (lk_str_eq_nocase(wanted, LK_STR("canceled")))
        wanted = LK_STR("cancelled");
    if (lk_str_eq_nocase(wanted, LK_STR("active")))
        return batch->end == LK_BATCH_GOING;
    if (lk_str_eq_nocase(wanted, lk_str_from(batch->state)))
        return true;
    return batch->end != LK_BATCH_GOING &&
           lk_str_eq_nocase(wanted, lk_str_from(lk_batch_end_name(batch->end)));
}

bool lk_livy_filter_is_empty(const struct lk_livy_filter *filter)
{
    return !filter->name.len && !filter->state.len && !filter->since_ms;
}

bool lk_livy_filter_takes(const struct lk_livy_filter *filter, const struct lk_livy_batch *batch)
{
    if (filter->name.len && !is_named(filter->name, lk_str_from(batch->name)))
        return false;
    if (filter->state.len && !is_in_state(filter->state, batch))
        return false;
    return !filter->since_ms || (batch->submitted_ms && batch->submitted_ms >= filter->since_ms);
}
