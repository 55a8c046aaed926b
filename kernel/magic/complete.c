/* Completion of magic lines from the magics' own tables, from what was seen, from variables and,
 * for local files, from the disk. Nobody is asked. Jupyter counts cursors in code points. */
#include "magic/complete.h"

#include "magic/connections.h"
#include "magic/context.h"
#include "magic/local_names.h"
#include "magic/place.h"

#include <stdlib.h>
#include <string.h>

enum { OFFERS_MAX = 200, COLLECTED_MAX = 2000, TEXT_MAX = 8192, BRIEF_MAX = 60, INDEXES_MAX = 20 };

size_t lk_byte_of_code_point(struct lk_str text, size_t code_points)
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

/* ---- offers -------------------------------------------------------------------------------- */

struct offer {
    char *text;       /* as read; owned */
    const char *type; /* for clients that show it */
    char *signature;  /* a word more about it; owned; may be NULL */
    bool goes_on;     /* more of the same word follows, as behind a folder */
};

struct offers {
    const struct lk_magic_table *table;
    const struct lk_context *context;
    const struct lk_place *place;
    struct offer *all;
    size_t count;
};

static void offers_done(struct offers *offers)
{
    for (size_t i = 0; i < offers->count; i++) {
        free(offers->all[i].text);
        free(offers->all[i].signature);
    }
    free(offers->all);
}

static bool is_there(const struct offers *offers, struct lk_str text)
{
    for (size_t i = 0; i < offers->count; i++)
        if (lk_str_eq(lk_str_from(offers->all[i].text), text))
            return true;
    return false;
}

/* Offers text when it begins with what is typed. The first offer of a text counts. */
static void offer(struct offers *offers, struct lk_str text, const char *type,
                  struct lk_str signature, bool goes_on)
{
    if (!text.len || offers->count == COLLECTED_MAX ||
        !lk_str_starts(text, lk_str_from(offers->place->typed)) || is_there(offers, text))
        return;
    offers->all = lk_realloc(offers->all, (offers->count + 1) * sizeof offers->all[0]);
    offers->all[offers->count++] =
        (struct offer){.text = lk_str_dup(text),
                       .type = type,
                       .signature = signature.len ? lk_str_dup(signature) : NULL,
                       .goes_on = goes_on};
}

static void offer_word(struct offers *offers, const char *text, const char *type,
                       const char *signature)
{
    offer(offers, lk_str_from(text), type, lk_str_from(signature), false);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct offer *)a)->text, ((const struct offer *)b)->text);
}

static void sort_from(struct offers *offers, size_t first)
{
    if (offers->count > first)
        qsort(offers->all + first, offers->count - first, sizeof offers->all[0], by_text);
}

/* ---- what there is ------------------------------------------------------------------------- */

static void offer_magics(struct offers *offers, unsigned flags)
{
    for (size_t i = 0; i < offers->table->count; i++) {
        const struct lk_magic *magic = offers->table->magics[i];
        if (magic->flags & flags)
            offer_word(offers, magic->name, "magic", magic->verb ? NULL : magic->usage);
    }
}

static void offer_verbs(struct offers *offers, const char *name)
{
    for (size_t i = 0; i < offers->table->count; i++) {
        const struct lk_magic *magic = offers->table->magics[i];
        if (magic->verb && name && strcmp(magic->name, name) == 0)
            offer_word(offers, magic->verb, "verb", magic->usage);
    }
}

static bool is_given(const struct lk_place *place, const struct lk_option *option)
{
    for (size_t i = 0; i < place->given_count; i++)
        if (place->given[i] == option)
            return !option->repeats;
    return false;
}

static void offer_options_of(struct offers *offers, const struct lk_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(128);
        lk_buf_printf(&text, "--%s", options[i].name);
        if (!is_given(offers->place, &options[i]))
            offer_word(offers, lk_buf_cstr(&text), "option", options[i].value);
    }
}

static void offer_options(struct offers *offers)
{
    const struct lk_magic *magic = offers->place->magic;
    size_t common_count;
    const struct lk_option *common = lk_options_common(&common_count);

    offer_options_of(offers, magic->options, magic->option_count);
    offer_options_of(offers, common, common_count);
}

