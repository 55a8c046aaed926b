#include "fabric/livy_profile.h"

#include "net/url.h"

static const struct lk_livy_profile profiles[] = {
    {
        .kind = "fabric",
        .title = "Microsoft Fabric",
        .fields = LK_LIVY_FIELD_TAGS | LK_LIVY_FIELD_ENVIRONMENT,
        .guid_ids = true,
        .marker = LK_LIVY_MARKER_TAG,
        .new_place_404 = true,
        .fixed_sizes = true,
        .warm_pool = true,
        .schemes_refused = "file|local|hdfs",
        .conf_refused = "",
        .file_places = "abfss://WORKSPACE@onelake.dfs.fabric.microsoft.com/LAKEHOUSE/Files/x.py, "
                       "which %%payload and %lakehouse put return",
        .paging = LK_LIVY_PAGING_TOP_SKIP,
        .page_max = 100,
        .log = LK_LIVY_LOG_MONITORING,
        .auth = LK_LIVY_AUTH_ENTRA,
        .auths = 1u << LK_LIVY_AUTH_ENTRA | 1u << LK_LIVY_AUTH_NONE,
        .audience = "fabric",
        .user = "",
        .needs = "Running in a lakehouse needs the role Contributor in its workspace, the scope "
                 "Lakehouse.Execute.All, and the tenant's switch for the Livy API (for service "
                 "principals, too). `%entra token --for fabric` shows what the token holds.",
        .query_suffix = "",
        .has_hub = true,
        .not_found_max = 20,
        .delete_max_ms = 60000,
        /* Its limits are per user and API and are not told (livy.md §1.6): fifty a minute is what
         * the stricter ones of its documented APIs allow. */
        .request_gap_ms = 1200,
        .request_burst = 10,
    },
    {
        .kind = "synapse",
        .title = "Azure Synapse",
        .fields = LK_LIVY_FIELD_TAGS,
        .name_is_required = true,
        .marker = LK_LIVY_MARKER_TAG,
        .schemes_refused = "file|local|hdfs",
        .conf_refused = "",
        .file_places = "abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/x.py, or wasbs://",
        .paging = LK_LIVY_PAGING_FROM_SIZE,
        .page_max = 20,
        .log = LK_LIVY_LOG_INLINE,
        .auth = LK_LIVY_AUTH_ENTRA,
        .auths = 1u << LK_LIVY_AUTH_ENTRA | 1u << LK_LIVY_AUTH_NONE,
        .audience = "synapse",
        .user = "",
        .needs =
            "Running batches needs the Synapse role Compute Operator or Apache Spark Administrator "
            "in the workspace. `%entra token --for synapse` shows who asks.",
        .query_suffix = "detailed=true",
        .not_found_max = 5,
        .list_is_whole = true,
        .delete_max_ms = 60000,
        /* Far below the 200 a second for each pool of its documented limits. */
        .request_gap_ms = 200,
        .request_burst = 20,
    },
    {
        .kind = "hdinsight",
        .title = "Azure HDInsight",
        .fields = LK_LIVY_FIELD_QUEUE | LK_LIVY_FIELD_PROXY_USER,
        .name_is_unique = true,
        .marker = LK_LIVY_MARKER_NAME,
        .keeps_phantoms = true,
        .schemes_refused = "file",
        .conf_refused = "spark.submit.deployMode",
        .paths_without_scheme = true,
        .file_places = "abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/x.py, wasbs:///x.py, or "
                       "local:/x.py on every node",
        .paging = LK_LIVY_PAGING_FROM_SIZE,
        .page_max = 100,
        .log = LK_LIVY_LOG_RING,
        .auth = LK_LIVY_AUTH_BASIC,
        .auths = 1u << LK_LIVY_AUTH_BASIC | 1u << LK_LIVY_AUTH_NONE | 1u << LK_LIVY_AUTH_NEGOTIATE,
        .audience = "fabric",
        .user = "admin",
        .takes_do_as = true,
        .needs = "The cluster does not let this user do it.",
        .query_suffix = "",
        .not_found_max = 1,
        .list_is_whole = true,
        .ids_start_again = true,
        .delete_drops_record = true,
        .delete_max_ms = 180000,
        .request_gap_ms = 200,
        .request_burst = 20,
    },
    {
        .kind = "apache",
        .title = "Apache Livy",
        .fields = LK_LIVY_FIELD_QUEUE | LK_LIVY_FIELD_PROXY_USER,
        .name_is_unique = true,
        .marker = LK_LIVY_MARKER_NAME,
        .keeps_phantoms = true,
        .schemes_refused = "",
        .conf_refused = "spark.submit.deployMode",
        .paths_without_scheme = true,
        .file_places = "file:///x.py (in a folder of livy.file.local-dir-whitelist), hdfs:///x.py, "
                       "local:/x.py, abfss://, wasbs://, s3a://",
        .paging = LK_LIVY_PAGING_FROM_SIZE,
        .page_max = 100,
        .log = LK_LIVY_LOG_RING,
        .auth = LK_LIVY_AUTH_NONE,
        .auths = 1u << LK_LIVY_AUTH_NONE | 1u << LK_LIVY_AUTH_BASIC | 1u << LK_LIVY_AUTH_NEGOTIATE |
                 1u << LK_LIVY_AUTH_ENTRA,
        .audience = "fabric",
        .user = "",
        .takes_do_as = true,
        .needs = "The service does not let this user do it.",
        .query_suffix = "",
        .not_found_max = 1,
        .list_is_whole = true,
        .ids_start_again = true,
        .delete_drops_record = true,
        .delete_max_ms = 180000,
        .request_gap_ms = 200,
        .request_burst = 20,
    },
};

