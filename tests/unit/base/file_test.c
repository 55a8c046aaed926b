#include "base/file.h"
#include "support/assert.h"
#include "support/temp_folder.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char *folder;
    char *path; /* a file in it that is not there yet */
    struct lk_error err;
};

static int make_place(void **state)
{
    struct place *place = lk_alloc(sizeof(*place));

    place->folder = temp_folder_new();
    place->path = temp_folder_path(place->folder, "file");
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;

    temp_folder_free(place->folder);
    free(place->path);
    free(place);
    return 0;
}

static size_t entries_of(const char *folder)
{
    DIR *open = opendir(folder);
    size_t count = 0;

    assert_non_null(open);
    for (struct dirent *entry; (entry = readdir(open));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(open);
    return count;
}

static mode_t mode_of(const char *path)
{
    struct stat info;

    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 0777;
}

static void what_was_written_is_read(void **state)
{
    struct place *place = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT(1 << 20);
    LK_CLEANUP(lk_buf_done) struct lk_buf big = LK_BUF_INIT(1 << 20);

    while (!big.full)
        lk_buf_put(&big, LK_STR("0123456789\0abcdef\xFF"));
    assert_lk_ok(lk_file_write(place->path, 0600, lk_buf_view(&big), &place->err), &place->err);
    lk_buf_put(&bytes, LK_STR("what was in the buffer before"));
    assert_lk_ok(lk_file_read(place->path, &bytes, &place->err), &place->err);
    assert_true(lk_str_eq(lk_buf_view(&bytes), lk_buf_view(&big)));
    assert_int_equal(mode_of(place->path), 0600);
    assert_true(lk_file_exists(place->path));
}

static void an_empty_file_is_a_file(void **state)
{
    struct place *place = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT(0);

    assert_lk_ok(lk_file_write(place->path, 0644, LK_STR_EMPTY, &place->err), &place->err);
    assert_lk_ok(lk_file_read(place->path, &bytes, &place->err), &place->err);
    assert_int_equal(bytes.len, 0);
}

static void a_file_past_the_ceiling_is_refused_whole(void **state)
{
    struct place *place = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT(4);

    assert_lk_ok(lk_file_write(place->path, 0600, LK_STR("12345"), &place->err), &place->err);
    assert_lk_status(LK_LIMIT, lk_file_read(place->path, &bytes, &place->err), &place->err);
    assert_contains(place->err.message, "file");
    assert_int_equal(bytes.len, 0);
    assert_lk_ok(lk_file_write(place->path, 0600, LK_STR("1234"), &place->err), &place->err);
    assert_lk_ok(lk_file_read(place->path, &bytes, &place->err), &place->err);
    assert_string_equal(lk_buf_cstr(&bytes), "1234");
}

static void what_cannot_be_read_is_told_apart(void **state)
{
    struct place *place = *state;
    LK_CLEANUP(lk_free_ptr) char *below = temp_folder_path(place->path, "below");
    LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT(4);

    assert_lk_status(LK_NOT_FOUND, lk_file_read(place->path, &bytes, &place->err), &place->err);
    assert_lk_status(LK_INVALID, lk_file_read(place->folder, &bytes, &place->err), &place->err);
    assert_lk_ok(lk_file_write(place->path, 0600, LK_STR("x"), &place->err), &place->err);
    assert_lk_status(LK_NOT_FOUND, lk_file_read(below, &bytes, &place->err), &place->err);
    assert_false(lk_file_exists(below));
}

static void a_write_replaces_and_leaves_nothing_beside_it(void **state)
{
    struct place *place = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT(100);

    assert_lk_ok(lk_file_write(place->path, 0600, LK_STR("old and longer"), &place->err),
                 &place->err);
    assert_lk_ok(lk_file_write(place->path, 0640, LK_STR("new"), &place->err), &place->err);
    assert_lk_ok(lk_file_read(place->path, &bytes, &place->err), &place->err);
    assert_string_equal(lk_buf_cstr(&bytes), "new");
    assert_int_equal(entries_of(place->folder), 1);
}

static void a_write_that_fails_leaves_the_old_file(void **state)
{
    struct place *place = *state;
    LK_CLEANUP(lk_free_ptr) char *inside = temp_folder_path(place->folder, "no/such/folder");
    LK_CLEANUP(lk_free_ptr) char *taken = temp_folder_path(place->folder, "taken");

    assert_lk_status(LK_IO, lk_file_write(inside, 0600, LK_STR("x"), &place->err), &place->err);
    /* A folder of that name: the rename at the end fails. */
    assert_int_equal(mkdir(taken, 0700), 0);
    assert_lk_status(LK_IO, lk_file_write(taken, 0600, LK_STR("x"), &place->err), &place->err);
    assert_contains(place->err.message, "taken");
    assert_int_equal(entries_of(place->folder), 1);
}

static void the_longest_name_can_be_written(void **state)
{
    struct place *place = *state;
    char name[256];
    LK_CLEANUP(lk_free_ptr) char *path = NULL;

    memset(name, 'n', 255);
    name[255] = '\0';
    path = temp_folder_path(place->folder, name);
    assert_lk_ok(lk_file_write(path, 0600, LK_STR("x"), &place->err), &place->err);
    assert_true(lk_file_exists(path));
}

static void appends_add_up(void **state)
{
    struct place *place = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT(100);

    assert_lk_ok(lk_file_append_sync(place->path, 0600, LK_STR("one\n"), &place->err), &place->err);
    assert_lk_ok(lk_file_append_sync(place->path, 0644, LK_STR("two\n"), &place->err), &place->err);
    assert_lk_ok(lk_file_append_sync(place->path, 0600, LK_STR_EMPTY, &place->err), &place->err);
    assert_lk_ok(lk_file_read(place->path, &bytes, &place->err), &place->err);
    assert_string_equal(lk_buf_cstr(&bytes), "one\ntwo\n");
    assert_int_equal(mode_of(place->path), 0600);
    assert_lk_status(LK_IO, lk_file_append_sync(place->folder, 0600, LK_STR("x"), &place->err),
                     &place->err);
}

static void a_full_disk_is_told(void **state)
{
    struct place *place = *state;

    if (access("/dev/full", W_OK))
        skip();
    assert_lk_status(LK_IO, lk_file_append_sync("/dev/full", 0600, LK_STR("x"), &place->err),
                     &place->err);
    assert_contains(place->err.message, "No space left");
}

static void folders_are_made_all_the_way(void **state)
{
    struct place *place = *state;
    LK_CLEANUP(lk_free_ptr) char *deep = temp_folder_path(place->folder, "a/b//c/");
    LK_CLEANUP(lk_free_ptr) char *first = temp_folder_path(place->folder, "a");
    LK_CLEANUP(lk_free_ptr) char *below = temp_folder_path(place->path, "x");

    assert_lk_ok(lk_file_make_folders(deep, 0700, &place->err), &place->err);
    assert_lk_ok(lk_file_make_folders(deep, 0700, &place->err), &place->err);
    assert_lk_ok(lk_file_make_folders("/", 0700, &place->err), &place->err);
    assert_true(lk_file_exists(deep));
    assert_int_equal(mode_of(first), 0700);
    assert_lk_ok(lk_file_write(place->path, 0600, LK_STR("x"), &place->err), &place->err);
    assert_lk_status(LK_IO, lk_file_make_folders(below, 0700, &place->err), &place->err);
    assert_lk_status(LK_IO, lk_file_make_folders(place->path, 0700, &place->err), &place->err);
    assert_lk_status(LK_IO, lk_file_make_folders("", 0700, &place->err), &place->err);
}

static void paths_are_joined_with_one_slash(void **state)
{
    static const struct {
        const char *folder, *name, *want;
    } cases[] = {
        {"/a", "b", "/a/b"}, {"/a/", "b", "/a/b"}, {"/", "b", "/b"}, {"a", "b/c", "a/b/c"}};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_free_ptr)
        char *path = lk_path_join(cases[i].folder, lk_str_from(cases[i].name));

        assert_string_equal(path, cases[i].want);
    }
    assert_str(lk_path_base(LK_STR("/a/b.py")), "b.py");
    assert_str(lk_path_base(LK_STR("b.py")), "b.py");
    assert_str(lk_path_base(LK_STR("a/")), "");
    assert_str(lk_path_base(LK_STR_EMPTY), "");
}

static void closing_a_descriptor_twice_is_fine(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    lk_fd_close(&ends[0]);
    assert_int_equal(ends[0], -1);
    lk_fd_close(&ends[0]);
    lk_fd_close(&ends[1]);
}

#define file_test(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        file_test(what_was_written_is_read),
        file_test(an_empty_file_is_a_file),
        file_test(a_file_past_the_ceiling_is_refused_whole),
        file_test(what_cannot_be_read_is_told_apart),
        file_test(a_write_replaces_and_leaves_nothing_beside_it),
        file_test(a_write_that_fails_leaves_the_old_file),
        file_test(the_longest_name_can_be_written),
        file_test(appends_add_up),
        file_test(a_full_disk_is_told),
        file_test(folders_are_made_all_the_way),
        cmocka_unit_test(paths_are_joined_with_one_slash),
        cmocka_unit_test(closing_a_descriptor_twice_is_fine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