static void offer_choices(struct offers *offers, const char *choices)
{
    struct lk_str rest = lk_str_from(choices), choice;

    while (rest.len) {
        lk_str_split(rest, '|', &choice, &rest);
        offer(offers, choice, "value", LK_STR_EMPTY, lk_str_ends(choice, LK_STR("/")));
    }
}

/* Ids, the newest first, then names: a name is its newest batch. */
static void offer_batches(struct offers *offers)
{
    const struct lk_seen *seen = &offers->context->seen;
    const struct lk_seen_entry *entry;

    for (size_t i = 0; (entry = lk_seen_nth(seen, LK_SEEN_BATCH, i)); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf about = LK_BUF_INIT(512);
        lk_buf_printf(&about, "%s%s%s", entry->name, entry->name[0] && entry->detail[0] ? ", " : "",
                      entry->detail);
        offer_word(offers, entry->text, "batch", lk_buf_cstr(&about));
    }
    for (size_t i = 0; (entry = lk_seen_nth(seen, LK_SEEN_BATCH, i)); i++)
        offer_word(offers, entry->name, "batch", entry->detail);
}

/* As a shell does: up to the next folder. */
static void offer_lake(struct offers *offers, bool only_folders)
{
    const struct lk_seen_entry *entry;
    size_t first = offers->count, typed = strlen(offers->place->typed);

    for (size_t i = 0; (entry = lk_seen_nth(&offers->context->seen, LK_SEEN_PATH, i)); i++) {
        struct lk_str path = lk_str_from(entry->text);
        size_t slash = typed + lk_str_find_char(lk_str_slice(path, typed, path.len), '/');
        if (slash < path.len)
            offer(offers, lk_str_slice(path, 0, slash + 1), "folder", LK_STR_EMPTY, true);
        else if (!only_folders)
            offer_word(offers, entry->text, "file", entry->detail);
    }
    sort_from(offers, first);
}

static void offer_payload_names(struct offers *offers)
{
    const struct lk_seen_entry *entry;

    for (size_t i = 0; (entry = lk_seen_nth(&offers->context->seen, LK_SEEN_PAYLOAD, i)); i++)
        offer_word(offers, entry->text, "payload", entry->detail);
}

/* A name alone means the newest payload, or what lies in Files itself. */
static void offer_payloads(struct offers *offers)
{
    const struct lk_seen_entry *entry;

    for (size_t i = 0; (entry = lk_seen_nth(&offers->context->seen, LK_SEEN_PAYLOAD, i)); i++) {
        bool by_name = strcmp(offers->context->last_payload_name, entry->text) == 0 ||
                       !entry->detail[0] ||
                       strlen(entry->detail) == strlen("Files/") + strlen(entry->text);
        offer_word(offers, by_name ? entry->text : entry->detail, "payload", entry->detail);
    }
    offer_lake(offers, false);
}

static void offer_local_files(struct offers *offers)
{
    struct lk_local_names names;
    size_t first = offers->count;

    lk_local_names_find(offers->context->options.home, lk_str_from(offers->place->typed),
                        offers->context->options.clock, &names);
    for (size_t i = 0; i < names.count; i++) {
        struct lk_str name = lk_str_from(names.name[i]);
        bool is_folder = lk_str_ends(name, LK_STR("/"));
        offer(offers, name, is_folder ? "folder" : "file", LK_STR_EMPTY, is_folder);
    }
    lk_local_names_done(&names);
    sort_from(offers, first);
}

static void offer_members(struct offers *offers, const json_t *object, const char *type,
                          const char *tail)
{
    size_t first = offers->count;
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value)
    {
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(TEXT_MAX);
        LK_CLEANUP(lk_buf_done) struct lk_buf brief = LK_BUF_INIT(BRIEF_MAX + 4);
        lk_buf_printf(&text, "%s%s", key, tail);
        if (json_is_string(value) || json_is_number(value))
            lk_json_write(value, false, &brief);
        lk_buf_truncate(&brief, lk_str_cut(lk_buf_view(&brief), BRIEF_MAX).len);
        offer(offers, lk_buf_view(&text), type, lk_buf_view(&brief), tail[0] != '\0');
    }
    sort_from(offers, first);
}

