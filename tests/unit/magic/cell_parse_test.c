#include "magic/cell_parse.h"
#include "support/assert.h"

#include <stdlib.h>
#include <string.h>

static void a_cell_is_told_by_its_first_line_that_says_something(void **state)
{
    static const struct {
        const char *code;
        enum lk_cell_kind kind;
    } cases[] = {
        {"", LK_CELL_EMPTY},
        {" \n\t\n", LK_CELL_EMPTY},
        {"# only\n\n# comments", LK_CELL_EMPTY},
        {"%%payload x.py\nprint(1)", LK_CELL_BODY},
        {"\n\n%%payload x.py", LK_CELL_BODY},
        {"# what it does\n%%payload x.py\n1", LK_CELL_BODY},
        {"%livy info", LK_CELL_LINES},
        {"  %livy info", LK_CELL_LINES},
        {"# c\n\n%livy info\nprint(1)", LK_CELL_LINES},
        {"x = %batch status", LK_CELL_LINES},
        {"x=%batch status", LK_CELL_LINES},
        {"x = 5", LK_CELL_CODE},
        {"x == %y", LK_CELL_CODE},
        {"5 = %y", LK_CELL_CODE},
        {"print('%livy')", LK_CELL_CODE},
        {"x = 7 % 3", LK_CELL_CODE},
        {"# Parameters\nx = 5", LK_CELL_PARAMETERS},
        {"\n# parameters \r\nx = 5", LK_CELL_PARAMETERS},
        {"# Parameters\n%livy info", LK_CELL_LINES},
        {"# Parameters of the run\nx = 5", LK_CELL_CODE},
        {"# Parameters", LK_CELL_EMPTY},
        {"!ls", LK_CELL_CODE},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        enum lk_cell_kind kind;
        struct lk_error err = LK_ERROR_INIT;
        assert_lk_ok(lk_cell_classify(lk_str_from(cases[i].code), &kind, &err), &err);
        if (kind != cases[i].kind)
            fail_msg("'%s' is %d, not %d", cases[i].code, (int)kind, (int)cases[i].kind);
    }
}

static void bytes_that_are_no_text_are_refused_with_their_place(void **state)
{
    enum lk_cell_kind kind;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_status(LK_INVALID, lk_cell_classify(LK_STR("%l \xC3\xA4 \xFF"), &kind, &err), &err);
    assert_string_equal(err.code, "InvalidUtf8");
    assert_contains(err.message, "at byte 7");
    assert_lk_status(LK_INVALID, lk_cell_classify(LK_STR("%l\0x"), &kind, &err), &err);
    assert_contains(err.message, "at byte 3");
}

static void a_cell_of_50_mb_is_refused_and_one_of_invalid_bytes_at_once(void **state)
{
    size_t size = 50 << 20;
    char *big = malloc(size);
    enum lk_cell_kind kind;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    memset(big, 'x', size);
    assert_lk_status(LK_LIMIT, lk_cell_classify((struct lk_str){big, size}, &kind, &err), &err);
    assert_string_equal(err.code, "CellTooLarge");
    big[LK_CELL_BYTES_MAX - 1] = (char)0xFF;
    assert_lk_status(LK_INVALID,
                     lk_cell_classify((struct lk_str){big, LK_CELL_BYTES_MAX}, &kind, &err), &err);
    free(big);
}

/* "NUMBER:TARGET%TEXT;" or "NUMBER:TARGET=JSON;" for each line, "!CODE" at the first error. */
static void outline(const char *code, struct lk_buf *ret)
{
    struct lk_str rest = lk_str_from(code);
    size_t number = 0;

    for (;;) {
        LK_CLEANUP(lk_cell_line_done) struct lk_cell_line line = {.number = 0};
        struct lk_error err = LK_ERROR_INIT;
        enum lk_status st = lk_cell_next_line(&rest, &number, &line, &err);
        if (st == LK_NOT_FOUND)
            return;
        if (st) {
            lk_buf_printf(ret, "!%s", err.code);
            return;
        }
        lk_buf_printf(ret, "%zu:%.*s", line.number, LK_STR_ARGS(line.target));
        if (line.value) {
            lk_buf_put_char(ret, '=');
            lk_json_write(line.value, false, ret);
        } else {
            lk_buf_printf(ret, "%%%s", lk_buf_cstr(&line.text));
        }
        lk_buf_put_char(ret, ';');
    }
}

