#include "base/error.h"
#include "support/assert.h"

#include <errno.h>
#include <string.h>

static void an_error_says_what_it_was_told(void **state)
{
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_status(LK_INVALID, lk_error_set(&err, LK_INVALID, "BadName", "'%s' is bad", "a/b"),
                     &err);
    assert_string_equal(err.code, "BadName");
    assert_string_equal(err.message, "'a/b' is bad");
}

static void a_new_error_forgets_the_old_one(void **state)
{
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    lk_error_set(&err, LK_SERVICE, "Old", "old");
    lk_error_next(&err, "do this");
    lk_error_story(&err, LK_STR("once upon a time"));
    lk_error_answer(&err, 503, LK_STR("Busy"), LK_STR("7f3c"));
    lk_error_set(&err, LK_INVALID, "New", "new");
    assert_string_equal(err.next, "");
    assert_string_equal(err.story, "");
    assert_string_equal(err.service_code, "");
    assert_string_equal(err.request_id, "");
    assert_int_equal(err.http_status, 0);
}

static void an_error_can_be_made_of_its_own_words(void **state)
{
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    lk_error_set(&err, LK_IO, "Inner", "disk full");
    lk_error_set(&err, LK_LIMIT, err.code, "gave up: %s", err.message);
    assert_string_equal(err.message, "gave up: disk full");
    lk_error_next(&err, "see: %s", err.message);
    assert_string_equal(err.next, "see: gave up: disk full");
    lk_error_story(&err, lk_str_from(err.message));
    assert_string_equal(err.story, "gave up: disk full");
    lk_error_prefix(&err, "%s", err.code);
    assert_string_equal(err.message, "Inner: gave up: disk full");
}

static void prefixes_stack_up_in_front(void **state)
{
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    lk_error_set(&err, LK_NOT_FOUND, "Gone", "Livy answered 404");
    assert_int_equal(lk_error_prefix(&err, "batch '%s'", "nightly"), LK_NOT_FOUND);
    assert_int_equal(lk_error_prefix(&err, "monitor"), LK_NOT_FOUND);
    assert_string_equal(err.message, "monitor: batch 'nightly': Livy answered 404");
}

static void the_operating_systems_words_are_kept_when_ours_are_long(void **state)
{
    struct lk_error err = LK_ERROR_INIT;
    char longest[4000];

    (void)state;
    memset(longest, 'p', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_lk_status(LK_IO, lk_error_errno(&err, ENOENT, "FileError", "cannot open %s", longest),
                     &err);
    assert_contains(err.message, ": No such file or directory");
    lk_error_errno(&err, EACCES, "FileError", "cannot open %s", "x");
    assert_string_equal(err.message, "cannot open x: Permission denied");
}

static void long_words_are_cut_between_characters(void **state)
{
    struct lk_error err = LK_ERROR_INIT;
    char longest[3 * LK_ERROR_STORY_MAX + 1];
    char shifted[sizeof(longest)];

    (void)state;
    for (size_t i = 0; i + 3 < sizeof(longest); i += 3)
        memcpy(longest + i, "\xE2\x82\xAC", 3);
    longest[sizeof(longest) - 1] = '\0';
    for (int shift = 0; shift < 3; shift++) {
        memset(shifted, 'x', (size_t)shift);
        memcpy(shifted + shift, longest, sizeof(longest) - (size_t)shift - 1);
        shifted[sizeof(shifted) - 1] = '\0';
        lk_error_set(&err, LK_IO, shifted, "%s", shifted);
        lk_error_next(&err, "%s", shifted);
        lk_error_story(&err, lk_str_from(longest));
        lk_error_answer(&err, 500, lk_str_from(shifted), lk_str_from(shifted));
        lk_error_prefix(&err, "%s", shifted);
        assert_true(lk_str_is_utf8(lk_str_from(err.code)));
        assert_true(lk_str_is_utf8(lk_str_from(err.message)));
        assert_true(lk_str_is_utf8(lk_str_from(err.next)));
        assert_true(lk_str_is_utf8(lk_str_from(err.story)));
        assert_true(lk_str_is_utf8(lk_str_from(err.service_code)));
        assert_true(lk_str_is_utf8(lk_str_from(err.request_id)));
        assert_true(strlen(err.message) > LK_ERROR_MESSAGE_MAX - 5);
    }
}

static void a_long_story_keeps_its_end(void **state)
{
    struct lk_error err = LK_ERROR_INIT;
    char story[LK_ERROR_STORY_MAX + 500];

    (void)state;
    memset(story, '.', sizeof(story));
    memcpy(story, "first", 5);
    memcpy(story + sizeof(story) - 5, "cause", 5);
    lk_error_story(&err, (struct lk_str){story, sizeof(story)});
    assert_int_equal(strlen(err.story), LK_ERROR_STORY_MAX - 1);
    assert_true(lk_str_ends(lk_str_from(err.story), LK_STR("cause")));
    assert_lacks(err.story, "first");
    lk_error_story(&err, LK_STR_EMPTY);
    assert_string_equal(err.story, "");
}

static void an_answers_empty_parts_change_nothing(void **state)
{
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    lk_error_set(&err, LK_SERVICE, "E", "e");
    lk_error_answer(&err, 404, LK_STR("LakehouseNotFound"), LK_STR("7f3c"));
    assert_int_equal(lk_error_answer(&err, 0, LK_STR_EMPTY, LK_STR_EMPTY), LK_SERVICE);
    assert_int_equal(err.http_status, 404);
    assert_string_equal(err.service_code, "LakehouseNotFound");
    assert_string_equal(err.request_id, "7f3c");
}

static void a_failure_nobody_wants_words_for_stays_a_failure(void **state)
{
    (void)state;
    assert_int_equal(lk_error_set(NULL, LK_DENIED, "X", "x"), LK_DENIED);
    assert_int_equal(lk_error_errno(NULL, ENOENT, "X", "x"), LK_IO);
    assert_int_not_equal(lk_error_prefix(NULL, "x"), LK_OK);
    assert_int_not_equal(lk_error_next(NULL, "x"), LK_OK);
    assert_int_not_equal(lk_error_story(NULL, LK_STR("x")), LK_OK);
    assert_int_not_equal(lk_error_answer(NULL, 1, LK_STR("x"), LK_STR("x")), LK_OK);
    lk_error_clear(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_says_what_it_was_told),
        cmocka_unit_test(a_new_error_forgets_the_old_one),
        cmocka_unit_test(an_error_can_be_made_of_its_own_words),
        cmocka_unit_test(prefixes_stack_up_in_front),
        cmocka_unit_test(the_operating_systems_words_are_kept_when_ours_are_long),
        cmocka_unit_test(long_words_are_cut_between_characters),
        cmocka_unit_test(a_long_story_keeps_its_end),
        cmocka_unit_test(an_answers_empty_parts_change_nothing),
        cmocka_unit_test(a_failure_nobody_wants_words_for_stays_a_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
