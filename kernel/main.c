/* livy-kernel: reads the command line and the environment, and nothing else; the rest of the
 * program gets the world through its arguments. Follow a cell from here: session/kernel.h starts
 * the threads, session/router.c takes messages in, session/executor.c runs them through
 * magic/run.h, and a magic calls down into fabric/ and auth/. */
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "session/kernel.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value && value[0] ? value : NULL;
}

/* $NAME, else $HOME/fallback (XDG Base Directory Specification). */
static char *folder(const char *name, const char *fallback)
{
    const char *value = variable(name);
    const char *home = variable("HOME");

    if (value && value[0] == '/')
        return lk_str_dup(lk_str_from(value));
    return lk_path_join(home ? home : "/", lk_str_from(fallback));
}

static void read_ca(struct lk_context_options *options)
{
    /* The order of entra.md §6. */
    static const char *const names[] = {"CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"};

    for (size_t i = 0; i < LK_COUNT(names) && !options->ca_file; i++) {
        options->ca_file = variable(names[i]);
        options->ca_source = names[i];
    }
}

static bool no_browser(void)
{
    return !variable("DISPLAY") && !variable("WAYLAND_DISPLAY") && !variable("BROWSER");
}

static struct lk_context_options read_context_options(void)
{
    char *state = folder("XDG_STATE_HOME", ".local/state");
    char *config = folder("XDG_CONFIG_HOME", ".config");
    struct lk_context_options options = {
        .clock = lk_clock_system(),
        .state_folder = lk_path_join(state, LK_STR("livy-kernel")),
        .config_file = lk_path_join(config, LK_STR("livy-kernel/config.json")),
        .home = variable("HOME"),
        .local_program = variable("LIVY_KERNEL_LOCAL"),
        .local_home = variable("LIVY_LOCAL_HOME"),
        .tenant = variable("AZURE_TENANT_ID"),
        .client_id = variable("AZURE_CLIENT_ID"),
        .certificate_path = variable("AZURE_CLIENT_CERTIFICATE_PATH"),
        .authority_host = variable("AZURE_AUTHORITY_HOST"),
        .cloud = variable("LIVY_KERNEL_CLOUD"),
        .endpoint = variable("LIVY_KERNEL_ENDPOINT"),
        .secret_variable = variable,
        .no_browser = no_browser(),
    };

    if (!options.local_home)
        options.local_home = lk_path_join(state, LK_STR("livy-local"));
    read_ca(&options);
    free(state);
    free(config);
    return options;
}

static int run_kernel(const struct lk_context_options *context, int argc, char **argv)
{
    if (argc != 3) {
        lk_cli_usage(NULL, false);
        return LK_EXIT_USAGE;
    }
    return lk_kernel_run(&(struct lk_kernel_options){
        .connection_file = argv[2],
        .context = context,
        /* jupyter_server sets it for the kernels of its sessions, other launchers do not. */
        .behind_server = variable("JPY_SESSION_NAME") != NULL,
    });
}

/* A terminal that understands more than text. */
static bool is_terminal(void)
{
    const char *kind = variable("TERM");

    return isatty(STDERR_FILENO) && kind && strcmp(kind, "dumb") != 0;
}

static int run_command(const struct lk_context_options *context, int argc, char **argv)
{
    static struct lk_cli_options options;

    options = (struct lk_cli_options){
        .context = context,
        .home = variable("HOME"),
        .data_home = folder("XDG_DATA_HOME", ".local/share"),
        .jupyter_data = variable("JUPYTER_DATA_DIR"),
        .sys_prefix = variable("VIRTUAL_ENV") ? variable("VIRTUAL_ENV") : variable("CONDA_PREFIX"),
        .colour = is_terminal() && !variable("NO_COLOR"),
        .live = is_terminal(),
    };

    return lk_cli_command(&options, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    static struct lk_context_options context; /* its texts live as long as the process */

    /* For libcurl's host names; each further category is a file to open at start. */
    setlocale(LC_CTYPE, "C.UTF-8");
    /* A closed pipe or socket is an error to handle where it happens, not the end. */
    signal(SIGPIPE, SIG_IGN);
    lk_secret_setup();
    if (variable("LIVY_KERNEL_DEBUG"))
        lk_log_set_level(LK_LOG_DEBUG);
    context = read_context_options();

    /* Editors probe binaries with arguments of their own: anything but ours is answered at once. */
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        puts("livy-kernel " LK_VERSION);
        return LK_EXIT_OK;
    }
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        lk_cli_usage(NULL, true);
        return LK_EXIT_OK;
    }
    if (argc >= 2 && strcmp(argv[1], "-f") == 0)
        return run_kernel(&context, argc, argv);
    if (argc >= 2)
        return run_command(&context, argc, argv);
    lk_cli_usage(NULL, false);
    return LK_EXIT_USAGE;
}
