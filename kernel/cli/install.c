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
enum { LOGO_MAX = 1 << 20, SPEC_MAX = 64 << 10 };

struct choice {
    const char *prefix; /* NULL: the user's own folder */
    const char *name;
    bool user, sys_prefix;
};

/* --name VALUE or --name=VALUE; *i moves on over a value of its own. */
static bool read_value(const char *name, int argc, char **argv, int *i, const char **ret)
{
    size_t len = strlen(name);

    if (strcmp(argv[*i], name) == 0 && *i + 1 < argc)
        *ret = argv[++*i];
    else if (strncmp(argv[*i], name, len) == 0 && argv[*i][len] == '=')
        *ret = argv[*i] + len + 1;
    else
        return false;
    return (*ret)[0] != '\0';
}

/* Jupyter's own rule for kernel names. */
static bool is_kernel_name(const char *name)
{
    return name[0] && name[0] != '.' &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
               strlen(name);
}

static bool is_consistent(const struct lk_cli_options *options, struct choice *choice)
{
    const char *wrong = NULL;

    if (choice->user + choice->sys_prefix + (choice->prefix != NULL) > 1)
        wrong = "--user, --sys-prefix and --prefix exclude each other";
    else if (choice->sys_prefix && !options->sys_prefix)
        wrong = "--sys-prefix needs an active Python environment (VIRTUAL_ENV or CONDA_PREFIX)";
    else if (!is_kernel_name(choice->name))
        wrong = "a kernel's name has letters, digits, '.', '_' and '-' only";
    if (wrong)
        fprintf(stderr, "livy-kernel: %s\n", wrong);
    if (choice->sys_prefix)
        choice->prefix = options->sys_prefix;
    return !wrong;
}

/* --user, --sys-prefix, --prefix P, --name N; false for anything else. */
static bool read_choice(const struct lk_cli_options *options, int argc, char **argv,
                        struct choice *ret)
{
    *ret = (struct choice){.prefix = NULL, .name = LK_KERNELSPEC_NAME};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--user") == 0)
            ret->user = true;
        else if (strcmp(argv[i], "--sys-prefix") == 0)
            ret->sys_prefix = true;
        else if (!read_value("--prefix", argc, argv, &i, &ret->prefix) &&
                 !read_value("--name", argc, argv, &i, &ret->name))
            return false;
    }
    return is_consistent(options, ret);
}

/* Pictures are nice to have: what is not beside the program is left out. */
static void copy_logos(const char *folder)
{
    LK_CLEANUP(lk_free_ptr) char *own = lk_process_own_folder();

    for (size_t i = 0; own && i < LK_COUNT(logos); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf from = LK_BUF_INIT(8192);
        LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT(LOGO_MAX);
        LK_CLEANUP(lk_free_ptr) char *to = lk_path_join(folder, lk_str_from(logos[i]));
        struct lk_error ignored = LK_ERROR_INIT;
        lk_buf_printf(&from, "%s/../share/livy-kernel/kernelspec/%s", own, logos[i]);
        if (lk_file_read(lk_buf_cstr(&from), &bytes, &ignored) == LK_OK &&
            lk_file_write(to, 0644, lk_buf_view(&bytes), &ignored) != LK_OK)
            fprintf(stderr, "livy-kernel: %s\n", ignored.message);
    }
}

static enum lk_status write_spec(const char *folder, struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *program = lk_platform_own_program();
    LK_CLEANUP(lk_free_ptr) char *file = lk_path_join(folder, LK_STR("kernel.json"));
    LK_CLEANUP(lk_buf_done) struct lk_buf json = LK_BUF_INIT(16384);
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
    LK_CLEANUP(lk_free_ptr) char *folder = NULL;
    struct lk_error err = LK_ERROR_INIT;
    struct choice choice;

    if (!read_choice(options, argc, argv, &choice)) {
        lk_cli_usage("install", false);
        return LK_EXIT_USAGE;
    }
    folder = lk_kernelspec_folder(options, choice.prefix, choice.name);
    if (write_spec(folder, &err)) {
        if (!err.next[0] && choice.prefix)
            lk_error_next(&err, "livy-kernel install --user needs no rights of others.");
        lk_terminal_print_error(&err, options->colour);
        return LK_EXIT_FAILED;
    }
    fprintf(stderr,
            "Installed %s/kernel.json.\n"
            "In VS Code: Select Kernel > Jupyter Kernel… > Livy (Spark batch).\n",
            folder);
    return LK_EXIT_OK;
}

/* Another kernel's folder is not ours to empty. */
static bool is_ours(const char *spec)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(SPEC_MAX);
    struct lk_error err = LK_ERROR_INIT;

    if (lk_file_read(spec, &text, &err)) {
        fprintf(stderr, "livy-kernel: %s\n", err.message);
        return false;
    }
    if (lk_kernelspec_is_ours(lk_buf_view(&text)))
        return true;
    fprintf(stderr, "livy-kernel: %s belongs to another kernel\n", spec);
    return false;
}

static bool remove_files(const char *folder)
{
    bool all = true;

    for (size_t i = 0; i <= LK_COUNT(logos); i++) {
        LK_CLEANUP(lk_free_ptr)
        char *file = lk_path_join(folder, lk_str_from(i ? logos[i - 1] : "kernel.json"));
        if (unlink(file) == 0 || errno == ENOENT)
            continue;
        fprintf(stderr, "livy-kernel: %s: %s\n", file, strerror(errno));
        all = false;
    }
    /* A folder with other files in it stays. */
    if (all && rmdir(folder) != 0 && errno != ENOTEMPTY && errno != EEXIST)
        fprintf(stderr, "livy-kernel: %s: %s\n", folder, strerror(errno));
    return all;
}

int lk_cli_uninstall(const struct lk_cli_options *options, int argc, char **argv)
{
    LK_CLEANUP(lk_free_ptr) char *folder = NULL;
    LK_CLEANUP(lk_free_ptr) char *spec = NULL;
    struct choice choice;

    if (!read_choice(options, argc, argv, &choice)) {
        lk_cli_usage("uninstall", false);
        return LK_EXIT_USAGE;
    }
    folder = lk_kernelspec_folder(options, choice.prefix, choice.name);
    spec = lk_path_join(folder, LK_STR("kernel.json"));
    /* What was asked for is so already. */
    if (!lk_file_exists(spec)) {
        fprintf(stderr, "Nothing to remove: there is no kernel in %s.\n", folder);
        return LK_EXIT_OK;
    }
    if (!is_ours(spec) || !remove_files(folder))
        return LK_EXIT_FAILED;
    fprintf(stderr, "Removed %s.\n", folder);
    return LK_EXIT_OK;
}
