#include "fabric/livy_endpoint.h"

#include "support/assert.h"

#include <string.h>

#define WS   "11111111-1111-4111-8111-11111111111a"
#define LH   "22222222-2222-4222-8222-22222222222b"
#define HEAD "https://api.fabric.microsoft.com/v1/workspaces/"
#define BASE HEAD WS "/lakehouses/" LH "/livyApi/versions/2023-12-01"

static const struct lk_cloud *public_cloud(void)
{
    return lk_cloud_builtin(LK_STR("public"));
}

static void a_connection_string_is_taken_however_it_was_copied(void **state)
{
    static const char *const texts[] = {
        BASE,
        BASE "/",
        BASE "/batches",
        BASE "/batches/",
        BASE "/sessions",
        BASE "/Sessions/",
        BASE "/highConcurrencySessions",
        "  " BASE "/batches\n",
        "HTTPS://API.Fabric.Microsoft.com:443/V1/Workspaces/" WS "/LAKEHOUSES/" LH
        "/livyapi/Versions/2023-12-01/BATCHES",
        "https://api.fabric.microsoft.com/v1/workspaces/11111111-1111-4111-8111-11111111111A/"
        "lakehouses/" LH "/livyApi/versions/2023-12-01",
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(texts); i++) {
        struct lk_error err = LK_ERROR_INIT;
        struct lk_livy_endpoint endpoint;
        assert_lk_ok(lk_livy_endpoint_parse(lk_str_from(texts[i]), LK_STR_EMPTY, public_cloud(),
                                            &endpoint, &err),
                     &err);
        assert_string_equal(endpoint.base, BASE);
        assert_string_equal(endpoint.profile->kind, "fabric");
        assert_string_equal(endpoint.lakehouse.workspace, WS);
        assert_string_equal(endpoint.lakehouse.item, LH);
    }
}

