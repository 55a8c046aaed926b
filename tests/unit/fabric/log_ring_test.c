#include "fabric/log_ring.h"

#include "support/assert.h"

#include <stdio.h>
#include <stdlib.h>

enum { LINES_MAX = 600, TEXT_MAX = 32 };

/* ---- single cases: each letter is a line ------------------------------------------------------
 */

static struct lk_log_merge look(struct lk_log_ring *ring, const char *letters, bool find)
{
    struct lk_str lines[64];
    size_t count = 0;

    for (; letters[count]; count++)
        lines[count] = (struct lk_str){letters + count, 1};
    return find ? lk_log_ring_find(ring, lines, count) : lk_log_ring_merge(ring, lines, count);
}

static void the_next_look_begins_where_the_longest_overlap_ends(void **state)
{
    static const struct {
        const char *before, *now;
        size_t first_new;
        enum lk_log_seam seam;
    } cases[] = {
        {"", "abc", 0, LK_LOG_SEAMLESS},
        {"abc", "abc", 3, LK_LOG_SEAMLESS},
        {"abc", "abcd", 3, LK_LOG_SEAMLESS},
        {"abc", "bcd", 2, LK_LOG_SEAMLESS},
        {"abc", "cde", 1, LK_LOG_SEAMLESS},
        {"abc", "def", 0, LK_LOG_SEAM_BROKEN},
        {"abc", "ab", 0, LK_LOG_SEAM_BROKEN},
        {"abc", "c", 1, LK_LOG_SEAMLESS},
        {"abc", "", 0, LK_LOG_SEAMLESS},
        /* The fewest new lines: nothing is given twice. */
        {"xxx", "xxx", 3, LK_LOG_SEAMLESS},
        {"abab", "abab", 4, LK_LOG_SEAMLESS},
        {"abab", "baba", 3, LK_LOG_SEAM_IN_DOUBT},
        {"axx", "xxb", 2, LK_LOG_SEAM_IN_DOUBT},
        /* An accident: both ends happen to be the same line. */
        {"-ab-", "-cd-", 1, LK_LOG_SEAM_IN_DOUBT},
        {"-abc", "c-de", 1, LK_LOG_SEAMLESS},
        {"a", "aba", 1, LK_LOG_SEAMLESS},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_log_ring ring = {.prints = NULL};
        struct lk_log_merge merge;
        (void)look(&ring, cases[i].before, false);
        merge = look(&ring, cases[i].now, false);
        if (merge.first_new != cases[i].first_new || merge.seam != cases[i].seam)
            fail_msg("'%s' then '%s': new from %zu, seam %d", cases[i].before, cases[i].now,
                     merge.first_new, merge.seam);
        lk_log_ring_done(&ring);
    }
}

static void doubt_is_told_once(void **state)
{
    struct lk_log_ring ring = {.prints = NULL};

    (void)state;
    (void)look(&ring, "abab", false);
    assert_int_equal(look(&ring, "baba", false).seam, LK_LOG_SEAM_IN_DOUBT);
    assert_int_equal(look(&ring, "abab", false).seam, LK_LOG_SEAMLESS);
    assert_int_equal(look(&ring, "babc", false).seam, LK_LOG_SEAMLESS);
    assert_int_equal(look(&ring, "bcde", false).seam, LK_LOG_SEAMLESS);
    assert_int_equal(look(&ring, "cde-", false).seam, LK_LOG_SEAMLESS);
    assert_int_equal(look(&ring, "-e-", false).seam, LK_LOG_SEAM_IN_DOUBT);
    lk_log_ring_done(&ring);
}

static void an_empty_look_forgets_nothing(void **state)
{
    struct lk_log_ring ring = {.prints = NULL};

    (void)state;
    (void)look(&ring, "abc", false);
    (void)look(&ring, "", false);
    assert_int_equal(look(&ring, "bcd", false).first_new, 2);
    lk_log_ring_done(&ring);
}

