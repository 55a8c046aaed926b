#include "magic/run.h"

#include "support/assert.h"
#include "support/fake_cell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "small_table.h"

struct fixture {
    struct lk_context context;
    struct lk_cancel *cancel;
    struct fake_cell cell;
    struct lk_error err;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->context.vars = lk_vars_new();
    f->cancel = lk_cancel_new();
    fake_cell_init(&f->cell, f->cancel);
    memset(&seen, 0, sizeof seen);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    fake_cell_done(&f->cell);
    lk_vars_free(f->context.vars);
    lk_cancel_free(f->cancel);
    free(f);
    return 0;
}

static enum lk_status run(struct fixture *f, const char *code)
{
    lk_error_clear(&f->err);
    fake_cell_clear(&f->cell);
    return lk_magic_run_cell_with(&small_table, &f->context, &f->cell.cell, lk_str_from(code),
                                  &f->err);
}

static const json_t *variable(struct fixture *f, const char *name)
{
    return lk_vars_get(f->context.vars, lk_str_from(name));
}

static void lines_run_in_order_and_each_view_carries_its_value(void **state)
{
    struct fixture *f = *state;

    assert_lk_ok(run(f, "# two looks\n%batch status a # first\n\n%batch status b\n# done\n"),
                 &f->err);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.first, "b");
    assert_int_equal(f->cell.display_count, 2);
    assert_int_equal(f->cell.value_count, 2);
    assert_null(f->cell.values[0].bundle);
    assert_null(f->cell.values[1].bundle);
    assert_contains(fake_cell_shown(&f->cell, 0, "text/markdown"), "<details>");
    assert_contains(fake_cell_shown(&f->cell, 1, "text/markdown"), "<details>");
}

static void a_failure_stops_the_cell_and_names_its_line(void **state)
{
    struct fixture *f = *state;

    assert_lk_status(LK_INVALID, run(f, "%batch status\n%many x\n%batch status"), &f->err);
    assert_int_equal(seen.count, 2);
    assert_string_equal(f->err.message, "line 2: no number");
    assert_int_equal(f->cell.display_count, 1);
    /* Alone in its cell, a line needs no number. */
    assert_lk_status(LK_INVALID, run(f, "%many x"), &f->err);
    assert_string_equal(f->err.message, "no number");
}

static void an_answer_is_shown_before_the_failure_and_kept(void **state)
{
    struct fixture *f = *state;

    assert_lk_status(LK_FAILED, run(f, "%batch monitor --as b"), &f->err);
    assert_int_equal(f->cell.display_count, 1);
    assert_contains(fake_cell_shown(&f->cell, 0, "text/markdown"), "**failed**");
    assert_contains(fake_cell_shown(&f->cell, 0, "text/markdown"), "<details>");
    assert_null(f->cell.values[0].bundle);
    assert_str(lk_json_get_str(variable(f, "b"), "id"), "b-1");
}

static void results_are_kept_by_assignment_and_by_as(void **state)
{
    struct fixture *f = *state;

    assert_lk_ok(run(f, "x = %batch status --as y\n%batch status {x.id}"), &f->err);
    assert_string_equal(seen.first, "b-1");
    assert_str(lk_json_get_str(variable(f, "y"), "kind"), "status");
    /* An assignment shows no result of its own, as in Python. */
    assert_lk_ok(run(f, "x = %batch status"), &f->err);
    assert_null(f->cell.values[0].bundle);
}

static void a_bad_name_is_refused_before_anything_is_done(void **state)
{
    struct fixture *f = *state;

    assert_lk_status(LK_INVALID, run(f, "%batch submit --as 1st"), &f->err);
    assert_lk_status(LK_INVALID, run(f, "%batch submit --as ''"), &f->err);
    assert_string_equal(f->err.code, "BadName");
    assert_int_equal(seen.count, 0);
}

