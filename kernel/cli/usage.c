#include "cli/cli.h"

#include <stdio.h>

static const char text[] =
    "usage: livy-kernel COMMAND\n"
    "\n"
    "  -f FILE                        run as a Jupyter kernel (clients do this)\n"
    "  install [--user | --sys-prefix | --prefix P] [--name N]\n"
    "                                 tell Jupyter and VS Code about this kernel\n"
    "  uninstall [same options]       undo that\n"
    "  run 'MAGIC' …                  run magics, each argument a cell\n"
    "  run -                          run a cell from standard input\n"
    "  run NOTEBOOK.ipynb             run a notebook's cells in order\n"
    "  token --for fabric|storage|SCOPE [options of %entra login]\n"
    "                                 print an access token\n"
    "  doctor [--json]                check the set-up and say what to do\n"
    "  --version, --help\n"
    "\n"
    "run prints each value as one line of JSON on standard output and everything else on\n"
    "standard error. Exit codes: 0 done, 1 failed, 2 usage, 3 the batch ended unsuccessfully,\n"
    "4 outcome unknown, 130 interrupted. livy-kernel run '%help' lists the magics.\n";

void lk_cli_usage(bool to_stdout)
{
    fputs(text, to_stdout ? stdout : stderr);
}

enum lk_exit lk_exit_of(enum lk_status st, const char *code)
{
    switch (st) {
    case LK_OK:
        return LK_EXIT_OK;
    case LK_FAILED:
        return lk_str_starts(lk_str_from(code), LK_STR("Batch")) ? LK_EXIT_BATCH_FAILED
                                                                 : LK_EXIT_FAILED;
    case LK_TIMEOUT:
        return lk_str_eq(lk_str_from(code), LK_STR("WatchTimeout")) ? LK_EXIT_UNKNOWN
                                                                    : LK_EXIT_FAILED;
    case LK_UNKNOWN:
        return LK_EXIT_UNKNOWN;
    case LK_CANCELLED:
        return LK_EXIT_INTERRUPTED;
    default:
        return LK_EXIT_FAILED;
    }
}
