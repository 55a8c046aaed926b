#include "session/history.h"

#include "support/assert.h"

#include <stdlib.h>
#include <string.h>

static int fill(void **state)
{
    struct lk_history *history = lk_history_new();

    lk_history_add(history, 1, LK_STR("%set a=1"), LK_STR("1"));
    lk_history_add(history, 2, LK_STR("%vars a"), LK_STR("{\"a\":1}"));
    lk_history_add(history, 3, LK_STR("%set a=1"), LK_STR_EMPTY);
    lk_history_add(history, 4, LK_STR("%batch submit x.py"), LK_STR("7"));
    *state = history;
    return 0;
}

static int drop(void **state)
{
    lk_history_free(*state);
    return 0;
}

static json_t *ask(const struct lk_history *history, const char *request_text)
{
    LK_CLEANUP(lk_json_unref) json_t *request = NULL;
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_json_parse(lk_str_from(request_text), "the test", &request, &err), &err);
    return lk_history_answer(history, request);
}

static void assert_answer(const struct lk_history *history, const char *request, const char *want)
{
    LK_CLEANUP(lk_json_unref) json_t *got = ask(history, request);
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 20);

    lk_json_write(got, false, &text);
    assert_string_equal(lk_buf_cstr(&text), want);
}

#define ROW1 "[0,1,\"%set a=1\"]"
#define ROW2 "[0,2,\"%vars a\"]"
#define ROW3 "[0,3,\"%set a=1\"]"
#define ROW4 "[0,4,\"%batch submit x.py\"]"

static void answers_as_asked(void **state)
{
    static const struct {
        const char *request, *want;
    } cases[] = {
        {"{}", "[" ROW1 "," ROW2 "," ROW3 "," ROW4 "]"},
        {"{\"hist_access_type\":\"tail\",\"n\":2}", "[" ROW3 "," ROW4 "]"},
        {"{\"hist_access_type\":\"tail\",\"n\":99}", "[" ROW1 "," ROW2 "," ROW3 "," ROW4 "]"},
        {"{\"hist_access_type\":\"tail\",\"n\":0}", "[]"},
        {"{\"hist_access_type\":\"tail\",\"n\":null}", "[" ROW1 "," ROW2 "," ROW3 "," ROW4 "]"},
        {"{\"hist_access_type\":\"tail\",\"n\":1,\"output\":true,\"raw\":true}",
         "[[0,4,[\"%batch submit x.py\",\"7\"]]]"},
        {"{\"hist_access_type\":\"range\",\"session\":0,\"start\":2,\"stop\":4}",
         "[" ROW2 "," ROW3 "]"},
        {"{\"hist_access_type\":\"range\",\"session\":0,\"start\":4}", "[" ROW4 "]"},
        {"{\"hist_access_type\":\"range\",\"session\":0,\"start\":4,\"stop\":2}", "[]"},
        {"{\"hist_access_type\":\"range\",\"start\":-1}", "[" ROW4 "]"},
        {"{\"hist_access_type\":\"range\",\"start\":-3,\"stop\":-1}", "[" ROW2 "," ROW3 "]"},
        {"{\"hist_access_type\":\"range\",\"start\":-99,\"stop\":2}", "[" ROW1 "]"},
        {"{\"hist_access_type\":\"range\",\"start\":1,\"stop\":-99}", "[]"},
        {"{\"hist_access_type\":\"range\",\"session\":-1,\"start\":1,\"stop\":9}", "[]"},
        {"{\"hist_access_type\":\"range\",\"session\":0,\"start\":1,\"stop\":3,\"n\":1}",
         "[" ROW1 "," ROW2 "]"},
        {"{\"hist_access_type\":\"search\",\"pattern\":\"%set*\"}", "[" ROW1 "," ROW3 "]"},
        {"{\"hist_access_type\":\"search\",\"pattern\":\"%set*\",\"n\":1}", "[" ROW3 "]"},
        {"{\"hist_access_type\":\"search\",\"pattern\":\"%set*\",\"unique\":true}", "[" ROW3 "]"},
        {"{\"hist_access_type\":\"search\",\"pattern\":\"*s?bmit*\"}", "[" ROW4 "]"},
        {"{\"hist_access_type\":\"search\",\"pattern\":\"%set\"}", "[]"},
        {"{\"hist_access_type\":\"search\",\"pattern\":\"\"}", "[]"},
        {"{\"hist_access_type\":\"search\",\"pattern\":\"[\"}", "[]"},
        {"{\"hist_access_type\":\"search\",\"pattern\":\"*set*\",\"output\":true,\"n\":1}",
         "[[0,3,[\"%set a=1\",\"\"]]]"},
        {"{\"hist_access_type\":\"search\"}", "[" ROW1 "," ROW2 "," ROW3 "," ROW4 "]"},
        {"{\"unique\":true,\"output\":true,\"n\":2,\"hist_access_type\":\"tail\"}",
         "[[0,3,[\"%set a=1\",\"\"]],[0,4,[\"%batch submit x.py\",\"7\"]]]"},
        {"{\"hist_access_type\":7}", "[]"},
        {"{\"n\":\"many\"}", "[]"},
        {"{\"n\":{}}", "[]"},
    };

    for (size_t i = 0; i < LK_COUNT(cases); i++)
        assert_answer(*state, cases[i].request, cases[i].want);
}

