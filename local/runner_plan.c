/* From a request to a command line. No shell anywhere: values with spaces and quotes travel as
 * they are. */
#include "local/runner.h"

#include "base/file.h"
#include "local/livy_apache_request.h"
#include "local/onelake_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Longer than any request (LOCAL_LIVY_REQUEST_MAX) with its paths made absolute. */
enum { TEXT_MAX = 8 * 1024 * 1024 };

/* A growing NULL-terminated list of malloc'd texts. */
struct words {
    char **at;
    size_t count;
};

static void add(struct words *words, char *owned)
{
    words->at = lk_realloc(words->at, (words->count + 2) * sizeof *words->at);
    words->at[words->count++] = owned;
    words->at[words->count] = NULL;
}

static void add_text(struct words *words, const char *text)
{
    add(words, lk_str_dup(lk_str_from(text)));
}

static void add_pair(struct words *words, const char *name, const char *value)
{
    struct lk_buf pair = LK_BUF_INIT(TEXT_MAX);

    lk_buf_printf(&pair, "%s=%s", name, value);
    add(words, lk_buf_take(&pair));
}

static void free_words(char **at)
{
    for (size_t i = 0; at && at[i]; i++)
        free(at[i]);
    free(at);
}

void local_runner_plan_done(struct local_runner_plan *plan)
{
    free_words(plan->argv);
    free_words(plan->env);
    free(plan->cwd);
    lk_buf_wipe(&plan->defaults);
    memset(plan, 0, sizeof *plan);
}

char *local_runner_lakehouse(const struct local_runner_options *options)
{
    struct lk_buf path = LK_BUF_INIT(TEXT_MAX);

    lk_buf_printf(&path, "%s/%s/%s", options->onelake_root, options->place.workspace_id,
                  options->place.lakehouse_id);
    return lk_buf_take(&path);
}

/* One property as java.util.Properties reads it. */
static void put_property(struct lk_buf *ret, const char *name, const char *value)
{
    lk_buf_printf(ret, "%s ", name);
    for (const char *c = value; *c; c++) {
        if (*c == '\\' || *c == ' ' || *c == '#' || *c == '!' || *c == '=' || *c == ':')
            lk_buf_put_char(ret, '\\');
        if (*c == '\n')
            lk_buf_put(ret, LK_STR("\\n"));
        else
            lk_buf_put_char(ret, *c);
    }
    lk_buf_put_char(ret, '\n');
}

/* One word of spark.driver.extraJavaOptions, which Spark splits as a shell would. */
static void put_java_option(struct lk_buf *ret, const char *name, const char *value)
{
    lk_buf_printf(ret, " \"%s", name);
    for (const char *c = value; *c; c++) {
        if (*c == '"' || *c == '\\')
            lk_buf_put_char(ret, '\\');
        lk_buf_put_char(ret, *c);
    }
    lk_buf_put_char(ret, '"');
}

static void put_java_options(const struct local_runner_options *options, const json_t *conf,
                             const char *folder, struct lk_buf *ret)
{
    struct lk_buf derby = LK_BUF_INIT(TEXT_MAX);

    lk_buf_put(ret, LK_STR("-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"));
    lk_buf_printf(&derby, "%s/tmp", folder);
    put_java_option(ret, "-Dderby.system.home=", lk_buf_cstr(&derby));
    lk_buf_done(&derby);
    if (options->trust_store) {
        put_java_option(ret, "-Djavax.net.ssl.trustStore=", options->trust_store);
        lk_buf_put(ret, LK_STR(" -Djavax.net.ssl.trustStoreType=PKCS12"
                               " -Djavax.net.ssl.trustStorePassword=changeit"));
    }
    lk_buf_put_char(ret, ' ');
    lk_buf_put(ret, lk_json_get_str(conf, "spark.driver.extraJavaOptions"));
}

/* Hadoop's ABFS driver pointed at the local OneLake. */
static void put_abfss(const struct local_livy_abfss *abfss, struct lk_buf *ret)
{
    put_property(ret, "spark.hadoop.fs.azure.abfs.endpoint", abfss->endpoint);
    put_property(ret, "spark.hadoop.fs.azure.account.auth.type", "OAuth");
    put_property(ret, "spark.hadoop.fs.azure.account.oauth.provider.type",
                 "org.apache.hadoop.fs.azurebfs.oauth2.ClientCredsTokenProvider");
    put_property(ret, "spark.hadoop.fs.azure.account.oauth2.client.endpoint", abfss->token_url);
    put_property(ret, "spark.hadoop.fs.azure.account.oauth2.client.id", abfss->client_id);
    put_property(ret, "spark.hadoop.fs.azure.account.oauth2.client.secret", abfss->client_secret);
    put_property(ret, "spark.hadoop.fs.azure.ssl.channel.mode", "Default_JSSE");
}