static void offer_connections(struct offers *offers)
{
    LK_CLEANUP(lk_json_unref) json_t *saved = NULL;

    if (offers->context->options.config_file &&
        lk_connections_all(offers->context->options.config_file, &saved, NULL) == LK_OK)
        offer_members(offers, saved, "connection", "");
}

static void offer_values(struct offers *offers)
{
    const struct lk_takes *takes = &offers->place->takes;

    offer_choices(offers, takes->choices);
    switch (takes->kind) {
    case LK_TAKES_TEXT:
        break;
    case LK_TAKES_BATCH:
        offer_batches(offers);
        break;
    case LK_TAKES_PAYLOAD:
        offer_payloads(offers);
        break;
    case LK_TAKES_PAYLOAD_NAME:
        offer_payload_names(offers);
        break;
    case LK_TAKES_LAKE_PATH:
    case LK_TAKES_LAKE_FOLDER:
        offer_lake(offers, takes->kind == LK_TAKES_LAKE_FOLDER);
        break;
    case LK_TAKES_LOCAL_FILE:
        offer_local_files(offers);
        break;
    case LK_TAKES_CONNECTION:
        offer_connections(offers);
        break;
    case LK_TAKES_VARIABLE:
    case LK_TAKES_ASSIGNMENT:
        offer_members(offers, lk_vars_all(offers->context->vars), "variable",
                      takes->kind == LK_TAKES_VARIABLE ? "" : "=");
        break;
    case LK_TAKES_MAGIC:
        offer_magics(offers, ~0U);
        break;
    case LK_TAKES_AXIS:
        break;
    case LK_TAKES_VERB:
        offer_verbs(offers, offers->place->previous);
        break;
    }
}

static bool can_be_a_step(const char *key)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf step = LK_BUF_INIT(TEXT_MAX);

    lk_buf_printf(&step, "x.%s", key);
    return key[0] && lk_vars_last_step(lk_buf_view(&step)) == 2;
}

static void offer_steps(struct offers *offers, const json_t *value, bool in_brackets)
{
    LK_CLEANUP(lk_json_unref) json_t *members = json_object();
    const char *key;
    json_t *member;

    for (size_t i = 0; in_brackets && i < json_array_size(value) && i < INDEXES_MAX; i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(64);
        lk_buf_printf(&text, "%zu]", i);
        offer(offers, lk_buf_view(&text), "member", LK_STR_EMPTY, true);
    }
    json_object_foreach((json_t *)(in_brackets ? NULL : value), key, member)
    {
        if (can_be_a_step(key))
            json_object_set(members, key, member);
    }
    offer_members(offers, members, "member", "");
}

static void offer_references(struct offers *offers)
{
    struct lk_str path = lk_str_from(offers->place->path);

    if (!path.len)
        offer_members(offers, lk_vars_all(offers->context->vars), "variable", "");
    else
        offer_steps(offers,
                    lk_vars_find(offers->context->vars, lk_str_slice(path, 0, path.len - 1)),
                    lk_str_ends(path, LK_STR("[")));
}

static void offer_all(struct offers *offers)
{
    const struct lk_place *place = offers->place;

    switch (place->kind) {
    case LK_PLACE_NONE:
        break;
    case LK_PLACE_NAME:
        offer_magics(offers, place->is_body ? LK_MAGIC_BODY : LK_MAGIC_LINE);
        break;
    case LK_PLACE_VERB:
        offer_verbs(offers, place->name);
        break;
    case LK_PLACE_OPTION:
        offer_options(offers);
        break;
    case LK_PLACE_REFERENCE:
        offer_references(offers);
        break;
    case LK_PLACE_VALUE:
    case LK_PLACE_ARGUMENT:
        offer_values(offers);
        /* Where no argument comes to mind, an option may. */
        if (!offers->count && place->kind == LK_PLACE_ARGUMENT && place->from == place->to &&
            place->takes_options)
            offer_options(offers);
        break;
    }
}