static void nothing_was_run_yet(void **state)
{
    struct lk_history *history = lk_history_new();

    (void)state;
    assert_answer(history, "{\"hist_access_type\":\"tail\",\"n\":10}", "[]");
    lk_history_free(history);
    lk_history_free(NULL);
}

static void only_the_newest_are_kept(void **state)
{
    struct lk_history *history = lk_history_new();
    LK_CLEANUP(lk_json_unref) json_t *rows = NULL;

    (void)state;
    for (int i = 1; i <= LK_HISTORY_MAX + 5; i++)
        lk_history_add(history, i, LK_STR("%help"), LK_STR_EMPTY);
    rows = ask(history, "{}");
    assert_int_equal(json_array_size(rows), LK_HISTORY_MAX);
    assert_int_equal(json_integer_value(json_array_get(json_array_get(rows, 0), 1)), 6);
    lk_history_free(history);
}

static void long_cells_together_have_a_ceiling(void **state)
{
    struct lk_history *history = lk_history_new();
    LK_CLEANUP(lk_json_unref) json_t *rows = NULL;
    static char text[LK_HISTORY_INPUT_MAX];
    size_t count;

    (void)state;
    memset(text, 'x', sizeof text);
    for (int i = 1; i <= 200; i++)
        lk_history_add(history, i, (struct lk_str){text, sizeof text}, LK_STR_EMPTY);
    rows = ask(history, "{}");
    count = json_array_size(rows);
    assert_int_equal(count, LK_HISTORY_BYTES_MAX / LK_HISTORY_INPUT_MAX);
    assert_int_equal(json_integer_value(json_array_get(json_array_get(rows, count - 1), 1)), 200);
    lk_history_free(history);
}

static void a_long_cell_is_cut(void **state)
{
    struct lk_history *history = lk_history_new();
    LK_CLEANUP(lk_json_unref) json_t *rows = NULL;
    static char text[LK_HISTORY_INPUT_MAX + 100];

    (void)state;
    memset(text, 'x', sizeof text);
    lk_history_add(history, 1, (struct lk_str){text, sizeof text}, LK_STR_EMPTY);
    rows = ask(history, "{}");
    assert_int_equal(json_string_length(json_array_get(json_array_get(rows, 0), 2)),
                     LK_HISTORY_INPUT_MAX);
    lk_history_free(history);
}

/* A cut in the middle of a character must not make the answer unreadable. */
static void a_cut_does_not_tear_a_character(void **state)
{
    struct lk_history *history = lk_history_new();
    LK_CLEANUP(lk_json_unref) json_t *rows = NULL;
    static char text[LK_HISTORY_INPUT_MAX + 3];
    const char *got;

    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text + LK_HISTORY_INPUT_MAX - 1, "\xe2\x82\xac", 3);
    lk_history_add(history, 1, (struct lk_str){text, LK_HISTORY_INPUT_MAX + 2}, LK_STR_EMPTY);
    rows = ask(history, "{}");
    got = json_string_value(json_array_get(json_array_get(rows, 0), 2));
    assert_int_equal(strlen(got), LK_HISTORY_INPUT_MAX - 1);
    lk_history_free(history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_as_asked, fill, drop),
        cmocka_unit_test(nothing_was_run_yet),
        cmocka_unit_test(only_the_newest_are_kept),
        cmocka_unit_test(long_cells_together_have_a_ceiling),
        cmocka_unit_test(a_long_cell_is_cut),
        cmocka_unit_test(a_cut_does_not_tear_a_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
