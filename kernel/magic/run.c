/* A cell from its text to its answers. Reading comes first, word by word: split, find the magic,
 * read its options, and only then put in variables, so that their content is never taken for more
 * than a value. */
#include "magic/run.h"

#include "magic/cell_parse.h"
#include "magic/complete.h"
#include "magic/context.h"
#include "magic/magic.h"
#include "magic/view.h"

/* Who works on what; made once per cell. */
struct run {
    const struct lk_magic_table *table;
    struct lk_context *context;
    struct lk_cell *cell;
};

/* One magic line taken apart. */
struct call {
    const struct lk_magic *magic; /* NULL: %NAME --help of a magic with verbs */
    struct lk_words words;
    size_t words_used; /* name, and verb when there is one */
    struct lk_args *args;
};

static void call_done(struct call *call)
{
    lk_words_done(&call->words);
    lk_args_unref(&call->args);
}

static void full_name(const struct lk_magic *magic, struct lk_buf *ret)
{
    lk_buf_printf(ret, "%s%s%s", magic->name, magic->verb ? " " : "",
                  magic->verb ? magic->verb : "");
}

static struct lk_str word(const struct call *call, size_t i)
{
    return i < call->words.count ? lk_str_from(call->words.word[i]) : LK_STR_EMPTY;
}

static bool asks_for_help(const struct call *call)
{
    for (size_t i = 1; i < call->words.count; i++) {
        if (lk_str_eq(word(call, i), LK_STR("--")))
            return false;
        if (lk_str_eq(word(call, i), LK_STR("--help")))
            return true;
    }
    return false;
}

/* Splits the line and finds its magic. */
static enum lk_status identify(const struct run *run, struct lk_str line, bool is_body,
                               struct call *ret, struct lk_error *err)
{
    bool used_verb = false;
    struct lk_str verb;
    enum lk_status st = lk_words_split(line, &ret->words, err);

    if (st)
        return st;
    if (!ret->words.count) {
        lk_error_set(err, LK_INVALID, "UnknownMagic", "a lone %% names no magic");
        lk_error_next(err, "%%help lists them all.");
        return LK_INVALID;
    }
    verb = word(ret, 1);
    if (lk_str_starts(verb, LK_STR("-")))
        verb = LK_STR_EMPTY;
    if (is_body)
        st = lk_magic_find_body(run->table, word(ret, 0), &ret->magic, err);
    else
        st = lk_magic_find(run->table, word(ret, 0), verb, &ret->magic, &used_verb, err);
    /* %batch --help: no single magic, but a good question. */
    if (st && !verb.len && asks_for_help(ret) &&
        lk_str_eq(lk_str_from(err->code), LK_STR("MissingVerb"))) {
        lk_error_clear(err);
        return LK_OK;
    }
    ret->words_used = used_verb ? 2 : 1;
    return st;
}

static enum lk_status check_form(const struct call *call, bool is_body, struct lk_error *err)
{
    if (is_body || (call->magic->flags & LK_MAGIC_LINE))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "NeedsBody", "%%%s works on the lines below it",
                 call->magic->name);
    lk_error_next(err, "Write it with two %%, first in the cell: %s", call->magic->usage);
    return LK_INVALID;
}

static enum lk_status read_args(const struct run *run, struct call *call, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(64);
    struct lk_str as;
    enum lk_status st;

    full_name(call->magic, &name);
    st = lk_args_read(lk_buf_cstr(&name), call->magic->options, call->magic->option_count,
                      call->magic->positional_max, call->words.word + call->words_used,
                      call->words.count - call->words_used, &call->args, err);
    if (!st)
        st = lk_args_interpolate(call->args, run->context->vars, err);
    if (st)
        return st;
    /* Before anything is done: a batch must not run only for its result to find no name. */
    as = lk_args_get(call->args, "as");
    if (!lk_args_has(call->args, "as") || lk_is_identifier(as))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "BadName", "--as: '%.*s' is no name for a variable",
                 LK_STR_ARGS(lk_str_cut(as, 80)));
    lk_error_next(err, "Use letters, digits and underscores, not a digit first.");
    return LK_INVALID;
}

static enum lk_status show_help(const struct run *run, const struct call *call,
                                struct lk_error *err)
{
    struct lk_answer answer;
    enum lk_status st = LK_OK;

