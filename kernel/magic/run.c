#include "magic/run.h"

#include "magic/cell_parse.h"
#include "magic/context.h"
#include "magic/magic.h"
#include "magic/view.h"

enum { WORD_MAX = 16 << 20 };

/* One magic line taken apart: ready to run. */
struct call {
    const struct lk_magic *magic;
    struct lk_words words;
    struct lk_args *args;
    bool help;
};

static void call_done(struct call *call)
{
    lk_words_done(&call->words);
    lk_args_unref(&call->args);
}

/* Word by word, after splitting: a value with spaces or quotes in it stays one word. */
static enum lk_status interpolate(const struct lk_vars *vars, struct lk_words *words,
                                  struct lk_error *err)
{
    for (size_t i = 0; i < words->count; i++) {
        struct lk_buf text = LK_BUF_INIT(WORD_MAX);
        enum lk_status st = lk_vars_interpolate(vars, lk_str_from(words->word[i]), &text, err);
        if (st) {
            lk_buf_done(&text);
            return st;
        }
        lk_free_ptr(&words->word[i]);
        words->word[i] = lk_buf_take(&text);
    }
    return LK_OK;
}

static void full_name(const struct lk_magic *magic, char ret[64])
{
    struct lk_buf text = LK_BUF_INIT(63);

    lk_buf_printf(&text, "%s%s%s", magic->name, magic->verb ? " " : "",
                  magic->verb ? magic->verb : "");
    for (size_t i = 0; i <= text.len; i++)
        ret[i] = text.data[i];
    lk_buf_done(&text);
}

static bool asks_for_help(const struct lk_words *words)
{
    for (size_t i = 1; i < words->count; i++)
        if (lk_str_eq(lk_str_from(words->word[i]), LK_STR("--help")))
            return true;
    return false;
}

static enum lk_status find(struct call *call, bool is_body, bool *used_verb, struct lk_error *err)
{
    struct lk_str name = lk_str_from(call->words.word[0]);
    struct lk_str verb = lk_str_from(call->words.count > 1 ? call->words.word[1] : "");

    if (!is_body)
        return lk_magic_find(name, lk_str_starts(verb, LK_STR("--")) ? LK_STR_EMPTY : verb,
                             &call->magic, used_verb, err);
    *used_verb = false;
    return lk_magic_find_body(name, &call->magic, err);
}

static enum lk_status prepare(struct lk_context *context, struct lk_str line, bool is_body,
                              struct call *ret, struct lk_error *err)
{
    bool used_verb = false;
    char name[64];
    size_t first;
    enum lk_status st = lk_words_split(line, &ret->words, err);

    if (!st && !ret->words.count) {
        lk_error_set(err, LK_INVALID, "UnknownMagic", "a lone %% names no magic");
        st = lk_error_next(err, "%%help lists them all.");
    }
    if (!st)
        st = find(ret, is_body, &used_verb, err);
    if (st)
        return st;
    if (!is_body && !(ret->magic->flags & LK_MAGIC_LINE)) {
        lk_error_set(err, LK_INVALID, "NeedsBody", "%%%s works on the lines below it",
                     ret->magic->name);
        return lk_error_next(err, "Write it with two %%, first in the cell: %s", ret->magic->usage);
    }
    ret->help = asks_for_help(&ret->words);
    if (ret->help)
        return LK_OK;
    first = used_verb ? 2 : 1;
    st = interpolate(context->vars, &ret->words, err);
    full_name(ret->magic, name);
    return st ? st
              : lk_args_read(name, ret->magic->options, ret->magic->option_count,
                             ret->magic->positional_max, ret->words.word + first,
                             ret->words.count - first, &ret->args, err);
}

static enum lk_status keep(struct lk_context *context, struct lk_str name,
                           const struct lk_answer *answer, struct lk_error *err)
{
    if (!name.len || !answer->value)
        return LK_OK;
    return lk_vars_set(context->vars, name, answer->value, err);
}

static void show_help(const struct lk_magic *magic, struct lk_cell *cell)
{
    struct lk_answer answer;

    lk_answer_init(&answer);
    lk_magic_help(magic, &answer.markdown, &answer.plain);
    lk_answer_show(cell, &answer, false, false, true);
    lk_answer_done(&answer);
}

