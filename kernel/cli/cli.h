/* The terminal front end: the same magics without Jupyter (DESIGN §2.1). Each command
 * has a file of its own; this is the one list of them. main thread. */
#ifndef LK_CLI_CLI_H
#define LK_CLI_CLI_H

#include "magic/context.h"

/* DESIGN §2.1. */
enum lk_exit {
    LK_EXIT_OK = 0,
    LK_EXIT_FAILED = 1,
    LK_EXIT_USAGE = 2,
    LK_EXIT_BATCH_FAILED = 3,
    LK_EXIT_UNKNOWN = 4,
    LK_EXIT_INTERRUPTED = 130,
};

struct lk_cli_options {
    const struct lk_context_options *context; /* borrowed */
    const char *home;                         /* HOME */
    const char *data_home;                    /* $XDG_DATA_HOME or ~/.local/share */
    const char *jupyter_data;                 /* JUPYTER_DATA_DIR; may be NULL */
    const char *sys_prefix;                   /* VIRTUAL_ENV or CONDA_PREFIX; may be NULL */
    bool colour;                              /* stderr is a terminal and NO_COLOR is not set */
    bool live;                                /* stderr is a terminal that can draw a line anew */
};

/* argv[0] is the command's name. Each returns an enum lk_exit. */
int lk_cli_run(const struct lk_cli_options *options, int argc, char **argv);
int lk_cli_install(const struct lk_cli_options *options, int argc, char **argv);
int lk_cli_uninstall(const struct lk_cli_options *options, int argc, char **argv);
int lk_cli_token(const struct lk_cli_options *options, int argc, char **argv);
int lk_cli_doctor(const struct lk_cli_options *options, int argc, char **argv);
/* Runs the command that argv[0] names, or with --help among its words shows its usage; an unknown
 * one gets the usage of all. */
int lk_cli_command(const struct lk_cli_options *options, int argc, char **argv);
/* A command's usage, that of all for NULL, to stdout (--help) or stderr. */
void lk_cli_usage(const char *command, bool to_stdout);

/* The exit code for a magic's outcome; code is the error's, for LK_FAILED and LK_TIMEOUT speak of
 * more than batches, and LK_INVALID of more than how the line is written. */
enum lk_exit lk_exit_of(enum lk_status st, const char *code);

#endif
