/* Completion and inspection of magic lines, from the magics' own tables. Jupyter counts cursors in
 * code points. */
#include "magic/complete.h"

#include "magic/cell_parse.h"
#include "magic/context.h"
#include "magic/magic.h"

#include <string.h>

enum { SHOWN_BYTES = 4096 };

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

/* Where in which magic the cursor stands. */
struct place {
    bool is_magic, is_body;
    struct lk_str words[3]; /* before the word that is being typed: name, verb, … */
    size_t count;           /* of all words before it */
    struct lk_str prefix;   /* what is typed of the word */
    size_t offset;          /* of prefix in the cell, in bytes */
};

/* Begin of the logical line that holds the byte at: a backslash joins lines. */
static size_t line_begin(struct lk_str code, size_t at)
{
    while (at && (code.ptr[at - 1] != '\n' || (at > 1 && code.ptr[at - 2] == '\\')))
        at--;
    return at;
}

/* From a line to what follows its '%' signs: "%batch", "%%batch", "name = %batch". */
static bool strip_signs(struct lk_str *line, bool *is_body)
{
    size_t sign = lk_str_find_char(*line, '%');
    struct lk_str before = lk_str_trim(lk_str_slice(*line, 0, sign));

    if (sign == line->len)
        return false;
    if (lk_str_ends(before, LK_STR("=")))
        before = lk_str_trim(lk_str_slice(before, 0, before.len - 1));
    if (before.len && !lk_is_identifier(before))
        return false;
    *is_body = !before.len && sign + 1 < line->len && line->ptr[sign + 1] == '%';
    *line = lk_str_slice(*line, sign + 1 + *is_body, line->len);
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\\';
}

static void find_words(struct lk_str line, struct place *place)
{
    size_t at = 0, from = 0;

    for (; at < line.len; at++) {
        if (!is_blank(line.ptr[at]))
            continue;
        if (at > from) {
            if (place->count < LK_COUNT(place->words))
                place->words[place->count] = lk_str_slice(line, from, at);
            place->count++;
        }
        from = at + 1;
    }
    place->prefix = lk_str_slice(line, from, line.len);
}

/* A body is Python, not ours. */
static bool is_in_body(struct lk_str code, size_t begin)
{
    LK_CLEANUP(lk_cell_line_done) struct lk_cell_line line = {.number = 0};
    struct lk_str body;
    enum lk_cell_kind kind;

    return lk_cell_classify(code, &kind, NULL) || kind == LK_CELL_CODE ||
           (kind == LK_CELL_BODY && (lk_cell_split_body(code, &line, &body, NULL) ||
                                     (body.len && begin >= (size_t)(body.ptr - code.ptr))));
}

static struct place find_place(struct lk_str code, size_t end)
{
    size_t begin = line_begin(code, end);
    struct place place = {.offset = end};
    struct lk_str line = lk_str_slice(code, begin, end);

    if (is_in_body(code, begin) || !strip_signs(&line, &place.is_body))
        return place;
    place.is_magic = true;
    find_words(line, &place);
    place.offset = end - place.prefix.len;
    return place;
}

/* Matches by text, each with what it is for clients that show it. */
struct matches {
    json_t *texts, *types;
};

static void offer(struct matches *matches, struct lk_str prefix, const char *text, const char *type)
{
    size_t i;
    json_t *other;

    if (!lk_str_starts(lk_str_from(text), prefix))
        return;
    json_array_foreach(matches->texts, i, other)
    {
        if (strcmp(json_string_value(other), text) == 0)
            return;
    }
    json_array_append_new(matches->texts, json_string(text));
    json_array_append_new(matches->types, json_pack("{s:s, s:s}", "text", text, "type", type));
}

static const struct lk_magic *magic_of(const struct lk_magic_table *table,
                                       const struct place *place)
{
    const struct lk_magic *magic = NULL;
    bool used_verb;
    enum lk_status st;

    if (place->is_body)
        st = lk_magic_find_body(table, place->words[0], &magic, NULL);
    else
        st = lk_magic_find(table, place->words[0], place->words[1], &magic, &used_verb, NULL);
    return st ? NULL : magic;
}

