/* Inspection of magic lines: what stands under the cursor, or before a '?'. */
#include "magic/cell_parse.h"
#include "magic/complete.h"
#include "magic/context.h"
#include "magic/place.h"
#include "magic/view.h"

enum { VALUE_BYTES = 4096, VALUE_BYTES_MORE = LK_VALUE_BYTES_MAX, TEXT_MAX = 2 << 20 };

/* What is known, for people; found says whether it is anything. */
struct about {
    const struct lk_magic_table *table;
    const struct lk_context *context;
    bool more, found;
    struct lk_answer text;
};

static void about_done(struct about *about)
{
    lk_answer_done(&about->text);
}

static void tell_value(struct about *about, struct lk_str name, const json_t *value)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf json = LK_BUF_INIT(TEXT_MAX);
    size_t room = about->more ? VALUE_BYTES_MORE : VALUE_BYTES;
    struct lk_str shown;

    lk_json_write(value, true, &json);
    shown = lk_str_cut(lk_buf_view(&json), room);
    lk_buf_printf(&about->text.plain, "%.*s = %.*s\n", LK_STR_ARGS(name), LK_STR_ARGS(shown));
    /* No backquote begins a line of JSON, so that nothing in it can close the fence. */
    lk_markdown_code(name, &about->text.markdown);
    lk_buf_printf(&about->text.markdown, "\n\n```json\n%.*s\n```\n", LK_STR_ARGS(shown));
    if (shown.len < json.len) {
        lk_buf_put(&about->text.plain, LK_STR("… cut here\n"));
        lk_buf_put(&about->text.markdown, LK_STR("\n… cut here\n"));
    }
    about->found = true;
}

static void tell_seen(struct about *about, enum lk_seen_kind kind, struct lk_str text)
{
    static const struct {
        const char *title, *name, *detail;
    } words[LK_SEEN_KINDS] = {
        [LK_SEEN_BATCH] = {"Batch", "Name", "State when last seen"},
        [LK_SEEN_PAYLOAD] = {"Payload", "", "In the lakehouse"},
        [LK_SEEN_PATH] = {"In the lakehouse", "", "Size"},
    };
    const struct lk_seen_entry *entry = lk_seen_find(&about->context->seen, kind, text);
    struct lk_table *table;

    if (!entry)
        return;
    table = lk_table_new(2, words[kind].title, entry->text);
    if (entry->name[0])
        lk_table_row(table,
                     (struct lk_str[]){lk_str_from(words[kind].name), lk_str_from(entry->name)});
    if (entry->detail[0])
        lk_table_row(
            table, (struct lk_str[]){lk_str_from(words[kind].detail), lk_str_from(entry->detail)});
    lk_table_write(table, 30, &about->text.markdown, &about->text.plain);
    lk_table_free(table);
    about->found = true;
}

static void tell_magic(struct about *about, const struct lk_magic *magic)
{
    lk_magic_help(magic, &about->text.markdown, &about->text.plain);
    about->found = true;
}

static void tell_option(struct about *about, const struct lk_magic *magic,
                        const struct lk_option *option)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(256);
    LK_CLEANUP(lk_buf_done) struct lk_buf help = LK_BUF_INIT(1024);
    struct lk_answer *text = &about->text;

    lk_buf_printf(&name, "--%s%s%s", option->name, option->value ? " " : "",
                  option->value ? option->value : "");
    lk_buf_printf(&help, "%s. %s", option->help,
                  !option->value    ? "It takes no value."
                  : option->repeats ? "It may be given several times."
                                    : "It is given once.");
    lk_buf_printf(&text->plain, "%s\n\n%s\n\n%s\n", lk_buf_cstr(&name), lk_buf_cstr(&help),
                  magic->usage);
    lk_markdown_code(lk_buf_view(&name), &text->markdown);
    lk_buf_put(&text->markdown, LK_STR("\n\n"));
    lk_markdown_escape(lk_buf_view(&help), &text->markdown);
    lk_buf_printf(&text->markdown, "\n\n```\n%s\n```\n", magic->usage);
    about->found = true;
    if (!about->more)
        return;
    lk_buf_put_char(&text->markdown, '\n');
    lk_buf_put_char(&text->plain, '\n');
    tell_magic(about, magic);
}

