#include "magic/seen.h"

#include "base/buf.h"
#include "support/assert.h"

#include <stdio.h>
#include <string.h>

static int tear_down(void **state)
{
    lk_seen_done(*state);
    return 0;
}

static int set_up(void **state)
{
    static struct lk_seen seen;

    *state = &seen;
    return 0;
}

static void add(struct lk_seen *seen, const char *text, const char *name, const char *detail)
{
    lk_seen_add(seen, LK_SEEN_BATCH, lk_str_from(text), lk_str_from(name), lk_str_from(detail));
}

static void assert_order(const struct lk_seen *seen, const char *want)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(10000);
    const struct lk_seen_entry *entry;

    for (size_t i = 0; (entry = lk_seen_nth(seen, LK_SEEN_BATCH, i)); i++)
        lk_buf_printf(&got, "%s/%s/%s ", entry->text, entry->name, entry->detail);
    assert_string_equal(lk_buf_cstr(&got), want);
}

static void the_newest_comes_first_and_stands_there_once(void **state)
{
    struct lk_seen *seen = *state;

    assert_order(seen, "");
    add(seen, "1", "a", "starting");
    add(seen, "2", "b", "running");
    assert_order(seen, "2/b/running 1/a/starting ");
    add(seen, "1", "a", "success");
    assert_order(seen, "1/a/success 2/b/running ");
    assert_null(lk_seen_nth(seen, LK_SEEN_PATH, 0));
}

/* A cancel knows the id alone. */
static void what_is_not_told_again_is_not_forgotten(void **state)
{
    struct lk_seen *seen = *state;

    add(seen, "1", "a", "running");
    add(seen, "1", "", "");
    assert_order(seen, "1/a/running ");
    add(seen, "", "nameless", "");
    assert_order(seen, "1/a/running ");
}

static void an_id_is_found_before_a_name_and_a_name_newest_first(void **state)
{
    struct lk_seen *seen = *state;

    add(seen, "1", "2", "first");
    add(seen, "2", "a", "second");
    add(seen, "3", "a", "third");
    assert_string_equal(lk_seen_find(seen, LK_SEEN_BATCH, LK_STR("2"))->detail, "second");
    assert_string_equal(lk_seen_find(seen, LK_SEEN_BATCH, LK_STR("a"))->detail, "third");
    assert_null(lk_seen_find(seen, LK_SEEN_BATCH, LK_STR("b")));
    assert_null(lk_seen_find(seen, LK_SEEN_BATCH, LK_STR_EMPTY));
    assert_null(lk_seen_find(seen, LK_SEEN_PATH, LK_STR("2")));
}

static void count_and_bytes_have_a_ceiling(void **state)
{
    struct lk_seen *seen = *state;
    static char text[LK_SEEN_TEXT_MAX + 1];
    size_t count = 0;

    for (int i = 0; i < LK_SEEN_MAX + 7; i++) {
        snprintf(text, sizeof text, "%d", i);
        add(seen, text, "", "");
    }
    assert_null(lk_seen_nth(seen, LK_SEEN_BATCH, LK_SEEN_MAX));
    assert_string_equal(lk_seen_nth(seen, LK_SEEN_BATCH, LK_SEEN_MAX - 1)->text, "7");

    for (int i = 0; i < LK_SEEN_MAX; i++) {
        memset(text, 'x', LK_SEEN_TEXT_MAX);
        text[snprintf(text, 10, "%d", i)] = '-';
        add(seen, text, "", "");
    }
    while (lk_seen_nth(seen, LK_SEEN_BATCH, count))
        count++;
    assert_in_range(count, 2, LK_SEEN_BYTES_MAX / LK_SEEN_TEXT_MAX);
    assert_memory_equal(lk_seen_nth(seen, LK_SEEN_BATCH, 0)->text, "499-", 4);
    assert_true(seen->lists[LK_SEEN_BATCH].bytes <= LK_SEEN_BYTES_MAX);
}

static void a_text_that_is_too_long_is_not_kept_and_a_name_is_cut(void **state)
{
    struct lk_seen *seen = *state;
    static char text[LK_SEEN_TEXT_MAX + 2];

    memset(text, 'x', sizeof text - 1);
    add(seen, text, "", "");
    assert_order(seen, "");
    add(seen, "1", text, "");
    assert_int_equal(strlen(lk_seen_nth(seen, LK_SEEN_BATCH, 0)->name), LK_SEEN_TEXT_MAX);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_newest_comes_first_and_stands_there_once),
        TEST(what_is_not_told_again_is_not_forgotten),
        TEST(an_id_is_found_before_a_name_and_a_name_newest_first),
        TEST(count_and_bytes_have_a_ceiling),
        TEST(a_text_that_is_too_long_is_not_kept_and_a_name_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