static void offer_options(const struct lk_magic_table *table, const struct place *place,
                          struct matches *matches)
{
    const struct lk_magic *magic = magic_of(table, place);
    size_t common_count;
    const struct lk_option *common = lk_options_common(&common_count);

    for (size_t i = 0; magic && i < magic->option_count + common_count; i++) {
        const struct lk_option *option =
            i < magic->option_count ? &magic->options[i] : &common[i - magic->option_count];
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(128);
        lk_buf_printf(&text, "--%s", option->name);
        offer(matches, place->prefix, lk_buf_cstr(&text), "option");
    }
}

/* Length of the prefix before the name in an open "{name"; 0 when there is none. */
static size_t before_reference(struct lk_str prefix)
{
    size_t brace = prefix.len;

    while (brace && prefix.ptr[brace - 1] != '{' && prefix.ptr[brace - 1] != '}')
        brace--;
    return brace && prefix.ptr[brace - 1] == '{' ? brace : 0;
}

static void offer_variables(const struct lk_context *context, struct place *place, size_t brace,
                            struct matches *matches)
{
    const char *name;
    json_t *value;

    place->offset += brace;
    place->prefix = lk_str_slice(place->prefix, brace, place->prefix.len);
    json_object_foreach((json_t *)lk_vars_all(context->vars), name, value)
    {
        (void)value;
        offer(matches, place->prefix, name, "variable");
    }
}

/* Names, and verbs of the name before; %help takes both as arguments. */
static void offer_names(const struct lk_magic_table *table, const struct place *place,
                        struct matches *matches)
{
    bool is_help = lk_str_eq(place->words[0], LK_STR("help"));
    size_t position = place->count - (is_help && place->count > 0);
    struct lk_str name = place->words[is_help ? 1 : 0];

    for (size_t i = 0; i < table->count; i++) {
        const struct lk_magic *magic = table->magics[i];
        unsigned wanted = place->is_body ? LK_MAGIC_BODY : LK_MAGIC_LINE;
        if (position == 0 && (is_help || (magic->flags & wanted)))
            offer(matches, place->prefix, magic->name, "magic");
        else if (position == 1 && !place->is_body && magic->verb &&
                 lk_str_eq(name, lk_str_from(magic->name)))
            offer(matches, place->prefix, magic->verb, "verb");
    }
}

/* What was submitted and uploaded last is what the next line is about. */
static void offer_recent(const struct lk_context *context, const struct place *place,
                         struct matches *matches)
{
    if (place->count != 2 || place->is_body || !lk_str_eq(place->words[0], LK_STR("batch")))
        return;
    if (lk_str_eq(place->words[1], LK_STR("submit"))) {
        if (context->last_payload_name[0])
            offer(matches, place->prefix, context->last_payload_name, "file");
    } else if (context->last_batch[0]) {
        offer(matches, place->prefix, context->last_batch, "batch");
    }
}

static void offer_all(const struct lk_magic_table *table, const struct lk_context *context,
                      struct place *place, struct matches *matches)
{
    size_t brace = before_reference(place->prefix);

    if (!place->is_magic)
        return;
    if (brace)
        offer_variables(context, place, brace, matches);
    else if (lk_str_starts(place->prefix, LK_STR("-")))
        offer_options(table, place, matches);
    else {
        offer_names(table, place, matches);
        offer_recent(context, place, matches);
    }
}

json_t *lk_magic_complete_with(const struct lk_magic_table *table, struct lk_context *context,
                               struct lk_str code, size_t cursor)
{
    size_t end_byte = byte_offset(code, cursor);
    struct place place = find_place(code, end_byte);
    struct matches matches = {.texts = json_array(), .types = json_array()};
    json_int_t start, end = (json_int_t)lk_str_code_points(lk_str_slice(code, 0, end_byte));
    size_t i;
    json_t *type;

