#include "magic/args.h"

#include "magic/nearest.h"

#include <stdlib.h>
#include <string.h>

/* What every magic takes. */
static const struct lk_option common[] = {
    {"as", "NAME", "keep the value under this name", false, {LK_TAKES_VARIABLE}},
    {"json", NULL, "show the value alone, as JSON", false},
    {"quiet", NULL, "show nothing but errors", false},
    {"help", NULL, "show what this magic takes", false},
};

enum { VALUES_MAX = 16 << 20, PLACEHOLDER_MAX = 200 };

struct given {
    const struct lk_option *option;
    char *value; /* NULL for a flag */
};

struct lk_args {
    struct given *given;
    size_t given_count;
    char **positional;
    size_t positional_count;
};

void lk_args_free(struct lk_args *args)
{
    if (!args)
        return;
    for (size_t i = 0; i < args->given_count; i++)
        free(args->given[i].value);
    for (size_t i = 0; i < args->positional_count; i++)
        free(args->positional[i]);
    free(args->given);
    free(args->positional);
    free(args);
}

void lk_args_unref(struct lk_args **args)
{
    lk_args_free(*args);
    *args = NULL;
}

const struct lk_option *lk_options_common(size_t *count)
{
    *count = LK_COUNT(common);
    return common;
}

struct reading {
    const char *magic;
    const struct lk_option *options;
    size_t option_count, positional_max;
    struct lk_args *args;
};

static const struct lk_option *find(const struct reading *reading, struct lk_str name)
{
    for (size_t i = 0; i < reading->option_count; i++)
        if (lk_str_eq(name, lk_str_from(reading->options[i].name)))
            return &reading->options[i];
    for (size_t i = 0; i < LK_COUNT(common); i++)
        if (lk_str_eq(name, lk_str_from(common[i].name)))
            return &common[i];
    return NULL;
}

static enum lk_status unknown(const struct reading *reading, struct lk_str name,
                              struct lk_error *err)
{
    struct lk_nearest nearest = lk_nearest_to(name);

    for (size_t i = 0; i < reading->option_count; i++)
        lk_nearest_try(&nearest, reading->options[i].name);
    for (size_t i = 0; i < LK_COUNT(common); i++)
        lk_nearest_try(&nearest, common[i].name);
    lk_error_set(err, LK_INVALID, "UnknownOption", "%%%s has no option --%.*s", reading->magic,
                 LK_STR_ARGS(name));
    if (nearest.best)
        return lk_error_next(err, "Did you mean --%s? %%%s --help lists them all.", nearest.best,
                             reading->magic);
    return lk_error_next(err, "%%%s --help lists them all.", reading->magic);
}

static void keep_option(struct lk_args *args, const struct lk_option *option, const char *value)
{
    args->given = lk_realloc(args->given, (args->given_count + 1) * sizeof *args->given);
    args->given[args->given_count++] =
        (struct given){.option = option, .value = value ? lk_str_dup(lk_str_from(value)) : NULL};
}

static enum lk_status check_once(const struct reading *reading, const struct lk_option *option,
                                 struct lk_error *err)
{
    if (option->repeats || !lk_args_has(reading->args, option->name))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "RepeatedOption", "%%%s: --%s was given twice", reading->magic,
                 option->name);
    return lk_error_next(err, "Give it once.");
}

