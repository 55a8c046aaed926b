/* livy-kernel doctor: %doctor from a terminal, and whether Jupyter knows the kernel. */
#include "base/file.h"
#include "cli/cli.h"
#include "cli/kernelspec.h"
#include "cli/session.h"

#include <stdio.h>

static void say_where_installed(const struct lk_cli_options *options)
{
    LK_CLEANUP(lk_free_ptr)
    char *folder = lk_kernelspec_folder(options, NULL, "livy");
    LK_CLEANUP(lk_free_ptr)
    char *file = lk_path_join(folder, LK_STR("kernel.json"));

    if (lk_file_exists(file))
        fprintf(stderr, "✓  kernelspec  %s\n", file);
    else
        fprintf(stderr, "✗  kernelspec  not in %s — livy-kernel install --user\n", folder);
}

int lk_cli_doctor(const struct lk_cli_options *options, int argc, char **argv)
{
    struct lk_cli_session session;
    int result;

    (void)argv;
    if (argc > 1) {
        lk_cli_usage(false);
        return LK_EXIT_USAGE;
    }
    result = lk_cli_session_open(options, &session);
    if (result)
        return result;
    say_where_installed(options);
    result = lk_cli_session_run(&session, LK_STR("%doctor"));
    lk_cli_session_close(&session);
    return result == LK_EXIT_BATCH_FAILED ? LK_EXIT_FAILED : result;
}