static void variables_are_put_in_after_the_line_was_read(void **state)
{
    struct fixture *f = *state;

    assert_lk_ok(run(f, "%batch status\nv = '--as z \"# {x}'\n%batch submit {v}"), &f->err);
    assert_string_equal(seen.first, "--as z \"# {x}");
    assert_null(variable(f, "z"));
    assert_lk_status(LK_INVALID, run(f, "%batch submit {nothing}"), &f->err);
    assert_string_equal(f->err.code, "UnknownName");
    assert_contains(f->err.message, "known are: v");
}

static void json_and_quiet_are_understood_by_every_magic(void **state)
{
    struct fixture *f = *state;

    assert_lk_ok(run(f, "%batch status --json\n%batch status"), &f->err);
    assert_int_equal(f->cell.display_count, 1);
    assert_non_null(f->cell.values[0].bundle);
    assert_lk_ok(run(f, "%batch status --quiet --as q"), &f->err);
    assert_int_equal(f->cell.display_count, 0);
    assert_int_equal(f->cell.value_count, 0);
    assert_non_null(variable(f, "q"));
    assert_lk_status(LK_FAILED, run(f, "%batch monitor --quiet"), &f->err);
    assert_int_equal(f->cell.display_count, 0);
}

static void long_values_are_folded_and_short_ones_without_a_view_are_results(void **state)
{
    struct fixture *f = *state;

    assert_lk_ok(run(f, "%many 27"), &f->err); /* 28 members and two brackets: 30 lines */
    assert_int_equal(f->cell.display_count, 0);
    assert_non_null(f->cell.values[0].bundle);
    assert_lk_ok(run(f, "%many 28"), &f->err);
    assert_null(f->cell.values[0].bundle);
    assert_contains(fake_cell_shown(&f->cell, 0, "text/markdown"), "\"m27\": 27");
    assert_contains(fake_cell_shown(&f->cell, 0, "text/plain"), "\"m27\": 27");
    /* In the middle of a cell a short value without a view stays unseen. */
    assert_lk_ok(run(f, "%many 1\n%many 2"), &f->err);
    assert_int_equal(f->cell.display_count, 0);
    assert_null(f->cell.values[0].bundle);
    assert_non_null(f->cell.values[1].bundle);
    /* Asked for, it comes whole. */
    assert_lk_ok(run(f, "%many 100 --json"), &f->err);
    assert_int_equal(f->cell.display_count, 0);
    assert_non_null(f->cell.values[0].bundle);
}

static void a_body_reaches_its_magic_unchanged(void **state)
{
    struct fixture *f = *state;

    assert_lk_ok(run(f, "%%payload x.py\nprint('{x}')\n# %batch submit\n"), &f->err);
    assert_string_equal(seen.name, "payload");
    assert_string_equal(seen.first, "x.py");
    assert_string_equal(seen.body, "print('{x}')\n# %batch submit\n");
    assert_lk_ok(run(f, "\xEF\xBB\xBF%%payload y.py\n"), &f->err);
    assert_string_equal(seen.first, "y.py");
}

