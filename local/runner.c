#define _XOPEN_SOURCE 700 /* nftw() */

#include "local/runner.h"

#include "base/file.h"
#include "base/process.h"

#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_program(const char *folder, const char *name)
{
    LK_CLEANUP(lk_free_ptr) char *path = lk_path_join(folder, lk_str_from(name));
    return access(path, X_OK) == 0;
}

static bool has_jar(const char *spark_home, const char *pattern)
{
    LK_CLEANUP(lk_free_ptr) char *path = lk_path_join(spark_home, lk_str_from(pattern));
    glob_t found = {0};
    bool ret = glob(path, 0, NULL, &found) == 0;

    globfree(&found);
    return ret;
}

static bool has_java(const char *java_home)
{
    static const char *const argv[] = {"java", "-version", NULL};
    struct lk_process_spec spec = {.argv = argv};
    LK_CLEANUP(lk_buf_done) struct lk_buf out = LK_BUF_INIT(4096);
    int code = 1;

    if (java_home)
        return is_program(java_home, "bin/java");
    return lk_process_run(&spec, LK_STR_EMPTY, 20000, NULL, &out, &out, &code, NULL) == LK_OK &&
           code == 0;
}

enum lk_status local_runner_check(const struct local_runner_options *options, struct lk_error *err)
{
    const char *missing = NULL;

    if (!options->spark_home || !is_program(options->spark_home, "bin/spark-submit"))
        missing = "Spark";
    else if (!has_jar(options->spark_home, "jars/delta-spark_*.jar"))
        missing = "Delta Lake for Spark";
    else if (!has_java(options->java_home))
        missing = "Java";
    if (!missing)
        return LK_OK;
    lk_error_set(err, LK_UNSUPPORTED, "SparkNotInstalled",
                 "%s is not installed, so livy-local cannot run batches", missing);
    return lk_error_next(err, "./notebooks/install spark in the project's folder installs it.");
}

enum lk_status local_runner_make_trust_store(const struct local_runner_options *options,
                                             const char *path, struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *own = NULL;
    LK_CLEANUP(lk_buf_done) struct lk_buf out = LK_BUF_INIT(4096);
    struct lk_process_spec spec = {0};
    int code = 1;
    enum lk_status st;

    if (options->java_home)
        own = lk_path_join(options->java_home, LK_STR("bin/keytool"));
    const char *argv[] = {own ? own : "keytool",
                          "-importcert",
                          "-noprompt",
                          "-alias",
                          "livy-local",
                          "-storetype",
                          "PKCS12",
                          "-storepass",
                          "changeit",
                          "-keystore",
                          path,
                          "-file",
                          options->abfss.ca_file,
                          NULL};
    spec.argv = argv;
    unlink(path);
    st = lk_process_run(&spec, LK_STR_EMPTY, 60000, NULL, &out, &out, &code, err);
    if (st)
        return st;
    if (code != 0)
        return lk_error_set(err, LK_FAILED, "KeytoolFailed", "keytool failed: %.*s",
                            LK_STR_ARGS(lk_str_trim(lk_buf_view(&out))));
    return LK_OK;
}

/* As Spark's own, but for one logger that writes a line per value of every row at DEBUG: a
 * payload that calls setLogLevel("DEBUG") would leave gigabytes and take five times as long. */
static const char log_settings[] =
    "rootLogger.level = info\n"
    "rootLogger.appenderRef.stderr.ref = stderr\n"
    "appender.stderr.type = Console\n"
    "appender.stderr.name = stderr\n"
    "appender.stderr.target = SYSTEM_ERR\n"
    "appender.stderr.layout.type = PatternLayout\n"
    "appender.stderr.layout.pattern = %d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n%ex\n"
    "logger.parquet.name = org.apache.parquet.io\n"
    "logger.parquet.level = info\n";

static enum lk_status write_conf(const struct local_runner_plan *plan, const char *folder,
                                 struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *conf = lk_path_join(folder, LK_STR("conf"));
    LK_CLEANUP(lk_free_ptr) char *tmp = lk_path_join(folder, LK_STR("tmp"));
    LK_CLEANUP(lk_free_ptr) char *file = lk_path_join(conf, LK_STR("spark-defaults.conf"));
    LK_CLEANUP(lk_free_ptr) char *log = lk_path_join(conf, LK_STR("log4j2.properties"));
    enum lk_status st = lk_buf_check(&plan->defaults, "Spark's settings", err);

    if (!st)
        st = lk_file_make_folders(conf, 0700, err);
    if (!st)
        st = lk_file_make_folders(tmp, 0700, err);
    if (!st)
        st = lk_file_write(file, 0600, lk_buf_view(&plan->defaults), err);
    if (!st)
        st = lk_file_write(log, 0600, lk_str_from(log_settings), err);
    return st;
}

enum lk_status local_runner_start(const struct local_runner_plan *plan, const char *folder,
                                  pid_t *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *out = lk_path_join(folder, LK_STR("stdout"));
    LK_CLEANUP(lk_free_ptr) char *errout = lk_path_join(folder, LK_STR("stderr"));
    struct lk_process_spec spec = {
        .argv = (const char *const *)plan->argv,
        .env = (const char *const *)plan->env,
        .cwd = plan->cwd,
        .output_path = out,
        .error_path = plan->joined_output ? out : errout,
        .die_with_parent = true,
    };
    enum lk_status st = write_conf(plan, folder, err);

    return st ? st : lk_process_start(&spec, ret, err);
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    remove(path);
    return 0;
}

void local_remove_tree(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

void local_runner_clean(const char *folder)
{
    static const struct lk_str names[] = {LK_STR_INIT("conf"), LK_STR_INIT("tmp")};

    for (size_t i = 0; i < LK_COUNT(names); i++) {
        LK_CLEANUP(lk_free_ptr) char *path = lk_path_join(folder, names[i]);
        local_remove_tree(path);
    }
}

static void copy_text(char *to, size_t size, struct lk_str from)
{
    snprintf(to, size, "%.*s", LK_STR_ARGS(from));
}

void local_runner_read_status(struct lk_str text, struct local_runner_status *ret)
{
    struct lk_str line;

    memset(ret, 0, sizeof *ret);
    while (lk_str_next_line(&text, &line)) {
        LK_CLEANUP(lk_json_unref) json_t *json = NULL;
        struct lk_str event;

        /* The last line may be half written. */
        if (lk_json_parse(line, "status", &json, NULL) != LK_OK)
            continue;
        event = lk_json_get_str(json, "event");
        if (lk_str_eq(event, LK_STR("running")))
            ret->running = true;
        else if (lk_str_eq(event, LK_STR("application")))
            copy_text(ret->app_id, sizeof ret->app_id, lk_json_get_str(json, "id"));
        else if (lk_str_eq(event, LK_STR("error"))) {
            copy_text(ret->error_type, sizeof ret->error_type, lk_json_get_str(json, "type"));
            copy_text(ret->error_message, sizeof ret->error_message,
                      lk_json_get_str(json, "message"));
        }
    }
}
