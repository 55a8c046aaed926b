#include "magic/view.h"

#include "support/assert.h"
#include "support/fake_cell.h"
#include "support/fake_clock.h"

#include <stdlib.h>
#include <string.h>

#define VENDOR "application/vnd.livy-kernel.v1+json"

static void foreign_text_is_no_markdown(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(1000);

    (void)state;
    lk_markdown_escape(LK_STR("\\|*_[]<>&#`~$\n\ra\xC3\xA4.-"), &got);
    assert_string_equal(lk_buf_cstr(&got),
                        "\\\\\\|\\*\\_\\[\\]&lt;&gt;&amp;\\#\\`\\~<span>&#36;</span>  "
                        "a\xC3\xA4.-");
}

static void code_is_fenced_by_more_backquotes_than_it_holds(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", ""},           {"a", "`a`"},         {"a`b", "``a`b``"},
        {"`a", "`` `a ``"}, {"``", "``` `` ```"}, {"a\nb", "`a b`"},
        {"a|b", "`a\\|b`"}, {"<b>", "`<b>`"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(1000);
        lk_markdown_code(lk_str_from(cases[i].text), &got);
        assert_string_equal(lk_buf_cstr(&got), cases[i].want);
    }
}

static void a_narrow_table_may_break_an_id_and_nothing_that_looks_like_an_address(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", ""},
        {"7", "`7`"},
        {"4d992d0f-898f-405e-9d95-47eb40bfb2aa",
         "<code>4d992d0f-898f-405e-9d95-47eb40bf<wbr>b2aa</code>"},
        {"0123456789ABCDEF_1", "<code>01234567<wbr>89ABCDEF<wbr>\\_1</code>"},
        {"https://analysis.example/api", "`https://analysis.example/api`"},
        {"<b>0123456789</b>", "`<b>0123456789</b>`"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(1000);
        lk_markdown_id(lk_str_from(cases[i].text), &got);
        assert_string_equal(lk_buf_cstr(&got), cases[i].want);
    }
}

