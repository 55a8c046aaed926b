#include "base/file.h"
#include "cli/kernelspec.h"
#include "support/assert.h"
#include "support/temp_folder.h"

#include <stdlib.h>
#include <string.h>

#include "captured.h"

struct fixture {
    char *folder, *data, *spec;
    struct lk_cli_options options;
    struct captured seen;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->folder = temp_folder_new();
    f->data = temp_folder_path(f->folder, "data");
    f->spec = temp_folder_path(f->folder, "data/jupyter/kernels/livy/kernel.json");
    f->options = (struct lk_cli_options){.home = f->folder, .data_home = f->data};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    capture_done(&f->seen);
    temp_folder_free(f->folder);
    free(f->data);
    free(f->spec);
    free(f);
    return 0;
}

#define CALL(f, command, ...)                                                                      \
    call_command(&(f)->seen, &(f)->options, command, NULL, (const char *[]){__VA_ARGS__, NULL})
#define INSTALL(f, ...)   CALL(f, lk_cli_install, __VA_ARGS__)
#define UNINSTALL(f, ...) CALL(f, lk_cli_uninstall, __VA_ARGS__)

static void the_kernelspec_is_what_vs_code_and_jupyter_want(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(10000);
    LK_CLEANUP(lk_json_unref) json_t *spec = NULL;
    struct lk_error err = LK_ERROR_INIT;
    const json_t *argv;

    (void)state;
    lk_kernelspec_json("/opt/a \"b\"/livy-kernel", &text);
    assert_lk_ok(lk_json_parse(lk_buf_view(&text), "spec", &spec, &err), &err);
    argv = json_object_get(spec, "argv");
    assert_int_equal(json_array_size(argv), 3);
    assert_str(lk_json_str(json_array_get(argv, 0)), "/opt/a \"b\"/livy-kernel");
    assert_str(lk_json_str(json_array_get(argv, 1)), "-f");
    assert_str(lk_json_str(json_array_get(argv, 2)), "{connection_file}");
    assert_str(lk_json_get_str(spec, "display_name"), "Livy (Spark batch)");
    assert_str(lk_json_get_str(spec, "language"), "livy");
    assert_str(lk_json_get_str(spec, "interrupt_mode"), "message");
    assert_int_equal(json_object_size(spec), 4);
    assert_true(lk_kernelspec_is_ours(lk_buf_view(&text)));
}

static void installing_writes_the_spec_and_says_where(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(10000);
    struct lk_error err = LK_ERROR_INIT;

    assert_int_equal(INSTALL(f, "--user"), LK_EXIT_OK);
    assert_contains(lk_buf_view(&f->seen.errout), f->spec);
    assert_contains(lk_buf_view(&f->seen.errout), "Select Kernel");
    assert_lk_ok(lk_file_read(f->spec, &text, &err), &err);
    /* The absolute path of this very program. */
    assert_contains(lk_buf_view(&text), LK_TEST_BIN "/");
    assert_int_equal(INSTALL(f, "--user"), LK_EXIT_OK);
    assert_int_equal(UNINSTALL(f, "--user"), LK_EXIT_OK);
    assert_false(lk_file_exists(f->spec));
}

static void every_place_has_its_option(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_free_ptr) char *prefix = temp_folder_path(f->folder, "prefix");
    LK_CLEANUP(lk_free_ptr)
    char *in_prefix = temp_folder_path(f->folder, "prefix/share/jupyter/kernels/l2/kernel.json");
    LK_CLEANUP(lk_free_ptr)
    char *in_jupyter = temp_folder_path(f->folder, "jd/kernels/livy/kernel.json");
    LK_CLEANUP(lk_free_ptr) char *jupyter = temp_folder_path(f->folder, "jd");

    assert_int_equal(INSTALL(f, "--prefix", prefix, "--name=l2"), LK_EXIT_OK);
    assert_true(lk_file_exists(in_prefix));
    assert_int_equal(UNINSTALL(f, "--prefix", prefix, "--name", "l2"), LK_EXIT_OK);
    assert_false(lk_file_exists(in_prefix));
    f->options.sys_prefix = prefix;
    assert_int_equal(INSTALL(f, "--sys-prefix", "--name", "l2"), LK_EXIT_OK);
    assert_true(lk_file_exists(in_prefix));
    f->options.jupyter_data = jupyter;
    assert_int_equal(INSTALL(f, "--user"), LK_EXIT_OK);
    assert_true(lk_file_exists(in_jupyter));
}

