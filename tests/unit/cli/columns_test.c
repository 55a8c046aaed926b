#include "cli/columns.h"

#include "support/assert.h"

#include <locale.h>

static void a_line_is_cut_by_the_columns_it_takes(void **state)
{
    static const struct {
        const char *line;
        size_t columns;
        const char *fits;
    } cases[] = {
        {"abc", 3, "abc"},
        {"abcd", 3, "abc"},
        {"", 3, ""},
        {"abc", 0, ""},
        {"\xC3\xA4\xC3\xB6\xC3\xBC", 2, "\xC3\xA4\xC3\xB6"},
        {"\xE6\xB5\x8B\xE8\xAF\x95", 4, "\xE6\xB5\x8B\xE8\xAF\x95"}, /* CJK */
        {"\xE6\xB5\x8B\xE8\xAF\x95", 3, "\xE6\xB5\x8B"},
        {"\xF0\x9F\x9A\x80x", 2, "\xF0\x9F\x9A\x80"}, /* a rocket */
        {"\xF0\x9F\x9A\x80x", 1, ""},
        {"e\xCC\x81x", 1, "e\xCC\x81"},                               /* a combining accent */
        {"\xE2\x96\x88\xE2\x96\x91x", 2, "\xE2\x96\x88\xE2\x96\x91"}, /* a bar */
        {"a\xFF\xFFx", 3, "a\xFF\xFF"},                               /* no UTF-8 */
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++)
        assert_str(lk_columns_fit(lk_str_from(cases[i].line), cases[i].columns), cases[i].fits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_cut_by_the_columns_it_takes),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
