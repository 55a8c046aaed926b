/* livy-local: Entra, OneLake and Fabric Livy on loopback, with real Spark behind them. The one
 * place in local/ that reads the environment and the command line. */
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/secret.h"
#include "base/timefmt.h"
#include "local/instance.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_USAGE = 2 };

static const char usage[] =
    "usage: livy-local [options]\n"
    "\n"
    "  --home DIR              keys, lakehouse, batches and state; $XDG_STATE_HOME/livy-local\n"
    "  --idle-timeout TIME     leave after that long without work (30m, 2h; 0: never, the "
    "default)\n"
    "  --spark-home DIR        Spark with Delta; $LIVY_LOCAL_SPARK_HOME, $SPARK_HOME, or the one\n"
    "                          that ./notebooks/demo installs\n"
    "  --java-home DIR         $JAVA_HOME, or java from PATH\n"
    "  --python FILE           Python for the payloads; $PYSPARK_PYTHON, or python3 from PATH\n"
    "  --batches N             batches that run at the same time; 2\n"
    "  --queue N               batches that may wait for that; 200\n"
    "  --keep N                ended batches that are remembered; 200\n"
    "  --retain TIME           how long Apache Livy remembers an ended batch; 10m\n"
    "  --local-dir DIR         Apache Livy's file: paths may point there; may be repeated\n"
    "  --apache-version V      0.9.0 or 0.7.1\n"
    "  --apache-csrf           Apache Livy wants X-Requested-By\n"
    "  --apache-forgets        a restart forgets Apache Livy's batches: no recovery\n"
    "  --faults FILE           faults on demand, for tests\n"
    "  --token-lifetime TIME   life of access tokens, for tests\n"
    "  --seed-only             make the demo table and leave\n"
    "  --check                 say whether batches can run here, and leave\n"
    "  --version, --help\n"
    "\n"
    "A stand-in for Microsoft Entra, OneLake and the Livy of Fabric, Synapse, HDInsight and "
    "Apache\n"
    "on 127.0.0.1, for the Livy kernel's %livy connect local. It prints the path of its state "
    "file\n"
    "when it is ready; the addresses are there.\n";

static struct lk_cancel *stop; /* a signal handler takes no arguments */

static void on_stop(int number)
{
    (void)number;
    lk_cancel_set(stop);
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value && value[0] ? value : NULL;
}

static char *folder(const char *name, const char *fallback, const char *rest)
{
    const char *value = variable(name);
    const char *home = variable("HOME");
    struct lk_buf path = LK_BUF_INIT(8192);

    if (value && value[0] == '/')
        lk_buf_printf(&path, "%s/%s", value, rest);
    else
        lk_buf_printf(&path, "%s/%s/%s", home ? home : "", fallback, rest);
    return lk_buf_take(&path);
}

static const char *find_spark(void)
{
    if (variable("LIVY_LOCAL_SPARK_HOME"))
        return variable("LIVY_LOCAL_SPARK_HOME");
    if (variable("SPARK_HOME"))
        return variable("SPARK_HOME");
    /* It need not be there yet. */
    return folder("XDG_DATA_HOME", ".local/share", "livy-kernel/spark");
}

static char *find_share(void)
{
    LK_CLEANUP(lk_free_ptr) char *own = lk_process_own_folder();

    return lk_path_join(own ? own : ".", LK_STR("../share/livy-kernel"));
}

enum { FOLDERS_MAX = 15 };

struct command {
    struct local_instance_options options;
    const char *folders[FOLDERS_MAX + 1];
    size_t folder_count;
    bool seed_only, check;
};

/* One option's place: the one that is not NULL takes the value. */
struct option {
    const char *name;
    const char **text;
    int64_t *time;
    int *count;
    bool *flag;
};

/* The state file's paths are read from other folders. */
static const char *absolute(const char *path)
{
    char here[PATH_MAX];

    if (path[0] == '/' || !getcwd(here, sizeof here))
        return path;
    return lk_path_join(here, lk_str_from(path));
}

static bool add_folder(struct command *command, const char *path)
{
    if (command->folder_count == FOLDERS_MAX)
        return false;
    command->folders[command->folder_count++] = absolute(path);
    return true;
}

static bool read_count(const char *text, int *ret)
{
    int64_t number;

    if (!lk_str_to_i64(lk_str_from(text), &number) || number < 1 || number > 100000)
        return false;
    *ret = (int)number;
    return true;
}