static void wrong_words_get_the_usage_and_write_nothing(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(INSTALL(f, "--nonsense"), LK_EXIT_USAGE);
    assert_contains(lk_buf_view(&f->seen.errout), "usage:");
    assert_int_equal(f->seen.out.len, 0);
    assert_int_equal(INSTALL(f, "--name"), LK_EXIT_USAGE);
    assert_int_equal(INSTALL(f, "--name", "../evil"), LK_EXIT_USAGE);
    assert_int_equal(INSTALL(f, "--name", "..", "--user"), LK_EXIT_USAGE);
    assert_int_equal(INSTALL(f, "--name="), LK_EXIT_USAGE);
    assert_int_equal(INSTALL(f, "--user", "--prefix", "/x"), LK_EXIT_USAGE);
    assert_int_equal(INSTALL(f, "--sys-prefix"), LK_EXIT_USAGE);
    assert_contains(lk_buf_view(&f->seen.errout), "VIRTUAL_ENV");
    assert_false(lk_file_exists(f->data));
}

static void a_place_that_cannot_be_written_is_said(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_free_ptr) char *file = temp_folder_path(f->folder, "file");
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_file_write(file, 0600, LK_STR("x"), &err), &err);
    assert_int_equal(INSTALL(f, "--prefix", file), LK_EXIT_FAILED);
    assert_contains(lk_buf_view(&f->seen.errout), file);
    assert_contains(lk_buf_view(&f->seen.errout), "--user");
}

static void another_kernels_spec_is_left_alone(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_free_ptr)
    char *folder = temp_folder_path(f->folder, "data/jupyter/kernels/python3");
    LK_CLEANUP(lk_free_ptr) char *spec = temp_folder_path(folder, "kernel.json");
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_file_make_folders(folder, 0700, &err), &err);
    assert_lk_ok(lk_file_write(spec, 0600, LK_STR("{\"language\": \"python\"}"), &err), &err);
    assert_int_equal(UNINSTALL(f, "--user", "--name", "python3"), LK_EXIT_FAILED);
    assert_contains(lk_buf_view(&f->seen.errout), "another kernel");
    assert_true(lk_file_exists(spec));
}

static void uninstalling_what_is_not_there_is_done_at_once(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(UNINSTALL(f, "--user"), LK_EXIT_OK);
    assert_contains(lk_buf_view(&f->seen.errout), "Nothing to remove");
    assert_contains(lk_buf_view(&f->seen.errout), "data/jupyter/kernels/livy.\n");
}

static void a_folder_with_other_files_stays(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_free_ptr)
    char *other = temp_folder_path(f->folder, "data/jupyter/kernels/livy/notes.txt");
    struct lk_error err = LK_ERROR_INIT;

    assert_int_equal(INSTALL(f, "--user"), LK_EXIT_OK);
    assert_lk_ok(lk_file_write(other, 0600, LK_STR("x"), &err), &err);
    assert_int_equal(UNINSTALL(f, "--user"), LK_EXIT_OK);
    assert_true(lk_file_exists(other));
    assert_false(lk_file_exists(f->spec));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_kernelspec_is_what_vs_code_and_jupyter_want),
        TEST(installing_writes_the_spec_and_says_where),
        TEST(every_place_has_its_option),
        TEST(wrong_words_get_the_usage_and_write_nothing),
        TEST(a_place_that_cannot_be_written_is_said),
        TEST(another_kernels_spec_is_left_alone),
        TEST(uninstalling_what_is_not_there_is_done_at_once),
        TEST(a_folder_with_other_files_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