/* What Fabric's Spark has by itself and the local one is told. */
static void put_defaults(const struct local_runner_options *options, const char *lakehouse,
                         const char *folder, struct lk_buf *ret)
{
    struct lk_buf text = LK_BUF_INIT(TEXT_MAX);

    put_property(ret, "spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension");
    put_property(ret, "spark.sql.catalog.spark_catalog",
                 "org.apache.spark.sql.delta.catalog.DeltaCatalog");
    put_property(ret, "spark.databricks.delta.snapshotPartitions", "2");
    put_property(ret, "spark.sql.shuffle.partitions", "4");
    put_property(ret, "spark.sql.sources.default", "delta");
    put_property(ret, "spark.sql.legacy.createHiveTableByDefault", "false");
    put_property(ret, "spark.sql.session.timeZone", "UTC");
    put_property(ret, "spark.ui.enabled", "false");
    put_property(ret, "spark.ui.showConsoleProgress", "false");
    /* Delta's log without .crc files; spark_runner.py does the same for the data files. */
    put_property(ret, "spark.hadoop.fs.AbstractFileSystem.file.impl",
                 "org.apache.hadoop.fs.local.RawLocalFs");
    lk_buf_printf(&text, "%s/Tables", lakehouse);
    put_property(ret, "spark.sql.warehouse.dir", lk_buf_cstr(&text));
    /* A payload that asks for Hive must not leave its metastore in the lakehouse. */
    lk_buf_clear(&text);
    lk_buf_printf(&text, "jdbc:derby:;databaseName=%s/tmp/metastore_db;create=true", folder);
    put_property(ret, "spark.hadoop.javax.jdo.option.ConnectionURL", lk_buf_cstr(&text));
    lk_buf_done(&text);
    if (options->trust_store)
        put_abfss(&options->abfss, ret);
}

static void add_env(const struct local_runner_options *options, const char *folder,
                    struct words *env)
{
    struct lk_buf text = LK_BUF_INIT(TEXT_MAX);

    add_pair(env, "SPARK_HOME", options->spark_home);
    if (options->java_home)
        add_pair(env, "JAVA_HOME", options->java_home);
    add_pair(env, "PYSPARK_PYTHON", options->python ? options->python : "python3");
    add_pair(env, "PYSPARK_DRIVER_PYTHON", options->python ? options->python : "python3");
    add_pair(env, "PYTHONUNBUFFERED", "1");
    add_pair(env, "PYTHONDONTWRITEBYTECODE", "1");
    add_pair(env, "SPARK_LOCAL_IP", "127.0.0.1");
    lk_buf_printf(&text, "%s/conf", folder);
    add_pair(env, "SPARK_CONF_DIR", lk_buf_cstr(&text));
    lk_buf_clear(&text);
    lk_buf_printf(&text, "%s/tmp", folder);
    add_pair(env, "SPARK_LOCAL_DIRS", lk_buf_cstr(&text));
    lk_buf_clear(&text);
    lk_buf_printf(&text, "%s/status", folder);
    add_pair(env, "LIVY_LOCAL_STATUS", lk_buf_cstr(&text));
    lk_buf_done(&text);
}

/* The local file behind a path in OneLake. */
static enum lk_status map_onelake(const struct local_runner_options *options, struct lk_str uri,
                                  char **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf decoded = LK_BUF_INIT(TEXT_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf path = LK_BUF_INIT(TEXT_MAX);
    struct local_onelake_target target;
    struct stat info;
    enum lk_status st;

    st = local_onelake_resolve_uri(&options->place, uri, &decoded, &target, err);
    if (st)
        return st;
    if (target.level != LOCAL_ONELAKE_INSIDE)
        return lk_error_set(err, LK_INVALID, "InvalidInput", "'%.*s' names no file.",
                            LK_STR_ARGS(uri));
    lk_buf_printf(&path, "%s/%s/%s/%.*s", options->onelake_root, target.workspace_id,
                  target.lakehouse_id, LK_STR_ARGS(target.inside));
    if (lk_buf_check(&path, "the path", NULL) || lstat(lk_buf_cstr(&path), &info) != 0 ||
        !S_ISREG(info.st_mode))
        return lk_error_set(err, LK_NOT_FOUND, "PathNotFound",
                            "The file '%.*s' is not in the lakehouse.", LK_STR_ARGS(uri));
    *ret = lk_buf_take(&path);
    return LK_OK;
}

static enum lk_status map_file(const struct local_runner_options *options, struct lk_str uri,
                               char **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf path = LK_BUF_INIT(TEXT_MAX);

    if (!options->local_files || !local_livy_local_path(uri, &path))
        return map_onelake(options, uri, ret, err);
    *ret = lk_buf_take(&path);
    return LK_OK;
}

/* --py-files a,b,c; an archive may be followed by #alias. */
static enum lk_status add_files(const struct local_runner_options *options, const json_t *request,
                                const char *field, const char *option, struct words *argv,
                                struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf joined = LK_BUF_INIT(TEXT_MAX);
    const json_t *list = json_object_get(request, field), *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        LK_CLEANUP(lk_free_ptr) char *path = NULL;
        struct lk_str uri, alias;
        enum lk_status st;

        lk_str_split(lk_json_str(item), '#', &uri, &alias);
        st = map_file(options, uri, &path, err);
        if (st) {
            lk_error_prefix(err, "%s", field);
            return st;
        }
        if (strchr(path, ','))
            return lk_error_set(err, LK_INVALID, "InvalidInput",
                                "%s: spark-submit takes no path with a comma.", field);
        lk_buf_printf(&joined, "%s%s%s%.*s", joined.len ? "," : "", path, alias.len ? "#" : "",
                      LK_STR_ARGS(alias));
    }
    if (joined.len) {
        add_text(argv, option);
        add_text(argv, lk_buf_cstr(&joined));
    }
    return LK_OK;
}