/* ---- the reply ----------------------------------------------------------------------------- */

static void put_escaped(struct lk_str text, const char *special, struct lk_buf *ret)
{
    for (size_t i = 0; i < text.len; i++) {
        if (strchr(special, text.ptr[i]) || (i == 0 && text.ptr[i] == '#'))
            lk_buf_put_char(ret, '\\');
        lk_buf_put_char(ret, text.ptr[i]);
    }
}

/* "{name}" would be taken for a variable, and a control character would not come back. */
static bool can_be_typed(struct lk_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7F || text.ptr[i] == '{')
            return false;
    return true;
}

/* The text so that words.c reads it back, in the quotes that the user began; false when it cannot
 * stand there. next is the character behind the cursor: editors close quotes by themselves. */
static bool write_word(const struct offer *offer, const struct lk_place *place, char next,
                       struct lk_buf *ret)
{
    struct lk_str text = lk_str_from(offer->text);

    /* Without "--" before it, this would be an option. */
    if (place->kind == LK_PLACE_ARGUMENT && place->takes_options && text.ptr[0] == '-' &&
        strcmp(offer->type, "option") != 0)
        return false;
    if (!can_be_typed(text))
        return false;
    if (place->quote == '\'' && lk_str_find_char(text, '\'') < text.len)
        return false;
    if (place->quote)
        lk_buf_put_char(ret, place->quote);
    if (place->quote == '\'')
        lk_buf_put(ret, text);
    else if (place->quote == '"')
        for (size_t i = 0; i < text.len; i++) {
            if (text.ptr[i] == '"' || text.ptr[i] == '\\')
                lk_buf_put_char(ret, '\\');
            lk_buf_put_char(ret, text.ptr[i]);
        }
    else
        put_escaped(text, " \t\"'\\", ret);
    if (place->quote && !offer->goes_on && next != place->quote)
        lk_buf_put_char(ret, place->quote);
    return true;
}

static json_t *type_of(const struct offer *offer, json_t *text, json_int_t start, json_int_t end)
{
    json_t *type = json_pack("{s:O, s:s, s:I, s:I}", "text", text, "type", offer->type, "start",
                             start, "end", end);

    if (offer->signature)
        json_object_set_new(type, "signature", lk_json_text(lk_str_from(offer->signature)));
    return type;
}

static json_t *write_reply(const struct offers *offers, struct lk_str code)
{
    const struct lk_place *place = offers->place;
    json_int_t start = (json_int_t)lk_str_code_points(lk_str_slice(code, 0, place->from));
    json_int_t end = (json_int_t)lk_str_code_points(lk_str_slice(code, 0, place->to));
    char next = place->to < code.len ? code.ptr[place->to] : '\0';
    json_t *matches = json_array(), *types = json_array();

    for (size_t i = 0; i < offers->count && json_array_size(matches) < OFFERS_MAX; i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(TEXT_MAX);
        if (!write_word(&offers->all[i], place, next, &text) || text.full)
            continue;
        json_array_append_new(matches, lk_json_text(lk_buf_view(&text)));
        json_array_append_new(types, type_of(&offers->all[i],
                                             json_array_get(matches, json_array_size(matches) - 1),
                                             start, end));
    }
    return json_pack("{s:s, s:o, s:I, s:I, s:{s:o}}", "status", "ok", "matches", matches,
                     "cursor_start", start, "cursor_end", end, "metadata",
                     "_jupyter_types_experimental", types);
}

json_t *lk_magic_complete_with(const struct lk_magic_table *table, struct lk_context *context,
                               struct lk_str code, size_t cursor)
{
    LK_CLEANUP(lk_place_done) struct lk_place place = {.name = NULL};
    LK_CLEANUP(offers_done)
    struct offers offers = {.table = table, .context = context, .place = &place};

    lk_place_find(table, code, lk_byte_of_code_point(code, cursor), false, &place);
    offer_all(&offers);
    return write_reply(&offers, code);
}
