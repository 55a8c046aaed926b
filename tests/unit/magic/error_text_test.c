#include "magic/run.h"
#include "support/assert.h"

#include <string.h>

/* The lines with '\n' between them. */
static void traceback(const struct lk_error *err, bool colour, struct lk_buf *ret)
{
    LK_CLEANUP(lk_json_unref) json_t *lines = lk_error_traceback(err, colour);
    size_t i;
    json_t *line;

    lk_buf_clear(ret);
    json_array_foreach(lines, i, line)
    {
        lk_buf_printf(ret, "%s%s", i ? "\n" : "", json_string_value(line));
    }
}

static void an_error_says_what_then_the_story_then_the_next_step(void **state)
{
    struct lk_error err = LK_ERROR_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);

    (void)state;
    lk_error_set(&err, LK_FAILED, "BatchFailed", "batch 'x' failed");
    lk_error_story(&err, LK_STR("Traceback\n  line 1\nNameError: y\n\n"));
    lk_error_next(&err, "%%batch log b-1");
    traceback(&err, false, &text);
    assert_string_equal(lk_buf_cstr(&text), "BatchFailed: batch 'x' failed\n\nTraceback\n  line 1\n"
                                            "NameError: y\n\nNext: %batch log b-1");
    traceback(&err, true, &text);
    assert_string_equal(lk_buf_cstr(&text),
                        "\033[1;31mBatchFailed\033[0m: batch 'x' failed\n\nTraceback\n  line 1\n"
                        "\033[31mNameError: y\033[0m\n\n\033[1;32mNext\033[0m: "
                        "\033[1m%batch log b-1\033[0m");
}

static void in_a_list_no_line_is_the_culprit(void **state)
{
    struct lk_error err = LK_ERROR_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);

    (void)state;
    lk_error_set(&err, LK_INVALID, "UnknownMagic", "%%batch has no 'lst'");
    lk_error_story(&err, LK_STR("%batch list    the newest\n%batch cancel  stop one\n"));
    traceback(&err, true, &text);
    assert_contains(lk_buf_view(&text), "\n%batch list    the newest\n%batch cancel  stop one");
    assert_lacks(lk_buf_view(&text), "\033[31m");
    lk_error_story(&err, LK_STR("NameError: y"));
    traceback(&err, true, &text);
    assert_contains(lk_buf_view(&text), "\033[31mNameError: y");
}

static void commands_in_backquotes_are_bold_where_there_is_colour(void **state)
{
    struct lk_error err = LK_ERROR_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);

    (void)state;
    lk_error_set(&err, LK_INVALID, "X", "m");
    lk_error_next(&err, "Try `%%a` or `%%b");
    traceback(&err, true, &text);
    assert_contains(lk_buf_view(&text), ": Try \033[1m%a\033[0m or \033[1m%b\033[0m");
    traceback(&err, false, &text);
    assert_contains(lk_buf_view(&text), "Next: Try `%a` or `%b");
}

static void the_services_own_code_and_request_are_told_once(void **state)
{
    struct lk_error err = LK_ERROR_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);

    (void)state;
    lk_error_set(&err, LK_NOT_FOUND, "NotFound", "it is not there");
    lk_error_answer(&err, 404, LK_STR("LakehouseNotFound"), LK_STR("7f3c"));
    traceback(&err, false, &text);
    assert_string_equal(lk_buf_cstr(&text),
                        "NotFound: it is not there (LakehouseNotFound) (request 7f3c)");
    lk_error_set(&err, LK_NOT_FOUND, "NotFound", "404 LakehouseNotFound (request 7f3c)");
    lk_error_answer(&err, 404, LK_STR("LakehouseNotFound"), LK_STR("7f3c"));
    traceback(&err, false, &text);
    assert_string_equal(lk_buf_cstr(&text), "NotFound: 404 LakehouseNotFound (request 7f3c)");
}

static void foreign_text_steers_no_terminal(void **state)
{
    struct lk_error err = LK_ERROR_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);

    (void)state;
    lk_error_set(&err, LK_SERVICE, "X", "said \033[2Jboo\r\x07");
    lk_error_story(&err, LK_STR("\ttab\033]0;title\x07\xC2\x9B"
                                "5A\xC3\xA4"));
    lk_error_next(&err, "\033[8m");
    traceback(&err, true, &text);
    assert_contains(lk_buf_view(&text), "said ?[2Jboo??");
    assert_contains(lk_buf_view(&text), "\ttab?]0;title??5A\xC3\xA4");
    assert_lacks(lk_buf_view(&text), "\033[2J");
    assert_lacks(lk_buf_view(&text), "\033[8m");
    lk_error_set(&err, LK_SERVICE, "X", "a\xE2\x80\xAE b");
    traceback(&err, true, &text);
    assert_contains(lk_buf_view(&text), ": a? b");
}

static void of_a_story_the_exception_is_red_and_nothing_else(void **state)
{
    struct lk_error err = LK_ERROR_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);

    (void)state;
    lk_error_set(&err, LK_FAILED, "BatchFailed", "x");
    lk_error_story(&err, LK_STR("Traceback (most recent call last):\n  raise ValueError: no\n"
                                "a.b.AnalysisException: [X] not found\n'Project [*]"));
    traceback(&err, true, &text);
    assert_contains(
        lk_buf_view(&text),
        "\n  raise ValueError: no\n\033[31ma.b.AnalysisException: [X] not found\033[0m\n"
        "'Project [*]");
    lk_error_set(&err, LK_INVALID, "UnknownMagic", "%%batch has no 'lits'");
    lk_error_story(&err, LK_STR("%batch list    the newest\n%batch cancel  stop a batch"));
    traceback(&err, true, &text);
    assert_lacks(lk_buf_view(&text), "\033[31m");
}

static void an_error_without_words_still_has_a_name(void **state)
{
    struct lk_error err = LK_ERROR_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(100);

    (void)state;
    traceback(&err, false, &text);
    assert_string_equal(lk_buf_cstr(&text), "Error: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_says_what_then_the_story_then_the_next_step),
        cmocka_unit_test(in_a_list_no_line_is_the_culprit),
        cmocka_unit_test(commands_in_backquotes_are_bold_where_there_is_colour),
        cmocka_unit_test(the_services_own_code_and_request_are_told_once),
        cmocka_unit_test(foreign_text_steers_no_terminal),
        cmocka_unit_test(of_a_story_the_exception_is_red_and_nothing_else),
        cmocka_unit_test(an_error_without_words_still_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
