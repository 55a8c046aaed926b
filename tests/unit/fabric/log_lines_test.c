#include "fabric/log_lines.h"

#include "support/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Writes each line as [line]. */
struct seen {
    struct lk_line_sink sink;
    struct lk_buf text;
    size_t count, longest;
};

static void see(struct lk_line_sink *sink, struct lk_str line)
{
    struct seen *seen = (struct seen *)sink;

    seen->count++;
    seen->longest = line.len > seen->longest ? line.len : seen->longest;
    lk_buf_printf(&seen->text, "[%.*s]", LK_STR_ARGS(lk_str_cut(line, 100)));
}

struct fixture {
    struct seen seen;
    struct lk_line_splitter splitter;
    struct lk_last_lines last;
};

static int setup(void **state)
{
    struct fixture *f = lk_alloc(sizeof(*f));

    f->seen.sink.line = see;
    lk_buf_init(&f->seen.text, 1 << 20);
    lk_line_splitter_init(&f->splitter, &f->seen.sink);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    lk_line_splitter_done(&f->splitter);
    lk_buf_done(&f->seen.text);
    free(f);
    return 0;
}

static void lines_are_the_same_however_the_bytes_are_parted(void **state)
{
    static const char text[] = "one\ntwo\r\n\n\nfive \r x\n\r\nseven";
    struct fixture *f = *state;

    for (size_t part = 1; part < sizeof(text); part++) {
        lk_buf_clear(&f->seen.text);
        for (size_t at = 0; at < sizeof(text) - 1; at += part)
            lk_line_splitter_put(&f->splitter, lk_str_slice(lk_str_from(text), at, at + part));
        assert_str(lk_buf_view(&f->seen.text), "[one][two][][][five \r x][]");
        lk_line_splitter_end(&f->splitter);
        assert_str(lk_buf_view(&f->seen.text), "[one][two][][][five \r x][][seven]");
        lk_line_splitter_end(&f->splitter);
    }
}

static void a_line_that_began_before_is_dropped(void **state)
{
    struct fixture *f = *state;

    f->splitter.skip = true;
    lk_line_splitter_put(&f->splitter, LK_STR("rest of"));
    lk_line_splitter_put(&f->splitter, LK_STR(" a line\nnext\n"));
    assert_str(lk_buf_view(&f->seen.text), "[next]");
}

static void a_line_beyond_measure_comes_in_pieces_of_whole_characters(void **state)
{
    struct fixture *f = *state;
    struct lk_buf text = LK_BUF_INIT(8 << 20);

    lk_buf_put_char(&text, 'x');
    for (int i = 0; i < 1500000; i++)
        lk_buf_put(&text, LK_STR("ä"));
    lk_buf_put_char(&text, '\n');
    lk_line_splitter_put(&f->splitter, lk_buf_view(&text));
    assert_int_equal(f->seen.count, 3);
    assert_true(f->seen.longest <= LK_LOG_LINE_MAX);
    assert_true(lk_str_is_utf8(lk_buf_view(&f->seen.text)));
    f->splitter.skip = true;
    lk_line_splitter_put(&f->splitter, lk_buf_view(&text));
    assert_int_equal(f->seen.count, 3);
    lk_buf_done(&text);
}

static void keep_all(struct lk_last_lines *last, int from, int to)
{
    char line[32];

    for (int i = from; i < to; i++) {
        (void)snprintf(line, sizeof(line), "%06d", i);
        last->sink.line(&last->sink, lk_str_from(line));
    }
}

static void only_the_last_lines_are_kept(void **state)
{
    struct lk_last_lines last;

    (void)state;
    lk_last_lines_init(&last, 3, 1000);
    assert_int_equal(lk_last_lines_view(&last).len, 0);
    keep_all(&last, 0, 2);
    assert_str(lk_last_lines_view(&last), "000000\n000001\n");
    keep_all(&last, 2, 100000);
    assert_str(lk_last_lines_view(&last), "099997\n099998\n099999\n");
    assert_false(last.cut);
    last.sink.line(&last.sink, LK_STR("a\nb"));
    assert_str(lk_last_lines_view(&last), "099998\n099999\na b\n");
    lk_last_lines_done(&last);
    lk_last_lines_init(&last, 0, 1000);
    keep_all(&last, 0, 5);
    assert_int_equal(lk_last_lines_view(&last).len, 0);
    lk_last_lines_done(&last);
}

static void bytes_have_a_ceiling_too(void **state)
{
    struct lk_last_lines last;
    char huge[500];

    (void)state;
    memset(huge, 'x', sizeof(huge));
    lk_last_lines_init(&last, 1000, 21);
    keep_all(&last, 0, 10);
    assert_str(lk_last_lines_view(&last), "000007\n000008\n000009\n");
    assert_true(last.cut);
    assert_true(last.text.cap <= 64);
    last.sink.line(&last.sink, (struct lk_str){huge, sizeof(huge)});
    assert_str(lk_last_lines_view(&last), "xxxxxxxxxxxxxxxxxxxx\n");
    keep_all(&last, 0, 1);
    assert_str(lk_last_lines_view(&last), "000000\n");
    lk_last_lines_done(&last);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(lines_are_the_same_however_the_bytes_are_parted),
        TEST(a_line_that_began_before_is_dropped),
        TEST(a_line_beyond_measure_comes_in_pieces_of_whole_characters),
        cmocka_unit_test(only_the_last_lines_are_kept),
        cmocka_unit_test(bytes_have_a_ceiling_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