static void magic_lines_come_one_by_one_with_their_numbers(void **state)
{
    static const struct {
        const char *code, *lines;
    } cases[] = {
        {"%a\n%b", "1:%a;2:%b;"},
        {"\n# c\n  %a x\r\n\n%b\n", "3:%a x;5:%b;"},
        {"%a \\\n  --b \\\n  c\n%d", "1:%a \n  --b \n  c;4:%d;"},
        {"%a \\  \n b", "1:%a \n b;"},
        {"%a c:\\\\\n%b", "1:%a c:\\\\;2:%b;"},
        {"# no \\\n%a", "2:%a;"},
        {"%a \\", "1:%a \n;"},
        {"x = %a y=1\n%b {x}", "1:x%a y=1;2:%b {x};"},
        {"%a --conf k=v", "1:%a --conf k=v;"},
        {"%a\nx = 5\n%b", "1:%a;2:x=5;3:%b;"},
        {"%a\nx = [1,\n  2, # two\n]\n\n%b", "1:%a;2:x=[1,2];6:%b;"},
        {"%a\nx = '''p\nq'''  # s\n%b", "1:%a;2:x=\"p\\nq\";4:%b;"},
        {"%a\nx = \\\n 5", "1:%a;2:x=5;"},
        {"%a\nx = {'k': {\n'l': None}}\ny = 1.5", "1:%a;2:x={\"k\":{\"l\":null}};4:y=1.5;"},
        {"%", "1:%;"},
        {"%a\nprint(1)", "1:%a;!NotAMagic"},
        {"%a\n%%b", "1:%a;!NotFirst"},
        {"%a\nx = f(1)", "1:%a;!NeedsPython"},
        {"%a\nx = 5 + 3", "1:%a;!BadLiteral"},
        {"%a\nx =\n5", "1:%a;!BadLiteral"},
        {"%a\nx = # five\n5", "1:%a;!BadLiteral"},
        {"%a\nx = [1,", "1:%a;!UnfinishedLiteral"},
        {"%a\nx = 'open", "1:%a;!UnfinishedLiteral"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(10000);
        outline(cases[i].code, &got);
        assert_string_equal(lk_buf_cstr(&got), cases[i].lines);
    }
}

static void an_error_in_a_literal_names_its_own_line(void **state)
{
    struct lk_str rest = LK_STR("x = [1,\n 2,\n three]\n%b");
    LK_CLEANUP(lk_cell_line_done) struct lk_cell_line line = {.number = 0};
    struct lk_error err = LK_ERROR_INIT;
    size_t number = 0;

    (void)state;
    assert_lk_status(LK_INVALID, lk_cell_next_line(&rest, &number, &line, &err), &err);
    assert_string_equal(err.message, "x (line 3): not a literal: 'three' is not known");
}

static void a_literal_over_a_million_lines_is_read_in_linear_time(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(LK_CELL_BYTES_MAX);
    LK_CLEANUP(lk_cell_line_done) struct lk_cell_line line = {.number = 0};
    struct lk_error err = LK_ERROR_INIT;
    struct lk_str rest;
    size_t number = 0;

    (void)state;
    lk_buf_put(&code, LK_STR("x = [\n"));
    for (int i = 0; i < 1000000; i++)
        lk_buf_put(&code, LK_STR("1,\n"));
    lk_buf_put(&code, LK_STR("]\n"));
    rest = lk_buf_view(&code);
    assert_lk_ok(lk_cell_next_line(&rest, &number, &line, &err), &err);
    assert_int_equal(json_array_size(line.value), 1000000);
    assert_int_equal(number, 1000002);
}

static void a_body_is_handed_over_as_it_is(void **state)
{
    static const struct {
        const char *code, *line, *body;
        size_t number;
    } cases[] = {
        {"%%payload x.py\nimport os\n", "payload x.py", "import os\n", 1},
        {"\n# c\n%%payload \\\n x.py\n\n  a\r\nb", "payload \n x.py", "\n  a\r\nb", 3},
        {"%%batch", "batch", "", 1},
        {"  %%batch  \n{}", "batch  ", "{}", 1},
        {"%%", "", "", 1},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_cell_line_done) struct lk_cell_line line = {.number = 0};
        struct lk_error err = LK_ERROR_INIT;
        struct lk_str body;
        assert_lk_ok(lk_cell_split_body(lk_str_from(cases[i].code), &line, &body, &err), &err);
        assert_string_equal(lk_buf_cstr(&line.text), cases[i].line);
        assert_str(body, cases[i].body);
        assert_int_equal(line.number, cases[i].number);
    }
}

static void more_lines_than_the_ceiling_are_refused(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(100000);
    LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(100000);

    (void)state;
    for (int i = 0; i < LK_CELL_LINES_MAX; i++)
        lk_buf_put(&code, LK_STR("%a\n"));
    outline(lk_buf_cstr(&code), &got);
    assert_lacks(lk_buf_view(&got), "!");
    lk_buf_put(&code, LK_STR("%a\n"));
    outline(lk_buf_cstr(&code), &got);
    assert_contains(lk_buf_view(&got), "!TooManyLines");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cell_is_told_by_its_first_line_that_says_something),
        cmocka_unit_test(bytes_that_are_no_text_are_refused_with_their_place),
        cmocka_unit_test(a_cell_of_50_mb_is_refused_and_one_of_invalid_bytes_at_once),
        cmocka_unit_test(magic_lines_come_one_by_one_with_their_numbers),
        cmocka_unit_test(an_error_in_a_literal_names_its_own_line),
        cmocka_unit_test(a_literal_over_a_million_lines_is_read_in_linear_time),
        cmocka_unit_test(a_body_is_handed_over_as_it_is),
        cmocka_unit_test(more_lines_than_the_ceiling_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
