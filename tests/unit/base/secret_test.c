#include "base/secret.h"
#include "support/assert.h"
#include "support/temp_folder.h"

#include "base/file.h"
#include "base/uuid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void a_secret_keeps_its_own_copy(void **state)
{
    LK_CLEANUP(lk_secret_done) struct lk_secret secret = LK_SECRET_INIT;
    char bytes[] = "hunter2";

    (void)state;
    assert_true(lk_secret_is_empty(&secret));
    assert_string_equal(lk_secret_reveal(&secret).ptr, "");
    lk_secret_set(&secret, lk_str_from(bytes));
    lk_wipe(bytes, sizeof(bytes));
    assert_int_equal(bytes[0], 0);
    assert_str(lk_secret_reveal(&secret), "hunter2");
    assert_string_equal(lk_secret_reveal(&secret).ptr, "hunter2");
    assert_false(lk_secret_is_empty(&secret));
}

static void setting_anew_replaces_even_with_a_part_of_itself(void **state)
{
    LK_CLEANUP(lk_secret_done) struct lk_secret secret = LK_SECRET_INIT;

    (void)state;
    lk_secret_set(&secret, LK_STR("Bearer abc"));
    lk_secret_set(&secret, lk_str_slice(lk_secret_reveal(&secret), 7, 10));
    assert_str(lk_secret_reveal(&secret), "abc");
    lk_secret_copy(&secret, &secret);
    assert_str(lk_secret_reveal(&secret), "abc");
    lk_secret_set(&secret, LK_STR_EMPTY);
    assert_true(lk_secret_is_empty(&secret));
    assert_null(secret.guarded);
}

/* Whether the page that holds at is still there. */
static bool is_mapped(const char *at)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    return msync((void *)((uintptr_t)at / page * page), page, MS_ASYNC) == 0;
}

static void what_was_there_before_is_gone_from_memory(void **state)
{
    struct lk_secret secret = LK_SECRET_INIT;
    const char *first, *second;

    (void)state;
    lk_secret_set(&secret, LK_STR("first"));
    first = lk_secret_reveal(&secret).ptr;
    assert_true(is_mapped(first));
    lk_secret_set(&secret, LK_STR("second"));
    assert_false(is_mapped(first));
    second = lk_secret_reveal(&secret).ptr;
    lk_secret_done(&secret);
    assert_false(is_mapped(second));
}

static void moving_empties_the_source(void **state)
{
    LK_CLEANUP(lk_secret_done) struct lk_secret from = LK_SECRET_INIT;
    LK_CLEANUP(lk_secret_done) struct lk_secret to = LK_SECRET_INIT;

    (void)state;
    lk_secret_set(&from, LK_STR("new"));
    lk_secret_set(&to, LK_STR("old"));
    lk_secret_move(&to, &from);
    assert_str(lk_secret_reveal(&to), "new");
    assert_true(lk_secret_is_empty(&from));
    lk_secret_move(&to, &to);
    assert_str(lk_secret_reveal(&to), "new");
}

static void comparison_wants_every_byte(void **state)
{
    LK_CLEANUP(lk_secret_done) struct lk_secret secret = LK_SECRET_INIT;

    (void)state;
    assert_true(lk_secret_equals(&secret, LK_STR_EMPTY));
    lk_secret_set(&secret, LK_STR("abc"));
    assert_true(lk_secret_equals(&secret, LK_STR("abc")));
    assert_false(lk_secret_equals(&secret, LK_STR("abd")));
    assert_false(lk_secret_equals(&secret, LK_STR("ab")));
    assert_false(lk_secret_equals(&secret, LK_STR("abcd")));
    assert_false(lk_secret_equals(&secret, LK_STR_EMPTY));
    assert_true(lk_bytes_equal_ct(LK_STR("\0x"), LK_STR("\0x")));
    assert_false(lk_bytes_equal_ct(LK_STR("\0x"), LK_STR("\0y")));
}

