/* livy-kernel run: magics from a terminal, a script, or CI. */
#include "base/file.h"
#include "cli/cli.h"
#include "cli/ipynb.h"
#include "cli/session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int print_and_exit(const struct lk_cli_session *session, const struct lk_error *err)
{
    lk_terminal_print_error(err, session->options->colour);
    return lk_exit_of(err->status, err->code);
}

static int run_notebook(struct lk_cli_session *session, const char *path)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(LK_NOTEBOOK_MAX);
    LK_CLEANUP(lk_json_unref) json_t *cells = NULL;
    struct lk_error err = LK_ERROR_INIT;
    int result = LK_EXIT_OK;
    size_t i;
    json_t *cell;

    if (lk_file_read(path, &text, &err) || lk_ipynb_cells(lk_buf_view(&text), &cells, &err)) {
        lk_error_prefix(&err, "%s", path);
        return print_and_exit(session, &err);
    }
    json_array_foreach(cells, i, cell)
    {
        result = lk_cli_session_run(session, lk_json_str(cell));
        if (result)
            break;
    }
    return result;
}

static enum lk_status read_stdin(struct lk_cancel *cancel, struct lk_buf *ret, struct lk_error *err)
{
    char piece[65536];
    ssize_t n;

    do {
        enum lk_status st = lk_cancel_poll(cancel, STDIN_FILENO, POLLIN, -1, err);
        if (st)
            return st;
        n = read(STDIN_FILENO, piece, sizeof piece);
        if (n < 0)
            return lk_error_errno(err, errno, "StdinFailed", "cannot read standard input");
        lk_buf_put(ret, (struct lk_str){piece, (size_t)n});
    } while (n && !ret->full);
    return LK_OK;
}

/* As bytes: a cell that is no UTF-8 or too large deserves its own error. */
static int run_stdin(struct lk_cli_session *session)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(LK_NOTEBOOK_MAX);
    struct lk_error err = LK_ERROR_INIT;

    if (read_stdin(session->cancel, &text, &err))
        return print_and_exit(session, &err);
    return lk_cli_session_run(session, lk_buf_view(&text));
}

static int run_one(struct lk_cli_session *session, const char *text)
{
    if (strcmp(text, "-") == 0)
        return run_stdin(session);
    if (text[0] != '%' && lk_str_ends(lk_str_from(text), LK_STR(".ipynb")))
        return run_notebook(session, text);
    return lk_cli_session_run(session, lk_str_from(text));
}

/* No cell begins with a dash, so that is an option, and there are none. */
static bool are_cells(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (argv[i][0] == '-' && argv[i][1])
            return false;
    return argc > 1;
}

int lk_cli_run(const struct lk_cli_options *options, int argc, char **argv)
{
    struct lk_cli_session session;
    int result;

    if (!are_cells(argc, argv)) {
        lk_cli_usage("run", false);
        return LK_EXIT_USAGE;
    }
    result = lk_cli_session_open(options, &session);
    if (result)
        return result;
    for (int i = 1; i < argc && !result; i++)
        result = run_one(&session, argv[i]);
    lk_cli_session_close(&session);
    return result;
}