/* Runs one magic and shows what it gives back, also when it failed with something to show. */
static enum lk_status run_call(struct lk_context *context, struct lk_cell *cell,
                               const struct call *call, struct lk_str target, struct lk_str body,
                               bool is_last, struct lk_error *err)
{
    struct lk_answer answer;
    struct lk_str as;
    enum lk_status st, kept;

    if (call->help) {
        show_help(call->magic, cell);
        return LK_OK;
    }
    as = lk_args_get(call->args, "as");
    /* Hidden executions of editors only read (jupyter.md §3.3): an acting magic does nothing. */
    if (cell->read_only && (call->magic->flags & LK_MAGIC_ACTS))
        return LK_OK;
    lk_answer_init(&answer);
    st = call->magic->run(context, cell, call->args, body, &answer, err);
    kept = st ? LK_OK : keep(context, as.len ? as : target, &answer, err);
    lk_answer_show(cell, &answer, lk_args_has(call->args, "json"), lk_args_has(call->args, "quiet"),
                   is_last && !st && !target.len);
    lk_answer_done(&answer);
    return st ? st : kept;
}

static enum lk_status assign(struct lk_context *context, const struct lk_cell_line *line,
                             struct lk_error *err)
{
    json_t *value = NULL;
    enum lk_status st = lk_literal_read(lk_buf_view(&line->text), &value, err);

    if (st)
        return lk_error_prefix(err, "line %zu, %.*s", line->number, LK_STR_ARGS(line->target));
    st = lk_vars_set(context->vars, line->target, value, err);
    json_decref(value);
    return st;
}

static enum lk_status run_line(struct lk_context *context, struct lk_cell *cell,
                               const struct lk_cell_line *line, bool is_last, struct lk_error *err)
{
    LK_CLEANUP(call_done)
    struct call call = {.magic = NULL};
    enum lk_status st = lk_cancel_check(cell->cancel, err);

    if (st)
        return st;
    if (!line->is_magic)
        return assign(context, line, err);
    st = prepare(context, lk_buf_view(&line->text), false, &call, err);
    return st ? st : run_call(context, cell, &call, line->target, LK_STR_EMPTY, is_last, err);
}

static bool only_blank_or_comments(struct lk_str rest)
{
    enum lk_cell_kind kind;

    return lk_cell_classify(rest, &kind, NULL) == LK_OK && kind == LK_CELL_EMPTY;
}

static enum lk_status run_lines(struct lk_context *context, struct lk_cell *cell,
                                struct lk_str code, bool only_literals, struct lk_error *err)
{
    size_t number = 0;

    for (;;) {
        LK_CLEANUP(lk_cell_line_done)
        struct lk_cell_line line = {.number = 0};
        enum lk_status st = lk_cell_next_line(&code, &number, &line, err);
        if (st == LK_NOT_FOUND)
            return LK_OK;
        if (!st && only_literals && line.is_magic) {
            lk_error_set(err, LK_INVALID, "BadParameters",
                         "line %zu: a parameters cell holds only NAME = LITERAL", line.number);
            st = lk_error_next(err, "Put magics into another cell.");
        }
        if (!st)
            st = run_line(context, cell, &line, only_blank_or_comments(code), err);
        if (st)
            return st;
    }
}

static enum lk_status run_body(struct lk_context *context, struct lk_cell *cell, struct lk_str code,
                               struct lk_error *err)
{
    LK_CLEANUP(lk_cell_line_done)
    struct lk_cell_line line = {.number = 0};
    LK_CLEANUP(call_done)
    struct call call = {.magic = NULL};
    struct lk_str body;
    enum lk_status st = lk_cell_split_body(code, &line, &body, err);

    if (!st)
        st = prepare(context, lk_buf_view(&line.text), true, &call, err);
    return st ? st : run_call(context, cell, &call, LK_STR_EMPTY, body, true, err);
}

static enum lk_status refuse_code(const struct lk_cell *cell, struct lk_error *err)
{
    /* Editors run hidden Python in kernels they take for Python's: they get a quiet nothing. */
    if (cell->read_only)
        return LK_OK;
    lk_error_set(err, LK_INVALID, "NoSession",
                 "this cell is Python, and there is no interactive Spark session to run it in");
    return lk_error_next(err, "%%%%payload NAME.py above the code makes it a batch payload; this "
                              "version has no interactive sessions.");
}

enum lk_status lk_magic_run_cell(struct lk_context *context, struct lk_cell *cell,
                                 struct lk_str code, struct lk_error *err)
{
    enum lk_cell_kind kind;
    enum lk_status st = lk_cell_classify(code, &kind, err);

    if (st)
        return st;
    switch (kind) {
    case LK_CELL_EMPTY:
        return LK_OK;
    case LK_CELL_BODY:
        return run_body(context, cell, code, err);
    case LK_CELL_LINES:
        return run_lines(context, cell, code, false, err);
    case LK_CELL_PARAMETERS:
        return run_lines(context, cell, code, true, err);
    case LK_CELL_CODE:
        break;
    }
    return refuse_code(cell, err);
}
