/* livy-kernel install and uninstall: the kernelspec goes where clients look. */
#include "base/file.h"
#include "base/platform.h"
#include "base/process.h"
#include "cli/kernelspec.h"
#include "cli/terminal_cell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const logos[] = {"logo-32x32.png", "logo-64x64.png", "logo-svg.svg"};
enum { LOGO_MAX = 1 << 20 };

struct choice {
    const char *prefix; /* NULL: the user's own folder */
    const char *name;
};

/* --user, --sys-prefix, --prefix P, --name N; false for anything else. */
static bool read_choice(const struct lk_cli_options *options, int argc, char **argv,
                        struct choice *ret)
{
    *ret = (struct choice){.prefix = NULL, .name = "livy"};
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        bool has_next = i + 1 < argc;
        if (strcmp(word, "--user") == 0) {
            ret->prefix = NULL;
        } else if (strcmp(word, "--sys-prefix") == 0) {
            if (!options->sys_prefix) {
                fputs("livy-kernel: --sys-prefix needs an active Python environment "
                      "(VIRTUAL_ENV or CONDA_PREFIX)\n",
                      stderr);
                return false;
            }
            ret->prefix = options->sys_prefix;
        } else if (strcmp(word, "--prefix") == 0 && has_next) {
            ret->prefix = argv[++i];
        } else if (strcmp(word, "--name") == 0 && has_next) {
            ret->name = argv[++i];
        } else {
            return false;
        }
    }
    /* Jupyter's own rule for kernel names. */
    return ret->name[0] &&
           strspn(ret->name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
               strlen(ret->name) &&
           ret->name[0] != '.';
}

/* Pictures are nice to have: what is not beside the program is left out. */
static void copy_logos(const char *folder)
{
    LK_CLEANUP(lk_free_ptr)
    char *own = lk_process_own_folder();

    for (size_t i = 0; own && i < LK_COUNT(logos); i++) {
        LK_CLEANUP(lk_buf_done)
        struct lk_buf from = LK_BUF_INIT(8192);
        LK_CLEANUP(lk_buf_done)
        struct lk_buf bytes = LK_BUF_INIT(LOGO_MAX);
        LK_CLEANUP(lk_free_ptr)
        char *to = lk_path_join(folder, lk_str_from(logos[i]));
        struct lk_error ignored;
        lk_buf_printf(&from, "%s/../share/livy-kernel/kernelspec/%s", own, logos[i]);
        if (lk_file_read(lk_buf_cstr(&from), &bytes, &ignored) == LK_OK &&
            lk_file_write(to, 0644, lk_buf_view(&bytes), &ignored) != LK_OK)
            fprintf(stderr, "livy-kernel: %s\n", ignored.message);
    }
}

static enum lk_status write_spec(const char *folder, struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr)
    char *program = lk_platform_own_program();
    LK_CLEANUP(lk_free_ptr)
    char *file = lk_path_join(folder, LK_STR("kernel.json"));
    LK_CLEANUP(lk_buf_done)
    struct lk_buf json = LK_BUF_INIT(16384);
    enum lk_status st;

    if (!program)
        return lk_error_set(err, LK_UNSUPPORTED, "NoProgram",
                            "this system does not tell where the program is");
    st = lk_file_make_folders(folder, 0755, err);
    if (st)
        return st;
    copy_logos(folder);
    lk_kernelspec_json(program, &json);
    return lk_file_write(file, 0644, lk_buf_view(&json), err);
}

int lk_cli_install(const struct lk_cli_options *options, int argc, char **argv)
{
    LK_CLEANUP(lk_free_ptr)
    char *folder = NULL;
    struct lk_error err = LK_ERROR_INIT;
    struct choice choice;

    if (!read_choice(options, argc, argv, &choice)) {
        lk_cli_usage(false);
        return LK_EXIT_USAGE;
    }
    folder = lk_kernelspec_folder(options, choice.prefix, choice.name);
    if (write_spec(folder, &err)) {
        lk_terminal_print_error(&err, options->colour);
        return LK_EXIT_FAILED;
    }
    fprintf(stderr,
            "Installed %s/kernel.json.\n"
            "In VS Code: Select Kernel > Jupyter Kernel… > Livy (Spark batch).\n",
            folder);
    return LK_EXIT_OK;
}

int lk_cli_uninstall(const struct lk_cli_options *options, int argc, char **argv)
{
    LK_CLEANUP(lk_free_ptr)
    char *folder = NULL;
    LK_CLEANUP(lk_free_ptr)
    char *spec = NULL;
    struct choice choice;

    if (!read_choice(options, argc, argv, &choice)) {
        lk_cli_usage(false);
        return LK_EXIT_USAGE;
    }
    folder = lk_kernelspec_folder(options, choice.prefix, choice.name);
    spec = lk_path_join(folder, LK_STR("kernel.json"));
    if (unlink(spec) != 0) {
        fprintf(stderr, "livy-kernel: %s: %s\n", spec, strerror(errno));
        return LK_EXIT_FAILED;
    }
    for (size_t i = 0; i < LK_COUNT(logos); i++) {
        LK_CLEANUP(lk_free_ptr)
        char *logo = lk_path_join(folder, lk_str_from(logos[i]));
        if (unlink(logo) != 0 && errno != ENOENT)
            fprintf(stderr, "livy-kernel: %s: %s\n", logo, strerror(errno));
    }
    /* Only ours is removed; a folder with other files in it stays. */
    if (rmdir(folder) != 0 && errno != ENOTEMPTY && errno != EEXIST)
        fprintf(stderr, "livy-kernel: %s: %s\n", folder, strerror(errno));
    fprintf(stderr, "Removed %s.\n", folder);
    return LK_EXIT_OK;
}