/* --name, --name=value or --name value; *taken counts the words used. */
static enum lk_status read_option(struct reading *reading, char *const *words, size_t left,
                                  size_t *taken, struct lk_error *err)
{
    struct lk_str name, value, word = lk_str_from(words[0] + 2);
    bool joined = lk_str_split(word, '=', &name, &value);
    const struct lk_option *option = find(reading, name);
    enum lk_status st;

    *taken = 1;
    if (!option)
        return unknown(reading, name, err);
    st = check_once(reading, option, err);
    if (st)
        return st;
    if (!option->value) {
        if (joined) {
            lk_error_set(err, LK_INVALID, "NoValue", "%%%s: --%s takes no value", reading->magic,
                         option->name);
            return lk_error_next(err, "Write --%s alone.", option->name);
        }
        keep_option(reading->args, option, NULL);
        return LK_OK;
    }
    if (joined) {
        keep_option(reading->args, option, words[0] + 2 + name.len + 1);
        return LK_OK;
    }
    /* A following option is no value: then the value was forgotten. */
    if (left < 2 || strncmp(words[1], "--", 2) == 0) {
        lk_error_set(err, LK_INVALID, "MissingValue", "%%%s: --%s needs a value", reading->magic,
                     option->name);
        return lk_error_next(err, "--%s %s (a value that begins with --: --%s=%s)", option->name,
                             option->value, option->name, option->value);
    }
    keep_option(reading->args, option, words[1]);
    *taken = 2;
    return LK_OK;
}

static enum lk_status short_option(const struct reading *reading, const char *word,
                                   struct lk_error *err)
{
    lk_error_set(err, LK_INVALID, "UnknownOption", "%%%s has no option %s", reading->magic, word);
    lk_error_next(err,
                  "Options are written --name. %%%s --help lists them; put -- before an argument "
                  "that begins with -.",
                  reading->magic);
    return LK_INVALID;
}

/* "<connection string>" out of a template comes in as two words. Finds one that is open before the
 * word at, and puts it together again; false when there is none. */
static bool find_placeholder(char *const *words, size_t at, size_t count, struct lk_buf *ret)
{
    const char *open = NULL;

    while (at > 0 && !open)
        open = strrchr(words[--at], '<');
    if (!open || strchr(open, '>'))
        return false;
    lk_buf_put(ret, lk_str_from(open));
    for (bool closed = false; ++at < count && !closed;) {
        size_t len = strcspn(words[at], ">");
        closed = words[at][len] == '>';
        lk_buf_printf(ret, " %.*s", (int)len + closed, words[at]);
    }
    return lk_str_ends(lk_buf_view(ret), LK_STR(">")) && !ret->full;
}

static enum lk_status too_many(const struct reading *reading, char *const *words, size_t at,
                               size_t count, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(PLACEHOLDER_MAX);

    if (find_placeholder(words, at, count, &text)) {
        lk_error_set(err, LK_INVALID, "Placeholder", "%%%s: %s stands for a value of yours",
                     reading->magic, lk_buf_cstr(&text));
        return lk_error_next(err,
                             "Put yours in its place, without the < and >. %%%s --help "
                             "explains it.",
                             reading->magic);
    }
    lk_error_set(err, LK_INVALID, "TooManyArguments", "%%%s: '%s' is one argument too many",
                 reading->magic, words[at]);
    return lk_error_next(err, "%%%s --help shows what it takes. Quote a value with spaces.",
                         reading->magic);
}

static void read_positional(struct reading *reading, const char *word)
{
    struct lk_args *args = reading->args;

    args->positional =
        lk_realloc(args->positional, (args->positional_count + 1) * sizeof *args->positional);
    args->positional[args->positional_count++] = lk_str_dup(lk_str_from(word));
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

enum lk_status lk_args_read(const char *magic, const struct lk_option *options, size_t option_count,
                            size_t positional_max, char *const *words, size_t word_count,
                            struct lk_args **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_args_unref) struct lk_args *args = lk_alloc(sizeof *args);
    struct reading reading = {magic, options, option_count, positional_max, args};
    bool only_positional = false;
    enum lk_status st = LK_OK;

    for (size_t i = 0, taken; i < word_count && !st; i += taken) {
        taken = 1;
        if (!only_positional && strcmp(words[i], "--") == 0)
            only_positional = true;
        else if (!only_positional && strncmp(words[i], "--", 2) == 0)
            st = read_option(&reading, words + i, word_count - i, &taken, err);
        else if (!only_positional && words[i][0] == '-' && is_letter(words[i][1]))
            st = short_option(&reading, words[i], err);
        else if (args->positional_count == positional_max)
            st = too_many(&reading, words, i, word_count, err);
        else
            read_positional(&reading, words[i]);
    }
    if (st)
        return st;
    *ret = args;
    args = NULL;
    return LK_OK;
}