static void mistakes_are_answered_with_what_was_meant(void **state)
{
    static const struct {
        const char *code, *ename, *message, *next;
    } cases[] = {
        {"%btach status", "UnknownMagic", "no magic %btach", "Did you mean %batch?"},
        {"%%playload x.py\n1", "UnknownMagic", "%%playload", "Did you mean %%payload?"},
        {"%matplotlib inline", "UnknownMagic", "%matplotlib", "%help"},
        {"%batch sttus", "UnknownMagic", "has no 'sttus'", "Did you mean %batch status?"},
        {"%batch", "MissingVerb", "%batch", "%help batch"},
        {"%batch --wait", "MissingVerb", "%batch", "%help batch"},
        {"%payload x.py", "NeedsBody", "%payload works on the lines below it", "%%payload NAME.py"},
        {"%%many 3\n", "UnknownMagic", "%%many takes no lines", "%many N"},
        {"%batch submit --wiat", "UnknownOption", "--wiat", "Did you mean --wait?"},
        {"%", "UnknownMagic", "a lone %", "%help"},
        {"%%", "UnknownMagic", "a lone %", "%help"},
        {"print(1)", "NoSession", "Python", "%%payload NAME.py"},
        {"x = 5", "NoSession", "Python", "%set NAME=VALUE"},
        {"%many 1\nprint(1)", "NotAMagic", "line 2", "%%payload"},
        {"# Parameters\nx = f()", "NeedsPython", "x (line 2)", "what it returns"},
        {"# Parameters\nx = 1\n%many 3", "BadParameters", "line 3", "another cell"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        seen.count = 0;
        assert_lk_status(LK_INVALID, run(f, cases[i].code), &f->err);
        assert_string_equal(f->err.code, cases[i].ename);
        assert_contains(f->err.message, cases[i].message);
        assert_contains(f->err.next, cases[i].next);
        assert_int_equal(f->cell.display_count, 0);
    }
}

static void a_missing_verb_lists_the_verbs(void **state)
{
    struct fixture *f = *state;

    assert_lk_status(LK_INVALID, run(f, "%batch"), &f->err);
    assert_contains(f->err.story, "%batch submit");
    assert_contains(f->err.story, "submit a batch");
    assert_contains(f->err.story, "%batch monitor");
}

static void help_is_given_for_every_magic_and_runs_nothing(void **state)
{
    static const struct {
        const char *code, *words;
    } cases[] = {
        {"%batch submit --help", "--conf K=V"},
        {"%batch submit {nothing} --nonsense --help", "--as NAME"},
        {"%batch --help", "%batch status"},
        {"%%payload --help", "%%payload NAME.py"},
        {"%payload --help", "%%payload NAME.py"},
        {"%many --help", "many members"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        assert_lk_ok(run(f, cases[i].code), &f->err);
        assert_int_equal(f->cell.display_count, 1);
        assert_contains(fake_cell_shown(&f->cell, 0, "text/plain"), cases[i].words);
        assert_int_equal(f->cell.value_count, 0);
        assert_int_equal(seen.count, 0);
    }
    assert_lk_ok(run(f, "%batch status -- --help"), &f->err);
    assert_string_equal(seen.first, "--help");
}

static void papermills_parameters_become_variables(void **state)
{
    struct fixture *f = *state;

    assert_lk_ok(run(f, "# Parameters\ntable = \"trips\"\nyears = [2021,\n  2022]\nx = None\n"),
                 &f->err);
    assert_str(lk_json_str(variable(f, "table")), "trips");
    assert_int_equal(json_array_size(variable(f, "years")), 2);
    assert_true(json_is_null(variable(f, "x")));
    assert_lk_ok(run(f, "%batch status {table}-{years[1]}"), &f->err);
    assert_string_equal(seen.first, "trips-2022");
}

static void hidden_cells_only_read(void **state)
{
    static const char *const quiet[] = {
        "%batch submit x",
        "%%payload x.py\nprint(1)",
        "%%batch\n{}",
        "%batch monitor",
        "%config Completer.use_jedi = False",
        "%matplotlib inline\nx",
        "import sys; print(sys.executable)",
        "%%bash\nls",
        "%batch",
        "# Parameters\nx = 5",
        "%batch 'open",
    };
    struct fixture *f = *state;

    f->cell.cell.read_only = true;
    for (size_t i = 0; i < LK_COUNT(quiet); i++) {
        assert_lk_ok(run(f, quiet[i]), &f->err);
        assert_string_equal(f->err.code, "");
        assert_int_equal(f->cell.display_count, 0);
        assert_int_equal(f->cell.value_count, 0);
    }
    assert_int_equal(seen.count, 0);
    assert_null(variable(f, "x"));
    assert_lk_ok(run(f, "%config x = 1\nx = 5\n%batch status a --as kept"), &f->err);
    assert_int_equal(seen.count, 1);
    assert_int_equal(f->cell.display_count, 1);
    assert_null(variable(f, "kept"));
    assert_null(variable(f, "x"));
}

static void an_interrupt_stops_before_the_next_line(void **state)
{
    struct fixture *f = *state;

    lk_cancel_set(f->cancel);
    assert_lk_status(LK_CANCELLED, run(f, "%many 1\n%batch submit"), &f->err);
    assert_string_equal(f->err.code, "KeyboardInterrupt");
    assert_lacks(f->err.message, "line");
    assert_string_equal(f->err.next, "Line 1 and those below it were not run.");
    assert_int_equal(seen.count, 0);
}

static void an_interrupt_names_what_it_stopped_and_what_to_do(void **state)
{
    struct fixture *f = *state;

    assert_lk_status(LK_CANCELLED, run(f, "%batch status interrupted"), &f->err);
    assert_string_equal(f->err.code, "KeyboardInterrupt");
    assert_string_equal(f->err.message, "%batch status: interrupted");
    assert_string_equal(f->err.next, "Run the cell again to start over.");
}

static void a_cell_that_says_nothing_does_nothing(void **state)
{
    struct fixture *f = *state;

    assert_lk_ok(run(f, ""), &f->err);
    assert_lk_ok(run(f, "# only words\n"), &f->err);
    assert_int_equal(f->cell.display_count + f->cell.value_count, 0);
    assert_lk_status(LK_INVALID, run(f, "%many \xFF"), &f->err);
    assert_string_equal(f->err.code, "InvalidUtf8");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* As in IPython. */
static void a_question_is_answered_by_a_page(void **state)
{
    static const struct {
        const char *code, *words;
    } cases[] = {{"%batch submit?", "Exactly once."},
                 {"\n  ?%batch submit\n", "Exactly once."},
                 {"%batch submit --conf?", "It may be given several times."},
                 {"??", "%many"}};
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        assert_lk_ok(run(f, cases[i].code), &f->err);
        assert_int_equal(f->cell.display_count, 1);
        assert_string_equal(f->cell.displays[0].id, "page");
        assert_contains(fake_cell_shown(&f->cell, 0, "text/plain"), cases[i].words);
        assert_true(fake_cell_shown(&f->cell, 0, "text/markdown").len > 0);
        assert_int_equal(seen.count, 0);
    }
    assert_lk_status(LK_INVALID, run(f, "%batch sbmit?"), &f->err);
    assert_contains(f->err.next, "submit");
    f->cell.cell.read_only = true;
    assert_lk_ok(run(f, "nonsense?"), &f->err);
    assert_int_equal(f->cell.display_count, 0);
}

static void a_question_mark_in_an_argument_asks_nothing(void **state)
{
    struct fixture *f = *state;

    assert_lk_ok(run(f, "%batch status what?"), &f->err);
    assert_string_equal(seen.first, "what?");
    assert_lk_ok(run(f, "%batch status a\n%batch status b?"), &f->err);
    assert_string_equal(seen.first, "b?");
    assert_lk_ok(run(f, "%%payload x.py\nwhat?"), &f->err);
    assert_string_equal(seen.body, "what?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_run_in_order_and_each_view_carries_its_value),
        TEST(a_failure_stops_the_cell_and_names_its_line),
        TEST(an_answer_is_shown_before_the_failure_and_kept),
        TEST(results_are_kept_by_assignment_and_by_as),
        TEST(a_bad_name_is_refused_before_anything_is_done),
        TEST(variables_are_put_in_after_the_line_was_read),
        TEST(json_and_quiet_are_understood_by_every_magic),
        TEST(long_values_are_folded_and_short_ones_without_a_view_are_results),
        TEST(a_body_reaches_its_magic_unchanged),
        TEST(mistakes_are_answered_with_what_was_meant),
        TEST(a_missing_verb_lists_the_verbs),
        TEST(help_is_given_for_every_magic_and_runs_nothing),
        TEST(papermills_parameters_become_variables),
        TEST(hidden_cells_only_read),
        TEST(an_interrupt_stops_before_the_next_line),
        TEST(an_interrupt_names_what_it_stopped_and_what_to_do),
        TEST(a_cell_that_says_nothing_does_nothing),
        TEST(a_question_is_answered_by_a_page),
        TEST(a_question_mark_in_an_argument_asks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