static void other_services_are_known_by_their_host_or_kind(void **state)
{
    static const struct {
        const char *url, *kind, *profile, *base;
    } cases[] = {
        {"https://ws.dev.azuresynapse.net/livyApi/versions/2019-11-01-preview/sparkPools/p/batches",
         "", "synapse",
         "https://ws.dev.azuresynapse.net/livyApi/versions/2019-11-01-preview/sparkPools/p"},
        {"https://c.azurehdinsight.net/livy/batches", "", "hdinsight",
         "https://c.azurehdinsight.net/livy"},
        {"http://localhost:8998/batches", "apache", "apache", "http://localhost:8998"},
        {"http://[::1]:8998", "apache", "apache", "http://[::1]:8998"},
        {"https://livy.example.org/gateway/livy/", "Apache", "apache",
         "https://livy.example.org/gateway/livy"},
        {"https://knox.example.org:8443/gateway/default/livy/v1/batches", "apache", "apache",
         "https://knox.example.org:8443/gateway/default/livy/v1"},
        /* Livy's own port */
        {"http://localhost:8998", "", "apache", "http://localhost:8998"},
        {"http://livy.example.org:8998/sessions", "", "apache", "http://livy.example.org:8998"},
        {"https://livy.example.org:8998/batches/", "", "apache", "https://livy.example.org:8998"},
        /* Livy's own pages */
        {"http://localhost:8998/ui", "", "apache", "http://localhost:8998"},
        {"http://localhost:8998/ui/batch/3/log", "", "apache", "http://localhost:8998"},
        {"http://localhost:8998/ui/session/3", "", "apache", "http://localhost:8998"},
        {"http://localhost:8998/ui/livy", "", "apache", "http://localhost:8998/ui/livy"},
        {"http://localhost:8998//livy//", "", "apache", "http://localhost:8998/livy"},
        /* HDInsight */
        {"https://C.AzureHDInsight.net", "", "hdinsight", "https://c.azurehdinsight.net/livy"},
        {"https://c.azurehdinsight.net/LIVY/sessions", "", "hdinsight",
         "https://c.azurehdinsight.net/livy"},
        {"https://c.azurehdinsight.net/batches", "", "hdinsight",
         "https://c.azurehdinsight.net/livy"},
        {"https://c-int.azurehdinsight.net/livy", "HDInsight", "hdinsight",
         "https://c-int.azurehdinsight.net/livy"},
        {"https://c.azurehdinsight.cn/livy/", "", "hdinsight", "https://c.azurehdinsight.cn/livy"},
        {"https://localhost:7002/hdinsight/livy/batches", "hdinsight", "hdinsight",
         "https://localhost:7002/hdinsight/livy"},
        {"http://127.0.0.1:8998/batches", "hdinsight", "hdinsight", "http://127.0.0.1:8998"},
        /* Synapse */
        {"https://WS.dev.azuresynapse.net/LIVYAPI/Versions/2020-12-01/SPARKPOOLS/My_Pool/sessions/",
         "", "synapse",
         "https://ws.dev.azuresynapse.net/livyApi/versions/2020-12-01/sparkPools/My_Pool"},
        {"https://ws.dev.azuresynapse.usgovcloudapi.net/livyApi/versions/2019-11-01-preview/"
         "sparkPools/p",
         "", "synapse",
         "https://ws.dev.azuresynapse.usgovcloudapi.net/livyApi/versions/2019-11-01-preview/"
         "sparkPools/p"},
        {"https://localhost:7002/synapse/livyApi/versions/2019-11-01-preview/sparkPools/p/batches",
         "synapse", "synapse",
         "https://localhost:7002/synapse/livyApi/versions/2019-11-01-preview/sparkPools/p"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_error err = LK_ERROR_INIT;
        struct lk_livy_endpoint endpoint;
        assert_lk_ok(lk_livy_endpoint_parse(lk_str_from(cases[i].url), lk_str_from(cases[i].kind),
                                            public_cloud(), &endpoint, &err),
                     &err);
        assert_string_equal(endpoint.profile->kind, cases[i].profile);
        assert_string_equal(endpoint.base, cases[i].base);
        assert_string_equal(endpoint.lakehouse.item, "");
    }
}

static void the_local_clouds_address_is_fabric(void **state)
{
    struct lk_cloud local = {.name = "local", .fabric = "https://localhost:7002"};
    struct lk_error err = LK_ERROR_INIT;
    struct lk_livy_endpoint endpoint;

    (void)state;
    assert_lk_ok(
        lk_livy_endpoint_parse(LK_STR("https://localhost:7002/v1/workspaces/" WS "/lakehouses/" LH
                                      "/livyapi/versions/2023-12-01/batches"),
                               LK_STR_EMPTY, &local, &endpoint, &err),
        &err);
    assert_string_equal(endpoint.profile->kind, "fabric");
    assert_string_equal(endpoint.base, "https://localhost:7002/v1/workspaces/" WS "/lakehouses/" LH
                                       "/livyApi/versions/2023-12-01");
    assert_lk_status(
        LK_INVALID,
        lk_livy_endpoint_parse(LK_STR("https://localhost:7003/v1/workspaces/" WS "/lakehouses/" LH
                                      "/livyapi/versions/2023-12-01/batches"),
                               LK_STR("fabric"), &local, &endpoint, &err),
        &err);
    assert_string_equal(err.code, "WrongHost");
}

static void a_wrong_address_is_told_what_is_wrong_with_it(void **state)
{
    static const struct {
        const char *url, *kind, *code, *says;
    } cases[] = {
        {"", "", "BadUrl", "empty"},
        {"api.fabric.microsoft.com/v1", "", "BadUrl", "https://"},
        {"https://api.fabric.microsoft.com", "", "TruncatedAddress", "v1"},
        {"https://api.fabric.microsoft.com/v1/workspaces/", "", "TruncatedAddress", "workspace"},
        {HEAD WS, "", "TruncatedAddress", "lakehouses"},
        {HEAD WS "/lakehouses/" LH, "", "TruncatedAddress", "livyApi"},
        {HEAD WS "/lakehouses/" LH "/livyapi/versions", "", "TruncatedAddress", "version"},
        {HEAD WS "/lakehouses/22222222-2222-4222-8222", "", "NoGuid", "22222222-2222"},
        {HEAD "MyWorkspace/lakehouses/" LH "/livyapi/versions/2023-12-01", "", "NoGuid",
         "MyWorkspace"},
        {HEAD WS "/lakehouses/" LH ".Lakehouse/livyapi/versions/2023-12-01", "", "MixedNames",
         ".Lakehouse"},
        {HEAD WS "/notebooks/" LH "/livyapi/versions/2023-12-01", "", "BadAddress", "notebooks"},
        {BASE "/batches/5/log", "", "BadAddress", "batches"},
        {HEAD WS "/lakehouses/" LH "/livyapi/versions/latest!", "", "BadAddress", "latest!"},
        {BASE "/batches?x=1", "", "BadAddress", "query"},
        {"http://api.fabric.microsoft.com/v1/workspaces/" WS "/lakehouses/" LH
         "/livyapi/versions/2023-12-01",
         "", "NoHttps", "https"},
        {"https://app.fabric.microsoft.com/groups/" WS "/lakehouses/" LH "?experience=x", "",
         "PortalAddress", "portal"},
        {"https://api.fabrik.example/v1", "", "UnknownHost", "api.fabrik.example"},
        {"https://api.fabrik.example/v1", "fabric", "WrongHost", "api.fabrik.example"},
        {"https://livy.example.org", "livy", "UnknownKind", "livy"},
        {"http://c.azurehdinsight.net/livy", "", "NoHttps", "http"},
        {"ftp://livy.example.org/livy", "apache", "BadUrl", "scheme"},
        {"https://user:pw@c.azurehdinsight.net/livy", "", "BadUrl", "password"},
        {"https://livy.example.org:8999", "", "UnknownHost", "livy.example.org"},
        {"http://localhost:8998/batches/5/log", "", "BadAddress", "behind 'batches'"},
        {"http://localhost:8998/livy/../x", "", "BadAddress", "'..'"},
        {"http://localhost:8998/sessions/1", "", "BadAddress", "behind 'sessions'"},
        {"https://c.azurehdinsight.net/ambari/api", "", "BadAddress", "ambari"},
        {"https://c.azurehdinsight.net/livy/batches/3", "", "BadAddress", "batches"},
        {"https://c.azurehdinsight.net/#/main/dashboard", "", "BadAddress", "fragment"},
        {"https://c.azurehdinsight.net/livy", "apache", "WrongKind", "Azure HDInsight"},
        {"https://ws.dev.azuresynapse.net", "fabric", "WrongKind", "Azure Synapse"},
        {"https://ws.dev.azuresynapse.net", "", "TruncatedAddress", "livyApi"},
        {"https://ws.dev.azuresynapse.net/livyApi/versions/2019-11-01-preview/sparkPools", "",
         "TruncatedAddress", "Spark pool"},
        {"https://ws.dev.azuresynapse.net/x/livyApi/versions/2019-11-01-preview/sparkPools/p", "",
         "BadAddress", "'x'"},
        {"https://ws.dev.azuresynapse.net/livyApi/versions/latest/sparkPools/p", "", "BadAddress",
         "latest"},
        {"https://ws.dev.azuresynapse.net/livyApi/versions/2020-12-01/sparkPools/p%2f", "",
         "BadAddress", "p%2f"},
        {"https://ws.dev.azuresynapse.net/livyApi/versions/2020-12-01/sparkPools/p/batches/1", "",
         "BadAddress", "batches"},
        {"https://web.azuresynapse.net/en/home?workspace=x", "", "PortalAddress", "portal"},
        {"https://app.powerbi.com/groups/" WS, "", "PortalAddress", "portal"},
        {"abfss://ws@onelake.dfs.fabric.microsoft.com/lh", "", "NoHttps", "abfss"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_error err = LK_ERROR_INIT;
        struct lk_livy_endpoint endpoint = {.profile = NULL};
        assert_lk_status(LK_INVALID,
                         lk_livy_endpoint_parse(lk_str_from(cases[i].url),
                                                lk_str_from(cases[i].kind), public_cloud(),
                                                &endpoint, &err),
                         &err);
        if (strcmp(err.code, cases[i].code) != 0)
            fail_msg("'%s' is %s: %s", cases[i].url, err.code, err.message);
        assert_contains(err.message, cases[i].says);
        assert_null(endpoint.profile);
    }
}

static void plain_http_to_another_machine_wants_a_word_and_never_takes_a_credential(void **state)
{
    static const struct {
        const char *url;
        struct lk_livy_reach reach;
        enum lk_status st;
        const char *says;
    } cases[] = {
        {"http://localhost:8998", {.auth = LK_LIVY_AUTH_NONE}, LK_OK, ""},
        {"http://localhost:8998", {.auth = LK_LIVY_AUTH_BASIC, .has_secrets = true}, LK_OK, ""},
        {"https://livy.example.org:8998", {.auth = LK_LIVY_AUTH_BASIC}, LK_OK, ""},
        {"http://livy.example.org:8998", {.auth = LK_LIVY_AUTH_NONE}, LK_INVALID, "jobs and logs"},
        {"http://livy.example.org:8998",
         {.auth = LK_LIVY_AUTH_NONE, .auth_was_said = true},
         LK_OK,
         ""},
        {"http://livy.example.org:8998",
         {.auth = LK_LIVY_AUTH_NONE, .plain_is_fine = true},
         LK_OK,
         ""},
        {"http://livy.example.org:8998",
         {.auth = LK_LIVY_AUTH_NEGOTIATE, .auth_was_said = true},
         LK_INVALID,
         "sign-in"},
        {"http://livy.example.org:8998",
         {.auth = LK_LIVY_AUTH_NEGOTIATE, .plain_is_fine = true},
         LK_OK,
         ""},
        {"http://livy.example.org:8998",
         {.auth = LK_LIVY_AUTH_BASIC, .auth_was_said = true, .plain_is_fine = true},
         LK_DENIED,
         "password"},
        {"http://livy.example.org:8998",
         {.auth = LK_LIVY_AUTH_ENTRA, .auth_was_said = true, .plain_is_fine = true},
         LK_DENIED,
         "token"},
        {"http://livy.example.org:8998",
         {.auth = LK_LIVY_AUTH_NONE,
          .auth_was_said = true,
          .has_secrets = true,
          .plain_is_fine = true},
         LK_DENIED,
         "secret headers"},
        /* Not of this machine, whatever it looks like. */
        {"http://localhost.example.org:8998", {.auth = LK_LIVY_AUTH_NONE}, LK_INVALID, "http"},
        {"http://127.0.0.1.example.org:8998", {.auth = LK_LIVY_AUTH_NONE}, LK_INVALID, "http"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_error err = LK_ERROR_INIT;
        struct lk_livy_endpoint endpoint;
        assert_lk_ok(lk_livy_endpoint_parse(lk_str_from(cases[i].url), LK_STR("apache"),
                                            public_cloud(), &endpoint, &err),
                     &err);
        assert_lk_status(cases[i].st, lk_livy_check_reach(&endpoint, &cases[i].reach, &err), &err);
        assert_contains(err.message, cases[i].says);
        if (cases[i].st)
            assert_string_equal(err.code, "NoHttps");
    }
}

static void the_hub_link_names_lakehouse_and_batch(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(4096);
    struct lk_cloud local = {.name = "local"};
    struct lk_error err = LK_ERROR_INIT;
    struct lk_livy_endpoint endpoint;

    (void)state;
    assert_lk_ok(
        lk_livy_endpoint_parse(LK_STR(BASE), LK_STR_EMPTY, public_cloud(), &endpoint, &err), &err);
    lk_livy_endpoint_hub_url(&endpoint, public_cloud(), LK_STR(WS), &url);
    assert_str(lk_buf_view(&url),
               "https://app.fabric.microsoft.com/workloads/de-ds/sparkmonitor/" LH "/" WS
               "?experience=fabric-developer");
    lk_buf_clear(&url);
    lk_livy_endpoint_hub_url(&endpoint, public_cloud(), LK_STR("no guid"), &url);
    lk_livy_endpoint_hub_url(&endpoint, &local, LK_STR(WS), &url);
    assert_int_equal(url.len, 0);
}

static void every_kind_has_a_row(void **state)
{
    static const char *const kinds[] = {"fabric", "synapse", "hdinsight", "apache"};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(kinds); i++) {
        const struct lk_livy_profile *row = lk_livy_profile_find(lk_str_from(kinds[i]));
        assert_non_null(row);
        assert_string_equal(row->kind, kinds[i]);
        assert_true(row->page_max > 0 && row->not_found_max > 0 && row->title[0]);
        assert_true(row->auths & 1u << row->auth);
        assert_true(row->audience[0] && row->user);
    }
    assert_null(lk_livy_profile_find(LK_STR("")));
    assert_null(lk_livy_profile_of_host(LK_STR("example.org")));
    assert_null(lk_livy_profile_of_host(LK_STR("evilazurehdinsight.net")));
}

static void an_auth_is_known_by_its_name(void **state)
{
    static const enum lk_livy_auth all[] = {LK_LIVY_AUTH_ENTRA, LK_LIVY_AUTH_BASIC,
                                            LK_LIVY_AUTH_NONE, LK_LIVY_AUTH_NEGOTIATE};
    enum lk_livy_auth found;

    (void)state;
    for (size_t i = 0; i < LK_COUNT(all); i++) {
        assert_true(lk_livy_auth_find(lk_str_from(lk_livy_auth_name(all[i])), &found));
        assert_int_equal(found, all[i]);
    }
    assert_true(lk_livy_auth_find(LK_STR("BASIC"), &found));
    assert_false(lk_livy_auth_find(LK_STR(""), &found));
    assert_false(lk_livy_auth_find(LK_STR("digest"), &found));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_string_is_taken_however_it_was_copied),
        cmocka_unit_test(other_services_are_known_by_their_host_or_kind),
        cmocka_unit_test(the_local_clouds_address_is_fabric),
        cmocka_unit_test(a_wrong_address_is_told_what_is_wrong_with_it),
        cmocka_unit_test(plain_http_to_another_machine_wants_a_word_and_never_takes_a_credential),
        cmocka_unit_test(the_hub_link_names_lakehouse_and_batch),
        cmocka_unit_test(every_kind_has_a_row),
        cmocka_unit_test(an_auth_is_known_by_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
