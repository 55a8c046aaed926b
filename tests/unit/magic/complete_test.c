#include "magic/complete.h"

#include "support/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "small_table.h"

static int set_up(void **state)
{
    struct lk_context *context = calloc(1, sizeof *context);
    LK_CLEANUP(lk_json_unref) json_t *value = json_pack("{s:s}", "kind", "trips");

    context->vars = lk_vars_new();
    strcpy(context->last_batch, "b-77");
    strcpy(context->last_payload_name, "clean.py");
    *state = context;
    return lk_vars_set(context->vars, LK_STR("table"), value, NULL) ||
           lk_vars_set(context->vars, LK_STR("tabs"), value, NULL);
}

static int tear_down(void **state)
{
    struct lk_context *context = *state;

    lk_vars_free(context->vars);
    free(context);
    return 0;
}

/* '^' marks the cursor. */
static json_t *complete_at(struct lk_context *context, const char *marked)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(10000);
    struct lk_str before, after;
    bool has_cursor = lk_str_split(lk_str_from(marked), '^', &before, &after);

    lk_buf_put(&code, before);
    lk_buf_put(&code, after);
    return lk_magic_complete_with(&small_table, context, lk_buf_view(&code),
                                  has_cursor ? lk_str_code_points(before) : 1000000);
}

static void what_can_follow_is_offered(void **state)
{
    static const struct {
        const char *code, *matches;
        int start;
    } cases[] = {
        {"%^", "batch many ", 1},
        {"%b^", "batch ", 1},
        {"x = %b^", "batch ", 5},
        {"%%^", "batch payload ", 2},
        {"%%pay^\nbody", "payload ", 2},
        {"# c\n%%pay^", "payload ", 6},
        {"%batch ^", "submit status monitor ", 7},
        {"%batch s^", "submit status ", 7},
        {"%batch s^ubmit", "submit status ", 7},
        {"\xC3\xA4 = 1\n%batch st^", "", 12},
        {"# \xC3\xA4\xF0\x9F\x98\x80\n%batch st^", "status ", 12},
        {"%batch submit --^", "--name --conf --wait --as --json --quiet --help ", 14},
        {"%batch submit --w^", "--wait ", 14},
        {"%batch submit x \\\n --w^", "--wait ", 19},
        {"%%batch --n^", "--name ", 8},
        {"%batch submit ^", "clean.py ", 14},
        {"%batch status ^", "b-77 ", 14},
        {"%batch submit {^", "table tabs ", 15},
        {"%batch submit --conf k={tabl^", "table ", 24},
        {"%batch submit {table}^", "", 14},
        {"%help b^", "batch ", 6},
        {"%help batch st^", "status ", 12},
        {"%many 1\n%bat^\n%many 2", "batch ", 9},
        {"%%payload x.py\nprint(1)\n%b^", "", 25},
        {"print(%b^)", "", 8},
        {"^", "", 0},
        {"%nope --^", "", 6},
    };

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_json_unref) json_t *reply = complete_at(*state, cases[i].code);
        LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(10000);
        size_t at;
        json_t *match;
        json_array_foreach(json_object_get(reply, "matches"), at, match)
        {
            lk_buf_printf(&got, "%s ", json_string_value(match));
        }
        if (strcmp(lk_buf_cstr(&got), cases[i].matches) != 0)
            fail_msg("'%s' offers '%s', not '%s'", cases[i].code, lk_buf_cstr(&got),
                     cases[i].matches);
        if (cases[i].matches[0])
            assert_int_equal(json_integer_value(json_object_get(reply, "cursor_start")),
                             cases[i].start);
    }
}

static void each_match_says_what_it_is(void **state)
{
    LK_CLEANUP(lk_json_unref) json_t *reply = complete_at(*state, "%batch mo^");
    const json_t *types =
        json_object_get(json_object_get(reply, "metadata"), "_jupyter_types_experimental");
    const json_t *first = json_array_get(types, 0);

    assert_int_equal(json_array_size(types), 1);
    assert_str(lk_json_get_str(first, "text"), "monitor");
    assert_str(lk_json_get_str(first, "type"), "verb");
    assert_int_equal(json_integer_value(json_object_get(first, "start")), 7);
    assert_int_equal(json_integer_value(json_object_get(first, "end")), 9);
}

static void a_cursor_past_the_end_is_taken_for_the_end(void **state)
{
    LK_CLEANUP(lk_json_unref)
    json_t *reply = lk_magic_complete_with(&small_table, *state, LK_STR("%\xC3\xA4"), SIZE_MAX);

    assert_str(lk_json_get_str(reply, "status"), "ok");
    assert_int_equal(json_integer_value(json_object_get(reply, "cursor_start")), 1);
    assert_int_equal(json_integer_value(json_object_get(reply, "cursor_end")), 2);
}

static void inspection_shows_the_help_or_the_variable(void **state)
{
    static const struct {
        const char *code;
        size_t cursor;
        const char *words; /* NULL: nothing found */
    } cases[] = {
        {"%batch submit x", 3, "Exactly once."},
        {"%batch submit x", 15, "Exactly once."},
        {"x = %batch submit", 8, "Exactly once."},
        {"%batch", 4, "%batch monitor"},
        {"%%payload x.py\n1", 5, "%%payload NAME.py"},
        {"%batch submit {table.x}", 17, "trips"},
        {"%batch submit {table}", 15, "trips"},
        {"%batch submit {other}", 17, "Exactly once."},
        {"%nothing", 3, NULL},
        {"print(1)", 3, NULL},
        {"", 0, NULL},
        {"%", 1, NULL},
        {"%%payload x\n%batch submit", 14, NULL},
    };

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_json_unref)
        json_t *reply = lk_magic_inspect_with(&small_table, *state, lk_str_from(cases[i].code),
                                              cases[i].cursor);
        if (json_is_true(json_object_get(reply, "found")) != (cases[i].words != NULL))
            fail_msg("'%s' at %zu", cases[i].code, cases[i].cursor);
        if (cases[i].words)
            assert_contains(lk_json_get_str(json_object_get(reply, "data"), "text/plain"),
                            cases[i].words);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_can_follow_is_offered),
        TEST(each_match_says_what_it_is),
        TEST(a_cursor_past_the_end_is_taken_for_the_end),
        TEST(inspection_shows_the_help_or_the_variable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