static void a_look_from_far_before_is_searched_for_what_was_seen(void **state)
{
    struct lk_log_ring ring = {.prints = NULL};
    struct lk_log_merge merge;

    (void)state;
    for (const char *letter = "efg"; *letter; letter++)
        lk_log_ring_append(&ring, (struct lk_str){letter, 1}, 2);
    merge = look(&ring, "abcdefghij", true);
    assert_int_equal(merge.first_new, 7);
    assert_int_equal(merge.seam, LK_LOG_SEAMLESS);
    merge = look(&ring, "ijk", true);
    assert_int_equal(merge.first_new, 2);
    merge = look(&ring, "xyz", true);
    assert_int_equal(merge.seam, LK_LOG_SEAM_BROKEN);
    lk_log_ring_done(&ring);
}

static void appending_remembers_the_last_lines_only(void **state)
{
    struct lk_log_ring ring = {.prints = NULL};
    char text[TEXT_MAX];
    struct lk_str lines[5];
    char texts[5][TEXT_MAX];

    (void)state;
    for (int i = 0; i < 100000; i++) {
        (void)snprintf(text, sizeof(text), "line %d", i);
        lk_log_ring_append(&ring, lk_str_from(text), 100);
    }
    assert_true(ring.count >= 100 && ring.count <= 200);
    for (int i = 0; i < 5; i++) {
        (void)snprintf(texts[i], TEXT_MAX, "line %d", 99997 + i);
        lines[i] = lk_str_from(texts[i]);
    }
    assert_int_equal(lk_log_ring_merge(&ring, lines, 5).first_new, 3);
    lk_log_ring_done(&ring);
}

static void of_a_look_beyond_measure_the_last_lines_count(void **state)
{
    enum { MANY = LK_LOG_RING_MAX + 10 };
    struct lk_str *lines = lk_alloc(MANY * sizeof(*lines));
    char(*texts)[TEXT_MAX] = lk_alloc(MANY * sizeof(*texts));
    struct lk_log_ring ring = {.prints = NULL};

    (void)state;
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(texts[i], TEXT_MAX, "line %d", i);
        lines[i] = lk_str_from(texts[i]);
    }
    assert_int_equal(lk_log_ring_merge(&ring, lines, MANY).first_new, 0);
    assert_int_equal(ring.count, LK_LOG_RING_MAX);
    assert_int_equal(lk_log_ring_merge(&ring, lines, MANY).first_new, MANY);
    lk_log_ring_done(&ring);
    free(lines);
    free(texts);
}

/* ---- the property -------------------------------------------------------------------------------
 */

/* A true log, a ring over it, and looks at chance moments. */
struct world {
    char texts[LINES_MAX][TEXT_MAX];
    struct lk_str lines[LINES_MAX];
    size_t ring_size;
};

static unsigned roll(unsigned below)
{
    return (unsigned)rand() % below; /* NOLINT: repeatable on purpose */
}

/* different: how many different lines there are, 0: all differ; of every blank lines one is not. */
static void write_log(struct world *world, unsigned different, unsigned blank)
{
    for (size_t i = 0; i < LINES_MAX; i++) {
        (void)snprintf(world->texts[i], TEXT_MAX, "line %zu", different ? roll(different) : i);
        if (blank && roll(blank))
            world->texts[i][0] = '\0';
        world->lines[i] = lk_str_from(world->texts[i]);
    }
}

/* Looks when `end` lines have been written. */
static struct lk_log_merge look_at(struct world *world, struct lk_log_ring *ring, size_t end,
                                   size_t *ret_begin)
{
    *ret_begin = end > world->ring_size ? end - world->ring_size : 0;
    return lk_log_ring_merge(ring, world->lines + *ret_begin, end - *ret_begin);
}

