/* Finding a magic by what was typed. */
#include "magic/magic.h"
#include "magic/nearest.h"

#include <string.h>

static enum lk_status unknown_magic(struct lk_str name, struct lk_error *err)
{
    struct lk_nearest nearest = lk_nearest_to(name);

    for (size_t i = 0; i < lk_magics_count; i++)
        lk_nearest_try(&nearest, lk_magics[i]->name);
    lk_error_set(err, LK_INVALID, "UnknownMagic", "there is no magic %%%.*s", LK_STR_ARGS(name));
    if (nearest.best)
        return lk_error_next(err, "Did you mean %%%s? %%help lists them all.", nearest.best);
    return lk_error_next(err, "%%help lists them all.");
}

static enum lk_status unknown_verb(struct lk_str name, struct lk_str verb, struct lk_error *err)
{
    struct lk_nearest nearest = lk_nearest_to(verb);
    LK_CLEANUP(lk_buf_done)
    struct lk_buf verbs = LK_BUF_INIT(512);

    for (size_t i = 0; i < lk_magics_count; i++)
        if (lk_magics[i]->verb && lk_str_eq(name, lk_str_from(lk_magics[i]->name))) {
            lk_nearest_try(&nearest, lk_magics[i]->verb);
            lk_buf_printf(&verbs, "%s%s", verbs.len ? ", " : "", lk_magics[i]->verb);
        }
    if (verb.len)
        lk_error_set(err, LK_INVALID, "UnknownMagic", "%%%.*s has no '%.*s'", LK_STR_ARGS(name),
                     LK_STR_ARGS(verb));
    else
        lk_error_set(err, LK_INVALID, "MissingVerb", "%%%.*s wants one of: %s", LK_STR_ARGS(name),
                     lk_buf_cstr(&verbs));
    if (verb.len && nearest.best)
        return lk_error_next(err, "Did you mean %%%.*s %s? There are: %s.", LK_STR_ARGS(name),
                             nearest.best, lk_buf_cstr(&verbs));
    return lk_error_next(err, "%%help %.*s tells what each does.", LK_STR_ARGS(name));
}

enum lk_status lk_magic_find(struct lk_str name, struct lk_str verb, const struct lk_magic **ret,
                             bool *used_verb, struct lk_error *err)
{
    bool known = false;

    for (size_t i = 0; i < lk_magics_count; i++) {
        const struct lk_magic *magic = lk_magics[i];
        if (!lk_str_eq(name, lk_str_from(magic->name)))
            continue;
        known |= magic->verb != NULL;
        if (magic->verb && lk_str_eq(verb, lk_str_from(magic->verb))) {
            *ret = magic;
            *used_verb = true;
            return LK_OK;
        }
    }
    for (size_t i = 0; i < lk_magics_count && !known; i++)
        if (!lk_magics[i]->verb && lk_str_eq(name, lk_str_from(lk_magics[i]->name))) {
            *ret = lk_magics[i];
            *used_verb = false;
            return LK_OK;
        }
    return known ? unknown_verb(name, verb, err) : unknown_magic(name, err);
}

enum lk_status lk_magic_find_body(struct lk_str name, const struct lk_magic **ret,
                                  struct lk_error *err)
{
    for (size_t i = 0; i < lk_magics_count; i++)
        if ((lk_magics[i]->flags & LK_MAGIC_BODY) &&
            lk_str_eq(name, lk_str_from(lk_magics[i]->name))) {
            *ret = lk_magics[i];
            return LK_OK;
        }
    for (size_t i = 0; i < lk_magics_count; i++)
        if (lk_str_eq(name, lk_str_from(lk_magics[i]->name))) {
            lk_error_set(err, LK_INVALID, "UnknownMagic", "%%%.*s is no cell magic",
                         LK_STR_ARGS(name));
            return lk_error_next(err, "Write it with one %%: %s", lk_magics[i]->usage);
        }
    return unknown_magic(name, err);
}