static const struct {
    struct lk_str domain;
    const char *kind;
} domains[] = {
    {LK_STR_INIT("fabric.microsoft.com"), "fabric"},
    {LK_STR_INIT("fabric.microsoft.us"), "fabric"},
    {LK_STR_INIT("fabric.microsoft.cn"), "fabric"},
    {LK_STR_INIT("dev.azuresynapse.net"), "synapse"},
    {LK_STR_INIT("dev.azuresynapse.usgovcloudapi.net"), "synapse"},
    {LK_STR_INIT("dev.azuresynapse.azure.cn"), "synapse"},
    {LK_STR_INIT("azurehdinsight.net"), "hdinsight"},
    {LK_STR_INIT("azurehdinsight.us"), "hdinsight"},
    {LK_STR_INIT("azurehdinsight.cn"), "hdinsight"},
};

static const char *const auth_names[] = {
    [LK_LIVY_AUTH_ENTRA] = "entra",
    [LK_LIVY_AUTH_BASIC] = "basic",
    [LK_LIVY_AUTH_NONE] = "none",
    [LK_LIVY_AUTH_NEGOTIATE] = "negotiate",
};

const char *lk_livy_auth_name(enum lk_livy_auth auth)
{
    return auth_names[auth];
}

bool lk_livy_auth_find(struct lk_str name, enum lk_livy_auth *ret)
{
    for (size_t i = 0; i < LK_COUNT(auth_names); i++) {
        if (lk_str_eq_nocase(name, lk_str_from(auth_names[i]))) {
            *ret = (enum lk_livy_auth)i;
            return true;
        }
    }
    return false;
}

const struct lk_livy_profile *lk_livy_profile_find(struct lk_str kind)
{
    for (size_t i = 0; i < LK_COUNT(profiles); i++) {
        if (lk_str_eq_nocase(kind, lk_str_from(profiles[i].kind)))
            return &profiles[i];
    }
    return NULL;
}

const struct lk_livy_profile *lk_livy_profile_of_host(struct lk_str host)
{
    for (size_t i = 0; i < LK_COUNT(domains); i++) {
        if (lk_host_is_within(host, domains[i].domain))
            return lk_livy_profile_find(lk_str_from(domains[i].kind));
    }
    return NULL;
}
