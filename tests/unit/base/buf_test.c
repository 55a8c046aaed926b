#include "base/buf.h"
#include "support/assert.h"

#include <stdlib.h>
#include <string.h>

static void an_empty_buffer_reads_as_empty_text(void **state)
{
    struct lk_buf buf = LK_BUF_INIT(8);
    char *taken;

    (void)state;
    assert_string_equal(lk_buf_cstr(&buf), "");
    assert_int_equal(lk_buf_view(&buf).len, 0);
    assert_lk_ok(lk_buf_check(&buf, "it", NULL), NULL);
    lk_buf_consume(&buf, 5);
    lk_buf_truncate(&buf, 0);
    taken = lk_buf_take(&buf);
    assert_string_equal(taken, "");
    free(taken);
}

static void what_fits_is_kept_and_the_rest_is_remembered(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf buf = LK_BUF_INIT(5);
    struct lk_error err;

    (void)state;
    lk_buf_put(&buf, LK_STR("abcde"));
    assert_lk_ok(lk_buf_check(&buf, "the name", &err), &err);
    lk_buf_put(&buf, LK_STR(""));
    assert_false(buf.full);
    lk_buf_put_char(&buf, 'f');
    assert_true(buf.full);
    assert_str(lk_buf_view(&buf), "abcde");
    assert_lk_status(LK_LIMIT, lk_buf_check(&buf, "the name", &err), &err);
    assert_contains(err.message, "the name");
    assert_contains(err.message, "5");

    lk_buf_clear(&buf);
    assert_lk_ok(lk_buf_check(&buf, "the name", &err), &err);
    lk_buf_put(&buf, LK_STR("123456789"));
    assert_str(lk_buf_view(&buf), "12345");
    assert_true(buf.cap <= 6);
}

static void a_ceiling_of_nothing_takes_nothing(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf buf = LK_BUF_INIT(0);

    (void)state;
    lk_buf_put_char(&buf, 'x');
    lk_buf_printf(&buf, "%d", 1);
    assert_true(buf.full);
    assert_string_equal(lk_buf_cstr(&buf), "");
}

static void growing_keeps_every_byte(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf buf = LK_BUF_INIT(SIZE_MAX);

    (void)state;
    for (int i = 0; i < 100000; i++)
        lk_buf_put_char(&buf, (char)(i % 251));
    assert_int_equal(buf.len, 100000);
    for (int i = 0; i < 100000; i++)
        if (buf.data[i] != (char)(i % 251))
            fail_msg("byte %d changed", i);
    assert_int_equal(buf.data[buf.len], '\0');
}

static void printf_takes_texts_of_any_length(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf buf = LK_BUF_INIT(100000);
    char longest[3000];

    (void)state;
    memset(longest, 'y', sizeof(longest));
    lk_buf_printf(&buf, "%s-%d", "x", 7);
    assert_str(lk_buf_view(&buf), "x-7");
    for (int len = 250; len < 260; len++) {
        lk_buf_clear(&buf);
        lk_buf_printf(&buf, "%.*s", len, longest);
        assert_int_equal(buf.len, len);
    }
    lk_buf_printf(&buf, "%.*s!", (int)sizeof(longest), longest);
    assert_int_equal(buf.len, 259 + 3001);
    assert_int_equal(buf.data[buf.len - 1], '!');
}

static void consuming_drops_from_the_front(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf buf = LK_BUF_INIT(100);

    (void)state;
    lk_buf_put(&buf, LK_STR("line one\nline two"));
    lk_buf_consume(&buf, 9);
    assert_string_equal(lk_buf_cstr(&buf), "line two");
    lk_buf_consume(&buf, 0);
    lk_buf_truncate(&buf, 4);
    assert_string_equal(lk_buf_cstr(&buf), "line");
    lk_buf_consume(&buf, SIZE_MAX);
    assert_string_equal(lk_buf_cstr(&buf), "");
    lk_buf_put(&buf, LK_STR("again"));
    assert_string_equal(lk_buf_cstr(&buf), "again");
}

static void taking_leaves_an_empty_usable_buffer(void **state)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf buf = LK_BUF_INIT(10);
    char *taken;

    (void)state;
    lk_buf_put(&buf, LK_STR("a\0b"));
    taken = lk_buf_take(&buf);
    assert_memory_equal(taken, "a\0b", 4);
    free(taken);
    assert_int_equal(buf.max, 10);
    lk_buf_put(&buf, LK_STR("next"));
    assert_string_equal(lk_buf_cstr(&buf), "next");
}

static void done_keeps_the_ceiling(void **state)
{
    struct lk_buf buf;

    (void)state;
    lk_buf_init(&buf, 3);
    lk_buf_put(&buf, LK_STR("abcd"));
    lk_buf_done(&buf);
    assert_int_equal(buf.max, 3);
    assert_false(buf.full);
    lk_buf_put(&buf, LK_STR("abcd"));
    assert_string_equal(lk_buf_cstr(&buf), "abc");
    lk_buf_wipe(&buf);
    assert_null(buf.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buffer_reads_as_empty_text),
        cmocka_unit_test(what_fits_is_kept_and_the_rest_is_remembered),
        cmocka_unit_test(a_ceiling_of_nothing_takes_nothing),
        cmocka_unit_test(growing_keeps_every_byte),
        cmocka_unit_test(printf_takes_texts_of_any_length),
        cmocka_unit_test(consuming_drops_from_the_front),
        cmocka_unit_test(taking_leaves_an_empty_usable_buffer),
        cmocka_unit_test(done_keeps_the_ceiling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
