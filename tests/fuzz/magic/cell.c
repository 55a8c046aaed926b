/* A cell of any bytes is read, run on magics that do nothing, completed and inspected; what comes
 * out is UTF-8, lies inside the cell, and holds to its ceilings. */
#include "magic/cell_parse.h"
#include "magic/complete.h"
#include "magic/run.h"
#include "magic/view.h"

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

static void stream(struct lk_cell *cell, enum lk_stream which, struct lk_str text)
{
    (void)cell;
    (void)which;
    must(lk_str_is_utf8(text));
}

static void display(struct lk_cell *cell, const struct lk_bundle *bundle, const char *display_id)
{
    (void)cell;
    (void)display_id;
    must(json_is_string(json_object_get(bundle->data, "text/plain")));
}

static void page(struct lk_cell *cell, const struct lk_bundle *bundle)
{
    display(cell, bundle, NULL);
}

static void value(struct lk_cell *cell, const json_t *result, const struct lk_bundle *bundle)
{
    (void)cell;
    must(json_is_object(result));
    if (bundle)
        display(cell, bundle, NULL);
}

/* Walking the lines never goes back and ends with the cell. */
static void walk(struct lk_str code)
{
    struct lk_str rest = code;
    size_t number = 0;
    enum lk_status st = LK_OK;

    while (!st) {
        LK_CLEANUP(lk_cell_line_done) struct lk_cell_line line = {.number = 0};
        struct lk_error err = LK_ERROR_INIT;
        size_t before = rest.len, taken = number;
        st = lk_cell_next_line(&rest, &number, &line, &err);
        if (st)
            break;
        must(rest.len < before && number > taken && line.number > taken && line.number <= number);
        must(lk_str_is_utf8(lk_buf_view(&line.text)));
        must(!line.value || line.target.len);
    }
}

static void run(struct lk_context *context, struct lk_str code, bool read_only)
{
    struct lk_cell cell = {.read_only = read_only,
                           .stream = stream,
                           .display = display,
                           .update = display,
                           .value = value,
                           .page = page};
    struct lk_error err = LK_ERROR_INIT;
    enum lk_status st = lk_magic_run_cell_with(&small_table, context, &cell, code, &err);
    LK_CLEANUP(lk_json_unref) json_t *lines = lk_error_traceback(&err, true);

    if (!st)
        return;
    must(err.status == st && err.code[0] && err.message[0]);
    must(lk_str_is_utf8(lk_str_from(err.message)) && lk_str_is_utf8(lk_str_from(err.next)));
    must(json_array_size(lines) > 0);
}

static void ask_about(struct lk_context *context, struct lk_str code)
{
    size_t cursor = code.len ? (unsigned char)code.ptr[0] % (code.len + 3) : 0;
    LK_CLEANUP(lk_json_unref)
    json_t *reply = lk_magic_complete_with(&small_table, context, code, cursor);
    LK_CLEANUP(lk_json_unref)
    json_t *found = lk_magic_inspect_with(&small_table, context, code, cursor, (int)code.len % 2);

    must(reply && found);
    must(json_integer_value(json_object_get(reply, "cursor_start")) <=
         json_integer_value(json_object_get(reply, "cursor_end")));
    must((size_t)json_integer_value(json_object_get(reply, "cursor_end")) <=
         lk_str_code_points(code));
}

static void check_complete(struct lk_str code)
{
    char indent[LK_INDENT_MAX + 1];
    const char *status = lk_cell_is_complete(code, indent);

    must(strspn(indent, " \t") == strlen(indent));
    must(strcmp(status, "incomplete") == 0 || !indent[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_str code = {(const char *)data, size};
    struct lk_context *context = calloc(1, sizeof *context);
    enum lk_cell_kind kind;

    context->vars = lk_vars_new();
    check_complete(code);
    if (lk_cell_classify(code, &kind, NULL) == LK_OK) {
        must(lk_str_is_utf8(code));
        walk(code);
        run(context, code, true);
        must(json_object_size(lk_vars_all(context->vars)) == 0);
        run(context, code, false);
        /* Again, with the variables that it has set. */
        run(context, code, false);
    }
    ask_about(context, code);
    lk_vars_free(context->vars);
    free(context);
    return 0;
}