    lk_answer_init(&answer);
    if (call->magic)
        lk_magic_help(call->magic, &answer.markdown, &answer.plain);
    else
        st = lk_magic_help_answer(run->table, word(call, 0), LK_STR_EMPTY, &answer, err);
    lk_json_unref(&answer.value);
    if (!st)
        lk_answer_show(run->cell, &answer, false, false, false);
    lk_answer_done(&answer);
    return st;
}

/* Keeps the value under the names asked for; that of a failed batch too, for it can be asked about
 * its log. */
static enum lk_status keep(const struct run *run, const struct call *call, struct lk_str target,
                           const struct lk_answer *answer, struct lk_error *err)
{
    struct lk_str names[] = {target, lk_args_get(call->args, "as")};

    for (size_t i = 0; i < LK_COUNT(names) && answer->value; i++)
        if (names[i].len) {
            enum lk_status st = lk_vars_set(run->context->vars, names[i], answer->value, err);
            if (st)
                return st;
        }
    return LK_OK;
}

/* An interrupt that the magic has not explained: say at least what was interrupted. */
static void tell_interrupted(const struct call *call, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(64);

    if (!err || err->next[0])
        return;
    full_name(call->magic, &name);
    lk_error_prefix(err, "%%%s", lk_buf_cstr(&name));
    lk_error_next(err, "Run the cell again to start over.");
}

/* Runs one magic and shows what it gives back, also when it failed with something to show. */
static enum lk_status run_call(const struct run *run, const struct call *call, struct lk_str target,
                               struct lk_str body, bool is_last, struct lk_error *err)
{
    struct lk_answer answer;
    struct lk_error not_kept = LK_ERROR_INIT;
    enum lk_status st, kept;

    lk_answer_init(&answer);
    run->cell->quiet = lk_args_has(call->args, "quiet");
    st = call->magic->run(run->context, run->cell, call->args, body, &answer, err);
    if (st == LK_CANCELLED)
        tell_interrupted(call, err);
    kept = run->cell->read_only ? LK_OK : keep(run, call, target, &answer, &not_kept);
    /* As in Python, an assignment does not show the value it keeps as the cell's result. */
    lk_answer_show(run->cell, &answer, lk_args_has(call->args, "json"), run->cell->quiet,
                   is_last && !st && !target.len);
    lk_answer_done(&answer);
    if (st || !kept)
        return st;
    *err = not_kept;
    return kept;
}

static enum lk_status run_magic(const struct run *run, const struct lk_cell_line *line,
                                bool is_body, struct lk_str body, bool is_last,
                                struct lk_error *err)
{
    LK_CLEANUP(call_done) struct call call = {.magic = NULL};
    enum lk_status st = identify(run, lk_buf_view(&line->text), is_body, &call, err);

    /* Hidden executions of editors (jupyter.md §3.3) get a quiet nothing for what is not ours and
     * for what acts. */
    if (run->cell->read_only &&
        (st || (call.magic && (call.magic->flags & LK_MAGIC_ACTS) && !asks_for_help(&call)))) {
        lk_error_clear(err);
        return LK_OK;
    }
    if (st)
        return st;
    if (asks_for_help(&call))
        return show_help(run, &call, err);
    st = check_form(&call, is_body, err);
    if (!st)
        st = read_args(run, &call, err);
    return st ? st : run_call(run, &call, line->target, body, is_last, err);
}

static enum lk_status run_line(const struct run *run, const struct lk_cell_line *line, bool is_last,
                               struct lk_error *err)
{
    if (lk_cancel_check(run->cell->cancel, err))
        return lk_error_next(err, "Line %zu and those below it were not run.", line->number);
    if (!line->value)
        return run_magic(run, line, false, LK_STR_EMPTY, is_last, err);
    return run->cell->read_only ? LK_OK
                                : lk_vars_set(run->context->vars, line->target, line->value, err);
}

static enum lk_status no_magic_among_parameters(const struct lk_cell_line *line,
                                                struct lk_error *err)
{
    lk_error_set(err, LK_INVALID, "BadParameters",
                 "line %zu: a parameters cell holds only NAME = LITERAL", line->number);
    lk_error_next(err, "Put magics into another cell.");
    return LK_INVALID;
}