/* The value itself, when something is known of it. */
static void tell_named(struct about *about, const struct lk_takes *takes, struct lk_str text)
{
    const json_t *value;

    switch (takes->kind) {
    case LK_TAKES_BATCH:
        tell_seen(about, LK_SEEN_BATCH, text);
        break;
    case LK_TAKES_PAYLOAD:
    case LK_TAKES_PAYLOAD_NAME:
        tell_seen(about, LK_SEEN_PAYLOAD, text);
        if (about->found)
            break;
        /* fall through */
    case LK_TAKES_LAKE_PATH:
    case LK_TAKES_LAKE_FOLDER:
        tell_seen(about, LK_SEEN_PATH, text);
        break;
    case LK_TAKES_VARIABLE:
        value = lk_vars_get(about->context->vars, text);
        if (value)
            tell_value(about, text, value);
        break;
    default:
        break;
    }
}

/* A magic by name and verb; a name that has verbs, by itself, tells them all. */
static enum lk_status tell_name(struct about *about, bool is_body, struct lk_str name,
                                struct lk_str verb, struct lk_error *err)
{
    const struct lk_magic *magic = NULL;
    enum lk_status st;

    if (is_body) {
        st = lk_magic_find_body(about->table, name, &magic, err);
        if (!st)
            tell_magic(about, magic);
        return st;
    }
    lk_json_unref(&about->text.value);
    st = lk_magic_help_answer(about->table, name, verb, &about->text, err);
    about->found = st == LK_OK;
    return st;
}

static enum lk_status tell_place(struct about *about, const struct lk_place *place,
                                 struct lk_error *err)
{
    struct lk_str typed = lk_str_from(place->typed), option;
    const struct lk_option *named = place->option;

    switch (place->kind) {
    case LK_PLACE_NAME:
        return tell_name(about, place->is_body, typed, LK_STR_EMPTY, err);
    case LK_PLACE_VERB:
        return tell_name(about, false, lk_str_from(place->name), typed, err);
    case LK_PLACE_OPTION:
        option = lk_str_slice(typed, 2, typed.len);
        named = lk_option_find(place->magic, option);
        break;
    case LK_PLACE_VALUE:
    case LK_PLACE_ARGUMENT:
        tell_named(about, &place->takes, typed);
        break;
    default:
        break;
    }
    if (!about->found && named)
        tell_option(about, place->magic, named);
    if (!about->found && place->magic)
        tell_magic(about, place->magic);
    return LK_OK;
}

/* The name of the magic tells about the magic that its verb makes of it. */
static void tell_magic_of_line(struct about *about, struct lk_str code, const struct lk_place *name)
{
    LK_CLEANUP(lk_place_done) struct lk_place end = {.name = NULL};
    LK_CLEANUP(lk_cell_magic_done) struct lk_cell_magic line = {.begin = 0};

    if (!lk_cell_magic_at(code, name->to, &line))
        return;
    lk_place_find(about->table, code, line.to, true, &end);
    if (end.kind == LK_PLACE_VERB)
        tell_place(about, &end, NULL);
    else if (end.magic)
        tell_magic(about, end.magic);
}

static bool is_name_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

/* The reference that the cursor stands in, up to the end of the step under it. */
static void tell_reference(struct about *about, struct lk_str code, size_t at)
{
    LK_CLEANUP(lk_place_done) struct lk_place place = {.name = NULL};
    LK_CLEANUP(lk_buf_done) struct lk_buf path = LK_BUF_INIT(TEXT_MAX);
    const json_t *value;

    while (at < code.len && is_name_char(code.ptr[at]))
        at++;
    at += at < code.len && code.ptr[at] == ']';
    lk_place_find(about->table, code, at, false, &place);
    if (place.kind != LK_PLACE_REFERENCE)
        return;
    lk_buf_printf(&path, "%s%s", place.path, place.typed);
    value = lk_vars_find(about->context->vars, lk_buf_view(&path));
    if (value)
        tell_value(about, lk_buf_view(&path), value);
}