/* Decided by the machine here, as the pool decides it in Fabric. */
static bool is_ours(const char *property)
{
    static const char *const ours[] = {
        "spark.master",         "spark.submit.deployMode", "spark.driver.extraJavaOptions",
        "spark.driver.memory",  "spark.driver.cores",      "spark.executor.memory",
        "spark.executor.cores", "spark.executor.instances"};

    for (size_t i = 0; i < LK_COUNT(ours); i++) {
        if (strcmp(property, ours[i]) == 0)
            return true;
    }
    return false;
}

static void add_conf(const struct local_runner_options *options, const json_t *conf,
                     const char *folder, struct words *argv)
{
    struct lk_buf java = LK_BUF_INIT(TEXT_MAX);
    const char *name;
    json_t *value;

    put_java_options(options, conf, folder, &java);
    add_text(argv, "--conf");
    add_pair(argv, "spark.driver.extraJavaOptions", lk_buf_cstr(&java));
    lk_buf_done(&java);
    json_object_foreach((json_t *)conf, name, value)
    {
        if (is_ours(name))
            continue;
        add_text(argv, "--conf");
        add_pair(argv, name, json_string_value(value));
    }
}

static enum lk_status add_libraries(const struct local_runner_options *options,
                                    const json_t *request, struct words *argv, struct lk_error *err)
{
    static const char *const lists[][2] = {{"pyFiles", "--py-files"},
                                           {"jars", "--jars"},
                                           {"files", "--files"},
                                           {"archives", "--archives"}};

    for (size_t i = 0; i < LK_COUNT(lists); i++) {
        enum lk_status st = add_files(options, request, lists[i][0], lists[i][1], argv, err);
        if (st)
            return st;
    }
    return LK_OK;
}

static enum lk_status add_program(const struct local_runner_options *options, const json_t *request,
                                  struct local_runner_plan *plan, struct words *argv,
                                  struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *file = NULL;
    struct lk_str class_name = lk_json_get_str(request, "className");
    const json_t *item;
    enum lk_status st;
    size_t i;

    st = map_file(options, lk_json_get_str(request, "file"), &file, err);
    if (st)
        return st;
    plan->reports = !lk_str_ends_nocase(lk_str_from(file), LK_STR(".jar"));
    if (!plan->reports && class_name.len) {
        add_text(argv, "--class");
        add(argv, lk_str_dup(class_name));
    }
    if (plan->reports)
        add_text(argv, options->runner_file);
    add_text(argv, file);
    json_array_foreach(json_object_get(request, "args"), i, item)
        add(argv, lk_str_dup(lk_json_str(item)));
    return LK_OK;
}

static void begin(const struct local_runner_options *options, const json_t *conf, const char *name,
                  const char *folder, struct local_runner_plan *plan, struct words *argv)
{
    struct words env = {0};

    lk_buf_init(&plan->defaults, TEXT_MAX);
    plan->joined_output = options->joined_output;
    plan->cwd = local_runner_lakehouse(options);
    add(argv, lk_path_join(options->spark_home, LK_STR("bin/spark-submit")));
    add_text(argv, "--master");
    add_text(argv, "local[2]");
    add_text(argv, "--name");
    add_text(argv, *name ? name : "batch");
    add_conf(options, conf, folder, argv);
    put_defaults(options, plan->cwd, folder, &plan->defaults);
    add_env(options, folder, &env);
    plan->env = env.at;
}

enum lk_status local_runner_plan(const struct local_runner_options *options, const json_t *request,
                                 const char *folder, struct local_runner_plan *ret,
                                 struct lk_error *err)
{
    const char *name = json_string_value(json_object_get(request, "name"));
    struct local_runner_plan plan = {.argv = NULL};
    struct words argv = {0};
    enum lk_status st;

    begin(options, json_object_get(request, "conf"), name ? name : "", folder, &plan, &argv);
    st = add_libraries(options, request, &argv, err);
    if (!st)
        st = add_program(options, request, &plan, &argv, err);
    plan.argv = argv.at;
    if (st) {
        local_runner_plan_done(&plan);
        return st;
    }
    *ret = plan;
    return LK_OK;
}

void local_runner_plan_script(const struct local_runner_options *options, const char *script,
                              const char *arg, const char *folder, struct local_runner_plan *ret)
{
    struct words argv = {0};

    memset(ret, 0, sizeof *ret);
    begin(options, NULL, "livy-local", folder, ret, &argv);
    add_text(&argv, script);
    add_text(&argv, arg);
    ret->argv = argv.at;
}
