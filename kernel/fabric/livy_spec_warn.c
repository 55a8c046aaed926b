/* What a service takes in a request and its author hardly meant. */
#include "base/buf.h"
#include "fabric/livy_spec.h"

enum { SHOWN_MAX = 120 };

/* Settings that are fixed once Spark runs, so that a request with one cannot use a Spark that runs
 * already (livy.md §1.3). What is below spark.sql is free, but for these. */
static const char *const fixed_prefixes[] = {
    "spark.driver.",
    "spark.executor.",
    "spark.dynamicAllocation.",
    "spark.jars",
    "spark.submit.",
    "spark.yarn.",
    "spark.memory.",
    "spark.shuffle.",
    "spark.network.",
    "spark.rpc.",
    "spark.scheduler.",
    "spark.eventLog.",
    "spark.plugins",
    "spark.kryo",
    "spark.serializer",
    "spark.task.",
    "spark.cores.",
    "spark.master",
    "spark.livy.",
    "spark.ui.",
    "spark.extra",
    "spark.pyspark.",
    "spark.python.",
    "spark.local.",
    "spark.locality.",
    "spark.broadcast.",
    "spark.io.",
    "spark.speculation",
    "spark.sql.extensions",
    "spark.sql.catalog.",
    "spark.sql.catalogImplementation",
    "spark.sql.warehouse.dir",
    "spark.sql.hive.metastore.",
};

static void warn(json_t *warnings, json_t *sentence)
{
    json_array_append_new(warnings, sentence);
}

static struct lk_str shown(const char *text)
{
    return lk_str_cut(lk_str_from(text), SHOWN_MAX);
}

/* ---- Spark that runs already --------------------------------------------------------------- */

static bool is_fixed(const char *key)
{
    for (size_t i = 0; i < LK_COUNT(fixed_prefixes); i++)
        if (lk_str_starts(lk_str_from(key), lk_str_from(fixed_prefixes[i])))
            return true;
    return false;
}

/* One sentence for all that cost it. */
static void warn_of_cold_start(const json_t *conf, json_t *warnings)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf causes = LK_BUF_INIT(1024);
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)conf, key, value)
    {
        bool is_environment = lk_str_eq(lk_str_from(key), LK_STR(LK_LIVY_ENVIRONMENT_KEY));
        if (!is_environment && !is_fixed(key))
            continue;
        lk_buf_put(&causes, causes.len ? LK_STR(", ") : LK_STR_EMPTY);
        lk_buf_put(&causes, is_environment ? LK_STR("the environment") : shown(key));
    }
    if (causes.len)
        warn(warnings, lk_json_textf("The starter pool is lost to %s: Spark starts anew for this "
                                     "batch, which takes about 3 minutes instead of 40 seconds.",
                                     lk_buf_cstr(&causes)));
}

/* ---- sizes --------------------------------------------------------------------------------- */

static bool is_node_shape(const json_t *body)
{
    static const char *const memories[] = {"driverMemory", "executorMemory"};
    static const char *const cores[] = {"driverCores", "executorCores"};

    for (size_t i = 0; i < LK_COUNT(memories); i++) {
        struct lk_str memory = lk_json_get_str(body, memories[i]);
        if (memory.len && !lk_livy_is_listed(memory, "28g|56g|112g|200g|224g|400g"))
            return false;
    }
    for (size_t i = 0; i < LK_COUNT(cores); i++) {
        const json_t *count = json_object_get(body, cores[i]);
        json_int_t n = json_integer_value(count);
        if (count && n != 4 && n != 8 && n != 16 && n != 32)
            return false;
    }
    return true;
}

static void warn_of_sizes(const json_t *body, json_t *warnings)
{
    static const char *const fields[] = {"driverMemory", "driverCores", "executorMemory",
                                         "executorCores", "numExecutors"};
    bool any = false;

    for (size_t i = 0; i < LK_COUNT(fields); i++)
        any = any || json_object_get(body, fields[i]);
    if (!any)
        return;
    if (!is_node_shape(body))
        warn(warnings, json_string("Memory and cores come in shapes there, 28g, 56g, 112g, 200g, "
                                   "224g or 400g with 4, 8, 16 or 32 cores; anything else may be "
                                   "refused."));
    warn(warnings, json_string("Batches have been seen to ignore memory, cores and the number of "
                               "executors: the pool or the environment decides, and "
                               "spark.dynamicAllocation.* how many executors."));
}

/* ---- settings, arguments, names ------------------------------------------------------------ */

static void warn_of_conf(const json_t *conf, json_t *warnings)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)conf, key, value)
    {
        struct lk_str name = lk_str_from(key);
        if (lk_str_eq(name, LK_STR("spark.fabric.environment.id")))
            warn(warnings, json_string("The setting spark.fabric.environment.id does nothing: "
                                       "--environment GUID chooses an environment."));
        else if (!lk_str_starts(name, LK_STR("spark.")))
            warn(warnings, lk_json_textf("Spark drops the setting '%.*s': only names that begin "
                                         "with 'spark.' reach a payload.",
                                         LK_STR_ARGS(shown(key))));
    }
}

/* "--year 2024" as one argument reaches the payload as one word. */
static void warn_of_args(const json_t *args, json_t *warnings)
{
    size_t i;
    json_t *arg;

    json_array_foreach((json_t *)args, i, arg)
    {
        struct lk_str text = lk_json_str(arg), key, value;
        if (!lk_str_starts(text, LK_STR("-")) || !lk_str_split(text, ' ', &key, &value) ||
            lk_str_find_char(key, '=') < key.len)
            continue;
        key = lk_str_cut(key, 40);
        value = lk_str_cut(lk_str_trim(value), 40);
        warn(warnings, lk_json_textf("The argument '%.*s %.*s' is one word to the payload. Key and "
                                     "value are two: --arg=%.*s --arg=%.*s",
                                     LK_STR_ARGS(key), LK_STR_ARGS(value), LK_STR_ARGS(key),
                                     LK_STR_ARGS(value)));
    }
}

static void warn_of_file(const struct lk_livy_profile *profile, struct lk_str file,
                         json_t *warnings)
{
    if (profile->paths_without_scheme && lk_str_starts(file, LK_STR("/")))
        warn(warnings, lk_json_textf("'%.*s' names no file system: the service looks for it on its "
                                     "default one, hdfs:// as a rule. file:// is its own disk.",
                                     LK_STR_ARGS(lk_str_cut(file, SHOWN_MAX))));
}

static void warn_of_name(struct lk_str name, json_t *warnings)
{
    int64_t number;

    if (lk_str_to_i64(name, &number))
        warn(warnings, json_string("A name of digits alone is taken for an id: find the batch by "
                                   "its id."));
}

void lk_livy_spec_warn(const struct lk_livy_profile *profile, struct lk_livy_spec *spec)
{
    json_t *warnings = json_array();
    const json_t *conf = json_object_get(spec->body, "conf");

    if (profile->warm_pool)
        warn_of_cold_start(conf, warnings);
    if (profile->fixed_sizes)
        warn_of_sizes(spec->body, warnings);
    warn_of_conf(conf, warnings);
    warn_of_args(json_object_get(spec->body, "args"), warnings);
    warn_of_file(profile, lk_json_get_str(spec->body, "file"), warnings);
    warn_of_name(lk_json_get_str(spec->body, "name"), warnings);
    lk_json_unref(&spec->warnings);
    if (json_array_size(warnings))
        spec->warnings = json_incref(warnings);
    json_decref(warnings);
}