static void only_web_addresses_become_links(void **state)
{
    static const struct {
        const char *text, *url, *want;
    } cases[] = {
        {"hub", "https://a.b/c?d=e&f=g", "[hub](https://a.b/c?d=e&f=g)"},
        {"ui", "http://127.0.0.1:4040/", "[ui](http://127.0.0.1:4040/)"},
        {"a*b", "https://x/", "[a\\*b](https://x/)"},
        {"x", "javascript:alert(1)", "x"},
        {"x", "command:workbench.action", "x"},
        {"x", "data:text/html,1", "x"},
        {"x", "", "x"},
        {"<x>", "no url", "&lt;x&gt;"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(1000);
        lk_markdown_link(lk_str_from(cases[i].text), lk_str_from(cases[i].url), &got);
        assert_string_equal(lk_buf_cstr(&got), cases[i].want);
    }
}

static void a_long_address_is_read_by_its_host(void **state)
{
    static const struct {
        const char *url, *want;
    } cases[] = {
        {"https://api.x:8443/v1/w", "[api.x:8443](https://api.x:8443/v1/w)"},
        {"http://a_b.c", "[a\\_b.c](http://a_b.c)"},
        {"javascript:alert(1)", "javascript:alert(1)"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(1000);
        lk_markdown_site_link(lk_str_from(cases[i].url), &got);
        assert_string_equal(lk_buf_cstr(&got), cases[i].want);
    }
}

static void a_link_cannot_be_closed_from_inside(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(1000);

    (void)state;
    lk_markdown_link(LK_STR("x"), LK_STR("https://a/b(c)d|e`f"), &got);
    assert_contains(lk_buf_view(&got), "[x](https://a/b%28c%29d%7Ce%60f)");
}

static void a_table_is_written_twice(void **state)
{
    struct lk_table *table = lk_table_new(2, "Name", "State");
    LK_CLEANUP(lk_buf_done) struct lk_buf markdown = LK_BUF_INIT(1000);
    LK_CLEANUP(lk_buf_done) struct lk_buf plain = LK_BUF_INIT(1000);

    (void)state;
    lk_table_row(table, (struct lk_str[]){LK_STR("a|b"), LK_STR("gr\xC3\xBC"
                                                                "n\nx")});
    lk_table_row_rich(table, (struct lk_str[]){LK_STR("longer name"), LK_STR("y")},
                      (struct lk_str[]){LK_STR("**l**"), LK_STR_EMPTY});
    lk_table_write(table, 30, &markdown, &plain);
    assert_string_equal(lk_buf_cstr(&markdown), "| Name | State |\n| :-- | :-- |\n"
                                                "| a\\|b | gr\xC3\xBC"
                                                "n x |\n| **l** | y |\n");
    assert_string_equal(lk_buf_cstr(&plain), "Name         State\na|b          gr\xC3\xBC"
                                             "n x\nlonger name  y\n");
    lk_table_free(table);
}

static void a_table_shows_so_many_rows_and_counts_the_rest(void **state)
{
    struct lk_table *table = lk_table_new(1, "N");
    LK_CLEANUP(lk_buf_done) struct lk_buf markdown = LK_BUF_INIT(10000);
    LK_CLEANUP(lk_buf_done) struct lk_buf plain = LK_BUF_INIT(10000);

    (void)state;
    for (int i = 0; i < 30; i++)
        lk_table_row(table, (struct lk_str[]){LK_STR("row")});
    lk_table_write(table, 30, &markdown, &plain);
    assert_lacks(lk_buf_view(&plain), "more");
    lk_table_row(table, (struct lk_str[]){LK_STR("hidden")});
    lk_table_row(table, (struct lk_str[]){LK_STR("hidden")});
    lk_buf_clear(&markdown);
    lk_buf_clear(&plain);
    lk_table_write(table, 30, &markdown, &plain);
    assert_contains(lk_buf_view(&plain), "… and 2 more");
    assert_contains(lk_buf_view(&markdown), "… and 2 more");
    assert_lacks(lk_buf_view(&markdown), "hidden");
    lk_table_free(table);
}

static void cells_cannot_move_a_terminals_cursor(void **state)
{
    struct lk_table *table = lk_table_new(1, "N");
    LK_CLEANUP(lk_buf_done) struct lk_buf markdown = LK_BUF_INIT(1000);
    LK_CLEANUP(lk_buf_done) struct lk_buf plain = LK_BUF_INIT(1000);

    (void)state;
    lk_table_row(table, (struct lk_str[]){LK_STR("\033[2J\r\x7F\xC2\x9B"
                                                 "1m\tz")});
    lk_table_write(table, 30, &markdown, &plain);
    assert_string_equal(lk_buf_cstr(&plain), "N\n [2J   1m z\n");
    lk_table_free(table);
}

static void a_huge_cell_is_cut_between_characters(void **state)
{
    struct lk_table *table = lk_table_new(1, "N");
    LK_CLEANUP(lk_buf_done) struct lk_buf big = LK_BUF_INIT(1 << 20);
    LK_CLEANUP(lk_buf_done) struct lk_buf markdown = LK_BUF_INIT(1 << 20);
    LK_CLEANUP(lk_buf_done) struct lk_buf plain = LK_BUF_INIT(1 << 20);

    (void)state;
    lk_buf_put_char(&big, 'x');
    for (int i = 0; i < 100000; i++)
        lk_buf_put(&big, LK_STR("\xE2\x82\xAC"));
    lk_table_row(table, (struct lk_str[]){lk_buf_view(&big)});
    lk_table_write(table, 30, &markdown, &plain);
    assert_true(plain.len < 20000);
    assert_true(lk_str_is_utf8(lk_buf_view(&plain)));
    assert_true(lk_str_is_utf8(lk_buf_view(&markdown)));
    lk_table_free(table);
}

static void a_value_comes_in_three_spellings(void **state)
{
    LK_CLEANUP(lk_json_unref) json_t *value = json_pack("{s:s, s:i}", "kind", "x", "n", 1);
    struct lk_bundle bundle = lk_bundle_of_value(value);

    (void)state;
    assert_true(json_equal(json_object_get(bundle.data, "application/json"), value));
    assert_str(lk_json_get_str(bundle.data, "text/x-json"), "{\n  \"kind\": \"x\",\n  \"n\": 1\n}");
    assert_str(lk_json_get_str(bundle.data, "text/plain"), "{\n  \"kind\": \"x\",\n  \"n\": 1\n}");
    assert_int_equal(json_object_size(bundle.data), 3);
    lk_bundle_done(&bundle);
}

static void a_view_folds_its_value_and_carries_it_for_programs(void **state)
{
    LK_CLEANUP(lk_json_unref)
    json_t *value = json_pack("{s:s, s:s}", "kind", "x", "text", "``` </details> ````");
    struct lk_bundle bundle = lk_bundle_of_view(LK_STR("| a |"), LK_STR("a"), value, true);
    struct lk_str markdown = lk_json_get_str(bundle.data, "text/markdown");

    (void)state;
    assert_true(lk_str_starts(markdown, LK_STR("| a |\n<details><summary>JSON</summary>\n\n")));
    assert_contains(markdown, "\n`````json\n{");
    assert_contains(markdown, "}\n`````\n\n</details>");
    assert_str(lk_json_get_str(bundle.data, "text/plain"), "a");
    assert_true(json_equal(json_object_get(bundle.data, VENDOR), value));
    assert_null(json_object_get(bundle.data, "application/json"));
    lk_bundle_done(&bundle);
}

/* Names and messages in it are foreign, and a console prints it as it is. */
static void the_plain_text_of_a_view_steers_no_console(void **state)
{
    struct lk_bundle bundle = lk_bundle_of_view(LK_STR("x"),
                                                LK_STR("Batch 'a\033]0;t\007' ends.\n\tb\xC2\x9B"
                                                       "2J"),
                                                NULL, false);

    (void)state;
    assert_str(lk_json_get_str(bundle.data, "text/plain"), "Batch 'a?]0;t?' ends.\n\tb?2J");
    lk_bundle_done(&bundle);
}

static void a_huge_value_is_cut_with_a_count(void **state)
{
    LK_CLEANUP(lk_json_unref) json_t *value = json_pack("{s:s}", "kind", "x");
    LK_CLEANUP(lk_buf_done) struct lk_buf big = LK_BUF_INIT(1 << 20);
    struct lk_bundle bundle;
    struct lk_str markdown;

    (void)state;
    for (int i = 0; i < 100000; i++)
        lk_buf_put(&big, LK_STR("\xE2\x82\xAC"));
    json_object_set_new(value, "text", lk_json_text(lk_buf_view(&big)));
    bundle = lk_bundle_of_view(LK_STR("v"), LK_STR("v"), value, true);
    markdown = lk_json_get_str(bundle.data, "text/markdown");
    assert_true(markdown.len < LK_VALUE_BYTES_MAX + 1000);
    assert_contains(markdown, "The first 64.0 KiB of 293.0 KiB");
    assert_contains(markdown, "--as NAME");
    assert_true(json_is_true(json_object_get(json_object_get(bundle.data, VENDOR), "cut")));
    assert_str(lk_json_get_str(json_object_get(bundle.data, VENDOR), "kind"), "x");
    lk_bundle_done(&bundle);
}

static void a_huge_value_that_was_asked_for_is_whole_once(void **state)
{
    LK_CLEANUP(lk_json_unref) json_t *value = json_pack("{s:s}", "kind", "x");
    LK_CLEANUP(lk_buf_done) struct lk_buf big = LK_BUF_INIT(100000);
    struct lk_bundle bundle;

    (void)state;
    while (!big.full)
        lk_buf_put(&big, LK_STR("0123456789"));
    json_object_set_new(value, "text", lk_json_text(lk_buf_view(&big)));
    bundle = lk_bundle_of_value(value);
    assert_true(json_equal(json_object_get(bundle.data, "application/json"), value));
    assert_true(lk_json_get_str(bundle.data, "text/x-json").len < LK_VALUE_BYTES_MAX + 200);
    assert_true(lk_json_get_str(bundle.data, "text/plain").len < LK_VALUE_BYTES_MAX + 200);
    assert_contains(lk_json_get_str(bundle.data, "text/plain"), "The first 64.0 KiB of 97.");
    lk_bundle_done(&bundle);
}

/* What was shown of an answer in a cell of its own. */
static void show(struct fake_cell *cell, enum lk_value_place place, const char *markdown)
{
    struct lk_answer answer;

    fake_cell_clear(cell);
    lk_answer_init(&answer);
    answer.value = json_pack("{s:s}", "kind", "x");
    answer.place = place;
    lk_buf_put(&answer.markdown, lk_str_from(markdown));
    lk_buf_put(&answer.plain, lk_str_from(markdown));
    lk_answer_show(&cell->cell, &answer, false, false, true);
    assert_int_equal(cell->value_count, 1);
    lk_answer_done(&answer);
}

static void a_value_is_shown_once(void **state)
{
    struct fake_cell cell;

    (void)state;
    fake_cell_init(&cell, NULL);
    show(&cell, LK_VALUE_BELOW, "view");
    assert_null(cell.values[0].bundle);
    assert_contains(fake_cell_shown(&cell, 0, "text/markdown"), "<details>");
    show(&cell, LK_VALUE_BELOW, "");
    assert_non_null(cell.values[0].bundle);
    assert_int_equal(cell.display_count, 0);
    fake_cell_done(&cell);
}

static void a_hidden_value_is_there_for_programs_alone(void **state)
{
    struct fake_cell cell;

    (void)state;
    fake_cell_init(&cell, NULL);
    show(&cell, LK_VALUE_HIDDEN, "view");
    assert_null(cell.values[0].bundle);
    assert_str(fake_cell_shown(&cell, 0, "text/markdown"), "view");
    assert_non_null(json_object_get(cell.displays[0].data, VENDOR));
    show(&cell, LK_VALUE_HIDDEN, "");
    assert_null(cell.values[0].bundle);
    assert_int_equal(cell.display_count, 0);
    fake_cell_done(&cell);
}

static void a_column_that_says_nothing_is_left_out(void **state)
{
    struct lk_table *table = lk_table_new(3, "Name", "Time", "Id");
    LK_CLEANUP(lk_buf_done) struct lk_buf markdown = LK_BUF_INIT(1000);
    LK_CLEANUP(lk_buf_done) struct lk_buf plain = LK_BUF_INIT(1000);

    (void)state;
    lk_table_row(table, (struct lk_str[]){LK_STR_EMPTY, LK_STR_EMPTY, LK_STR("1")});
    lk_table_write(table, 30, &markdown, &plain);
    assert_string_equal(lk_buf_cstr(&markdown), "| Name | Id |\n| :-- | :-- |\n|  | 1 |\n");
    assert_string_equal(lk_buf_cstr(&plain), "Name  Id\n      1\n");
    lk_table_row(table, (struct lk_str[]){LK_STR("a"), LK_STR("3 s"), LK_STR_EMPTY});
    lk_buf_clear(&plain);
    lk_table_write(table, 30, &markdown, &plain);
    assert_contains(lk_buf_view(&plain), "Name  Time  Id\n");
    lk_table_free(table);
}

static void wide_characters_keep_the_columns_straight(void **state)
{
    struct lk_table *table = lk_table_new(2, "Name", "N");
    LK_CLEANUP(lk_buf_done) struct lk_buf markdown = LK_BUF_INIT(1000);
    LK_CLEANUP(lk_buf_done) struct lk_buf plain = LK_BUF_INIT(1000);

    (void)state;
    lk_table_row(table, (struct lk_str[]){LK_STR("東京都"), LK_STR("1")});
    lk_table_row(table, (struct lk_str[]){LK_STR("e\xCC\x81t\xC3\xA9"), LK_STR("2")});
    lk_table_row(table, (struct lk_str[]){LK_STR("🚕"), LK_STR("3")});
    lk_table_write(table, 30, &markdown, &plain);
    assert_string_equal(lk_buf_cstr(&plain), "Name    N\n東京都  1\ne\xCC\x81t\xC3\xA9     2\n"
                                             "🚕      3\n");
    lk_table_free(table);
}

static void no_name_turns_the_words_after_it(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(1000);

    (void)state;
    lk_markdown_escape(LK_STR("a\xE2\x80\xAE"
                              "b\xE2\x81\xA7"
                              "c שלום\x1B"),
                       &got);
    assert_string_equal(lk_buf_cstr(&got), "abc שלום ");
}

static void a_foreign_log_keeps_its_colours_and_steers_no_terminal(void **state)
{
    struct fake_cell cell;

    (void)state;
    fake_cell_init(&cell, NULL);
    lk_stream_foreign(&cell.cell, LK_STR_EMPTY);
    assert_int_equal(cell.out.len, 0);
    lk_stream_foreign(&cell.cell,
                      LK_STR("\033[1;33mWARN\033[0m\t10 %\r20 %\n\033[2J\033]0;x\007\xC2\x9B"
                             "A\xE2\x80\xAE"
                             "b"));
    assert_str(lk_buf_view(&cell.out), "\033[1;33mWARN\033[0m\t10 %\r20 %\n?[2J?]0;x??A?b\n");
    fake_cell_done(&cell);
}

static void long_names_are_cut_between_characters_with_a_mark(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {{"", ""}, {"abc", "abc"}, {"abcd", "ab…"}, {"€€€", "€€€"}, {"€€€€€", "€€…"}};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(100);
        lk_text_shorten(lk_str_from(cases[i].text), 3, &got);
        assert_string_equal(lk_buf_cstr(&got), cases[i].want);
    }
}

static void one_line_of_64_kib_is_no_result_either(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf big = LK_BUF_INIT(70000);
    struct fake_cell cell;
    struct lk_answer answer;

    (void)state;
    while (!big.full)
        lk_buf_put(&big, LK_STR("0123456789"));
    fake_cell_init(&cell, NULL);
    lk_answer_init(&answer);
    answer.value = json_pack("{s:s}", "kind", "x");
    json_object_set_new(answer.value, "text", lk_json_text(lk_buf_view(&big)));
    lk_answer_show(&cell.cell, &answer, false, false, true);
    assert_null(cell.values[0].bundle);
    assert_int_equal(cell.display_count, 1);
    lk_answer_done(&answer);
    fake_cell_done(&cell);
}

static void an_answer_takes_the_place_of_its_progress(void **state)
{
    struct fake_clock clock;
    struct fake_cell cell;
    struct lk_progress progress;
    struct lk_answer answer;

    (void)state;
    fake_clock_init(&clock);
    fake_cell_init(&cell, NULL);
    lk_progress_init(&progress, &cell.cell, &clock.clock);
    lk_progress_show(&progress, LK_STR("going"), LK_STR("going"), NULL, false);
    lk_answer_init(&answer);
    answer.value = json_pack("{s:s}", "kind", "x");
    lk_buf_put(&answer.markdown, LK_STR("done"));
    strcpy(answer.id, progress.display_id);
    answer.display_id = answer.id;
    lk_answer_show_view(&cell.cell, &answer);
    assert_int_equal(cell.display_count, 1);
    assert_int_equal(cell.displays[0].updates, 1);
    assert_contains(fake_cell_shown(&cell, 0, "text/markdown"), "done\n<details>");
    /* Shown already: the value alone is left, and the view holds it. */
    lk_answer_show(&cell.cell, &answer, false, false, true);
    assert_int_equal(cell.displays[0].updates, 1);
    assert_int_equal(cell.value_count, 1);
    assert_null(cell.values[0].bundle);
    lk_answer_done(&answer);
    fake_cell_done(&cell);
}

static void a_quiet_cell_shows_only_what_asks_somebody(void **state)
{
    struct fake_clock clock;
    struct fake_cell cell;
    struct lk_progress progress;
    struct lk_answer answer;

    (void)state;
    fake_clock_init(&clock);
    fake_cell_init(&cell, NULL);
    cell.cell.quiet = true;
    lk_progress_init(&progress, &cell.cell, &clock.clock);
    lk_progress_show(&progress, LK_STR("m"), LK_STR("p"), NULL, true);
    lk_stream_foreign(&cell.cell, LK_STR("line\n"));
    lk_picture_show(&cell.cell, LK_STR("<svg/>"), LK_STR("picture"));
    lk_answer_init(&answer);
    lk_buf_put(&answer.markdown, LK_STR("view"));
    lk_answer_show_view(&cell.cell, &answer);
    lk_answer_done(&answer);
    assert_int_equal(cell.display_count + cell.out.len, 0);
    progress.asks = true;
    lk_progress_show(&progress, LK_STR("m"), LK_STR("p"), NULL, true);
    assert_int_equal(cell.display_count, 1);
    fake_cell_done(&cell);
}

static void progress_is_updated_in_place_at_most_twice_a_second(void **state)
{
    LK_CLEANUP(lk_json_unref) json_t *value = json_pack("{s:s}", "kind", "p");
    struct fake_clock clock;
    struct fake_cell cell;
    struct lk_progress progress;

    (void)state;
    fake_clock_init(&clock);
    fake_cell_init(&cell, NULL);
    lk_progress_init(&progress, &cell.cell, &clock.clock);
    for (int i = 0; i < 40; i++) {
        lk_progress_show(&progress, LK_STR("m"), LK_STR("p"), value, false);
        fake_clock_advance_ms(&clock, 100);
    }
    assert_int_equal(cell.display_count, 1);
    assert_int_equal(cell.displays[0].updates, 7); /* 4 s: the first and one each 0.5 s */
    lk_progress_show(&progress, LK_STR("m"), LK_STR("last"), value, true);
    assert_str(fake_cell_shown(&cell, 0, "text/plain"), "last");
    assert_int_equal(json_object_size(cell.displays[0].data), 3);
    fake_cell_done(&cell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_text_is_no_markdown),
        cmocka_unit_test(code_is_fenced_by_more_backquotes_than_it_holds),
        cmocka_unit_test(a_narrow_table_may_break_an_id_and_nothing_that_looks_like_an_address),
        cmocka_unit_test(only_web_addresses_become_links),
        cmocka_unit_test(a_long_address_is_read_by_its_host),
        cmocka_unit_test(a_link_cannot_be_closed_from_inside),
        cmocka_unit_test(a_table_is_written_twice),
        cmocka_unit_test(a_table_shows_so_many_rows_and_counts_the_rest),
        cmocka_unit_test(cells_cannot_move_a_terminals_cursor),
        cmocka_unit_test(a_huge_cell_is_cut_between_characters),
        cmocka_unit_test(a_value_comes_in_three_spellings),
        cmocka_unit_test(a_view_folds_its_value_and_carries_it_for_programs),
        cmocka_unit_test(the_plain_text_of_a_view_steers_no_console),
        cmocka_unit_test(a_huge_value_is_cut_with_a_count),
        cmocka_unit_test(a_huge_value_that_was_asked_for_is_whole_once),
        cmocka_unit_test(a_value_is_shown_once),
        cmocka_unit_test(a_hidden_value_is_there_for_programs_alone),
        cmocka_unit_test(a_column_that_says_nothing_is_left_out),
        cmocka_unit_test(wide_characters_keep_the_columns_straight),
        cmocka_unit_test(no_name_turns_the_words_after_it),
        cmocka_unit_test(a_foreign_log_keeps_its_colours_and_steers_no_terminal),
        cmocka_unit_test(long_names_are_cut_between_characters_with_a_mark),
        cmocka_unit_test(one_line_of_64_kib_is_no_result_either),
        cmocka_unit_test(an_answer_takes_the_place_of_its_progress),
        cmocka_unit_test(a_quiet_cell_shows_only_what_asks_somebody),
        cmocka_unit_test(progress_is_updated_in_place_at_most_twice_a_second),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
