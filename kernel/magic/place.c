#include "magic/place.h"

#include "magic/cell_parse.h"

#include <stdlib.h>
#include <string.h>

void lk_place_done(struct lk_place *place)
{
    free(place->name);
    free(place->previous);
    free(place->typed);
    free(place->path);
}

const struct lk_option *lk_option_find(const struct lk_magic *magic, struct lk_str name)
{
    size_t common_count;
    const struct lk_option *common = lk_options_common(&common_count);

    for (size_t i = 0; i < magic->option_count; i++)
        if (lk_str_eq(name, lk_str_from(magic->options[i].name)))
            return &magic->options[i];
    for (size_t i = 0; i < common_count; i++)
        if (lk_str_eq(name, lk_str_from(common[i].name)))
            return &common[i];
    return NULL;
}

bool lk_magic_has_verbs(const struct lk_magic_table *table, struct lk_str name)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->magics[i]->verb && lk_str_eq(name, lk_str_from(table->magics[i]->name)))
            return true;
    return false;
}

/* ---- the words of the line ----------------------------------------------------------------- */

/* The line up to the cursor: whole words, and the one that is being typed, which may be empty. */
struct head {
    struct lk_str line; /* up to the cursor */
    struct lk_word *words;
    size_t count;    /* of the whole ones */
    size_t from;     /* where the typed word begins */
    char quote;      /* that is open in it */
    bool is_no_word; /* a comment, or too many words */
};

static void head_done(struct head *head)
{
    for (size_t i = 0; i < head->count; i++)
        lk_word_done(&head->words[i]);
    free(head->words);
}

static void read_head(struct lk_str line, struct head *ret)
{
    struct lk_word word, *last;
    size_t at = 0;

    *ret = (struct head){.line = line, .from = line.len};
    while (ret->count < LK_WORDS_MAX && lk_words_next(line, &at, &word)) {
        ret->words = lk_realloc(ret->words, (ret->count + 1) * sizeof word);
        ret->words[ret->count++] = word;
    }
    ret->is_no_word = at < line.len;
    last = ret->count ? &ret->words[ret->count - 1] : NULL;
    if (!last || last->to < line.len)
        return;
    ret->from = last->from;
    ret->quote = last->quote;
    ret->count--;
    lk_word_done(last);
}

static struct lk_str word(const struct head *head, size_t i)
{
    return i < head->count ? lk_str_from(head->words[i].text) : LK_STR_EMPTY;
}

/* As typed, quotes and all. */
static struct lk_str typed_word(const struct head *head)
{
    return lk_str_slice(head->line, head->from, head->line.len);
}

static size_t end_of_word(struct lk_str line, size_t at)
{
    struct lk_word found;
    size_t look = 0;

    while (lk_words_next(line, &look, &found)) {
        lk_word_done(&found);
        if (found.from <= at && at <= found.to)
            return found.to;
    }
    return at;
}

/* ---- options and arguments before the cursor ----------------------------------------------- */

static void add_given(struct lk_place *place, const struct lk_option *option)
{
    if (option && place->given_count < LK_PLACE_GIVEN_MAX)
        place->given[place->given_count++] = option;
}

/* "--name" or "--name=value" → the option; *joined tells which. */
static const struct lk_option *option_of(const struct lk_magic *magic, struct lk_str text,
                                         bool *joined)
{
    struct lk_str name, value;

    *joined = lk_str_split(lk_str_slice(text, 2, text.len), '=', &name, &value);
    return lk_option_find(magic, name);
}

/* Reads the words before the cursor as args.c does. Returns the option that waits for its value;
 * *position counts the arguments. */
static const struct lk_option *walk(const struct head *head, size_t from, struct lk_place *place,
                                    size_t *position)
{
    const struct lk_option *waiting = NULL;

    for (size_t i = from; i < head->count; i++) {
        struct lk_str text = word(head, i);
        const struct lk_option *option = waiting;
        bool joined;
        waiting = NULL;
        if (option && !lk_str_starts(text, LK_STR("--")))
            continue;
        if (place->takes_options && lk_str_eq(text, LK_STR("--"))) {
            place->takes_options = false;
        } else if (place->takes_options && lk_str_starts(text, LK_STR("--"))) {
            option = option_of(place->magic, text, &joined);
            add_given(place, option);
            waiting = option && option->value && !joined ? option : NULL;
        } else {
            free(place->previous);
            place->previous = lk_str_dup(text);
            ++*position;
        }
    }
    return waiting;
}

/* What follows the cursor is given as well. */
static void add_given_after(struct lk_str line, size_t cursor, struct lk_place *place)
{
    struct lk_word found;
    size_t at = cursor;
    bool joined;

    while (place->takes_options && lk_words_next(line, &at, &found)) {
        if (found.from > cursor && strcmp(found.text, "--") == 0)
            at = line.len;
        else if (found.from > cursor && strncmp(found.text, "--", 2) == 0)
            add_given(place, option_of(place->magic, lk_str_from(found.text), &joined));
        lk_word_done(&found);
    }
}

/* ---- what is being typed ------------------------------------------------------------------- */