static void a_fingerprint_tells_apart_and_shows_nothing(void **state)
{
    LK_CLEANUP(lk_secret_done) struct lk_secret secret = LK_SECRET_INIT;
    char print[LK_FINGERPRINT_SIZE];

    (void)state;
    lk_secret_set(&secret, LK_STR("abc"));
    lk_secret_fingerprint(&secret, print);
    assert_string_equal(print, "sha256:ba7816bf"); /* FIPS 180-2, B.1 */
    lk_secret_set(&secret, LK_STR("abd"));
    lk_secret_fingerprint(&secret, print);
    assert_string_not_equal(print, "sha256:ba7816bf");
}

static void a_secret_file_is_read_without_its_last_line_end(void **state)
{
    static const struct {
        const char *bytes, *want;
    } cases[] = {{"key", "key"},       {"key\n", "key"}, {"key\r\n", "key"}, {"key\n\n", "key\n"},
                 {"k\ney\n", "k\ney"}, {"\n", ""},       {"key\r", "key\r"}};
    char *folder = temp_folder_new();
    char *path = temp_folder_path(folder, "secret");
    struct lk_error err;

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_secret_done) struct lk_secret secret = LK_SECRET_INIT;

        assert_lk_ok(lk_file_write(path, 0600, lk_str_from(cases[i].bytes), &err), &err);
        assert_lk_ok(lk_secret_read_file(&secret, path, 8, &err), &err);
        assert_str(lk_secret_reveal(&secret), cases[i].want);
    }
    free(path);
    temp_folder_free(folder);
}

static void a_secret_file_that_is_not_right_leaves_the_secret_alone(void **state)
{
    LK_CLEANUP(lk_secret_done) struct lk_secret secret = LK_SECRET_INIT;
    char *folder = temp_folder_new();
    char *path = temp_folder_path(folder, "secret");
    struct lk_error err;

    (void)state;
    lk_secret_set(&secret, LK_STR("before"));
    assert_lk_status(LK_NOT_FOUND, lk_secret_read_file(&secret, path, 8, &err), &err);
    assert_lk_status(LK_INVALID, lk_secret_read_file(&secret, folder, 8, &err), &err);
    assert_lk_ok(lk_file_write(path, 0600, LK_STR("123456789"), &err), &err);
    assert_lk_status(LK_LIMIT, lk_secret_read_file(&secret, path, 8, &err), &err);
    assert_lacks(err.message, "1234");
    assert_lk_ok(lk_secret_read_file(&secret, path, 9, &err), &err);
    assert_str(lk_secret_reveal(&secret), "123456789");
    free(path);
    temp_folder_free(folder);
}

static void setup_leaves_no_way_to_a_core_file(void **state)
{
    pid_t child = fork();
    int status = 0;

    (void)state;
    if (child == 0) {
        struct rlimit limit;

        lk_secret_setup();
        _exit(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0 && limit.rlim_max == 0
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void random_bytes_do_not_repeat(void **state)
{
    unsigned char a[32] = {0}, b[32] = {0};

    (void)state;
    lk_random_bytes(a, sizeof(a));
    lk_random_bytes(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
}

static void a_uuid_is_a_guid_of_version_4(void **state)
{
    char first[LK_UUID_SIZE], next[LK_UUID_SIZE];

    (void)state;
    lk_uuid_v4(first);
    for (int i = 0; i < 200; i++) {
        lk_uuid_v4(next);
        assert_true(lk_str_is_guid(lk_str_from(next)));
        assert_int_equal(next[14], '4');
        assert_non_null(strchr("89ab", next[19]));
        assert_string_not_equal(first, next);
        for (char *c = next; *c; c++)
            assert_false(*c >= 'A' && *c <= 'F');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_keeps_its_own_copy),
        cmocka_unit_test(setting_anew_replaces_even_with_a_part_of_itself),
        cmocka_unit_test(what_was_there_before_is_gone_from_memory),
        cmocka_unit_test(moving_empties_the_source),
        cmocka_unit_test(comparison_wants_every_byte),
        cmocka_unit_test(a_fingerprint_tells_apart_and_shows_nothing),
        cmocka_unit_test(a_secret_file_is_read_without_its_last_line_end),
        cmocka_unit_test(a_secret_file_that_is_not_right_leaves_the_secret_alone),
        cmocka_unit_test(setup_leaves_no_way_to_a_core_file),
        cmocka_unit_test(random_bytes_do_not_repeat),
        cmocka_unit_test(a_uuid_is_a_guid_of_version_4),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