/* Says which of several lines failed; an interrupt is the user's own doing. */
static void say_where(const struct lk_cell_line *line, bool is_only, enum lk_status st,
                      struct lk_error *err)
{
    if (!is_only && !line->value && st != LK_CANCELLED)
        lk_error_prefix(err, "line %zu", line->number);
}

static enum lk_status run_lines(const struct run *run, struct lk_str code, bool only_literals,
                                struct lk_error *err)
{
    size_t number = 0, lines = 0;

    for (;;) {
        LK_CLEANUP(lk_cell_line_done) struct lk_cell_line line = {.number = 0};
        enum lk_status st = lk_cell_next_line(&code, &number, &line, err);
        bool is_last = lk_cell_is_blank(code);
        if (st == LK_NOT_FOUND)
            return LK_OK;
        if (st && run->cell->read_only) {
            lk_error_clear(err);
            return LK_OK;
        }
        if (!st && only_literals && !line.value)
            return no_magic_among_parameters(&line, err);
        if (st)
            return st;
        st = run_line(run, &line, is_last, err);
        if (st) {
            say_where(&line, is_last && !lines, st, err);
            return st;
        }
        lines++;
    }
}

static enum lk_status run_body(const struct run *run, struct lk_str code, struct lk_error *err)
{
    LK_CLEANUP(lk_cell_line_done) struct lk_cell_line line = {.number = 0};
    struct lk_str body;
    enum lk_status st = lk_cell_split_body(code, &line, &body, err);

    return st ? st : run_magic(run, &line, true, body, true, err);
}

static enum lk_status refuse_code(const struct lk_cell *cell, struct lk_error *err)
{
    if (cell->read_only)
        return LK_OK;
    lk_error_set(err, LK_INVALID, "NoSession",
                 "this cell is Python for an interactive Spark session, and there is none");
    lk_error_next(err,
                  "Put `%%%%payload NAME.py` above the code and run it with `%%batch submit`: this "
                  "version runs code as batches only, `%%session start` comes with a later one. "
                  "`%%set NAME=VALUE` sets a variable, `%%help` lists the magics.");
    return LK_INVALID;
}

/* "%batch submit?": as in IPython, help for what stands there. LK_NOT_FOUND when it is none. */
static enum lk_status answer_question(const struct run *run, struct lk_str code,
                                      struct lk_error *err)
{
    LK_CLEANUP(lk_bundle_done) struct lk_bundle bundle = {.data = NULL};
    enum lk_status st;

    code = lk_str_trim(code);
    if (lk_str_find_char(code, '\n') < code.len ||
        (!lk_str_starts(code, LK_STR("?")) && !lk_str_ends(code, LK_STR("?"))))
        return LK_NOT_FOUND;
    st = lk_magic_answer_question(run->table, run->context, code, &bundle.data, err);
    if (!st)
        run->cell->page(run->cell, &bundle);
    if (st != LK_INVALID || !run->cell->read_only)
        return st;
    lk_error_clear(err);
    return LK_OK;
}

static enum lk_status run_cell_with(const struct lk_magic_table *table, struct lk_context *context,
                                    struct lk_cell *cell, struct lk_str code, struct lk_error *err)
{
    struct run run = {.table = table, .context = context, .cell = cell};
    enum lk_cell_kind kind;
    enum lk_status st;

    /* A file piped in may begin with a byte order mark. */
    if (lk_str_starts(code, LK_STR("\xEF\xBB\xBF")))
        code = lk_str_slice(code, 3, code.len);
    st = lk_cell_classify(code, &kind, err);
    if (st)
        return st;
    st = answer_question(&run, code, err);
    if (st != LK_NOT_FOUND)
        return st;
    switch (kind) {
    case LK_CELL_EMPTY:
        return LK_OK;
    case LK_CELL_BODY:
        return run_body(&run, code, err);
    case LK_CELL_LINES:
        return run_lines(&run, code, false, err);
    case LK_CELL_PARAMETERS:
        return run_lines(&run, code, true, err);
    case LK_CELL_CODE:
        break;
    }
    return refuse_code(cell, err);
}

enum lk_status lk_magic_run_cell_with(const struct lk_magic_table *table,
                                      struct lk_context *context, struct lk_cell *cell,
                                      struct lk_str code, struct lk_error *err)
{
    enum lk_status st;

    context->cell = cell;
    st = run_cell_with(table, context, cell, code, err);
    context->cell = NULL;
    return st;
}