static bool set_option(struct command *command, const struct option *option, const char *value)
{
    if (option->time)
        return lk_duration_parse(lk_str_from(value), option->time);
    if (option->count)
        return read_count(value, option->count);
    if (!option->text)
        return add_folder(command, value);
    *option->text = value;
    return true;
}

/* false: usage. Each option may come as "--name value" or "--name=value". */
static bool read_option(struct command *command, const struct option *options, size_t count,
                        char **argv, int argc, int *at)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(options[i].name);
        const char *rest = argv[*at] + len;
        if (strncmp(argv[*at], options[i].name, len) != 0 || (*rest && *rest != '='))
            continue;
        if (options[i].flag)
            return !*rest && (*options[i].flag = true);
        if (!*rest && *at + 1 == argc)
            return false;
        return set_option(command, &options[i], *rest ? rest + 1 : argv[++*at]);
    }
    return false;
}

static bool read_command(int argc, char **argv, struct command *ret)
{
    struct local_livy_limits *limits = &ret->options.limits;
    const struct option options[] = {
        {"--home", .text = &ret->options.home},
        {"--spark-home", .text = &ret->options.spark_home},
        {"--java-home", .text = &ret->options.java_home},
        {"--python", .text = &ret->options.python},
        {"--faults", .text = &ret->options.faults_file},
        {"--idle-timeout", .time = &ret->options.idle_timeout_ms},
        {"--token-lifetime", .time = &ret->options.token_life_s},
        {"--batches", .count = &limits->at_once},
        {"--queue", .count = &limits->waiting},
        {"--keep", .count = &limits->kept},
        {"--retain", .time = &limits->retain_ms},
        {"--local-dir", .text = NULL},
        {"--apache-version", .text = &limits->apache_version},
        {"--apache-csrf", .flag = &limits->apache_csrf},
        {"--apache-forgets", .flag = &limits->apache_forgets},
        {"--seed-only", .flag = &ret->seed_only},
        {"--check", .flag = &ret->check},
    };

    for (int i = 1; i < argc; i++) {
        if (!read_option(ret, options, LK_COUNT(options), argv, argc, &i))
            return false;
    }
    limits->folders = ret->folders;
    ret->options.token_life_s /= 1000;
    return true;
}

static void watch_signals(void)
{
    struct sigaction action = {.sa_handler = on_stop};

    stop = lk_cancel_new();
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
}

static int report(const struct lk_error *err)
{
    fprintf(stderr, "livy-local: %s\n", err->message);
    if (err->next[0])
        fprintf(stderr, "Next: %s\n", err->next);
    return 1;
}

/* One line on stdout either way. */
static int check(const struct local_instance_options *options)
{
    struct lk_error err = LK_ERROR_INIT;

    if (local_instance_check(options, &err)) {
        printf("%s\n", err.message);
        return 1;
    }
    printf("Spark in %s\n", options->spark_home);
    return 0;
}

static int serve(const struct command *command)
{
    struct local_instance *instance;
    struct lk_error err = LK_ERROR_INIT;
    enum lk_status st = local_instance_start(&command->options, &instance, &err);

    if (st == LK_EXISTS) {
        printf("%s/state.json\n", command->options.home);
        fprintf(stderr, "livy-local: %s\n", err.message);
        return 0;
    }
    if (st)
        return report(&err);
    puts(local_instance_state_file(instance));
    fflush(stdout);
    local_instance_serve(instance, stop);
    local_instance_free(instance);
    return 0;
}

int main(int argc, char **argv)
{
    static struct command command; /* its texts live as long as the process */
    struct lk_error err = LK_ERROR_INIT;

    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("livy-local " LK_VERSION);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    command.options = (struct local_instance_options){.java_home = variable("JAVA_HOME"),
                                                      .python = variable("PYSPARK_PYTHON")};
    if (!read_command(argc, argv, &command)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (!command.options.spark_home)
        command.options.spark_home = find_spark();
    if (!command.options.home)
        command.options.home = folder("XDG_STATE_HOME", ".local/state", "livy-local");
    command.options.home = absolute(command.options.home);
    command.options.share_folder = find_share();
    if (command.check)
        return check(&command.options);
    lk_secret_setup();
    if (variable("LIVY_LOCAL_DEBUG"))
        lk_log_set_level(LK_LOG_DEBUG);
    watch_signals();
    if (!command.seed_only)
        return serve(&command);
    return local_instance_seed(&command.options, stop, &err) ? report(&err) : 0;
}