/* *room is what all values together may still grow to. */
static enum lk_status interpolate(char **text, const struct lk_vars *vars, size_t *room,
                                  struct lk_error *err)
{
    struct lk_buf ret = LK_BUF_INIT(*room);
    enum lk_status st = lk_vars_interpolate(vars, lk_str_from(*text), &ret, err);

    if (st) {
        lk_buf_done(&ret);
        return st;
    }
    *room -= ret.len;
    free(*text);
    *text = lk_buf_take(&ret);
    return LK_OK;
}

/* Over the variables each axis as the text of its own reference: what a variable holds is not
 * looked at again. *ret stays NULL where there is no axis. */
static enum lk_status with_axes(const struct lk_args *args, const struct lk_vars *vars,
                                struct lk_vars **ret, struct lk_error *err)
{
    enum lk_status st = LK_OK;

    for (size_t i = 0; i < args->given_count && !st; i++) {
        const struct given *given = &args->given[i];
        LK_CLEANUP(lk_json_unref) json_t *itself = NULL;
        struct lk_str name, rest;
        if (given->option->takes.kind != LK_TAKES_AXIS ||
            !lk_str_split(lk_str_from(given->value), '=', &name, &rest) || !lk_is_identifier(name))
            continue;
        if (!*ret)
            *ret = lk_vars_copy(vars);
        itself = lk_json_textf("{%.*s}", LK_STR_ARGS(name));
        st = lk_vars_set(*ret, name, itself, err);
    }
    return st;
}

enum lk_status lk_args_interpolate(struct lk_args *args, const struct lk_vars *vars,
                                   struct lk_error *err)
{
    struct lk_vars *own = NULL;
    size_t room = VALUES_MAX;
    enum lk_status st = with_axes(args, vars, &own, err);

    if (own)
        vars = own;
    for (size_t i = 0; i < args->given_count && !st; i++)
        if (args->given[i].value)
            st = interpolate(&args->given[i].value, vars, &room, err);
    for (size_t i = 0; i < args->positional_count && !st; i++)
        st = interpolate(&args->positional[i], vars, &room, err);
    lk_vars_free(own);
    return st;
}

bool lk_args_get_nth(const struct lk_args *args, const char *name, size_t i, struct lk_str *ret)
{
    for (size_t at = 0; at < args->given_count; at++)
        if (strcmp(args->given[at].option->name, name) == 0 && i-- == 0) {
            *ret = lk_str_from(args->given[at].value);
            return true;
        }
    return false;
}

bool lk_args_has(const struct lk_args *args, const char *name)
{
    struct lk_str ignored;

    return lk_args_get_nth(args, name, 0, &ignored);
}

struct lk_str lk_args_get(const struct lk_args *args, const char *name)
{
    struct lk_str value = LK_STR_EMPTY;

    for (size_t i = 0; lk_args_get_nth(args, name, i, &value); i++)
        continue;
    return value;
}

enum lk_status lk_args_number(const struct lk_args *args, const char *name, int64_t least,
                              int64_t most, const char *next, int64_t *ret, struct lk_error *err)
{
    int64_t number;

    if (!lk_args_has(args, name))
        return LK_OK;
    if (lk_str_to_i64(lk_args_get(args, name), &number) && number >= least && number <= most) {
        *ret = number;
        return LK_OK;
    }
    lk_error_set(err, LK_INVALID, "BadNumber", "--%s takes a number from %lld to %lld", name,
                 (long long)least, (long long)most);
    return lk_error_next(err, "%s", next);
}

size_t lk_args_positional_count(const struct lk_args *args)
{
    return args->positional_count;
}

struct lk_str lk_args_positional(const struct lk_args *args, size_t i)
{
    return i < args->positional_count ? lk_str_from(args->positional[i]) : LK_STR_EMPTY;
}
