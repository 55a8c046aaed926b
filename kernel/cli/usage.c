/* The commands of livy-kernel: their list, their usage, their exit codes. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

static const char all[] =
    "usage: livy-kernel COMMAND\n"
    "\n"
    "  -f FILE                        run as a Jupyter kernel (clients do this)\n"
    "  install [--user | --sys-prefix | --prefix P] [--name N]\n"
    "                                 tell Jupyter and VS Code about this kernel\n"
    "  uninstall [same options]       undo that\n"
    "  run 'MAGIC' …                  run magics, each argument a cell\n"
    "  run -                          run a cell from standard input\n"
    "  run NOTEBOOK.ipynb             run a notebook's cells in order\n"
    "  token --for fabric|synapse|storage|SCOPE [options of %entra login]\n"
    "                                 print an access token\n"
    "  doctor [--json]                check the set-up and say what to do\n"
    "  --version, --help\n"
    "\n"
    "livy-kernel COMMAND --help explains one. livy-kernel run '%help' lists the magics.\n";

static const char run[] =
    "usage: livy-kernel run 'MAGIC' … | - | NOTEBOOK.ipynb\n"
    "\n"
    "  'MAGIC' …        each argument is a cell, all of one session:\n"
    "                   livy-kernel run '%livy connect local' '%entra login' '%batch list'\n"
    "  -                a cell from standard input\n"
    "  NOTEBOOK.ipynb   a notebook's cells in order, until one fails\n"
    "\n"
    "Prints each value as one line of JSON on standard output and everything else on standard\n"
    "error. Exit codes: 0 done, 1 failed, 2 usage, 3 the batch ended unsuccessfully,\n"
    "4 outcome unknown, 130 interrupted. livy-kernel run '%help' lists the magics.\n";

#define PLACE                                                                                      \
    "  --user         of you alone (the default)\n"                                                \
    "  --sys-prefix   of the active Python environment (VIRTUAL_ENV or CONDA_PREFIX)\n"            \
    "  --prefix P     P/share/jupyter, for instance of /usr/local\n"                               \
    "  --name N       the kernel's name, livy by default\n"

static const char install[] =
    "usage: livy-kernel install [--user | --sys-prefix | --prefix P] [--name N]\n"
    "\n"
    "Tells Jupyter and VS Code about this kernel, in the Jupyter folder\n"
    "\n" PLACE;

static const char uninstall[] =
    "usage: livy-kernel uninstall [--user | --sys-prefix | --prefix P] [--name N]\n"
    "\n"
    "Takes the kernel's entry away again, from the Jupyter folder\n"
    "\n" PLACE;

static const char token[] =
    "usage: livy-kernel token --for fabric|storage|SCOPE [options of %entra login]\n"
    "\n"
    "Signs in and prints an access token on standard output, for use with other tools.\n"
    "\n"
    "  --for WHAT                      fabric, storage, or a scope as it is\n"
    "  --tenant TENANT --client CLIENT the application; else AZURE_TENANT_ID, AZURE_CLIENT_ID\n"
    "  --certificate FILE [--key FILE], --secret-env VAR, --browser\n"
    "                                  how to sign in; the browser is the default\n"
    "\n"
    "livy-kernel run '%entra login --help' has all options.\n";

static const char doctor[] =
    "usage: livy-kernel doctor [--json]\n"
    "\n"
    "Checks the set-up and says what to do: ✓ is well, ✗ is not, – is missed by some commands\n"
    "only. Exit codes: 0 all well, 1 something needed is not.\n"
    "\n"
    "  --json   the checks as JSON on standard output\n";

struct command {
    const char *name;
    int (*run)(const struct lk_cli_options *options, int argc, char **argv);
    const char *usage;
};
static const struct command commands[] = {
    {"run", lk_cli_run, run},
    {"install", lk_cli_install, install},
    {"uninstall", lk_cli_uninstall, uninstall},
    {"token", lk_cli_token, token},
    {"doctor", lk_cli_doctor, doctor},
};

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < LK_COUNT(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

void lk_cli_usage(const char *command, bool to_stdout)
{
    const struct command *one = command ? find(command) : NULL;

    fputs(one ? one->usage : all, to_stdout ? stdout : stderr);
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

int lk_cli_command(const struct lk_cli_options *options, int argc, char **argv)
{
    const struct command *command = find(argv[0]);

    if (command && !asks_for_help(argc, argv))
        return command->run(options, argc, argv);
    lk_cli_usage(argv[0], command != NULL);
    return command ? LK_EXIT_OK : LK_EXIT_USAGE;
}

/* A line that was written wrongly: no magic was run. */
static bool is_usage(const char *code)
{
    static const char *const codes[] = {
        "UnknownMagic",  "MissingVerb",    "NeedsBody",     "NotAMagic",    "NotFirst",
        "UnknownOption", "RepeatedOption", "NoValue",       "MissingValue", "TooManyArguments",
        "UnclosedQuote", "TooManyFlows",   "BadNumber",     "BadPair",      "BadDuration",
        "UnknownAuth",   "UnknownKind",    "UnknownSource", "NoAddress",    "Placeholder",
        "BadOption",     "MissingOption",  "TwoBatches",    "BadPattern",   "BadAxis",
        "BadRange",      "BadList",        "BadValue",      "RepeatedAxis", "RepeatedValue",
        "TooManyAxes",
    };

    for (size_t i = 0; i < LK_COUNT(codes); i++)
        if (strcmp(codes[i], code) == 0)
            return true;
    return false;
}

enum lk_exit lk_exit_of(enum lk_status st, const char *code)
{
    switch (st) {
    case LK_OK:
        return LK_EXIT_OK;
    case LK_INVALID:
        return is_usage(code) ? LK_EXIT_USAGE : LK_EXIT_FAILED;
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
