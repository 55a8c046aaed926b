/* Any cell is completed, inspected and asked about at any cursor. Matches stand inside the cell,
 * are each one word as the line reads it, and can be put in and completed again. The first two
 * bytes are the cursor, the rest is the cell. */
#include "magic/complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/magic/small_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool fine)
{
    if (!fine)
        abort();
}

static struct lk_context *make_context(void)
{
    static const struct {
        enum lk_seen_kind kind;
        const char *text, *name;
    } met[] = {{LK_SEEN_BATCH, "77", "a b"},
               {LK_SEEN_BATCH, "78", "it's \"#\\ {x}"},
               {LK_SEEN_BATCH, "-9", "#name\n"},
               {LK_SEEN_PAYLOAD, "clean.py", ""},
               {LK_SEEN_PATH, "Files/a b/c'd", ""},
               {LK_SEEN_PATH, "Files/\xC3\xA4\xF0\x9F\x98\x80/", ""},
               {LK_SEEN_PATH, "Tables/\"quoted\"", ""}};
    LK_CLEANUP(lk_json_unref)
    json_t *value = json_pack("{s:[i, {s:s}], s:i}", "rows", 1, "id", "x", "odd name", 2);
    struct lk_context *context = calloc(1, sizeof *context);

    context->options.clock = lk_clock_system();
    context->vars = lk_vars_new();
    must(lk_vars_set(context->vars, LK_STR("table"), value, NULL) == LK_OK);
    for (size_t i = 0; i < LK_COUNT(met); i++)
        lk_seen_add(&context->seen, met[i].kind, lk_str_from(met[i].text), lk_str_from(met[i].name),
                    LK_STR("known"));
    return context;
}

static size_t number(const json_t *object, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(object, name));

    must(value >= 0);
    return (size_t)value;
}

static void is_one_word(struct lk_str match)
{
    struct lk_word word;
    size_t at = 0;

    must(lk_str_is_utf8(match) && lk_words_next(match, &at, &word));
    lk_word_done(&word);
    must(at == match.len);
}

static void check_types(const json_t *reply, const json_t *matches)
{
    const json_t *types =
        json_object_get(json_object_get(reply, "metadata"), "_jupyter_types_experimental");
    size_t i;
    json_t *type;

    must(json_array_size(types) == json_array_size(matches));
    json_array_foreach((json_t *)types, i, type)
    {
        must(json_equal(json_object_get(type, "text"), json_array_get(matches, i)));
        must(number(type, "start") == number(reply, "cursor_start"));
        must(number(type, "end") == number(reply, "cursor_end"));
        must(lk_json_get_str(type, "type").len > 0);
    }
}

/* Completes; with again, puts each match in and completes behind it. */
static void complete(struct lk_context *context, struct lk_str code, size_t cursor, bool again)
{
    LK_CLEANUP(lk_json_unref)
    json_t *reply = lk_magic_complete_with(&small_table, context, code, cursor);
    const json_t *matches = json_object_get(reply, "matches");
    size_t start = number(reply, "cursor_start"), end = number(reply, "cursor_end"), i;
    json_t *match;

    must(start <= end && end <= lk_str_code_points(code) && (end <= cursor || !cursor));
    must(json_array_size(matches) <= 200);
    check_types(reply, matches);
    json_array_foreach((json_t *)matches, i, match)
    {
        LK_CLEANUP(lk_buf_done) struct lk_buf longer = LK_BUF_INIT(code.len + 10000);
        is_one_word(lk_json_str(match));
        if (!again)
            continue;
        lk_buf_put(&longer, lk_str_slice(code, 0, lk_byte_of_code_point(code, start)));
        lk_buf_put(&longer, lk_json_str(match));
        lk_buf_put(&longer, lk_str_slice(code, lk_byte_of_code_point(code, end), code.len));
        complete(context, lk_buf_view(&longer), start + lk_str_code_points(lk_json_str(match)),
                 false);
    }
}

static void inspect(struct lk_context *context, struct lk_str code, size_t cursor)
{
    LK_CLEANUP(lk_json_unref)
    json_t *reply = lk_magic_inspect_with(&small_table, context, code, cursor, cursor % 2 != 0);
    bool found = json_is_true(json_object_get(reply, "found"));

    must(lk_str_eq(lk_json_get_str(reply, "status"), LK_STR("ok")));
    must(found == (json_object_size(json_object_get(reply, "data")) == 2));
    must(!found || lk_json_get_str(json_object_get(reply, "data"), "text/plain").len > 0);
}

static void ask(struct lk_context *context, struct lk_str code)
{
    LK_CLEANUP(lk_json_unref) json_t *data = NULL;
    struct lk_error err = LK_ERROR_INIT;
    enum lk_status st = lk_magic_answer_question(&small_table, context, code, &data, &err);

    must((st == LK_OK) == (data != NULL));
    must(st == LK_OK || st == LK_NOT_FOUND || (err.code[0] && err.message[0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_context *context = make_context();
    size_t cursor = size > 1 ? data[0] | (size_t)data[1] << 8 : SIZE_MAX;
    struct lk_str code = {(const char *)data + (size > 1 ? 2 : 0), size > 1 ? size - 2 : 0};

    complete(context, code, cursor, true);
    inspect(context, code, cursor);
    ask(context, code);
    lk_vars_free(context->vars);
    lk_seen_done(&context->seen);
    free(context);
    return 0;
}
