/* livy-kernel run: magics from a terminal, a script, or CI. */
#include "base/file.h"
#include "cli/cli.h"
#include "cli/ipynb.h"
#include "cli/session.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int run_cells(const struct lk_cli_options *options, const json_t *cells)
{
    struct lk_cli_session session;
    int result = lk_cli_session_open(options, &session);
    size_t i;
    json_t *cell;

    if (result)
        return result;
    json_array_foreach((json_t *)cells, i, cell)
    {
        result = lk_cli_session_run(&session, lk_json_str(cell));
        if (result)
            break;
    }
    lk_cli_session_close(&session);
    return result;
}

static int print_and_exit(const struct lk_cli_options *options, const struct lk_error *err)
{
    lk_terminal_print_error(err, options->colour);
    return lk_exit_of(err->status);
}

static int run_notebook(const struct lk_cli_options *options, const char *path)
{
    LK_CLEANUP(lk_buf_done)
    struct lk_buf text = LK_BUF_INIT(LK_NOTEBOOK_MAX);
    LK_CLEANUP(lk_json_unref)
    json_t *cells = NULL;
    struct lk_error err = LK_ERROR_INIT;

    if (lk_file_read(path, &text, &err) || lk_ipynb_cells(lk_buf_view(&text), &cells, &err)) {
        lk_error_prefix(&err, "%s", path);
        return print_and_exit(options, &err);
    }
    return run_cells(options, cells);
}

static int run_stdin(const struct lk_cli_options *options)
{
    LK_CLEANUP(lk_buf_done)
    struct lk_buf text = LK_BUF_INIT(LK_NOTEBOOK_MAX);
    struct lk_cli_session session;
    char piece[65536];
    ssize_t n;
    int result;

    while ((n = read(STDIN_FILENO, piece, sizeof piece)) > 0)
        lk_buf_put(&text, (struct lk_str){piece, (size_t)n});
    result = lk_cli_session_open(options, &session);
    if (result)
        return result;
    /* As bytes, not as JSON: a cell that is no UTF-8 deserves its own error. */
    result = lk_cli_session_run(&session, lk_buf_view(&text));
    lk_cli_session_close(&session);
    return result;
}

static int run_arguments(const struct lk_cli_options *options, int argc, char **argv)
{
    struct lk_cli_session session;
    int result = lk_cli_session_open(options, &session);

    if (result)
        return result;
    for (int i = 1; i < argc && !result; i++)
        result = lk_cli_session_run(&session, lk_str_from(argv[i]));
    lk_cli_session_close(&session);
    return result;
}

int lk_cli_run(const struct lk_cli_options *options, int argc, char **argv)
{
    if (argc < 2) {
        lk_cli_usage(false);
        return LK_EXIT_USAGE;
    }
    if (argc == 2 && strcmp(argv[1], "-") == 0)
        return run_stdin(options);
    if (argc == 2 && lk_str_ends(lk_str_from(argv[1]), LK_STR(".ipynb")) && argv[1][0] != '%')
        return run_notebook(options, argv[1]);
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], "--", 2) == 0) {
            lk_cli_usage(false);
            return LK_EXIT_USAGE;
        }
    return run_arguments(options, argc, argv);
}
