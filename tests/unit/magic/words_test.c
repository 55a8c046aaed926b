#include "magic/words.h"

#include "base/buf.h"
#include "support/assert.h"

#include <stdio.h>
#include <string.h>

static void a_line_is_split_as_a_shell_would(void **state)
{
    static const struct {
        const char *line;
        const char *words; /* in brackets */
    } cases[] = {
        {"", ""},
        {"   \t ", ""},
        {"a b  c", "[a][b][c]"},
        {"a\tb\r", "[a][b]"},
        {"'a b' \"c d\"", "[a b][c d]"},
        {"--conf=k='a b'c", "[--conf=k=a bc]"},
        {"''", "[]"},
        {"a '' b", "[a][][b]"},
        {"'it''s'", "[its]"},
        {"\"say \\\"hi\\\" \\\\ \\n\"", "[say \"hi\" \\ \\n]"},
        {"'back\\slash'", "[back\\slash]"},
        {"a\\ b \\'c\\\"", "[a b]['c\"]"},
        {"end\\", "[end\\]"},
        {"a # comment 'open", "[a]"},
        {"a#b '#c' #d", "[a#b][#c]"},
        {"# all", ""},
        {"first # said\nsecond 'x\ny'", "[first][second][x y]"},
        {"'{\"a\": [1, 2]}'", "[{\"a\": [1, 2]}]"},
        {"gr\xC3\xBC\xC3\x9F e", "[gr\xC3\xBC\xC3\x9F][e]"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_words_done) struct lk_words words = {.word = NULL};
        LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(1000);
        struct lk_error err = LK_ERROR_INIT;
        assert_lk_ok(lk_words_split(lk_str_from(cases[i].line), &words, &err), &err);
        for (size_t w = 0; w < words.count; w++)
            lk_buf_printf(&got, "[%s]", words.word[w]);
        assert_string_equal(lk_buf_cstr(&got), cases[i].words);
    }
}

/* Completion looks at lines that are not finished. */
static void words_are_found_where_they_stand(void **state)
{
    static const struct {
        const char *line, *words;
        size_t end; /* where looking stops */
    } cases[] = {
        {"", "", 0},
        {" a  'b c'", "[a 1-2][b c 4-9]", 9},
        {"a 'b c", "[a 0-1][b c 2-6 ']", 6},
        {"a x\"y\\\"", "[a 0-1][xy\" 2-7 \"]", 7},
        {"a ", "[a 0-1]", 2},
        {"a # 'b", "[a 0-1]", 2},
        {"a # 'b\n c", "[a 0-1][c 8-9]", 9},
        {"a\\ b", "[a b 0-4]", 4},
        {"gr\xC3\xBC\xC3\x9F e", "[gr\xC3\xBC\xC3\x9F 0-6][e 7-8]", 8},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(1000);
        struct lk_word word;
        size_t at = 0;
        while (lk_words_next(lk_str_from(cases[i].line), &at, &word)) {
            lk_buf_printf(&got, "[%s %zu-%zu%s%.1s]", word.text, word.from, word.to,
                          word.quote ? " " : "", &word.quote);
            lk_word_done(&word);
        }
        assert_string_equal(lk_buf_cstr(&got), cases[i].words);
        assert_int_equal(at, cases[i].end);
    }
}

static void an_open_quote_is_named(void **state)
{
    static const char *const lines[] = {"a 'b", "\"", "x\"y\\\"", "a b c'"};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(lines); i++) {
        struct lk_words words;
        struct lk_error err = LK_ERROR_INIT;
        assert_lk_status(LK_INVALID, lk_words_split(lk_str_from(lines[i]), &words, &err), &err);
        assert_string_equal(err.code, "UnclosedQuote");
        assert_contains(err.message, strchr(lines[i], '"') ? "double" : "single");
        assert_int_equal(words.count, 0);
    }
}

static void a_nul_is_refused_instead_of_cutting_the_word(void **state)
{
    struct lk_words words;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_status(LK_INVALID,
                     lk_words_split(LK_STR("cancel 12\0"
                                           "3"),
                                    &words, &err),
                     &err);
}

static void the_number_of_words_has_a_ceiling(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf line = LK_BUF_INIT(100000);
    struct lk_words words;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    for (int i = 0; i < LK_WORDS_MAX; i++)
        lk_buf_put(&line, LK_STR("w "));
    assert_lk_ok(lk_words_split(lk_buf_view(&line), &words, &err), &err);
    assert_int_equal(words.count, LK_WORDS_MAX);
    lk_words_done(&words);
    lk_buf_put(&line, LK_STR("w"));
    assert_lk_status(LK_LIMIT, lk_words_split(lk_buf_view(&line), &words, &err), &err);
    assert_int_equal(words.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_split_as_a_shell_would),
        cmocka_unit_test(words_are_found_where_they_stand),
        cmocka_unit_test(an_open_quote_is_named),
        cmocka_unit_test(a_nul_is_refused_instead_of_cutting_the_word),
        cmocka_unit_test(the_number_of_words_has_a_ceiling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
