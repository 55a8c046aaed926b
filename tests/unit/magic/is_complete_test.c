#include "magic/cell_parse.h"

#include "support/assert.h"

#include <string.h>

struct sample {
    const char *code, *status, *indent;
};

static void assert_samples(const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char indent[LK_INDENT_MAX + 1];
        const char *status = lk_cell_is_complete(lk_str_from(samples[i].code), indent);
        if (strcmp(status, samples[i].status) != 0)
            fail_msg("'%s' is %s, not %s", samples[i].code, status, samples[i].status);
        if (strcmp(indent, samples[i].indent) != 0)
            fail_msg("'%s' goes on with '%s', not '%s'", samples[i].code, indent,
                     samples[i].indent);
    }
}

static void magic_lines_run_at_once_and_continued_ones_wait(void **state)
{
    static const struct sample samples[] = {
        {"%livy info", "complete", ""},
        {"%livy info\n", "complete", ""},
        {"%batch submit \\", "incomplete", "    "},
        {"%batch submit \\\n    --name x \\", "incomplete", "    "},
        {"%batch submit \\\n    --name x", "complete", ""},
        {"%batch submit \\\\", "complete", ""},
        {"%a\n# a comment \\", "complete", ""},
        {"%batch submit?", "complete", ""},
        {"?%batch", "complete", ""},
        {"%a\nx = [1,", "incomplete", ""},
        {"%a\nx = [1]", "complete", ""},
        {"# Parameters\nx = {", "incomplete", ""},
        {"# Parameters\nx = {}", "complete", ""},
        {"# Parameters\nx = '''a", "incomplete", ""},
        /* More of it would not help: running it says what is wrong. */
        {"%batch 'open", "invalid", ""},
        {"%a\nx = 'open\n", "invalid", ""},
        {"%a\nx = foo()", "invalid", ""},
        {"%a\nprint(1)", "invalid", ""},
        {"%a\n%%payload x.py", "invalid", ""},
        {"\xFF", "invalid", ""},
    };

    (void)state;
    assert_samples(samples, LK_COUNT(samples));
}

static void a_body_is_typed_until_a_blank_line(void **state)
{
    static const struct sample samples[] = {
        {"%%payload x.py", "incomplete", ""},
        {"%%payload x.py\n", "incomplete", ""},
        {"%%payload x.py\n\n", "complete", ""},
        {"%%payload x.py\nprint(1)", "incomplete", ""},
        {"%%payload x.py\nprint(1)\n", "complete", ""},
        {"%%payload x.py\nif a:", "incomplete", "    "},
        {"%%payload x.py\nif a:\n    b", "incomplete", "    "},
        {"%%payload x.py\nif a:\n    b\n    ", "complete", ""},
        {"%%payload x.py\nif a:\n    for b in c:", "incomplete", "        "},
        {"%%batch\n{\n", "incomplete", "    "},
        {"%%batch\n{\n\n", "complete", ""},
        {"%%batch\n{}\n", "complete", ""},
        {"%%payload x.py\n'''\n", "incomplete", ""},
        {"%%payload x.py\n'''\n\n", "complete", ""},
        {"%%payload x.sql\nselect 'a\n", "complete", ""},
        {"%%payload x.py \\", "incomplete", "    "},
        {"%%payload 'x.py\nprint(1)", "invalid", ""},
        {"%%payload --help", "complete", ""},
        {"%%payload?", "complete", ""},
    };

    (void)state;
    assert_samples(samples, LK_COUNT(samples));
}

static void python_runs_unless_it_obviously_goes_on(void **state)
{
    static const struct sample samples[] = {
        {"", "complete", ""},
        {"\n\n", "complete", ""},
        {"# a comment", "complete", ""},
        {"print(1)", "complete", ""},
        {"print(1)\n", "complete", ""},
        {"x = '#:'  # not a block:", "complete", ""},
        {"for a in b:", "incomplete", "    "},
        {"for a in b:  # all", "incomplete", "    "},
        {"for a in b:\n", "incomplete", "    "},
        {"for a in b:\n\n", "complete", ""},
        {"for a in b:\n    print(a)", "incomplete", "    "},
        {"for a in b:\n    print(a)\n", "complete", ""},
        {"for a in b:\n    print(a)\n    ", "complete", ""},
        {"for a in b:\n\tif a:", "incomplete", "\t    "},
        {"print(1,", "incomplete", ""},
        {"print(", "incomplete", "    "},
        {"x = {\n    'a': [", "incomplete", "        "},
        {"x = {\n    'a': [1],", "incomplete", "    "},
        {"x = 1 + \\", "incomplete", ""},
        {"x = 1 + \\\n", "incomplete", ""},
        {"x = '''a\nb", "incomplete", ""},
        {"x = '''a\nb'''", "complete", ""},
        {"x = r'\\'", "invalid", ""},
        {"x = 'it\\'s'", "complete", ""},
        {"@wraps(f)", "incomplete", ""},
        {"print(1]", "invalid", ""},
        {"print)", "invalid", ""},
        {"x = 'open", "invalid", ""},
        {"x = 'open\ny'", "invalid", ""},
    };

    (void)state;
    assert_samples(samples, LK_COUNT(samples));
}

static void an_indent_has_a_ceiling(void **state)
{
    char code[1000], indent[LK_INDENT_MAX + 1];

    (void)state;
    memset(code, ' ', sizeof code);
    strcpy(code + sizeof code - 5, "a:");
    assert_string_equal(lk_cell_is_complete(lk_str_from(code), indent), "incomplete");
    assert_int_equal(strlen(indent), LK_INDENT_MAX);
    memset(code, '(', sizeof code - 1);
    code[sizeof code - 1] = '\0';
    assert_string_equal(lk_cell_is_complete(lk_str_from(code), indent), "incomplete");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(magic_lines_run_at_once_and_continued_ones_wait),
        cmocka_unit_test(a_body_is_typed_until_a_blank_line),
        cmocka_unit_test(python_runs_unless_it_obviously_goes_on),
        cmocka_unit_test(an_indent_has_a_ceiling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
