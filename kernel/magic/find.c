/* Finding a magic by what was typed. */
#include "magic/magic.h"
#include "magic/nearest.h"

enum { SHOWN_BYTES = 80 };

static bool is_named(const struct lk_magic *magic, struct lk_str name)
{
    return lk_str_eq(name, lk_str_from(magic->name));
}

static enum lk_status unknown_magic(const struct lk_magic_table *table, const char *signs,
                                    struct lk_str name, struct lk_error *err)
{
    struct lk_nearest nearest = lk_nearest_to(name);

    for (size_t i = 0; i < table->count; i++)
        lk_nearest_try(&nearest, table->magics[i]->name);
    lk_error_set(err, LK_INVALID, "UnknownMagic", "there is no magic %s%.*s", signs,
                 LK_STR_ARGS(lk_str_cut(name, SHOWN_BYTES)));
    if (nearest.best)
        lk_error_next(err, "Did you mean %s%s? %%help lists them all.", signs, nearest.best);
    else
        lk_error_next(err, "%%help lists them all.");
    return LK_INVALID;
}

/* One line per verb, for the story of the error. */
static void list_verbs(const struct lk_magic_table *table, struct lk_str name, struct lk_buf *ret)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->magics[i]->verb && is_named(table->magics[i], name))
            lk_buf_printf(ret, "%%%s %-8s  %s\n", table->magics[i]->name, table->magics[i]->verb,
                          table->magics[i]->summary);
}

static enum lk_status bad_verb(const struct lk_magic_table *table, struct lk_str name,
                               struct lk_str verb, struct lk_error *err)
{
    struct lk_nearest nearest = lk_nearest_to(verb);
    LK_CLEANUP(lk_buf_done) struct lk_buf verbs = LK_BUF_INIT(4096);

    for (size_t i = 0; i < table->count; i++)
        if (table->magics[i]->verb && is_named(table->magics[i], name))
            lk_nearest_try(&nearest, table->magics[i]->verb);
    if (verb.len)
        lk_error_set(err, LK_INVALID, "UnknownMagic", "%%%.*s has no '%.*s'", LK_STR_ARGS(name),
                     LK_STR_ARGS(lk_str_cut(verb, SHOWN_BYTES)));
    else
        lk_error_set(err, LK_INVALID, "MissingVerb", "%%%.*s wants to be told what to do",
                     LK_STR_ARGS(name));
    list_verbs(table, name, &verbs);
    lk_error_story(err, lk_buf_view(&verbs));
    if (verb.len && nearest.best)
        lk_error_next(err, "Did you mean %%%.*s %s?", LK_STR_ARGS(name), nearest.best);
    else
        lk_error_next(err, "%%help %.*s, or %%%.*s VERB --help", LK_STR_ARGS(name),
                      LK_STR_ARGS(name));
    return LK_INVALID;
}

enum lk_status lk_magic_find(const struct lk_magic_table *table, struct lk_str name,
                             struct lk_str verb, const struct lk_magic **ret, bool *used_verb,
                             struct lk_error *err)
{
    const struct lk_magic *without_verb = NULL;
    bool has_verbs = false;

    for (size_t i = 0; i < table->count; i++) {
        const struct lk_magic *magic = table->magics[i];
        if (!is_named(magic, name))
            continue;
        if (magic->verb && lk_str_eq(verb, lk_str_from(magic->verb))) {
            *ret = magic;
            *used_verb = true;
            return LK_OK;
        }
        if (magic->verb)
            has_verbs = true;
        else
            without_verb = magic;
    }
    if (has_verbs)
        return bad_verb(table, name, verb, err);
    if (!without_verb)
        return unknown_magic(table, "%", name, err);
    *ret = without_verb;
    *used_verb = false;
    return LK_OK;
}

enum lk_status lk_magic_find_body(const struct lk_magic_table *table, struct lk_str name,
                                  const struct lk_magic **ret, struct lk_error *err)
{
    const struct lk_magic *line_magic = NULL;

    for (size_t i = 0; i < table->count; i++) {
        if (!is_named(table->magics[i], name))
            continue;
        if (table->magics[i]->flags & LK_MAGIC_BODY) {
            *ret = table->magics[i];
            return LK_OK;
        }
        line_magic = table->magics[i];
    }
    if (!line_magic)
        return unknown_magic(table, "%%", name, err);
    lk_error_set(err, LK_INVALID, "UnknownMagic", "%%%%%.*s takes no lines below it",
                 LK_STR_ARGS(name));
    lk_error_next(err, "Write it with one %%: %s", line_magic->usage);
    return LK_INVALID;
}