    offer_all(table, context, &place, &matches);
    start = (json_int_t)lk_str_code_points(lk_str_slice(code, 0, place.offset));
    json_array_foreach(matches.types, i, type)
    {
        json_object_set_new(type, "start", json_integer(start));
        json_object_set_new(type, "end", json_integer(end));
    }
    return json_pack("{s:s, s:o, s:I, s:I, s:{s:o}}", "status", "ok", "matches", matches.texts,
                     "cursor_start", start, "cursor_end", end, "metadata",
                     "_jupyter_types_experimental", matches.types);
}

static json_t *found(struct lk_str markdown, struct lk_str plain)
{
    return json_pack("{s:s, s:b, s:{s:o, s:o}, s:{}}", "status", "ok", "found", 1, "data",
                     "text/markdown", lk_json_text(markdown), "text/plain", lk_json_text(plain),
                     "metadata");
}

static json_t *not_found(void)
{
    return json_pack("{s:s, s:b, s:{}, s:{}}", "status", "ok", "found", 0, "data", "metadata");
}

/* The end of the word or name that byte at stands in. */
static size_t end_of(struct lk_str code, size_t at, bool is_name)
{
    while (at < code.len && !is_blank(code.ptr[at]) &&
           !(is_name && !lk_is_identifier((struct lk_str){(char[]){'_', code.ptr[at]}, 2})))
        at++;
    return at;
}

/* The variable of the reference that the cursor stands in; NULL when it stands in none. */
static json_t *variable_at(const struct lk_context *context, struct lk_str code, size_t at)
{
    struct place place = find_place(code, end_of(code, at, true));
    size_t brace = before_reference(place.prefix);

    if (!place.is_magic || !brace)
        return NULL;
    return lk_vars_get(context->vars, lk_str_slice(place.prefix, brace, place.prefix.len));
}

static json_t *inspect_variable(const json_t *value)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf plain = LK_BUF_INIT(SHOWN_BYTES);
    LK_CLEANUP(lk_buf_done) struct lk_buf markdown = LK_BUF_INIT(SHOWN_BYTES * 2);

    lk_json_write(value, true, &plain);
    lk_buf_truncate(&plain, lk_str_cut(lk_buf_view(&plain), SHOWN_BYTES - 3).len);
    /* No backquote begins a line of JSON, so that nothing in it can close the fence. */
    lk_buf_printf(&markdown, "```json\n%s\n```\n", lk_buf_cstr(&plain));
    return found(lk_buf_view(&markdown), lk_buf_view(&plain));
}

/* The whole line counts, wherever in it the cursor stands. */
static struct place place_of_line(struct lk_str code, size_t at)
{
    size_t end = at + lk_str_find_char(lk_str_slice(code, at, code.len), '\n');
    struct place place = find_place(code, end);

    if (place.count < LK_COUNT(place.words))
        place.words[place.count] = place.prefix;
    return place;
}

json_t *lk_magic_inspect_with(const struct lk_magic_table *table, struct lk_context *context,
                              struct lk_str code, size_t cursor)
{
    size_t at = byte_offset(code, cursor);
    const json_t *variable = variable_at(context, code, at);
    struct place place = place_of_line(code, at);
    const struct lk_magic *magic;
    struct lk_answer answer;
    struct lk_error ignored;
    json_t *ret = NULL;

    if (variable)
        return inspect_variable(variable);
    if (!place.is_magic || !place.words[0].len)
        return not_found();
    lk_answer_init(&answer);
    magic = magic_of(table, &place);
    if (magic) {
        lk_magic_help(magic, &answer.markdown, &answer.plain);
        ret = found(lk_buf_view(&answer.markdown), lk_buf_view(&answer.plain));
    } else if (!place.is_body && lk_magic_help_answer(table, place.words[0], LK_STR_EMPTY, &answer,
                                                      &ignored) == LK_OK) {
        ret = found(lk_buf_view(&answer.markdown), lk_buf_view(&answer.plain));
    }
    lk_answer_done(&answer);
    return ret ? ret : not_found();
}
