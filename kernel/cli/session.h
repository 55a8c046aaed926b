/* What every command that runs magics needs: a context, a terminal cell, and Ctrl-C. */
#ifndef LK_CLI_SESSION_H
#define LK_CLI_SESSION_H

#include "cli/cli.h"
#include "cli/terminal_cell.h"

struct lk_cli_session {
    const struct lk_cli_options *options;
    struct lk_context *context;
    struct lk_cancel *cancel;
    struct lk_terminal_cell cell;
};

/* LK_EXIT_OK, or the exit code after the error was printed. Ctrl-C sets the cancel flag from here
 * on; a second one ends the process. */
int lk_cli_session_open(const struct lk_cli_options *options, struct lk_cli_session *ret);
void lk_cli_session_close(struct lk_cli_session *session);
/* Runs one cell and prints its error. */
int lk_cli_session_run(struct lk_cli_session *session, struct lk_str code);

#endif