static void lines_that_differ_give_the_true_log_with_a_mark_where_some_are_lost(void **state)
{
    struct world *world = lk_alloc(sizeof(*world));

    (void)state;
    for (unsigned seed = 1; seed <= 400; seed++) {
        struct lk_log_ring ring = {.prints = NULL};
        size_t expected = 0, begin;

        srand(seed);
        write_log(world, 0, 0);
        world->ring_size = 1 + roll(60);
        for (size_t end = 0; end < LINES_MAX; end += roll((unsigned)world->ring_size * 2)) {
            struct lk_log_merge merge = look_at(world, &ring, end, &begin);
            /* Met with the last line given: at least one line of the look before is in sight. */
            bool meets = begin < expected || !expected || !end;
            if (meets != (merge.seam == LK_LOG_SEAMLESS) ||
                (!meets && merge.seam != LK_LOG_SEAM_BROKEN))
                fail_msg("seed %u: seam %d at %zu, seen to %zu", seed, merge.seam, begin, expected);
            if (end && begin + merge.first_new != (begin > expected ? begin : expected))
                fail_msg("seed %u: from %zu, expected %zu", seed, begin + merge.first_new,
                         expected);
            expected = end;
        }
        lk_log_ring_done(&ring);
    }
    free(world);
}

static void a_loss_among_blank_lines_has_a_mark_or_a_doubt(void **state)
{
    struct world *world = lk_alloc(sizeof(*world));
    size_t lost = 0;

    (void)state;
    for (unsigned seed = 1; seed <= 400; seed++) {
        struct lk_log_ring ring = {.prints = NULL};
        size_t expected = 0, begin;

        srand(seed);
        write_log(world, 0, 2 + seed % 4);
        world->ring_size = 1 + roll(60);
        for (size_t end = 0; end < LINES_MAX; end += roll((unsigned)world->ring_size * 2)) {
            size_t before = ring.count;
            struct lk_log_merge merge = look_at(world, &ring, end, &begin);
            /* But for a ring that looks as if it stood still. */
            bool stands = before && merge.first_new >= before;
            if (before && begin > expected && !stands && merge.seam == LK_LOG_SEAMLESS &&
                !ring.in_doubt)
                fail_msg("seed %u: lines from %zu to %zu are lost unseen", seed, expected, begin);
            lost += before && begin > expected;
            expected = end;
        }
        lk_log_ring_done(&ring);
    }
    assert_true(lost > 1000);
    free(world);
}

static void lines_that_repeat_are_never_given_twice(void **state)
{
    struct world *world = lk_alloc(sizeof(*world));

    (void)state;
    for (unsigned seed = 1; seed <= 400; seed++) {
        struct lk_log_ring ring = {.prints = NULL};
        size_t expected = 0, begin;

        srand(seed);
        write_log(world, 1 + seed % 40, 0);
        world->ring_size = 1 + roll(60);
        for (size_t end = 0; end < LINES_MAX; end += roll((unsigned)world->ring_size * 2)) {
            struct lk_log_merge merge = look_at(world, &ring, end, &begin);
            if (begin + merge.first_new < expected)
                fail_msg("seed %u: line %zu is given twice", seed, begin + merge.first_new);
            expected = end;
        }
        lk_log_ring_done(&ring);
    }
    free(world);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_look_begins_where_the_longest_overlap_ends),
        cmocka_unit_test(doubt_is_told_once),
        cmocka_unit_test(an_empty_look_forgets_nothing),
        cmocka_unit_test(a_look_from_far_before_is_searched_for_what_was_seen),
        cmocka_unit_test(appending_remembers_the_last_lines_only),
        cmocka_unit_test(of_a_look_beyond_measure_the_last_lines_count),
        cmocka_unit_test(lines_that_differ_give_the_true_log_with_a_mark_where_some_are_lost),
        cmocka_unit_test(a_loss_among_blank_lines_has_a_mark_or_a_doubt),
        cmocka_unit_test(lines_that_repeat_are_never_given_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
