/* What every command that runs magics needs: a context, a terminal cell, and Ctrl-C. */
#ifndef LK_CLI_SESSION_H
#define LK_CLI_SESSION_H

#include "cli/cli.h"
#include "cli/terminal_cell.h"
#include "magic/magic.h"

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
/* Runs one magic with the words of a command line, without showing its answer: ret is to be
 * released with lk_answer_done() whatever comes back. Prints the error; LK_EXIT_USAGE for wrong
 * words. */
int lk_cli_session_call(struct lk_cli_session *session, const char *name, const char *verb,
                        int word_count, char **words, struct lk_answer *ret);

#endif