static void tell_cursor(struct about *about, struct lk_str code, size_t at)
{
    LK_CLEANUP(lk_place_done) struct lk_place place = {.name = NULL};

    tell_reference(about, code, at);
    if (about->found)
        return;
    lk_place_find(about->table, code, at, true, &place);
    if (place.kind == LK_PLACE_NAME)
        tell_magic_of_line(about, code, &place);
    if (!about->found && (place.kind != LK_PLACE_NAME || place.typed[0]))
        tell_place(about, &place, NULL);
    if (!about->found && place.kind == LK_PLACE_VERB)
        tell_name(about, false, lk_str_from(place.name), LK_STR_EMPTY, NULL);
}

static json_t *data_of(const struct about *about)
{
    return json_pack("{s:o, s:o}", "text/markdown",
                     lk_json_text(lk_buf_view(&about->text.markdown)), "text/plain",
                     lk_json_text(lk_buf_view(&about->text.plain)));
}

static void about_init(struct about *ret, const struct lk_magic_table *table,
                       const struct lk_context *context, bool more)
{
    *ret = (struct about){.table = table, .context = context, .more = more};
    lk_answer_init(&ret->text);
}

json_t *lk_magic_inspect_with(const struct lk_magic_table *table, struct lk_context *context,
                              struct lk_str code, size_t cursor, int detail_level)
{
    LK_CLEANUP(about_done) struct about about;

    about_init(&about, table, context, detail_level > 0);
    tell_cursor(&about, code, lk_byte_of_code_point(code, cursor));
    return json_pack("{s:s, s:b, s:o, s:{}}", "status", "ok", "found", about.found, "data",
                     about.found ? data_of(&about) : json_object(), "metadata");
}

/* ---- questions ----------------------------------------------------------------------------- */

/* A name alone: a variable, else a magic. */
static enum lk_status tell_word(struct about *about, struct lk_str text, struct lk_error *err)
{
    const json_t *value = lk_vars_find(about->context->vars, text);

    if (value)
        tell_value(about, text, value);
    else if (tell_name(about, false, text, LK_STR_EMPTY, NULL)) {
        lk_error_set(err, LK_INVALID, "UnknownName", "there is no variable and no magic '%.*s'",
                     LK_STR_ARGS(lk_str_cut(text, 80)));
        return lk_error_next(err, "%%vars shows the variables, %%help lists the magics.");
    }
    return LK_OK;
}

/* Whether the '?' behind it can only be a question: an argument may end in one. */
static bool asks(const struct lk_place *place)
{
    return place->kind == LK_PLACE_NAME || place->kind == LK_PLACE_VERB ||
           place->kind == LK_PLACE_OPTION || place->from == place->to;
}

enum lk_status lk_magic_answer_question(const struct lk_magic_table *table,
                                        struct lk_context *context, struct lk_str text,
                                        json_t **ret, struct lk_error *err)
{
    LK_CLEANUP(about_done) struct about about;
    LK_CLEANUP(lk_place_done) struct lk_place place = {.name = NULL};
    bool is_first = lk_str_starts(text, LK_STR("?"));
    bool more = lk_str_starts(text, LK_STR("??")) || lk_str_ends(text, LK_STR("??"));
    enum lk_status st = LK_OK;

    while (lk_str_starts(text, LK_STR("?")))
        text = lk_str_slice(text, 1, text.len);
    while (lk_str_ends(text, LK_STR("?")))
        text.len--;
    text = lk_str_trim(text);
    about_init(&about, table, context, more);
    lk_place_find(table, text, text.len, true, &place);
    if (!text.len || lk_str_eq(text, LK_STR("%")) || lk_str_eq(text, LK_STR("%%")))
        st = lk_magic_help_answer(table, LK_STR_EMPTY, LK_STR_EMPTY, &about.text, err);
    else if (!lk_str_starts(text, LK_STR("%")))
        st = lk_vars_last_step(text) == SIZE_MAX ? LK_NOT_FOUND : tell_word(&about, text, err);
    else if (!is_first && !asks(&place))
        st = LK_NOT_FOUND;
    else if (place.kind == LK_PLACE_NONE)
        st = tell_name(&about, lk_str_starts(text, LK_STR("%%")), lk_str_from(place.name),
                       LK_STR_EMPTY, err);
    else
        st = tell_place(&about, &place, err);
    if (!st)
        *ret = data_of(&about);
    return st;
}
