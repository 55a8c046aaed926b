/* Completion and inspection of magic lines, from the magics' own tables. Jupyter counts cursors in
 * code points. */
#include "magic/context.h"
#include "magic/magic.h"
#include "magic/run.h"

#include <string.h>

/* Byte offset of a code point, clamped. */
static size_t byte_offset(struct lk_str text, size_t code_points)
{
    size_t at = 0;

    while (at < text.len && code_points) {
        at++;
        while (at < text.len && ((unsigned char)text.ptr[at] & 0xC0) == 0x80)
            at++;
        code_points--;
    }
    return at;
}

struct place {
    struct lk_str line;   /* from the '%' to the cursor, without the '%' signs */
    struct lk_str prefix; /* the word that is being typed */
    struct lk_str name, verb;
    bool is_magic;
    size_t words; /* before the prefix */
    size_t start; /* of the prefix, in code points */
};

static void find_words(struct place *place)
{
    struct lk_str rest = place->line;

    for (;;) {
        size_t space = lk_str_find_char(rest, ' ');
        if (space == rest.len)
            break;
        if (space) {
            if (place->words == 0)
                place->name = lk_str_slice(rest, 0, space);
            if (place->words == 1)
                place->verb = lk_str_slice(rest, 0, space);
            place->words++;
        }
        rest = lk_str_slice(rest, space + 1, rest.len);
    }
    place->prefix = rest;
}

static struct place find_place(struct lk_str code, size_t cursor)
{
    size_t end = byte_offset(code, cursor), begin = end;
    struct place place = {.words = 0};
    struct lk_str line;

    while (begin && code.ptr[begin - 1] != '\n')
        begin--;
    line = lk_str_slice(code, begin, end);
    place.start = lk_str_code_points(lk_str_slice(code, 0, end));
    place.is_magic = lk_str_starts(lk_str_trim(line), LK_STR("%"));
    if (!place.is_magic)
        return place;
    line = lk_str_slice(line, lk_str_find_char(line, '%'), line.len);
    while (lk_str_starts(line, LK_STR("%")))
        line = lk_str_slice(line, 1, line.len);
    place.line = line;
    find_words(&place);
    place.start -= lk_str_code_points(place.prefix);
    return place;
}

static void offer(json_t *matches, struct lk_str prefix, const char *text)
{
    size_t i;
    json_t *other;

    if (!lk_str_starts(lk_str_from(text), prefix))
        return;
    json_array_foreach(matches, i, other) if (strcmp(json_string_value(other), text) == 0) return;
    json_array_append_new(matches, json_string(text));
}

static void offer_options(const struct place *place, json_t *matches)
{
    const struct lk_magic *magic;
    const struct lk_option *common;
    size_t common_count;
    bool used_verb;

    if (lk_magic_find(place->name, place->verb, &magic, &used_verb, NULL) &&
        lk_magic_find_body(place->name, &magic, NULL))
        return;
    common = lk_options_common(&common_count);
    for (size_t i = 0; i < magic->option_count + common_count; i++) {
        const struct lk_option *option =
            i < magic->option_count ? &magic->options[i] : &common[i - magic->option_count];
        LK_CLEANUP(lk_buf_done)
        struct lk_buf text = LK_BUF_INIT(128);
        lk_buf_printf(&text, "--%s", option->name);
        offer(matches, place->prefix, lk_buf_cstr(&text));
    }
}

/* Inside an open {…} of the word: names of variables. */
static bool offer_variables(struct lk_context *context, struct place *place, json_t *matches)
{
    size_t brace = place->prefix.len;
    const char *name;
    json_t *value;

    while (brace && place->prefix.ptr[brace - 1] != '{' && place->prefix.ptr[brace - 1] != '}')
        brace--;
    if (!brace || place->prefix.ptr[brace - 1] != '{')
        return false;
    place->start += lk_str_code_points(lk_str_slice(place->prefix, 0, brace));
    place->prefix = lk_str_slice(place->prefix, brace, place->prefix.len);
    json_object_foreach((json_t *)lk_vars_all(context->vars), name, value)
    {
        (void)value;
        offer(matches, place->prefix, name);
    }
    return true;
}

static void offer_all(struct lk_context *context, struct place *place, json_t *matches)
{
    if (!place->is_magic || offer_variables(context, place, matches))
        return;
    if (lk_str_starts(place->prefix, LK_STR("-"))) {
        offer_options(place, matches);
        return;
    }
    for (size_t i = 0; i < lk_magics_count; i++) {
        const struct lk_magic *magic = lk_magics[i];
        if (place->words == 0)
            offer(matches, place->prefix, magic->name);
        else if (place->words == 1 && magic->verb &&
                 lk_str_eq(place->name, lk_str_from(magic->name)))
            offer(matches, place->prefix, magic->verb);
    }
    if (place->words == 1 && lk_str_eq(place->name, LK_STR("batch")) && context->last_batch[0])
        offer(matches, place->prefix, context->last_batch);
}

json_t *lk_magic_complete(struct lk_context *context, struct lk_str code, size_t cursor)
{
    struct place place = find_place(code, cursor);
    json_t *matches = json_array();
    size_t end = lk_str_code_points(lk_str_slice(code, 0, byte_offset(code, cursor)));

    offer_all(context, &place, matches);
    return json_pack("{s:s, s:o, s:I, s:I, s:{}}", "status", "ok", "matches", matches,
                     "cursor_start", (json_int_t)place.start, "cursor_end", (json_int_t)end,
                     "metadata");
}

json_t *lk_magic_inspect(struct lk_context *context, struct lk_str code, size_t cursor)
{
    /* The whole line counts, wherever in it the cursor stands. */
    size_t at = byte_offset(code, cursor);
    size_t end = at + lk_str_find_char(lk_str_slice(code, at, code.len), '\n');
    struct lk_str line = lk_str_slice(code, 0, end < code.len ? end : code.len);
    LK_CLEANUP(lk_buf_done)
    struct lk_buf markdown = LK_BUF_INIT(64 << 10);
    LK_CLEANUP(lk_buf_done)
    struct lk_buf plain = LK_BUF_INIT(64 << 10);
    struct place place = find_place(line, lk_str_code_points(line));
    const struct lk_magic *magic = NULL;
    bool used_verb, found;

    (void)context;
    if (place.words == 0)
        place.name = place.prefix;
    else if (place.words == 1)
        place.verb = place.prefix;
    found = place.is_magic &&
            (lk_magic_find(place.name, place.verb, &magic, &used_verb, NULL) == LK_OK ||
             lk_magic_find_body(place.name, &magic, NULL) == LK_OK);
    if (!found)
        return json_pack("{s:s, s:b, s:{}, s:{}}", "status", "ok", "found", 0, "data", "metadata");
    lk_magic_help(magic, &markdown, &plain);
    return json_pack("{s:s, s:b, s:{s:o, s:o}, s:{}}", "status", "ok", "found", 1, "data",
                     "text/markdown", lk_json_text(lk_buf_view(&markdown)), "text/plain",
                     lk_json_text(lk_buf_view(&plain)), "metadata");
}