/* part is what is typed, from offset of the line on. */
static void set_typed(struct lk_place *place, const struct head *head, struct lk_str part,
                      size_t offset)
{
    struct lk_word read;
    size_t at = 0;

    place->from += offset;
    if (head->quote && part.len && part.ptr[0] == head->quote)
        place->quote = head->quote;
    free(place->typed);
    place->typed = lk_words_next(part, &at, &read) ? read.text : lk_str_dup(part);
}

/* In an open "{name.pa": only that exact shape is replaced in the end, and "{{" is a brace. */
static bool set_reference(struct lk_place *place, struct lk_str part, size_t offset)
{
    size_t brace = part.len, step;
    struct lk_str text;

    while (brace && part.ptr[brace - 1] != '{')
        brace--;
    if (!brace || (brace > 1 && part.ptr[brace - 2] == '{'))
        return false;
    text = lk_str_slice(part, brace, part.len);
    step = lk_vars_last_step(text);
    if (step == SIZE_MAX)
        return false;
    place->kind = LK_PLACE_REFERENCE;
    place->path = lk_str_dup(lk_str_slice(text, 0, step));
    place->from += offset + brace + step;
    place->typed = lk_str_dup(lk_str_slice(text, step, text.len));
    return true;
}

static void set_value(struct lk_place *place, const struct head *head, size_t offset)
{
    struct lk_str part = lk_str_slice(typed_word(head), offset, SIZE_MAX);

    if (!set_reference(place, part, offset))
        set_typed(place, head, part, offset);
}

static void find_option(const struct head *head, struct lk_place *place)
{
    struct lk_str raw = typed_word(head);
    size_t equals = lk_str_find_char(raw, '=');
    bool joined;

    if (equals == raw.len) {
        place->kind = LK_PLACE_OPTION;
        set_typed(place, head, raw, 0);
        return;
    }
    place->option = option_of(place->magic, raw, &joined);
    if (!place->option || !place->option->value)
        return;
    place->kind = LK_PLACE_VALUE;
    place->takes = place->option->takes;
    set_value(place, head, equals + 1);
}

static void find_argument(const struct head *head, size_t words_used, struct lk_place *place)
{
    struct lk_str raw = typed_word(head);
    size_t position = 0;

    place->takes_options = true;
    place->option = walk(head, words_used, place, &position);
    if (place->option && !lk_str_starts(raw, LK_STR("--"))) {
        place->kind = LK_PLACE_VALUE;
        place->takes = place->option->takes;
        set_value(place, head, 0);
        return;
    }
    place->option = NULL;
    if (place->takes_options && lk_str_starts(raw, LK_STR("-"))) {
        find_option(head, place);
        return;
    }
    place->kind = LK_PLACE_ARGUMENT;
    if (position < place->magic->positional_max)
        place->takes = place->magic->takes[position < LK_TAKES_MAX ? position : LK_TAKES_MAX - 1];
    set_value(place, head, 0);
}

static void find_in_line(const struct lk_magic_table *table, const struct head *head,
                         struct lk_place *place)
{
    struct lk_str verb = word(head, 1);
    bool used_verb = false;
    enum lk_status st;

    if (head->count == 0) {
        place->kind = LK_PLACE_NAME;
        set_typed(place, head, typed_word(head), 0);
        return;
    }
    place->name = lk_str_dup(word(head, 0));
    if (head->count == 1 && !place->is_body && lk_magic_has_verbs(table, word(head, 0))) {
        place->kind = LK_PLACE_VERB;
        set_typed(place, head, typed_word(head), 0);
        return;
    }
    if (place->is_body)
        st = lk_magic_find_body(table, word(head, 0), &place->magic, NULL);
    else
        st = lk_magic_find(table, word(head, 0), verb, &place->magic, &used_verb, NULL);
    if (st)
        place->magic = NULL;
    else
        find_argument(head, used_verb ? 2 : 1, place);
}

void lk_place_find(const struct lk_magic_table *table, struct lk_str code, size_t at,
                   bool whole_word, struct lk_place *ret)
{
    LK_CLEANUP(lk_cell_magic_done) struct lk_cell_magic magic = {.begin = 0};
    LK_CLEANUP(head_done) struct head head = {.words = NULL};
    struct lk_str line;
    size_t cursor;

    *ret = (struct lk_place){.kind = LK_PLACE_NONE, .from = at, .to = at};
    if (lk_cell_magic_at(code, at, &magic) && (whole_word || at >= magic.from)) {
        line = lk_buf_view(&magic.text);
        cursor = at < magic.from ? 0 : at > magic.to ? line.len : at - magic.from;
        if (whole_word)
            cursor = end_of_word(line, cursor);
        read_head(lk_str_slice(line, 0, cursor), &head);
        ret->is_body = magic.is_body;
        ret->to = magic.from + cursor;
        ret->from = magic.from + head.from;
        if (!head.is_no_word)
            find_in_line(table, &head, ret);
        if (ret->magic)
            add_given_after(line, cursor, ret);
    }
    if (!ret->typed)
        ret->typed = lk_str_dup(LK_STR_EMPTY);
    if (ret->kind == LK_PLACE_NONE)
        ret->from = ret->to;
}
